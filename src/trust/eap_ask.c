/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests about EAP: which conversation, and what it may use. What must be looked up, secrets
 * and keys, is looked up here, on the loop's thread; the step itself may be slow (eap.c).
 */
#include "base/secret.h"
#include "crypto/alg.h"
#include "crypto/ikev2_kdf.h"
#include "crypto/prf.h"
#include "trust/eap.h"
#include "trust/mschap.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <string.h>

/* ---- sessions ---- */

static struct eap_session *find(struct trust *t, uint64_t number)
{
	struct eap_session *s;

	HASH_FIND(hh, t->eap, &number, sizeof(number), s);
	return s;
}

void trust_forget_eap(struct trust *t, uint64_t session)
{
	struct eap_session *s = find(t, session);

	if (!s)
		return;
	HASH_DEL(t->eap, s);
	eap_session_unref(s);
}

void eap_forget_all(struct trust *t)
{
	struct eap_session *s;

	while ((s = t->eap)) {
		HASH_DEL(t->eap, s);
		eap_session_unref(s);
	}
	mschap_free(t->mschap);
}

/* ---- names ---- */

/* The name that an identity of IKE has in EAP. */
static bool name_of(const struct ident *id, struct eap_name *ret)
{
	char text[IDENT_TEXT_MAX];

	switch (id->type) {
	case ID_FQDN:
	case ID_RFC822_ADDR:
	case ID_KEY_ID:
		return eap_name_set(ret, ident_view(id));
	default:
		return eap_name_set(ret, view_str(ident_print(id, text, sizeof(text))));
	}
}

/* ---- what a session may use ---- */

static const struct secret_record *find_password(struct trust *t, struct view name,
						 const struct ident *other, struct diag *why)
{
	const struct ident *user = eap_name_ident(name);
	const struct secret_record *r = NULL;

	if (!user)
		return NULL;
	r = secret_find(t->secrets, SECRET_EAP, user, other, why);
	if (!r)
		r = secret_find(t->secrets, SECRET_NTLM, user, other, NULL);
	ident_unref(user);
	return r;
}

/* The password of a name; the session has none when there is no record, and *why says so. */
static void give_password(struct trust *t, struct eap_session *s, struct view name,
			  const struct ident *other, struct diag *why)
{
	const struct secret_record *r = find_password(t, name, other, why);
	struct view user = eap_without_domain(name);

	s->user.len = 0;
	if (!r && user.len < name.len) {
		r = find_password(t, user, other, why);
		if (r && !eap_name_set(&s->user, user))
			r = NULL;
	}
	if (!r || !s->means.mschap)
		return;
	diag_clear(why);
	snprintf(s->means.password_at, sizeof(s->means.password_at), "%.140s:%u", r->file,
		 r->line);
	if (r->kind == SECRET_NTLM)
		memcpy(s->means.nt_hash, r->value.ptr, sizeof(s->means.nt_hash));
	s->means.has_password = r->kind == SECRET_NTLM ||
				!mschap_nt_hash(s->means.mschap, view_bytes(&r->value),
						s->means.nt_hash);
	if (!s->means.has_password) {
		diag_set(why, "eap-password", "RFC 2759 4",
			 "the password of %s:%u is not UTF-8, or has more than %u characters",
			 r->file, r->line, MSCHAP_PASSWORD_MAX);
	}
}

/*
 * Our certificate: of those that the connection names and whose key we have the first that is valid,
 * else the first; or the one that is ours.
 */
static const struct stored_cert *own_cert(struct trust *t, const struct eap_request *r,
					  int64_t now)
{
	const struct path_rules rules = {.now = now,
					 .rsa_bits_min = r->connection->rsa_bits_min};
	const char *at = r->connection->end[r->end].cert;
	const struct stored_cert *first = NULL;
	char name[CONN_CERT_NAME_MAX];

	if (!at)
		return own_cert_of(t, r->local, now);
	while (connection_next_cert(&at, name, sizeof(name))) {
		const struct stored_cert *s = cert_of(t, name);

		if (!s || !keyring_half(&t->keys, &s->cert.key))
			continue;
		if (!path_check_end(&s->cert, &rules, NULL))
			return s;
		if (!first)
			first = s;
	}
	return first;
}

