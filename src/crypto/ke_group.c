/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ke_group.h"

#include "crypto/impl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

/* RFC 2409 6.1 and 6.2; the generator of both is 2. */
static BIGNUM *unnamed_prime(const struct alg *method)
{
	if (method->form != ALG_FORM_MODP)
		return NULL;
	if (method->id == ALG_KE_MODP768)
		return BN_get_rfc2409_prime_768(NULL);
	return method->id == ALG_KE_MODP1024 ? BN_get_rfc2409_prime_1024(NULL) : NULL;
}

static bool has_name(const struct alg *method)
{
	return method->id != ALG_KE_MODP768 && method->id != ALG_KE_MODP1024;
}

const char *ke_group_type(const struct alg *method)
{
	if (method->form == ALG_FORM_MODPSUB)
		return "DHX";
	return method->form == ALG_FORM_MODP ? "DH" : "EC";
}

enum cyg_err ke_group_push(OSSL_PARAM_BLD *b, const struct alg *method, BIGNUM **ret_p,
			   BIGNUM **ret_g)
{
	enum cyg_err err;

	*ret_p = *ret_g = NULL;
	if (has_name(method))
		return ossl_result(OSSL_PARAM_BLD_push_utf8_string(b,
								   OSSL_PKEY_PARAM_GROUP_NAME,
								   method->ossl[0], 0));
	*ret_p = unnamed_prime(method);
	*ret_g = BN_new();
	err = ossl_result(*ret_p && *ret_g && BN_set_word(*ret_g, 2));
	if (!err)
		err = ossl_result(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_FFC_P, *ret_p));
	if (!err)
		err = ossl_result(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_FFC_G, *ret_g));
	return err;
}

static enum cyg_err group_params(const struct alg *method, OSSL_PARAM **ret)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *p = NULL, *g = NULL;
	enum cyg_err err = ossl_object(b);

	if (!err)
		err = ke_group_push(b, method, &p, &g);
	if (!err) {
		*ret = OSSL_PARAM_BLD_to_param(b);
		err = ossl_object(*ret);
	}
	OSSL_PARAM_BLD_free(b);
	BN_free(p);
	BN_free(g);
	return err;
}

static enum cyg_err make_from_params(OSSL_LIB_CTX *lib, const struct alg *method,
				     EVP_PKEY **ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, ke_group_type(method), NULL);
	OSSL_PARAM *params = NULL;
	enum cyg_err err = ossl_object(ctx);

	if (!err)
		err = group_params(method, &params);
	if (!err)
		err = ossl_result(EVP_PKEY_fromdata_init(ctx));
	if (!err)
		err = ossl_result(EVP_PKEY_fromdata(ctx, ret, EVP_PKEY_KEY_PARAMETERS, params));
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return err;
}

/* RFC 7748's curves have no parameters apart from a key; any value will do to start from. */
static enum cyg_err make_xdh(OSSL_LIB_CTX *lib, const struct alg *method, EVP_PKEY **ret)
{
	static const uint8_t value[56] = {9};

	*ret = EVP_PKEY_new_raw_public_key_ex(lib, method->ossl[0], NULL, value,
					      method->public_i);
	return ossl_object(*ret);
}

enum cyg_err ke_group_make(OSSL_LIB_CTX *lib, const struct alg *method, EVP_PKEY **ret)
{
	return method->form == ALG_FORM_XDH ? make_xdh(lib, method, ret)
					    : make_from_params(lib, method, ret);
}
