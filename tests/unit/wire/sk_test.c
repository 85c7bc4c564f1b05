/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/chain.h"

#include "tests/unit/wire/wire_test.h"
#include "wire/notify.h"

#define HEADER "0102030405060708 1112131415161718 2e202308 00000001"
#define HEADER_LEN IKE_HEADER_LEN

static const struct sk_sizes gcm = {.iv_len = 8, .icv_len = 16, .pad_to = 1};
static const struct sk_sizes cbc = {.iv_len = 16, .icv_len = 16, .pad_to = 16};

static const struct ike_header auth = {
	.spi_i = 0x0102030405060708,
	.spi_r = 0x1112131415161718,
	.exchange = X_IKE_AUTH,
	.initiator = true,
	.msgid = 1,
};

/* A message whose only payload is SK or SKF with a body of `len` zeroes after `head`. */
static struct message outer_of(uint8_t type, uint8_t inner, const char *head, size_t len)
{
	static uint8_t out[70000];
	struct builder b = builder_of(out, sizeof(out));
	struct chain c = message_begin(&b, &auth);
	struct message m;
	struct view octets;

	chain_payload(&c, type);
	build_view(&b, test_hex(head));
	build_view(&b, zeroes(len));
	octets = message_end(&c);
	out[HEADER_LEN] = inner;
	assert_int_equal(message_parse(octets, type, &m, NULL, NULL), CYG_OK);
	return m;
}

