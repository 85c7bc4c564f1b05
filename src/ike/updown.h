/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_UPDOWN_H
#define IKE_UPDOWN_H

#include "ike/child.h"
#include "ike/op.h"
#include "policy/policy.h"

struct command_wait;
struct exchange;

/*
 * A connection's updown programs (leftupdown= of our own end), run by the host:
 *
 *	prepare, route   when its entry of the SPD comes to stand, whatever for
 *	up               when its first child is up
 *	down             when its last child goes
 *	unroute          when its entry has gone
 *
 * The entry and the routes stand from the first, so that nothing leaves in
 * clear while a program runs. A child is not up, and CMD_ROUTE not done, before
 * prepare and route have ended well; when one of them fails all that was begun
 * for the connection is undone. A failed `up` is told and changes nothing: the
 * peer believes in the tunnel. Rekeying runs nothing.
 */
enum programs_state {
	PROGRAMS_PREPARING,
	PROGRAMS_ROUTING,
	PROGRAMS_ROUTED,
	PROGRAMS_FAILING, /* one failed: what hangs on the connection is being undone */
};

/* What runs, or ran, for a connection, and the facts that it was told. */
struct programs {
	struct ike *ike;
	struct loaded *loaded; /* NULL once departed */
	struct list ops;
	struct list joins;   /* struct join: exchanges that wait for the route */
	struct list waiters; /* struct waiter: commands that do */
	struct list departed;
	uint8_t state;  /* enum programs_state */
	bool up;        /* `up` was called, and not yet `down` */
	bool coming_up; /* its answer is still to come */
	uint64_t cause;
	/* The facts, as they were when it began: they outlive the connection for a step. */
	struct updown facts;
	struct ts_set route_local, route_remote, up_local, up_remote;
	struct internal internal; /* that facts.internal shows, once there is something */
};

/*
 * policy_set_spd, with the programs that belong to it. False, and told, when
 * memory is too short for them: then there is no entry and no claim.
 */
bool updown_set_spd(struct ike *ike, struct loaded *l, enum spd_state s, uint32_t op,
		    uint64_t cause);

/*
 * The child of an exchange of ours or theirs waits for prepare and route, if they run: an
 * answer for x->installs. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err updown_join(struct loaded *l, struct exchange *x);
/* Whether prepare or route run. */
bool updown_is_pending(const struct loaded *l);
/* A command waits for them, if they run. CYG_NOMEM. */
MUST_CHECK enum cyg_err updown_wait(struct loaded *l, struct command_wait *w);

/* A child is up: `up` is called if it is the connection's first. */
void updown_child_up(struct child_sa *child);
/* The SAs that people keyed are up: `up` is called. */
void updown_manual_up(struct loaded *l, uint64_t cause);
/* A child is about to end: `down` is called if it is the last, while its SAs still count. */
void updown_child_ends(struct child_sa *child);
/* The last child has gone, however. */
void updown_lost(struct loaded *l);
/* Whoever waits for the connection to be up waits for `up` as well. */
bool updown_is_coming_up(const struct loaded *l);

/* A child was imported: its entry is set; the programs have been run before. */
void updown_adopt(struct ike *ike, struct loaded *l, const struct child_sa *child);

/* The host goes: what is up or routed is called down and unrouted; the entry stays. */
void updown_end(struct ike *ike, struct loaded *l);

/* An answer of the host: OP_PREPARE, OP_ROUTE, OP_UP. */
void updown_answered(struct programs *p, enum op_for purpose, const struct answer *a);
/* A failure is being worked on: the connection must stay. */
bool updown_is_failing(const struct loaded *l);

/* The end of a step: who waited for programs that are not wanted any more is told. */
void updown_settle(struct ike *ike);
/* Free those that departed; the actions that lent their facts are over. */
void updown_bury(struct ike *ike);
/* The engine goes: without actions. */
void updown_forget(struct ike *ike, struct loaded *l);

#endif
