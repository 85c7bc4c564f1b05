/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a PKCS #12 file: refused with a reason, or a key that can be used. */
#include "crypto/crypto.h"
#include "trust/bundle.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto *crypto;
	struct bundle b;
	struct diag why;

	if (!crypto)
		crypto = crypto_new(NULL);
	diag_clear(&why);
	if (bundle_read(crypto, view_of(data, size), view_str("p"), &b, &why)) {
		assert(diag_is_set(&why));
		return 0;
	}
	assert(b.key.pkey && b.certs.len <= CERTS_IN_FILE_MAX);
	bundle_done(&b);
	return 0;
}
