/* SPDX-License-Identifier: Apache-2.0 */
/* Our own proof: which secret or key, and how. */
#include "base/secret.h"
#include "base/text.h"
#include "conn/field.h"
#include "crypto/hash.h"
#include "trust/psk.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTHORITIES_ASKED_MAX 40 /* that are named in one message */

/* The ways an end has, as leftauth= writes them. */
static const char *ways_of(const struct connection *c, int end, char *buf, size_t cap)
{
	const struct field *f = field_by_keyword("auth", true);
	struct connection plain = {0};
	struct text t = {0};

	plain.end[0].auth = (uint16_t)connection_auth(c, end);
	if (field_get(&plain, 0, f, &t))
		snprintf(buf, cap, "%s", text_str(&t));
	else
		snprintf(buf, cap, "nothing");
	text_done(&t);
	return buf;
}

/* `null`: we prove nothing (RFC 7619). */
static void make_by_secret(struct trust *t, const struct auth_request *r, bool null,
			   struct trust_job *j)
{
	struct trust_reply *reply = &j->reply;
	struct psk_proof proof;

	j->done = true;
	reply->answer.err = null ? psk_compute_null(t->crypto, r, &proof, &reply->why)
				 : psk_compute(t->crypto, t->secrets, r, &proof, &reply->why);
	if (!reply->answer.err && !bytes_copy(&reply->data, view_of(proof.mac, proof.len)))
		reply->answer.err = CYG_NOMEM;
	proof_by(reply, null ? "nothing (authby=null)" : "PSK");
	reply->answer.auth.method = null ? AUTH_METHOD_NULL : AUTH_METHOD_SHARED_KEY;
	secret_wipe(&proof, sizeof(proof));
}

/* ---- which key ---- */

struct wish {
	unsigned allowed, hashes;
};

static bool can_sign(void *ctx, const struct key *key)
{
	const struct wish *w = ctx;

	return sig_choose(key, w->allowed, w->hashes) != NULL;
}

static bool any_key(void *ctx, const struct key *key)
{
	return true;
}

/* A record whose keys are not to be had so far: the one by this name, else the first; NULL: there is none. */
static const struct secret_record *locked_record(const struct trust *t, const char *name)
{
	const struct secret_record *first = NULL, *s;

	for (size_t i = 0; (s = secret_set_at(t->secrets, i)); i++) {
		if ((s->kind != SECRET_KEYFILE && s->kind != SECRET_PIN) || trust_has_key(t, s))
			continue;
		if (name && s->name && !strcmp(s->name, name))
			return s;
		if (!first)
			first = s;
	}
	return first;
}

/* The key may well be there, behind a PIN or a passphrase. */
static void blame_locked(const struct trust *t, const struct auth_request *r, struct diag *why)
{
	const struct secret_record *s = locked_record(t, r->connection->end[r->end].cert);
	const char *what = s && s->kind == SECRET_PIN ? "PIN" : "passphrase";

	if (!s)
		return;
	diag_got(why, "%zu other private keys; %s (%s:%u) %s%s", t->keys.len,
		 s->name ? s->name : "one", s->file, s->line,
		 s->prompt ? "waits for its " : "could not be opened", s->prompt ? what : "");
	if (s->prompt)
		diag_hint(why,
			  "run  ipsec auto --rereadsecrets  at a terminal: it asks for the %s",
			  what);
	else
		diag_hint(why,
			  "ipsec auto --rereadsecrets  says why: a wrong %s, or a %s that is "
			  "not there",
			  what, s->kind == SECRET_PIN ? "token" : "file");
}

static void explain_no_half(const struct auth_request *r, const struct key *public, size_t keys,
			    struct diag *why)
{
	const char *side = connection_side(r->end);
	char key[100];

	diag_set(why, "no-private-key", NULL,
		 "ipsec.secrets has no private key to the public key of %s%s=", side,
		 r->connection->end[r->end].cert ? "cert" : "rsasigkey");
	diag_wanted(why, "the private half of %s", key_print(public, key, sizeof(key)));
	diag_got(why, "%zu private keys, none of which is it", keys);
	if (r->connection->end[r->end].cert)
		diag_hint(why, "put it into ipsec.d/private/NAME, write  : PKCS8 NAME  into "
			       "ipsec.secrets, and then ipsec auto --rereadall");
	else
		diag_hint(why,
			  "ipsec showhostkey --%s  prints the line for the key that is there",
			  side);
}

