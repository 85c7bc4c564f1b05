/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_CALLS_H
#define PLUTO_CALLS_H

#include "base/list.h"
#include "conn/report.h"
#include "pluto/control.h"
#include "whack/json_out.h"

struct daemon;

/*
 * Calls of the control protocol: each method's handler, and the calls whose
 * end is still to come. A client that hangs up cancels nothing: its command
 * goes on, its reports go to the log alone.
 */
struct calls {
	struct daemon *daemon;
	struct list pending;
	uv_idle_t pump; /* runs while a listing is written, or a command begun for many */
	bool pumping;
	struct json_out out; /* of a listing's reply; reused */
};

/* No call pending. */
void calls_init(struct calls *c, struct daemon *d);

/* For control_host: the method's handler. */
void calls_take(void *ctx, struct client_link *client, struct call *call);
void calls_client_gone(void *ctx, struct client_link *client);
void calls_drained(void *ctx, struct client_link *client);

/* A report of cause r->cause, if a client waits for it. */
void calls_report(struct calls *c, const struct report *r);
/* What the command `cause` asked of tokens is answered, or not to be waited for; `code` as of its end. */
void calls_settled(struct calls *c, uint64_t cause, unsigned code);
/* Whether whoever gave this command goes by its end, and has sent no further call behind it. */
bool calls_wait_for(struct calls *c, uint64_t cause);
/* The command `cause` ended. */
void calls_end(struct calls *c, uint64_t cause, unsigned code);
/*
 * Tell those who wait for a connection to the peer at `addr`: once for each `error`. r->cause
 * is set for each.
 */
void calls_hint(struct calls *c, const struct ip_addr *addr, int error, struct report *r);
/*
 * No message of ours gets to the peer at `addr`: the wait of those who want a connection
 * to it ends with *r and its code. What they began goes on.
 */
void calls_cut_short(struct calls *c, const struct ip_addr *addr, struct report *r);
/*
 * Answer all that still wait: well to the command `cause`, which ended the daemon, else that
 * pluto had a problem.
 */
void calls_end_all(struct calls *c, uint64_t cause);
/* Whether a command is not over yet that may load, route or bring up something. */
bool calls_route(const struct calls *c);
/* Forget what is still pending, unanswered; the loop closes the handle. */
void calls_stop(struct calls *c);

#endif
