/* SPDX-License-Identifier: Apache-2.0 */
/* EAP as initiator: it is us who prove ourselves by it. */
#include "ike/agree.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/lost.h"
#include "ike/protect.h"
#include "ike/receive.h"
#include "ike/up.h"
#include "ike/v2/auth.h"
#include "ike/v2/eap.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/ppk.h"
#include "wire/payload.h"

#include <string.h>

enum cyg_err eap_begin_initiator(struct exchange *x)
{
	struct ike_sa *sa = x->sa;

	sa->init->eap.alone = eap_may_be_alone(sa);
	return eap_ask(x, (struct view){0});
}

/* ---- requests ---- */

static enum cyg_err send_step(struct exchange *x, struct view packet)
{
	struct sealer s;
	struct view message;
	enum cyg_err err;

	exchange_again(x);
	seal_begin(&s, x->sa, X_IKE_AUTH, false, x->msgid);
	chain_payload(&s.inner, PAYLOAD_EAP);
	build_view(&s.b, packet);
	err = seal_end(&s, &message);
	return err ? err : exchange_send(x, message);
}

static void fail_here(struct exchange *x, enum cyg_err err)
{
	explain_local(x, err, "EAP could not go on");
	sa_lost(x->sa, LOST_LOCAL);
}

/* RFC 4739 3.4: nothing but who we are now. */
static enum cyg_err send_second(struct exchange *x)
{
	struct sealer s;
	struct view message;
	enum cyg_err err;

	exchange_again(x);
	seal_begin(&s, x->sa, X_IKE_AUTH, false, x->msgid);
	auth_build_id(&s.inner, PAYLOAD_IDI, x->sa->init->eap.id);
	err = seal_end(&s, &message);
	return err ? err : exchange_send(x, message);
}

/* The name of eap_identity=, or what we are in IKE. One reference; NULL when memory is short. */
static const struct ident *second_identity(const struct ike_sa *sa)
{
	const char *name = sa->version->eap_identity;
	const struct ident *id = NULL;

	if (!name || !strcmp(name, "%any"))
		return ident_ref(sa->local_id);
	if (ident_from_wire(strchr(name, '@') ? ID_RFC822_ADDR : ID_FQDN, view_str(name), &id,
			    NULL) &&
	    ident_from_wire(ID_KEY_ID, view_str(name), &id, NULL))
		return NULL;
	return id;
}

void eap_second_initiator(struct exchange *x)
{
	struct eap_part *eap = &x->sa->init->eap;

	bytes_wipe(&x->held); /* the first answer says nothing of the child */
	eap->id = second_identity(x->sa);
	if (!eap->id || eap_ask(x, (struct view){0}))
		fail_here(x, CYG_NOMEM);
}

/* We have no password or key: that is told before a packet leaves. */
static void take_beginning(struct exchange *x, const struct answer *a)
{
	enum cyg_err err;

	if (a->err) {
		explain_no_key(x, a->err, a->why);
		sa_lost(x->sa, LOST_LOCAL);
		return;
	}
	x->sa->init->eap.begun = true;
	if (!x->sa->init->eap.second) {
		auth_send_first(x, NULL, a->eap.authorities);
		return;
	}
	sa_enter(x->sa, SA_I2_EAP);
	err = send_second(x);
	if (err)
		fail_here(x, err);
}

/* A wrong password is not tried over and over: that has accounts locked. */
static void give_up(const struct ike_sa *sa, const struct answer *a)
{
	struct upward *up = sa->loaded ? sa->loaded->core : NULL;

	if (up && a->eap.hopeless)
		up->hopeless = true;
}

