/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_AGAIN_H
#define IPSEC_AGAIN_H

#include "ipsec/paths.h"

#include <uthash.h>

/*
 * The connections that an earlier pluto had routed or up when it was stopped for a restart, or
 * killed: RUNDIR/pluto.routed, one name a line, which pluto keeps (pluto/standing.h).
 */
struct again {
	UT_hash_handle hh;
	bool found; /* the configuration has it; the loader's to set */
	char name[];
};

/* A uthash of them by name, for again_free; NULL when there is none, or no memory. */
struct again *again_read(const struct paths *p);
/* NULL when it is none of them. */
struct again *again_find(struct again *all, const char *name);
/* NULL is fine. */
void again_free(struct again *all);

#endif
