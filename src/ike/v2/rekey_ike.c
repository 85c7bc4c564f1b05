/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/kex.h"
#include "ike/keys.h"
#include "ike/lost.h"
#include "ike/protect.h"
#include "ike/race.h"
#include "ike/receive.h"
#include "ike/suites.h"
#include "ike/tally.h"
#include "ike/tell.h"
#include "ike/v2/create_child.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/sa_init.h"
#include "wire/notify.h"
#include "wire/payload.h"

#include <string.h>

/*
 * CREATE_CHILD_SA for the IKE SA itself (RFC 7296 1.3.2, 2.18). The new SA
 * inherits all children and what waits to be asked; the end that began deletes
 * the old one. While both ends rekey at once (2.8.2, 2.25.2) the children stay
 * where they are until both outcomes are known; until then they are found from
 * any SA of the line.
 */

/* ---- the new SA ---- */

/* Larval, with what it inherits. `initiator`: we began this rekey. */
static struct ike_sa *make_next(struct ike_sa *sa, bool initiator)
{
	struct ike_sa *next = sa_new(sa->ike, initiator);

	if (!next)
		return NULL;
	next->lineage = sa->lineage;
	next->cause = sa->cause;
	next->local = sa->local;
	next->remote = sa->remote;
	next->realm = sa->realm;
	next->nat = sa->nat;
	next->fragmenting = sa->fragmenting;
	next->ppk = sa->ppk;
	next->outdated = sa->outdated;
	next->redundant = sa->redundant;
	memcpy(next->proofs, sa->proofs, sizeof(next->proofs));
	next->peer_way = sa->peer_way;
	/* Words for people: without memory for them it goes on. */
	next->our_proof = sa->our_proof ? strdup(sa->our_proof) : NULL;
	next->peer_proof = sa->peer_proof ? strdup(sa->peer_proof) : NULL;
	next->local_id = ident_ref(sa->local_id);
	next->remote_id = ident_ref(sa->remote_id);
	next->version = connection_ref(sa->version);
	return next;
}

/* The old SA's address may have changed since it was made, and what its children stand by. */
static void bring_up(struct ike_sa *sa, struct ike_sa *next)
{
	struct about a;

	next->local = sa->local;
	next->remote = sa->remote;
	memcpy(next->proofs, sa->proofs, sizeof(next->proofs));
	sa_set_loaded(next, sa->loaded);
	keys_drop_auth(next);
	sa_enter(next, SA_UP);
	next->established_at = sa->ike->now;
	next->predecessor = sa->serial;
	tally_ike(next);
	peer_join(next);
	timers_sa_established(next);
	a = about_sa(next);
	tell(sa->ike, &a, REPORT_NOTICE, RC_LOG, "ike-rekeyed", NULL,
	     "IKE SA #%llu rekeyed as #%llu", (unsigned long long)sa->serial,
	     (unsigned long long)next->serial);
}

static struct view spi_view(uint8_t storage[8], uint64_t spi)
{
	struct builder b = builder_of(storage, 8);

	build_u64(&b, spi);
	return view_of(storage, 8);
}

/* ---- who inherits ---- */

static void inherit(struct ike_sa *sa, struct ike_sa *heir)
{
	sa->successor = heir->serial;
	children_move(sa, heir);
	window_next(heir);
}

static bool they_rekey_too(const struct ike_sa *sa)
{
	const struct exchange *x = sa->window.theirs;

	return x && x->kind == EX_REKEY_IKE;
}

static bool we_rekey_too(const struct ike_sa *sa)
{
	const struct exchange *x = sa->window.ours;

	return x && x->kind == EX_REKEY_IKE;
}

/* The peer's replacement stands: it deletes the old SA. */
static void theirs_wins(struct ike_sa *sa, struct ike_sa *theirs)
{
	inherit(sa, theirs);
	timers_sa_superseded(sa);
}

/* One of the two replacements; NULL when it was not made or is deleted already. */
static struct ike_sa *standing(const struct ike_sa *sa, uint64_t serial)
{
	struct ike_sa *next = sa_by_serial(sa->ike, serial);

	return next && next->state == SA_UP ? next : NULL;
}

