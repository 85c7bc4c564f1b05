/* SPDX-License-Identifier: Apache-2.0 */
/* EAP as responder: the peer is the one that proves itself by it. */
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/lost.h"
#include "ike/protect.h"
#include "ike/receive.h"
#include "ike/v2/auth.h"
#include "ike/v2/certs.h"
#include "ike/v2/eap.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/ppk.h"
#include "wire/notify.h"
#include "wire/payload.h"

/* The first one says who we are, and proves it, but for EAP alone. */
static void build_proof(struct exchange *x, struct sealer *s)
{
	struct ike_sa *sa = x->sa;
	struct auth_payload auth = {.method = x->proof_method, .data = view_bytes(&x->proof)};

	auth_build_id(&s->inner, PAYLOAD_IDR, sa->local_id);
	if (!x->proof_certs)
		return;
	certs_build(&s->inner, x->proof_certs->items, x->proof_certs->len);
	chain_payload(&s->inner, PAYLOAD_AUTH);
	auth_build(&s->b, &auth);
}

/* ---- the first request ---- */

/* Whether our own AUTH is left out (RFC 5998): both sides must have said so. */
static enum problem settle_alone(struct ike_sa *sa, struct received *rx)
{
	unsigned ours = connection_auth(sa->version, sa->loaded->local);
	struct notify_payload n;
	bool asked = message_find_notify(rx->m, IN_AUTH_REQUEST, N_EAP_ONLY_AUTHENTICATION, &n);

	sa->init->eap.alone = asked && eap_may_be_alone(sa);
	if (sa->init->eap.alone || ours & ~(unsigned)(AUTH_EAP_ONLY | AUTH_EAP))
		return PROBLEM_NONE;
	diag_set(&rx->why, "eap-only", "RFC 5998 3",
		 "the peer wants a proof of ours beside EAP, and the connection has none");
	diag_wanted(&rx->why, "EAP_ONLY_AUTHENTICATION from the peer");
	diag_got(&rx->why, "an IKE_AUTH request without it");
	diag_hint(&rx->why, "allow %sauth=pubkey here, or let the peer accept EAP alone",
		  connection_side(sa->loaded->local));
	return PROBLEM_AUTH;
}

enum problem auth_request_eap(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct eap_part *eap = &sa->init->eap;
	enum problem p = auth_take_peer(x, rx, true);

	if (p == PROBLEM_NONE)
		p = ppk_expect(sa, &rx->why);
	if (p == PROBLEM_NONE)
		p = settle_alone(sa, rx);
	if (p != PROBLEM_NONE)
		return p;
	eap->held = x->held;
	eap->held_first = x->held_first;
	x->held = (struct bytes){0};
	eap->session = sa->serial;
	if (eap->alone)
		return eap_ask(x, (struct view){0}) ? PROBLEM_LOCAL : PROBLEM_LATER;
	return auth_ask_make(x) ? PROBLEM_LOCAL : PROBLEM_LATER;
}

/* ---- another proof behind an AUTH payload (RFC 4739) ---- */

enum problem eap_expect_second(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct eap_part *eap = &sa->init->eap;
	struct notify_payload n;
	bool wanted = sa->version->end[!sa->loaded->local].auth2;
	bool follows = message_find_notify(rx->m, IN_AUTH_REQUEST, N_ANOTHER_AUTH_FOLLOWS, &n);

	if (wanted != follows) {
		diag_set(
			&rx->why, "auth2", "RFC 4739 3.2",
			wanted ? "the peer proves itself once, and the connection wants it twice"
			       : "the peer wants to prove itself twice, and the connection wants "
				 "it once");
		diag_hint(&rx->why, "make %sauth2= of conn %s what the peer does",
			  connection_side(!sa->loaded->local), sa->version->name);
		return PROBLEM_AUTH;
	}
	eap->second = wanted;
	return PROBLEM_NONE;
}

static void await_second(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct eap_part *eap = &sa->init->eap;
	struct sealer s;
	struct view message;

	eap->held = x->held;
	eap->held_first = x->held_first;
	x->held = (struct bytes){0};
	seal_begin(&s, sa, X_IKE_AUTH, true, x->msgid);
	build_proof(x, &s);
	if (seal_end(&s, &message)) {
		auth_refuse(x, PROBLEM_LOCAL, NULL);
		return;
	}
	eap->answered = true;
	exchange_reply(x, message);
	sa_enter(sa, SA_R1_EAP);
	timers_sa_eap(sa);
}

enum problem eap_second_request(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct eap_part *eap = &sa->init->eap;
	const struct ident *id = NULL;
	enum problem p;

	x->kind = EX_AUTH;
	if (!eap->second || eap->session) {
		diag_set(&rx->why, "eap-order", "RFC 4739 3.4",
			 "the peer says again who it is, in the midst of EAP");
		return PROBLEM_AUTH;
	}
	p = auth_take_proof(sa, rx, PAYLOAD_IDI, &id);
	if (p != PROBLEM_NONE)
		return p;
	ident_unref(eap->id);
	eap->id = id;
	return eap_ask(x, (struct view){0}) ? PROBLEM_LOCAL : PROBLEM_LATER;
}

