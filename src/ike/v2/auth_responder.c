/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/agree.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/install.h"
#include "ike/lost.h"
#include "ike/nat.h"
#include "ike/protect.h"
#include "ike/receive.h"
#include "ike/suites.h"
#include "ike/tally.h"
#include "ike/up.h"
#include "ike/v2/auth.h"
#include "ike/v2/certs.h"
#include "ike/v2/config.h"
#include "ike/v2/eap.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/ppk.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/who.h"
#include "wire/notify.h"
#include "wire/payload.h"

/*
 * IKE_AUTH as responder. The identities narrow the connections that the peer's
 * address allows; trust checks the peer's AUTH for the best of them and makes
 * ours; then the child is agreed on and installed, and only then we answer. A
 * stranger and a wrong key get the same answer (docs/attacks.md P4).
 */

/* ---- who is it ---- */

struct who {
	const struct ident *remote;
	struct loaded *loaded;
};

static enum problem identify(struct exchange *x, struct received *rx, bool eap, struct who *who)
{
	enum problem p = auth_take_proof(x->sa, rx, PAYLOAD_IDI, &who->remote);

	if (p == PROBLEM_NONE)
		p = certreq_take(rx->m, rx->where, &x->sa->init->auth.wish, &rx->why);
	if (p == PROBLEM_NONE)
		p = who_first(x, rx->m, who->remote, eap, &who->loaded, &rx->why);
	return p;
}

enum problem auth_take_peer(struct exchange *x, struct received *rx, bool eap)
{
	struct ike_sa *sa = x->sa;
	const struct ident *own = NULL;
	struct who who = {0};
	enum problem p = identify(x, rx, eap, &who);

	x->kind = EX_AUTH;
	if (p == PROBLEM_NONE && policy_identity_at(who.loaded, &x->local.addr, &own))
		p = PROBLEM_LOCAL;
	if (p == PROBLEM_NONE && !bytes_copy(&x->held, rx->m->octets))
		p = PROBLEM_LOCAL;
	if (p != PROBLEM_NONE) {
		ident_unref(who.remote);
		ident_unref(own);
		return p;
	}
	x->held_first = rx->m->len ? rx->m->payloads[0].type : PAYLOAD_NONE;
	ident_unref(sa->remote_id);
	ident_unref(sa->local_id);
	sa->remote_id = who.remote;
	sa->local_id = own;
	/* Where the message that proves itself came from is where the peer is (RFC 7296 2.23). */
	sa->local = x->local;
	sa->remote = x->remote;
	/* A peer that stays on port 500 does not do UDP encapsulation, whatever was detected. */
	if (x->local.port == NAT_PORT_BEFORE)
		sa->nat.encap = false;
	sa_set_loaded(sa, who.loaded);
	return PROBLEM_NONE;
}

enum problem auth_request(struct exchange *x, struct received *rx)
{
	enum problem p = auth_take_peer(x, rx, false);

	if (p == PROBLEM_NONE)
		p = eap_expect_second(x, rx);
	if (p != PROBLEM_NONE)
		return p;
	return ppk_take_request(x, rx);
}

/* ---- trust's answers ---- */

void auth_refuse(struct exchange *x, enum problem p, const struct diag *why)
{
	explain_request_problem(x, p, why);
	request_failed(x, p, SCENE_AUTH_REQUEST, NULL);
}

/* What the peer has proven itself for. */
static enum cyg_err instance_of(const struct ike_sa *sa, struct loaded **ret)
{
	struct ip_addr client = auth_client(sa);

	if (!ip_is_set(&client))
		return policy_instantiate(sa->ike->policy, sa->loaded, &sa->local.addr,
					  &sa->remote, sa->remote_id, ret);
	return policy_instantiate_for(sa->ike->policy, sa->loaded, &sa->local.addr, &sa->remote,
				      sa->remote_id, &client, ret);
}

void auth_checked_responder(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	struct loaded *l;
	struct diag why;

	if (!a->err && a->auth.unfit && a->why && who_next(x, a->why))
		return;
	if (a->err || !a->auth.valid) {
		auth_refuse(x, PROBLEM_AUTH, a->why);
		return;
	}
	auth_name_holder(sa, a);
	auth_watch(sa, a);
	diag_clear(&why);
	if (sa->init->eap.second && !sa->init->eap.done) {
		if (auth_ask_make(x))
			auth_refuse(x, PROBLEM_LOCAL, NULL);
		return;
	}
	if (!sa->loaded || instance_of(sa, &l)) {
		diag_set(&why, "connection-gone", NULL, "the connection was deleted meanwhile");
		auth_refuse(x, PROBLEM_AUTH, &why);
		return;
	}
	sa_set_loaded(sa, l);
	if (auth_ask_make(x))
		auth_refuse(x, PROBLEM_LOCAL, NULL);
}

