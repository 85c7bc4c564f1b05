/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/updown.h"

#include "conn/argv.h"
#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/lost.h"
#include "ike/manual.h"
#include "ike/tell.h"

#include <stdlib.h>
#include <string.h>

/* An exchange that waits: the number of an operation of its own, which we answer. */
struct join {
	struct list link;
	uint32_t op;
};

/* ---- the record ---- */

/* Our own end's command; NULL when none is to be run. */
static const char *command_of(const struct loaded *l)
{
	const char *command = l->local < 0 ? NULL : l->connection->end[l->local].updown;

	return argv_is_command(command) ? command : NULL;
}

static void take_facts(struct programs *p, const struct loaded *l)
{
	p->facts = (struct updown){
		.local_end = (uint8_t)l->local,
		.place = l->policy_id,
		.instance = l->instance,
		.is_template = l->is_template,
		.connection = connection_ref(l->connection),
		.local = l->local_addr,
		.remote = l->remote_addr,
		.local_id = ident_ref(l->local_id),
		.remote_id = ident_ref(l->remote_id),
		.reqid = l->reqid,
	};
}

/* Internal addresses, as they are now; at the end those that there were. */
static void take_addresses(struct programs *p)
{
	const struct loaded *l = p->loaded;

	if (l->internal_stands) {
		p->internal = *l->internal;
		p->facts.internal = &p->internal;
	}
	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		if (sa->assigned)
			memcpy(p->facts.assigned, sa->assigned->addr,
			       sizeof(p->facts.assigned));
}

static void programs_free(struct programs *p)
{
	op_abandon(&p->ops);
	LIST_EACH(j, &p->joins, struct join, link)
		free(j);
	connection_unref(p->facts.connection);
	ident_unref(p->facts.local_id);
	ident_unref(p->facts.remote_id);
	ts_set_done(&p->route_local);
	ts_set_done(&p->route_remote);
	ts_set_done(&p->up_local);
	ts_set_done(&p->up_remote);
	free(p);
}

static bool take_selectors(const struct ts_set *local, const struct ts_set *remote,
			   struct ts_set *ret_local, struct ts_set *ret_remote)
{
	struct ts_set l = {0}, r = {0};

	if (ts_set_copy(&l, local) || ts_set_copy(&r, remote)) {
		ts_set_done(&l);
		return false;
	}
	ts_set_done(ret_local);
	ts_set_done(ret_remote);
	*ret_local = l;
	*ret_remote = r;
	return true;
}

static struct programs *programs_new(struct ike *ike, struct loaded *l, bool claimed)
{
	struct programs *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->ike = ike;
	p->loaded = l;
	list_init(&p->ops);
	list_init(&p->joins);
	list_init(&p->waiters);
	list_init(&p->departed);
	take_facts(p, l);
	take_addresses(p);
	if (!take_selectors(claimed ? &l->spd_local : &l->ts_local,
			    claimed ? &l->spd_remote : &l->ts_remote, &p->route_local,
			    &p->route_remote)) {
		programs_free(p);
		return NULL;
	}
	return p;
}

/* ---- calling ---- */

static bool is_of_child(enum updown_verb verb)
{
	return verb == UPDOWN_UP || verb == UPDOWN_DOWN;
}

/* `child` may be NULL. False when memory is short. */
static bool call(struct programs *p, enum updown_verb verb, const struct child_sa *child,
		 uint32_t op)
{
	struct updown *facts = actions_alloc(p->ike->out, sizeof(*facts));
	struct action *a = facts ? actions_add(p->ike->out, ACT_UPDOWN) : NULL;
	bool own = is_of_child(verb) && p->up_local.len;

	if (!a)
		return false;
	*facts = p->facts;
	facts->verb = (uint8_t)verb;
	facts->ts_local = own ? &p->up_local : &p->route_local;
	facts->ts_remote = own ? &p->up_remote : &p->route_remote;
	if (child) {
		facts->serial = child->serial;
		facts->established_at = child->established_at;
		facts->reqid = child->reqid;
		facts->compressed = child->cpi_in != 0;
		facts->in = child_ref(child, SA_IN);
		facts->out = child_ref(child, SA_OUT);
	} else if (is_of_child(verb) && p->loaded && p->loaded->by_hand) {
		manual_facts(p->loaded->by_hand, facts);
	}
	a->op = op;
	a->cause = p->cause;
	a->updown = facts;
	return true;
}

