/* SPDX-License-Identifier: Apache-2.0 */
/* The data of an IPSECKEY record, from whoever has a signed zone. */
#include "trust/ipseckey.h"

#include "crypto/crypto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto *crypto;
	struct ipseckey_gateway gateway;
	struct key key;

	if (!crypto)
		crypto = crypto_new(NULL);
	if (!ipseckey_gateway(view_of(data, size), &gateway, NULL) &&
	    gateway.name[sizeof(gateway.name) - 1])
		abort(); /* the name does not end */
	if (!ipseckey_read(crypto, view_of(data, size), &key, NULL))
		key_done(&key);
	return 0;
}
