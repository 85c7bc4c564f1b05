/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_SIG_H
#define TRUST_SIG_H

#include "base/diag.h"
#include "base/err.h"
#include "trust/key.h"

struct crypto;

/*
 * Signatures in AUTH payloads: RFC 7427's method 14, which names its algorithm, and the
 * fixed ones (1, 9, 10, 11) that came before. One table has a row for each.
 */
#define AUTH_METHOD_RSA 1
#define AUTH_METHOD_SHARED_KEY 2
#define AUTH_METHOD_ECDSA_256 9
#define AUTH_METHOD_ECDSA_384 10
#define AUTH_METHOD_ECDSA_521 11
#define AUTH_METHOD_NULL 13 /* RFC 7619 2.1 */
#define AUTH_METHOD_SIGNATURE 14

#define CERT_X509 4             /* encoding of a CERT payload (RFC 7296 3.6) */
#define CERT_ATTRIBUTES 10      /* an attribute certificate */
#define CERT_HASH_URL 12        /* a hash and where the certificate is */
#define CERT_HASH_URL_BUNDLE 13 /* the same of several */
#define CERT_RAW_KEY 15         /* RFC 7670 3 */

/* Numbers of the registry "IKEv2 Hash Algorithms" (RFC 7427 7, RFC 8420 2) as bits. */
#define SIG_HASH_SHA1 (1u << 1)
#define SIG_HASH_SHA2_256 (1u << 2)
#define SIG_HASH_SHA2_384 (1u << 3)
#define SIG_HASH_SHA2_512 (1u << 4)
#define SIG_HASH_IDENTITY (1u << 5)

struct sig_scheme;

/*
 * The best scheme for our own key: of a way in `allowed` (enum conn_auth), and, of method
 * 14, with a hash in `hashes`, which the peer announced (0: it knows no method 14). NULL:
 * none.
 */
const struct sig_scheme *sig_choose(const struct key *key, unsigned allowed, unsigned hashes);

/*
 * The scheme of an AUTH payload made with a key of `kind`. `algorithm`: the DER
 * AlgorithmIdentifier of method 14; else empty. NULL, and *why says what came: a method or
 * an algorithm that is not taken, or one that is not for such a key.
 */
const struct sig_scheme *sig_find(uint8_t method, struct view algorithm, enum key_kind kind,
				  struct diag *why);

/* The way (one bit of enum conn_auth), the AUTH method, and what people call it. Static. */
unsigned sig_way(const struct sig_scheme *s);
uint8_t sig_method(const struct sig_scheme *s);
const char *sig_name(const struct sig_scheme *s);

/*
 * Sign: *ret is the AUTH payload's data, with the algorithm in front for method 14.
 * CYG_NOMEM, CYG_CRYPTO; where the key is elsewhere *why says why not. Slow; any thread.
 */
MUST_CHECK enum cyg_err sig_make(struct crypto *crypto, const struct sig_scheme *s,
				 const struct key *private, struct view octets,
				 struct bytes *ret, struct diag *why);

/*
 * Is `signature` (without the algorithm) one of `octets`? CYG_AUTH when it is not; CYG_NOMEM.
 * Slow; any thread.
 */
MUST_CHECK enum cyg_err sig_check(struct crypto *crypto, const struct sig_scheme *s,
				  const struct key *public, struct view octets,
				  struct view signature);

/* Cut the data of method 14 (RFC 7427 3) in two. False when it breaks its format. */
bool sig_split(struct view data, struct view *ret_algorithm, struct view *ret_signature);

#endif
