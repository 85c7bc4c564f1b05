/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/create_child.h"

#include "ike/agree.h"
#include "ike/clone.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/install.h"
#include "ike/judge.h"
#include "ike/kex.h"
#include "ike/keys.h"
#include "ike/lost.h"
#include "ike/protect.h"
#include "ike/race.h"
#include "ike/receive.h"
#include "ike/remainder.h"
#include "ike/up.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/sa_init.h"
#include "wire/notify.h"
#include "wire/payload.h"

#include <stdlib.h>

/*
 * CREATE_CHILD_SA for children (RFC 7296 1.3.1, 1.3.3): another child, or the
 * rekey of one. A rekeyed child and its replacement stand side by side until
 * the one who began the rekey deletes the old. When both ends rekey the same
 * child at once, race.h decides which replacement goes.
 */
#define KE_TURNS_MAX 4

/* ---- our requests ---- */

static void give_up(struct exchange *x, enum cyg_err err)
{
	explain_local(x, err, "CREATE_CHILD_SA could not be sent");
	child_try_failed(x, PROBLEM_REFUSED, NULL);
}

/* What an exchange rekeys; NULL when it is none, or that child has ended meanwhile. */
static struct child_sa *rekeyed(const struct exchange *x)
{
	struct child_sa *old = child_by_serial(x->sa->ike, x->rekeys);

	return old && !child_is_over(old) ? old : NULL;
}

static enum cyg_err send_request(struct exchange *x)
{
	struct child_sa *old = rekeyed(x);
	struct sealer s;
	struct view message;
	enum cyg_err err;

	seal_begin(&s, x->sa, X_CREATE_CHILD_SA, false, x->msgid);
	if (old)
		chain_notify_child(&s.inner, N_REKEY_SA, old->chosen.protocol, old->spi_in,
				   (struct view){0});
	err = agree_build_offer(x, &s.inner, false);
	if (!err)
		err = seal_end(&s, &message);
	return err ? err : exchange_send(x, message);
}

/* The group of a child's own key exchange to begin with; 0: none (pfs=no). */
static uint16_t first_group(const struct exchange *x)
{
	const struct proposals *p;
	uint16_t group;

	if (!x->child->version->pfs)
		return 0;
	p = child_proposals(x->sa, x->child->version);
	group = p ? proposals_first_ke(p) : 0;
	proposals_unref(p);
	return group;
}

/* A clone is for the processor that asked, and a replacement for what the old one was. */
static enum cyg_err choose_processor(struct exchange *x, uint32_t processor)
{
	const struct child_sa *old = rekeyed(x);

	if (old)
		processor = old->processor;
	return processor ? clone_offer(x->child, processor) : CYG_OK;
}

static enum cyg_err prepare(struct exchange *x, struct loaded *l, uint32_t processor)
{
	struct upward *up = l->core;
	bool packet = x->kind == EX_NEW_CHILD && up && up->packet;
	uint16_t group;
	enum cyg_err err = agree_offer(x, l, packet ? &up->packet_local : NULL,
				       packet ? &up->packet_remote : NULL,
				       packet && up->partial);

	if (!err)
		err = choose_processor(x, processor);
	if (!err)
		err = keys_nonce(x->sa->ike, &x->ni);
	if (err)
		return err;
	group = first_group(x);
	return group ? kex_start(x, OP_CHILD_KE_START, group) : send_request(x);
}

/* Our exchange on the same old child, when it is past taking back. */
static bool we_rekey_too(const struct ike_sa *sa, uint64_t old)
{
	const struct exchange *x = sa->window.ours;

	return x && x->kind == EX_REKEY_CHILD && x->rekeys == old;
}

static bool they_rekey_too(const struct ike_sa *sa, uint64_t old)
{
	const struct exchange *x = sa->window.theirs;

	return x && x->kind == EX_REKEY_CHILD && x->rekeys == old;
}

