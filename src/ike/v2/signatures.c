/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/signatures.h"

#include "base/reader.h"
#include "wire/notify.h"

void signatures_build(struct chain *c)
{
	/* SHA2-256, SHA2-384, SHA2-512; the identity for EdDSA (RFC 8420 2). */
	static const uint8_t hashes[] = {0, 2, 0, 3, 0, 4, 0, 5};

	chain_notify(c, N_SIGNATURE_HASH_ALGORITHMS, view_of(hashes, sizeof(hashes)));
}

uint16_t signatures_take(const struct received *rx)
{
	struct notify_payload n;
	struct reader r;
	uint16_t got = 0;

	if (!message_find_notify(rx->m, rx->where, N_SIGNATURE_HASH_ALGORITHMS, &n))
		return 0;
	r = reader_of(n.data);
	while (read_left(&r) >= 2) {
		uint16_t number = read_u16(&r);

		if (number < 16)
			got |= (uint16_t)(1u << number);
	}
	return got;
}