static bool add_to_chain(struct eap_session *s, const struct cert *c)
{
	struct cert copy = cert_copy(c);

	if (!cert_list_add(&s->means.chain, &copy))
		return true;
	cert_done(&copy);
	return false;
}

/*
 * Our certificate with what leads to its root, our key, and what the other end is judged by. Where it
 * can't be known which authority that must be of, nobody is believed.
 */
static enum cyg_err give_tls(struct trust *t, struct eap_session *s,
			     const struct eap_request *r, int64_t now, struct diag *why)
{
	struct path_rules *rules = &s->means.rules;
	const char *side = connection_side(r->end);
	const struct stored_cert *own = own_cert(t, r, now);
	const struct cert *c = own ? &own->cert : NULL;
	enum cyg_err err;

	s->means.anchors = path_anchors_ref(t->anchors);
	rules->now = now;
	rules->rsa_bits_min = r->connection->rsa_bits_min;
	err = peer_authority(t, r->connection, r->local, !r->end, now, &rules->authority,
			     &rules->siblings, why);
	if (err)
		return err;
	if (!c) {
		diag_set(&s->means.no_key, "eap-no-certificate", "RFC 5216 5.3",
			 "EAP-TLS needs a certificate of ours with its private key");
		diag_wanted(
			&s->means.no_key,
			"%scert= with a file of ipsec.d/certs, and its key in ipsec.secrets",
			side);
		diag_got(&s->means.no_key, "%scert=%s", side,
			 r->connection->end[r->end].cert ? r->connection->end[r->end].cert
							 : "");
		return CYG_OK;
	}
	if (keyring_half(&t->keys, &c->key)->key.signer.sign) {
		diag_set(&s->means.no_key, "eap-token", NULL,
			 "our key is on a token, and TLS can't sign with it here");
		diag_wanted(&s->means.no_key, "a certificate of %scert= whose key is in a file",
			    side);
		diag_hint(&s->means.no_key,
			  "the same key proves us in IKE: write %sauth=pubkey", side);
		return CYG_OK;
	}
	s->means.key = key_copy(&keyring_half(&t->keys, &c->key)->key);
	while (c && s->means.chain.len < PATH_LEN_MAX) {
		const struct cert *issuer;

		if (!add_to_chain(s, c))
			return CYG_NOMEM;
		issuer = stored_certs_issuer(&t->certs, c);
		if (!issuer)
			issuer = stored_certs_issuer(&t->cacerts, c);
		c = issuer && !cert_is_self_issued(issuer) ? issuer : NULL;
	}
	return CYG_OK;
}

/* Loaded only when a connection names the method (README). */
static void give_mschap(struct trust *t, struct eap_session *s)
{
	if (!t->mschap && !t->mschap_failed) {
		t->mschap = mschap_new();
		t->mschap_failed = !t->mschap;
	}
	s->means.mschap = t->mschap;
}

static bool give_names(struct eap_session *s, const struct eap_request *r, struct diag *why)
{
	const char *said = r->connection->eap_identity;
	const struct ident *own = r->server ? r->remote : r->local;
	bool well;

	s->any_identity = said && strcmp(said, "%any") == 0;
	s->ask_identity = r->server && said;
	if (said && !s->any_identity)
		well = eap_name_set(&s->identity, view_str(said));
	else
		well = name_of(own, &s->identity);
	if (well)
		return true;
	diag_set(why, "eap-identity", "RFC 3748 5.1", "an identity has no form as an EAP name");
	diag_wanted(why, "1 to %u characters", EAP_NAME_MAX);
	diag_hint(why, "write eap_identity= in conn %s", r->connection->name);
	return false;
}

