/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/auth.h"

#include "base/secret.h"
#include "crypto/alg.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/keys.h"
#include "ike/op.h"
#include "ike/tally.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/v2/certs.h"
#include "ike/v2/ppk.h"
#include "wire/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The proof that each end gives (RFC 7296 2.15): AUTH covers the signer's own
 * IKE_SA_INIT message, the other end's nonce and prf(SK_p, ID body). The core
 * gathers these octets and trust, which holds the keys, makes and checks the
 * payload over them.
 */

void auth_build_id(struct chain *c, uint8_t payload, const struct ident *id)
{
	struct id_payload p = {.type = id->type, .data = ident_view(id)};

	chain_payload(c, payload);
	id_build(c->b, &p);
}

enum cyg_err auth_id_body(const struct ident *id, struct bytes *ret)
{
	uint8_t head[4] = {id->type, 0, 0, 0};
	struct bytes b = {malloc(sizeof(head) + id->len), sizeof(head) + id->len};
	struct builder o;

	if (!b.ptr)
		return CYG_NOMEM;
	o = builder_of(b.ptr, b.len);
	build_view(&o, view_of(head, sizeof(head)));
	build_view(&o, ident_view(id));
	*ret = b;
	return CYG_OK;
}

/* What make and check have in common; `ours`: the proof is of this end, not of the peer. */
static struct action *ask(struct exchange *x, enum action_kind kind, enum op_for purpose,
			  bool ours, struct view id_body)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	bool by_initiator = sa->initiator == ours;
	uint8_t maced[PRF_LEN_MAX];
	struct action *a;
	uint32_t op;

	if (keys_maced_id(sa, by_initiator, id_body, maced))
		return NULL;
	op = op_new(ike, purpose, x, &x->ops);
	a = op ? actions_add(ike->out, kind) : NULL;
	if (!a)
		return NULL;
	a->op = op;
	a->cause = x->cause;
	a->auth = (struct auth_request){
		.connection = sa->version,
		.end = sa->loaded ? (uint8_t)sa->loaded->local : 0,
		.local = sa->local_id,
		.remote = sa->remote_id,
		.initiator = by_initiator,
		.prf = sa->chosen.prf,
		.hashes = sa->init->auth.hashes,
		.eap = sa->init->eap.done ? sa->init->eap.session : 0,
		.message = view_bytes(by_initiator ? &sa->init->request : &sa->init->response),
		.nonce = view_bytes(by_initiator ? &sa->init->nr : &sa->init->ni),
		.maced_id = actions_copy(ike->out, view_of(maced, sa->keys.prf_len)),
		.sk_p = actions_copy(ike->out, view_of(by_initiator ? sa->keys.pi : sa->keys.pr,
						       sa->keys.prf_len)),
	};
	return a;
}

enum cyg_err auth_ask_make(struct exchange *x)
{
	const struct eap_part *eap = &x->sa->init->eap;
	struct bytes body;
	struct action *a;

	/* RFC 4739 3.4: the second proof covers the identity that it came with. */
	if (auth_id_body(x->sa->initiator && eap->done && eap->id ? eap->id : x->sa->local_id,
			 &body))
		return CYG_NOMEM;
	a = ask(x, ACT_AUTH_MAKE, OP_AUTH_MAKE, true, view_bytes(&body));
	bytes_done(&body);
	if (!a)
		return CYG_NOMEM;
	a->auth.asked_for_cert = x->sa->init->auth.wish.cert;
	a->auth.asked_for_raw_key = x->sa->init->auth.wish.raw_key;
	a->auth.takes_urls = x->sa->init->auth.wish.by_url;
	a->auth.authorities = view_bytes(&x->sa->init->auth.wish.authorities);
	return CYG_OK;
}

struct ip_addr auth_client(const struct ike_sa *sa)
{
	const struct loaded *l = sa->loaded;

	if (!l || !connection_asks_dns(l->connection))
		return (struct ip_addr){0};
	if (ip_is_set(&l->client))
		return l->client;
	return ip_is_set(&sa->init->auth.client) ? sa->init->auth.client : sa->remote.addr;
}

enum cyg_err auth_ask_check(struct exchange *x)
{
	struct auth_part *proof = &x->sa->init->auth;
	struct action *a = ask(x, ACT_AUTH_CHECK, OP_AUTH_CHECK, false,
			       view_bytes(&proof->id_octets));

	if (!a)
		return CYG_NOMEM;
	a->auth.peer = x->sa->remote.addr;
	a->auth.client = auth_client(x->sa);
	a->auth.method = proof->method;
	a->auth.data = view_bytes(&proof->data);
	if (proof->certs) {
		a->auth.certs = proof->certs->items;
		a->auth.certs_len = proof->certs->len;
	}
	return CYG_OK;
}

