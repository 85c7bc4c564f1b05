/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/command.h"

#include "ike/child.h"
#include "ike/close.h"
#include "ike/core.h"
#include "ike/group.h"
#include "ike/lost.h"
#include "ike/names.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/updown.h"

#include <stdlib.h>

#define NAMES_MAX 256 /* connections of one alias */

/* ---- waiting ---- */

static struct command_wait *wait_new(struct ike *ike, uint64_t cause)
{
	struct command_wait *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	ike->commands_len++;
	if (!timers_reserve(ike)) {
		ike->commands_len--;
		free(w);
		return NULL;
	}
	w->ike = ike;
	w->cause = cause;
	w->open = true;
	w->timed.owner = TIMED_COMMAND;
	list_init(&w->waiters);
	list_init(&w->sas);
	list_append(&ike->commands, &w->all);
	return w;
}

static void wait_free(struct command_wait *w)
{
	LIST_EACH(waiter, &w->waiters, struct waiter, of_command) {
		list_remove(&waiter->on_connection);
		list_remove(&waiter->of_command);
		free(waiter);
	}
	LIST_EACH(sa, &w->sas, struct ike_sa, of_closer) {
		list_remove(&sa->of_closer);
		sa->closer = NULL;
	}
	group_forget_waiter(w->ike, w);
	heap_remove(&w->ike->timers, &w->timed.node);
	list_remove(&w->all);
	w->ike->commands_len--;
	free(w);
}

static bool is_success(uint16_t code)
{
	return code == RC_SUCCESS || code == RC_COMMENT;
}

static void done_if_over(struct command_wait *w)
{
	if (w->open || w->files || !list_empty(&w->waiters) || !list_empty(&w->sas))
		return;
	tell_done(w->ike, w->cause, w->code);
	wait_free(w);
}

static void note(struct command_wait *w, uint16_t code)
{
	if (is_success(w->code))
		w->code = is_success(code) && w->code == RC_SUCCESS ? w->code : code;
}

void command_result(struct command_wait *w, uint16_t code)
{
	note(w, code);
	done_if_over(w);
}

void command_file_read(struct command_wait *w, uint16_t code)
{
	w->files--;
	command_result(w, code);
}

void command_sa_ended(struct ike_sa *sa)
{
	struct command_wait *w = sa->closer;

	if (!w)
		return;
	sa->closer = NULL;
	list_remove(&sa->of_closer);
	done_if_over(w);
}

void command_timeout(struct command_wait *w)
{
	tell_done(w->ike, w->cause, w->code);
	wait_free(w);
}

void command_free_all(struct ike *ike)
{
	LIST_EACH(w, &ike->commands, struct command_wait, all)
		wait_free(w);
}

/* Wait for the end of an SA that is being closed. */
static void wait_for_sa(struct command_wait *w, uint64_t serial)
{
	struct ike_sa *sa = sa_by_serial(w->ike, serial);

	if (!sa || sa->closer || sa->state == SA_GONE)
		return;
	sa->closer = w;
	list_append(&w->sas, &sa->of_closer);
}

/* All is set up: done at once, when there is nothing to wait for. */
static void wait_ready(struct command_wait *w)
{
	w->open = false;
	done_if_over(w);
}

/* ---- names ---- */

static struct about about_command(const struct ike *ike, uint64_t cause)
{
	(void)ike;
	return (struct about){.cause = cause};
}

/* All that a name means; 0 was told as unknown. */
static size_t resolve(struct ike *ike, const struct event *ev, struct loaded *out[NAMES_MAX])
{
	struct about a = about_command(ike, ev->cause);
	const char *name = ev->command.name ? ev->command.name : "";
	size_t n = policy_resolve(ike->policy, name, out, NAMES_MAX);

	if (!n)
		tell(ike, &a, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-name", NULL,
		     "no connection named \"%s\" is loaded: load it with \"ipsec auto --add %s\"",
		     name, name);
	else if (n > 1)
		tell(ike, &a, REPORT_INFO, RC_COMMENT, "alias", NULL,
		     "\"%s\" is an alias of %zu connections", name, n);
	return n;
}

