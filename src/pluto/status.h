/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_STATUS_H
#define PLUTO_STATUS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct daemon;
struct json_out;

/*
 * The facts of Status and TrafficStatus, in pieces: each piece is a bounded
 * amount of work, and between two of them anything may change. Order: the
 * daemon, IKE SAs and children by number, connections by name; so that whoever
 * prints connections knows their SAs already.
 */
struct status_walk;

enum status_what {
	STATUS_ALL,
	STATUS_DAEMON,
	STATUS_GLOBAL,      /* and its totals */
	STATUS_STATES,      /* IKE SAs and children */
	STATUS_CONNECTIONS, /* and the SAs that they have */
	STATUS_TRAFFIC,     /* children alone */
};

/* What is asked for. */
struct status_ask {
	enum status_what what;
	const char *name; /* a name, alias or pattern; NULL: everything */
	bool short_facts; /* of connections what one line tells */
};

/* The part of Status that is called so ("daemon", "global", ...). False: none is. */
bool status_part(const char *word, enum status_what *ret);

/*
 * Begin; *ask is copied. CYG_NOTFOUND when its name means nothing, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err status_begin(struct daemon *d, const struct status_ask *ask,
				     struct status_walk **ret);

/* Write the parameters of the next reply. True when it is the last one. */
bool status_next(struct status_walk *w, struct json_out *o);

/* Free it, finished or not. NULL is fine. */
void status_end(struct status_walk *w);

/* What Accounting answers. */
json_t *status_account(const struct daemon *d);

#endif
