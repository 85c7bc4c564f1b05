/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any attributes in an answer of a RADIUS server, rightly sealed: read, or refused. And the
 * same octets as they are, which no seal fits.
 */
#include "trust/radius.h"
#include "base/builder.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct crypto *crypto;

/* The first octet is the code, the rest are attributes. */
static struct view seal(const struct radius_request *r, struct view secret, struct view input,
			uint8_t *octets)
{
	struct builder b = builder_of(octets, RADIUS_LEN_MAX);
	struct view whole;
	uint8_t mac[16];

	build_u8(&b, input.len ? input.ptr[0] : 2);
	build_u8(&b, r->identifier);
	build_u16(&b, 0);
	build_view(&b, view_of(r->authenticator, 16));
	build_u8(&b, 80);
	build_u8(&b, 18);
	build_zero(&b, 16);
	if (input.len)
		build_view(&b, view_of(input.ptr + 1, input.len - 1));
	if (b.bad)
		return (struct view){0};
	octets[2] = (uint8_t)(build_len(&b) >> 8);
	octets[3] = (uint8_t)build_len(&b);
	whole = build_done(&b);
	assert(!hash_hmac(crypto, HASH_MD5, secret, &whole, 1, mac));
	memcpy(octets + 22, mac, 16);
	assert(!hash_compute(crypto, HASH_MD5, (struct view[]){whole, secret}, 2, mac));
	memcpy(octets + 4, mac, 16);
	return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct radius_request r = {.identifier = 1,
				   .user = view_str("a"),
				   .nas = view_str("b")};
	struct view secret = view_str("shared"), input = view_of(data, size);
	uint8_t octets[RADIUS_LEN_MAX];
	struct radius_answer a;
	struct diag why;
	struct view sealed;

	if (!crypto)
		crypto = crypto_new(NULL);
	assert(radius_read(crypto, &r, secret, input, &a, &why) == CYG_AUTH);
	sealed = seal(&r, secret, input, octets);
	if (!sealed.len || radius_read(crypto, &r, secret, sealed, &a, &why))
		return 0;
	assert(a.code == RADIUS_ACCEPT || a.code == RADIUS_REJECT ||
	       a.code == RADIUS_CHALLENGE);
	assert(a.groups_len <= RADIUS_GROUPS_MAX);
	radius_answer_done(&a);
	return 0;
}
