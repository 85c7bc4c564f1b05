/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AUTH payloads by pre-shared key (RFC 7296 2.15). The secret is found by the
 * two identities, and never leaves this room.
 */
#include "trust/trust.h"

#include "base/secret.h"
#include "crypto/alg.h"
#include "crypto/ikev2_kdf.h"

#include <stdlib.h>

#define METHOD_SHARED_KEY 2 /* RFC 7296 3.8 */
#define MAC_MAX 64

struct trust {
	struct crypto *crypto;
	struct secret_set *secrets;
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
	free(t);
}

void trust_set_secrets(struct trust *t, struct secret_set *take)
{
	secret_set_free(t->secrets);
	t->secrets = take;
}

/* What the AUTH payload must hold. `mac` has room for MAC_MAX. */
static enum cyg_err compute(const struct trust *t, const struct auth_request *r, uint8_t *mac, size_t *ret_len,
			    struct diag *why)
{
	const struct alg *prf = alg_by_id(ALG_PRF, r->prf);
	const struct secret *s = secret_find(t->secrets, SECRET_PSK, r->local, r->remote, why);
	struct view octets[] = {r->message, r->nonce, r->maced_id};
	enum cyg_err err;

	if (!s)
		return CYG_NOTFOUND;
	if (!prf) {
		diag_set(why, "no-prf", NULL, "there is no PRF number %u", r->prf);
		return CYG_UNSUPPORTED;
	}
	err = kdf_psk_auth(t->crypto, prf, view_bytes(&s->value), octets, 3, mac);
	if (err)
		diag_set(why, "crypto-failed", NULL, "the AUTH payload can't be computed");
	else
		*ret_len = prf->out_len;
	return err;
}

static bool uses_secret(const struct auth_request *r, int end)
{
	uint8_t auth = r->connection->end[end].auth;

	return (auth == AUTH_UNSET ? r->connection->auth : auth) == AUTH_SECRET;
}

static void make(struct trust *t, const struct auth_request *r, struct answer *ret, struct bytes *ret_data,
		 struct diag *why)
{
	uint8_t mac[MAC_MAX];
	size_t len = 0;

	if (!uses_secret(r, r->end)) {
		diag_set(why, "auth-method", NULL, "the connection does not authenticate by a pre-shared key");
		diag_hint(why, "write authby=secret: this version has no other method");
		ret->err = CYG_UNSUPPORTED;
		return;
	}
	ret->err = compute(t, r, mac, &len, why);
	if (!ret->err && !bytes_copy(ret_data, view_of(mac, len)))
		ret->err = CYG_NOMEM;
	secret_wipe(mac, sizeof(mac));
	ret->auth.method = METHOD_SHARED_KEY;
	ret->auth.data = view_bytes(ret_data);
}

static void explain_mismatch(const struct auth_request *r, struct diag *why)
{
	char us[160], them[160];

	diag_set(why, "auth-mismatch", "RFC 7296 2.15", "the peer's proof does not fit our pre-shared key");
	diag_wanted(why, "the secret that ipsec.secrets has here for %s and %s",
		    ident_print(r->local, us, sizeof(us)), ident_print(r->remote, them, sizeof(them)));
	diag_got(why, "a proof by %s made with another secret", them);
	diag_hint(why, "make the record for these two identities the same in ipsec.secrets of both ends, "
		       "then  ipsec auto --rereadsecrets");
}

static void check(struct trust *t, const struct auth_request *r, struct answer *ret, struct diag *why)
{
	uint8_t mac[MAC_MAX];
	size_t len = 0;

	ret->auth.valid = false;
	if (!uses_secret(r, !r->end) || r->method != METHOD_SHARED_KEY) {
		diag_set(why, "auth-method", "RFC 7296 2.15", "the peer authenticates in a way this connection does not take");
		diag_wanted(why, "%s", uses_secret(r, !r->end) ? "pre-shared key (method 2)" : "another method");
		diag_got(why, "method %u", r->method);
		diag_hint(why, "set authby= alike at both ends");
		return;
	}
	ret->err = compute(t, r, mac, &len, why);
	if (ret->err == CYG_NOTFOUND) {
		ret->err = CYG_OK; /* the peer may be right; we cannot tell, and so it is not */
		return;
	}
	ret->auth.valid = !ret->err && secret_equal(view_of(mac, len), r->data);
	secret_wipe(mac, sizeof(mac));
	if (!ret->err && !ret->auth.valid)
		explain_mismatch(r, why);
}

void trust_ask(struct trust *t, const struct action *request, struct answer *ret, struct bytes *ret_data,
	       struct diag *ret_why)
{
	*ret = (struct answer){.op = request->op};
	*ret_data = (struct bytes){0};
	diag_clear(ret_why);
	if (request->kind == ACT_AUTH_MAKE)
		make(t, &request->auth, ret, ret_data, ret_why);
	else
		check(t, &request->auth, ret, ret_why);
	ret->why = diag_is_set(ret_why) ? ret_why : NULL;
}
