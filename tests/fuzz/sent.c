/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as what a CERT payload holds, the first one saying how: X.509, PKCS #7, or a bundle. */
#include "crypto/crypto.h"
#include "trust/trust_private.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t encodings[] = {1, CERT_X509, CERT_HASH_URL_BUNDLE};
	static struct crypto *crypto;
	struct cert_list list = {0};
	enum cyg_err err;
	struct diag why;
	uint8_t how;

	if (!crypto)
		crypto = crypto_new(NULL);
	if (!size)
		return 0;
	how = encodings[data[0] % sizeof(encodings)];
	diag_clear(&why);
	err = sent_read(crypto, how, view_of(data + 1, size - 1), &list, &why);
	assert(list.len <= AUTH_CERTS_MAX);
	assert(how != CERT_X509 || !err == (list.len == 1));
	assert(how != CERT_X509 || !err || diag_is_set(&why));
	for (size_t i = 0; i < list.len; i++)
		assert(list.items[i].x && list.items[i].key.pkey);
	cert_list_done(&list);
	return 0;
}
