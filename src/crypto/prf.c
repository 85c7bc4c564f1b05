/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/prf.h"

#include "base/secret.h"
#include "crypto/impl.h"
#include "crypto/mac.h"

#include <string.h>

/* Ended by mac_done, also after an error. */
static enum cyg_err prf_begin(struct crypto *c, const struct alg *prf, struct view key,
			      struct mac *mac)
{
	enum cyg_err err;

	*mac = (struct mac){0};
	if (prf->kind != ALG_PRF)
		return CYG_UNSUPPORTED;
	err = mac_init(mac, c, prf);
	return err ? err : mac_key(mac, key);
}

enum cyg_err prf_compute(struct crypto *c, const struct alg *prf, struct view key,
			 const struct view *parts, size_t n, uint8_t *out)
{
	uint8_t value[PRF_LEN_MAX];
	struct mac mac;
	enum cyg_err err = prf_begin(c, prf, key, &mac);

	if (!err)
		err = mac_add(&mac, parts, n);
	if (!err)
		err = mac_end(&mac, value, prf->out_len);
	mac_done(&mac);
	if (!err)
		memcpy(out, value, prf->out_len);
	secret_wipe(value, sizeof(value));
	return err;
}

/* T(i) = prf(K, T(i-1) | S | i); the first has no T before it. */
static enum cyg_err prf_plus_block(struct mac *mac, struct view before,
				   const struct view *parts, size_t n, uint8_t number,
				   uint8_t *out, size_t len)
{
	struct view counter = view_of(&number, 1);
	enum cyg_err err = mac_add(mac, &before, 1);

	if (!err)
		err = mac_add(mac, parts, n);
	if (!err)
		err = mac_add(mac, &counter, 1);
	return err ? err : mac_end(mac, out, len);
}

enum cyg_err prf_plus(struct crypto *c, const struct alg *prf, struct view key,
		      const struct view *parts, size_t n, uint8_t *out, size_t len)
{
	uint8_t block[PRF_LEN_MAX];
	struct mac mac;
	size_t step = prf->out_len;
	enum cyg_err err;

	if (len > 255 * step)
		return CYG_RANGE;
	err = prf_begin(c, prf, key, &mac);
	for (size_t at = 0; !err && at < len; at += step) {
		size_t take = len - at < step ? len - at : step;
		if (at)
			err = mac_again(&mac);
		if (!err)
			err = prf_plus_block(&mac, view_of(block, at ? step : 0), parts, n,
					     (uint8_t)(at / step + 1), block, step);
		if (!err)
			memcpy(out + at, block, take);
	}
	mac_done(&mac);
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