/*
 * A client has only those methods for which it has something, whatever the connection allows: else
 * a server could move it to one that proves nothing. Without any it need not begin.
 */
static bool is_equipped(struct eap_session *s, struct diag *why)
{
	if (s->server)
		return true;
	if (!s->means.has_password)
		s->unable |= AUTH_EAP_MSCHAPV2;
	if (!s->means.chain.len)
		s->unable |= AUTH_EAP_TLS;
	if (s->ways & ~s->unable)
		return true;
	if (s->ways & AUTH_EAP_TLS)
		*why = s->means.no_key;
	if (!diag_is_set(why))
		diag_set(why, "no-legacy-provider", NULL,
			 "EAP-MSCHAPv2 needs MD4 and DES, and libcrypto's provider \"legacy\" "
			 "with them can't be loaded");
	return false;
}

/* Whom a client must find behind EAP. One reference; NULL: memory is short. */
static const struct ident *server_of(const struct eap_request *r)
{
	const char *named = r->server ? NULL : r->connection->aaa_identity;
	const struct ident *id = NULL;

	if (!named)
		return ident_ref(r->remote);
	return ident_parse(named, &id, NULL) ? NULL : id;
}

static enum cyg_err fill(struct trust *t, const struct eap_request *r, struct eap_session *s,
			 int64_t now, struct diag *why)
{
	int client = r->server ? !r->end : r->end;
	enum cyg_err err = CYG_OK;

	s->server = r->server;
	s->alone = r->alone;
	s->client_end = client;
	s->ways = (r->second ? r->connection->end[client].auth2
			     : connection_auth(r->connection, client)) &
		  AUTH_EAP;
	if (s->alone)
		s->ways &= AUTH_EAP_TLS; /* RFC 5998 4 */
	s->remote = server_of(r);
	if (r->remote && !s->remote)
		return CYG_NOMEM;
	snprintf(s->connection, sizeof(s->connection), "%s", r->connection->name);
	if (!give_names(s, r, why))
		return CYG_UNSUPPORTED;
	if (s->ways & AUTH_EAP_MSCHAPV2) {
		give_mschap(t, s);
		if (!s->ask_identity)
			give_password(t, s, eap_name_view(&s->identity),
				      r->server ? r->local : r->remote, why);
	}
	if (s->ways & AUTH_EAP_TLS)
		err = give_tls(t, s, r, now, why);
	if (err)
		return err;
	s->carrier.on = s->ways & AUTH_EAP_RADIUS;
	s->carrier.peer = r->address;
	if (s->carrier.on && !r->server) {
		diag_set(
			why, "eap-radius-client", NULL,
			"auth=eap-radius is how a server finds out about its clients, and no way "
			"to be one");
		diag_hint(why, "write %sauth=eap-tls or eap-mschapv2 here",
			  connection_side(client));
		return CYG_UNSUPPORTED;
	}
	if (!is_equipped(s, why))
		return CYG_NOTFOUND;
	if (r->server)
		diag_clear(why); /* whose password is missing is told when it is asked for */
	return CYG_OK;
}

static struct eap_session *begin_session(struct trust *t, const struct eap_request *r,
					 struct trust_job *j)
{
	struct eap_session *s = eap_session_new(t->crypto, r->session);
	enum cyg_err err = s ? fill(t, r, s, j->now, &j->reply.why) : CYG_NOMEM;

	if (!err) {
		HASH_ADD(hh, t->eap, number, sizeof(s->number), s);
		if (!s->hh.tbl)
			err = CYG_NOMEM;
	}
	if (!err)
		return s;
	eap_session_unref(s);
	job_fail(j, err);
	return NULL;
}

