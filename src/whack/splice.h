/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_SPLICE_H
#define WHACK_SPLICE_H

#include "base/err.h"
#include "base/view.h"

#include <stdio.h>

/*
 * The replies to one call as one JSON object, written while they come, so that a
 * listing of any length needs no memory: lists of one name, which stand in replies
 * one behind the other, become one list with a line for each element; other members
 * are set. Octets are passed on as pluto wrote them. {.out = FILE} is the start.
 */
struct splice {
	FILE *out;
	char list[64]; /* the list that is open; "" none */
	bool begun;    /* something was written */
	bool filled;   /* the open list has an element */
};

/* What a reply holds, as far as its outermost members tell. */
struct splice_reply {
	struct view parameters; /* "{...}"; empty when there are none */
	bool continues;
	bool remark; /* it has an error, reports or a code: worth parsing */
};

/* Look at one message of pluto's. CYG_MALFORMED when it is no JSON object. */
MUST_CHECK enum cyg_err splice_look(struct view message, struct splice_reply *ret);

/* Write a reply's parameters. CYG_MALFORMED. */
MUST_CHECK enum cyg_err splice_take(struct splice *s, struct view parameters);
/* Close what is open: the object is whole. */
void splice_end(struct splice *s);

#endif
