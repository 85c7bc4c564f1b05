/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_SLOW_HASH_H
#define CRYPTO_SLOW_HASH_H

#include "base/err.h"
#include "base/view.h"

/* Octets that nobody can guess, for the salt. CYG_CRYPTO. */
MUST_CHECK enum cyg_err slow_hash_salt(uint8_t *ret, size_t len);

/*
 * A hash of a short secret that is slow to find the secret by: PBKDF2 with
 * HMAC-SHA2-256 (RFC 8018 5.2) of `rounds`. Writes `len` octets. CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err slow_hash(struct view secret, struct view salt, unsigned rounds,
				  uint8_t *ret, size_t len);

#endif
