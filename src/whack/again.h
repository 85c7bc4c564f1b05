/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_AGAIN_H
#define WHACK_AGAIN_H

#include <stdbool.h>
#include <uthash.h>

#define AGAIN_FILE "pluto.routed"

/*
 * The connections that an earlier pluto had routed or up when it was stopped for a restart, or
 * killed: AGAIN_FILE of its run folder, one name a line, which pluto keeps (pluto/standing.h).
 * The next one goes on keeping them, and "ipsec setup" has it route them.
 */
struct again {
	UT_hash_handle hh;
	bool found; /* the configuration has it; the loader's to set */
	char name[];
};

/*
 * A uthash of them by name, for again_free, of the run folder that is open as `folder`. What
 * memory is short for is left out, and so is what follows an empty line or a line that does not
 * end; a link is not followed. NULL when there is none.
 */
struct again *again_read(int folder);
/* NULL when it is none of them. */
struct again *again_find(struct again *all, const char *name);
/* Take one out, and free it. */
void again_drop(struct again **all, struct again *one);
/* NULL is fine. */
void again_free(struct again *all);

#endif