static void bad_layouts_are_refused(void **state)
{
	static const struct {
		const char *what;
		const struct sk_sizes *sizes;
		size_t len;
		enum cyg_err err;
	} rows[] = {
		{"empty", &gcm, 0, CYG_MALFORMED},
		{"shorter than the IV", &gcm, 7, CYG_MALFORMED},
		{"IV alone", &gcm, 8, CYG_MALFORMED},
		{"IV and half an ICV", &gcm, 16, CYG_MALFORMED},
		{"IV and ICV, nothing between", &gcm, 24, CYG_MALFORMED},
		{"the least", &gcm, 25, CYG_OK},
		{"IV and ICV of CBC", &cbc, 32, CYG_MALFORMED},
		{"half a block", &cbc, 40, CYG_MALFORMED},
		{"a block", &cbc, 48, CYG_OK},
		{"a block and an octet", &cbc, 49, CYG_MALFORMED},
		{"two blocks", &cbc, 64, CYG_OK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message m = outer_of(PAYLOAD_SK, PAYLOAD_IDI, "", rows[i].len);
		struct sk_payload sk = {.first = 77};
		struct diag why;
		enum cyg_err err = sk_parse(&m, rows[i].sizes, &sk, &why);

		test_row(i, "%s", rows[i].what);
		assert_int_equal(err, rows[i].err);
		if (err)
			assert_refusal(err, CYG_MALFORMED, &why);
		assert_int_equal(sk.first, err ? 77 : PAYLOAD_IDI);
	}
}

static void messages_without_sk_are_refused(void **state)
{
	struct message clear = outer_of(PAYLOAD_VENDOR, 0, "", 64);
	struct message whole = outer_of(PAYLOAD_SK, 0, "", 64);
	struct message fragment = outer_of(PAYLOAD_SKF, 0, "00010001", 64);
	struct sk_payload sk;
	struct skf_payload skf;
	struct diag why;

	assert_refusal(sk_parse(&clear, &gcm, &sk, &why), CYG_MALFORMED, &why);
	assert_int_equal(sk_parse(&fragment, &gcm, &sk, NULL), CYG_MALFORMED);
	assert_refusal(skf_parse(&clear, &gcm, &skf, &why), CYG_MALFORMED, &why);
	assert_int_equal(skf_parse(&whole, &gcm, &skf, NULL), CYG_MALFORMED);
}

static void bad_fragments_are_refused(void **state)
{
	static const struct {
		const char *what, *numbers;
		uint8_t inner;
		size_t len;
		enum cyg_err err;
	} rows[] = {
		{"nothing", "", 35, 0, CYG_MALFORMED},
		{"3 octets", "000100", 35, 0, CYG_MALFORMED},
		{"numbers alone", "00010001", 35, 0, CYG_MALFORMED},
		{"nothing between IV and ICV", "00010001", 35, 24, CYG_MALFORMED},
		{"number 0", "00000001", 35, 32, CYG_MALFORMED},
		{"total 0", "00010000", 35, 32, CYG_MALFORMED},
		{"both 0", "00000000", 35, 32, CYG_MALFORMED},
		{"number above total", "00030002", 0, 32, CYG_MALFORMED},
		{"number 65535 of 65534", "fffffffe", 0, 32, CYG_MALFORMED},
		{"a type with a later fragment", "00020002", 35, 32, CYG_MALFORMED},
		{"only fragment", "00010001", 35, 32, CYG_OK},
		{"last of 65535", "ffffffff", 0, 32, CYG_OK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message m = outer_of(PAYLOAD_SKF, rows[i].inner, rows[i].numbers,
					    rows[i].len);
		struct skf_payload skf = {.number = 77};
		struct diag why;
		enum cyg_err err = skf_parse(&m, &gcm, &skf, &why);

		test_row(i, "%s", rows[i].what);
		assert_int_equal(err, rows[i].err);
		if (err)
			assert_refusal(err, CYG_MALFORMED, &why);
		if (err)
			assert_int_equal(skf.number, 77);
	}
}

static void padding_is_checked(void **state)
{
	static const struct {
		const char *what, *plain;
		enum cyg_err err;
		size_t left;
	} rows[] = {
		{"nothing", "", CYG_MALFORMED, 0},
		{"pad length as long as all", "01", CYG_MALFORMED, 0},
		{"pad length 255 of 3", "0000ff", CYG_MALFORMED, 0},
		{"pad length equal to the whole", "000003", CYG_MALFORMED, 0},
		{"pad length alone", "00", CYG_OK, 0},
		{"all of it padding", "000002", CYG_OK, 0},
		{"no padding", "aabb00", CYG_OK, 2},
		{"padding of any content", "aaffee02", CYG_OK, 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view left = {.len = 77};
		struct diag why;
		enum cyg_err err = sk_unpad(test_hex(rows[i].plain), &left, &why);

		test_row(i, "%s", rows[i].what);
		assert_int_equal(err, rows[i].err);
		if (err) {
			size_t last = test_hex(rows[i].plain).len;

			assert_refusal(err, CYG_MALFORMED, &why);
			assert_int_equal(why.offset, last ? last - 1 : 0);
		}
		assert_int_equal(left.len, err ? 77 : rows[i].left);
	}
}

/* ---- building ---- */

/* Build a message of one Delete inside SK; returns whether it fitted. */
static bool build_sk(struct builder *b, const struct sk_sizes *sizes, struct sk_frame *frame)
{
	struct chain outer = message_begin(b, &auth), inner;

	chain_notify(&outer, N_COOKIE, LITERAL("x")); /* something in clear before it */
	inner = sk_begin(&outer, sizes);
	chain_payload(&inner, PAYLOAD_DELETE);
	build_u32(b, 0x01000000);
	chain_notify(&inner, N_INITIAL_CONTACT, view_of(NULL, 0));
	return sk_end(&outer, &inner, sizes, frame);
}

static void assert_same_place(struct view v, const uint8_t *ptr, size_t len)
{
	assert_ptr_equal(v.ptr, ptr);
	assert_int_equal(v.len, len);
}

/* What is built, then parsed as it would be on receipt, lies where it was built. */
static void layouts_go_both_ways(void **state)
{
	static const struct sk_sizes all[] = {{8, 16, 1}, {16, 12, 16}, {16, 16, 16},
					      {8, 8, 4},  {0, 0, 0},    {16, 32, 255}};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		uint8_t out[512];
		struct builder b = builder_of(out, sizeof(out));
		struct sk_frame frame;
		struct sk_payload sk;
		struct ike_header h;
		struct message m, inner;
		struct view plain;

		test_row(i, "IV %u ICV %u pad %u", all[i].iv_len, all[i].icv_len,
			 all[i].pad_to);
		marker_build(&b);
		assert_true(build_sk(&b, &all[i], &frame));
		assert_int_equal(header_parse(frame.message, &h, NULL), CYG_OK);
		assert_int_equal(message_parse(frame.message, h.next_payload, &m, NULL, NULL),
				 CYG_OK);
		assert_int_equal(m.len, 2);
		assert_int_equal(sk_parse(&m, &all[i], &sk, NULL), CYG_OK);
		assert_int_equal(sk.first, PAYLOAD_DELETE);
		assert_same_place(sk.ciphertext, frame.plaintext, frame.plaintext_len);
		assert_same_place(sk.aad, frame.aad.ptr, frame.aad.len);
		assert_same_place(sk.covered, frame.covered.ptr, frame.covered.len);
		if (all[i].iv_len)
			assert_same_place(sk.iv, frame.iv, all[i].iv_len);
		if (all[i].icv_len)
			assert_same_place(sk.icv, frame.icv, all[i].icv_len);
		assert_int_equal(sk_unpad(sk.ciphertext, &plain, NULL), CYG_OK);
		assert_int_equal(message_parse_inner(plain, sk.first, &inner, NULL, NULL),
				 CYG_OK);
		assert_int_equal(inner.len, 2);
		assert_view_equal(message_find(&inner, PAYLOAD_DELETE)->body,
				  LITERAL("\x01\0\0\0"));
	}
}

static void the_regions_adjoin(void **state)
{
	uint8_t out[256];
	struct builder b = builder_of(out, sizeof(out));
	struct sk_frame f;

	assert_true(build_sk(&b, &cbc, &f));
	assert_ptr_equal(f.aad.ptr, f.message.ptr);
	assert_ptr_equal(f.aad.ptr + f.aad.len, f.iv);
	assert_ptr_equal(f.iv + cbc.iv_len, f.plaintext);
	assert_ptr_equal(f.plaintext + f.plaintext_len, f.icv);
	assert_ptr_equal(f.covered.ptr + f.covered.len, f.icv);
	assert_ptr_equal(f.icv + cbc.icv_len, f.message.ptr + f.message.len);
	assert_int_equal(f.plaintext_len % 16, 0);
	/* Header, the COOKIE in clear, SK's generic header. */
	assert_int_equal(f.aad.len, 28 + 9 + 4);
}

static void room_that_runs_out_is_told(void **state)
{
	uint8_t out[256];
	struct builder whole = builder_of(out, sizeof(out));
	struct sk_frame f;
	size_t len;

	assert_true(build_sk(&whole, &cbc, &f));
	len = f.message.len;
	for (size_t cap = 0; cap < len; cap++) {
		struct builder b = builder_of(out, cap);

		test_row(cap, "octets of room");
		out[cap] = 0xee;
		assert_false(build_sk(&b, &cbc, &f));
		assert_int_equal(out[cap], 0xee);
	}
}

static void an_empty_inner_chain(void **state)
{
	uint8_t out[128];
	struct builder b = builder_of(out, sizeof(out));
	struct chain outer = message_begin(&b, &auth), inner = sk_begin(&outer, &gcm);
	struct sk_frame f;
	struct sk_payload sk;
	struct message m;

	assert_true(sk_end(&outer, &inner, &gcm, &f));
	assert_int_equal(f.plaintext_len, 1);
	assert_int_equal(message_parse(f.message, PAYLOAD_SK, &m, NULL, NULL), CYG_OK);
	assert_int_equal(sk_parse(&m, &gcm, &sk, NULL), CYG_OK);
	assert_int_equal(sk.first, PAYLOAD_NONE);
}

/* Cut a chain into fragments of a message size, put them together again. */
static void fragments_go_both_ways(void **state)
{
	static const struct sk_sizes *const all[] = {&gcm, &cbc};
	static uint8_t text[3000], joined[3000], out[1300];
	struct builder t = builder_of(text, sizeof(text));
	struct chain c = chain_begin(&t);

	chain_payload(&c, PAYLOAD_VENDOR);
	for (unsigned i = 0; i < 2500; i++)
		build_u8(&t, (uint8_t)i);
	chain_end(&c);
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct view plain = build_done(&t);
		size_t room = skf_room(all[i], 1280);
		uint16_t total = (uint16_t)((plain.len + room - 1) / room);
		struct builder j = builder_of(joined, sizeof(joined));
		struct message inner;

		test_row(i, "%u fragments of at most %zu", total, room);
		assert_int_equal(total, 3);
		for (uint16_t n = 1; n <= total; n++) {
			size_t at = (size_t)(n - 1) * room;
			size_t len = plain.len - at < room ? plain.len - at : room;
			struct builder b = builder_of(out, sizeof(out));
			struct chain outer = message_begin(&b, &auth);
			struct skf_payload skf;
			struct sk_frame f;
			struct message m;
			struct view part;
			uint16_t number, of;

			assert_true(skf_frame_build(&outer, all[i], c.first, n, total,
						    view_of(plain.ptr + at, len), &f));
			assert_true(f.message.len <= 1280);
			assert_int_equal(message_parse(f.message, PAYLOAD_SKF, &m, NULL, NULL),
					 CYG_OK);
			assert_int_equal(skf_peek(&m, &number, &of, NULL), CYG_OK);
			assert_true(number == n && of == total);
			assert_int_equal(skf_parse(&m, all[i], &skf, NULL), CYG_OK);
			assert_true(skf.number == n && skf.total == total);
			assert_int_equal(skf.sk.first, n == 1 ? PAYLOAD_VENDOR : PAYLOAD_NONE);
			assert_int_equal(skf.sk.aad.len, 28 + 4 + 4);
			assert_int_equal(skf.sk.covered.len, f.covered.len);
			assert_int_equal(sk_unpad(skf.sk.ciphertext, &part, NULL), CYG_OK);
			build_view(&j, part);
		}
		assert_view_equal(build_done(&j), plain);
		assert_int_equal(message_parse_inner(build_done(&j), c.first, &inner, NULL,
						     NULL),
				 CYG_OK);
	}
}

static void the_room_of_a_fragment_is_used_to_the_last_octet(void **state)
{
	static const struct sk_sizes all[] = {{8, 16, 1},
					      {16, 16, 16},
					      {16, 12, 16},
					      {8, 12, 8}};
	static uint8_t out[1024];

	for (size_t i = 0; i < COUNT_OF(all); i++)
		for (size_t max = 60; max < 300; max++) {
			size_t room = skf_room(&all[i], max);
			struct builder b = builder_of(out, sizeof(out));
			struct chain outer = message_begin(&b, &auth);
			struct sk_frame f;

			test_row(max, "pad %u", all[i].pad_to);
			if (room == 0)
				continue;
			assert_true(
				skf_frame_build(&outer, &all[i], 35, 1, 1, zeroes(room), &f));
			assert_true(f.message.len <= max);
			b = builder_of(out, sizeof(out));
			outer = message_begin(&b, &auth);
			assert_true(skf_frame_build(&outer, &all[i], 35, 1, 1, zeroes(room + 1),
						    &f));
			assert_true(f.message.len > max);
		}
	assert_int_equal(skf_room(&gcm, 0), 0);
	assert_int_equal(skf_room(&gcm, 60), 0);
	assert_int_equal(skf_room(&gcm, 61), 0);
	assert_int_equal(skf_room(&gcm, 62), 1);
}

static void short_fragments_have_no_numbers(void **state)
{
	struct message m = outer_of(PAYLOAD_SKF, 35, "0001", 0);
	struct message clear = outer_of(PAYLOAD_VENDOR, 0, "", 8);
	uint16_t number = 77, total = 77;
	struct diag why;

	assert_refusal(skf_peek(&m, &number, &total, &why), CYG_MALFORMED, &why);
	assert_refusal(skf_peek(&clear, &number, &total, &why), CYG_MALFORMED, &why);
	assert_true(number == 77 && total == 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_layouts_are_refused),
		cmocka_unit_test(messages_without_sk_are_refused),
		cmocka_unit_test(bad_fragments_are_refused),
		cmocka_unit_test(padding_is_checked),
		cmocka_unit_test(layouts_go_both_ways),
		cmocka_unit_test(the_regions_adjoin),
		cmocka_unit_test(room_that_runs_out_is_told),
		cmocka_unit_test(an_empty_inner_chain),
		cmocka_unit_test(fragments_go_both_ways),
		cmocka_unit_test(the_room_of_a_fragment_is_used_to_the_last_octet),
		cmocka_unit_test(short_fragments_have_no_numbers),
	};

	return RUN_TESTS("wire/sk", tests);
}
