/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_KEYPOOL_H
#define PLUTO_KEYPOOL_H

#include "base/list.h"
#include "base/view.h"

#include <stdint.h>

struct alg;
struct job;
struct ke;
struct workers;

/*
 * Ephemeral key pairs made ahead of time by idle workers, for the methods that
 * were asked for lately. A pair is handed out once and never comes back.
 */
#define KEYPOOL_METHODS 6
#define KEYPOOL_DEPTH_MIN 4
#define KEYPOOL_DEPTH_MAX 64

struct keypool_row {
	const struct alg *method; /* NULL: unused */
	struct list ready;        /* jobs of kind JOB_PAIR that are done */
	unsigned len, ordered;    /* ready ones, and those being made */
	unsigned depth;           /* how many to keep; grows when it runs dry */
	uint64_t used_at;         /* age, to find the row to give up */
};

struct keypool {
	struct workers *workers; /* borrowed */
	uint64_t clock;
	struct keypool_row rows[KEYPOOL_METHODS];
};

/* Empty; `workers` makes the pairs. keypool_done frees those not handed out. */
void keypool_init(struct keypool *k, struct workers *workers);
void keypool_done(struct keypool *k);

/*
 * A pair of `method`, moved to the caller. False when none is ready: from now
 * on some will be made. Methods whose pairs can't be made ahead are never ready.
 */
bool keypool_take(struct keypool *k, const struct alg *method, struct ke **ret_key,
		  struct bytes *ret_public);

/* A JOB_PAIR came back from the workers; takes it over. */
void keypool_put(struct keypool *k, struct job *j);

#endif
