/* SPDX-License-Identifier: Apache-2.0 */
/* Our own proof: which secret or key, and how. */
#include "base/secret.h"
#include "base/text.h"
#include "conn/field.h"
#include "trust/psk.h"
#include "trust/trust_private.h"

#include <stdio.h>

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

static void make_by_secret(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	struct trust_reply *reply = &j->reply;
	struct psk_proof proof;

	j->done = true;
	reply->answer.err = psk_compute(t->crypto, t->secrets, r, &proof, &reply->why);
	if (!reply->answer.err && !bytes_copy(&reply->data, view_of(proof.mac, proof.len)))
		reply->answer.err = CYG_NOMEM;
	reply->answer.auth.method = AUTH_METHOD_SHARED_KEY;
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

static void explain_no_half(const struct auth_request *r, const struct key *public, size_t keys,
			    struct diag *why)
{
	const char *side = connection_side(r->end);
	char key[100];

	diag_set(why, "no-private-key", NULL,
		 "ipsec.secrets has no private key to the public key of %srsasigkey=", side);
	diag_wanted(why, "the private half of %s", key_print(public, key, sizeof(key)));
	diag_got(why, "%zu private keys, none of which is it", keys);
	diag_hint(why, "ipsec showhostkey --%s  prints the line for the key that is there",
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
	diag_hint(why, "ipsec newhostkey makes one; then ipsec auto --rereadsecrets");
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

/* Our key: that of the end's public key, else the best of ipsec.secrets. NULL: *ret_why may be empty. */
static const struct own_key *find_key(struct trust *t, const struct auth_request *r,
				      struct wish *w, struct diag *why)
{
	const struct key *public = end_key(t, r->connection, r->end, why);
	const struct own_key *own;

	if (diag_is_set(why))
		return NULL;
	if (public) {
		own = keyring_half(&t->keys, public);
		if (!own)
			explain_no_half(r, public, t->keys.len, why);
		return own;
	}
	own = keyring_best(&t->keys, r->local, r->remote, can_sign, w);
	if (!own)
		own = keyring_best(&t->keys, r->local, r->remote, any_key, NULL);
	if (!own)
		explain_no_key(r, t->keys.len, why);
	return own;
}

/* False: there is no key to sign with, and *why says so. */
static bool make_by_key(struct trust *t, const struct auth_request *r, unsigned allowed,
			struct trust_job *j, struct diag *why)
{
	struct wish w = {allowed, r->hashes};
	const struct own_key *own = find_key(t, r, &w, why);

	if (!own || !key_is_long_enough(&own->key, r->connection, "our own key", why))
		return false;
	j->scheme = sig_choose(&own->key, w.allowed, w.hashes);
	if (!j->scheme) {
		explain_no_scheme(r, &own->key, why);
		return false;
	}
	snprintf(j->key_name, sizeof(j->key_name), "the key of %.120s:%u", own->record->file,
		 own->record->line);
	j->key = key_copy(&own->key);
	job_take_octets(j, r);
	return true;
}

void make_begin(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	unsigned allowed = connection_auth(r->connection, r->end);
	struct diag *why = &j->reply.why;

	if (allowed & AUTH_SIGNATURES) {
		if (make_by_key(t, r, allowed & AUTH_SIGNATURES, j, why))
			return;
		if (!(allowed & AUTH_SECRET)) {
			job_fail(j, CYG_NOTFOUND);
			return;
		}
	}
	if (allowed & AUTH_SECRET) {
		make_by_secret(t, r, j);
		return;
	}
	diag_set(why, "auth-method", NULL, "this end is to prove itself in no way");
	diag_wanted(why, "authby=secret or authby=pubkey");
	diag_got(why, "authby=never");
	job_fail(j, CYG_UNSUPPORTED);
}
