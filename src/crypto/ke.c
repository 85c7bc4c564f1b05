/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ke.h"

#include "base/secret.h"
#include "crypto/impl.h"
#include "crypto/ke_seeded.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 1024 /* public value or secret of MODP8192, the longest */

struct ke {
	struct crypto *crypto;
	const struct alg *method;
	EVP_PKEY *key; /* NULL once spent */
};

/* Octets that libcrypto has in front of the wire's form: SEC1 marks a whole point with 4. */
static size_t mark_len(const struct alg *method)
{
	return method->form == ALG_FORM_ECP ? 1 : 0;
}

static enum cyg_err check_method(const struct alg *method)
{
	bool ok = method && method->kind == ALG_KE && method->built && method->ossl[0] &&
		  method->public_i <= VALUE_MAX && method->out_len <= VALUE_MAX &&
		  method->form >= ALG_FORM_MODP && method->form <= ALG_FORM_XDH;

	return ok ? CYG_OK : CYG_UNSUPPORTED;
}

/* libcrypto's own generator makes the key; exponents of MODP are short (RFC 7919 5.2). */
static enum cyg_err make_key(struct crypto *c, const struct alg *method, EVP_PKEY **ret_key)
{
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *group = NULL, *key = NULL;
	enum cyg_err err = crypto_group(c, method, &group);

	if (!err) {
		ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, group, NULL);
		err = ossl_object(ctx);
	}
	if (!err)
		err = ossl_result(EVP_PKEY_keygen_init(ctx));
	if (!err)
		err = ossl_result(EVP_PKEY_keygen(ctx, &key));
	EVP_PKEY_CTX_free(ctx);
	if (!err)
		*ret_key = key;
	return err;
}

/* Our public value in the form of the wire, always public_i octets. */
static enum cyg_err public_of(const struct alg *method, EVP_PKEY *key, struct bytes *ret)
{
	size_t skip = mark_len(method);
	unsigned char *encoded = NULL;
	size_t len = EVP_PKEY_get1_encoded_public_key(key, &encoded);
	enum cyg_err err = ossl_result(len ? 1 : 0);

	if (!err && len != skip + method->public_i)
		err = CYG_CRYPTO;
	if (!err && !bytes_copy(ret, view_of(encoded + skip, method->public_i)))
		err = CYG_NOMEM;
	OPENSSL_free(encoded);
	return err;
}

enum cyg_err ke_start(struct crypto *c, const struct alg *method, struct ke **ret_ke,
		      struct bytes *ret_public)
{
	enum cyg_err err = check_method(method);
	struct ke *ke;

	if (err)
		return err;
	ke = calloc(1, sizeof(*ke));
	if (!ke)
		return CYG_NOMEM;
	ke->crypto = c;
	ke->method = method;
	err = c->seeded ? ke_seeded_key(c, method, &ke->key) : make_key(c, method, &ke->key);
	if (!err)
		err = public_of(method, ke->key, ret_public);
	if (err)
		ke_free(ke);
	else
		*ret_ke = ke;
	return err;
}

static bool is_modp(const struct alg *method)
{
	return method->form == ALG_FORM_MODP || method->form == ALG_FORM_MODPSUB;
}

/* RFC 6989 2.2: y^q = 1, so that y is of the subgroup whose order is q. */
static enum cyg_err check_subgroup(const struct crypto *c, EVP_PKEY *own, const BIGNUM *y,
				   const BIGNUM *p)
{
	BN_CTX *bn = BN_CTX_new_ex(c->lib);
	BIGNUM *q = NULL, *power = BN_new();
	enum cyg_err err = ossl_result(bn && power);

	if (!err)
		err = ossl_result(EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_FFC_Q, &q));
	if (!err)
		err = ossl_result(BN_mod_exp(power, y, q, p, bn));
	if (!err && !BN_is_one(power))
		err = CYG_RANGE;
	BN_free(power);
	BN_free(q);
	BN_CTX_free(bn);
	return err;
}

/* RFC 6989 2.1: 1 < y < p - 1. With a safe prime no more is needed. */
static enum cyg_err check_modp(const struct crypto *c, const struct alg *m, EVP_PKEY *own,
			       struct view y)
{
	BIGNUM *p = NULL, *value = BN_bin2bn(y.ptr, (int)y.len, NULL);
	enum cyg_err err = ossl_object(value);

	if (!err)
		err = ossl_result(EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_FFC_P, &p));
	if (!err)
		err = ossl_result(BN_sub_word(p, 1));
	if (!err && (BN_cmp(value, BN_value_one()) <= 0 || BN_cmp(value, p) >= 0))
		err = CYG_RANGE;
	if (!err && m->form == ALG_FORM_MODPSUB)
		err = ossl_result(BN_add_word(p, 1)) ?: check_subgroup(c, own, value, p);
	BN_free(value);
	BN_free(p);
	return err;
}

