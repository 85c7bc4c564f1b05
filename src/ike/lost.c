/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/lost.h"

#include "ike/clone.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/tally.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/updown.h"

/* ---- tries that wait on an IKE SA ---- */

static void fail_try(struct ike_sa *sa, struct loaded *l)
{
	struct upward *up = l ? l->core : NULL;

	if (up && up->asked_sa == sa->serial)
		up_failed(sa->ike, l, up->code ? up->code : RC_FATAL);
}

/* A connection that waits for its turn on the SA, or NULL. */
static struct loaded *asking(const struct ike_sa *sa)
{
	LIST_EACH(t, &sa->window.tasks, struct task, queue)
		if (t->loaded)
			return t->loaded;
	return NULL;
}

/* What waited for an SA that we negotiated fails as who began it does. */
static void tell_in_vain(struct ike_sa *sa, struct loaded *l)
{
	struct upward *up = l->core, *first = sa->loaded ? sa->loaded->core : NULL;
	struct about a = about_loaded(l, up ? up->cause : 0);

	if (!up || up->asked_sa != sa->serial)
		return;
	up->code = first && first->code ? first->code : RC_FATAL;
	tell(sa->ike, &a, REPORT_ERROR, up->code, "waited-in-vain", NULL,
	     "IKE SA #%llu, which it waited for, was not established",
	     (unsigned long long)sa->serial);
}

static void fail_tries(struct ike_sa *sa)
{
	struct exchange *x = sa->window.ours;
	struct loaded *l;

	if (x && x->child)
		fail_try(sa, x->child->loaded);
	while ((l = asking(sa))) {
		tasks_drop(sa, 0, l);
		if (sa_is_begun(sa))
			tell_in_vain(sa, l);
		fail_try(sa, l);
	}
	fail_try(sa, sa->loaded);
}

/* It is given up on purpose: what waited for it has done nothing, and begins anew. */
static void begin_again(struct ike_sa *sa)
{
	struct loaded *l;

	sa->closing = true;
	while ((l = asking(sa))) {
		tasks_drop(sa, 0, l);
		if (l != sa->loaded)
			up_begin_again(sa->ike, l);
	}
}

/* ---- losing ---- */

static enum gone_why gone_of(enum lost_why why)
{
	switch (why) {
	case LOST_PEER:
	case LOST_RESTARTED:
		return GONE_PEER;
	case LOST_EXPIRED:
	case LOST_LOCAL: /* the peer may be well */
		return GONE_EXPIRED;
	default:
		return GONE_DEAD;
	}
}

/* Its answer may have to be sent again: keep what is needed for that. */
static bool answers_again(enum lost_why why)
{
	return why == LOST_REFUSED || why == LOST_PEER;
}

void sa_lost(struct ike_sa *sa, enum lost_why why)
{
	/* A rekeyed one may have its children still, while a race is undecided. */
	bool stood = sa->state == SA_UP || sa->state == SA_REKEYED;
	enum gone_why gone = stood ? gone_of(why) : GONE_QUIETLY;

	tally_ike_end(sa);
	fail_tries(sa);
	if (answers_again(why))
		sa_retire(sa, gone);
	else
		sa_drop(sa, gone);
}

/* ---- closing ---- */

static void drop_children(struct ike_sa *sa, enum gone_why why)
{
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		child_gone(child, why);
}

/*
 * A request that is on its way must have its answer before the next may leave (RFC 7296
 * 2.3).
 */
static void clear_window(struct ike_sa *sa)
{
	struct exchange *x = sa->window.ours;

	tasks_drop(sa, 0, NULL);
	if (x && x->phase != PHASE_SENT)
		exchange_close(x);
}

static void begin_delete(struct ike_sa *sa, uint16_t tell, enum gone_why why)
{
	struct task t = {.kind = EX_DELETE_IKE, .tell = tell, .cause = sa->cause};

	sa_enter(sa, SA_DELETING);
	clear_window(sa);
	drop_children(sa, why);
	if (task_add(sa, &t))
		sa_drop(sa, GONE_QUIETLY);
}

void sa_close(struct ike_sa *sa)
{
	if (sa_is_begun(sa))
		begin_again(sa);
	fail_tries(sa);
	switch (sa->state) {
	case SA_UP:
	case SA_REKEYED:
		begin_delete(sa, 0, GONE_QUIETLY);
		return;
	case SA_I2:
		/* The peer may establish it any moment: delete it when it says so. */
		if (sa->window.ours && sa->window.ours->phase != PHASE_PREPARING) {
			sa->closing = true;
			return;
		}
		sa_drop(sa, GONE_QUIETLY);
		return;
	case SA_DELETING:
	case SA_GONE:
		return;
	default:
		sa_drop(sa, GONE_QUIETLY);
		return;
	}
}

