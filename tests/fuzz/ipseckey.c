/* SPDX-License-Identifier: Apache-2.0 */
/* The data of an IPSECKEY record, from whoever has a signed zone. */
#include "trust/ipseckey.h"

#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto *crypto;
	struct key key;

	if (!crypto)
		crypto = crypto_new(NULL);
	if (!ipseckey_read(crypto, view_of(data, size), &key, NULL))
		key_done(&key);
	return 0;
}