/* ---- tearing down ---- */

/* Another connection that has a child on it takes the IKE SA over. */
static void hand_over(struct ike_sa *sa, const struct loaded *l)
{
	const struct ike_sa *old = sa_undecided(sa);

	LIST_EACH(child, old ? &old->children : &sa->children, struct child_sa, of_sa)
		if (child->loaded && child->loaded != l) {
			sa_set_loaded(sa, child->loaded);
			return;
		}
}

static void close_sas(struct ike *ike, struct loaded *l, struct command_wait *w)
{
	(void)ike;
	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection) {
		uint64_t serial = sa->serial;

		if (!sa_belongs_to(sa, l)) {
			hand_over(sa, l);
			continue;
		}
		sa_close(sa);
		if (w)
			wait_for_sa(w, serial);
	}
}

static void end_children(struct loaded *l)
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

/* A try that waits on another connection's IKE SA. */
static void abort_try(struct ike *ike, struct loaded *l, const char *why)
{
	up_ask_no_more(ike, l); /* its IKE SA may be kept for others */
	up_give_up(ike, l, why);
}

/* Everything of a connection ends; its place stays. `why` is for those who wait for it. */
static void tear_down(struct ike *ike, struct loaded *l, struct command_wait *w,
		      const char *why)
{
	struct upward *up = up_of(l);

	if (!up)
		return;
	l->want_up = up->reroute = false;
	policy_came_up(ike->policy, l); /* no try is due any more */
	up->pinned = true;
	abort_try(ike, l, why);
	close_sas(ike, l, w);
	end_children(l);
	/* Held for a try, or set for a child that was still in the making. */
	if (!children_stand(l) && (l->spd == SPD_HOLD || l->spd == SPD_PROTECT))
		up_rest(ike, l, false);
	up->pinned = false;
	up_release(ike, l);
}

/* Instances first: they go away with their last SA. */
static void tear_down_all(struct ike *ike, struct loaded *l, struct command_wait *w,
			  const char *why)
{
	LIST_EACH(instance, &l->instances, struct loaded, sibling)
		tear_down(ike, instance, w, why);
	tear_down(ike, l, w, why);
}

/* SAs that are still being closed, and the core's record, let go of it. */
static void let_go(struct loaded *l)
{
	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		sa_set_loaded(sa, NULL);
	up_done(l);
}

/* For good. */
static void forget(struct ike *ike, struct loaded *l)
{
	let_go(l);
	updown_set_spd(ike, l, SPD_NONE, 0, 0);
	policy_remove(ike->policy, l, ike->out);
}

static void forget_one(struct ike *ike, struct loaded *l, const char *why)
{
	tear_down_all(ike, l, NULL, why);
	LIST_EACH(instance, &l->instances, struct loaded, sibling)
		forget(ike, instance);
	forget(ike, l);
}

void command_forget(struct ike *ike, struct loaded *l)
{
	forget_one(ike, l, "it was deleted");
}

/* A group's networks first: they are no more without it. */
static void forget_all(struct ike *ike, struct loaded *l, const char *why)
{
	struct loaded *net;

	while (l->is_group && (net = policy_group_next(l, NULL)))
		forget_one(ike, net, why);
	forget_one(ike, l, why);
}

/* As tear_down_all, and of a group all its networks. */
static void take_down(struct ike *ike, struct loaded *l, struct command_wait *w)
{
	struct loaded *net = NULL;

	while (l->is_group && (net = policy_group_next(l, net)))
		tear_down_all(ike, net, w, "it was taken down");
	tear_down_all(ike, l, w, "it was taken down");
}

/* ---- the commands ---- */

static void done(struct ike *ike, const struct event *ev, uint16_t code)
{
	tell_done(ike, ev->cause, code);
}

static uint16_t code_of(enum cyg_err err)
{
	return err == CYG_EXISTS ? RC_DUPNAME : err == CYG_NOMEM ? RC_INTERNALERR : RC_FATAL;
}

