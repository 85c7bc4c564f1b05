/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as an OCSP server's answer: refused with a reason, or about the one certificate. */
#include "trust/ocsp.h"
#include "crypto/crypto.h"
#include "tests/fuzz/authority.h"

#include <assert.h>
#include <stdlib.h>

#define FUZZ_NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct serial serial = {1, {5}};
	static const uint8_t nonce[OCSP_NONCE_LEN];
	static struct crypto *crypto;
	static struct cert issuer;
	static struct cert_list signers;
	struct ocsp_answer a;
	struct diag why;

	if (!crypto) {
		crypto = crypto_new(NULL);
		if (cert_read_der(crypto, view_of(fuzz_authority, sizeof(fuzz_authority)),
				  &issuer, NULL))
			abort();
	}
	diag_clear(&why);
	if (ocsp_read(crypto, &issuer, &serial, nonce, &signers, view_of(data, size), FUZZ_NOW,
		      &a, &why)) {
		assert(diag_is_set(&why));
		return 0;
	}
	ocsp_answer_done(&a);
	assert(a.this_update && a.this_update <= FUZZ_NOW && a.status <= OCSP_STATUS_UNKNOWN);
	return 0;
}