/* ---- the child, and the answer ---- */

static enum problem take_child(struct exchange *x, struct diag *why)
{
	struct message m;
	enum problem p;

	if (message_parse_inner(view_bytes(&x->held), x->held_first, &m, NULL, why))
		return PROBLEM_SYNTAX;
	x->initial_contact = message_find_notify(&m, IN_AUTH_REQUEST, N_INITIAL_CONTACT,
						 &(struct notify_payload){0});
	p = config_take_request(x->sa, &m, why);
	if (p == PROBLEM_NONE)
		p = agree_answer(x, &m, NULL, why);
	return p == PROBLEM_NONE ? install_begin(x, INSTALL_ALL, why) : p;
}

static enum cyg_err send_answer(struct exchange *x, uint16_t failure)
{
	struct ike_sa *sa = x->sa;
	struct auth_payload auth = {.method = x->proof_method, .data = view_bytes(&x->proof)};
	struct sealer s;
	struct view message;
	enum cyg_err err;

	seal_begin(&s, sa, X_IKE_AUTH, true, x->msgid);
	if (!sa->init->eap.done) { /* else they were in its first answer */
		auth_build_id(&s.inner, PAYLOAD_IDR, sa->local_id);
		certs_build(&s.inner, x->proof_certs->items, x->proof_certs->len);
	}
	chain_payload(&s.inner, PAYLOAD_AUTH);
	auth_build(&s.b, &auth);
	ppk_build_answer(sa, &s.inner);
	if (failure) {
		chain_notify(&s.inner, failure, (struct view){0});
		tally_sent(sa->ike, failure);
		sa_drop_assigned(sa);
	} else {
		config_build_reply(sa, &s.inner);
		agree_build_answer(x, &s.inner, true);
	}
	err = seal_end(&s, &message);
	if (err)
		return err;
	if (!failure)
		install_commit(x, NULL);
	exchange_reply(x, message);
	return CYG_OK;
}

/* The SA stands; with its first child, or without when `p` says what was wrong with that. */
static void finish(struct exchange *x, enum problem p, const struct diag *why)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	struct verdict v = verdict_of(p, SCENE_AUTH_REQUEST);
	struct child_sa *child = x->child;
	bool initial_contact = x->initial_contact;
	nsec began_at = sa->init->began_at;

	if (v.kind == VERDICT_FAIL_SA) {
		auth_refuse(x, p, why);
		return;
	}
	if (p != PROBLEM_NONE)
		explain_request_problem(x, p, why);
	if (send_answer(x, p == PROBLEM_NONE ? 0 : v.notify)) {
		sa_lost(sa, LOST_LOCAL);
		return;
	}
	auth_establish(sa);
	if (sa->assigned)
		explain_internal(sa);
	timers_sa_first_word(sa);
	up_contact(sa, initial_contact, began_at);
	if (p == PROBLEM_NONE)
		up_succeeded(ike, child);
	window_next(sa);
}

void auth_made_responder(struct exchange *x, const struct answer *a)
{
	struct diag why;
	enum problem p;

	if (!a->err)
		x->proof_certs = certs_copy(a->auth.certs, a->auth.certs_len);
	if (a->err) { /* the peer has proven itself: it is we who can't */
		explain_no_key(x, a->err, a->why);
		request_failed(x, PROBLEM_AUTH, SCENE_AUTH_REQUEST, NULL);
		return;
	}
	if (!x->proof_certs || !bytes_copy(&x->proof, a->auth.data)) {
		auth_refuse(x, PROBLEM_LOCAL, NULL);
		return;
	}
	x->proof_method = a->auth.method;
	if ((x->sa->init->eap.session || x->sa->init->eap.second) && !x->sa->init->eap.done) {
		eap_made_responder(x);
		return;
	}
	diag_clear(&why);
	if (!bytes_copy(&x->ni, view_bytes(&x->sa->init->ni)) ||
	    !bytes_copy(&x->nr, view_bytes(&x->sa->init->nr))) {
		auth_refuse(x, PROBLEM_LOCAL, NULL);
		return;
	}
	p = take_child(x, &why);
	if (p != PROBLEM_LATER)
		finish(x, p, &why);
}

void auth_installed_responder(struct exchange *x, enum problem p, const struct diag *why)
{
	finish(x, p, why);
}