/* What of ike= or esp= is weak: for whoever loads it, and for the log. */
static void tell_weak(struct ike *ike, const struct about *a, const char *keyword,
		      const struct proposals *p)
{
	struct diag why;

	if (p && proposals_weak(p, &why))
		tell(ike, a, REPORT_WARNING, RC_LOG, "weak-algorithm", &why, "%s=: %s", keyword,
		     why.sentence);
}

/* A name that is not resolved yet may turn out to be this host. */
static bool waits_for_a_name(const struct connection *c)
{
	return c->end[0].host.kind == HOST_NAME || c->end[1].host.kind == HOST_NAME;
}

/* What it asks for and the plane can't do: it comes up without. */
static void tell_unhandled(struct ike *ike, const struct about *a, const struct connection *c)
{
	const struct plane_handling *can = &ike->settings.handling;
	const struct {
		bool asked, can;
		const char *word, *instead;
	} rows[] = {
		{c->tfc, can->tfc, "tfc=", "packets are not padded"},
		{c->decap_dscp, can->dscp, "decap-dscp=yes", "packets keep the DSCP they have"},
		{!c->encap_dscp, can->dscp, "encap-dscp=no", "the DSCP is copied outward"},
		{c->no_pmtu_discovery, can->no_pmtu, "nopmtudisc=yes",
		 "path MTU discovery is always on"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].asked && !rows[i].can)
			tell(ike, a, REPORT_WARNING, RC_COMMENT, "no-effect", NULL,
			     "%s has no effect with the data plane in use here: %s; the kernel's IPsec "
			     "does it (plane=xfrm)",
			     rows[i].word, rows[i].instead);
}

/* What keeps it from ever coming up as things are; it is loaded all the same. */
static void tell_obstacles(struct ike *ike, const struct about *a, const struct loaded *l)
{
	const struct connection *c = l->connection;
	struct diag why;

	if (c->type == CONN_TRANSPORT && ike->settings.tunnel_only)
		tell(ike, a, REPORT_WARNING, RC_COMMENT, "no-transport", NULL,
		     "type=transport: the data plane in use here has tunnel mode only, so it cannot "
		     "come up; write type=tunnel, or let pluto use the kernel's IPsec");
	if (c->protects == PROTO_AH && ike->settings.esp_only)
		tell(ike, a, REPORT_WARNING, RC_COMMENT, "no-ah", NULL,
		     "ah=: the data plane in use here has ESP only, so it cannot come up; write "
		     "esp=, or let pluto use the kernel's IPsec");
	tell_unhandled(ike, a, c);
	if (l->local >= 0 || l->is_group || waits_for_a_name(c))
		return;
	diag_clear(&why);
	policy_explain_orientation(ike->policy, l, &why);
	if (ike->listening)
		tell(ike, a, REPORT_WARNING, RC_COMMENT, "not-oriented", &why,
		     "it cannot be used here: %s", why.sentence);
}

static void tell_oddities(struct ike *ike, const struct about *a, const struct connection *c)
{
	struct diag why;

	tell_weak(ike, a, "ike", c->ike);
	tell_weak(ike, a, "esp", c->esp);
	if (connection_pfs_idle(c, &why))
		tell(ike, a, REPORT_NOTICE, RC_LOG, "group-idle", &why, "%s", why.sentence);
}

/* The version before was routed or up: so is this one routed, as soon as it can be. */
static void stay_routed(struct ike *ike, struct loaded *l)
{
	l->routed = true;
	if (l->local >= 0 && !l->is_group)
		up_rest(ike, l, false);
	else
		updown_set_spd(ike, l, SPD_NONE, 0, 0);
}