static bool ask(struct programs *p, enum updown_verb verb, enum op_for purpose,
		const struct child_sa *child)
{
	uint32_t op = op_new(p->ike, purpose, p, &p->ops);

	return op && call(p, verb, child, op);
}

static void call_unroute(struct programs *p)
{
	/* A `prepare` alone has nothing that would undo it. */
	if (p->state == PROGRAMS_ROUTING || p->state == PROGRAMS_ROUTED)
		call(p, UPDOWN_UNROUTE, NULL, 0);
}

static void call_down(struct programs *p, const struct child_sa *child)
{
	if (!p->up)
		return;
	p->up = false;
	call(p, UPDOWN_DOWN, child, 0);
	if (!p->coming_up)
		return;
	p->coming_up = false;
	up_tell_waiters(p->loaded, RC_SUCCESS); /* it was up, however shortly */
}

/* ---- beginning and end ---- */

static void depart(struct programs *p)
{
	p->loaded->programs = NULL;
	p->loaded = NULL;
	op_abandon(&p->ops);
	list_append(&p->ike->departed, &p->departed);
}

static bool begin(struct ike *ike, struct loaded *l, bool claimed, uint64_t cause)
{
	struct about a = about_loaded(l, cause);
	struct upward *up = l->core;
	struct programs *p;

	if (l->programs || ike->stopping || !command_of(l))
		return true;
	p = programs_new(ike, l, claimed);
	if (p)
		p->cause = cause;
	if (!p || !ask(p, UPDOWN_PREPARE, OP_PREPARE, NULL)) {
		if (p)
			programs_free(p);
		tell(ike, &a, REPORT_ERROR, RC_INTERNALERR, "no-memory", NULL,
		     "cannot route: memory is too short to run its updown program");
		return false;
	}
	l->programs = p;
	if (up && up->reroute)
		l->routed = true;
	if (up)
		up->reroute = false;
	return true;
}

void updown_end(struct ike *ike, struct loaded *l)
{
	struct programs *p = l->programs;

	(void)ike;
	if (!p || p->state == PROGRAMS_FAILING)
		return;
	call_down(p, NULL);
	call_unroute(p);
	depart(p);
}

bool updown_set_spd(struct ike *ike, struct loaded *l, enum spd_state s, uint32_t op,
		    uint64_t cause)
{
	bool claimed = s == SPD_PROTECT && l->spd_local.len && l->spd_remote.len;

	/* A new version may be the first to have a program, with the old one's entry in force. */
	if (s != SPD_NONE && !begin(ike, l, claimed, cause)) {
		if (l->spd == SPD_NONE)
			policy_set_spd(ike->policy, l, SPD_NONE, 0, ike->out);
		return false;
	}
	policy_set_spd(ike->policy, l, s, op, ike->out);
	if (s == SPD_NONE)
		updown_end(ike, l);
	return true;
}

/* ---- who waits ---- */

bool updown_is_pending(const struct loaded *l)
{
	const struct programs *p = l->programs;

	return p && p->state != PROGRAMS_ROUTED;
}

enum cyg_err updown_join(struct loaded *l, struct exchange *x)
{
	struct join *j;

	if (!updown_is_pending(l))
		return CYG_OK;
	j = calloc(1, sizeof(*j));
	if (!j)
		return CYG_NOMEM;
	j->op = op_new(x->sa->ike, OP_INSTALL_PROGRAMS, x, &x->ops);
	if (!j->op) {
		free(j);
		return CYG_NOMEM;
	}
	list_append(&l->programs->joins, &j->link);
	x->installs++;
	return CYG_OK;
}

