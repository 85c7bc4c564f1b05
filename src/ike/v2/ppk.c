/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/ppk.h"

#include "base/secret.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/lost.h"
#include "ike/op.h"
#include "ike/receive.h"
#include "ike/tell.h"
#include "ike/v2/auth.h"
#include "wire/notify.h"

#include <stdio.h>
#include <string.h>

void ppk_announce(struct chain *c, const struct connection *version)
{
	if (version->ppk != PPK_NO)
		chain_notify(c, N_USE_PPK, (struct view){0});
}

bool ppk_agree(const struct received *rx, const struct connection *version)
{
	struct notify_payload n;

	return version->ppk != PPK_NO && message_find_notify(rx->m, rx->where, N_USE_PPK, &n);
}

/* ---- keys with and without it ---- */

static void put_keys(const struct ike_sa *sa, uint8_t *out)
{
	size_t len = sa->keys.prf_len;

	memcpy(out, sa->keys.d, len);
	memcpy(out + len, sa->keys.pi, len);
	memcpy(out + 2 * len, sa->keys.pr, len);
}

/* Those in use and the others change places. */
static void swap(struct ike_sa *sa)
{
	struct ppk_state *p = &sa->init->ppk;
	size_t len = sa->keys.prf_len;
	uint8_t in_use[3 * PRF_LEN_MAX];

	put_keys(sa, in_use);
	memcpy(sa->keys.d, p->other, len);
	memcpy(sa->keys.pi, p->other + len, len);
	memcpy(sa->keys.pr, p->other + 2 * len, len);
	memcpy(p->other, in_use, 3 * len);
	secret_wipe(in_use, sizeof(in_use));
	p->mixed = !p->mixed;
}

/* `id`: as the peer named it; empty: choose. */
static enum cyg_err ask(struct exchange *x, struct view id)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	uint8_t keys[3 * PRF_LEN_MAX];
	uint32_t op = op_new(ike, OP_PPK, x, &x->ops);
	struct action *a = op ? actions_add(ike->out, ACT_PPK) : NULL;

	if (!a)
		return CYG_NOMEM;
	put_keys(sa, keys);
	a->op = op;
	a->cause = x->cause;
	a->ppk = (struct ppk_request){
		.connection = sa->version,
		.end = sa->loaded ? (uint8_t)sa->loaded->local : 0,
		.local = sa->local_id,
		.remote = sa->remote_id,
		.id = actions_copy(ike->out, id),
		.prf = sa->chosen.prf,
		.keys = actions_copy(ike->out, view_of(keys, 3u * sa->keys.prf_len)),
	};
	secret_wipe(keys, sizeof(keys));
	return CYG_OK;
}

/* False: memory is short, or it was not what was asked for. */
static bool keep(struct ike_sa *sa, const struct answer *a)
{
	struct ppk_state *p = &sa->init->ppk;

	if (a->ppk.keys.len != 3u * sa->keys.prf_len || !bytes_copy(&p->id, a->ppk.id))
		return false;
	memcpy(p->other, a->ppk.keys.ptr, a->ppk.keys.len);
	p->found = true;
	return true;
}

static void lacks_it(struct diag *why, const char *whose)
{
	diag_set(why, "no-ppk", "RFC 8784 3",
		 "the peer does not use a post-quantum pre-shared key, and ppk=insist asks for "
		 "one");
	diag_wanted(why, "%s", whose);
	diag_hint(why, "set ppk=yes at the peer and give both ends the same PPKS record, or "
		       "write ppk=yes here, which does without");
}

/* ---- initiator ---- */

static void give_up(struct exchange *x, enum cyg_err err, const struct diag *why)
{
	explain_no_key(x, err, why);
	sa_lost(x->sa, LOST_LOCAL);
}

static void give_up_peer(struct exchange *x, const struct diag *why)
{
	struct about a = about_sa(x->sa);
	char to[ENDPOINT_TEXT_MAX];

	a.cause = x->cause;
	explain_note_code(x, RC_AUTHFAILED);
	tell(x->sa->ike, &a, REPORT_ERROR, RC_AUTHFAILED, "no-ppk", why,
	     "the IKE SA with %s is given up before anything is proven",
	     endpoint_print(&x->sa->remote, to));
	sa_lost(x->sa, LOST_LOCAL);
}

static void ask_proof(struct exchange *x)
{
	struct diag why;

	diag_clear(&why);
	if (auth_ask_make(x))
		give_up(x, CYG_NOMEM, &why);
}

bool ppk_may_be_left_out(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct diag why;

	if (sa->init->ppk.agreed || sa->version->ppk != PPK_INSIST)
		return true;
	lacks_it(&why, "USE_PPK in its answer to IKE_SA_INIT");
	give_up_peer(x, &why);
	return false;
}

void ppk_begin_proof(struct exchange *x)
{
	struct diag why;

	diag_clear(&why);
	if (!ppk_may_be_left_out(x))
		return;
	if (!x->sa->init->ppk.agreed)
		ask_proof(x);
	else if (ask(x, (struct view){0}))
		give_up(x, CYG_NOMEM, &why);
}