/* *ret is the group that was loaded, whose file is to be read. */
static uint16_t load(struct ike *ike, const struct event *ev, bool routed, struct loaded **ret)
{
	struct connection *c = ev->command.connection;
	struct about a = about_command(ike, ev->cause);
	const struct connection *old = NULL;
	struct loaded *l;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = policy_add(ike->policy, c, ev->command.kind == CMD_REPLACE, &l, &old, &why);
	if (err) {
		tell(ike, &a, REPORT_ERROR, code_of(err), "not-loaded", &why,
		     "\"%s\" is not loaded: %s", c->name,
		     diag_is_set(&why) ? why.sentence : cyg_err_text(err));
		connection_unref(c);
		return code_of(err);
	}
	if (routed)
		stay_routed(ike, l);
	connection_unref(old);
	a = about_loaded(l, ev->cause);
	tell(ike, &a, REPORT_INFO, RC_LOG, "loaded", NULL,
	     "added connection description \"%s\"", l->connection->name);
	tell_oddities(ike, &a, l->connection);
	tell_obstacles(ike, &a, l);
	names_ask(ike);
	if (l->is_group)
		*ret = l;
	return RC_COMMENT;
}

static void no_memory(struct ike *ike, const struct event *ev)
{
	done(ike, ev, RC_INTERNALERR);
}

/* A group is loaded when its networks are. */
static void load_all(struct ike *ike, const struct event *ev, bool routed)
{
	struct loaded *group = NULL;
	uint16_t code = load(ike, ev, routed, &group);
	struct command_wait *w = group ? wait_new(ike, ev->cause) : NULL;

	if (!group) {
		done(ike, ev, code);
		return;
	}
	if (!w) {
		no_memory(ike, ev);
		return;
	}
	w->code = code;
	group_ask(ike, group, w);
	wait_ready(w);
}

static void command_add(struct ike *ike, const struct event *ev)
{
	load_all(ike, ev, false);
}

/* The entry of the old version can stand until that of the new one does. */
static bool keeps_its_place(const struct loaded *l, bool routed)
{
	return routed && !l->is_group && !l->is_template && !l->programs;
}

/* auto= asks for another state than it did: what stands is left alone, and who wants it follows. */
static enum cyg_err keep_with_other_start(struct ike *ike, struct loaded *l,
					  struct connection *c)
{
	bool was_to_start = l->connection->start == START_UP;
	struct diag why;
	enum cyg_err err = policy_add(ike->policy, c, true, &l, NULL, &why);

	if (err)
		return err;
	if (was_to_start)
		l->want_up = false;
	else if (c->start == START_UP && children_stand(l))
		l->want_up = true;
	return CYG_OK;
}

/* The description of a tunnel that is loaded already: what stands is not disturbed. */
static void keep(struct ike *ike, const struct event *ev, struct loaded *l)
{
	struct connection *c = ev->command.connection;
	struct about a = about_loaded(l, ev->cause);
	bool same = connection_equal(l->connection, c);

	if (same) {
		connection_unref(c);
	} else if (keep_with_other_start(ike, l, c)) {
		connection_unref(c);
		no_memory(ike, ev);
		return;
	}
	if (same || children_stand(l))
		tell(ike, &a, REPORT_INFO, RC_LOG, "unchanged", NULL,
		     "\"%s\" is loaded like this already%s", l->connection->name,
		     same ? "" : ", but for auto=; its tunnel stays");
	else
		tell(ike, &a, REPORT_INFO, RC_LOG, "loaded", NULL,
		     "\"%s\" is loaded like this already, but for auto=", l->connection->name);
	done(ike, ev, RC_COMMENT);
}

/*
 * As delete and add (ipsec_auto(8)), but an identical description changes nothing, and what
 * was routed or up stays routed. Its updown programs, if it has any, are told of a new route.
 */
static void command_replace(struct ike *ike, const struct event *ev)
{
	struct connection *c = ev->command.connection;
	struct loaded *l = policy_find(ike->policy, c->name);
	bool routed = l &&
		      (l->routed || (children_stand(l) && !connection_is_open(l->connection)));

	if (l && !l->instance && connection_alike(l->connection, c)) {
		keep(ike, ev, l);
		return;
	}
	if (l && !l->instance && keeps_its_place(l, routed)) {
		tear_down(ike, l, NULL, "it was replaced");
		let_go(l);
	} else if (l && !l->instance) {
		forget_all(ike, l, "it was replaced");
	}
	load_all(ike, ev, routed);
}

