/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/load.h"

#include "conn/internal.h"
#include "ike/ahead.h"
#include "ike/child.h"
#include "ike/command.h"
#include "ike/core.h"
#include "ike/down.h"
#include "ike/group.h"
#include "ike/names.h"
#include "ike/obstacle.h"
#include "ike/pairs.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/updown.h"

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
	return host_has_name(&c->end[0].host) || host_has_name(&c->end[1].host);
}

/* What it asks for and the plane can't do. */
static void tell_unhandled(struct ike *ike, const struct about *a, const struct connection *c)
{
	struct plane_reach can = obstacle_reach(ike);
	struct diag why;
	size_t at = 0;

	while (connection_unhandled(c, &can, &at, &why))
		tell(ike, a, REPORT_WARNING, RC_COMMENT, why.code, NULL, "%s", why.sentence);
}

/* What keeps it from ever coming up as things are; it is loaded all the same. */
static void tell_obstacles(struct ike *ike, const struct about *a, const struct loaded *l)
{
	const struct connection *c = l->connection;
	struct diag why;

	if (c->manual)
		tell(ike, a, REPORT_WARNING, RC_COMMENT, "manual", NULL,
		     "it is keyed by hand: its keys never change, and who learns them reads all "
		     "that was and will be sent");
	tell_unhandled(ike, a, c);
	/* Where the description tells which end is here, who reads ipsec.conf has told it. */
	diag_clear(&why);
	if (connection_own_pool(c, l->local, &why))
		tell(ike, a, REPORT_WARNING, connection_sure_end(c) < 0 ? RC_COMMENT : RC_LOG,
		     why.code, &why, "%s", why.sentence);
	if (l->local >= 0 || waits_for_a_name(c))
		return;
	diag_clear(&why);
	policy_explain_orientation(ike->policy, l->connection, &why);
	if (ike->listening)
		tell(ike, a, REPORT_WARNING, RC_COMMENT, "not-oriented", &why,
		     "it cannot be used here: %s", why.sentence);
}

static void tell_oddities(struct ike *ike, const struct about *a, const struct connection *c)
{
	struct diag why;

	tell_weak(ike, a, "ike", c->ike);
	tell_weak(ike, a, "esp", c->esp);
	if (connection_eap_weak(c, &why))
		tell(ike, a, REPORT_WARNING, RC_LOG, "weak-algorithm", &why, "%s",
		     why.sentence);
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

/* *ret is what was loaded. */
static uint16_t load(struct ike *ike, const struct event *ev, bool routed, struct loaded **ret)
{
	struct connection *c = ev->command.connection;
	struct about a = about_command(ev->cause);
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
	*ret = l;
	return RC_COMMENT;
}

/* A group is loaded when its networks are; keys that are to be had ahead are waited for a little. */
static void load_all(struct ike *ike, const struct event *ev, bool routed)
{
	struct loaded *l = NULL;
	uint16_t code = load(ike, ev, routed, &l);
	bool waits = l && (l->is_group || ahead_concerns(l));
	struct command_wait *w = waits ? command_wait_new(ike, ev->cause) : NULL;

	if (l && !pairs_settle(ike, ev, l))
		code = RC_ORIENT;

	if (!waits) {
		command_done(ike, ev, code);
		return;
	}
	if (!w) {
		command_no_memory(ike, ev);
		return;
	}
	w->code = code;
	if (l->is_group)
		group_ask(ike, l, w);
	ahead_ask(ike, l, w);
	command_wait_ready(w);
}

void load_command(struct ike *ike, const struct event *ev)
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
		command_no_memory(ike, ev);
		return;
	}
	if (same || children_stand(l))
		tell(ike, &a, REPORT_INFO, RC_LOG, "unchanged", NULL,
		     "\"%s\" is loaded like this already%s", l->connection->name,
		     same ? "" : ", but for auto=; its tunnel stays");
	else
		tell(ike, &a, REPORT_INFO, RC_LOG, "loaded", NULL,
		     "\"%s\" is loaded like this already, but for auto=", l->connection->name);
	command_done(ike, ev, pairs_settle(ike, ev, l) ? RC_COMMENT : RC_ORIENT);
}

