/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AUTH payloads by pre-shared key (RFC 7296 2.15). The secret is found by the
 * two identities, and never leaves this room: what goes out is a MAC, or a
 * sentence that names the record by file and line.
 */
#include "trust/trust.h"

#include "base/secret.h"
#include "crypto/alg.h"
#include "crypto/ikev2_kdf.h"
#include "crypto/prf.h"
#include "trust/authority.h"

#include <stdlib.h>
#include <time.h>

#define METHOD_SHARED_KEY 2 /* RFC 7296 3.8 */

struct trust {
	struct crypto *crypto;
	struct secret_set *secrets;
	struct authorities authorities;
};

struct trust *trust_new(struct crypto *crypto)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->crypto = crypto;
	t->secrets = secret_set_new();
	if (!t->secrets) {
		free(t);
		return NULL;
	}
	return t;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	secret_set_free(t->secrets);
	authorities_done(&t->authorities);
	free(t);
}

void trust_set_secrets(struct trust *t, struct secret_set *take)
{
	secret_set_free(t->secrets);
	t->secrets = take;
}

const struct secret_set *trust_secrets(const struct trust *t)
{
	return t->secrets;
}

enum cyg_err trust_add_authority(struct trust *t, const struct authority *says,
				 struct view certificate, struct diag *why)
{
	struct cert_names names;
	enum cyg_err bad = CYG_OK, err;

	if (certificate.len)
		bad = cert_names(t->crypto, certificate, &names);
	err = authorities_add(&t->authorities, says, certificate.len && !bad ? &names : NULL,
			      time(NULL));
	if (err || !bad)
		return err;
	diag_set(why, "ca-certificate", "RFC 5280 4.1", "%.100s holds no certificate: %s",
		 says->cacert ? says->cacert : "the file", cyg_err_text(bad));
	diag_wanted(why, "one X.509 certificate, PEM or DER");
	return CYG_MALFORMED;
}

size_t trust_delete_authorities(struct trust *t, const char *pattern)
{
	return authorities_delete(&t->authorities, pattern);
}

const struct authorities *trust_authorities(const struct trust *t)
{
	return &t->authorities;
}

/* The AUTH payload of a shared key, and the record it was made with. */
struct proof {
	uint8_t mac[PRF_LEN_MAX];
	size_t len;
	const struct secret_record *secret;
};

static enum cyg_err compute(const struct trust *t, const struct auth_request *r,
			    struct proof *ret, struct diag *why)
{
	const struct alg *prf = alg_by_id(ALG_PRF, r->prf);
	struct view octets[] = {r->message, r->nonce, r->maced_id};
	enum cyg_err err;

	ret->secret = secret_find(t->secrets, SECRET_PSK, r->local, r->remote, why);
	if (!ret->secret)
		return CYG_NOTFOUND;
	err = prf ? kdf_psk_auth(t->crypto, prf, view_bytes(&ret->secret->value), octets, 3,
				 ret->mac)
		  : CYG_UNSUPPORTED;
	if (err)
		diag_set(why, "auth-not-computed", "RFC 7296 2.15",
			 "the AUTH payload can't be computed with PRF %u: %s", r->prf,
			 cyg_err_text(err));
	else
		ret->len = prf->out_len;
	return err;
}

static uint8_t method_of(const struct connection *c, int end)
{
	return c->end[end].auth == AUTH_UNSET ? c->auth : c->end[end].auth;
}

static const char *method_name(uint8_t method)
{
	switch (method) {
	case AUTH_SECRET:
		return "authby=secret";
	case AUTH_PUBKEY:
		return "authby=pubkey";
	default:
		return "authby=never";
	}
}

/* ---- ours ---- */

static void make(struct trust *t, const struct auth_request *r, struct answer *ret,
		 struct bytes *ret_data, struct diag *why)
{
	struct proof proof;

