/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_STATUS_H
#define PLUTO_STATUS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct daemon;

/*
 * The facts of Status and TrafficStatus, in pieces: each piece is a bounded
 * amount of work, and between two of them anything may change. Order: the
 * daemon, IKE SAs and children by number, connections by name; so that whoever
 * prints connections knows their SAs already.
 */
struct status_walk;

enum status_what { STATUS_ALL, STATUS_BRIEF, STATUS_TRAFFIC };

/*
 * Begin. `name` (copied; may be NULL) restricts it to what that name or alias
 * means. CYG_NOTFOUND when it means nothing, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err status_begin(struct daemon *d, enum status_what what, const char *name,
				     struct status_walk **ret);

/*
 * The parameters of the next reply, new reference; *ret_last: none follow. NULL when memory is
 * short.
 */
json_t *status_next(struct status_walk *w, bool *ret_last);

/* Free it, finished or not. NULL is fine. */
void status_end(struct status_walk *w);

/* What Accounting answers. */
json_t *status_account(const struct daemon *d);

#endif