void eap_begin(struct trust *t, const struct eap_request *r, struct trust_job *j)
{
	struct eap_session *s = find(t, r->session);
	struct view name;

	if (!s && !r->packet.len)
		s = begin_session(t, r, j);
	if (!s && !j->done)
		job_fail(j, CYG_STATE);
	if (!s)
		return;
	j->eap = eap_session_ref(s);
	if (!r->server && !r->connection->aaa_identity &&
	    s->stage == EAP_FRESH) { /* whom IKE has proven since the beginning */
		ident_unref(s->remote);
		s->remote = ident_ref(r->remote);
	}
	j->names_identity = r->server && r->connection->eap_identity;
	name = eap_identity_in(s, r->packet);
	if (name.len && s->ways & AUTH_EAP_MSCHAPV2)
		give_password(t, s, name, r->local, &j->reply.why);
	if (!bytes_copy(&j->octets, r->packet) ||
	    (!r->server && !r->packet.len &&
	     !ask_for_cert(t, r->connection, r->local, r->end, j->now, &j->reply)))
		job_fail(j, CYG_NOMEM);
}

/*
 * A domain before the name is proven by nothing: who may say any is the user that the password
 * belongs to, or that a RADIUS server names. Where the connection has the whole name, it is that one.
 */
void eap_tell_identity(struct trust_job *j)
{
	const struct eap_session *s = j->eap;
	const struct eap_name *name = s && s->any_identity && s->user.len ? &s->user
									  : &s->identity;
	struct answer *a = &j->reply.answer;

	if (a->err || a->eap.outcome != EAP_SUCCEEDED || !j->names_identity)
		return;
	j->reply.identity = eap_name_ident(eap_name_view(name));
	if (!j->reply.identity)
		a->err = CYG_NOMEM;
}

void eap_work(struct trust_job *j)
{
	struct trust_reply *reply = &j->reply;
	struct eap_reply r;

	eap_step(j->eap, view_bytes(&j->octets), &r);
	reply->answer.err = r.err;
	reply->answer.eap.outcome = r.outcome;
	reply->answer.eap.hopeless = r.outcome == EAP_FAILED && j->eap->hopeless;
	reply->data = r.packet;
	reply->why = r.why;
	j->asks = r.asks;
	eap_tell_identity(j);
}

/* ---- AUTH payloads ---- */

/* RFC 7296 2.16: as with a shared key, which is the one that EAP came to. */
static enum cyg_err compute(struct trust *t, const struct auth_request *r,
			    uint8_t mac[PRF_LEN_MAX], size_t *ret_len, struct diag *why)
{
	const struct eap_session *s = find(t, r->eap);
	const struct alg *prf = alg_by_id(ALG_PRF, r->prf);
	struct view octets[] = {r->message, r->nonce, r->maced_id};

	if (!s || s->stage != EAP_OVER || !s->has_key) {
		diag_set(why, "eap-no-key", "RFC 7296 2.16",
			 "there is no key of EAP to prove anything with");
		return CYG_NOTFOUND;
	}
	if (!prf)
		return CYG_UNSUPPORTED;
	*ret_len = prf->out_len;
	return kdf_psk_auth(t->crypto, prf, view_of(s->key, sizeof(s->key)), octets, 3, mac);
}

void eap_make(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	struct trust_reply *reply = &j->reply;
	uint8_t mac[PRF_LEN_MAX];
	size_t len = 0;

	j->done = true;
	reply->answer.err = compute(t, r, mac, &len, &reply->why);
	if (!reply->answer.err && !bytes_copy(&reply->data, view_of(mac, len)))
		reply->answer.err = CYG_NOMEM;
	reply->answer.auth.method = AUTH_METHOD_SHARED_KEY;
	if (!reply->answer.err)
		proof_by_eap(reply, find(t, r->eap));
	secret_wipe(mac, sizeof(mac));
}

/* By attribute certificates and ca sections, as behind a signature: *why, when not. */
static enum cyg_err find_member(struct trust *t, const struct eap_session *s,
				const struct end *peer, int64_t now, struct diag *why)
{
	struct cert room[CHAIN_LEN_MAX];
	struct candidate c = {
		.holder = {.cert = &s->shown,
			   .issuer_held = stored_certs_issuer(&t->cacerts, &s->shown),
			   .ca_asked = peer->ca && strcmp(peer->ca, "%any") != 0},
		.authorities = chain_authorities(s->chain, room),
	};
	struct group_sources from;
	struct membership *m;
	enum cyg_err err = group_sources_of(t, &from)
				   ? membership_new(&from, NULL, &c, peer->groups, now, &m, why)
				   : CYG_NOMEM;

	if (err)
		return err;
	membership_free(s->chain->member);
	s->chain->member = m;
	return CYG_OK;
}

