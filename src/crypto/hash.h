/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/err.h"
#include "base/view.h"

struct crypto;

/* SHA-1 is here for NAT detection (RFC 7296 2.23), and like MD5 for HMAC where one is named. */
enum hash { HASH_SHA1, HASH_SHA2_256, HASH_SHA2_384, HASH_SHA2_512, HASH_MD5, HASH_COUNT };

#define HASH_LEN_MAX 64
#define HASH_SHA1_LEN 20
#define HASH_SHA2_256_LEN 32

/* Octets of output. */
size_t hash_len(enum hash h);

/*
 * The hash over `n` parts one after the other. Writes hash_len(h) octets to
 * `out` on success. CYG_NOMEM or CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err hash_compute(struct crypto *c, enum hash h, const struct view *parts,
				     size_t n, uint8_t *out);

/* HMAC (RFC 2104) over `n` parts; `out` takes hash_len(h) octets. Any key length. */
MUST_CHECK enum cyg_err hash_hmac(struct crypto *c, enum hash h, struct view key,
				  const struct view *parts, size_t n, uint8_t *out);

#endif
