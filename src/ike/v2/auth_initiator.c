/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/agree.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/install.h"
#include "ike/lost.h"
#include "ike/protect.h"
#include "ike/receive.h"
#include "ike/up.h"
#include "ike/v2/auth.h"
#include "ike/v2/certs.h"
#include "ike/v2/config.h"
#include "ike/v2/eap.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/ppk.h"
#include "wire/notify.h"
#include "wire/payload.h"

/*
 * IKE_AUTH as initiator: our AUTH from trust, the request with the first
 * child, the peer's AUTH to trust, then the child. The IKE SA stands as soon as
 * the peer is proven, whatever becomes of the child.
 */

static void fail_here(struct exchange *x, enum cyg_err err, const char *what)
{
	explain_local(x, err, what);
	sa_lost(x->sa, LOST_LOCAL);
}

static bool is_eap_client(const struct ike_sa *sa)
{
	return sa->loaded && sa->loaded->local >= 0 &&
	       connection_eap_client(sa->version, sa->loaded->local);
}

/* Two proofs of ours (RFC 4739) need a responder that says it takes them. False: it is over. */
static bool expect_second(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct diag why;

	sa->init->eap.second = sa->loaded && sa->loaded->local >= 0 &&
			       sa->version->end[sa->loaded->local].auth2;
	if (!sa->init->eap.second || sa->init->multiple)
		return true;
	diag_set(&why, "auth2", "RFC 4739 3.1",
		 "we are to prove ourselves twice, and the peer takes one proof only");
	diag_wanted(&why, "MULTIPLE_AUTH_SUPPORTED in its IKE_SA_INIT");
	diag_got(&why, "none");
	diag_hint(&why,
		  "let its connection want both (rightauth2= there), or leave %sauth2= out",
		  connection_side(sa->loaded->local));
	explain_no_key(x, CYG_UNSUPPORTED, &why);
	sa_lost(sa, LOST_LOCAL);
	return false;
}

void auth_begin(struct ike_sa *sa)
{
	struct exchange *x = exchange_open(sa, EX_AUTH, true);

	if (!x) {
		sa_lost(sa, LOST_LOCAL);
		return;
	}
	sa_enter(sa, SA_I2);
	if (!expect_second(x) || !ppk_may_be_left_out(x))
		return;
	if (!is_eap_client(sa))
		ppk_begin_proof(x);
	else if (eap_begin_initiator(x))
		fail_here(x, CYG_NOMEM, "EAP could not be asked for");
}

static bool send_their_id(const struct ident *id)
{
	return id && id->type != ID_ANY && id->type != ID_NULL && !id->wildcards;
}

static void build_auth(struct sealer *s, const struct answer *a)
{
	struct auth_payload auth = {.method = a->auth.method, .data = a->auth.data};

	chain_payload(&s->inner, PAYLOAD_AUTH);
	auth_build(&s->b, &auth);
}

static enum cyg_err send_request(struct exchange *x, const struct answer *a,
				 struct view authorities)
{
	struct ike_sa *sa = x->sa;
	struct sealer s;
	struct view message;
	enum cyg_err err;

	seal_begin(&s, sa, X_IKE_AUTH, false, x->msgid);
	auth_build_id(&s.inner, PAYLOAD_IDI, sa->local_id);
	if (a)
		certs_build(&s.inner, a->auth.certs, a->auth.certs_len);
	if (up_is_first_contact(sa))
		chain_notify(&s.inner, N_INITIAL_CONTACT, (struct view){0});
	certs_ask(&s.inner, authorities, a ? a->auth.by_url : sa->ike->certs_by_url);
	if (sa->loaded && connection_names_key(sa->version, !sa->loaded->local))
		certs_ask_raw_key(&s.inner);
	if (send_their_id(sa->remote_id))
		auth_build_id(&s.inner, PAYLOAD_IDR, sa->remote_id);
	if (a)
		build_auth(&s, a);
	if (sa->init->eap.second) {
		chain_notify(&s.inner, N_MULTIPLE_AUTH_SUPPORTED, (struct view){0});
		chain_notify(&s.inner, N_ANOTHER_AUTH_FOLLOWS, (struct view){0});
	}
	if (!a && sa->init->eap.alone)
		chain_notify(&s.inner, N_EAP_ONLY_AUTHENTICATION, (struct view){0});
	ppk_build_request(sa, &s.inner);
	config_build_request(sa, &s.inner);
	err = agree_build_offer(x, &s.inner, true);
	if (!err)
		err = seal_end(&s, &message);
	return err ? err : exchange_send(x, message);
}

