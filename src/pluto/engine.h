/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_ENGINE_H
#define PLUTO_ENGINE_H

#include "conf/groups.h"
#include "conn/event.h"
#include "ike/ike.h"
#include "plane/plane.h"
#include "pluto/account.h"
#include "pluto/dnskeys.h"
#include "pluto/keypool.h"
#include "pluto/names.h"
#include "pluto/ports.h"
#include "pluto/radius.h"
#include "pluto/updown.h"
#include "pluto/workers.h"
#include "trust/trust.h"

/*
 * The core and the world: hands events to ike_step, one at a time, and carries
 * out the actions that come back. Answers that arrive while a step's actions
 * are being carried out wait their turn. Sending and the timer are settled
 * once for each turn of the loop, before it sleeps.
 */
struct engine_host {
	void *ctx;
	/*
	 * Something happened. `source`: the stranger whose datagram brought it about, or NULL.
	 */
	void (*report)(void *ctx, const struct report *r, const struct ip_addr *source);
	/*
	 * Read the file of the policy group `name` for a command. CYG_NOTFOUND: there is none.
	 */
	enum cyg_err (*read_group)(void *ctx, const char *name, uint64_t cause,
				   struct group_lines *ret, struct diag *why);
	/* A datagram had no socket to leave by: that of `local` is not open. */
	void (*unsent)(void *ctx, const struct endpoint *local, const struct endpoint *remote);
	/* This host is to have an address, or has no more need of it; failures are the callee's to tell. */
	void (*address)(void *ctx, const struct ip_addr *a, bool add);
	/* Trust wants something: see to it when the present step is over. */
	void (*wanted)(void *ctx);
	/* Trust may want something, or have something to tell. */
	void (*news)(void *ctx);
	/* Whether somebody goes by the end of the command `cause`, and what led to it is to be in force then. */
	bool (*waits)(void *ctx, uint64_t cause);
	/* The command `cause` has ended. */
	void (*done)(void *ctx, uint64_t cause, unsigned code);
};

struct engine {
	uv_loop_t *loop;
	struct ike *ike; /* borrowed, like all of these */
	struct trust *trust;
	struct plane *plane;
	struct ports *ports;
	struct updown_runner *updown;
	struct account *account;
	struct engine_host host;

	struct workers *workers; /* owned */
	struct keypool keys;
	struct names names;
	struct dnssec_settings dns; /* the caller's */
	struct dnskeys *dnskeys;    /* owned */
	nsec dns_swept;             /* when proofs by its keys were last held against IKE SAs */
	struct radius_client radius; /* its servers are the caller's to set */
	struct actions actions;
	struct list queue; /* events that wait for the present step to end */
	struct list ends;  /* of commands, until what they changed of the plane is in force */
	bool busy;
	const struct ip_addr *source; /* of the datagram being handled; NULL */
	uv_timer_t timer;
	uv_prepare_t prepare;
	nsec armed;                   /* the deadline the timer stands at */
	uint64_t cause;               /* the last one given out */
	struct plane_counters *query; /* where engine_query wants its answer; NULL */
	bool answered;
	uint64_t lost;       /* events dropped for want of memory */
	uint64_t carried[2]; /* octets, by enum sa_dir: of SAs that have ended */
};

/* Set up around the borrowed parts, filled in by the caller. CYG_NOMEM, CYG_IO. */
MUST_CHECK enum cyg_err engine_start(struct engine *e, struct crypto *crypto, unsigned workers);

/*
 * Handle an event now; `now` is filled in. What its answer is moved must be the caller's to
 * give.
 */
void engine_event(struct engine *e, struct event *ev);

/*
 * A command (its connection is moved): first take a cause, which its reports
 * and its end will carry, then give it. Not from within report or done.
 */
uint64_t engine_next_cause(struct engine *e);
void engine_command(struct engine *e, uint64_t cause, const struct command *c);

/* Calls for plane_host, names, ports and updown programs. ctx is the engine. */
void engine_on_answer(void *ctx, const struct answer *a);
void engine_on_plane_event(void *ctx, struct event *ev);
void engine_on_datagram(void *ctx, const struct endpoint *local, const struct endpoint *remote,
			struct view data);
/* The plane was dispatched: commands may have ended. */
void engine_plane_dispatched(struct engine *e);
void engine_on_report(void *ctx, const struct report *r);

/* Work on a job of trust's own (trust_answer_want), which is taken over. */
void engine_read_news(struct engine *e, struct trust_job *t);
/* A job that waited goes on, or has its answer; it is taken over. Not from within report or done. */
void engine_answer(struct engine *e, struct trust_job *t);

/* Counters of an SA, if the plane tells them at once. */
bool engine_query(struct engine *e, const struct sa_ref *sa, struct plane_counters *ret);

/*
 * Stop threads and handles; nothing is stepped any more. The loop must run once more before
 * engine_done.
 */
void engine_stop(struct engine *e);
void engine_done(struct engine *e);

/* The clock that events carry. */
nsec engine_now(void);

#endif
