/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/crossing.h"

#include "ike/core.h"
#include "ike/lost.h"
#include "ike/tell.h"
#include "ike/up.h"

/*
 * How long after ours came up a child of the peer may have been begun before:
 * our request made it drop its own unless that had left already, and then it comes
 * within the time of all its retransmissions.
 */
#define CROSSING_TIME (90 * NSEC_PER_SEC)

/* ---- which of two ---- */

static bool covers(const struct child_sa *a, const struct ts_set *local,
		   const struct ts_set *remote)
{
	return ts_set_contains(&a->ts_local, local) && ts_set_contains(&a->ts_remote, remote);
}

/* Clones (clone.h) are for single processors, and rivals of nobody. */
static bool same_work(const struct child_sa *a, const struct child_sa *b)
{
	return !a->processor && !b->processor && covers(a, &b->ts_local, &b->ts_remote) &&
	       covers(b, &a->ts_local, &a->ts_remote);
}

static uint32_t lowest_spi(const struct child_sa *child)
{
	return child->spi_in < child->spi_out ? child->spi_in : child->spi_out;
}

bool crossing_is_whole(const struct child_sa *child)
{
	return child->loaded &&
	       covers(child, &child->loaded->ts_local, &child->loaded->ts_remote);
}

/* ---- a try that is moot ---- */

/* Whether the request that makes the child may have reached the peer. */
static bool may_be_answered(const struct ike_sa *sa, const struct loaded *l)
{
	const struct exchange *x = sa->window.ours;

	if (!x || x->phase == PHASE_PREPARING)
		return false;
	if (x->kind == EX_AUTH)
		return sa->loaded == l;
	return x->kind == EX_NEW_CHILD && x->child && x->child->loaded == l;
}

static void drop_new_child(struct ike_sa *sa, const struct loaded *l)
{
	struct exchange *x = sa->window.ours;

	tasks_drop(sa, 0, l);
	if (!x || x->kind != EX_NEW_CHILD || !x->child || x->child->loaded != l)
		return;
	exchange_close(x);
	window_next(sa);
}

bool crossing_drop_try(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;
	struct ike_sa *sa = sa_by_serial(ike, up->asked_sa);
	struct about a = about_loaded(l, up->cause);

	if (!sa || may_be_answered(sa, l))
		return false;
	tell(ike, &a, REPORT_INFO, RC_LOG, "crossing", NULL,
	     "the peer began at the same time and was first: our own try #%llu is dropped",
	     (unsigned long long)sa->serial);
	up->asked_sa = 0;
	if (sa_is_up(sa) || sa->loaded != l)
		drop_new_child(sa, l); /* it waited for another's */
	else
		sa_close(sa);
	return true;
}

/* ---- two children ---- */

/* The later of the two may have been begun when the earlier one was not known to its end. */
static bool crosses(const struct child_sa *later, const struct child_sa *earlier)
{
	if (later->initiator)
		return !earlier->outdated;
	return earlier->established_at + CROSSING_TIME > later->established_at;
}

/* The child that the other end made for the same. */
static struct child_sa *rival_of(const struct child_sa *child)
{
	LIST_EACH(other, &child->loaded->children, struct child_sa, on_connection)
		if (other->state == CHILD_UP && other->initiator != child->initiator &&
		    !other->predecessor && crosses(child, other) && same_work(child, other))
			return other;
	return NULL;
}

static void explain(struct child_sa *child, const struct child_sa *stands)
{
	struct upward *up = child->loaded->core;
	struct about a = about_loaded(child->loaded, up ? up->cause : 0);

	tell(child->ike, &a, REPORT_NOTICE, RC_LOG, "crossing", NULL,
	     "the peer brought it up as well: IPsec SA #%llu, begun by %s, is the one that stays",
	     (unsigned long long)stands->serial, stands->initiator ? "this end" : "the peer");
}

struct child_sa *crossing_settle(struct child_sa *child)
{
	struct child_sa *other = rival_of(child), *ours, *theirs;

	if (!other)
		return child;
	ours = child->initiator ? child : other;
	theirs = child->initiator ? other : child;
	if (lowest_spi(theirs) < lowest_spi(ours)) {
		explain(child, ours); /* the peer deletes what it began */
		return ours;
	}
	explain(child, theirs);
	timers_child_redundant(ours);
	return theirs;
}

struct child_sa *crossing_found(const struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state == CHILD_UP && !child->outdated && !child->initiator &&
		    !child->processor && crossing_is_whole(child))
			return child;
	return NULL;
}

/* ---- the end of one ---- */

static bool has_successor(const struct child_sa *child)
{
	LIST_EACH(other, &child->loaded->children, struct child_sa, on_connection)
		if (other != child && other->state == CHILD_UP &&
		    other->at[CT_REDUNDANT] == NSEC_NEVER && same_work(child, other))
			return true;
	return false;
}

void crossing_due(struct child_sa *child)
{
	struct ike_sa *sa = child->sa;
	struct loaded *l = child->loaded;

	if (child->state != CHILD_UP || !l || !has_successor(child))
		return;
	child_supersede(child);
	if (!sa_carries(sa) && sa_belongs_to(sa, l))
		sa_supersede(sa);
}