void auth_send_first(struct exchange *x, const struct answer *made, struct view authorities)
{
	struct ike_sa *sa = x->sa;
	struct upward *up = up_of(sa->loaded);
	bool packet = up && up->packet;
	enum cyg_err err;

	x->proof_method = made ? made->auth.method : 0;
	err = agree_offer(x, sa->loaded, packet ? &up->packet_local : NULL,
			  packet ? &up->packet_remote : NULL, false);
	if (!err)
		err = send_request(x, made, authorities);
	if (err)
		fail_here(x, err, "IKE_AUTH could not be sent");
	else
		explain_state(sa, ST_PARENT_I2, "sent IKE_AUTH, expecting the peer's proof");
}

/* The last request of EAP: our AUTH, made with its key, and what belongs to that (RFC 7296 2.16). */
static enum cyg_err send_final(struct exchange *x, const struct answer *a)
{
	struct sealer s;
	struct view message;
	enum cyg_err err;

	exchange_again(x);
	seal_begin(&s, x->sa, X_IKE_AUTH, false, x->msgid);
	build_auth(&s, a);
	ppk_build_request(x->sa, &s.inner);
	err = seal_end(&s, &message);
	return err ? err : exchange_send(x, message);
}

void auth_made_initiator(struct exchange *x, const struct answer *a)
{
	enum cyg_err err;

	if (a->err) {
		explain_no_key(x, a->err, a->why);
		sa_lost(x->sa, LOST_LOCAL);
		return;
	}
	if (ppk_takes_first_proof(x, a))
		return;
	if (!x->sa->init->eap.done) {
		auth_send_first(x, a, a->auth.authorities);
		return;
	}
	err = send_final(x, a);
	if (err)
		fail_here(x, err, "IKE_AUTH could not be sent");
}

/* ---- the answer ---- */

/* The responder must be whom we asked for (docs/attacks.md P12). */
static enum problem check_id(struct ike_sa *sa, const struct ident *got, struct diag *why)
{
	char want[256], have[256];

	if (!sa->loaded || (!sa->loaded->remote_id && got->type != ID_NULL) ||
	    (sa->loaded->remote_id && ident_match(sa->loaded->remote_id, got)))
		return PROBLEM_NONE;
	diag_set(why, "peer-id", "RFC 7296 2.15",
		 "the peer's identity is not the one configured for it");
	diag_wanted(why, "%s",
		    sa->loaded->remote_id
			    ? ident_print(sa->loaded->remote_id, want, sizeof(want))
			    : "an identity");
	diag_got(why, "%s", ident_print(got, have, sizeof(have)));
	diag_hint(why, "set rightid= (or leftid= of the peer) so that both ends name it alike");
	return PROBLEM_AUTH;
}

enum problem auth_take_responder(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	const struct ident *id = NULL;
	enum problem p;

	if (!message_count(rx->m, PAYLOAD_IDR)) {
		diag_set(&rx->why, "wrong-payloads", "RFC 7296 C.3",
			 "the responder does not say who it is");
		return PROBLEM_SYNTAX;
	}
	p = auth_take_proof(sa, rx, PAYLOAD_IDR, &id);

	if (p == PROBLEM_NONE)
		p = check_id(sa, id, &rx->why);
	if (p == PROBLEM_NONE)
		p = ppk_take_answer(sa, rx);
	if (p != PROBLEM_NONE) {
		ident_unref(id);
		return p;
	}
	ident_unref(sa->remote_id);
	sa->remote_id = id;
	return PROBLEM_NONE;
}