static void explain_no_key(const struct auth_request *r, size_t keys, struct diag *why)
{
	char id[200], ways[120];

	diag_set(why, "no-private-key", NULL,
		 "ipsec.secrets has no private key that %s may use",
		 ident_print(r->local, id, sizeof(id)));
	diag_wanted(why, "a key for %sauth=%s", connection_side(r->end),
		    ways_of(r->connection, r->end, ways, sizeof(ways)));
	diag_got(why, "%zu private keys, none of which fits", keys);
	diag_hint(why, "a key in ipsec.d/private/NAME wants a record  : PKCS8 NAME  in "
		       "ipsec.secrets, and then ipsec auto --rereadall; ipsec newhostkey makes "
		       "a new one");
}

/* There is a key, but no way to sign with it that both ends have. */
static void explain_no_scheme(const struct auth_request *r, const struct key *k,
			      struct diag *why)
{
	char ways[120], key[100];

	diag_set(why, "no-signature", "RFC 7427 4",
		 "our key can't sign in a way that the connection allows and the peer takes");
	diag_wanted(why, "%sauth=%s%s", connection_side(r->end),
		    ways_of(r->connection, r->end, ways, sizeof(ways)),
		    r->hashes ? "" : ", for a peer that does not know RFC 7427");
	diag_got(why, "%s; hashes that the peer announced:%s%s%s%s%s",
		 key_print(k, key, sizeof(key)), r->hashes ? "" : " none",
		 r->hashes & SIG_HASH_SHA2_256 ? " SHA2-256" : "",
		 r->hashes & SIG_HASH_SHA2_384 ? " SHA2-384" : "",
		 r->hashes & SIG_HASH_SHA2_512 ? " SHA2-512" : "",
		 r->hashes & SIG_HASH_IDENTITY ? " identity" : "");
	diag_hint(why,
		  r->hashes || k->kind != KEY_RSA
			  ? "allow another way with authby=, or use another key"
			  : "such a peer takes RSA with SHA-1 alone: authby=rsa-sha1 at both "
			    "ends, if it must be");
}

/* What we sign with, and the certificate that goes with it (NULL: none). */
struct proof {
	const struct own_key *own;
	const struct stored_cert *cert;
};

/* The certificate was issued by one of those that the peer asks for. */
static bool is_asked_for(const struct trust *t, const struct auth_request *r,
			 const struct cert *c)
{
	const struct cert *issuer = issuer_of(t, c);

	for (size_t at = 0; issuer && at + KEY_ID_LEN <= r->authorities.len; at += KEY_ID_LEN)
		if (!memcmp(r->authorities.ptr + at, issuer->key.id, KEY_ID_LEN))
			return true;
	return false;
}

static bool can_prove(struct trust *t, const struct auth_request *r, const struct wish *w,
		      int64_t now, const struct stored_cert *s)
{
	struct path_rules rules = {.now = now, .rsa_bits_min = r->connection->rsa_bits_min};

	return keyring_half(&t->keys, &s->cert.key) && can_sign((void *)w, &s->cert.key) &&
	       !path_check_end(&s->cert, &rules, NULL);
}

/*
 * Of several certificates of leftcert= the first by which we can prove ourselves now, rather one
 * of an authority that the peer asks for; the first one when there is none such; NULL: none was
 * read.
 */
static const struct stored_cert *choose_cert(struct trust *t, const struct auth_request *r,
					     const struct wish *w, int64_t now)
{
	const char *at = r->connection->end[r->end].cert;
	const struct stored_cert *first = NULL, *good = NULL, *s;
	char name[CONN_CERT_NAME_MAX];

	while (connection_next_cert(&at, name, sizeof(name))) {
		s = cert_of(t, name);
		if (!first)
			first = s;
		if (!s || !can_prove(t, r, w, now, s))
			continue;
		if (is_asked_for(t, r, &s->cert))
			return s;
		if (!good)
			good = s;
	}
	return good ? good : first;
}

