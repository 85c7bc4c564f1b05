/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include "base/err.h"
#include "base/view.h"

#include <openssl/types.h>

struct alg;
struct crypto;

/*
 * The codes behind the PRF and INTEG rows, one interface over HMAC (RFC 2104),
 * AES-CMAC (RFC 4493) and AES-XCBC (RFC 3566), which libcrypto does not have
 * and which is put together here from its AES-CBC. Private to this room.
 */

#define MAC_BLOCK 16 /* AES's */

struct mac {
	uint8_t form;        /* ALG_FORM_HMAC, _CMAC or _XCBC */
	EVP_MAC_CTX *evp;    /* HMAC, CMAC */
	EVP_CIPHER_CTX *cbc; /* XCBC: enciphers with K1 */
	size_t held_len;     /* XCBC: the last 1 to 16 octets wait for what follows */
	uint8_t held[MAC_BLOCK];
	uint8_t full[MAC_BLOCK], padded[MAC_BLOCK]; /* XCBC: K2 and K3 */
	uint8_t key[MAC_BLOCK];                     /* CMAC: to begin again with */
};

/*
 * A code without key for a built PRF or INTEG row. mac_done ends it, also after
 * an error. CYG_UNSUPPORTED for another row, CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err mac_init(struct mac *m, const struct crypto *c, const struct alg *a);

/*
 * Begin with a key of any length: an empty one is a key too. For AES one that is
 * not 16 octets is made so as RFC 4434 2 and RFC 4615 3 say.
 */
MUST_CHECK enum cyg_err mac_key(struct mac *m, struct view key);

/* Begin again with the key it has. */
MUST_CHECK enum cyg_err mac_again(struct mac *m);

/* Add `n` parts, in order. */
MUST_CHECK enum cyg_err mac_add(struct mac *m, const struct view *parts, size_t n);

/* The whole value: `len` is the hash's length, or 16. */
MUST_CHECK enum cyg_err mac_end(struct mac *m, uint8_t *out, size_t len);

/* Wipes its keys. One that is zero is fine. */
void mac_done(struct mac *m);

#endif