/* It replaced a child whose other replacement is still in the making: one of the two will go. */
static bool undecided(const struct child_sa *child)
{
	const struct child_sa *old = child_by_serial(child->ike, child->predecessor);

	return old &&
	       (we_rekey_too(child->sa, old->serial) || they_rekey_too(child->sa, old->serial));
}

static bool worth_rekeying(const struct child_sa *child)
{
	return child && child->state == CHILD_UP && child->loaded;
}

void child_begin(struct ike_sa *sa, const struct task *t)
{
	struct child_sa *old = child_by_serial(sa->ike, t->child);
	struct loaded *l = t->kind == EX_REKEY_CHILD ? NULL : t->loaded;
	struct exchange *x;
	enum cyg_err err;

	if (t->kind == EX_REKEY_CHILD && worth_rekeying(old)) {
		if (undecided(old)) {
			timers_child_rekey_later(old);
			return;
		}
		l = old->loaded;
	}
	if (t->kind == EX_CLONE && !clone_is_needed(l, t->processor)) {
		clone_changed(sa->ike, l);
		return;
	}
	x = l ? exchange_open(sa, (enum exchange_kind)t->kind, true) : NULL;
	if (!x)
		return;
	x->cause = t->cause;
	x->rekeys = t->child;
	err = prepare(x, l, t->processor);
	if (err)
		give_up(x, err);
}

void create_key_ready(struct exchange *x, const struct answer *a)
{
	enum cyg_err err = kex_started(x, a);

	if (!err)
		err = x->kind == EX_REKEY_IKE ? ike_rekey_send(x) : send_request(x);
	if (err)
		give_up(x, err);
}

/* ---- values of either direction ---- */

enum problem create_take_values(struct exchange *x, struct received *rx, uint16_t group)
{
	const struct payload *kp = message_find(rx->m, PAYLOAD_KE);
	struct bytes *into = x->ours ? &x->nr : &x->ni;
	struct nonce_payload nonce;
	struct ke_payload ke;

	if (nonce_parse(message_find(rx->m, PAYLOAD_NONCE), &nonce, &rx->why) ||
	    !keys_nonce_fits(x->sa->chosen.prf, nonce.data, &rx->why) ||
	    (kp && ke_parse(kp, &ke, &rx->why)))
		return PROBLEM_SYNTAX;
	if (group && (!kp || ke.group != group)) {
		rx->told[0] = (uint8_t)(group >> 8);
		rx->told[1] = (uint8_t)group;
		rx->told_len = 2;
		diag_set(&rx->why, "ke-group", "RFC 7296 1.3",
			 "key exchange with another method is wanted");
		return x->ours ? PROBLEM_ANSWER : PROBLEM_KE_GROUP;
	}
	if (!bytes_copy(into, nonce.data) || (group && !bytes_copy(&x->ke.peer, ke.data)))
		return PROBLEM_LOCAL;
	return PROBLEM_NONE;
}

/* ---- answers to our requests ---- */

static enum problem install_ours(struct exchange *x, struct diag *why)
{
	return install_begin(x, INSTALL_ALL, why);
}

static enum problem take_clones(struct exchange *x, struct diag *why)
{
	struct child_sa *child = x->child;
	const struct child_sa *old = rekeyed(x);

	if (child->processor)
		return clone_check(child, why);
	/* A rekey need not say so again (RFC 9611 4). */
	if (old && old->has_clones && clone_is_wanted(child->ike, child->version))
		child->has_clones = true;
	child->full = old && old->full;
	return PROBLEM_NONE;
}

enum problem child_answer(struct exchange *x, struct received *rx)
{
	enum problem p = create_take_values(x, rx, x->ke.group);

	if (p == PROBLEM_NONE)
		p = agree_take_answer(x, rx->m, &rx->why);
	if (p == PROBLEM_NONE && !remainder_is_met(x, &rx->why))
		p = PROBLEM_TS;
	if (p == PROBLEM_NONE)
		p = take_clones(x, &rx->why);
	if (p != PROBLEM_NONE)
		return p;
	if (x->in_vain) {
		child_give_back(x);
		exchange_close(x);
		return PROBLEM_NONE;
	}
	if (!x->ke.group)
		return install_ours(x, &rx->why);
	return kex_finish(x, OP_CHILD_KE_FINISH, view_bytes(&x->ke.peer)) ? PROBLEM_LOCAL
									  : PROBLEM_LATER;
}

