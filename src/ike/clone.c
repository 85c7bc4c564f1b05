/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/clone.h"

#include "ike/core.h"
#include "ike/exchange.h"
#include "ike/explain.h"
#include "ike/lost.h"
#include "ike/selectors.h"
#include "wire/notify.h"

bool clone_is_wanted(const struct ike *ike, const struct connection *c)
{
	return c->clones && ike->settings.handling.processors;
}

bool clone_is_agreed(const struct child_sa *child, const struct message *m, uint16_t where)
{
	struct notify_payload n;

	return clone_is_wanted(child->ike, child->version) &&
	       message_find_notify(m, where, N_SA_RESOURCE_INFO, &n);
}

/* ---- what there is ---- */

struct child_sa *clone_first(const struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state == CHILD_UP && !child->processor)
			return child;
	return NULL;
}

/* It is to take the place of another one, and is no one more. */
static bool is_successor(const struct child_sa *child)
{
	const struct exchange *ours = child->sa->window.ours,
			      *theirs = child->sa->window.theirs;

	return child->state == CHILD_LARVAL &&
	       ((ours && ours->child == child && ours->rekeys) ||
		(theirs && theirs->child == child && theirs->rekeys));
}

static bool is_being_made(const struct child_sa *child)
{
	return child->processor && child->state == CHILD_LARVAL && !is_successor(child);
}

/* How many clones of a processor there are (0: of all), with those that are being made. */
static size_t count(const struct loaded *l, uint32_t processor)
{
	size_t n = 0;

	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		n += child->processor && (!processor || child->processor == processor) &&
		     (child->state == CHILD_UP || is_being_made(child));
	return n;
}

static bool is_put_off(const struct child_sa *first)
{
	return first->at[CT_CLONES] != NSEC_NEVER;
}

bool clone_is_needed(const struct loaded *l, uint32_t processor)
{
	const struct child_sa *first = clone_first(l);

	return first && first->has_clones && !first->full && !is_put_off(first) &&
	       !count(l, processor) && count(l, 0) < l->connection->clones &&
	       processor <= first->ike->settings.handling.processors;
}

/* ---- whether to be told of processors ---- */

/* Some are being made, or are about to be. */
static bool is_pending(const struct loaded *l, const struct child_sa *first)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (is_being_made(child))
			return true;
	LIST_EACH(t, &first->sa->window.tasks, struct task, queue)
		if (t->kind == EX_CLONE && t->loaded == l)
			return true;
	return false;
}

bool clone_listens(const struct loaded *l, const struct child_sa *first)
{
	return first->has_clones && !first->full && !is_put_off(first) &&
	       !is_pending(l, first) && count(l, 0) < l->connection->clones;
}

/*
 * From an acquire to its SA the kernel drops what that processor sends, unless its policy asks for
 * no such SAs: then it takes the first one.
 */
static void set_spread(struct ike *ike, struct loaded *l, bool spread)
{
	if (l->spread == spread || l->spd != SPD_PROTECT)
		return;
	l->spread = spread;
	policy_set_spd(ike->policy, l, SPD_PROTECT, 0, ike->out);
}

void clone_changed(struct ike *ike, struct loaded *l)
{
	const struct child_sa *first = clone_first(l);

	if (first)
		set_spread(ike, l, clone_listens(l, first));
}

void clone_made(struct ike *ike, struct loaded *l)
{
	struct child_sa *first = clone_first(l);

	if (first)
		first->put_off = 0;
	clone_changed(ike, l);
}

/* ---- ours ---- */

void clone_ask(struct ike *ike, struct loaded *l, uint32_t processor)
{
	struct task t = {.kind = EX_CLONE, .loaded = l, .processor = processor};

	if (!clone_is_needed(l, processor))
		return;
	clone_first(l)->crossed = false;
	set_spread(ike, l, false);
	if (task_add(clone_first(l)->sa, &t) == CYG_NOMEM)
		ike->out->bad = true;
}

/* The kernel takes the newest SA, be it a processor's or the first one. */
void clone_rekeyed_first(const struct child_sa *first)
{
	if (!first->loaded)
		return;
	LIST_EACH(child, &first->loaded->children, struct child_sa, on_connection) {
		struct task t = {.kind = EX_REKEY_CHILD, .child = child->serial};

		if (child->processor && child->state == CHILD_UP &&
		    task_add(child->sa, &t) == CYG_NOMEM)
			child->ike->out->bad = true;
	}
}

enum cyg_err clone_offer(struct child_sa *child, uint32_t processor)
{
	const struct child_sa *first = clone_first(child->loaded);
	struct both_ts ts = {0};
	enum cyg_err err = first ? ts_set_copy(&ts.local, &first->ts_local) : CYG_STATE;

