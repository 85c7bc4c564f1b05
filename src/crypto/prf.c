/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/prf.h"

#include "base/secret.h"
#include "crypto/impl.h"

#include <string.h>

static enum cyg_err prf_begin(struct crypto *c, const struct alg *prf, struct view key,
			      EVP_MAC_CTX **ret_mac)
{
	EVP_MAC_CTX *mac = NULL;
	enum cyg_err err;

	if (prf->kind != ALG_PRF || !prf->built)
		return CYG_UNSUPPORTED;
	err = hmac_new(c, prf->ossl[0], &mac);
	if (!err)
		err = hmac_key(mac, key);
	if (err) {
		EVP_MAC_CTX_free(mac);
		return err;
	}
	*ret_mac = mac;
	return CYG_OK;
}

enum cyg_err prf_compute(struct crypto *c, const struct alg *prf, struct view key,
			 const struct view *parts, size_t n, uint8_t *out)
{
	uint8_t value[PRF_LEN_MAX];
	EVP_MAC_CTX *mac = NULL;
	enum cyg_err err = prf_begin(c, prf, key, &mac);

	if (!err)
		err = hmac_add(mac, parts, n);
	if (!err)
		err = hmac_end(mac, value, prf->out_len);
	EVP_MAC_CTX_free(mac);
	if (!err)
		memcpy(out, value, prf->out_len);
	secret_wipe(value, sizeof(value));
	return err;
}

/* T(i) = prf(K, T(i-1) | S | i); the first has no T before it. */
static enum cyg_err prf_plus_block(EVP_MAC_CTX *mac, struct view before,
				   const struct view *parts, size_t n, uint8_t number,
				   uint8_t *out, size_t len)
{
	struct view counter = view_of(&number, 1);
	enum cyg_err err = hmac_add(mac, &before, 1);

	if (!err)
		err = hmac_add(mac, parts, n);
	if (!err)
		err = hmac_add(mac, &counter, 1);
	return err ? err : hmac_end(mac, out, len);
}

enum cyg_err prf_plus(struct crypto *c, const struct alg *prf, struct view key,
		      const struct view *parts, size_t n, uint8_t *out, size_t len)
{
	uint8_t block[PRF_LEN_MAX];
	EVP_MAC_CTX *mac = NULL;
	size_t step = prf->out_len;
	enum cyg_err err;

	if (len > 255 * step)
		return CYG_RANGE;
	err = prf_begin(c, prf, key, &mac);
	for (size_t at = 0; !err && at < len; at += step) {
		size_t take = len - at < step ? len - at : step;
		if (at)
			err = hmac_again(mac);
		if (!err)
			err = prf_plus_block(mac, view_of(block, at ? step : 0), parts, n,
					     (uint8_t)(at / step + 1), block, step);
		if (!err)
			memcpy(out + at, block, take);
	}
	EVP_MAC_CTX_free(mac);
	if (err)
		secret_wipe(out, len);
	secret_wipe(block, sizeof(block));
	return err;
}

size_t prf_nonce_min(const struct alg *prf)
{
	size_t half = prf->key_len / 2u;

	return half > PRF_NONCE_MIN ? half : PRF_NONCE_MIN;
}
