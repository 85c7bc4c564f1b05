/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/command.h"

#include "ike/child.h"
#include "ike/close.h"
#include "ike/core.h"
#include "ike/down.h"
#include "ike/elsewhere.h"
#include "ike/group.h"
#include "ike/load.h"
#include "ike/lost.h"
#include "ike/manual.h"
#include "ike/names.h"
#include "ike/obstacle.h"
#include "ike/sa.h"
#include "ike/tell.h"
#include "ike/trap.h"
#include "ike/up.h"
#include "ike/updown.h"

#include <string.h>

size_t command_named(struct ike *ike, const struct event *ev,
		     struct loaded *out[COMMAND_NAMES_MAX])
{
	struct about a = about_command(ev->cause);
	const char *name = ev->command.name ? ev->command.name : "";
	size_t n = policy_resolve(ike->policy, name, out, COMMAND_NAMES_MAX);

	if (!n && (ev->command.kind == CMD_UP || ev->command.kind == CMD_ROUTE))
		tell(ike, &a, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-name", NULL,
		     "no connection named \"%s\" is loaded: load it with \"ipsec auto --add %s\"",
		     name, name);
	else if (!n)
		tell(ike, &a, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-name", NULL,
		     "no connection named \"%s\" is loaded: \"ipsec auto --status\" lists those "
		     "that are",
		     name);
	else if (n > 1)
		tell(ike, &a, REPORT_INFO, RC_COMMENT, "alias", NULL,
		     "\"%s\" is an alias of %zu connections", name, n);
	return n;
}

void command_done(struct ike *ike, const struct event *ev, uint16_t code)
{
	tell_done(ike, ev->cause, code);
}

void command_no_memory(struct ike *ike, const struct event *ev)
{
	command_done(ike, ev, RC_INTERNALERR);
}

size_t command_begin(struct ike *ike, const struct event *ev,
		     struct loaded *out[COMMAND_NAMES_MAX], struct command_wait **ret_wait)
{
	size_t n = command_named(ike, ev, out);
	struct command_wait *w;

	if (!n) {
		command_done(ike, ev, RC_UNKNOWN_NAME);
		return 0;
	}
	w = command_wait_new(ike, ev->cause);
	if (!w) {
		command_no_memory(ike, ev);
		return 0;
	}
	*ret_wait = w;
	return n;
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
		command_note(w, code);
	else if (up_wait(l, w))
		command_note(w, RC_INTERNALERR);
}

static void command_up(struct ike *ike, const struct event *ev)
{
	struct loaded *list[COMMAND_NAMES_MAX];
	struct command_wait *w = NULL;
	size_t n = command_begin(ike, ev, list, &w);

	if (!n)
		return;
	w->code = RC_SUCCESS;
	for (size_t i = 0; i < n; i++)
		up_one(ike, list[i], w);
	command_wait_ready(w);
}

/* Its peer's own address is what is to be reached, and only a name of it is known. */
static bool waits_for_name(const struct loaded *l)
{
	return !l->ts_remote.len && host_has_name(&l->connection->end[!l->local].host);
}

/* A tunnel keeps its packets: what is routed beside it waits behind it. */
static void tell_ahead(struct ike *ike, const struct loaded *l, uint64_t cause)
{
	const struct loaded *ahead = policy_ahead(ike->policy, l);
	struct about a = about_loaded(l, cause);

	if (ahead && ahead->spd == SPD_PROTECT && l->spd != SPD_PROTECT)
		tell(ike, &a, REPORT_NOTICE, RC_COMMENT, "routed-behind", NULL,
		     "routed behind %s, which is up for the same networks and peer: packets go "
		     "there until it goes down",
		     ahead->connection->name);
}