enum problem auth_take_proof(struct ike_sa *sa, struct received *rx, uint8_t id_payload,
			     const struct ident **ret_id)
{
	const struct payload *p = message_find(rx->m, id_payload);
	struct auth_part *proof = &sa->init->auth;
	const struct payload *a = message_find(rx->m, PAYLOAD_AUTH);
	struct auth_payload auth = {0};
	struct id_payload id;
	const struct ident *ident;
	enum cyg_err err;
	enum problem bad;

	if (a && auth_parse(a, &auth, &rx->why))
		return PROBLEM_SYNTAX;
	bad = certs_take(rx->m, &proof->certs, &rx->why);
	if (bad != PROBLEM_NONE)
		return bad;
	err = id_parse(p, &id, &rx->why);
	if (!err)
		err = ident_from_wire(id.type, id.data, &ident, &rx->why);
	if (err)
		return problem_of(err, PROBLEM_AUTH);
	bytes_done(&proof->id_octets);
	bytes_done(&proof->data);
	if (!bytes_copy(&proof->id_octets, id_octets(p)) ||
	    !bytes_copy(&proof->data, auth.data)) {
		ident_unref(ident);
		return PROBLEM_LOCAL;
	}
	proof->method = auth.method;
	*ret_id = ident;
	return PROBLEM_NONE;
}

enum problem auth_take_final(struct ike_sa *sa, struct received *rx)
{
	struct auth_part *proof = &sa->init->auth;
	struct auth_payload auth;

	if (auth_parse(message_find(rx->m, PAYLOAD_AUTH), &auth, &rx->why))
		return PROBLEM_SYNTAX;
	bytes_done(&proof->data);
	if (!bytes_copy(&proof->data, auth.data))
		return PROBLEM_LOCAL;
	proof->method = auth.method;
	return PROBLEM_NONE;
}

void auth_establish(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	sa->ppk = sa->init->ppk.mixed;
	sa_drop_init(sa);
	keys_drop_auth(sa);
	sa_enter(sa, SA_UP);
	sa->established_at = ike->now;
	ike->counts.handshakes++;
	tally_ike(sa);
	timers_sa_established(sa);
	explain_established(sa);
	up_sa_established(sa);
}

/* We prove ourselves, but not in the way that the connection asks for first. */
static void tell_fall_back(struct exchange *x, const struct answer *a)
{
	struct about about = about_sa(x->sa);
	char peer[ENDPOINT_TEXT_MAX];

	about.cause = x->cause;
	if (!a->err && diag_is_set(a->why))
		tell(x->sa->ike, &about, REPORT_WARNING, RC_LOG, "proof", a->why,
		     "proving who we are to %s", endpoint_print(&x->sa->remote, peer));
}

void auth_name_holder(struct ike_sa *sa, const struct answer *a)
{
	const struct ident *wanted = sa->loaded ? sa->loaded->remote_id : NULL;

	if (!a->auth.holder || (wanted && wanted->type != ID_ANY && !wanted->wildcards))
		return;
	ident_unref(sa->remote_id);
	sa->remote_id = ident_ref(a->auth.holder);
}

void auth_watch(struct ike_sa *sa, const struct answer *a)
{
	uint64_t proof = a->auth.proof;

	if (!proof || proof == sa->proofs[0])
		return;
	sa->proofs[sa->proofs[0] ? 1 : 0] = proof;
}

/*
 * Whoever proves himself twice (RFC 4739), or makes two proofs of one (RFC 8784), has each way noted
 * once. Without memory for the words there are none.
 */
static void note_proof(char **words, const char *by)
{
	char *both;

	if (!by || (*words && strstr(*words, by)))
		return;
	if (!*words) {
		*words = strdup(by);
		return;
	}
	if (asprintf(&both, "%s, then %s", *words, by) < 0)
		return;
	free(*words);
	*words = both;
}

/* EAP proves the client. The server's part in it counts when it has proven itself in no other way. */
static bool is_servers_eap(const struct ike_sa *sa, bool ours, const char *words)
{
	return sa->init && sa->init->eap.done && sa->initiator != ours && words;
}

void auth_made(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;

	tell_fall_back(x, a);
	if (!a->err && !is_servers_eap(sa, true, sa->our_proof))
		note_proof(&sa->our_proof, a->auth.by);
	if (x->sa->initiator)
		auth_made_initiator(x, a);
	else
		auth_made_responder(x, a);
}

void auth_checked(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	struct answer told = *a;
	struct diag why;

	if (!a->err && !a->auth.valid && diag_is_set(a->why) &&
	    !strcmp(a->why->code, "auth-mismatch")) {
		why = *a->why;
		ppk_blame(sa, &why);
		told.why = &why;
	}
	/* The last one counts: EAP behind a signature is more than that. */
	sa->peer_way = !a->err && a->auth.valid ? a->auth.way : 0;

	if (!a->err && a->auth.valid && !is_servers_eap(sa, false, sa->peer_proof))
		note_proof(&sa->peer_proof, a->auth.by);
	if (x->sa->initiator)
		auth_checked_initiator(x, &told);
	else
		auth_checked_responder(x, &told);
}