void create_finished(struct exchange *x, const struct answer *a)
{
	enum cyg_err err = kex_finished(x, a);
	struct diag why;
	enum problem p;

	if (err) {
		child_try_failed(x, PROBLEM_KE_VALUE, a->why);
		return;
	}
	if (x->kind == EX_REKEY_IKE) {
		ike_rekey_finished(x);
		return;
	}
	diag_clear(&why);
	p = install_ours(x, &why);
	if (p != PROBLEM_LATER)
		child_try_failed(x, p, &why);
}

/* The peer wants another group for this child: ask again (RFC 7296 1.3). */
static bool take_group(struct exchange *x, struct view data)
{
	uint16_t group = (uint16_t)(data.ptr[0] << 8 | data.ptr[1]);
	const struct proposals *p;
	bool offered;

	p = x->child ? child_proposals(x->sa, x->child->version)
		     : ike_proposals(x->sa->version);
	offered = p && group != x->ke.group && proposals_have_ke(p, group);
	proposals_unref(p);
	if (!offered || x->ke_turns++ == KE_TURNS_MAX)
		return false;
	exchange_again(x);
	ke_part_done(&x->ke);
	return kex_start(x, OP_CHILD_KE_START, group) == CYG_OK;
}

/*
 * The peer has lost the child that we wanted to rekey: so have we, and a new one is asked
 * for (2.25).
 */
static void child_is_unknown(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct child_sa *old = rekeyed(x);
	struct loaded *l = old ? old->loaded : NULL;
	uint64_t cause = x->cause;

	exchange_close(x);
	if (!old)
		return;
	explain_child_down(old, "the peer does not know it any more");
	if (!l || old->state != CHILD_UP || up_ask_child(sa, l, cause))
		l = NULL;
	child_gone(old, l ? GONE_QUIETLY : GONE_PEER);
}

/* A rekey that the peer put off or refused: the old SA lives on, and we try again. */
static void rekey_later(struct exchange *x)
{
	struct child_sa *old = rekeyed(x);

	if (x->kind == EX_REKEY_IKE) {
		ike_rekey_refused(x);
		return;
	}
	exchange_close(x);
	/* Where the peer's own rekey of it succeeded ours is moot. */
	if (old && old->state == CHILD_UP)
		timers_child_rekey_later(old);
}

/* The SA that all processors share carries on alone. */
static void clone_is_refused(struct exchange *x, uint16_t notify)
{
	struct loaded *l = x->child ? x->child->loaded : NULL;

	bool later = notify == N_TEMPORARY_FAILURE ||
		     (l && notify == N_TS_MAX_QUEUE && clone_crossed(l));

	explain_no_clone(x, notify);
	if (l && later)
		clone_put_off(l);
	else if (l)
		clone_refused(l);
	exchange_close(x);
}

/*
 * What a peer says that looks for the child among the connections of this IKE SA alone, finds that
 * its proof is not enough for the one that is meant, or takes no more children on it (RFC 7296 1.3).
 */
static bool may_take_alone(const struct exchange *x, uint16_t notify)
{
	return x->kind == EX_NEW_CHILD && x->child &&
	       (notify == N_TS_UNACCEPTABLE || notify == N_NO_PROPOSAL_CHOSEN ||
		notify == N_AUTHENTICATION_FAILED || notify == N_NO_ADDITIONAL_SAS) &&
	       up_may_begin_alone(x->sa, x->child->loaded);
}

enum problem child_refused(struct exchange *x, struct received *rx)
{
	struct notify_payload n;

