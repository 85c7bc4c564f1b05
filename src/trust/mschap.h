/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_MSCHAP_H
#define TRUST_MSCHAP_H

#include "base/err.h"
#include "base/view.h"

/*
 * The arithmetic of MS-CHAP version 2 (RFC 2759) and of the keys that come of it (RFC 3079).
 * It stands on MD4 and DES, which libcrypto has in a provider of its own: that one is loaded
 * by mschap_new, into a library context where nothing else looks for algorithms.
 */
struct mschap;

#define MSCHAP_CHALLENGE_LEN 16
#define MSCHAP_HASH_LEN 16
#define MSCHAP_RESPONSE_LEN 24
#define MSCHAP_PROOF_LEN 20
#define MSCHAP_MSK_LEN 64
#define MSCHAP_PASSWORD_MAX 256 /* characters (RFC 2759 4) */

/* NULL: libcrypto's provider "legacy" can't be loaded, or memory is short. */
struct mschap *mschap_new(void);
/* NULL is fine. */
void mschap_free(struct mschap *m);

/* What one authentication is about. All views are borrowed. */
struct mschap_round {
	uint8_t nt_hash[MSCHAP_HASH_LEN]; /* secret */
	uint8_t server[MSCHAP_CHALLENGE_LEN], client[MSCHAP_CHALLENGE_LEN];
	struct view user; /* without a domain */
};

/*
 * The hash of a password, which is UTF-8 (RFC 2759 8.3). CYG_MALFORMED: it is not, or is too
 * long; CYG_CRYPTO. May be called in any thread, as all below.
 */
MUST_CHECK enum cyg_err mschap_nt_hash(const struct mschap *m, struct view password,
				       uint8_t ret[MSCHAP_HASH_LEN]);
/* The client's proof (8.1). CYG_CRYPTO. */
MUST_CHECK enum cyg_err mschap_response(const struct mschap *m, const struct mschap_round *r,
					uint8_t ret[MSCHAP_RESPONSE_LEN]);
/* The server's, which answers it (8.7). */
MUST_CHECK enum cyg_err mschap_proof(const struct mschap *m, const struct mschap_round *r,
				     const uint8_t response[MSCHAP_RESPONSE_LEN],
				     uint8_t ret[MSCHAP_PROOF_LEN]);
/*
 * The key of both: the server's key to receive by, that to send by (RFC 3079 3.3, 128 bits),
 * and zeroes.
 */
MUST_CHECK enum cyg_err mschap_key(const struct mschap *m, const struct mschap_round *r,
				   const uint8_t response[MSCHAP_RESPONSE_LEN],
				   uint8_t ret[MSCHAP_MSK_LEN]);

#endif