static void command_delete(struct ike *ike, const struct event *ev)
{
	struct loaded *list[NAMES_MAX];
	size_t n = resolve(ike, ev, list);

	for (size_t i = 0; i < n; i++) {
		struct about a = about_loaded(list[i], ev->cause);

		tell(ike, &a, REPORT_INFO, RC_LOG, "deleted", NULL, "deleting connection");
		if (list[i]->instance)
			tear_down(ike, list[i], NULL, "it was deleted");
		else
			forget_all(ike, list[i], "it was deleted");
	}
	done(ike, ev, n ? RC_COMMENT : RC_UNKNOWN_NAME);
}

/* What is asked for now is done when the host has the address that it lacks. */
static bool waits_for_address(struct ike *ike, struct loaded *l, const char *what,
			      uint64_t cause)
{
	struct about a = about_loaded(l, cause);

	if (!policy_waits_for_address(ike->policy, l))
		return false;
	tell(ike, &a, REPORT_INFO, RC_COMMENT, "waits", NULL,
	     "it is %s as soon as this host has the address of one end", what);
	return true;
}

static void up_one(struct ike *ike, struct loaded *l, struct command_wait *w)
{
	bool was_routed = l->routed;
	uint16_t code;

	/* ipsec_auto(8): bringing it up also routes it, and it stays routed. */
	l->routed |= !l->is_template && l->local >= 0 && !connection_is_open(l->connection);
	code = up_begin(ike, l, w->cause);
	if (!code || (code == RC_NOPEERIP && !l->is_template))
		l->want_up = true;
	else if (code == RC_ORIENT && waits_for_address(ike, l, "brought up", w->cause))
		l->want_up = l->routed = true;
	else
		l->routed = was_routed;
	/*
	 * It begins when its name has an address; the look-up is tried again as a try would
	 * be.
	 */
	if (code == RC_NOPEERIP && l->want_up)
		up_failed(ike, l, code);
	if (code)
		note(w, code);
	else if (up_wait(l, w))
		note(w, RC_INTERNALERR);
}

static void command_up(struct ike *ike, const struct event *ev)
{
	struct loaded *list[NAMES_MAX];
	size_t n = resolve(ike, ev, list);
	struct command_wait *w = n ? wait_new(ike, ev->cause) : NULL;

	if (!n) {
		done(ike, ev, RC_UNKNOWN_NAME);
		return;
	}
	if (!w) {
		no_memory(ike, ev);
		return;
	}
	w->code = RC_SUCCESS;
	for (size_t i = 0; i < n; i++)
		up_one(ike, list[i], w);
	wait_ready(w);
}

/* What of a connection is up, and what of that the peer has brought up. */
struct standing {
	size_t all, theirs;
	bool tried;
};

static void count_standing(const struct loaded *l, struct standing *s)
{
	const struct upward *up = l->core;

	s->tried |= l->want_up || (up && up->asked_sa);
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state == CHILD_UP) {
			s->all++;
			s->theirs += !l->want_up && !child->sa->initiator;
		}
}

static struct standing standing_of(const struct loaded *l)
{
	struct standing s = {0};
	struct loaded *net = NULL;

	count_standing(l, &s);
	LIST_EACH(instance, &l->instances, struct loaded, sibling)
		count_standing(instance, &s);
	while (l->is_group && (net = policy_group_next(l, net)))
		LIST_EACH(peer, &net->instances, struct loaded, sibling)
			count_standing(peer, &s);
	return s;
}

/* What --down has done; and that the other end may undo it. */
static void tell_down(struct ike *ike, const struct about *a, const struct standing *s)
{
	const char *more = s->theirs
				   ? "; the peer had brought it up and will try again, unless "
				     "it is taken down there as well"
				   : "";

	if (s->all == 1)
		tell(ike, a, REPORT_INFO, RC_COMMENT, "taken-down", NULL,
		     "its tunnel is taken down%s", more);
	else if (s->all)
		tell(ike, a, REPORT_INFO, RC_COMMENT, "taken-down", NULL,
		     "its %zu tunnels are taken down%s", s->all, more);
	else
		tell(ike, a, REPORT_INFO, RC_COMMENT, "not-up", NULL,
		     s->tried ? "it was not up, and is not tried any more"
			      : "nothing of it was up");
}

