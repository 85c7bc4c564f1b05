/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include "base/secret.h"
#include "crypto/impl.h"

#include <string.h>

static const struct {
	const char *ossl;
	size_t len;
} hashes[HASH_COUNT] = {
	[HASH_SHA1] = {"SHA1", 20},         [HASH_SHA2_256] = {"SHA2-256", 32},
	[HASH_SHA2_384] = {"SHA2-384", 48}, [HASH_SHA2_512] = {"SHA2-512", 64},
	[HASH_MD5] = {"MD5", 16},
};

size_t hash_len(enum hash h)
{
	return hashes[h].len;
}

const char *hash_ossl(enum hash h)
{
	return hashes[h].ossl;
}

enum cyg_err hash_compute(struct crypto *c, enum hash h, const struct view *parts, size_t n,
			  uint8_t *out)
{
	uint8_t value[HASH_LEN_MAX];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum cyg_err err = ossl_object(ctx);

	if (!err)
		err = ossl_result(EVP_DigestInit_ex2(ctx, c->md[h], NULL));
	for (size_t i = 0; !err && i < n; i++)
		err = ossl_result(EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len));
	if (!err)
		err = ossl_result(EVP_DigestFinal_ex(ctx, value, NULL));
	EVP_MD_CTX_free(ctx);
	if (!err)
		memcpy(out, value, hashes[h].len);
	return err;
}

enum cyg_err hmac_new(const struct crypto *c, const char *hash, EVP_MAC_CTX **ret)
{
	for (enum hash h = 0; hash && h < HASH_COUNT; h++) {
		if (strcmp(hashes[h].ossl, hash) != 0)
			continue;
		EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(c->hmac_model[h]);
		enum cyg_err err = ossl_object(mac);
		if (!err)
			*ret = mac;
		return err;
	}
	return CYG_UNSUPPORTED;
}

enum cyg_err hmac_key(EVP_MAC_CTX *mac, struct view key)
{
	/* A NULL key would mean "the key it has". */
	static const uint8_t empty;

	return ossl_result(EVP_MAC_init(mac, key.len ? key.ptr : &empty, key.len, NULL));
}

enum cyg_err hmac_again(EVP_MAC_CTX *mac)
{
	return ossl_result(EVP_MAC_init(mac, NULL, 0, NULL));
}

enum cyg_err hmac_add(EVP_MAC_CTX *mac, const struct view *parts, size_t n)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; !err && i < n; i++)
		if (parts[i].len)
			err = ossl_result(EVP_MAC_update(mac, parts[i].ptr, parts[i].len));
	return err;
}

enum cyg_err hmac_end(EVP_MAC_CTX *mac, uint8_t *out, size_t len)
{
	size_t got = 0;
	enum cyg_err err = ossl_result(EVP_MAC_final(mac, out, &got, len));

	return !err && got != len ? CYG_CRYPTO : err;
}

enum cyg_err hash_hmac(struct crypto *c, enum hash h, struct view key, const struct view *parts,
		       size_t n, uint8_t *out)
{
	uint8_t value[HASH_LEN_MAX];
	EVP_MAC_CTX *mac = NULL;
	enum cyg_err err = hmac_new(c, hashes[h].ossl, &mac);

	if (!err)
		err = hmac_key(mac, key);
	if (!err)
		err = hmac_add(mac, parts, n);
	if (!err)
		err = hmac_end(mac, value, hashes[h].len);
	EVP_MAC_CTX_free(mac);
	if (!err)
		memcpy(out, value, hashes[h].len);
	secret_wipe(value, sizeof(value));
	return err;
}
