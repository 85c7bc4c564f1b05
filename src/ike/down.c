/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/down.h"

#include "ike/child.h"
#include "ike/command.h"
#include "ike/core.h"
#include "ike/lost.h"
#include "ike/manual.h"
#include "ike/sa.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/updown.h"

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

		/* What waits for one that is being negotiated can begin its own. */
		if (!sa_is_begun(sa) && !sa_belongs_to(sa, l)) {
			hand_over(sa, l);
			continue;
		}
		sa_close(sa);
		if (w)
			command_wait_for_sa(w, serial);
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

void down_one(struct ike *ike, struct loaded *l, struct command_wait *w, const char *why)
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
	manual_end(l);
	/* Held for a try, or set for a child that was still in the making. */
	if (!children_stand(l) && (l->spd == SPD_HOLD || l->spd == SPD_PROTECT))
		up_rest(ike, l, false);
	up->pinned = false;
	up_release(ike, l);
}

/* Instances first: they go away with their last SA. */
static void down_with_instances(struct ike *ike, struct loaded *l, struct command_wait *w,
				const char *why)
{
	LIST_EACH(instance, &l->instances, struct loaded, sibling)
		down_one(ike, instance, w, why);
	down_one(ike, l, w, why);
}

void down_let_go(struct loaded *l)
{
	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		sa_set_loaded(sa, NULL);
	up_done(l);
}

/* For good. */
static void forget(struct ike *ike, struct loaded *l)
{
	down_let_go(l);
	updown_set_spd(ike, l, SPD_NONE, 0, 0);
	policy_remove(ike->policy, l, ike->out);
}

static void forget_one(struct ike *ike, struct loaded *l, const char *why)
{
	down_with_instances(ike, l, NULL, why);
	LIST_EACH(instance, &l->instances, struct loaded, sibling)
		forget(ike, instance);
	forget(ike, l);
}

void down_forget(struct ike *ike, struct loaded *l)
{
	forget_one(ike, l, "it was deleted");
}

/* A group's networks first: they are no more without it. */
void down_forget_all(struct ike *ike, struct loaded *l, const char *why)
{
	struct loaded *net;

	while (l->is_group && (net = policy_group_next(l, NULL)))
		forget_one(ike, net, why);
	forget_one(ike, l, why);
}

/* As down_with_instances, and of a group all its networks. */
static void down_all(struct ike *ike, struct loaded *l, struct command_wait *w)
{
	struct loaded *net = NULL;

	while (l->is_group && (net = policy_group_next(l, net)))
		down_with_instances(ike, net, w, "it was taken down");
	down_with_instances(ike, l, w, "it was taken down");
}

void down_delete_command(struct ike *ike, const struct event *ev)
{
	struct loaded *list[COMMAND_NAMES_MAX];
	size_t n = command_named(ike, ev, list);

	for (size_t i = 0; i < n; i++) {
		struct about a = about_loaded(list[i], ev->cause);

		tell(ike, &a, REPORT_INFO, RC_LOG, "deleted", NULL, "deleting connection");
		if (list[i]->instance)
			down_one(ike, list[i], NULL, "it was deleted");
		else
			down_forget_all(ike, list[i], "it was deleted");
	}
	command_done(ike, ev, n ? RC_COMMENT : RC_UNKNOWN_NAME);
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
	s->all += manual_is_up(l);
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

void down_command(struct ike *ike, const struct event *ev)
{
	struct loaded *list[COMMAND_NAMES_MAX];
	struct command_wait *w = NULL;
	size_t n = command_begin(ike, ev, list, &w);

	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		struct about a = about_loaded(list[i], ev->cause);
		struct standing s;

		tell(ike, &a, REPORT_INFO, RC_LOG, "down", NULL,
		     "terminating SAs using this connection");
		s = standing_of(list[i]);
		tell_down(ike, &a, &s);
		down_all(ike, list[i], w);
	}
	timers_command(w, ike->now + ike->settings.shutdown_time);
	command_wait_ready(w);
}
