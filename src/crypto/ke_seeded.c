/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ke_seeded.h"

#include "base/secret.h"
#include "crypto/impl.h"
#include "crypto/ke_group.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#define PRIVATE_MAX 80  /* octets drawn for any private key */
#define MODP_PRIVATE 56 /* 448 bits: above twice the strength of every MODP group */
#define ECP_PUBLIC_MAX 133

/* A private number and its public value, before they become a key object. */
struct pair {
	BIGNUM *private;
	BIGNUM *public;                /* MODP */
	uint8_t point[ECP_PUBLIC_MAX]; /* ECP */
	size_t point_len;
};

static enum cyg_err draw_number(struct crypto *c, size_t len, BIGNUM **ret)
{
	uint8_t octets[PRIVATE_MAX];
	enum cyg_err err = crypto_random(c, octets, len);

	if (!err) {
		BIGNUM *n = BN_bin2bn(octets, (int)len, NULL);
		err = ossl_object(n);
		if (!err)
			*ret = n;
	}
	secret_wipe(octets, sizeof(octets));
	return err;
}

/* A private number in [1, order - 1]; 64 bits more than it needs hide the remainder's bias. */
static enum cyg_err private_below(struct crypto *c, const BIGNUM *order, BN_CTX *bn,
				  BIGNUM **ret)
{
	BIGNUM *top = BN_dup(order);
	BIGNUM *n = NULL;
	enum cyg_err err = ossl_object(top);

	if (!err)
		err = draw_number(c, (size_t)BN_num_bytes(order) + 8, &n);
	if (!err)
		err = ossl_result(BN_sub_word(top, 1) && BN_nnmod(n, n, top, bn) &&
				  BN_add_word(n, 1));
	BN_free(top);
	if (err)
		BN_clear_free(n);
	else
		*ret = n;
	return err;
}

static enum cyg_err ecp_public(const EC_GROUP *group, BN_CTX *bn, struct pair *pair)
{
	EC_POINT *point = EC_POINT_new(group);
	enum cyg_err err = ossl_object(point);

	if (!err)
		err = ossl_result(EC_POINT_mul(group, point, pair->private, NULL, NULL, bn));
	if (!err) {
		pair->point_len = EC_POINT_point2oct(group, point,
						     POINT_CONVERSION_UNCOMPRESSED, pair->point,
						     sizeof(pair->point), bn);
		err = ossl_result(pair->point_len ? 1 : 0);
	}
	EC_POINT_free(point);
	return err;
}

static enum cyg_err ecp_pair(struct crypto *c, const struct alg *method, struct pair *pair)
{
	int nist = EC_curve_nist2nid(method->ossl[0]);
	int curve = nist ? nist : OBJ_sn2nid(method->ossl[0]);
	EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(c->lib, NULL, curve);
	BN_CTX *bn = BN_CTX_secure_new_ex(c->lib);
	enum cyg_err err = ossl_result(group && bn);

	if (!err)
		err = private_below(c, EC_GROUP_get0_order(group), bn, &pair->private);
	if (!err)
		err = ecp_public(group, bn, pair);
	BN_CTX_free(bn);
	EC_GROUP_free(group);
	return err;
}

/* The top bit fixes the length, as an exponent of a stated length has it. */
static enum cyg_err short_private(struct crypto *c, BIGNUM **ret)
{
	enum cyg_err err = draw_number(c, MODP_PRIVATE, ret);

	return err ? err : ossl_result(BN_set_bit(*ret, MODP_PRIVATE * 8 - 1));
}

static enum cyg_err subgroup_private(struct crypto *c, EVP_PKEY *group, BN_CTX *bn,
				     BIGNUM **ret)
{
	BIGNUM *q = NULL;
	enum cyg_err err = ossl_result(EVP_PKEY_get_bn_param(group, OSSL_PKEY_PARAM_FFC_Q, &q));

	if (!err)
		err = private_below(c, q, bn, ret);
	BN_free(q);
	return err;
}