void sa_expire(struct ike_sa *sa)
{
	fail_tries(sa);
	if (sa->state == SA_UP || sa->state == SA_REKEYED)
		begin_delete(sa, 0, GONE_EXPIRED);
}

void sa_remove(struct ike_sa *sa)
{
	if (sa->state != SA_UP) {
		sa_close(sa);
		return;
	}
	fail_tries(sa);
	begin_delete(sa, 0, GONE_PEER);
}

void sa_abandon(struct ike_sa *sa, uint16_t notify)
{
	fail_tries(sa);
	sa_drop_init(sa);
	begin_delete(sa, notify, GONE_DEAD);
}

static void delete_child_task(struct ike_sa *sa, struct child_sa *child)
{
	struct task t = {.kind = EX_DELETE_CHILD,
			 .child = child->serial,
			 .cause = child->cause};

	child->state = CHILD_DELETING;
	if (task_add(sa, &t))
		child_gone(child, GONE_QUIETLY);
}

void child_close(struct child_sa *child, enum gone_why why)
{
	struct ike *ike = child->ike;
	struct loaded *l = child->loaded;

	if (child_is_over(child))
		return;
	updown_child_ends(child);
	if (child->replaced)
		child_silence(child);
	else
		child_withdraw(child);
	/* The record stays for the DELETE's sake; the connection has lost it now. */
	list_remove(&child->on_connection);
	child->loaded = NULL;
	tasks_drop(child->sa, child->serial, NULL);
	delete_child_task(child->sa, child);
	child_missed(ike, l, why);
}

void child_supersede(struct child_sa *child)
{
	child->replaced = true;
	child_close(child, GONE_QUIETLY);
}

/* An IKE SA that carries nothing and is asked for nothing, by neither end, is not kept. */
static bool is_idle(const struct ike_sa *sa)
{
	return sa->state == SA_UP && list_empty(&sa->children) &&
	       list_empty(&sa->window.tasks) && !sa->window.theirs;
}

void sa_child_gone(struct ike_sa *sa)
{
	if (sa->redundant && is_idle(sa))
		sa_close(sa);
}

void sa_supersede(struct ike_sa *sa)
{
	sa->redundant = true;
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		child_supersede(child);
	sa_child_gone(sa);
}

/* ---- tries ---- */

/* The peer has made the child, or may have: it must hear that we have not. */
static bool peer_believes(const struct child_sa *child, enum problem p)
{
	return child->spi_out || p == PROBLEM_ANSWER || p == PROBLEM_TS || p == PROBLEM_ADDRESS;
}

void child_give_back(struct exchange *x)
{
	struct child_sa *child = x->child;
	struct loaded *l = child->loaded;

	x->child = NULL;
	child_withdraw(child);
	list_remove(&child->on_connection);
	child->loaded = NULL;
	child_establish(child);
	timers_child_stop(child);
	delete_child_task(child->sa, child);
	if (l && !children_stand(l) && l->spd == SPD_PROTECT)
		up_rest(child->ike, l, true);
}

/* What was to be rekeyed lives on, and is tried again. */
static void again_later(struct ike_sa *sa, uint8_t kind, uint64_t old)
{
	struct child_sa *child = child_by_serial(sa->ike, old);

	if (kind == EX_REKEY_IKE && sa->state == SA_UP)
		timers_sa_rekey_later(sa);
	if (kind == EX_REKEY_CHILD && child && child->state == CHILD_UP)
		timers_child_rekey_later(child);
}

/* The peer has no part in what went wrong. */
static bool is_ours(enum problem p)
{
	return p == PROBLEM_PLANE || p == PROBLEM_PROGRAM || p == PROBLEM_LOCAL ||
	       p == PROBLEM_BUSY;
}

void child_try_failed(struct exchange *x, enum problem p, const struct diag *why)
{
	struct ike_sa *sa = x->sa;
	uint8_t kind = x->kind;
	uint64_t old = x->rekeys;
	struct loaded *l = x->child ? x->child->loaded : NULL;
	bool believes = x->child && p != PROBLEM_REFUSED && peer_believes(x->child, p);
	struct upward *up = l ? l->core : NULL;
	bool was_try = up && up->asked_sa == sa->serial && kind != EX_CLONE, alone = x->alone;

	if (p != PROBLEM_REFUSED)
		explain_answer_problem(x, p, why);
	if (believes)
		child_give_back(x);
	exchange_close(x);
	again_later(sa, kind, old);
	if (kind == EX_CLONE && l && is_ours(p))
		clone_put_off(l);
	else if (kind == EX_CLONE && l)
		clone_refused(l);
	if (was_try && alone)
		up_begin_alone(sa->ike, l);
	else if (was_try)
		up_failed(sa->ike, l, up->code ? up->code : RC_FATAL);
	if (is_idle(sa))
		sa_close(sa);
}
