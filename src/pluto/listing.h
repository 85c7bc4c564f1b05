/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_LISTING_H
#define PLUTO_LISTING_H

#include "base/err.h"

#include <stdbool.h>

struct daemon;
struct json_out;

/*
 * The records of List, in pieces: each piece is a bounded amount of work, and
 * between two of them anything may change.
 */
struct listing_walk;

/*
 * Begin with what `what` says: a kind of conn/listing.h, or "all". `problems`: only
 * records with a moment that is near or over. CYG_NOTFOUND when there is no such
 * kind, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err listing_begin(struct daemon *d, const char *what, bool problems,
				      struct listing_walk **ret);

/* Whether that tells of tokens, which are to be looked at first (cards_look). */
bool listing_has_cards(const char *what);

/* Write the parameters of the next reply. True when it is the last one. */
bool listing_next(struct listing_walk *w, struct json_out *o);

/* Free it, finished or not. NULL is fine. */
void listing_end(struct listing_walk *w);

#endif