static enum cyg_err modp_pair(struct crypto *c, const struct alg *method, struct pair *pair)
{
	EVP_PKEY *group = NULL;
	BN_CTX *bn = BN_CTX_secure_new_ex(c->lib);
	BIGNUM *p = NULL, *g = NULL;
	enum cyg_err err = crypto_group(c, method, &group);

	pair->public = BN_new();
	if (!err)
		err = ossl_result(bn && pair->public);
	if (!err)
		err = ossl_result(EVP_PKEY_get_bn_param(group, OSSL_PKEY_PARAM_FFC_P, &p));
	if (!err)
		err = ossl_result(EVP_PKEY_get_bn_param(group, OSSL_PKEY_PARAM_FFC_G, &g));
	if (!err)
		err = method->form == ALG_FORM_MODP
			      ? short_private(c, &pair->private)
			      : subgroup_private(c, group, bn, &pair->private);
	if (!err)
		err = ossl_result(
			BN_mod_exp_mont_consttime(pair->public, g, pair->private, p, bn, NULL));
	BN_CTX_free(bn);
	BN_free(p);
	BN_free(g);
	return err;
}

static enum cyg_err push_pair(OSSL_PARAM_BLD *b, const struct pair *pair)
{
	enum cyg_err err = ossl_result(
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, pair->private));

	if (err)
		return err;
	if (pair->public)
		return ossl_result(
			OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PUB_KEY, pair->public));
	return ossl_result(OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY,
							    pair->point, pair->point_len));
}

static enum cyg_err pair_params(const struct alg *method, const struct pair *pair,
				OSSL_PARAM **ret_params)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *p = NULL, *g = NULL;
	enum cyg_err err = ossl_object(b);

	if (!err)
		err = ke_group_push(b, method, &p, &g);
	if (!err)
		err = push_pair(b, pair);
	if (!err) {
		*ret_params = OSSL_PARAM_BLD_to_param(b);
		err = ossl_object(*ret_params);
	}
	OSSL_PARAM_BLD_free(b);
	BN_free(p);
	BN_free(g);
	return err;
}

static enum cyg_err pair_key(struct crypto *c, const struct alg *method,
			     const struct pair *pair, EVP_PKEY **ret_key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lib, ke_group_type(method), NULL);
	OSSL_PARAM *params = NULL;
	enum cyg_err err = ossl_object(ctx);

	if (!err)
		err = pair_params(method, pair, &params);
	if (!err)
		err = ossl_result(EVP_PKEY_fromdata_init(ctx));
	if (!err)
		err = ossl_result(EVP_PKEY_fromdata(ctx, ret_key, EVP_PKEY_KEYPAIR, params));
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return err;
}

static enum cyg_err xdh_key(struct crypto *c, const struct alg *method, EVP_PKEY **ret_key)
{
	uint8_t octets[PRIVATE_MAX];
	enum cyg_err err = crypto_random(c, octets, method->public_i);

	if (!err) {
		*ret_key = EVP_PKEY_new_raw_private_key_ex(c->lib, method->ossl[0], NULL,
							   octets, method->public_i);
		err = ossl_object(*ret_key);
	}
	secret_wipe(octets, sizeof(octets));
	return err;
}

enum cyg_err ke_seeded_key(struct crypto *c, const struct alg *method, EVP_PKEY **ret_key)
{
	struct pair pair = {0};
	enum cyg_err err;

	if (method->form == ALG_FORM_XDH)
		return xdh_key(c, method, ret_key);
	err = method->form == ALG_FORM_ECP ? ecp_pair(c, method, &pair)
					   : modp_pair(c, method, &pair);
	if (!err)
		err = pair_key(c, method, &pair, ret_key);
	BN_clear_free(pair.private);
	BN_free(pair.public);
	return err;
}
