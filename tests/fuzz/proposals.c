/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposals from configuration text: what is taken prints and reads back as the
 * same. And offers made of any octets, against the defaults: what is chosen was
 * offered and is ours, what is refused is explained.
 */
#include "base/reader.h"
#include "conn/proposal.h"
#include "crypto/alg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PRINTED_MAX 65536
#define OFFERS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_text(const char *text, enum protocol protocol)
{
	const struct proposals *p, *again;
	struct diag why;
	char *printed;

	if (proposals_parse(text, protocol, &p, &why) != CYG_OK) {
		assert(diag_is_set(&why) && why.sentence[0]);
		return;
	}
	assert(p->len > 0 && p->len <= PROPOSALS_MAX);
	printed = malloc(PRINTED_MAX);
	assert(printed);
	proposals_print(p, printed, PRINTED_MAX);
	assert(proposals_parse(printed, protocol, &again, NULL) == CYG_OK);
	assert(proposals_equal(p, again));
	free(printed);
	proposals_unref(p);
	proposals_unref(again);
}

/* Each dialect takes the text, or refuses it and says where. */
static void try_dialects(const char *text, enum protocol protocol)
{
	for (enum dialect d = DIALECT_OPENSWAN; d < DIALECTS; d++) {
		uint16_t defaulted[PROPOSALS_MAX];
		const struct proposals *p;
		struct diag why;

		if (proposals_read(text, protocol, d, &p, defaulted, &why)) {
			assert(diag_is_set(&why) && why.column <= strlen(text) + 1);
			continue;
		}
		assert(p->len > 0 && p->len <= PROPOSALS_MAX);
		proposals_unref(p);
	}
}

static bool lists(const struct proposal *p, uint8_t kind, uint16_t id, uint16_t bits)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->transforms[i].kind == kind && p->transforms[i].id == id &&
		    p->transforms[i].key_bits == bits)
			return true;
	return false;
}

static void try_offer(const struct proposal *offer, size_t len, enum protocol protocol)
{
	const struct proposals *ours;
	struct chosen c;
	struct diag why;

	assert(proposals_default(protocol, &ours) == CYG_OK);
	if (proposals_select(ours, offer, len, protocol == PROTO_ESP, &c, &why) != CYG_OK) {
		assert(diag_is_set(&why) && why.sentence[0]);
		return;
	}
	assert(c.number >= 1 && c.number <= len && c.protocol == protocol);
	assert(lists(&offer[c.number - 1], ALG_ENCR, c.encr, c.key_bits));
	assert(protocol == PROTO_ESP || lists(&offer[c.number - 1], ALG_PRF, c.prf, 0));
	assert(protocol == PROTO_ESP || lists(&offer[c.number - 1], ALG_KE, c.ke, 0));
	assert(lists(&ours->items[0], ALG_ENCR, c.encr, c.key_bits) ||
	       lists(&ours->items[1], ALG_ENCR, c.encr, c.key_bits));
}

static void try_octets(struct view v, enum protocol protocol)
{
	struct proposal *offer = calloc(OFFERS, sizeof(*offer));
	struct reader r = reader_of(v);
	struct chosen c;
	const struct proposals *ours;

	assert(offer && proposals_default(protocol, &ours) == CYG_OK);
	for (size_t i = 0; i < OFFERS; i++) {
		uint8_t head = read_u8(&r);

		offer[i].protocol = head & 1 ? (uint8_t)protocol : head;
		while (offer[i].len < (head >> 2) && read_left(&r)) {
			uint8_t kind = read_u8(&r), id = read_u8(&r), bits = read_u8(&r);

			offer[i].transforms[offer[i].len++] =
				(struct transform){kind, id, (uint16_t)(8 * bits)};
		}
	}
	try_offer(offer, OFFERS, protocol);
	if (proposals_verify(ours, &offer[0], 1, false, &c, NULL) == CYG_OK)
		assert(lists(&ours->items[0], ALG_ENCR, c.encr, c.key_bits));
	free(offer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	try_text(text, PROTO_IKE);
	try_text(text, PROTO_ESP);
	try_dialects(text, PROTO_IKE);
	try_dialects(text, PROTO_ESP);
	try_dialects(text, PROTO_AH);
	try_octets(view_of(data, size), PROTO_IKE);
	try_octets(view_of(data, size), PROTO_ESP);
	free(text);
	return 0;
}
