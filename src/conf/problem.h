/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_PROBLEM_H
#define CONF_PROBLEM_H

#include "base/diag.h"
#include "base/text.h"

#include <stddef.h>

/*
 * What reading a file found wrong. Reading goes on after most faults, so that
 * one run tells all of them; a fault is charged to the section it stands in.
 */
enum problem_level {
	PROBLEM_NOTE,    /* taken, but has no effect here */
	PROBLEM_WARNING, /* taken, and probably not what was meant */
	PROBLEM_ERROR,   /* the section (or the file) can't be used */
};

struct problem {
	uint8_t level; /* enum problem_level */
	uint32_t
		section; /* whose fault it is: index + 1 of a conf_file's section; 0: nobody's */
	struct diag diag;
	char *line;     /* what stands at diag's place, ready to be shown; NULL: nothing does */
	uint32_t caret; /* the column within `line`, from 0, counted in characters */
};

struct problems {
	struct problem *items;
	size_t len, cap;
	size_t errors;  /* of level PROBLEM_ERROR, kept or not */
	size_t dropped; /* beyond PROBLEMS_MAX */
};

#define PROBLEMS_MAX 1000
#define PROBLEM_LINE_MAX 160 /* characters of a source line that are shown */

/* Add a copy. Short memory or too many: counted as dropped. `p` may be NULL. */
void problems_add(struct problems *p, enum problem_level level, const struct diag *d);

/*
 * The same, about column `column` (from 1, in octets) of a source line. Of a
 * long line the part round the column is kept; tabs become blanks, and what is
 * not printable is escaped.
 */
void problems_add_line(struct problems *p, enum problem_level level, const struct diag *d,
		       struct view line, uint32_t column);

/* Add the source line and, below it, a caret at its column, each indented and ended; or nothing. */
void problem_show(const struct problem *p, struct text *out);

/* Charge what was added from the `first`-th on to a section. `p` may be NULL. */
void problems_charge(struct problems *p, size_t first, size_t section);

/* The same of notes and warnings alone: errors concern whoever reads the file. */
void problems_charge_advice(struct problems *p, size_t first, size_t section);

/* Forget what is charged to a section i with !counts[i]. */
void problems_select(struct problems *p, const bool *counts);

/* Add all of *from, which is empty then. `to` may be NULL: nobody wants them. */
void problems_move(struct problems *from, struct problems *to);

/* Free what is held; *p is empty again. NULL is fine. */
void problems_done(struct problems *p);

/* How people are told of a file that may be half written. */
#define HALF_WRITTEN "the last line does not end, so the file may be half written"
#define HALF_WRITTEN_CURE "if it is whole, end it with a newline"

#endif