/* The same among the keys that have a way to sign (NULL: all). */
static const struct stored_cert *own_cert_by(const struct trust *t, const struct ident *id,
					     const struct wish *w, int64_t now)
{
	const struct stored_certs *all[] = {&t->certs, &t->bundled};
	const struct stored_cert *best = NULL;

	for (size_t i = 0; id && i < t->keys.len; i++) {
		const struct key *k = &t->keys.items[i].key;

		for (size_t n = 0; n < 2 && (!w || can_sign((void *)w, k)); n++) {
			const struct stored_cert *s = stored_certs_of_key(all[n], k, id, now);

			if (s && stored_is_better(s, best, now))
				best = s;
		}
	}
	return best;
}

const struct stored_cert *own_cert_of(const struct trust *t, const struct ident *id,
				      int64_t now)
{
	return own_cert_by(t, id, NULL, now);
}

/* What can't be used is shown as well, when there is nothing else: then it is told why. */
static const struct stored_cert *own_cert_for(const struct trust *t, const struct ident *id,
					      const struct wish *w, int64_t now)
{
	const struct stored_cert *s = own_cert_by(t, id, w, now);

	return s ? s : own_cert_of(t, id, now);
}

/* Our key: that of the end's certificate or public key, else the best of ipsec.secrets. */
static struct proof find_key(struct trust *t, const struct auth_request *r, struct wish *w,
			     int64_t now, struct diag *why)
{
	const struct end *e = &r->connection->end[r->end];
	const struct key *public = end_key(t, r->connection, r->end, why);
	struct proof p = {0};

	if (diag_is_set(why))
		return p;
	/* Without a word about it, the certificate is the one that carries our identity. */
	if (e->cert)
		p.cert = choose_cert(t, r, w, now);
	else if (!public)
		p.cert = own_cert_for(t, r->local, w, now);
	if (p.cert)
	public = &p.cert->cert.key;
	if (public) {
		p.own = keyring_half(&t->keys, public);
		if (p.own)
			return p;
		explain_no_half(r, public, t->keys.len, why);
		blame_locked(t, r, why);
		return p;
	}
	p.own = keyring_best(&t->keys, r->local, r->remote, can_sign, w);
	if (!p.own)
		p.own = keyring_best(&t->keys, r->local, r->remote, any_key, NULL);
	if (p.own)
		return p;
	explain_no_key(r, t->keys.len, why);
	blame_locked(t, r, why);
	return p;
}

/* ---- certificates that go with it ---- */

/* `der` is moved in; false when it holds nothing, for want of memory. */
static bool add_octets(struct bytes der, uint8_t encoding, struct trust_reply *reply)
{
	if (!der.ptr)
		return false;
	reply->encodings[reply->certs_len] = encoding;
	reply->der[reply->certs_len++] = der;
	return true;
}

/* Where the certificates of its issuer are, by its ca section; NULL. */
static const char *base_of(struct trust *t, const struct cert *c)
{
	const struct cert *issuer = issuer_of(t, c);
	const struct authority *says = NULL;

	while (issuer && (says = authorities_find(&t->authorities, issuer, says)))
		if (says->certuribase)
			return says->certuribase;
	return NULL;
}

/* RFC 7296 3.6: its hash, and where it is. False: it is to be sent whole. */
static bool add_url(struct trust *t, const struct cert *c, struct trust_reply *reply)
{
	const char *base = base_of(t, c);
	size_t len = base ? strlen(base) : 0, used = 0;
	size_t cap = KEY_ID_LEN + len + 2 * KEY_ID_LEN + 1;
	struct bytes der = base ? cert_der(c) : (struct bytes){0};
	struct bytes b = {der.ptr ? malloc(cap) : NULL, cap - 1};
	struct view whole = view_bytes(&der);
	bool well = b.ptr && !hash_compute(t->crypto, HASH_SHA1, &whole, 1, b.ptr);
	char *url = (char *)b.ptr + KEY_ID_LEN;

	bytes_done(&der);
	if (!well) {
		free(b.ptr);
		return false;
	}
	buf_add(url, cap - KEY_ID_LEN, &used, "%s", base);
	buf_add_hex(url, cap - KEY_ID_LEN, &used, view_of(b.ptr, KEY_ID_LEN));
	return add_octets(b, CERT_HASH_URL, reply);
}