	if (!message_find_error(rx->m, &n))
		return PROBLEM_SYNTAX;
	if (n.type == N_INVALID_KE_PAYLOAD && n.data.len == 2 && take_group(x, n.data))
		return PROBLEM_LATER;
	if (n.type == N_CHILD_SA_NOT_FOUND && x->kind == EX_REKEY_CHILD) {
		child_is_unknown(x);
		return PROBLEM_NONE;
	}
	if (x->kind == EX_CLONE) {
		clone_is_refused(x, n.type);
		return PROBLEM_NONE;
	}
	if (may_take_alone(x, n.type)) {
		explain_alone(x, n.type);
		x->alone = true;
		return PROBLEM_REFUSED;
	}
	if (n.type != N_TEMPORARY_FAILURE || x->kind == EX_NEW_CHILD)
		explain_child_refusal(x, n.type);
	if (x->kind == EX_NEW_CHILD)
		return PROBLEM_REFUSED;
	rekey_later(x);
	return PROBLEM_NONE;
}

enum problem late_answer(struct exchange *x, struct received *rx)
{
	(void)rx;
	exchange_close(x);
	return PROBLEM_NONE;
}

/* ---- the peer's requests ---- */

enum problem busy_request(struct exchange *x, struct received *rx)
{
	(void)x;
	diag_set(&rx->why, "closing", "RFC 7296 2.25.2",
		 "this IKE SA is being replaced or closed");
	return PROBLEM_BUSY;
}

static size_t count_children(const struct ike_sa *sa)
{
	size_t n = 0;

	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		n++;
	return n;
}

/*
 * What stands beside others sends nothing before the peer has it; until then the others carry all
 * (RFC 7296 2.8).
 */
static enum problem install_theirs(struct exchange *x, struct diag *why)
{
	return install_begin(x, x->rekeys || x->child->processor ? INSTALL_IN : INSTALL_ALL,
			     why);
}

/* Chosen: suite, selectors. Now the values, then key exchange or straight to the plane. */
static enum problem serve(struct exchange *x, struct received *rx, struct child_sa *old)
{
	enum problem p = agree_answer(x, rx->m, old, &rx->why);

	if (p == PROBLEM_NONE)
		p = clone_adopt(x->child, old, &rx->why);
	if (p == PROBLEM_NONE)
		p = create_take_values(x, rx, x->child->chosen.ke);
	if (p != PROBLEM_NONE)
		return p;
	if (keys_nonce(x->sa->ike, &x->nr))
		return PROBLEM_LOCAL;
	if (x->child->chosen.ke)
		return kex_respond(x, OP_CHILD_KE_RESPOND, x->child->chosen.ke,
				   view_bytes(&x->ke.peer))
			       ? PROBLEM_LOCAL
			       : PROBLEM_LATER;
	return install_theirs(x, &rx->why);
}

/* RFC 7296 2.25.2: no new children while we rekey the IKE SA. */
static bool rekeying_ike(const struct ike_sa *sa)
{
	const struct exchange *x = sa->window.ours;

	return x && x->kind == EX_REKEY_IKE && x->phase != PHASE_PREPARING;
}

enum problem child_request(struct exchange *x, struct received *rx)
{
	x->kind = EX_NEW_CHILD;
	if (rekeying_ike(x->sa))
		return PROBLEM_BUSY;
	if (count_children(x->sa) >= x->sa->ike->settings.children_max) {
		diag_set(&rx->why, "too-many-children", "RFC 7296 1.3.1",
			 "this IKE SA has as many child SAs as are allowed");
		return PROBLEM_LIMIT;
	}
	return serve(x, rx, NULL);
}

/* We are making a child: the peer may have it before we do. */
static bool making_child(const struct ike_sa *sa)
{
	const struct exchange *x = sa->window.ours;

	return x && x->child && x->phase != PHASE_PREPARING;
}

enum problem child_rekey_request(struct exchange *x, struct received *rx)
{
	struct notify_payload n;
	struct child_sa *old = NULL;

