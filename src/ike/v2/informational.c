/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/informational.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/install.h"
#include "ike/lost.h"
#include "ike/protect.h"
#include "ike/tally.h"
#include "ike/tell.h"
#include "ike/v2/create_child.h"
#include "ike/v2/exchanges.h"
#include "wire/notify.h"
#include "wire/print.h"

/*
 * INFORMATIONAL (RFC 7296 1.4): deletes of children and of the IKE SA,
 * liveness checks, and the error notifies that end an SA. Deletes are
 * idempotent: what is gone already is answered all the same.
 */

/* ---- the peer's requests ---- */

/* What a request asks for, gathered before anything changes. */
struct wish {
	bool delete_ike, fatal;
	uint16_t notify;
	size_t len;
	uint32_t answered[CHILD_SPIS_MAX]; /* our SPIs to name in the answer */
	struct child_sa *gone[CHILD_SPIS_MAX];
	uint32_t unknown[DELETED_EARLY_MAX];
	size_t unknown_len;
};

/*
 * Libreswan 5.2 names an AH child that it replaced by SPI 0, and ends the IKE SA when the
 * answer names none. NULL where more than one could be meant.
 */
static struct child_sa *replaced_unnamed(const struct ike_sa *sa, uint8_t protocol)
{
	struct child_sa *meant = NULL;

	LIST_EACH(child, &sa->children, struct child_sa, of_sa) {
		if (child->state != CHILD_REKEYED || child->chosen.protocol != protocol)
			continue;
		if (meant)
			return NULL;
		meant = child;
	}
	return meant;
}

/*
 * RFC 7296 1.4.1: name our half of the pair, unless our own delete of it crosses this one
 * (2.25.1).
 */
static void want_child_gone(struct wish *w, struct ike_sa *sa, uint8_t protocol, uint32_t spi)
{
	struct child_sa *child = spi ? child_by_spi_out(sa, spi)
				     : replaced_unnamed(sa, protocol);

	if (child && child->chosen.protocol != protocol)
		return;
	if (!child && w->unknown_len < DELETED_EARLY_MAX)
		w->unknown[w->unknown_len++] = spi;
	if (!child || w->len == CHILD_SPIS_MAX)
		return;
	for (size_t i = 0; i < w->len; i++)
		if (w->gone[i] == child)
			return;
	w->answered[w->len] = child->state == CHILD_DELETING ? 0 : child->spi_in;
	w->gone[w->len++] = child;
}

static enum problem read_delete(struct wish *w, struct ike_sa *sa, const struct payload *p,
				struct diag *why)
{
	struct delete_payload d;
	enum cyg_err err = delete_parse(p, &d, why);

	if (err)
		return err == CYG_UNSUPPORTED ? PROBLEM_NONE : PROBLEM_SYNTAX;
	if (d.protocol == PROTOCOL_IKE)
		w->delete_ike = true;
	else
		for (size_t i = 0; i < d.count; i++)
			want_child_gone(w, sa, d.protocol, delete_spi(&d, i));
	return PROBLEM_NONE;
}

/* Errors that mean the other end has given the SA up (RFC 7296 2.21.2, 2.21.3). */
static bool is_fatal(uint16_t notify)
{
	return notify == N_AUTHENTICATION_FAILED || notify == N_INVALID_SYNTAX;
}

static enum problem read_wish(struct ike_sa *sa, struct received *rx, struct wish *w)
{
	struct notify_payload n;
	enum problem p = PROBLEM_NONE;

	for (const struct payload *d = message_find(rx->m, PAYLOAD_DELETE);
	     d && p == PROBLEM_NONE; d = message_next(rx->m, d))
		p = read_delete(w, sa, d, &rx->why);
	if (message_find_error(rx->m, &n)) {
		w->notify = n.type;
		w->fatal = is_fatal(n.type);
	}
	return p;
}

/* RFC 7296 3.11: one payload is of one protocol. */
static void answer_deletes(struct sealer *s, const struct wish *w, uint8_t protocol)
{
	uint8_t spis[4 * CHILD_SPIS_MAX];
	struct builder b = builder_of(spis, sizeof(spis));
	struct delete_payload d = {.protocol = protocol};

	for (size_t i = 0; i < w->len; i++)
		if (w->answered[i] && w->gone[i]->chosen.protocol == protocol)
			build_u32(&b, w->answered[i]);
	d.count = (uint16_t)(build_len(&b) / 4);
	if (!d.count)
		return;
	d.spis = build_done(&b);
	chain_payload(&s->inner, PAYLOAD_DELETE);
	delete_build(&s->b, &d);
}

static enum cyg_err answer(struct exchange *x, const struct wish *w)
{
	struct sealer s;
	struct view message;
	enum cyg_err err;

	seal_begin(&s, x->sa, X_INFORMATIONAL, true, x->msgid);
	if (!w->delete_ike) {
		answer_deletes(&s, w, PROTOCOL_ESP);
		answer_deletes(&s, w, PROTOCOL_AH);
	}
	err = seal_end(&s, &message);
	if (!err)
		exchange_reply(x, message);
	return err;
}

/* Its connection goes on by another child. */
static bool is_replaced(const struct child_sa *child)
{
	if (child->state == CHILD_REKEYED)
		return true;
	if (child->loaded)
		LIST_EACH(other, &child->loaded->children, struct child_sa, on_connection)
			if (other != child && other->state != CHILD_LARVAL)
				return true;
	return false;
}

