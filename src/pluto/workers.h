/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_WORKERS_H
#define PLUTO_WORKERS_H

#include "base/duration.h"
#include "base/list.h"
#include "base/view.h"

#include <uv.h>

struct alg;
struct crypto;
struct ke;
struct trust_job;

/*
 * Threads of our own for key exchange and signatures, which are slow; libuv's pool is left to
 * name look-ups. Finished jobs come back on the loop's thread, many at a time. Signatures that are made
 * elsewhere (by tokens) may take seconds: one more thread, made for the first one, waits for them.
 */
enum job_kind {
	JOB_PAIR,         /* make a pair ahead of time: done only when nothing else waits */
	JOB_START,        /* ke_start */
	JOB_RESPOND,      /* ke_respond */
	JOB_RESPOND_WITH, /* ke_respond_with `key`, whose public value is `public` already */
	JOB_FINISH,       /* ke_finish */
	JOB_TRUST,        /* trust_job_work */
};

/* One exchange, or one request of trust. Owns what it holds: job_free. */
struct job {
	struct list link;
	uint8_t kind; /* enum job_kind */
	uint32_t op;  /* the caller's */
	const struct alg *method;
	struct ke *key;
	struct bytes peer_public;
	struct trust_job *trust; /* TRUST; with its answer in the end */
	/* results */
	enum cyg_err err;
	struct bytes public, secret;
	nsec cpu; /* processor time it took */
};

/* A job of `kind`, with a copy of the peer's value; `method` NULL: of trust. NULL when memory is short. */
struct job *job_new(enum job_kind kind, const struct alg *method, struct view peer_public);
void job_free(struct job *j);

struct workers;

/*
 * `count` threads (0: as many as cores). `done` gets each finished job, which
 * is then the callee's. `crypto` is borrowed. NULL when threads can't be made.
 */
struct workers *workers_new(uv_loop_t *loop, unsigned count, struct crypto *crypto,
			    void (*done)(void *ctx, struct job *j), void *ctx);

/* Takes the job over. */
void workers_submit(struct workers *w, struct job *j);

/* How many threads there are. */
unsigned workers_count(const struct workers *w);

/*
 * End the threads after the job each is at; what waits is freed, unanswered.
 * The loop must run once more for its handle to close, before workers_free.
 */
void workers_stop(struct workers *w);
void workers_free(struct workers *w);

#endif
