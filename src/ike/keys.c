/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/keys.h"

#include "base/builder.h"
#include "base/secret.h"
#include "crypto/alg.h"
#include "crypto/prf.h"
#include "ike/core.h"
#include "ike/suites.h"

#include <stdlib.h>

/* From SKEYSEED to all keys of `sa` (RFC 7296 2.14). */
static enum cyg_err expand(struct ike_sa *sa, struct view skeyseed, const struct kdf_input *in)
{
	uint8_t spi_i[8], spi_r[8];
	struct builder bi = builder_of(spi_i, 8), br = builder_of(spi_r, 8);
	struct suite suite;
	struct ike_keys keys;
	enum cyg_err err = suite_of_chosen(&sa->chosen, ALG_FOR_IKE, &suite);

	if (err)
		return err;
	build_u64(&bi, sa_spi_i(sa));
	build_u64(&br, sa_spi_r(sa));
	err = kdf_ike_keys(sa->ike->crypto, alg_by_id(ALG_PRF, sa->chosen.prf), &suite,
			   skeyseed, in, view_of(spi_i, 8), view_of(spi_r, 8), &keys);
	if (err)
		return err;
	sa->suite = suite;
	sa->keys = keys;
	secret_wipe(&keys, sizeof(keys));
	return CYG_OK;
}

enum cyg_err keys_from_init(struct ike_sa *sa, struct view ni, struct view nr,
			    struct view shared)
{
	const struct alg *prf = alg_by_id(ALG_PRF, sa->chosen.prf);
	struct kdf_input in = {.ni = ni, .nr = nr, .shared = shared};
	uint8_t seed[PRF_LEN_MAX];
	enum cyg_err err = kdf_skeyseed(sa->ike->crypto, prf, &in, seed);

	if (!err)
		err = expand(sa, view_of(seed, prf->out_len), &in);
	secret_wipe(seed, sizeof(seed));
	return err;
}

enum cyg_err keys_from_rekey(const struct ike_sa *sa, struct ike_sa *next, struct view ni,
			     struct view nr, struct view shared)
{
	const struct alg *prf = alg_by_id(ALG_PRF, sa->chosen.prf);
	struct kdf_input in = {.ni = ni, .nr = nr, .shared = shared};
	uint8_t seed[PRF_LEN_MAX];
	enum cyg_err err = kdf_skeyseed_next(sa->ike->crypto, prf,
					     view_of(sa->keys.d, sa->keys.prf_len), &in, seed);

	if (!err)
		err = expand(next, view_of(seed, prf->out_len), &in);
	secret_wipe(seed, sizeof(seed));
	return err;
}

enum cyg_err keys_maced_id(const struct ike_sa *sa, bool initiator, struct view id_body,
			   uint8_t out[PRF_LEN_MAX])
{
	const uint8_t *key = initiator ? sa->keys.pi : sa->keys.pr;

	return prf_compute(sa->ike->crypto, alg_by_id(ALG_PRF, sa->chosen.prf),
			   view_of(key, sa->keys.prf_len), &id_body, 1, out);
}

void keys_drop_auth(struct ike_sa *sa)
{
	secret_wipe(sa->keys.pi, sizeof(sa->keys.pi));
	secret_wipe(sa->keys.pr, sizeof(sa->keys.pr));
}

bool keys_nonce_fits(uint16_t prf, struct view nonce, struct diag *why)
{
	const struct alg *a = alg_by_id(ALG_PRF, prf);

	if (!a || nonce.len >= prf_nonce_min(a))
		return true;
	diag_set(why, "short-nonce", "RFC 7296 2.10",
		 "the peer's nonce is too short for the PRF that was agreed on");
	diag_wanted(why, "at least %zu octets, half the key of %s", prf_nonce_min(a), a->name);
	diag_got(why, "%zu octets", nonce.len);
	return false;
}

enum cyg_err keys_nonce(struct ike *ike, struct bytes *ret)
{
	uint8_t nonce[PRF_NONCE_OURS];

	if (core_random(ike, nonce, sizeof(nonce)))
		return CYG_CRYPTO;
	return bytes_copy(ret, view_of(nonce, sizeof(nonce))) ? CYG_OK : CYG_NOMEM;
}