static void answered_initiator(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	bool insist = sa->version->ppk == PPK_INSIST;

	if (a->err == CYG_NOTFOUND && !insist) {
		ask_proof(x); /* without it, and without saying more of it */
		return;
	}
	if (a->err || !keep(sa, a)) {
		give_up(x, a->err ? a->err : CYG_NOMEM, a->why);
		return;
	}
	if (insist)
		swap(sa);
	ask_proof(x);
}

bool ppk_takes_first_proof(struct exchange *x, const struct answer *a)
{
	struct ppk_state *p = &x->sa->init->ppk;

	if (!p->found || p->mixed)
		return false;
	if (!bytes_copy(&p->no_proof, a->auth.data)) {
		give_up(x, CYG_NOMEM, a->why);
		return true;
	}
	swap(x->sa);
	ask_proof(x);
	return true;
}

void ppk_build_request(const struct ike_sa *sa, struct chain *c)
{
	const struct ppk_state *p = &sa->init->ppk;

	if (!p->mixed)
		return;
	chain_notify(c, N_PPK_IDENTITY, view_bytes(&p->id));
	if (p->no_proof.len)
		chain_notify(c, N_NO_PPK_AUTH, view_bytes(&p->no_proof));
}

enum problem ppk_take_answer(struct ike_sa *sa, struct received *rx)
{
	struct notify_payload n;

	if (!sa->init->ppk.mixed || message_find_notify(rx->m, rx->where, N_PPK_IDENTITY, &n))
		return PROBLEM_NONE;
	if (sa->version->ppk == PPK_INSIST) {
		lacks_it(&rx->why, "PPK_IDENTITY in its answer to IKE_AUTH");
		return PROBLEM_AUTH;
	}
	swap(sa);
	return PROBLEM_NONE;
}

/* ---- responder ---- */

static enum problem ask_check(struct exchange *x)
{
	return auth_ask_check(x) ? PROBLEM_LOCAL : PROBLEM_LATER;
}

enum problem ppk_expect(const struct ike_sa *sa, struct diag *why)
{
	if (sa->init->ppk.agreed || sa->version->ppk != PPK_INSIST)
		return PROBLEM_NONE;
	lacks_it(why, "USE_PPK in its IKE_SA_INIT");
	return PROBLEM_AUTH;
}

enum problem ppk_take_request(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct ppk_state *p = &sa->init->ppk;
	struct notify_payload id, proof;

	if (!p->agreed || sa->version->ppk == PPK_NO ||
	    !message_find_notify(rx->m, rx->where, N_PPK_IDENTITY, &id) || !id.data.len) {
		if (sa->version->ppk != PPK_INSIST)
			return ask_check(x);
		lacks_it(&rx->why, "PPK_IDENTITY in its IKE_AUTH");
		return PROBLEM_AUTH;
	}
	if (message_find_notify(rx->m, rx->where, N_NO_PPK_AUTH, &proof) &&
	    !bytes_copy(&p->no_proof, proof.data))
		return PROBLEM_LOCAL;
	return ask(x, id.data) ? PROBLEM_LOCAL : PROBLEM_LATER;
}

/* RFC 8784 3: without the key the peer's other proof counts, if it sent one. */
static enum problem go_without(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	struct ppk_state *p = &sa->init->ppk;

	if (a->err != CYG_NOTFOUND)
		return PROBLEM_LOCAL;
	if (sa->version->ppk == PPK_INSIST || !p->no_proof.len)
		return PROBLEM_AUTH;
	bytes_done(&sa->init->auth.data);
	sa->init->auth.data = p->no_proof;
	p->no_proof = (struct bytes){0};
	return ask_check(x);
}

static void answered_responder(struct exchange *x, const struct answer *a)
{
	enum problem p;

	if (a->err) {
		p = go_without(x, a);
	} else if (keep(x->sa, a)) {
		swap(x->sa);
		p = ask_check(x);
	} else {
		p = PROBLEM_LOCAL;
	}
	if (p == PROBLEM_LATER)
		return;
	explain_request_problem(x, p, a->why);
	request_failed(x, p, SCENE_AUTH_REQUEST, NULL);
}

void ppk_build_answer(const struct ike_sa *sa, struct chain *c)
{
	if (sa->init->ppk.mixed)
		chain_notify(c, N_PPK_IDENTITY, (struct view){0});
}

/* ---- both ---- */

void ppk_blame(const struct ike_sa *sa, struct diag *why)
{
	const struct ppk_state *p = sa->init ? &sa->init->ppk : NULL;
	int len = p && p->id.len > 1 ? (int)p->id.len - 1 : 0;
	char hint[sizeof(why->hint)];

	if (!p || !p->mixed)
		return;
	snprintf(hint, sizeof(hint), "%s", why->hint);
	diag_hint(why, "%s%sthe PPKS records%s%.*s of the two ends may differ, too", hint,
		  hint[0] ? "; " : "", len ? " " : "", len < 40 ? len : 40,
		  (const char *)p->id.ptr + (len ? 1 : 0));
}

void ppk_answered(struct exchange *x, const struct answer *a)
{
	if (x->sa->initiator)
		answered_initiator(x, a);
	else
		answered_responder(x, a);
}
