/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a public and as a private key: refused with a reason, or a key that can be used. */
#include "crypto/crypto.h"
#include "trust/key.h"
#include "trust/key_look.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct key *k)
{
	char text[KEY_ID_TEXT];

	assert(k->pkey && k->kind != KEY_NONE && k->bits);
	key_id_print(k, text);
	assert(key_equal(k, k));
	key_done(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto *crypto;
	struct view octets = view_of(data, size);
	struct key_look look;
	struct diag why;
	struct key k;

	if (!crypto)
		crypto = crypto_new(NULL);
	if (!key_read_public(crypto, octets, &k, &why))
		use(&k);
	else
		assert(diag_is_set(&why));
	if (!key_look(octets, &look, &why))
		assert(look.key.len && look.key.ptr + look.key.len <= data + size);
	else
		assert(diag_is_set(&why));
	if (!key_read_private(crypto, octets, view_str("passphrase"), &k, &why))
		use(&k);
	else
		assert(diag_is_set(&why));
	return 0;
}