enum cyg_err updown_wait(struct loaded *l, struct command_wait *w)
{
	struct waiter *waiter;

	if (!updown_is_pending(l))
		return CYG_OK;
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return CYG_NOMEM;
	waiter->command = w;
	list_append(&l->programs->waiters, &waiter->on_connection);
	list_append(&w->waiters, &waiter->of_command);
	return CYG_OK;
}

static void tell_commands(struct programs *p, uint16_t code)
{
	LIST_EACH(w, &p->waiters, struct waiter, on_connection) {
		struct command_wait *command = w->command;

		list_remove(&w->on_connection);
		list_remove(&w->of_command);
		free(w);
		command_result(command, code);
	}
}

/* What an exchange does now may end the programs, but *p stays for this step. */
static void answer_joins(struct programs *p, enum cyg_err err, const struct diag *why)
{
	while (!list_empty(&p->joins)) {
		struct join *j = CONTAINER_OF(p->joins.next, struct join, link);
		struct answer a = {.op = j->op, .err = err, .why = why};

		list_remove(&j->link);
		free(j);
		op_answered(p->ike, &a);
	}
}

void updown_settle(struct ike *ike)
{
	bool again;

	/* Who is told may make others depart. */
	do {
		again = false;
		LIST_EACH(p, &ike->departed, struct programs, departed) {
			again |= !list_empty(&p->waiters) || !list_empty(&p->joins);
			tell_commands(p, RC_ROUTE);
			answer_joins(p, CYG_STATE, NULL);
		}
	} while (again);
}

void updown_bury(struct ike *ike)
{
	LIST_EACH(p, &ike->departed, struct programs, departed) {
		list_remove(&p->departed);
		programs_free(p);
	}
}

void updown_forget(struct ike *ike, struct loaded *l)
{
	(void)ike;
	if (l->programs)
		depart(l->programs);
}

/* ---- children ---- */

void updown_child_up(struct child_sa *child)
{
	struct programs *p = child->loaded ? child->loaded->programs : NULL;

	if (!p || p->up || p->state != PROGRAMS_ROUTED)
		return;
	p->up = true;
	p->cause = child->cause;
	take_addresses(p);
	p->coming_up = take_selectors(&child->ts_local, &child->ts_remote, &p->up_local,
				      &p->up_remote) &&
		       ask(p, UPDOWN_UP, OP_UP, child);
}

void updown_manual_up(struct loaded *l, uint64_t cause)
{
	struct programs *p = l->programs;

	if (!p || p->up || p->state != PROGRAMS_ROUTED)
		return;
	p->up = true;
	p->cause = cause;
	p->coming_up = take_selectors(&l->ts_local, &l->ts_remote, &p->up_local,
				      &p->up_remote) &&
		       ask(p, UPDOWN_UP, OP_UP, NULL);
}

void updown_child_ends(struct child_sa *child)
{
	struct loaded *l = child->loaded;
	struct programs *p = l ? l->programs : NULL;

	if (!p || !p->up || child->state == CHILD_LARVAL)
		return;
	LIST_EACH(other, &l->children, struct child_sa, on_connection)
		if (other != child && other->state != CHILD_LARVAL)
			return;
	call_down(p, child);
}

void updown_lost(struct loaded *l)
{
	if (l->programs)
		call_down(l->programs, NULL);
}

bool updown_is_coming_up(const struct loaded *l)
{
	return l->programs && l->programs->coming_up;
}

void updown_adopt(struct ike *ike, struct loaded *l, const struct child_sa *child)
{
	struct programs *p = l->spd == SPD_NONE && command_of(l) ? programs_new(ike, l, true)
								 : NULL;

	l->compressed = child->cpi_in;
	l->spread = child->has_clones && !child->processor;
	policy_set_spd(ike->policy, l, SPD_PROTECT, 0, ike->out);
	if (!p)
		return;
	p->state = PROGRAMS_ROUTED;
	p->up = take_selectors(&child->ts_local, &child->ts_remote, &p->up_local,
			       &p->up_remote);
	l->programs = p;
}

