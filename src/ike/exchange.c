/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/exchange.h"

#include "base/secret.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/fragment.h"
#include "ike/gather.h"
#include "ike/judge.h"
#include "ike/kex.h"
#include "ike/lost.h"
#include "ike/sa.h"
#include "ike/v2/exchanges.h"
#include "wire/header.h"

#include <stdlib.h>

void window_init(struct window *w)
{
	*w = (struct window){0};
	list_init(&w->tasks);
}

void window_done(struct window *w)
{
	if (w->ours)
		exchange_close(w->ours);
	if (w->theirs)
		exchange_close(w->theirs);
	LIST_EACH(t, &w->tasks, struct task, queue) {
		list_remove(&t->queue);
		free(t);
	}
	bytes_done(&w->reply);
	gather_drop(w, true);
	gather_drop(w, false);
}

/* ---- exchanges ---- */

static struct exchange **slot(struct ike_sa *sa, bool ours)
{
	return ours ? &sa->window.ours : &sa->window.theirs;
}

struct exchange *exchange_open(struct ike_sa *sa, enum exchange_kind kind, bool ours)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->sa = sa;
	x->kind = kind;
	x->ours = ours;
	x->phase = ours ? PHASE_PREPARING : PHASE_WORKING;
	x->msgid = ours ? sa->window.next_out : sa->window.next_in;
	x->cause = ours ? sa->cause : 0;
	list_init(&x->ops);
	*slot(sa, ours) = x;
	return x;
}

void exchange_close(struct exchange *x)
{
	struct ike_sa *sa = x->sa;

	*slot(sa, x->ours) = NULL;
	gather_drop(&sa->window, x->ours);
	op_abandon(&x->ops);
	if (x->ours && x->phase != PHASE_PREPARING) {
		sa->window.next_out++;
		timers_request_done(sa);
	}
	ke_part_done(&x->ke);
	bytes_done(&x->datagram);
	bytes_wipe(&x->held);
	judging_free(x->judging);
	bytes_done(&x->proof);
	free(x->proof_certs);
	bytes_done(&x->ni);
	bytes_done(&x->nr);
	if (x->child)
		child_discard(x->child);
	if (x->next)
		sa_free(x->next);
	secret_wipe(x, sizeof(*x));
	free(x);
}

void exchange_answered(struct exchange *x)
{
	x->phase = PHASE_WORKING;
	x->resent = 0;
	bytes_done(&x->datagram);
	timers_request_done(x->sa);
}

void exchange_again(struct exchange *x)
{
	x->msgid = ++x->sa->window.next_out;
	x->phase = PHASE_PREPARING;
	timers_request_done(x->sa);
}

void send_each(struct ike *ike, const struct action *like, struct view messages)
{
	while (messages.len) {
		struct view one = header_cut(&messages);
		struct action *a = actions_add(ike->out, ACT_SEND);

		if (!a)
			return;
		a->cause = like->cause;
		a->send = like->send;
		a->send.data = actions_copy(ike->out, one);
	}
}

void sa_transmit(struct ike_sa *sa, struct view message)
{
	struct action like = {
		.cause = sa->cause,
		.send = {.local = sa->local, .remote = sa->remote, .realm = sa->realm},
	};

	send_each(sa->ike, &like, message);
	timers_sa_sent(sa);
}

enum cyg_err exchange_send(struct exchange *x, struct view message)
{
	struct bytes copy;

	if (!bytes_copy(&copy, message))
		return CYG_NOMEM;
	bytes_done(&x->datagram);
	x->datagram = copy;
	x->phase = PHASE_SENT;
	x->resent = 0;
	x->first_sent = x->sa->ike->now;
	sa_transmit(x->sa, message);
	timers_request_sent(x->sa, 0);
	return CYG_OK;
}

void exchange_retransmit(struct ike_sa *sa)
{
	struct exchange *x = sa->window.ours;

	if (!x || x->phase != PHASE_SENT)
		return;
	if (!timers_request_sent(sa, x->resent + 1)) {
		explain_no_answer(x);
		sa_lost(sa, LOST_NO_ANSWER);
		return;
	}
	x->resent++;
	sa->ike->counts.retransmits++;
	explain_retransmission(x);
	/* RFC 7383 2.5.2: maybe the path loses what is so long. */
	if (x->resent >= FRAGMENT_PATIENCE && x->kind != EX_INIT)
		fragment_smaller(sa, &x->datagram);
	sa_transmit(sa, view_bytes(&x->datagram));
}