void eap_stepped_initiator(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	struct eap_part *eap = &sa->init->eap;

	if (!eap->begun) {
		take_beginning(x, a);
	} else if (sa->closing) {
		sa_drop(sa, GONE_QUIETLY);
	} else if (a->err) {
		fail_here(x, a->err);
	} else if (a->eap.outcome == EAP_FAILED && eap->ended) {
		give_up(sa, a);
		/* The responder has forgotten us already. */
		sa->ike->counts.auth_failures++;
		explain_answer_problem(x, PROBLEM_AUTH, a->why);
		sa_lost(sa, LOST_TOLD);
	} else if (a->eap.outcome == EAP_FAILED) {
		give_up(sa, a);
		answer_failed(x, PROBLEM_AUTH, SCENE_AUTH_ANSWER, a->why);
	} else if (a->eap.outcome == EAP_SUCCEEDED) {
		eap->done = true;
		ppk_begin_proof(x);
	} else {
		enum cyg_err err = send_step(x, a->eap.packet);

		if (err)
			fail_here(x, err);
	}
}

/* ---- answers ---- */

static enum problem not_proven(struct received *rx)
{
	diag_set(&rx->why, "eap-only", "RFC 5998 3",
		 "the peer begins EAP without having proven who it is");
	diag_wanted(&rx->why, "its AUTH payload beside the EAP request");
	diag_got(&rx->why, "EAP alone");
	diag_hint(&rx->why,
		  "let the peer prove itself (leftauth=pubkey there); EAP alone needs "
		  "auth=eaponly for its end, and eap-tls");
	return PROBLEM_AUTH;
}

static enum problem not_asked(struct received *rx)
{
	diag_set(&rx->why, "eap", "RFC 7296 2.16",
		 "the peer asks for EAP, though our AUTH payload was there");
	return PROBLEM_AUTH;
}

enum problem eap_first_answer(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct view packet;
	enum problem p;

	if (!sa->init->eap.session)
		return not_asked(rx);
	p = eap_take_packet(rx, &packet);
	if (p == PROBLEM_NONE)
		p = auth_take_responder(x, rx);
	if (p != PROBLEM_NONE)
		return p;
	if (!message_count(rx->m, PAYLOAD_AUTH)) {
		if (!sa->init->eap.alone)
			return not_proven(rx);
		if (eap_ask(x, packet))
			return PROBLEM_LOCAL;
	} else {
		/* Nothing of ours is shown before the responder is proven (CVE-2015-4171). */
		if (!bytes_copy(&x->held, packet) || auth_ask_check(x))
			return PROBLEM_LOCAL;
	}
	sa_enter(sa, SA_I2_EAP);
	return PROBLEM_LATER;
}

void eap_checked_initiator(struct exchange *x)
{
	enum cyg_err err = eap_ask(x, view_bytes(&x->held));

	bytes_wipe(&x->held);
	if (err)
		fail_here(x, err); /* and x is no more */
}

enum problem eap_answer(struct exchange *x, struct received *rx)
{
	struct eap_part *eap = &x->sa->init->eap;
	struct view packet;
	enum problem p = eap_take_packet(rx, &packet);

	if (p != PROBLEM_NONE)
		return p;
	if (eap->done) {
		diag_set(&rx->why, "eap-order", "RFC 7296 2.16",
			 "EAP goes on behind its success");
		return PROBLEM_AUTH;
	}
	eap->ended = packet.ptr[0] == EAP_FAILURE;
	return eap_ask(x, packet) ? PROBLEM_LOCAL : PROBLEM_LATER;
}

enum problem eap_final_answer(struct exchange *x, struct received *rx)
{
	enum problem p;

	if (!x->sa->init->eap.done) {
		diag_set(&rx->why, "eap-order", "RFC 7296 2.16",
			 "the peer's AUTH payload comes before EAP has come to its end");
		return PROBLEM_AUTH;
	}
	p = auth_take_final(x->sa, rx);
	if (p == PROBLEM_NONE)
		p = ppk_take_answer(x->sa, rx);
	if (p != PROBLEM_NONE)
		return p;
	return auth_hold_answer(x, rx);
}