enum problem auth_answer(struct exchange *x, struct received *rx)
{
	enum problem p;

	if (x->sa->init->eap.session) {
		diag_set(
			&rx->why, "eap-order", "RFC 7296 2.16",
			"the peer establishes the IKE SA without EAP, which proves who we are");
		return PROBLEM_AUTH;
	}
	if (x->sa->init->eap.second && message_count(rx->m, PAYLOAD_SA)) {
		diag_set(&rx->why, "auth2", "RFC 4739 3.2",
			 "the peer establishes the IKE SA after the first of our two proofs");
		return PROBLEM_AUTH;
	}
	p = auth_take_responder(x, rx);
	return p == PROBLEM_NONE ? auth_hold_answer(x, rx) : p;
}

enum problem auth_hold_answer(struct exchange *x, struct received *rx)
{
	if (!bytes_copy(&x->held, rx->m->octets) || auth_ask_check(x))
		return PROBLEM_LOCAL;
	x->held_first = rx->m->len ? rx->m->payloads[0].type : PAYLOAD_NONE;
	return PROBLEM_LATER;
}

/* The nonces outlive the first exchanges' record, for the first child's keys. */
static void take_nonces(struct exchange *x)
{
	struct init *init = x->sa->init;

	x->ni = init->ni;
	x->nr = init->nr;
	init->ni = init->nr = (struct bytes){0};
}

static enum problem take_child(struct exchange *x, struct diag *why)
{
	struct message m;
	struct notify_payload n;
	enum problem p;

	if (message_parse_inner(view_bytes(&x->held), x->held_first, &m, NULL, why))
		return PROBLEM_SYNTAX;
	if (!message_count(&m, PAYLOAD_SA)) {
		explain_child_refusal(x, message_find_error(&m, &n) ? n.type : 0);
		return PROBLEM_REFUSED;
	}
	p = config_take_reply(x->sa, &m, why);
	if (p == PROBLEM_NONE)
		p = agree_take_answer(x, &m, why);
	return p == PROBLEM_NONE ? install_begin(x, INSTALL_ALL, why) : p;
}

void auth_checked_initiator(struct exchange *x, const struct answer *a)
{
	bool closing = x->sa->closing;
	struct diag why;
	enum problem p;

	diag_clear(&why);
	if (a->err || !a->auth.valid) {
		answer_failed(x, a->err ? PROBLEM_LOCAL : PROBLEM_AUTH, SCENE_AUTH_ANSWER,
			      a->why);
		return;
	}
	auth_name_holder(x->sa, a);
	auth_watch(x->sa, a);
	if (x->sa->init->eap.session && !x->sa->init->eap.done) {
		eap_checked_initiator(x);
		return;
	}
	if (x->sa->init->eap.second && !x->sa->init->eap.done) {
		eap_second_initiator(x);
		return;
	}
	take_nonces(x);
	auth_establish(x->sa);
	if (closing)
		return; /* it was only established to be deleted, and x is gone */
	p = take_child(x, &why);
	if (p == PROBLEM_NONE || p == PROBLEM_LATER)
		return;
	child_try_failed(x, p == PROBLEM_SYNTAX ? PROBLEM_ANSWER : p, &why);
}

void auth_installed_initiator(struct exchange *x, enum problem p, const struct diag *why)
{
	struct ike *ike = x->sa->ike;
	struct child_sa *child;

	if (p != PROBLEM_NONE) {
		child_try_failed(x, p, why);
		return;
	}
	child = install_commit(x, NULL);
	exchange_close(x);
	up_succeeded(ike, child);
}

/*
 * Encrypted, so it comes from whom we exchanged keys with, but proves nothing more (RFC
 * 7296 2.21.2). Proposals and selectors can only be the child's: the IKE SA's are settled.
 */
enum problem auth_refused(struct exchange *x, struct received *rx)
{
	struct notify_payload n;

	if (!message_find_error(rx->m, &n))
		return PROBLEM_SYNTAX;
	explain_child_refusal(x, n.type);
	sa_lost(x->sa, LOST_TOLD);
	return PROBLEM_NONE;
}
