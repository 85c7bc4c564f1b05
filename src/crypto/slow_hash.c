/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/slow_hash.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

enum cyg_err slow_hash_salt(uint8_t *ret, size_t len)
{
	return RAND_bytes(ret, (int)len) == 1 ? CYG_OK : CYG_CRYPTO;
}

enum cyg_err slow_hash(struct view secret, struct view salt, unsigned rounds, uint8_t *ret,
		       size_t len)
{
	return PKCS5_PBKDF2_HMAC((const char *)secret.ptr, (int)secret.len, salt.ptr,
				 (int)salt.len, (int)rounds, EVP_sha256(), (int)len,
				 ret) == 1
		       ? CYG_OK
		       : CYG_CRYPTO;
}