static void settle(struct ike_sa *sa)
{
	struct rekey_race *race = sa->race;
	struct ike_sa *ours = race ? standing(sa, race->ours) : NULL;
	struct ike_sa *theirs = race ? standing(sa, race->theirs) : NULL;

	if (they_rekey_too(sa) || we_rekey_too(sa))
		return;
	if (!ours && !theirs) {
		sa_close(sa); /* the peer made its replacement only to delete it */
		return;
	}
	if (theirs && (!ours || race_ours_loses(race))) {
		theirs_wins(sa, theirs);
		if (ours) {
			children_move(ours, theirs);
			sa_close(ours);
		}
		return;
	}
	if (theirs) {
		/* The peer deletes what it began in vain. */
		children_move(theirs, ours);
		sa_enter(theirs, SA_REKEYED);
		theirs->in_vain = true;
		theirs->successor = ours->serial;
		timers_sa_superseded(theirs);
	}
	inherit(sa, ours);
	sa_close(sa);
}

void ike_rekey_deleted(struct ike_sa *sa)
{
	struct ike_sa *heir = sa_by_serial(sa->ike, sa->successor);

	if (!heir && sa->race)
		heir = standing(sa, sa->race->theirs);
	if (heir)
		inherit(sa, heir);
}

/* ---- initiator ---- */

void ike_rekey_begin(struct ike_sa *sa, const struct task *t)
{
	struct exchange *x = sa_undecided(sa) ? NULL : exchange_open(sa, EX_REKEY_IKE, true);

	if (!x) {
		timers_sa_rekey_later(sa);
		return;
	}
	x->cause = t->cause;
	x->next = make_next(sa, true);
	if (!x->next || keys_nonce(sa->ike, &x->ni) ||
	    kex_start(x, OP_CHILD_KE_START, sa->chosen.ke)) {
		exchange_close(x);
		timers_sa_rekey_later(sa);
	}
}

enum cyg_err ike_rekey_send(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	const struct proposals *offer = ike_proposals(sa->version);
	struct nonce_payload nonce = {.data = view_bytes(&x->ni)};
	struct ke_payload ke = {x->ke.group, view_bytes(&x->ke.public)};
	uint8_t spi[8];
	struct sealer s;
	struct view message;
	enum cyg_err err;

	if (!offer)
		return CYG_NOMEM;
	seal_begin(&s, sa, X_CREATE_CHILD_SA, false, x->msgid);
	offer_build(&s.inner, offer, spi_view(spi, x->next->spi_own), false);
	proposals_unref(offer);
	chain_payload(&s.inner, PAYLOAD_NONCE);
	nonce_build(&s.b, &nonce);
	chain_payload(&s.inner, PAYLOAD_KE);
	ke_build(&s.b, &ke);
	err = seal_end(&s, &message);
	return err ? err : exchange_send(x, message);
}

enum problem ike_rekey_answer(struct exchange *x, struct received *rx)
{
	const struct proposals *ours = ike_proposals(x->sa->version);
	struct chosen chosen;
	struct offer o;
	enum cyg_err err;
	enum problem p;

	if (!ours)
		return PROBLEM_LOCAL;
	err = offer_parse(message_find(rx->m, PAYLOAD_SA), SA_ANSWER, SA_FOR_IKE_REKEY, &o,
			  &rx->why);
	if (!err) {
		err = proposals_verify(ours, &o.items[0], o.number, false, &chosen, &rx->why);
		x->next->spi_peer = o.spi[0];
		offer_done(&o);
	}
	proposals_unref(ours);
	if (err)
		return PROBLEM_ANSWER;
	p = create_take_values(x, rx, x->ke.group);
	if (p == PROBLEM_NONE && chosen.ke != x->ke.group)
		p = PROBLEM_ANSWER;
	if (p != PROBLEM_NONE)
		return p;
	x->next->chosen = chosen;
	return kex_finish(x, OP_CHILD_KE_FINISH, view_bytes(&x->ke.peer)) ? PROBLEM_LOCAL
									  : PROBLEM_LATER;
}

void ike_rekey_finished(struct exchange *x)
{
	struct ike_sa *sa = x->sa, *next = x->next;

	if (keys_from_rekey(sa, next, view_bytes(&x->ni), view_bytes(&x->nr),
			    view_bytes(&x->ke.secret)) ||
	    !race_note(&sa->race, true, next->serial, view_bytes(&x->ni), view_bytes(&x->nr))) {
		child_try_failed(x, PROBLEM_LOCAL, NULL);
		return;
	}
	x->next = NULL;
	bring_up(sa, next);
	sa_enter(sa, SA_REKEYED);
	exchange_close(x);
	settle(sa);
}

void ike_rekey_refused(struct exchange *x)
{
	struct ike_sa *sa = x->sa;

	exchange_close(x);
	if (sa->state == SA_UP)
		timers_sa_rekey_later(sa);
	else
		settle(sa);
}

