/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_GROUP_NAMES_H
#define CONN_GROUP_NAMES_H

#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>

struct diag;

/*
 * Names of groups that somebody belongs to, as leftgroups= of a connection and groups= of a ca section
 * have them: with commas or blanks between. Letter case counts.
 */
#define GROUP_NAME_MAX 253 /* octets: what a RADIUS server can say, which is more than others */
#define GROUP_NAMES_MAX 256 /* in one text */

/* The next name, borrowed, with *at moved behind it. False: there is none. */
bool group_names_next(const char **at, struct view *ret);
/* Is it one of them? */
bool group_names_have(const char *names, struct view name);
/* The first one of `names` that is also one of `others`; empty: there is none. */
struct view group_names_common(const char *names, const char *others);

/*
 * Whether it is at least one name, none of them too long or with an octet that can't be printed, and not
 * too many: CYG_MALFORMED, CYG_LIMIT, and *why.
 */
MUST_CHECK enum cyg_err group_names_check(const char *names, struct diag *why);

/* The names one by one, NULL behind the last, in one block that free() frees; NULL: memory is short. */
const char *const *group_names_split(const char *names);

#endif