#define REPLY_PAUSE (20 * NSEC_PER_MS)

bool reply_again(struct window *w, nsec now)
{
	if (!w->reply.ptr || now - w->replied_at < REPLY_PAUSE)
		return false;
	w->replied_at = now;
	if (w->replied_again < FRAGMENT_PATIENCE)
		w->replied_again++;
	return true;
}

void exchange_reply(struct exchange *x, struct view message)
{
	struct ike_sa *sa = x->sa;
	struct window *w = &sa->window;
	struct action like = {
		.send = {.local = x->local, .remote = x->remote, .realm = sa->realm},
	};

	send_each(sa->ike, &like, message);
	timers_sa_sent(sa);
	bytes_done(&w->reply);
	/* Without a cached copy a retransmission is met with silence; nothing else is lost. */
	if (!bytes_copy(&w->reply, message))
		w->reply = (struct bytes){0};
	w->replied_to = x->digest;
	w->replied_fragments = x->fragments;
	w->replied_again = 0;
	w->replied_at = sa->ike->now;
	w->next_in++;
	exchange_close(x);
}

/* ---- tasks ---- */

static bool same_task(const struct task *a, const struct task *b)
{
	return a->kind == b->kind && a->child == b->child && a->loaded == b->loaded &&
	       a->processor == b->processor;
}

static bool may_begin(const struct ike_sa *sa, uint8_t kind)
{
	if (sa->state == SA_UP)
		return true;
	return kind == EX_DELETE_IKE && (sa->state == SA_REKEYED || sa->state == SA_DELETING);
}

/*
 * Until a race of rekeys is decided, its children's deletes wait for the heir; and children of
 * further connections wait for an IKE SA that we negotiate.
 */
static bool may_wait(const struct ike_sa *sa, uint8_t kind)
{
	return (kind == EX_DELETE_CHILD && sa->state == SA_REKEYED && !sa->successor) ||
	       (kind == EX_NEW_CHILD && sa_is_begun(sa));
}

enum cyg_err task_add(struct ike_sa *sa, const struct task *t)
{
	struct task *copy;

	if (!may_begin(sa, t->kind) && !may_wait(sa, t->kind))
		return CYG_STATE;
	LIST_EACH(old, &sa->window.tasks, struct task, queue)
		if (same_task(old, t))
			return CYG_OK;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return CYG_NOMEM;
	*copy = *t;
	list_append(&sa->window.tasks, &copy->queue);
	window_next(sa);
	return CYG_OK;
}

enum cyg_err exchange_put_back(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct task *t = malloc(sizeof(*t));

	if (!t)
		return CYG_NOMEM;
	*t = (struct task){.kind = x->kind, .child = x->rekeys, .cause = x->cause};
	if ((x->kind == EX_NEW_CHILD || x->kind == EX_CLONE) && x->child) {
		t->loaded = x->child->loaded;
		t->processor = x->child->processor;
	}
	exchange_close(x);
	list_append(&sa->window.tasks, &t->queue);
	return CYG_OK;
}

/*
 * Deletes first, then what replaces SAs, then new ones; a liveness check only when nothing
 * else is asked.
 */
static struct task *most_urgent(struct ike_sa *sa)
{
	struct task *best = NULL;

	LIST_EACH(t, &sa->window.tasks, struct task, queue)
		if (may_begin(sa, t->kind) && (!best || t->kind < best->kind))
			best = t;
	return best;
}

void window_next(struct ike_sa *sa)
{
	struct task *t;

	while (!sa->window.ours && (t = most_urgent(sa))) {
		struct task copy = *t;

		list_remove(&t->queue);
		free(t);
		exchange_begin(sa, &copy);
	}
}

void tasks_drop(struct ike_sa *sa, uint64_t child, const struct loaded *l)
{
	LIST_EACH(t, &sa->window.tasks, struct task, queue) {
		if ((child && t->child != child) || (l && t->loaded != l))
			continue;
		list_remove(&t->queue);
		free(t);
	}
}
