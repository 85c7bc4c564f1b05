/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_REST_H
#define PLANE_XFRM_REST_H

#include "base/err.h"

#include <stdbool.h>

/*
 * A second's rest between two things, so that one who does them whenever another undoes
 * them does no more than that.
 */
struct rest {
	int timer; /* to be polled: it is readable when a rest ends; -1: none */
	bool goes_on;
};

/* CYG_IO. */
MUST_CHECK enum cyg_err rest_open(struct rest *r);
/* One that never was opened has -1 as its timer. */
void rest_close(struct rest *r);
void rest_begin(struct rest *r);
/* Whether it goes on still. */
bool rest_goes_on(struct rest *r);

#endif