static bool add_cert(const struct cert *c, struct trust_reply *reply)
{
	return add_octets(cert_der(c), CERT_X509, reply);
}

/* RFC 7670: an end without a certificate shows its key to who asks for it. */
static bool add_raw_key(const struct auth_request *r, const struct proof *p,
			struct trust_reply *reply)
{
	const struct end *e = &r->connection->end[r->end];

	if (!r->asked_for_raw_key || p->cert || e->send_cert == SEND_CERT_NEVER)
		return true;
	return add_octets(key_public_der(&p->own->key), CERT_RAW_KEY, reply);
}

static bool wants_cert(const struct auth_request *r)
{
	switch (r->connection->end[r->end].send_cert) {
	case SEND_CERT_ALWAYS:
		return true;
	case SEND_CERT_ASKED:
		return r->asked_for_cert;
	default:
		return false;
	}
}

/* Our own, and those between it and its root, which the peer has or does not believe. */
static bool add_certs(struct trust *t, const struct auth_request *r,
		      const struct stored_cert *s, struct trust_reply *reply)
{
	const struct cert *c = s ? &s->cert : NULL;

	if (!c || !wants_cert(r))
		return true;
	while (c && reply->certs_len < PATH_LEN_MAX) {
		const struct cert *issuer;

		if (!(r->takes_urls && add_url(t, c, reply)) && !add_cert(c, reply))
			return false;
		issuer = issuer_of(t, c);
		c = issuer && !cert_is_self_issued(issuer) ? issuer : NULL;
	}
	return true;
}

struct attributes_to {
	struct trust_reply *reply;
	size_t len;
	bool failed;
};

static void add_acert(void *ctx, const struct stored_acert *one)
{
	struct attributes_to *to = ctx;

	if (to->failed || to->len == ACERTS_SENT_MAX)
		return;
	to->failed = !add_octets(acert_der(&one->acert), CERT_ATTRIBUTES, to->reply);
	to->len++;
}

/* To which groups we belong, where ipsec.d/acerts has that: the peer may not have it itself. */
static bool add_attributes(struct trust *t, const struct auth_request *r,
			   const struct stored_cert *s, struct trust_reply *reply)
{
	struct attributes_to to = {.reply = reply};

	if (s && wants_cert(r))
		acert_set_each(t->acerts, &s->cert, add_acert, &to);
	return !to.failed;
}

/* Those with the wanted subject; NULL: all. */
static void name_authorities(const struct stored_certs *all, const struct ident *wanted,
			     struct bytes *hashes)
{
	for (size_t i = 0; i < all->len && hashes->len < AUTHORITIES_ASKED_MAX * KEY_ID_LEN;
	     i++) {
		const struct cert *c = &all->items[i]->cert;
		const struct ident *subject = NULL;

		if (!wanted || (!cert_identity(c, &subject) && ident_match(wanted, subject))) {
			memcpy(hashes->ptr + hashes->len, c->key.id, KEY_ID_LEN);
			hashes->len += KEY_ID_LEN;
		}
		ident_unref(subject);
	}
}

/* Those that issued our own certificates. */
static void name_issuers(const struct trust *t, const struct cert_list *siblings,
			 struct bytes *hashes)
{
	for (size_t i = 0; i < siblings->len && i < AUTHORITIES_ASKED_MAX; i++) {
		const struct cert *issuer = issuer_of(t, &siblings->items[i]);

		if (!issuer)
			continue;
		memcpy(hashes->ptr + hashes->len, issuer->key.id, KEY_ID_LEN);
		hashes->len += KEY_ID_LEN;
	}
}