static void command_down(struct ike *ike, const struct event *ev)
{
	struct loaded *list[NAMES_MAX];
	size_t n = resolve(ike, ev, list);
	struct command_wait *w = n ? wait_new(ike, ev->cause) : NULL;

	if (!n) {
		done(ike, ev, RC_UNKNOWN_NAME);
		return;
	}
	if (!w) {
		no_memory(ike, ev);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct about a = about_loaded(list[i], ev->cause);
		struct standing s;

		tell(ike, &a, REPORT_INFO, RC_LOG, "down", NULL,
		     "terminating SAs using this connection");
		s = standing_of(list[i]);
		tell_down(ike, &a, &s);
		take_down(ike, list[i], w);
	}
	timers_command(w, ike->now + ike->settings.shutdown_time);
	wait_ready(w);
}

static uint16_t route_one(struct ike *ike, struct loaded *l, struct command_wait *w)
{
	uint64_t cause = w->cause;
	struct about a = about_loaded(l, cause);
	struct diag why;

	diag_clear(&why);
	if (!ike->listening) {
		tell(ike, &a, REPORT_ERROR, RC_DEAF, "not-listening", NULL,
		     "need \"ipsec auto --ready\" before routing: its packets could not bring it up");
		return RC_DEAF;
	}
	if (l->is_group)
		return group_route(ike, l, w);
	if (l->local < 0) {
		policy_explain_orientation(ike->policy, l, &why);
		tell(ike, &a, REPORT_ERROR, RC_ORIENT, "not-oriented", &why, "cannot route: %s",
		     why.sentence);
		l->routed = waits_for_address(ike, l, "routed", cause);
		return RC_ORIENT;
	}
	if (!l->ts_local.len || !l->ts_remote.len) {
		tell(ike, &a, REPORT_ERROR, RC_ROUTE, "no-selectors", NULL,
		     "cannot route: the peer's networks are not known");
		return RC_ROUTE;
	}
	l->routed = true;
	/* What is up gets its trap for the rest of the selectors. */
	if (l->spd == SPD_PROTECT)
		policy_set_spd(ike->policy, l, SPD_PROTECT, 0, ike->out);
	if (l->spd != SPD_NONE)
		return RC_COMMENT;
	if (policy_claim(ike->policy, l, &l->ts_local, &l->ts_remote, &why)) {
		l->routed = false;
		tell(ike, &a, REPORT_ERROR, RC_ROUTE, "cannot-route", &why, "cannot route: %s",
		     why.sentence);
		return RC_ROUTE;
	}
	if (updown_set_spd(ike, l, policy_resting(l, false), 0, cause))
		return RC_COMMENT;
	l->routed = false;
	return RC_INTERNALERR;
}

/* Its updown programs, if it has any, have the last word. */
static void command_route(struct ike *ike, const struct event *ev)
{
	struct loaded *list[NAMES_MAX];
	size_t n = resolve(ike, ev, list);
	struct command_wait *w = n ? wait_new(ike, ev->cause) : NULL;

	if (!w) {
		done(ike, ev, n ? RC_INTERNALERR : RC_UNKNOWN_NAME);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint16_t code = route_one(ike, list[i], w);

		if (is_success(code) && updown_wait(list[i], w))
			code = RC_INTERNALERR;
		note(w, code);
	}
	wait_ready(w);
}

static uint16_t unroute_one(struct ike *ike, struct loaded *l, uint64_t cause)
{
	struct about a = about_loaded(l, cause);

	if (l->is_group) {
		group_unroute(ike, l);
		return RC_COMMENT;
	}
	if (children_stand(l)) {
		tell(ike, &a, REPORT_ERROR, RC_RTBUSY, "in-use", NULL,
		     "cannot unroute: the connection is up, bring it down first");
		return RC_RTBUSY;
	}
	l->routed = false;
	if (l->core)
		up_of(l)->reroute = false;
	updown_set_spd(ike, l, SPD_NONE, 0, cause);
	return RC_COMMENT;
}