/* ---- responder ---- */

/* RFC 7296 2.25.2: not while we create, rekey or close a child of it. */
static bool busy_with_children(const struct ike_sa *sa)
{
	const struct exchange *x = sa->window.ours;

	return x && x->phase != PHASE_PREPARING &&
	       (x->kind == EX_AUTH || x->kind == EX_NEW_CHILD || x->kind == EX_CLONE ||
		x->kind == EX_REKEY_CHILD || x->kind == EX_DELETE_CHILD);
}

static enum problem choose(struct exchange *x, struct received *rx, struct ike_sa *next)
{
	const struct proposals *ours = ike_proposals(x->sa->version);
	struct offer o;
	enum cyg_err err;

	if (!ours)
		return PROBLEM_LOCAL;
	err = offer_parse(message_find(rx->m, PAYLOAD_SA), SA_OFFER, SA_FOR_IKE_REKEY, &o,
			  &rx->why);
	if (err) {
		proposals_unref(ours);
		return problem_of(err, PROBLEM_SYNTAX);
	}
	err = proposals_select(ours, o.items, o.len, false, &next->chosen, &rx->why);
	if (!err)
		next->spi_peer = o.spi[next->chosen.number - 1];
	offer_done(&o);
	proposals_unref(ours);
	return err ? PROBLEM_PROPOSAL : PROBLEM_NONE;
}

enum problem ike_rekey_request(struct exchange *x, struct received *rx)
{
	enum problem p;

	x->kind = EX_REKEY_IKE;
	if (busy_with_children(x->sa) || sa_undecided(x->sa))
		return PROBLEM_BUSY;
	x->next = make_next(x->sa, false);
	if (!x->next)
		return PROBLEM_LOCAL;
	p = choose(x, rx, x->next);
	if (p == PROBLEM_NONE)
		p = create_take_values(x, rx, x->next->chosen.ke);
	if (p != PROBLEM_NONE)
		return p;
	if (keys_nonce(x->sa->ike, &x->nr) ||
	    kex_respond(x, OP_CHILD_KE_RESPOND, x->next->chosen.ke, view_bytes(&x->ke.peer)))
		return PROBLEM_LOCAL;
	return PROBLEM_LATER;
}

static enum cyg_err send_answer(struct exchange *x)
{
	struct nonce_payload nonce = {.data = view_bytes(&x->nr)};
	struct ke_payload ke = {x->ke.group, view_bytes(&x->ke.public)};
	uint8_t spi[8];
	struct sealer s;
	struct view message;
	enum cyg_err err;

	seal_begin(&s, x->sa, X_CREATE_CHILD_SA, true, x->msgid);
	accept_build(&s.inner, &x->next->chosen, spi_view(spi, x->next->spi_own));
	chain_payload(&s.inner, PAYLOAD_NONCE);
	nonce_build(&s.b, &nonce);
	chain_payload(&s.inner, PAYLOAD_KE);
	ke_build(&s.b, &ke);
	err = seal_end(&s, &message);
	if (err)
		return err;
	x->next = NULL;
	exchange_reply(x, message);
	return CYG_OK;
}

/*
 * A rekey of ours that is not sent yet is moot, and what we were about to ask for a child
 * is the new SA's to ask. What is on its way will have its own outcome.
 */
static void drop_unsent(struct ike_sa *sa)
{
	struct exchange *x = sa->window.ours;

	if (!x || x->phase != PHASE_PREPARING)
		return;
	if (x->kind == EX_REKEY_IKE)
		exchange_close(x);
	else if (exchange_put_back(x))
		child_try_failed(x, PROBLEM_LOCAL, NULL);
}

void ike_rekey_responded(struct exchange *x)
{
	struct ike_sa *sa = x->sa, *next = x->next;

	/* Our own exchange on a child may have begun while the host computed. */
	if ((sa->state != SA_UP && sa->state != SA_REKEYED) || busy_with_children(sa)) {
		create_request_failed(x, PROBLEM_BUSY, NULL);
		return;
	}
	if (keys_from_rekey(sa, next, view_bytes(&x->ni), view_bytes(&x->nr),
			    view_bytes(&x->ke.secret)) ||
	    !race_note(&sa->race, false, next->serial, view_bytes(&x->ni),
		       view_bytes(&x->nr)) ||
	    send_answer(x)) {
		create_request_failed(x, PROBLEM_LOCAL, NULL);
		return;
	}
	sa_enter(sa, SA_REKEYED);
	drop_unsent(sa);
	bring_up(sa, next);
	settle(sa);
}