void eap_made_responder(struct exchange *x)
{
	if (x->sa->init->eap.second) {
		await_second(x);
		return;
	}
	if (eap_ask(x, (struct view){0}))
		auth_refuse(x, PROBLEM_LOCAL, NULL);
}

/* ---- answers ---- */

static enum cyg_err send_step(struct exchange *x, struct view packet)
{
	struct ike_sa *sa = x->sa;
	struct sealer s;
	struct view message;
	enum cyg_err err;

	seal_begin(&s, sa, X_IKE_AUTH, true, x->msgid);
	if (!sa->init->eap.answered)
		build_proof(x, &s);
	chain_payload(&s.inner, PAYLOAD_EAP);
	build_view(&s.b, packet);
	err = seal_end(&s, &message);
	if (err)
		return err;
	sa->init->eap.answered = true;
	exchange_reply(x, message);
	return CYG_OK;
}

/*
 * Who the peer is now. Where eap_identity= lets it say a name of its own, that one has been
 * proven, and what it said in IKE has not: it counts only where the connection names it and it
 * is the same (CVE-2022-4967, docs/attacks.md P24).
 */
static bool take_identity(struct ike_sa *sa, const struct ident *proven, struct diag *why)
{
	const struct ident *wanted = sa->loaded ? sa->loaded->remote_id : NULL;
	const char *said = sa->version->eap_identity;
	bool open = !wanted || wanted->type == ID_ANY || wanted->wildcards;
	char want[200], got[200];

	if (sa->init->eap.second || !proven || !said || (!open && strcmp(said, "%any")))
		return true; /* IKE's own was proven, or the connection names both, or they are one */
	if (!wanted || ident_match(wanted, proven)) {
		ident_unref(sa->remote_id);
		sa->remote_id = ident_ref(proven);
		return true;
	}
	diag_set(why, "eap-identity", "RFC 7296 2.16",
		 "the peer proved by EAP to be somebody else than the connection is for");
	diag_wanted(why, "%s", ident_print(wanted, want, sizeof(want)));
	diag_got(why, "%s", ident_print(proven, got, sizeof(got)));
	diag_hint(why, "name both, eap_identity= and %sid=, or write %sid=%%any",
		  connection_side(!sa->loaded->local), connection_side(!sa->loaded->local));
	return false;
}

/* Refused inside EAP: its Failure is what the peer is told (RFC 7296 2.16). */
static void end_badly(struct exchange *x, struct view packet, const struct diag *why)
{
	struct ike_sa *sa = x->sa;

	explain_request_problem(x, PROBLEM_AUTH, why);
	if (!packet.len) {
		request_failed(x, PROBLEM_AUTH, SCENE_AUTH_REQUEST, NULL);
		return;
	}
	sa->ike->counts.auth_failures++;
	if (send_step(x, packet))
		exchange_close(x);
	sa_lost(sa, LOST_REFUSED);
}

void eap_stepped_responder(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	struct diag why;

	diag_clear(&why);
	if (a->err) {
		auth_refuse(x, PROBLEM_AUTH, a->why);
		return;
	}
	if (a->eap.outcome == EAP_FAILED) {
		end_badly(x, a->eap.packet, a->why);
		return;
	}
	if (a->eap.outcome == EAP_SUCCEEDED) {
		if (!take_identity(sa, a->eap.identity, &why)) {
			end_badly(x, (struct view){0}, &why);
			return;
		}
		sa->init->eap.done = true;
	}
	if (send_step(x, a->eap.packet)) {
		sa_lost(sa, LOST_LOCAL);
		return;
	}
	if (sa->state == SA_R1)
		sa_enter(sa, SA_R1_EAP);
	timers_sa_eap(sa);
}

/* ---- further requests ---- */

enum problem eap_request(struct exchange *x, struct received *rx)
{
	struct view packet;
	enum problem p = eap_take_packet(rx, &packet);

	x->kind = EX_AUTH;
	if (p != PROBLEM_NONE)
		return p;
	if (!x->sa->init->eap.done)
		return eap_ask(x, packet) ? PROBLEM_LOCAL : PROBLEM_LATER;
	diag_set(&rx->why, "eap-order", "RFC 7296 2.16", "EAP goes on behind its success");
	return PROBLEM_AUTH;
}

enum problem eap_final_request(struct exchange *x, struct received *rx)
{
	struct eap_part *eap = &x->sa->init->eap;
	enum problem p;

	x->kind = EX_AUTH;
	if (!eap->done) {
		diag_set(&rx->why, "eap-order", "RFC 7296 2.16",
			 "the peer's AUTH payload comes before EAP has come to its end");
		return PROBLEM_AUTH;
	}
	p = auth_take_final(x->sa, rx);
	if (p != PROBLEM_NONE)
		return p;
	x->held = eap->held;
	x->held_first = eap->held_first;
	eap->held = (struct bytes){0};
	return ppk_take_request(x, rx);
}