/* Commands that are over at once for each connection of the name. */
static void for_each(struct ike *ike, const struct event *ev,
		     uint16_t (*one)(struct ike *ike, struct loaded *l, uint64_t cause))
{
	struct loaded *list[NAMES_MAX];
	size_t n = resolve(ike, ev, list);
	uint16_t code = n ? RC_COMMENT : RC_UNKNOWN_NAME;

	for (size_t i = 0; i < n; i++) {
		uint16_t got = one(ike, list[i], ev->cause);

		if (is_success(code))
			code = got;
	}
	done(ike, ev, code);
}

static uint16_t rekey_ike_one(struct ike *ike, struct loaded *l, uint64_t cause)
{
	struct task t = {.kind = EX_REKEY_IKE, .cause = cause};
	struct about a = about_loaded(l, cause);
	bool any = false;

	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		any |= sa_is_up(sa) && !task_add(sa, &t);
	if (any)
		return RC_COMMENT;
	tell(ike, &a, REPORT_ERROR, RC_LOG_SERIOUS, "not-up", NULL,
	     "there is no IKE SA to rekey");
	return RC_LOG_SERIOUS;
}

static uint16_t rekey_child_one(struct ike *ike, struct loaded *l, uint64_t cause)
{
	struct about a = about_loaded(l, cause);
	bool any = false;

	LIST_EACH(child, &l->children, struct child_sa, on_connection) {
		struct task t = {.kind = EX_REKEY_CHILD,
				 .child = child->serial,
				 .cause = cause};

		any |= child->state == CHILD_UP && !task_add(child->sa, &t);
	}
	if (any)
		return RC_COMMENT;
	tell(ike, &a, REPORT_ERROR, RC_LOG_SERIOUS, "not-up", NULL,
	     "there is no IPsec SA to rekey");
	return RC_LOG_SERIOUS;
}

static uint16_t delete_ike_one(struct ike *ike, struct loaded *l, uint64_t cause)
{
	return close_ike(ike, l, false, cause);
}

static uint16_t delete_child_one(struct ike *ike, struct loaded *l, uint64_t cause)
{
	return close_children(ike, l, false, cause);
}

static uint16_t down_ike_one(struct ike *ike, struct loaded *l, uint64_t cause)
{
	return close_ike(ike, l, true, cause);
}

static uint16_t down_child_one(struct ike *ike, struct loaded *l, uint64_t cause)
{
	return close_children(ike, l, true, cause);
}

/* What should be up and waits for the door to open. */
void command_start_wanted(struct ike *ike)
{
	for (struct loaded *l = policy_next(ike->policy, NULL), *next; l; l = next) {
		struct upward *up = l->core;

		next = policy_next(ike->policy, l);
		up_set_trap_now(ike, l);
		if (!l->want_up || children_stand(l) || (up && up->asked_sa) || l->local < 0 ||
		    !ip_is_set(&l->remote_addr))
			continue;
		if (up_begin(ike, l, up ? up->cause : 0))
			continue;
	}
}

/* The command is done when the files of all groups were read. */
static void reread_groups(struct ike *ike, const struct event *ev)
{
	struct command_wait *w = wait_new(ike, ev->cause);

	if (!w) {
		no_memory(ike, ev);
		return;
	}
	w->code = RC_COMMENT;
	group_ask_all(ike, w);
	wait_ready(w);
}

static void command_listen(struct ike *ike, const struct event *ev)
{
	struct about a = about_command(ike, ev->cause);

	if (!ike->listening)
		tell(ike, &a, REPORT_NOTICE, RC_LOG, "listening", NULL,
		     "listening for IKE messages");
	ike->listening = true;
	names_ask(ike);
	command_start_wanted(ike);
	reread_groups(ike, ev);
}

static void command_unlisten(struct ike *ike, const struct event *ev)
{
	struct about a = about_command(ike, ev->cause);

	if (ike->listening)
		tell(ike, &a, REPORT_NOTICE, RC_LOG, "not-listening", NULL,
		     "no longer listening for IKE messages");
	ike->listening = false;
	done(ike, ev, RC_COMMENT);
}

