/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_LISTING_TEXT_H
#define WHACK_LISTING_TEXT_H

#include "conn/listing.h"

#include <jansson.h>
#include <stdio.h>

/*
 * The records of List as text: a title for each kind, then for each record one line
 * of what it is and one for each of the other members it has. Every line begins
 * with 000. {.out = FILE, .last = LISTINGS} is the start.
 */
struct listing_text {
	FILE *out;
	bool utc;               /* moments in UTC, not in local time */
	int64_t now;            /* for verdicts; seconds since 1970 */
	enum listing_kind last; /* whose title stands above */
	bool requests;          /* that of its requests does */
};

/* The parameters of one reply. */
void listing_text_take(struct listing_text *t, const json_t *parameters);

#endif
