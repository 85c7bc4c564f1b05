/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_PRF_H
#define CRYPTO_PRF_H

#include "base/err.h"
#include "base/view.h"

struct alg;
struct crypto;

#define PRF_LEN_MAX 64    /* output of the longest PRF, octets */
#define PRF_NONCE_MIN 16  /* RFC 7296 3.9 */
#define PRF_NONCE_MAX 256 /* RFC 7296 3.9 */
#define PRF_NONCE_OURS 32 /* octets this program sends: half the key of every PRF it has */

/*
 * prf(key, parts) (RFC 7296 2.13) over the parts one after the other. `prf` is
 * a PRF row; `out` takes prf->out_len octets. CYG_UNSUPPORTED when the row is
 * not built, CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err prf_compute(struct crypto *c, const struct alg *prf, struct view key,
				    const struct view *parts, size_t n, uint8_t *out);

/*
 * prf+ (RFC 7296 2.13): `len` octets of key stream from the key and the seed
 * parts. CYG_RANGE when len is over 255 outputs; else as prf_compute. On an
 * error `out` is wiped.
 */
MUST_CHECK enum cyg_err prf_plus(struct crypto *c, const struct alg *prf, struct view key,
				 const struct view *parts, size_t n, uint8_t *out, size_t len);

/* Shortest nonce acceptable with a PRF: half its key, at least 16 (RFC 7296 2.10, 3.9). */
size_t prf_nonce_min(const struct alg *prf);

#endif
