/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_FINDINGS_H
#define IPSEC_FINDINGS_H

#include "conf/problem.h"

#include <jansson.h>
#include <stdio.h>

/*
 * What a check of the configuration found, each thing once: a fault of a
 * section that many connections take in is one finding that counts them.
 */
struct finding;

struct findings {
	struct finding **items, *by_key;
	size_t len, cap;
	size_t count[3]; /* by enum problem_level */
	size_t lost;     /* for want of memory, or dropped by who found them */
};

/* Whose line a finding stands in. */
enum finding_source {
	FOUND_CONF,    /* the line may be shown */
	FOUND_SECRETS, /* it may not: a secret stands in it */
};

/* Add one whose line is not shown; counted as lost when memory is short. */
void findings_add(struct findings *f, enum problem_level level, const struct diag *d);
/* All of *p, which is empty afterwards. */
void findings_take(struct findings *f, enum finding_source source, struct problems *p);
void findings_done(struct findings *f);

/* Order by file, line and column; what stands nowhere comes last. */
void findings_sort(struct findings *f);

/*
 * As a compiler writes them: "FILE:LINE:COL: error: sentence", the line with a mark under the
 * column, what was wanted, what came, what to change. Notes with `notes` only.
 */
void findings_print(const struct findings *f, bool notes, FILE *out);

/*
 * "FILE:LINE:COL: error: CODE" for each, and nothing of what stands there: for
 * other people's eyes.
 */
void findings_print_places(const struct findings *f, FILE *out);

/* A list of objects, ipsec_checkconf(8); new reference, NULL when memory is short. */
json_t *findings_json(const struct findings *f);

#endif
