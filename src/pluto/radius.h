/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_RADIUS_H
#define PLUTO_RADIUS_H

#include "base/addr.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/list.h"

#include <uv.h>

struct trust;
struct trust_job;

/*
 * Moves what trust says to RADIUS servers, and what they answer. Each question has a socket of
 * its own, so that nobody can guess where its answer is expected; it is sent again, and then
 * to the next server, but not once a server has a conversation under way. A server that did not
 * answer comes last for a while. Nothing here waits.
 */
#define RADIUS_SERVERS_MAX 8
#define RADIUS_ASKS_MAX 1000 /* questions under way */

struct radius_server {
	struct endpoint at;
	uint64_t silent_until; /* milliseconds of the loop's clock; 0: it answers */
};

struct radius_client {
	uv_loop_t *loop;
	struct trust *trust;
	/* The job has come to its answer; it is the callee's again. */
	void (*done)(void *ctx, struct trust_job *j);
	/* A server does not answer, or its answers are worth nothing. */
	void (*complain)(void *ctx, const struct diag *why);
	void *ctx;
	struct radius_server servers[RADIUS_SERVERS_MAX];
	size_t len;
	uint32_t seconds,
		tries;    /* until a question is sent again at first; to one server; not 0 */
	struct list asks; /* struct ask */
	size_t asks_len;
	bool closed;
};

/* Set up; loop, trust, done, complain, ctx, seconds and tries are the caller's to fill in. */
void radius_init(struct radius_client *c);

/*
 * The servers, from "192.0.2.9, 192.0.2.10:1645, [2001:db8::1]:1812"; NULL: none. CYG_MALFORMED
 * or CYG_LIMIT, and *why.
 */
MUST_CHECK enum cyg_err radius_set_servers(struct radius_client *c, const char *text,
					   struct diag *why);

/* A job that asks (trust_job_asks): takes it over. It may be done at once. */
void radius_ask(struct radius_client *c, struct trust_job *j);

/* Drop what is under way; the loop must run once more for its handles. */
void radius_stop(struct radius_client *c);

#endif
