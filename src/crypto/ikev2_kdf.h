/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_IKEV2_KDF_H
#define CRYPTO_IKEV2_KDF_H

#include "base/err.h"
#include "base/view.h"
#include "crypto/prf.h"
#include "crypto/suite.h"

struct alg;
struct crypto;

/*
 * The key schedule of IKEv2. All results are plain records of fixed size: no
 * pointers, so that an established SA can be written out and read back. Wipe
 * them with secret_wipe(&keys, sizeof(keys)).
 */

/* Keys of one IKE SA (RFC 7296 2.14). Lengths in octets; what is beyond them is zero. */
struct ike_keys {
	uint8_t prf_len;   /* SK_d, SK_pi, SK_pr */
	uint8_t encr_len;  /* SK_ei, SK_er, with salt */
	uint8_t integ_len; /* SK_ai, SK_ar; 0 with an AEAD */
	uint8_t d[PRF_LEN_MAX], pi[PRF_LEN_MAX], pr[PRF_LEN_MAX];
	struct suite_key i, r; /* protects what the original initiator / responder sends */
};

/* Keys of one CHILD_SA (RFC 7296 2.17): towards the responder, and towards the initiator. */
struct child_keys {
	struct suite_key i, r; /* protects what initiator / responder of the exchange sends */
};

/* What both ends put into a derivation. */
struct kdf_input {
	struct view ni, nr;       /* nonces of this exchange's initiator and responder */
	struct view shared;       /* g^ir or SK(0); empty for a CHILD_SA without key exchange */
	const struct view *added; /* SK(1).. of additional key exchanges (RFC 9370 2.2.4) */
	size_t added_n;
};

/* SKEYSEED of IKE_SA_INIT (RFC 7296 2.14); `added` is not used. `out` takes prf->out_len. */
MUST_CHECK enum cyg_err kdf_skeyseed(struct crypto *c, const struct alg *prf,
				     const struct kdf_input *in, uint8_t *out);

/*
 * SKEYSEED that follows from an earlier SK_d: the rekeyed IKE SA (RFC 7296
 * 2.18, with the old SA's prf and SK_d) and each step of IKE_INTERMEDIATE
 * (RFC 9370 2.2.2). `out` takes prf->out_len octets.
 */
MUST_CHECK enum cyg_err kdf_skeyseed_next(struct crypto *c, const struct alg *prf,
					  struct view sk_d, const struct kdf_input *in,
					  uint8_t *out);

/*
 * {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} of RFC 7296 2.14.
 * SPIs are 8 octets each, as on the wire. *ret is written only on success.
 */
MUST_CHECK enum cyg_err kdf_ike_keys(struct crypto *c, const struct alg *prf,
				     const struct suite *suite, struct view skeyseed,
				     const struct kdf_input *in, struct view spi_i,
				     struct view spi_r, struct ike_keys *ret);

/* KEYMAT of RFC 7296 2.17, raw: `len` octets. */
MUST_CHECK enum cyg_err kdf_keymat(struct crypto *c, const struct alg *prf, struct view sk_d,
				   const struct kdf_input *in, uint8_t *out, size_t len);

/* KEYMAT cut into the keys of a CHILD_SA. *ret is written only on success. */
MUST_CHECK enum cyg_err kdf_child_keys(struct crypto *c, const struct alg *prf,
				       const struct suite *suite, struct view sk_d,
				       const struct kdf_input *in, struct child_keys *ret);

/*
 * The AUTH payload of a shared key: prf(prf(secret, "Key Pad for IKEv2"),
 * octets) (RFC 7296 2.15). `octets` are the signed octets in parts: message,
 * nonce, prf(SK_p, ID body). `out` takes prf->out_len octets.
 */
MUST_CHECK enum cyg_err kdf_psk_auth(struct crypto *c, const struct alg *prf,
				     struct view secret, const struct view *octets, size_t n,
				     uint8_t *out);

#endif