/* ---- answers ---- */

bool updown_is_failing(const struct loaded *l)
{
	return l->programs && l->programs->state == PROGRAMS_FAILING;
}

/* The try under way, wherever it stands, comes to nothing. */
static void fail_try(struct ike *ike, struct loaded *l, struct upward *up)
{
	struct ike_sa *sa = sa_by_serial(ike, up->asked_sa);

	if (!up->asked_sa)
		return;
	if (sa && sa_belongs_to(sa, l) && list_empty(&sa->children))
		sa_close(sa);
	if (up->asked_sa)
		up_failed(ike, l, RC_ROUTE);
}

static void close_children(struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection) {
		if (child->state != CHILD_LARVAL) {
			child_close(child, GONE_QUIETLY);
			continue;
		}
		/* Its exchange finds out that nobody wants it any more. */
		list_remove(&child->on_connection);
		child->loaded = NULL;
	}
}

static void fail(struct programs *p, enum updown_verb verb, const struct answer *why)
{
	struct ike *ike = p->ike;
	struct loaded *l = p->loaded;
	struct upward *up = up_of(l);
	struct about a = about_loaded(l, p->cause);

	tell(ike, &a, REPORT_ERROR, RC_ROUTE, "updown-failed", why->why,
	     "cannot route: its updown program failed at %s%s%s",
	     verb == UPDOWN_PREPARE ? "prepare" : "route", why->why ? "" : ": ",
	     why->why ? "" : cyg_err_text(why->err));
	if (verb == UPDOWN_ROUTE)
		call_unroute(p);
	p->state = PROGRAMS_FAILING;
	if (up) {
		up->code = RC_ROUTE;
		up->reroute = l->routed;
	}
	l->routed = false;
	answer_joins(p, why->err, why->why);
	if (up)
		fail_try(ike, l, up);
	close_children(l);
	manual_refused(l, RC_ROUTE);
	if (l->spd != SPD_NONE)
		policy_set_spd(ike->policy, l, SPD_NONE, 0, ike->out);
	tell_commands(p, RC_ROUTE);
	depart(p);
	up_release(ike, l);
}

static void routed(struct programs *p)
{
	struct loaded *l = p->loaded;

	p->state = PROGRAMS_ROUTED;
	tell_commands(p, RC_COMMENT);
	answer_joins(p, CYG_OK, NULL);
	if (p->loaded != l)
		return;
	manual_routed(l);
	/* One that came to stand meanwhile without asking: the first that is found is told. */
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state == CHILD_UP)
			updown_child_up(child);
}

static void is_up(struct programs *p, const struct answer *a)
{
	struct loaded *l = p->loaded;
	struct about about = about_loaded(l, p->cause);

	if (a->err)
		tell(p->ike, &about, REPORT_ERROR, RC_LOG_SERIOUS, "updown-failed", a->why,
		     "the tunnel is up, but its updown program failed at up%s%s",
		     a->why ? "" : ": ", a->why ? "" : cyg_err_text(a->err));
	if (!p->coming_up)
		return;
	p->coming_up = false;
	up_tell_waiters(l, a->err ? RC_LOG_SERIOUS : RC_SUCCESS);
}

void updown_answered(struct programs *p, enum op_for purpose, const struct answer *a)
{
	if (purpose == OP_UP) {
		is_up(p, a);
	} else if (a->err) {
		fail(p, purpose == OP_PREPARE ? UPDOWN_PREPARE : UPDOWN_ROUTE, a);
	} else if (purpose == OP_ROUTE) {
		routed(p);
	} else {
		p->state = PROGRAMS_ROUTING;
		if (!ask(p, UPDOWN_ROUTE, OP_ROUTE, NULL))
			fail(p, UPDOWN_PREPARE, &(struct answer){.err = CYG_NOMEM});
	}
}
