/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_GCM_H
#define CRYPTO_GCM_H

#include "base/view.h"

/*
 * AES-GCM of intel-ipsec-mb: on processors with wide vectors some three times
 * as fast as libcrypto's for the short packets of ESP. The library is loaded
 * when it is asked for; a build without its headers, a host without it or a
 * processor it is not made for have none. Shared inside the room.
 */
struct gcm_library;

/* Load it. NULL when there is none, with the reason in *ret_why (a constant). */
struct gcm_library *gcm_library_new(const char **ret_why);
/* No key is in use any more. NULL is fine. */
void gcm_library_free(struct gcm_library *l);

/* Octets of one key, and the alignment of its memory. */
#define GCM_KEY_SIZE 1024u
#define GCM_KEY_ALIGN 64u

/* Schedule a key of 128, 192 or 256 bits into `key`, memory as above. It may be used by many threads. */
void gcm_key_set(const struct gcm_library *l, uint16_t bits, const uint8_t *octets, void *key);

#define GCM_NONCE 12u
#define GCM_TAG_MAX 16u

/*
 * Encrypt or decrypt `len` octets from `from` to `to` (which may be the same),
 * and give `tag_len` octets of the tag over associated data and ciphertext.
 * Comparing it is the caller's.
 */
void gcm_encrypt(const struct gcm_library *l, uint16_t bits, const void *key,
		 const uint8_t nonce[GCM_NONCE], struct view aad, uint8_t *to,
		 const uint8_t *from, size_t len, uint8_t *tag, size_t tag_len);
void gcm_decrypt(const struct gcm_library *l, uint16_t bits, const void *key,
		 const uint8_t nonce[GCM_NONCE], struct view aad, uint8_t *to,
		 const uint8_t *from, size_t len, uint8_t *tag, size_t tag_len);

#endif