/*
 * The octets of a value as a key object. For ECP this refuses a point off the
 * curve or a coordinate not below p (RFC 6989 2.3); the curves have no cofactor.
 */
static enum cyg_err take_value(EVP_PKEY *group, const struct alg *m, struct view value,
			       EVP_PKEY **ret_key)
{
	uint8_t encoded[1 + VALUE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
	size_t skip = mark_len(m);
	EVP_PKEY *key = EVP_PKEY_dup(group);
	enum cyg_err err = ossl_object(key);

	memcpy(encoded + skip, value.ptr, value.len);
	if (!err) {
		err = ossl_result(
			EVP_PKEY_set1_encoded_public_key(key, encoded, skip + value.len));
		err = err == CYG_CRYPTO ? CYG_RANGE : err;
	}
	if (err)
		EVP_PKEY_free(key);
	else
		*ret_key = key;
	return err;
}

/* The peer's value as a key object, checked as the method asks. */
static enum cyg_err peer_key(const struct ke *ke, struct view value, EVP_PKEY **ret_key)
{
	const struct alg *m = ke->method;
	EVP_PKEY *group = NULL;
	enum cyg_err err;

	/* Both ends of these methods send the same length, so public_i is public_r. */
	if (value.len != m->public_i)
		return CYG_MALFORMED;
	err = crypto_group(ke->crypto, m, &group);
	if (!err && is_modp(m))
		err = check_modp(ke->crypto, m, group, value);
	return err ? err : take_value(group, m, value, ret_key);
}

static bool all_zero(const uint8_t *octets, size_t len)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < len; i++)
		seen |= octets[i];
	return !seen;
}

static enum cyg_err derive_into(EVP_PKEY_CTX *ctx, const struct alg *m, uint8_t *out)
{
	size_t len = m->out_len;
	enum cyg_err err = CYG_OK;

	/* RFC 7296 2.14: g^ir has the length of the modulus. */
	if (is_modp(m))
		err = ossl_result(EVP_PKEY_CTX_set_dh_pad(ctx, 1));
	if (err)
		return err;
	err = ossl_result(EVP_PKEY_derive(ctx, out, &len));
	/* RFC 8031 2.3. libcrypto looks for this with XDH too, and has no other reason to fail.
	 */
	if ((m->form == ALG_FORM_XDH && err == CYG_CRYPTO) || (!err && all_zero(out, len)))
		return CYG_RANGE;
	return !err && len != m->out_len ? CYG_CRYPTO : err;
}

static enum cyg_err derive(const struct ke *ke, EVP_PKEY *peer, struct bytes *ret_secret)
{
	uint8_t secret[VALUE_MAX];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(ke->crypto->lib, ke->key, NULL);
	enum cyg_err err = ossl_object(ctx);

	if (!err)
		err = ossl_result(EVP_PKEY_derive_init(ctx));
	/* The peer's value has been checked in the way its form asks. */
	if (!err)
		err = ossl_result(EVP_PKEY_derive_set_peer_ex(ctx, peer, 0));
	if (!err)
		err = derive_into(ctx, ke->method, secret);
	EVP_PKEY_CTX_free(ctx);
	if (!err && !bytes_copy(ret_secret, view_of(secret, ke->method->out_len)))
		err = CYG_NOMEM;
	secret_wipe(secret, sizeof(secret));
	return err;
}

enum cyg_err ke_finish(struct ke *ke, struct view peer_public, struct bytes *ret_secret)
{
	EVP_PKEY *peer = NULL;
	enum cyg_err err;

	if (!ke->key)
		return CYG_STATE;
	err = peer_key(ke, peer_public, &peer);
	if (!err)
		err = derive(ke, peer, ret_secret);
	EVP_PKEY_free(peer);
	if (!err) {
		EVP_PKEY_free(ke->key);
		ke->key = NULL;
	}
	return err;
}

enum cyg_err ke_respond_with(struct ke *ke, struct view peer_public, struct bytes *ret_secret)
{
	if (ke->method->form == ALG_FORM_KEM)
		return CYG_UNSUPPORTED;
	return ke_finish(ke, peer_public, ret_secret);
}

enum cyg_err ke_respond(struct crypto *c, const struct alg *method, struct view peer_public,
			struct bytes *ret_public, struct bytes *ret_secret)
{
	struct bytes public = {0};
	struct ke *ke = NULL;
	enum cyg_err err = check_method(method);

	/* The cheap check first: no key is made for a value of the wrong length. */
	if (!err && peer_public.len != method->public_i)
		err = CYG_MALFORMED;
	if (!err)
		err = ke_start(c, method, &ke, &public);
	if (!err)
		err = ke_finish(ke, peer_public, ret_secret);
	if (err)
		bytes_done(&public);
	else
		*ret_public = public;
	ke_free(ke);
	return err;
}

void ke_free(struct ke *ke)
{
	if (!ke)
		return;
	EVP_PKEY_free(ke->key);
	free(ke);
}
