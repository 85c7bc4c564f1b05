/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ikev2_kdf.h"

#include "base/reader.h"
#include "base/secret.h"
#include "crypto/alg.h"

#include <string.h>

#define ADDED_MAX 7 /* additional key exchanges of one exchange (RFC 9370 2.1) */
#define PARTS_MAX (3 + ADDED_MAX)

/* SK(0) | Ni | Nr | SK(1) | ... (RFC 9370 2.2.4), which without additions is g^ir | Ni | Nr. */
static enum cyg_err input_parts(const struct kdf_input *in, struct view parts[PARTS_MAX],
				size_t *ret_n)
{
	size_t n = 0;

	if (in->added_n > ADDED_MAX)
		return CYG_RANGE;
	parts[n++] = in->shared;
	parts[n++] = in->ni;
	parts[n++] = in->nr;
	for (size_t i = 0; i < in->added_n; i++)
		parts[n++] = in->added[i];
	*ret_n = n;
	return CYG_OK;
}

/*
 * RFC 7296 2.14: of two PRFs with a key of fixed length, which came first, the
 * first 64 bits of each nonce are the key; all others take the nonces whole.
 */
static struct view key_part(const struct alg *prf, struct view nonce)
{
	bool fixed = prf->id == ALG_PRF_AES128_XCBC || prf->id == ALG_PRF_AES128_CMAC;

	return fixed && nonce.len > 8 ? view_of(nonce.ptr, 8) : nonce;
}

/* RFC 7296 2.14: SKEYSEED = prf(Ni | Nr, g^ir) */
enum cyg_err kdf_skeyseed(struct crypto *c, const struct alg *prf, const struct kdf_input *in,
			  uint8_t *out)
{
	struct view ni = key_part(prf, in->ni), nr = key_part(prf, in->nr);
	uint8_t key[2 * PRF_NONCE_MAX];

	if (!in->ni.len || !in->nr.len || in->ni.len > PRF_NONCE_MAX ||
	    in->nr.len > PRF_NONCE_MAX)
		return CYG_RANGE;
	memcpy(key, ni.ptr, ni.len);
	memcpy(key + ni.len, nr.ptr, nr.len);
	return prf_compute(c, prf, view_of(key, ni.len + nr.len), &in->shared, 1, out);
}

/* RFC 7296 2.18: SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr) */
enum cyg_err kdf_skeyseed_next(struct crypto *c, const struct alg *prf, struct view sk_d,
			       const struct kdf_input *in, uint8_t *out)
{
	struct view parts[PARTS_MAX];
	size_t n;
	enum cyg_err err = input_parts(in, parts, &n);

	return err ? err : prf_compute(c, prf, sk_d, parts, n, out);
}

/* Cut the key stream in the order that RFC 7296 2.14 gives. */
static void cut_ike_keys(struct reader *r, const struct alg *prf, const struct suite *suite,
			 struct ike_keys *k)
{
	memset(k, 0, sizeof(*k));
	k->prf_len = (uint8_t)prf->key_len;
	k->encr_len = suite->encr_len;
	k->integ_len = suite->integ_len;
	read_copy(r, k->d, k->prf_len);
	read_copy(r, k->i.integ, k->integ_len);
	read_copy(r, k->r.integ, k->integ_len);
	read_copy(r, k->i.encr, k->encr_len);
	read_copy(r, k->r.encr, k->encr_len);
	read_copy(r, k->pi, k->prf_len);
	read_copy(r, k->pr, k->prf_len);
}

enum cyg_err kdf_ike_keys(struct crypto *c, const struct alg *prf, const struct suite *suite,
			  struct view skeyseed, const struct kdf_input *in, struct view spi_i,
			  struct view spi_r, struct ike_keys *ret)
{
	uint8_t stream[3 * PRF_LEN_MAX + 2 * (SUITE_ENCR_MAX + SUITE_INTEG_MAX)];
	size_t len = 3u * prf->key_len + 2u * suite->encr_len + 2u * suite->integ_len;
	struct view seed[] = {in->ni, in->nr, spi_i, spi_r};
	enum cyg_err err;

	if (len > sizeof(stream))
		return CYG_RANGE;
	err = prf_plus(c, prf, skeyseed, seed, 4, stream, len);
	if (!err) {
		struct reader r = reader_of(view_of(stream, len));
		cut_ike_keys(&r, prf, suite, ret);
	}
	secret_wipe(stream, sizeof(stream));
	return err;
}

enum cyg_err kdf_keymat(struct crypto *c, const struct alg *prf, struct view sk_d,
			const struct kdf_input *in, uint8_t *out, size_t len)
{
	struct view parts[PARTS_MAX];
	size_t n;
	enum cyg_err err = input_parts(in, parts, &n);

	return err ? err : prf_plus(c, prf, sk_d, parts, n, out, len);
}

/* RFC 7296 2.17: initiator's direction first, in each the cipher's key before the MAC's. */
enum cyg_err kdf_child_keys(struct crypto *c, const struct alg *prf, const struct suite *suite,
			    struct view sk_d, const struct kdf_input *in,
			    struct child_keys *ret)
{
	uint8_t stream[2 * (SUITE_ENCR_MAX + SUITE_INTEG_MAX)];
	size_t len = 2u * suite->encr_len + 2u * suite->integ_len;
	enum cyg_err err;

	if (len > sizeof(stream))
		return CYG_RANGE;
	err = kdf_keymat(c, prf, sk_d, in, stream, len);
	if (!err) {
		struct reader r = reader_of(view_of(stream, len));
		memset(ret, 0, sizeof(*ret));
		read_copy(&r, ret->i.encr, suite->encr_len);
		read_copy(&r, ret->i.integ, suite->integ_len);
		read_copy(&r, ret->r.encr, suite->encr_len);
		read_copy(&r, ret->r.integ, suite->integ_len);
	}
	secret_wipe(stream, sizeof(stream));
	return err;
}

enum cyg_err kdf_psk_auth(struct crypto *c, const struct alg *prf, struct view secret,
			  const struct view *octets, size_t n, uint8_t *out)
{
	uint8_t key[PRF_LEN_MAX];
	struct view pad = view_str("Key Pad for IKEv2");
	enum cyg_err err = prf_compute(c, prf, secret, &pad, 1, key);

	if (!err)
		err = prf_compute(c, prf, view_of(key, prf->out_len), octets, n, out);
	secret_wipe(key, sizeof(key));
	return err;
}
