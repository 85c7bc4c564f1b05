/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include "crypto/gcm.h"
#include "crypto/impl.h"
#include "crypto/ke_group.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
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
	c->cmac = EVP_MAC_fetch(c->lib, "CMAC", NULL);
	err = ossl_result(c->hmac && c->cmac);
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

/* Sizes may share one cipher; each has a slot of its own all the same. */
static enum cyg_err fetch_cipher(struct crypto *c, const struct alg *a)
{
	enum cyg_err err = CYG_OK;

	if (a->id >= CIPHER_IDS)
		return CYG_UNSUPPORTED;
	for (size_t i = 0; !err && i < ALG_BITS_MAX && a->ossl[i]; i++) {
		if (c->cipher[a->id][i])
			continue;
		c->cipher[a->id][i] = EVP_CIPHER_fetch(c->lib, a->ossl[i], NULL);
		err = ossl_object(c->cipher[a->id][i]);
	}
	return err;
}

static enum cyg_err make_group(struct crypto *c, const struct alg *a)
{
	if (a->id >= KE_IDS)
		return CYG_UNSUPPORTED;
	return c->group[a->id] ? CYG_OK : ke_group_make(c->lib, a, &c->group[a->id]);
}

/* Weak rows wait until a configuration names them. */
static bool wanted_at_once(const struct alg *a)
{
	return a->built && a->ossl[0] && a->strength == ALG_STRONG;
}

static enum cyg_err fetch_all(struct crypto *c)
{
	enum cyg_err err;

	c->lib = OSSL_LIB_CTX_new();
	err = ossl_object(c->lib);
	if (!err)
		err = fetch_hashes(c);
	for (const struct alg *a = NULL; !err && (a = alg_next(ALG_ENCR, a));)
		if (wanted_at_once(a))
			err = fetch_cipher(c, a);
	for (const struct alg *a = NULL; !err && (a = alg_next(ALG_KE, a));)
		if (wanted_at_once(a))
			err = make_group(c, a);
	if (!err && !crypto_is_fips(c))
		c->few = few_new();
	return err;
}

struct crypto *crypto_new(const struct entropy *seeded)
{
	struct crypto *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->late, NULL);
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
	EVP_MAC_free(c->cmac);
	if (c->legacy)
		OSSL_PROVIDER_unload(c->legacy);
	few_done(&c->few);
	OSSL_LIB_CTX_free(c->lib);
	gcm_library_free(c->gcm_loaded);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->late);
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

struct ossl_lib_ctx_st *crypto_certs_lib(const struct crypto *c)
{
	return c->few.lib ? c->few.lib : c->lib;
}

struct ossl_lib_ctx_st *crypto_lib_of(const struct crypto *c, const struct evp_pkey_st *key)
{
	return c->few.lib && EVP_PKEY_get0_provider(key) == c->few.provider ? c->few.lib
									    : c->lib;
}

/* The default provider stays beside it. */
static enum cyg_err load_legacy(struct crypto *c)
{
	if (!c->legacy)
		c->legacy = OSSL_PROVIDER_try_load(c->lib, "legacy", 1);
	if (c->legacy)
		return CYG_OK;
	return ossl_result(0) == CYG_NOMEM ? CYG_NOMEM : CYG_UNSUPPORTED;
}

static enum cyg_err fetch_late(struct crypto *c, const struct alg *encr)
{
	enum cyg_err err;

	pthread_mutex_lock(&c->late);
	err = encr->legacy ? load_legacy(c) : CYG_OK;
	if (!err)
		err = fetch_cipher(c, encr);
	pthread_mutex_unlock(&c->late);
	return err;
}

enum cyg_err crypto_cipher(struct crypto *c, const struct alg *encr, uint16_t bits,
			   const EVP_CIPHER **ret)
{
	enum cyg_err err = CYG_OK;
	size_t slot = 0;

	if (encr->id >= CIPHER_IDS || !encr->built || !encr->ossl[0])
		return CYG_UNSUPPORTED;
	while (slot < ALG_BITS_MAX && encr->bits[0] &&
	       encr->bits[slot] != (bits ? bits : encr->bits_default))
		slot++;
	if (slot == ALG_BITS_MAX)
		return CYG_UNSUPPORTED;
	if (!wanted_at_once(encr))
		err = fetch_late(c, encr);
	if (!err)
		*ret = c->cipher[encr->id][slot];
	return err;
}

enum cyg_err crypto_group(struct crypto *c, const struct alg *method, EVP_PKEY **ret)
{
	enum cyg_err err = CYG_OK;

	if (!wanted_at_once(method)) {
		pthread_mutex_lock(&c->late);
		err = make_group(c, method);
		pthread_mutex_unlock(&c->late);
	}
	if (!err)
		*ret = c->group[method->id];
	return err;
}
