/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_IMPL_H
#define CRYPTO_IMPL_H

/* What the room's files share about libcrypto. Not for other rooms. */

#include "base/entropy.h"
#include "base/err.h"
#include "base/view.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/few.h"
#include "crypto/hash.h"

#include <openssl/evp.h>
#include <pthread.h>

#define CIPHER_IDS 64 /* above every ENCR id that is built */
#define KE_IDS 64     /* above every KE id that is built */

struct crypto {
	OSSL_LIB_CTX *lib;
	struct few few;
	EVP_MAC *hmac, *cmac;
	EVP_MD *md[HASH_COUNT];
	EVP_MAC_CTX *hmac_model[HASH_COUNT]; /* digest chosen, no key: copied for each use */
	EVP_CIPHER *cipher[CIPHER_IDS][ALG_BITS_MAX];
	EVP_PKEY *group[KE_IDS]; /* what every key of a KE method starts as: its parameters */
	OSSL_PROVIDER *legacy;   /* once a cipher of it was used */
	pthread_mutex_t late;    /* over legacy, and the ciphers and groups of weak rows */
	struct gcm_library *gcm_loaded; /* owned; NULL: none */
	struct gcm_library *gcm;        /* the same when it is to be used; NULL: libcrypto is */
	bool seeded;
	struct entropy source; /* when seeded */
	pthread_mutex_t lock;  /* over source */
};

/*
 * The one reading of libcrypto's results, some of which are tri-state: 1 is
 * success and nothing else is. Otherwise CYG_NOMEM when the error queue says
 * so, else CYG_CRYPTO; the queue is emptied.
 */
MUST_CHECK enum cyg_err ossl_result(int result);

/* The same for a call that returns an object. */
MUST_CHECK enum cyg_err ossl_object(const void *object);

/* OpenSSL's name of a hash. */
const char *hash_ossl(enum hash h);

/*
 * An HMAC context over the hash that OpenSSL calls `hash`, without a key, to be
 * freed with EVP_MAC_CTX_free. CYG_UNSUPPORTED when this room does not have it.
 */
MUST_CHECK enum cyg_err hmac_new(const struct crypto *c, const char *hash, EVP_MAC_CTX **ret);

/* Begin with a key; an empty one is a key too. */
MUST_CHECK enum cyg_err hmac_key(EVP_MAC_CTX *mac, struct view key);

/* Begin again with the key it has. */
MUST_CHECK enum cyg_err hmac_again(EVP_MAC_CTX *mac);

/* Add `n` parts, in order. */
MUST_CHECK enum cyg_err hmac_add(EVP_MAC_CTX *mac, const struct view *parts, size_t n);

/* The value, all of it: `len` is the hash's length. */
MUST_CHECK enum cyg_err hmac_end(EVP_MAC_CTX *mac, uint8_t *out, size_t len);

/*
 * The cipher of a built row and size (0: default). Those of weak rows are
 * fetched when first asked for, the legacy provider with them. Borrowed from
 * `c`. CYG_UNSUPPORTED when there is none, or when this machine's libcrypto
 * comes without its legacy provider.
 */
MUST_CHECK enum cyg_err crypto_cipher(struct crypto *c, const struct alg *encr, uint16_t bits,
				      const EVP_CIPHER **ret);

/* What keys of a built KE row start as; of a weak row when first asked for. Borrowed from `c`. */
MUST_CHECK enum cyg_err crypto_group(struct crypto *c, const struct alg *method,
				     EVP_PKEY **ret);

#endif
