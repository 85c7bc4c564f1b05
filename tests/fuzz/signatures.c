/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as the AUTH data of method 14: cut or refused; never valid for a key of ours. */
#include "crypto/crypto.h"
#include "trust/sig.h"

#include <assert.h>
#include <openssl/evp.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key keys[3];

static struct crypto *prepare(void)
{
	struct crypto *crypto = crypto_new(NULL);
	OSSL_LIB_CTX *lib = crypto_lib(crypto);

	assert(!key_take(EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)2048), &keys[0], NULL));
	assert(!key_take(EVP_PKEY_Q_keygen(lib, NULL, "EC", "P-256"), &keys[1], NULL));
	assert(!key_take(EVP_PKEY_Q_keygen(lib, NULL, "ED25519"), &keys[2], NULL));
	return crypto;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto *crypto;
	struct view algorithm, signature;

	if (!crypto)
		crypto = prepare();
	if (!sig_split(view_of(data, size), &algorithm, &signature))
		return 0;
	for (size_t i = 0; i < 3; i++) {
		struct diag why;
		const struct sig_scheme *s = sig_find(14, algorithm, keys[i].kind, &why);

		if (!s)
			assert(diag_is_set(&why));
		else
			assert(sig_check(crypto, s, &keys[i], view_str("octets"), signature) ==
			       CYG_AUTH);
	}
	return 0;
}