	x->kind = EX_REKEY_CHILD;
	if (message_find_notify(rx->m, IN_CHILD_REQUEST, N_REKEY_SA, &n))
		old = child_by_spi_out(x->sa, notify_spi32(&n));
	if (old && old->chosen.protocol != n.protocol)
		old = NULL;
	if (!old && making_child(x->sa))
		return PROBLEM_BUSY;
	if (!old) {
		x->refused_spi = notify_spi32(&n);
		x->refused_protocol = n.protocol;
		return PROBLEM_NO_CHILD;
	}
	if (old->state != CHILD_UP || !old->loaded || rekeying_ike(x->sa) || undecided(old))
		return PROBLEM_BUSY;
	/* One who rekeys again and again and deletes nothing meets a limit as well. */
	if (count_children(x->sa) >= 2 * (size_t)x->sa->ike->settings.children_max)
		return PROBLEM_LIMIT;
	x->rekeys = old->serial;
	return serve(x, rx, old);
}

void create_request_failed(struct exchange *x, enum problem p, const struct diag *why)
{
	struct child_sa *old = rekeyed(x);
	struct ike *ike = x->sa->ike;
	uint64_t serial = x->sa->serial;
	struct ike_sa *sa;

	explain_request_problem(x, p, why);
	request_failed(x, p, SCENE_CHILD_REQUEST, NULL);
	if (old)
		settle_race(old);
	sa = sa_by_serial(ike, serial);
	if (sa)
		sa_child_gone(sa);
}

/* What was asked for is looked at again, with what is known now of one connection more. */
void child_judged(struct exchange *x, const struct answer *a)
{
	struct received rx = {.m = NULL};
	struct ike *ike = x->sa->ike;
	uint64_t serial = x->sa->serial;
	enum problem p = PROBLEM_NONE;
	struct message m;
	struct ike_sa *sa;

	judge_answered(x, a);
	diag_clear(&rx.why);
	if (message_parse_inner(view_bytes(&x->held), x->held_first, &m, NULL, &rx.why))
		p = PROBLEM_LOCAL;
	else if (!sa_is_up(x->sa))
		p = PROBLEM_BUSY;
	rx.m = &m;
	if (p == PROBLEM_NONE)
		p = child_request(x, &rx);
	if (p == PROBLEM_NONE || p == PROBLEM_LATER)
		return;
	explain_request_problem(x, p, &rx.why);
	request_failed(x, p, SCENE_CHILD_REQUEST, &rx);
	sa = sa_by_serial(ike, serial);
	if (sa)
		sa_child_gone(sa);
}

void create_responded(struct exchange *x, const struct answer *a)
{
	enum cyg_err err = kex_responded(x, a);
	struct diag why;
	enum problem p;

	if (err) {
		create_request_failed(x,
				      err == CYG_NOMEM || err == CYG_CRYPTO ? PROBLEM_LOCAL
									    : PROBLEM_KE_VALUE,
				      a->why);
		return;
	}
	if (x->kind == EX_REKEY_IKE) {
		ike_rekey_responded(x);
		return;
	}
	diag_clear(&why);
	p = install_theirs(x, &why);
	if (p != PROBLEM_LATER)
		create_request_failed(x, p, &why);
}

static enum cyg_err send_answer(struct exchange *x)
{
	struct sealer s;
	struct view message;
	enum cyg_err err;

	seal_begin(&s, x->sa, X_CREATE_CHILD_SA, true, x->msgid);
	agree_build_answer(x, &s.inner, false);
	err = seal_end(&s, &message);
	if (err)
		return err;
	install_commit(x, rekeyed(x));
	exchange_reply(x, message);
	return CYG_OK;
}

/* ---- the child stands ---- */

/* Of a replacement that lost: it is not used, and the end that began it deletes it. */
static void stand_back(struct child_sa *loser)
{
	loser->state = CHILD_REKEYED;
	timers_child_outbound(loser);
	timers_child_rekeyed(loser);
}