/* The peer deletes what it replaced: its replacement is the one to use now (RFC 7296 2.8). */
static void child_deleted(struct child_sa *child)
{
	struct child_sa *next = child_by_serial(child->ike, child->replacement);

	if (next && !child_is_over(next))
		install_outbound(next);
	if (child->state == CHILD_DELETING)
		return; /* our own delete of it is on its way and ends it */
	tasks_drop(child->sa, child->serial, NULL);
	child_rekey_in_vain(child);
	if (child->state == CHILD_UP)
		explain_child_down(child, "the peer deleted it");
	if (is_replaced(child))
		child_drain(child, GONE_PEER);
	else
		child_gone(child, GONE_PEER);
}

static void ike_deleted(struct ike_sa *sa, const struct wish *w)
{
	struct about a = about_sa(sa);
	char name[NUMBER_TEXT_MAX];

	ike_rekey_deleted(sa);
	if ((sa->state == SA_UP || sa_is_half_open(sa)) && w->fatal)
		tell(sa->ike, &a, REPORT_ERROR, RC_LOG_SERIOUS, "ike-down", NULL,
		     "the peer gave up the IKE SA%s: %s", sa->state == SA_UP ? "" : " amid EAP",
		     number_print(notify_name(w->notify), "notify", w->notify, name));
	else if (sa->state == SA_UP)
		tell(sa->ike, &a, REPORT_NOTICE, RC_LOG, "ike-down", NULL,
		     "the peer deleted the IKE SA");
	sa_lost(sa, LOST_PEER);
}

/* The peer may delete a child before its answer that made it has reached us. */
static void note_unknown(struct ike_sa *sa, const struct wish *w)
{
	struct exchange *x = sa->window.ours;

	if (!x || !x->child || x->phase == PHASE_PREPARING)
		return;
	for (size_t i = 0; i < w->unknown_len && x->deleted_early_len < DELETED_EARLY_MAX; i++)
		x->deleted_early[x->deleted_early_len++] = w->unknown[i];
}

enum problem info_request(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct wish w = {0};
	enum problem p = read_wish(sa, rx, &w);

	if (p != PROBLEM_NONE)
		return p;
	sa->ike->tally.liveness_received += !rx->m->len;
	if (answer(x, &w))
		return PROBLEM_LOCAL;
	if (w.delete_ike || w.fatal) {
		ike_deleted(sa, &w);
		return PROBLEM_NONE;
	}
	note_unknown(sa, &w);
	for (size_t i = 0; i < w.len; i++)
		child_deleted(w.gone[i]);
	return PROBLEM_NONE;
}

/* ---- ours ---- */

static enum cyg_err send(struct exchange *x, struct sealer *s)
{
	struct view message;
	enum cyg_err err = seal_end(s, &message);

	return err ? err : exchange_send(x, message);
}

static void begin_or_fail(struct ike_sa *sa, enum exchange_kind kind, const struct task *t,
			  void (*fill)(struct exchange *x, struct sealer *s))
{
	struct exchange *x = exchange_open(sa, kind, true);
	struct sealer s;

	if (!x)
		return;
	x->cause = t->cause;
	x->rekeys = t->child;
	x->tell = t->tell;
	seal_begin(&s, sa, X_INFORMATIONAL, false, x->msgid);
	fill(x, &s);
	if (send(x, &s))
		exchange_close(x);
}

static void fill_delete_ike(struct exchange *x, struct sealer *s)
{
	struct delete_payload d = {.protocol = PROTOCOL_IKE};

	if (x->tell) {
		chain_notify(&s->inner, x->tell, (struct view){0});
		tally_sent(x->sa->ike, x->tell);
		return;
	}
	chain_payload(&s->inner, PAYLOAD_DELETE);
	delete_build(&s->b, &d);
}

static void fill_delete_child(struct exchange *x, struct sealer *s)
{
	struct child_sa *child = child_by_serial(x->sa->ike, x->rekeys);
	uint8_t spi[4];
	struct builder b = builder_of(spi, sizeof(spi));
	struct delete_payload d = {child->chosen.protocol, 1, {spi, sizeof(spi)}};

	build_u32(&b, child->spi_in);
	chain_payload(&s->inner, PAYLOAD_DELETE);
	delete_build(&s->b, &d);
}

static void fill_nothing(struct exchange *x, struct sealer *s)
{
	(void)x;
	(void)s;
}

void info_begin(struct ike_sa *sa, const struct task *t)
{
	switch (t->kind) {
	case EX_DELETE_IKE:
		sa_enter(sa, SA_DELETING);
		begin_or_fail(sa, EX_DELETE_IKE, t, fill_delete_ike);
		return;
	case EX_DELETE_CHILD:
		if (child_by_serial(sa->ike, t->child))
			begin_or_fail(sa, EX_DELETE_CHILD, t, fill_delete_child);
		return;
	default:
		begin_or_fail(sa, EX_LIVENESS, t, fill_nothing);
		return;
	}
}

/* What the answer holds does not matter: that it came says the peer knows (RFC 7296 1.4.1). */
enum problem info_answer(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	uint8_t kind = x->kind;
	struct child_sa *child = child_by_serial(sa->ike, x->rekeys);

	(void)rx;
	exchange_close(x);
	if (kind == EX_DELETE_IKE)
		sa_drop(sa, GONE_QUIETLY);
	else if (kind == EX_DELETE_CHILD && child && child->replaced)
		child_drain(child, GONE_QUIETLY);
	else if (kind == EX_DELETE_CHILD && child)
		child_gone(child, GONE_QUIETLY);
	return PROBLEM_NONE;
}
