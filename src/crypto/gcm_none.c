/* SPDX-License-Identifier: Apache-2.0 */
/* A build without intel-ipsec-mb: nobody has a library, so nobody calls the rest. */
#include "crypto/gcm.h"

#include <assert.h>

struct gcm_library *gcm_library_new(const char **ret_why)
{
	*ret_why = "built without intel-ipsec-mb";
	return NULL;
}

void gcm_library_free(struct gcm_library *l)
{
	assert(!l);
}

void gcm_key_set(const struct gcm_library *l, uint16_t bits, const uint8_t *octets, void *key)
{
	assert(!l);
}

void gcm_encrypt(const struct gcm_library *l, uint16_t bits, const void *key,
		 const uint8_t nonce[GCM_NONCE], struct view aad, uint8_t *to,
		 const uint8_t *from, size_t len, uint8_t *tag, size_t tag_len)
{
	assert(!l);
}

void gcm_decrypt(const struct gcm_library *l, uint16_t bits, const void *key,
		 const uint8_t nonce[GCM_NONCE], struct view aad, uint8_t *to,
		 const uint8_t *from, size_t len, uint8_t *tag, size_t tag_len)
{
	assert(!l);
}