/* One of the two replacements; NULL when it was not made, or is deleted already. */
static struct child_sa *standing(const struct child_sa *old, uint64_t serial)
{
	struct child_sa *child = child_by_serial(old->ike, serial);

	return child && !child_is_over(child) ? child : NULL;
}

void settle_race(struct child_sa *old)
{
	struct ike_sa *sa = old->sa;
	struct rekey_race *race = old->race;
	struct child_sa *ours = race ? standing(old, race->ours) : NULL;
	struct child_sa *theirs = race ? standing(old, race->theirs) : NULL;

	if (!ours || they_rekey_too(sa, old->serial))
		return; /* nothing of ours to decide on, or theirs is not done */
	if (theirs && race_ours_loses(race)) {
		old->replacement = theirs->serial;
		child_supersede(ours);
		return; /* the peer deletes the old one */
	}
	if (theirs)
		stand_back(theirs);
	old->replacement = ours->serial;
	child_supersede(old);
}

void child_rekey_in_vain(const struct child_sa *old)
{
	struct exchange *x = old->sa->window.ours;
	struct child_sa *theirs = old->race ? standing(old, old->race->theirs) : NULL;

	if (theirs && we_rekey_too(old->sa, old->serial))
		x->in_vain = true;
}

static void rekeyed_by_us(struct exchange *x)
{
	struct ike *ike = x->sa->ike;
	struct child_sa *old = rekeyed(x);
	struct child_sa *child = install_commit(x, old);
	bool in_vain = x->in_vain;
	bool noted = old && race_note(&old->race, true, child->serial, view_bytes(&x->ni),
				      view_bytes(&x->nr));

	exchange_close(x);
	up_succeeded(ike, child);
	if (!child->processor)
		clone_rekeyed_first(child);
	if (in_vain)
		child_supersede(child);
	else if (noted)
		settle_race(old);
}

static void rekeyed_by_peer(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct child_sa *old = rekeyed(x), *child = x->child;
	bool noted = old && race_note(&old->race, false, child->serial, view_bytes(&x->ni),
				      view_bytes(&x->nr));

	if (send_answer(x)) {
		create_request_failed(x, PROBLEM_LOCAL, NULL);
		return;
	}
	if (!old) {
		install_outbound(child);
		return;
	}
	timers_child_answered(child);
	tasks_drop(sa, old->serial, NULL);
	if (we_rekey_too(sa, old->serial) && sa->window.ours->phase == PHASE_PREPARING)
		exchange_close(sa->window.ours); /* not sent yet: theirs alone, then */
	if (noted)
		settle_race(old);
}

static void new_by_peer(struct exchange *x)
{
	struct ike *ike = x->sa->ike;
	struct child_sa *child = x->child;

	if (send_answer(x)) {
		create_request_failed(x, PROBLEM_LOCAL, NULL);
		return;
	}
	if (child->processor) {
		timers_child_answered(child);
		clone_changed(ike, child->loaded);
	}
	up_succeeded(ike, child);
}

void child_installed(struct exchange *x, enum problem p, const struct diag *why)
{
	struct ike *ike = x->sa->ike;
	struct child_sa *child = x->child;

	/* We have begun to delete the IKE SA meanwhile: nothing comes up on it any more. */
	if (p == PROBLEM_NONE && (x->sa->state == SA_DELETING || clone_is_orphan(child)))
		p = PROBLEM_BUSY;
	if (p != PROBLEM_NONE && x->ours) {
		child_try_failed(x, p, why);
	} else if (p != PROBLEM_NONE) {
		create_request_failed(x, p, why);
	} else if (x->kind == EX_REKEY_CHILD && x->ours) {
		rekeyed_by_us(x);
	} else if (x->kind == EX_REKEY_CHILD) {
		rekeyed_by_peer(x);
	} else if (x->ours) {
		install_commit(x, NULL);
		exchange_close(x);
		if (child->processor)
			clone_made(ike, child->loaded);
		up_succeeded(ike, child);
	} else {
		new_by_peer(x);
	}
}
