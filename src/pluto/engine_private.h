/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_ENGINE_PRIVATE_H
#define PLUTO_ENGINE_PRIVATE_H

#include "pluto/engine.h"

/* What the parts of the engine share; nobody else includes it. */

/* An event that waits, with copies of what it borrowed. */
struct queued {
	struct list link;
	struct event ev;
	struct diag *why;
	struct trust_job *trust;
	struct ip_addr *addrs;
	struct group_lines lines;
};

/*
 * Put an event behind the present step; NULL when memory is short, which is told. What its answer
 * points at is the caller's to copy, but for `why`.
 */
struct queued *engine_enqueue(struct engine *e, const struct event *ev);

/* The operation failed: an answer behind the present step. `why` (NULL: none) is copied. */
void engine_answer_error(struct engine *e, uint32_t op, enum cyg_err err,
			 const struct diag *why);

/* engine_trust.c: ACT_AUTH_MAKE, ACT_AUTH_CHECK, ACT_PPK and ACT_EAP. */
void engine_perform_auth(struct engine *e, const struct action *a);
/* Have a worker do what is slow of a job, which is taken over; false: memory is short, it is not. */
MUST_CHECK bool engine_submit_trust(struct engine *e, struct trust_job *t);
/* A worker is done with a job (JOB_TRUST), which is taken over. */
void engine_trust_done(struct engine *e, struct job *j);
void engine_start_radius(struct engine *e);

/* engine_dns.c: ACT_GATEWAY, ACT_KEY_AHEAD. */
void engine_perform_gateway(struct engine *e, const struct action *a);
void engine_perform_key_ahead(struct engine *e, const struct action *a);
/* Whether a job wants the DNS asked before it can go on. */
bool engine_wants_dns(const struct trust_job *t);
/* Ask for it: the job is taken over. False: memory is short, it is not. */
MUST_CHECK bool engine_ask_dns(struct engine *e, struct trust_job *t);
/* Keep an eye on the names that have the key of a peer that was let in. */
void engine_watch_dns(struct engine *e, const struct trust_job *t);
/* CYG_CRYPTO: no randomness; CYG_NOMEM. */
MUST_CHECK enum cyg_err engine_start_dns(struct engine *e, struct crypto *crypto);

#endif