static void explain_no_group(const struct eap_session *s, const char *groups, struct diag *why)
{
	char said[EAP_GROUPS_TEXT_MAX];

	if (s->carrier.on)
		diag_set(why, "not-in-group", "RFC 2865 5.25",
			 "the connection is for members of groups, and the RADIUS server names "
			 "none of them");
	else
		diag_set(
			why, "not-in-group", NULL,
			"the connection is for members of groups, and a password says nothing of "
			"groups");
	diag_wanted(why, "%s of the peer: %.200s",
		    s->carrier.on ? "Filter-Id or Class" : "an attribute certificate", groups);
	diag_got(why, "%s", s->groups_len ? eap_print_groups(s, said) : "none at all");
	if (!s->carrier.on)
		diag_hint(why, "let it prove itself by eap-tls, or ask a RADIUS server");
}

/*
 * The connection is for members of groups: a RADIUS server says who is one (Filter-Id, Class), or
 * attribute certificates of who has shown a certificate. Who has proved himself otherwise before
 * (auth2=) was looked at then. CYG_AUTH: it is in none.
 */
static enum cyg_err check_group(struct trust *t, const struct eap_session *s,
				const struct auth_request *r, int64_t now, struct diag *why)
{
	const struct end *peer = &r->connection->end[!r->end];

	if (!peer->groups || peer->auth2 != AUTH_UNSET)
		return CYG_OK;
	for (size_t i = 0; i < s->groups_len; i++)
		if (group_names_have(peer->groups, view_bytes(&s->groups[i])))
			return CYG_OK;
	if (s->chain && s->shown.x)
		return find_member(t, s, peer, now, why);
	explain_no_group(s, peer->groups, why);
	return CYG_AUTH;
}

void eap_check(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	struct trust_reply *reply = &j->reply;
	const struct eap_session *s;
	uint8_t mac[PRF_LEN_MAX];
	size_t len = 0;
	enum cyg_err err = compute(t, r, mac, &len, &reply->why), bad = CYG_OK;

	reply->answer.auth.valid = !err && r->method == AUTH_METHOD_SHARED_KEY &&
				   secret_equal(view_of(mac, len), r->data);
	secret_wipe(mac, sizeof(mac));
	if (err && err != CYG_NOTFOUND)
		reply->answer.err = err;
	s = find(t, r->eap);
	if (reply->answer.auth.valid)
		bad = check_group(t, s, r, j->now, &reply->why);
	if (bad) {
		reply->answer.auth.valid = false;
		reply->answer.auth.unfit = bad == CYG_AUTH;
		reply->answer.err = bad == CYG_AUTH ? CYG_OK : bad;
		j->done = true;
		return;
	}
	if (reply->answer.auth.valid)
		proof_by_eap(reply, s);
	/* Whether a certificate was revoked is judged as it is behind a signature. */
	if (reply->answer.auth.valid && s->chain)
		j->chain = chain_ref(s->chain);
	j->by_eap = true;
	j->done = !j->chain;
	if (err || reply->answer.auth.valid)
		return;
	diag_set(&reply->why, "auth-mismatch", "RFC 7296 2.16",
		 "the peer's AUTH payload is not made with the key that EAP came to");
	diag_wanted(&reply->why, "method %u (shared key) with the key of EAP",
		    AUTH_METHOD_SHARED_KEY);
	diag_got(&reply->why, "method %u, %zu octets", r->method, r->data.len);
	diag_hint(&reply->why, "somebody may sit between: it has another key than the end that "
			       "EAP was spoken with");
}
