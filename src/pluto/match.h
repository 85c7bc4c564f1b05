/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_MATCH_H
#define PLUTO_MATCH_H

#include <stdbool.h>
#include <stddef.h>

struct loaded;
struct policy;

/*
 * What a name on the control protocol means: the connection of that name or the
 * instance "NAME[3]"; else all connections that have it as alias; else, when it is
 * a shell pattern (* ? [abc]), all whose name it fits.
 */

/* It has a wildcard; "NAME[3]" has none. */
bool match_is_pattern(const char *name);

/*
 * Loaded connections in the order of their names, found out at once and told one by
 * one: between two of them any may go, and is then left out.
 */
struct match_list;

/*
 * All that `name` means; NULL: all there are. Empty when it means nothing. NULL when
 * memory is short.
 */
struct match_list *match_begin(const struct policy *p, const char *name);
/* How many were found, with instances and without. */
size_t match_count(const struct match_list *m);
size_t match_connections(const struct match_list *m);
/* Whether a connection, of which instances are told too, is among them. */
bool match_has(const struct match_list *m, const struct loaded *l);
/* The next one that is still there; NULL at the end. */
struct loaded *match_next(struct match_list *m);
/* NULL is fine. */
void match_free(struct match_list *m);

#endif
