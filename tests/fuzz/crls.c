/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a list of revoked certificates: refused with a reason, or one to look up in. */
#include "crypto/crypto.h"
#include "tests/fuzz/authority.h"
#include "trust/crl.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct crl *c)
{
	static const uint8_t there[] = {5}, missing[] = {6};
	struct chain_link l = {0};
	struct crl_entry e;
	struct serial s;
	char number[80];

	assert(serial_take(view_of(missing, 1), &s) && !crl_find(c, &s, &e));
	assert(serial_take(view_of(there, 1), &s) && crl_find(c, &s, &e) && e.reason == 1);
	crl_print_number(c->number, number, sizeof(number));
	crl_covers(c, &l);
	assert(!crl_compare_age(c, c) && crl_same_scope(c, c) && !crl_delta_fits(c, c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = {{1, 2}};
	static struct crypto *crypto;
	static struct cert issuer;
	const struct cert *issuers[] = {&issuer};
	struct crl *c = NULL;
	struct diag why;

	if (!crypto) {
		crypto = crypto_new(NULL);
		if (cert_read_der(crypto, view_of(fuzz_authority, sizeof(fuzz_authority)),
				  &issuer, NULL))
			abort();
	}
	diag_clear(&why);
	if (crl_read(crypto, issuers, 1, view_of(data, size), &key, &c, &why)) {
		assert(diag_is_set(&why) && !c);
		return 0;
	}
	use(c);
	crl_free(c);
	return 0;
}