/* Whose certificate the peer is asked for: no one's when its key is known already. */
bool ask_for_cert(struct trust *t, const struct connection *c, const struct ident *local,
		  int end, int64_t now, struct trust_reply *reply)
{
	const struct end *peer = &c->end[!end];
	const struct ident *wanted;
	struct cert_list siblings;
	struct bytes hashes;
	struct diag why;
	enum cyg_err err;

	if (!(connection_auth(c, !end) & AUTH_SIGNATURES) || peer->cert ||
	    (peer->public_key && *peer->public_key != '%') || !t->cacerts.len)
		return true;
	hashes = (struct bytes){malloc(AUTHORITIES_ASKED_MAX * KEY_ID_LEN), 0};
	if (!hashes.ptr)
		return false;
	err = peer_authority(t, c, local, !end, now, &wanted, &siblings, &why);
	if (siblings.len)
		name_issuers(t, &siblings, &hashes);
	else
		name_authorities(&t->cacerts, wanted, &hashes);
	if (!hashes.len) /* what is wrong with the wanted one is told when the peer shows its own */
		name_authorities(&t->cacerts, NULL, &hashes);
	ident_unref(wanted);
	cert_list_done(&siblings);
	if (err == CYG_NOMEM) {
		bytes_done(&hashes);
		return false;
	}
	reply->authorities = hashes;
	reply->answer.auth.by_url = trust_looks_up(t);
	return true;
}

/* False: there is no key to sign with, and *why says so. */
static bool make_by_key(struct trust *t, const struct auth_request *r, unsigned allowed,
			struct trust_job *j, struct diag *why)
{
	struct wish w = {allowed, r->hashes};
	struct proof p = find_key(t, r, &w, j->now, why);

	if (!p.own ||
	    !key_is_long_enough(&p.own->key, r->connection->rsa_bits_min, r->connection->name,
				"our own key", why) ||
	    /* The peer would refuse it: better to say so here. */
	    !named_cert_is_valid(t, p.cert, r->connection, r->end, j->now, why))
		return false;
	j->scheme = sig_choose(&p.own->key, w.allowed, w.hashes);
	if (!j->scheme) {
		explain_no_scheme(r, &p.own->key, why);
		return false;
	}
	snprintf(j->key_name, sizeof(j->key_name), "the key of %.120s:%u", p.own->record->file,
		 p.own->record->line);
	if (p.cert)
		proof_by_cert(&j->reply, &p.cert->cert);
	else
		proof_by_key(&j->reply, &p.own->key, "");
	j->key = key_copy(&p.own->key);
	if (job_take_octets(j, r) &&
	    (!add_certs(t, r, p.cert, &j->reply) || !add_attributes(t, r, p.cert, &j->reply) ||
	     !add_raw_key(r, &p, &j->reply)))
		job_fail(j, CYG_NOMEM);
	return true;
}

/* A secret in place of a signature is told, with what is wrong with the key or certificate. */
static void fall_back(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	struct diag missing = j->reply.why;

	diag_clear(&j->reply.why);
	make_by_secret(t, r, false, j);
	if (j->reply.answer.err || !diag_is_set(&missing))
		return;
	diag_prefix(&missing, "by the shared secret and not by a signature: ");
	j->reply.why = missing;
}

void make_begin(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	unsigned allowed = connection_auth(r->connection, r->end);
	struct diag *why = &j->reply.why;

	if (r->eap) {
		eap_make(t, r, j);
		return;
	}
	if (!ask_for_cert(t, r->connection, r->local, r->end, j->now, &j->reply)) {
		job_fail(j, CYG_NOMEM);
		return;
	}
	if (allowed & AUTH_SIGNATURES) {
		if (make_by_key(t, r, allowed & AUTH_SIGNATURES, j, why))
			return;
		if (!(allowed & AUTH_SECRET)) {
			job_fail(j, CYG_NOTFOUND);
			return;
		}
		fall_back(t, r, j);
		return;
	}
	if (allowed & (AUTH_SECRET | AUTH_NULL)) {
		make_by_secret(t, r, allowed & AUTH_NULL, j);
		return;
	}
	diag_set(why, "auth-method", NULL, "this end is to prove itself in no way");
	diag_wanted(why, "authby=secret or authby=pubkey");
	diag_got(why, "authby=never");
	job_fail(j, CYG_UNSUPPORTED);
}
