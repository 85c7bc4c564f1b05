/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as an OpenPGP certificate and as a key packet: refused with a reason, or a key. */
#include "crypto/crypto.h"
#include "trust/pgp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto *crypto;
	struct pgp_cert c;
	struct key key;
	int64_t created;
	struct diag why;

	if (!crypto)
		crypto = crypto_new(NULL);
	diag_clear(&why);
	if (!pgp_read_packet(crypto, view_of(data, size), &key, &created, &why))
		key_done(&key);
	else
		assert(diag_is_set(&why));
	diag_clear(&why);
	if (!pgp_read(crypto, view_of(data, size), &c, &why))
		key_done(&c.key);
	else
		assert(diag_is_set(&why));
	return 0;
}