static uint16_t route_one(struct ike *ike, struct loaded *l, struct command_wait *w)
{
	uint64_t cause = w->cause;
	struct about a = about_loaded(l, cause);
	char host[HOST_SHOWN];
	struct diag why;

	diag_clear(&why);
	if (!ike->listening) {
		tell(ike, &a, REPORT_ERROR, RC_DEAF, "not-listening", NULL,
		     "need \"ipsec auto --ready\" before routing: its packets could not bring it up");
		return RC_DEAF;
	}
	if (l->local < 0) {
		policy_explain_orientation(ike->policy, l->connection, &why);
		tell(ike, &a, REPORT_ERROR, RC_ORIENT, "not-oriented", &why, "cannot route: %s",
		     why.sentence);
		l->routed = waits_for_address(ike, l, "routed", cause);
		return RC_ORIENT;
	}
	/* Without its marks it would take packets that it is not for. */
	if (obstacle_in_plane(ike, l->connection, &why) && !strcmp(why.code, "no-scope")) {
		tell(ike, &a, REPORT_ERROR, RC_NOALGO, why.code, NULL, "cannot route: %s",
		     why.sentence);
		return RC_NOALGO;
	}
	diag_clear(&why);
	if (l->is_group)
		return group_route(ike, l, w);
	if (waits_for_name(l)) {
		tell(ike, &a, REPORT_ERROR, RC_NOPEERIP, "no-peer-address", NULL,
		     "cannot route: no address of %s is known yet; route it when the name can be "
		     "looked up",
		     host_text(&l->connection->end[!l->local].host, host, sizeof(host)));
		return RC_NOPEERIP;
	}
	if (!l->ts_remote.len && l->connection->end[!l->local].host.kind == HOST_NETS) {
		tell(ike, &a, REPORT_ERROR, RC_NOPEERIP, "no-peer-address", NULL,
		     "cannot route: %s=%s has no one host that packets could begin with: write "
		     "its address before the networks (%s=ADDRESS,NETWORK), or --add it and let "
		     "the peer begin",
		     connection_side(!l->local),
		     host_text(&l->connection->end[!l->local].host, host, sizeof(host)),
		     connection_side(!l->local));
		return RC_NOPEERIP;
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
	if (trap_set(ike, l, w)) {
		tell_ahead(ike, l, cause);
		return RC_COMMENT;
	}
	l->routed = false;
	return RC_INTERNALERR;
}

/* Its updown programs, if it has any, have the last word. */
static void command_route(struct ike *ike, const struct event *ev)
{
	struct loaded *list[COMMAND_NAMES_MAX];
	struct command_wait *w = NULL;
	size_t n = command_begin(ike, ev, list, &w);

	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		uint16_t code = route_one(ike, list[i], w);

		if (command_is_success(code) && updown_wait(list[i], w))
			code = RC_INTERNALERR;
		command_note(w, code);
	}
	command_wait_ready(w);
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
	struct loaded *list[COMMAND_NAMES_MAX];
	size_t n = command_named(ike, ev, list);
	uint16_t code = n ? RC_COMMENT : RC_UNKNOWN_NAME;

	for (size_t i = 0; i < n; i++) {
		uint16_t got = one(ike, list[i], ev->cause);

		if (command_is_success(code))
			code = got;
	}
	command_done(ike, ev, code);
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

/* What should be up and waits until this host listens. */
void command_start_wanted(struct ike *ike)
{
	for (struct loaded *l = policy_next(ike->policy, NULL), *next; l; l = next) {
		struct upward *up = l->core;

		next = policy_next(ike->policy, l);
		up_set_trap_now(ike, l);
		if (!l->want_up || children_stand(l) || (up && up->asked_sa) || l->local < 0 ||
		    !ip_is_set(&l->remote_addr) || elsewhere_puts_off(ike, l))
			continue;
		if (up_begin(ike, l, up ? up->cause : 0))
			continue;
	}
}

/* The command is done when the files of all groups were read. */
static void reread_groups(struct ike *ike, const struct event *ev)
{
	struct command_wait *w = command_wait_new(ike, ev->cause);

	if (!w) {
		command_no_memory(ike, ev);
		return;
	}
	w->code = RC_COMMENT;
	group_ask_all(ike, w);
	command_wait_ready(w);
}

static void command_listen(struct ike *ike, const struct event *ev)
{
	struct about a = about_command(ev->cause);

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
	struct about a = about_command(ev->cause);

	if (ike->listening)
		tell(ike, &a, REPORT_NOTICE, RC_LOG, "not-listening", NULL,
		     "no longer listening for IKE messages");
	ike->listening = false;
	command_done(ike, ev, RC_COMMENT);
}

static void command_resolve(struct ike *ike, const struct event *ev)
{
	names_ask(ike);
	command_done(ike, ev, RC_COMMENT);
}

static void command_shutdown(struct ike *ike, const struct event *ev)
{
	struct command_wait *w = command_wait_new(ike, ev->cause);
	uint64_t serial = 0;
	struct ike_sa *sa;

	ike->stopping = true;
	if (!w) {
		command_no_memory(ike, ev);
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
		command_wait_for_sa(w, serial);
	}
	for (struct loaded *l = policy_next(ike->policy, NULL); l;
	     l = policy_next(ike->policy, l)) {
		updown_end(ike, l);
		manual_end(l);
	}
	timers_command(w, ike->now + ike->settings.shutdown_time);
	command_wait_ready(w);
}

static void command_delete_state(struct ike *ike, const struct event *ev)
{
	struct about a = about_command(ev->cause);
	struct ike_sa *sa = sa_by_serial(ike, ev->command.serial);
	struct child_sa *child = child_by_serial(ike, ev->command.serial);

	if (child && child->state == CHILD_UP)
		child_close(child, GONE_PEER);
	else if (sa)
		sa_remove(sa);
	else
		tell(ike, &a, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-state", NULL,
		     "there is no state #%llu", (unsigned long long)ev->command.serial);
	command_done(ike, ev, child || sa ? RC_COMMENT : RC_UNKNOWN_NAME);
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
	command_done(ike, ev, RC_COMMENT);
}

/* Each is done as a whole, or is over at once for each connection of the name. */
static const struct run {
	void (*whole)(struct ike *ike, const struct event *ev);
	uint16_t (*each)(struct ike *ike, struct loaded *l, uint64_t cause);
} runs[] = {
	[CMD_ADD] = {.whole = load_command},
	[CMD_REPLACE] = {.whole = load_replace_command},
	[CMD_DELETE] = {.whole = down_delete_command},
	[CMD_UP] = {.whole = command_up},
	[CMD_KEY] = {.whole = manual_key},
	[CMD_DOWN] = {.whole = down_command},
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
		command_done(ike, ev, RC_WHACK_PROBLEM);
}
