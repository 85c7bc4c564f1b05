/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/entropy.h"
#include "base/err.h"

struct evp_pkey_st;
struct ossl_lib_ctx_st;

/*
 * The door to libcrypto: a library context of its own with all algorithms
 * fetched once. One may serve many threads: every function that takes a
 * `struct crypto *` may be called from any of them.
 */
struct crypto;

/*
 * A new context, or NULL when memory is short or libcrypto lacks its default
 * provider. With `seeded` NULL, randomness and private keys are libcrypto's
 * own. With `seeded`, every random octet and every private key of a key
 * exchange is made from octets it gives, drawn under a lock, so that a run of
 * one thread replays byte for byte; *seeded is copied, its ctx must outlive
 * the context. For simulation only.
 */
struct crypto *crypto_new(const struct entropy *seeded);

/* NULL is fine. Nothing made with it may be in use any more. */
void crypto_free(struct crypto *c);

/* Random octets fit for keys (from the seeded source, if any). CYG_CRYPTO when it fails. */
MUST_CHECK enum cyg_err crypto_random(struct crypto *c, void *out, size_t len);

/* The same as a source to hand on (IKE SPIs, nonces). Borrows `c`. */
struct entropy crypto_entropy(struct crypto *c);

/* Whether only algorithms that FIPS 140 allows are fetched. */
bool crypto_is_fips(const struct crypto *c);

/* The library context (OSSL_LIB_CTX), for code that reads keys and certificates. Borrowed. */
struct ossl_lib_ctx_st *crypto_lib(const struct crypto *c);
/*
 * One that reads certificates sooner, because it knows no algorithm but those that they may have
 * in IKE: SHA, RSA, ECDSA, EdDSA. A key that it can't read is to be tried with crypto_lib. Borrowed.
 */
struct ossl_lib_ctx_st *crypto_certs_lib(const struct crypto *c);
/* Of the two the one that a public key was read with, in which it is used at once. Borrowed. */
struct ossl_lib_ctx_st *crypto_lib_of(const struct crypto *c, const struct evp_pkey_st *key);

#endif
