/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a file of lists of revoked certificates: each refused with a reason, or one to look up in. */
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

static struct crypto *crypto;
static struct cert issuer;

static void read_list(void *ctx, struct view octets)
{
	static const struct hash_key key = {{1, 2}};
	const struct cert *issuers[] = {&issuer};
	struct crl *c = NULL;
	struct diag why;

	diag_clear(&why);
	if (crl_read(crypto, issuers, 1, octets, &key, &c, &why)) {
		assert(diag_is_set(&why) && !c);
		return;
	}
	use(c);
	crl_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag why;

	if (!crypto) {
		crypto = crypto_new(NULL);
		if (cert_read_der(crypto, view_of(fuzz_authority, sizeof(fuzz_authority)),
				  &issuer, NULL))
			abort();
	}
	diag_clear(&why);
	if (crl_each(view_of(data, size), read_list, NULL, &why))
		assert(diag_is_set(&why));
	return 0;
}
