/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_UPDOWN_H
#define PLUTO_UPDOWN_H

#include "conn/event.h"

#include <uv.h>

/*
 * Runs connections' updown programs (leftupdown=) beside the loop: without a
 * shell, in an environment made from nothing (updown_env.h), with what they
 * print logged line by line, up to a bound, and for a bounded time. Programs of
 * one connection, its versions one behind the other, run one after the other, those
 * of others and of other instances at the same time, up to UPDOWN_RUNNING_MAX.
 */
#define UPDOWN_RUNNING_MAX 8
#define UPDOWN_LINES_MAX 100 /* of one program that are logged */
#define UPDOWN_TERM_MS 2000  /* from asking a program to end to killing it */
#define UPDOWN_DRAIN_MS 200  /* for output that a program's children still hold open */

struct updown_host {
	void *ctx;
	/* An order is done; `a` is borrowed. May come within updown_run. */
	void (*answer)(void *ctx, const struct answer *a);
	void (*report)(void *ctx, const struct report *r);
	/*
	 * Calls that set something up are about to be made, those that undo it have been. May be
	 * NULL.
	 */
	void (*note)(void *ctx, const struct updown *u);
	/* Nothing runs or waits any more. May be NULL. */
	void (*idle)(void *ctx);
	const struct host_view *view; /* this host, as it changes */
	const char *stack, *tunnel;   /* the plane's name; its device, or NULL */
	unsigned limit_ms;            /* a program that runs longer is ended; 0: none is */
};

struct updown_runner;

/* Nothing runs yet. NULL when memory is short. */
struct updown_runner *updown_new(uv_loop_t *loop, const struct updown_host *host);

/*
 * Carry out an ACT_UPDOWN; it is copied. `in` and `out` are counters of its
 * child, NULL when they are not known. CYG_NOMEM: it was not taken.
 */
MUST_CHECK enum cyg_err updown_run(struct updown_runner *r, const struct action *a,
				   const struct plane_counters *in,
				   const struct plane_counters *out);

/* Nothing runs or waits. */
bool updown_is_idle(const struct updown_runner *r);

/*
 * Give up: what waits is reported as not run, what runs is killed and reported. No call of
 * the host is made afterwards. The loop must run once more before updown_free.
 */
void updown_stop(struct updown_runner *r);
/* NULL is fine. */
void updown_free(struct updown_runner *r);

#endif