	if (!err)
		err = ts_set_copy(&ts.remote, &first->ts_remote);
	if (err) {
		both_ts_done(&ts);
		return err;
	}
	ts_set_done(&child->ts_local);
	ts_set_done(&child->ts_remote);
	child->ts_local = ts.local;
	child->ts_remote = ts.remote;
	child->processor = processor;
	return CYG_OK;
}

static bool same_selectors(const struct child_sa *a, const struct child_sa *b)
{
	return ts_set_equal(&a->ts_local, &b->ts_local) &&
	       ts_set_equal(&a->ts_remote, &b->ts_remote);
}

static bool same_suite(const struct child_sa *a, const struct child_sa *b)
{
	const struct chosen *x = &a->chosen, *y = &b->chosen;

	return a->mode == b->mode && !a->cpi_in == !b->cpi_in && x->protocol == y->protocol &&
	       x->esn == y->esn && x->encr == y->encr && x->key_bits == y->key_bits &&
	       x->integ == y->integ;
}

enum problem clone_check(const struct child_sa *child, struct diag *why)
{
	const struct child_sa *first = clone_first(child->loaded);
	char suite[160];

	if (!first || (same_selectors(child, first) && same_suite(child, first)))
		return PROBLEM_NONE;
	diag_set(why, "clone", "RFC 9611 4",
		 "an IPsec SA for one processor is not as the one that it stands beside");
	diag_wanted(why, "the same selectors and %s",
		    chosen_print(&first->chosen, suite, sizeof(suite)));
	diag_got(why, "%s%s", same_selectors(child, first) ? "" : "other selectors and ",
		 chosen_print(&child->chosen, suite, sizeof(suite)));
	return PROBLEM_ANSWER;
}

/* ---- the peer's ---- */

/* Any processor of ours will do: the lowest of those with the fewest. */
static uint32_t least_served(const struct loaded *l, uint32_t processors)
{
	size_t least = count(l, 1);
	uint32_t best = 1;

	for (uint32_t i = 2; i <= processors && least; i++) {
		size_t n = count(l, i);

		if (n >= least)
			continue;
		least = n;
		best = i;
	}
	return best;
}

/* The first child that a request for one more of the same is about; NULL: it is the first itself. */
static const struct child_sa *first_for(const struct child_sa *child)
{
	const struct child_sa *first = clone_first(child->loaded);

	return first && first->has_clones && first->sa->lineage == child->sa->lineage &&
			       same_selectors(child, first) && same_suite(child, first)
		       ? first
		       : NULL;
}

static void note_crossing(const struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (is_being_made(child))
			clone_first(l)->crossed = true;
}

enum problem clone_adopt(struct child_sa *child, const struct child_sa *old, struct diag *why)
{
	const struct loaded *l = child->loaded;

	if (old) {
		/* RFC 9611 4: whatever a rekey says of it, the new one is for what the old one was. */
		child->processor = old->processor;
		child->has_clones = child->has_clones || old->has_clones;
		child->full = old->full;
		return PROBLEM_NONE;
	}
	if (!child->has_clones || !first_for(child))
		return PROBLEM_NONE;
	if (count(l, 0) >= l->connection->clones) {
		note_crossing(l);
		diag_set(why, "clones", "RFC 9611 5",
			 "the peer wants one more IPsec SA for a single processor");
		diag_wanted(why, "%u at most (clones=)", l->connection->clones);
		return PROBLEM_CLONES;
	}
	child->processor = least_served(l, child->ike->settings.handling.processors);
	return PROBLEM_NONE;
}

/* ---- ends ---- */

bool clone_is_orphan(const struct child_sa *child)
{
	return child->processor && child->loaded && !clone_first(child->loaded);
}

void clone_refused(const struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		child->full = !child->processor;
}

void clone_put_off(const struct loaded *l)
{
	struct child_sa *first = clone_first(l);

	if (first && first->has_clones)
		timers_child_clones_later(first);
}

bool clone_crossed(const struct loaded *l)
{
	const struct child_sa *first = clone_first(l);

	return first && first->crossed;
}

void clone_left(struct ike *ike, struct loaded *l, enum gone_why why)
{
	clone_changed(ike, l);
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (!child->processor && child->state != CHILD_LARVAL)
			return;
	LIST_EACH(child, &l->children, struct child_sa, on_connection) {
		if (child->state == CHILD_LARVAL || child->at[CT_ORPHANED] != NSEC_NEVER)
			continue;
		child->orphaned_by = (uint8_t)why;
		timers_child_orphaned(child);
	}
}

void clone_due(struct child_sa *child)
{
	if (!clone_is_orphan(child))
		return;
	explain_child_down(child, "the one that all processors shared has ended");
	child_close(child, (enum gone_why)child->orphaned_by);
}