	if (method_of(r->connection, r->end) != AUTH_SECRET) {
		diag_set(why, "auth-method", NULL,
			 "this version has no way to prove who we are but a "
			 "pre-shared key");
		diag_wanted(why, "authby=secret");
		diag_got(why, "%s", method_name(method_of(r->connection, r->end)));
		diag_hint(why, "write authby=secret in %s", r->connection->name);
		ret->err = CYG_UNSUPPORTED;
		return;
	}
	ret->err = compute(t, r, &proof, why);
	if (!ret->err && !bytes_copy(ret_data, view_of(proof.mac, proof.len)))
		ret->err = CYG_NOMEM;
	if (!ret->err) {
		ret->auth.method = METHOD_SHARED_KEY;
		ret->auth.data = view_bytes(ret_data);
	}
	secret_wipe(&proof, sizeof(proof));
}

/* ---- the peer's ---- */

/* RFC 7296 3.8 and the registry "IKEv2 Authentication Method". */
static const char *wire_method_name(uint8_t method)
{
	static const char *const names[] = {
		[1] = "RSA signature",
		[2] = "pre-shared key",
		[3] = "DSS signature",
		[9] = "ECDSA P-256",
		[10] = "ECDSA P-384",
		[11] = "ECDSA P-521",
		[12] = "generic secure password",
		[13] = "null authentication",
		[14] = "digital signature",
	};

	if (method >= sizeof(names) / sizeof(names[0]) || !names[method])
		return "unknown";
	return names[method];
}

static bool takes_method(const struct auth_request *r, struct diag *why)
{
	uint8_t wanted = method_of(r->connection, !r->end);

	if (wanted == AUTH_SECRET && r->method == METHOD_SHARED_KEY)
		return true;
	diag_set(why, "auth-method", "RFC 7296 2.15",
		 wanted == AUTH_SECRET
			 ? "the peer proves itself in another way than by a pre-shared key"
			 : "this version takes no other proof than a pre-shared key");
	diag_wanted(why, "%s", method_name(wanted));
	diag_got(why, "method %u (%s)", r->method, wire_method_name(r->method));
	diag_hint(why, "set authby=secret for %s at both ends", r->connection->name);
	return false;
}

static void explain_mismatch(const struct auth_request *r, const struct secret_record *used,
			     struct diag *why)
{
	char us[120], peer[120];

	diag_set(why, "auth-mismatch", "RFC 7296 2.15",
		 "the peer's proof does not fit our pre-shared key");
	diag_wanted(why,
		    "a proof made with the secret of %s:%u, our best record for %s with %s",
		    used->file, used->line, ident_print(r->local, us, sizeof(us)),
		    ident_print(r->remote, peer, sizeof(peer)));
	diag_got(why, "a proof of %zu octets that another secret made", r->data.len);
	diag_hint(
		why,
		"the two ends hold different secrets, or the peer's file has a better match for "
		"other identities: compare both ipsec.secrets, then ipsec auto --rereadsecrets");
}

/* A peer whose proof can't be looked at is not valid: CYG_OK all the same, for the answer is known. */
static void check(struct trust *t, const struct auth_request *r, struct answer *ret,
		  struct diag *why)
{
	struct proof proof;

	ret->auth.valid = false;
	if (!takes_method(r, why))
		return;
	ret->err = compute(t, r, &proof, why);
	if (!ret->err) {
		ret->auth.valid = secret_equal(view_of(proof.mac, proof.len), r->data);
		if (!ret->auth.valid)
			explain_mismatch(r, proof.secret, why);
	} else if (ret->err == CYG_NOTFOUND) {
		ret->err = CYG_OK;
	}
	secret_wipe(&proof, sizeof(proof));
}

void trust_ask(struct trust *t, const struct action *request, struct answer *ret,
	       struct bytes *ret_data, struct diag *ret_why)
{
	*ret = (struct answer){.op = request->op};
	*ret_data = (struct bytes){0};
	diag_clear(ret_why);
	switch (request->kind) {
	case ACT_AUTH_MAKE:
		make(t, &request->auth, ret, ret_data, ret_why);
		break;
	case ACT_AUTH_CHECK:
		check(t, &request->auth, ret, ret_why);
		break;
	default:
		ret->err = CYG_UNSUPPORTED;
	}
	ret->why = diag_is_set(ret_why) ? ret_why : NULL;
}
