/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include "crypto/impl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum cyg_err ossl_result(int result)
{
	if (result == 1)
		return CYG_OK;
	bool memory = false;
	unsigned long e;
	while ((e = ERR_get_error()))
		memory |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return memory ? CYG_NOMEM : CYG_CRYPTO;
}

enum cyg_err ossl_object(const void *object)
{
	return ossl_result(object ? 1 : 0);
}

static enum cyg_err fetch_hashes(struct crypto *c)
{
	enum cyg_err err = CYG_OK;

	c->hmac = EVP_MAC_fetch(c->lib, "HMAC", NULL);
	err = ossl_object(c->hmac);
	for (enum hash h = 0; !err && h < HASH_COUNT; h++) {
		OSSL_PARAM digest[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
							 (char *)hash_ossl(h), 0),
			OSSL_PARAM_construct_end(),
		};
		c->md[h] = EVP_MD_fetch(c->lib, hash_ossl(h), NULL);
		err = ossl_object(c->md[h]);
		if (err)
			break;
		c->hmac_model[h] = EVP_MAC_CTX_new(c->hmac);
		err = ossl_object(c->hmac_model[h]);
		if (!err)
			err = ossl_result(EVP_MAC_CTX_set_params(c->hmac_model[h], digest));
	}
	return err;
}

static enum cyg_err fetch_cipher(struct crypto *c, const struct alg *a)
{
	enum cyg_err err = CYG_OK;

	if (a->id >= CIPHER_IDS)
		return CYG_UNSUPPORTED;
	for (size_t i = 0; !err && i < ALG_BITS_MAX && a->ossl[i]; i++) {
		c->cipher[a->id][i] = EVP_CIPHER_fetch(c->lib, a->ossl[i], NULL);
		err = ossl_object(c->cipher[a->id][i]);
	}
	return err;
}

static enum cyg_err make_named_group(struct crypto *c, const struct alg *a)
{
	const char *type = a->form == ALG_FORM_MODP ? "DH" : "EC";
	OSSL_PARAM group[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)a->ossl[0],
						 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lib, type, NULL);
	enum cyg_err err = ossl_object(ctx);

	if (!err)
		err = ossl_result(EVP_PKEY_fromdata_init(ctx));
	if (!err)
		err = ossl_result(EVP_PKEY_fromdata(ctx, &c->group[a->id],
						    EVP_PKEY_KEY_PARAMETERS, group));
	EVP_PKEY_CTX_free(ctx);
	return err;
}

/* RFC 7748's curves have no parameters apart from a key; any value will do to start from. */
static enum cyg_err make_xdh_group(struct crypto *c, const struct alg *a)
{
	static const uint8_t value[56] = {9};

	c->group[a->id] = EVP_PKEY_new_raw_public_key_ex(c->lib, a->ossl[0], NULL, value,
							 a->public_i);
	return ossl_object(c->group[a->id]);
}

static enum cyg_err make_group(struct crypto *c, const struct alg *a)
{
	if (a->id >= KE_IDS)
		return CYG_UNSUPPORTED;
	return a->form == ALG_FORM_XDH ? make_xdh_group(c, a) : make_named_group(c, a);
}

static enum cyg_err fetch_all(struct crypto *c)
{
	enum cyg_err err;

	c->lib = OSSL_LIB_CTX_new();
	err = ossl_object(c->lib);
	if (!err)
		err = fetch_hashes(c);
	for (const struct alg *a = NULL; !err && (a = alg_next(ALG_ENCR, a));)
		if (a->built)
			err = fetch_cipher(c, a);
	for (const struct alg *a = NULL; !err && (a = alg_next(ALG_KE, a));)
		if (a->built && a->ossl[0])
			err = make_group(c, a);
	return err;
}

struct crypto *crypto_new(const struct entropy *seeded)
{
	struct crypto *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	if (seeded) {
		c->seeded = true;
		c->source = *seeded;
	}
	if (fetch_all(c)) {
		crypto_free(c);
		return NULL;
	}
	return c;
}

void crypto_free(struct crypto *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < KE_IDS; i++)
		EVP_PKEY_free(c->group[i]);
	for (size_t i = 0; i < CIPHER_IDS; i++)
		for (size_t j = 0; j < ALG_BITS_MAX; j++)
			EVP_CIPHER_free(c->cipher[i][j]);
	for (enum hash h = 0; h < HASH_COUNT; h++) {
		EVP_MAC_CTX_free(c->hmac_model[h]);
		EVP_MD_free(c->md[h]);
	}
	EVP_MAC_free(c->hmac);
	OSSL_LIB_CTX_free(c->lib);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static enum cyg_err draw_seeded(struct crypto *c, void *out, size_t len)
{
	pthread_mutex_lock(&c->lock);
	bool ok = entropy_fill(&c->source, out, len);
	pthread_mutex_unlock(&c->lock);
	return ok ? CYG_OK : CYG_CRYPTO;
}

enum cyg_err crypto_random(struct crypto *c, void *out, size_t len)
{
	if (!len)
		return CYG_OK;
	if (c->seeded)
		return draw_seeded(c, out, len);
	return ossl_result(RAND_bytes_ex(c->lib, out, len, 0));
}

static bool fill_from_crypto(void *ctx, uint8_t *out, size_t len)
{
	return crypto_random(ctx, out, len) == CYG_OK;
}

struct entropy crypto_entropy(struct crypto *c)
{
	return (struct entropy){fill_from_crypto, c};
}

bool crypto_is_fips(const struct crypto *c)
{
	return EVP_default_properties_is_fips_enabled(c->lib);
}

struct ossl_lib_ctx_st *crypto_lib(const struct crypto *c)
{
	return c->lib;
}

const EVP_CIPHER *crypto_cipher(const struct crypto *c, const struct alg *encr, uint16_t bits)
{
	if (encr->id >= CIPHER_IDS)
		return NULL;
	if (!encr->bits[0])
		return c->cipher[encr->id][0];
	for (size_t i = 0; i < ALG_BITS_MAX; i++)
		if (encr->bits[i] == (bits ? bits : encr->bits_default))
			return c->cipher[encr->id][i];
	return NULL;
}
