/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_DIALECT_H
#define CONF_DIALECT_H

#include "conn/dialect.h"

/*
 * Where one text means different things to Openswan, Libreswan and strongSwan,
 * this is the one place that says which meaning counts: a row for each
 * dialect=, of which DIALECT_ANY has Openswan 3's grammar and Libreswan 5's
 * numbers. Points that are no choice (what begins a comment, where includes
 * are looked up) are in README.md. How proposals are read belongs to
 * conn/proposal.h, which is handed the dialect.
 */

/* One keyword twice in one section, with different values. */
enum dialect_twice {
	TWICE_REFUSED, /* which one is meant? */
	TWICE_FIRST,   /* the first one counts, with a warning */
	TWICE_LAST,    /* the last one counts, with a warning */
};

/* A value that a connection has when nothing says another one. */
struct dialect_default {
	const char *keyword; /* with left or right on it */
	const char *value;
};

struct dialect_rules {
	uint8_t twice;        /* enum dialect_twice */
	bool merges_sections; /* sections of one name are one; else the first one counts */
	const struct dialect_default *defaults; /* the end has a NULL keyword */
};

/* The rules of a dialect; never NULL. */
const struct dialect_rules *dialect_rules(uint8_t dialect);

#endif
