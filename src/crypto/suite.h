/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_SUITE_H
#define CRYPTO_SUITE_H

#include "base/err.h"
#include "base/view.h"

struct alg;
struct crypto;

/*
 * How packets are protected: one interface over an AEAD and over a cipher
 * with a MAC (encrypt, then MAC), for IKE's Encrypted payload (RFC 7296 3.14,
 * RFC 5282) and for ESP (RFC 4303, RFC 4106, RFC 4309, RFC 7634; RFC 2410 and
 * RFC 4543 where the text stays in clear). None is without a check value.
 *
 * A suite and its keys are plain records; nothing of libcrypto lives in them.
 */

#define SUITE_ENCR_MAX 36  /* AES-256 key and 4 octets of salt */
#define SUITE_INTEG_MAX 64 /* HMAC-SHA2-512 */
#define SUITE_IV_MAX 16
#define SUITE_ICV_MAX 32

/* Make with suite_make; the lengths then need no look-up on the packet path. */
struct suite {
	const struct alg *encr;
	const struct alg *integ; /* NULL with an AEAD */
	uint16_t bits;           /* key size of encr; 0 where there is no choice */
	uint8_t encr_len;        /* octets of key and salt */
	uint8_t integ_len;       /* octets of the MAC's key; 0 with an AEAD */
	uint8_t iv_len, icv_len, block_len;
};

/* Keys as they come from KEYMAT: key || salt, and the MAC's key. Zero beyond their lengths. */
struct suite_key {
	uint8_t encr[SUITE_ENCR_MAX];
	uint8_t integ[SUITE_INTEG_MAX];
};

/*
 * Choose a suite. `integ` is NULL (or the NONE row) exactly with an AEAD; bits
 * 0 takes the default size. `use` is ALG_FOR_IKE or ALG_FOR_ESP.
 * CYG_UNSUPPORTED when a row is not built for it or refused, CYG_RANGE for a
 * wrong key size, CYG_CONFLICT for an AEAD with a MAC or a cipher without.
 */
MUST_CHECK enum cyg_err suite_make(const struct alg *encr, uint16_t bits,
				   const struct alg *integ, unsigned use, struct suite *ret);

/*
 * One packet's places, all in the caller's memory. `text` is transformed in
 * place, or filled from `from`; its length (padding included) is a multiple of block_len, and not 0
 * but with GCM, GMAC or ChaCha20. The MAC of a
 * cipher-and-MAC suite covers aad, iv, text, tail in this order, as IKE and
 * ESP want it.
 */
struct suite_packet {
	struct view aad;  /* authenticated, in clear (ESP, AEAD: 8 octets, 12 with ESN) */
	struct view tail; /* authenticated last, not sent (ESN's high half); not with an AEAD */
	uint8_t *iv;      /* iv_len octets: written by seal, read by open */
	uint8_t *text;
	size_t len;
	uint8_t *icv; /* icv_len octets: written by seal, read by open */
	/*
	 * Seal only: where the clear text lies when it is not in `text`, which it does
	 * not overlap; NULL: there. It is read once, and left as it is.
	 */
	const uint8_t *from;
};

/*
 * Encrypt and authenticate. The IV is made from `number`, which must never
 * repeat under one key: as it is for an AEAD (RFC 4106 3.1, RFC 7634 2), as
 * the cipher's image of it for CBC, so that it cannot be foretold (NIST
 * SP 800-38A C). CYG_UNSUPPORTED for a cipher of the legacy provider where
 * libcrypto comes without it, CYG_RANGE for a bad length or a tail with an AEAD,
 * CYG_NOMEM, CYG_CRYPTO; `text` is then zero.
 */
MUST_CHECK enum cyg_err suite_seal(struct crypto *c, const struct suite *s,
				   const struct suite_key *key, uint64_t number,
				   const struct suite_packet *p);

/*
 * Check and decrypt. CYG_AUTH on any mismatch, CYG_RANGE for a bad length,
 * CYG_NOMEM, CYG_CRYPTO; `text` is zero after any error but CYG_RANGE.
 */
MUST_CHECK enum cyg_err suite_open(struct crypto *c, const struct suite *s,
				   const struct suite_key *key, const struct suite_packet *p);

/* One direction, keys scheduled once, for the packet path. For one thread at a time. */
struct suite_ctx;

enum suite_way { SUITE_SEAL, SUITE_OPEN };

/*
 * Copies what it needs of suite and key, and outlives them, but not `c`. With CBC the IVs of two
 * contexts differ though key and numbers are the same.
 * CYG_NOMEM or CYG_CRYPTO; *ret is written only on success.
 */
MUST_CHECK enum cyg_err suite_ctx_new(struct crypto *c, const struct suite *s,
				      const struct suite_key *key, enum suite_way way,
				      struct suite_ctx **ret);
/* Wipes its keys. NULL is fine. */
void suite_ctx_free(struct suite_ctx *x);

/*
 * As suite_seal and suite_open; with an AEAD they do not allocate. CYG_STATE
 * for a context of the other way (nothing is touched then).
 */
MUST_CHECK enum cyg_err suite_ctx_seal(struct suite_ctx *x, uint64_t number,
				       const struct suite_packet *p);
MUST_CHECK enum cyg_err suite_ctx_open(struct suite_ctx *x, const struct suite_packet *p);

#endif
