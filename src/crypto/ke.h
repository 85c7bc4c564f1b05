/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_KE_H
#define CRYPTO_KE_H

#include "base/err.h"
#include "base/view.h"

struct alg;
struct crypto;

/*
 * Key exchange in three acts, shaped so that a KEM fits: the initiator starts,
 * the responder answers with a public value and has the secret at once, the
 * initiator finishes with that answer. Slow: call from a worker thread where
 * there is one; distinct exchanges run at the same time.
 *
 * Public values are as in the KE payload: fixed length, x || y for ECP (RFC
 * 5903 7), left-padded big-endian for MODP (RFC 7296 3.4). A peer's value is
 * always checked before use: exact length; 1 < y < p - 1 for MODP (RFC 6989
 * 2.1); on the curve for ECP (RFC 6989 2.3); a secret that is all zero is
 * refused (RFC 8031 2.3). Secrets are left-padded to their fixed length, x
 * alone for ECP (RFC 5903 7).
 *
 * The caller owns the results: bytes_done for public values, bytes_wipe for
 * secrets. All are written only on success.
 *
 * Errors: CYG_MALFORMED for a peer's value of wrong length, CYG_RANGE for one
 * that fails its checks, CYG_UNSUPPORTED for a method not built, CYG_NOMEM,
 * CYG_CRYPTO.
 */

/* A private key waiting for its answer. May move between threads. */
struct ke;

/* Make a key pair; *ret_public goes into our KE payload. */
MUST_CHECK enum cyg_err ke_start(struct crypto *c, const struct alg *method, struct ke **ret_ke,
				 struct bytes *ret_public);

/* Answer a peer's start: our public value for it, and the shared secret. */
MUST_CHECK enum cyg_err ke_respond(struct crypto *c, const struct alg *method,
				   struct view peer_public, struct bytes *ret_public,
				   struct bytes *ret_secret);

/*
 * The shared secret from the peer's answer. A key is good for one secret: once
 * one was made it is gone and the next call gives CYG_STATE. A value refused
 * leaves it as it was, so that a forged answer does not spoil the exchange.
 */
MUST_CHECK enum cyg_err ke_finish(struct ke *ke, struct view peer_public,
				  struct bytes *ret_secret);

/*
 * Answer with a key pair that ke_start made ahead of time. Spends it as
 * ke_finish does. CYG_UNSUPPORTED for a method whose answer depends on the
 * question (a KEM).
 */
MUST_CHECK enum cyg_err ke_respond_with(struct ke *ke, struct view peer_public,
					struct bytes *ret_secret);

/* Wipes the private key. NULL is fine. */
void ke_free(struct ke *ke);

#endif