static void command_resolve(struct ike *ike, const struct event *ev)
{
	names_ask(ike);
	done(ike, ev, RC_COMMENT);
}

static void command_shutdown(struct ike *ike, const struct event *ev)
{
	struct command_wait *w = wait_new(ike, ev->cause);
	uint64_t serial = 0;
	struct ike_sa *sa;

	ike->stopping = true;
	if (!w) {
		no_memory(ike, ev);
		return;
	}
	for (struct loaded *l = policy_next(ike->policy, NULL); l;
	     l = policy_next(ike->policy, l)) {
		l->want_up = false;
		up_give_up(ike, l, "pluto stops");
	}
	while ((sa = roster_after(&ike->sas, serial))) {
		serial = sa->serial;
		sa_close(sa);
		wait_for_sa(w, serial);
	}
	for (struct loaded *l = policy_next(ike->policy, NULL); l;
	     l = policy_next(ike->policy, l))
		updown_end(ike, l);
	timers_command(w, ike->now + ike->settings.shutdown_time);
	wait_ready(w);
}

static void command_delete_state(struct ike *ike, const struct event *ev)
{
	struct about a = about_command(ike, ev->cause);
	struct ike_sa *sa = sa_by_serial(ike, ev->command.serial);
	struct child_sa *child = child_by_serial(ike, ev->command.serial);

	if (child && child->state == CHILD_UP)
		child_close(child, GONE_PEER);
	else if (sa)
		sa_remove(sa);
	else
		tell(ike, &a, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-state", NULL,
		     "there is no state #%llu", (unsigned long long)ev->command.serial);
	done(ike, ev, child || sa ? RC_COMMENT : RC_UNKNOWN_NAME);
}

static void command_crash(struct ike *ike, const struct event *ev)
{
	uint64_t serial = 0;
	struct ike_sa *sa;

	while ((sa = roster_after(&ike->sas, serial))) {
		serial = sa->serial;
		if (ip_equal(&sa->remote.addr, &ev->command.addr))
			sa_lost(sa, LOST_NO_ANSWER);
	}
	done(ike, ev, RC_COMMENT);
}

/* Each is done as a whole, or is over at once for each connection of the name. */
static const struct run {
	void (*whole)(struct ike *ike, const struct event *ev);
	uint16_t (*each)(struct ike *ike, struct loaded *l, uint64_t cause);
} runs[] = {
	[CMD_ADD] = {.whole = command_add},
	[CMD_REPLACE] = {.whole = command_replace},
	[CMD_DELETE] = {.whole = command_delete},
	[CMD_UP] = {.whole = command_up},
	[CMD_DOWN] = {.whole = command_down},
	[CMD_ROUTE] = {.whole = command_route},
	[CMD_UNROUTE] = {.each = unroute_one},
	[CMD_DELETE_IKE] = {.each = delete_ike_one},
	[CMD_DELETE_CHILD] = {.each = delete_child_one},
	[CMD_DOWN_IKE] = {.each = down_ike_one},
	[CMD_DOWN_CHILD] = {.each = down_child_one},
	[CMD_LISTEN] = {.whole = command_listen},
	[CMD_UNLISTEN] = {.whole = command_unlisten},
	[CMD_RESOLVE] = {.whole = command_resolve},
	[CMD_REREAD_GROUPS] = {.whole = reread_groups},
	[CMD_REKEY_IKE] = {.each = rekey_ike_one},
	[CMD_REKEY_CHILD] = {.each = rekey_child_one},
	[CMD_SHUTDOWN] = {.whole = command_shutdown},
	[CMD_DELETE_STATE] = {.whole = command_delete_state},
	[CMD_CRASH] = {.whole = command_crash},
};

void command_run(struct ike *ike, const struct event *ev)
{
	struct run none = {0};
	struct run run = ev->command.kind < sizeof(runs) / sizeof(runs[0])
				 ? runs[ev->command.kind]
				 : none;

	if (run.whole)
		run.whole(ike, ev);
	else if (run.each)
		for_each(ike, ev, run.each);
	else
		done(ike, ev, RC_WHACK_PROBLEM);
}
