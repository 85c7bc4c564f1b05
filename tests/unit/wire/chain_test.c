/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/chain.h"

#include "tests/unit/wire/wire_test.h"
#include "wire/notify.h"
#include "wire/payload.h"
#include "wire/sa.h"

static const struct ike_header init = {
	.spi_i = 0x0102030405060708,
	.exchange = X_IKE_SA_INIT,
	.initiator = true,
	.next_payload = 99, /* both are filled in by the chain */
	.length = 12345,
};

static const uint8_t public_value[32] = {9};
static const uint8_t nonce_value[32] = {7};

/* An IKE_SA_INIT request as the core would write it. */
static struct view build_init(struct builder *b)
{
	struct chain c = message_begin(b, &init);
	struct ke_payload ke = {31, view_of(public_value, sizeof(public_value))};
	struct nonce_payload nonce = {view_of(nonce_value, sizeof(nonce_value))};
	struct sa_builder s;

	chain_payload(&c, PAYLOAD_SA);
	s = sa_begin(b);
	sa_add_proposal(&s, 1, PROTOCOL_IKE, view_of(NULL, 0));
	sa_add_transform(&s, 1, 20, 256);
	sa_add_transform(&s, 2, 5, 0);
	sa_add_transform(&s, 4, 31, 0);
	sa_end(&s);
	chain_payload(&c, PAYLOAD_KE);
	ke_build(b, &ke);
	chain_payload(&c, PAYLOAD_NONCE);
	nonce_build(b, &nonce);
	chain_notify(&c, N_FRAGMENTATION_SUPPORTED, view_of(NULL, 0));
	return message_end(&c);
}

static void room_that_runs_out_is_told_at_the_end(void **state)
{
	uint8_t out[512];
	struct builder whole = builder_of(out, sizeof(out));
	size_t len = build_init(&whole).len;

	assert_true(len > 0);
	for (size_t cap = 0; cap < len; cap++) {
		struct builder b = builder_of(out, cap);

		test_row(cap, "octets of room");
		out[cap] = 0xee;
		assert_int_equal(build_init(&b).len, 0);
		assert_true(b.bad);
		assert_int_equal(out[cap], 0xee);
	}
}

static void a_message_is_parsed_as_it_was_built(void **state)
{
	uint8_t out[512];
	struct builder b = builder_of(out, sizeof(out));
	struct view octets = build_init(&b);
	struct ike_header h;
	struct message m;
	struct ke_payload ke;
	struct nonce_payload nonce;
	struct sa_payload sa;
	struct notify_payload n;

	assert_int_equal(header_parse(octets, &h, NULL), CYG_OK);
	assert_int_equal(h.length, octets.len);
	assert_int_equal(h.next_payload, PAYLOAD_SA);
	assert_int_equal(message_parse(octets, h.next_payload, &m, NULL, NULL), CYG_OK);
	assert_int_equal(m.len, 4);
	assert_int_equal(message_check(&m, &rules_init_request, NULL), CYG_OK);
	assert_int_equal(message_check_notifies(&m, IN_INIT_REQUEST, NULL), CYG_OK);
	assert_int_equal(sa_parse(message_find(&m, PAYLOAD_SA), SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa.transforms, 3);
	assert_int_equal(ke_parse(message_find(&m, PAYLOAD_KE), &ke, NULL), CYG_OK);
	assert_int_equal(ke.group, 31);
	assert_view_equal(ke.data, view_of(public_value, sizeof(public_value)));
	assert_int_equal(nonce_parse(message_find(&m, PAYLOAD_NONCE), &nonce, NULL), CYG_OK);
	assert_view_equal(nonce.data, view_of(nonce_value, sizeof(nonce_value)));
	assert_true(message_find_notify(&m, IN_INIT_REQUEST, N_FRAGMENTATION_SUPPORTED, &n));
}

/* A message may stand behind others, as the non-ESP marker does before it. */
static void a_message_may_begin_anywhere(void **state)
{
	uint8_t out[512], alone[512];
	struct builder b = builder_of(out, sizeof(out)), a = builder_of(alone, sizeof(alone));
	struct view octets;

	marker_build(&b);
	octets = build_init(&b);
	assert_ptr_equal(octets.ptr, out + NON_ESP_MARKER_LEN);
	assert_view_equal(octets, build_init(&a));
	assert_int_equal(build_done(&b).len, octets.len + NON_ESP_MARKER_LEN);
}

static void an_empty_message_is_its_header(void **state)
{
	uint8_t out[IKE_HEADER_LEN];
	struct builder b = builder_of(out, sizeof(out));
	struct chain c = message_begin(&b, &init);
	struct view octets = message_end(&c);
	struct ike_header h;

	assert_int_equal(octets.len, IKE_HEADER_LEN);
	assert_int_equal(header_parse(octets, &h, NULL), CYG_OK);
	assert_int_equal(h.next_payload, PAYLOAD_NONE);
}

static void a_chain_alone_names_its_first(void **state)
{
	uint8_t out[32];
	struct builder b = builder_of(out, sizeof(out));
	struct chain c = chain_begin(&b);
	struct message m;

	chain_end(&c);
	assert_int_equal(c.first, PAYLOAD_NONE);
	assert_int_equal(build_len(&b), 0);
	chain_payload(&c, PAYLOAD_DELETE);
	build_u32(&b, 0x01000000);
	chain_payload(&c, PAYLOAD_VENDOR);
	chain_end(&c);
	chain_end(&c);
	assert_int_equal(c.first, PAYLOAD_DELETE);
	assert_view_equal(build_done(&b), test_hex("2b000008 01000000 00000004"));
	assert_int_equal(message_parse_inner(build_done(&b), c.first, &m, NULL, NULL), CYG_OK);
}

/* Nothing in front of a chain that stands alone is the chain's to write. */
static void a_chain_alone_leaves_what_is_before_it(void **state)
{
	uint8_t out[32];
	struct builder b = builder_of(out, sizeof(out));
	struct chain c;

	build_u32(&b, 0xeeeeeeee);
	c = chain_begin(&b);
	chain_payload(&c, PAYLOAD_VENDOR);
	chain_payload(&c, PAYLOAD_NONCE);
	chain_end(&c);
	assert_view_equal(build_done(&b), test_hex("eeeeeeee 28000004 00000004"));
}

static void a_payload_longer_than_its_field_is_bad(void **state)
{
	static uint8_t out[70000];
	struct builder b = builder_of(out, sizeof(out));
	struct chain c = message_begin(&b, &init);

	chain_payload(&c, PAYLOAD_VENDOR);
	build_view(&b, zeroes(65532));
	assert_int_equal(message_end(&c).len, 0);
	b = builder_of(out, sizeof(out));
	c = message_begin(&b, &init);
	chain_payload(&c, PAYLOAD_VENDOR);
	build_view(&b, zeroes(65531));
	assert_int_equal(message_end(&c).len, IKE_HEADER_LEN + 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_that_runs_out_is_told_at_the_end),
		cmocka_unit_test(a_message_is_parsed_as_it_was_built),
		cmocka_unit_test(a_message_may_begin_anywhere),
		cmocka_unit_test(an_empty_message_is_its_header),
		cmocka_unit_test(a_chain_alone_names_its_first),
		cmocka_unit_test(a_chain_alone_leaves_what_is_before_it),
		cmocka_unit_test(a_payload_longer_than_its_field_is_bad),
	};

	return RUN_TESTS("wire/chain", tests);
}