/*
 * What carries packets stays when its successor could not, and no name or address that may come
 * would change that. True: so it is, and that is told.
 */
static bool refuse_misfit(struct ike *ike, const struct event *ev, const struct loaded *l)
{
	struct connection *c = ev->command.connection;
	struct about a = about_loaded(l, ev->cause);
	struct diag why;

	diag_clear(&why);
	if (l->local < 0 || waits_for_a_name(c) ||
	    policy_explain_orientation(ike->policy, c, &why))
		return false;
	diag_hint(
		&why,
		"correct left= or right=; if it is meant so, --delete it first and --add it then");
	tell(ike, &a, REPORT_ERROR, RC_ORIENT, "not-oriented", &why,
	     "it is in use and not replaced: %s", why.sentence);
	connection_unref(c);
	command_done(ike, ev, RC_ORIENT);
	return true;
}

/* The version in force stays, tunnel and all, until the new one could take its place. */
static void put_off(struct ike *ike, const struct event *ev, struct loaded *l)
{
	struct connection *c = ev->command.connection;
	struct about a = about_loaded(l, ev->cause);
	struct diag why;

	if (policy_await(ike->policy, l, c)) {
		connection_unref(c);
		command_no_memory(ike, ev);
		return;
	}
	diag_clear(&why);
	policy_explain_wait(ike->policy, c, &why);
	tell(ike, &a, REPORT_WARNING, RC_COMMENT, "put-off", &why,
	     "it stays as it was, and what is described now follows by itself later: %s",
	     why.sentence);
	names_ask(ike);
	command_done(ike, ev, pairs_settle(ike, ev, l) ? RC_COMMENT : RC_ORIENT);
}

/* The old one goes, but for what can stand until the new one's entry does. */
static void swap(struct ike *ike, const struct event *ev, struct loaded *l, bool routed)
{
	if (l && !l->instance && keeps_its_place(l, routed)) {
		down_one(ike, l, NULL, "it was replaced");
		down_let_go(l);
		load_all(ike, ev, routed);
		policy_await_no_more(ike->policy, l); /* names that both have stay known */
		return;
	}
	if (l && !l->instance)
		down_forget_all(ike, l, "it was replaced");
	load_all(ike, ev, routed);
}

/*
 * As delete and add (ipsec_auto(8)), but an identical description changes nothing, and what
 * was routed or up stays routed. Its updown programs, if it has any, are told of a new route.
 */
void load_replace_command(struct ike *ike, const struct event *ev)
{
	struct connection *c = ev->command.connection;
	struct loaded *l = policy_find(ike->policy, c->name);
	bool routed = l &&
		      (l->routed || (children_stand(l) && !connection_is_open(l->connection)));

	if (l && !l->instance && connection_alike(l->connection, c)) {
		policy_await_no_more(ike->policy, l);
		keep(ike, ev, l);
		return;
	}
	if (l && !l->instance && (routed || children_stand(l) || !list_empty(&l->instances)) &&
	    !policy_has_place(ike->policy, c)) {
		if (!refuse_misfit(ike, ev, l))
			put_off(ike, ev, l);
		return;
	}
	swap(ike, ev, l, routed);
}

void load_awaited(struct ike *ike)
{
	struct loaded *l;

	while ((l = policy_find_ready(ike->policy))) {
		struct connection *c = policy_awaited(l);
		const struct connection *held = connection_ref(c);
		bool wanted = l->want_up || c->start == START_UP;
		struct event ev = {.kind = EV_COMMAND, .now = ike->now};

		connection_ref(c); /* the command's own */
		ev.command = (struct command){.kind = CMD_REPLACE,
					      .name = held->name,
					      .connection = c};
		load_replace_command(ike, &ev);
		l = policy_find(ike->policy, held->name);
		if (l)
			l->want_up = wanted;
		connection_unref(held);
	}
}
