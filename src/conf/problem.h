/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_PROBLEM_H
#define CONF_PROBLEM_H

#include "base/diag.h"
#include "base/err.h"

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
	struct diag diag;
};

struct problems {
	struct problem *items;
	size_t len, cap;
	size_t errors;  /* of level PROBLEM_ERROR, kept or not */
	size_t dropped; /* beyond PROBLEMS_MAX */
};

#define PROBLEMS_MAX 1000

/* Add a copy. Short memory or too many: counted as dropped. `p` may be NULL. */
void problems_add(struct problems *p, enum problem_level level, const struct diag *d);
void problems_done(struct problems *p);

#endif
