/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/cp.h"

#include "tests/unit/wire/wire_test.h"

static const struct bad_body refused[] = {
	{"nothing", "", CYG_MALFORMED},
	{"type alone", "01", CYG_MALFORMED},
	{"type 0", "00000000", CYG_UNSUPPORTED},
	{"type 5", "05000000", CYG_UNSUPPORTED},
	{"half an attribute header", "01000000 0001", CYG_MALFORMED},
	{"attribute past the end", "01000000 00010004 aabbcc", CYG_MALFORMED},
	{"attribute of 65535 octets", "01000000 0001ffff aa", CYG_MALFORMED},
	{"second attribute past the end", "01000000 00010000 00030004 aa", CYG_MALFORMED},
	{"IPv4 address of 3 octets", "02000000 00010003 aabbcc", CYG_MALFORMED},
	{"IPv4 address of 5 octets", "02000000 00010005 aabbccddee", CYG_MALFORMED},
	{"IPv6 address of 16 octets", "02000000 00080010 20010db8000000000000000000000001",
	 CYG_MALFORMED},
	{"IPv4 subnet of 4 octets", "02000000 000d0004 0a000000", CYG_MALFORMED},
	{"IPv6 subnet of 8 octets", "02000000 000f0008 0a0000000a000000", CYG_MALFORMED},
};

static void bad_payloads_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct payload p = payload_hex(PAYLOAD_CP, refused[i].hex);
		struct cp_payload cp = {.type = 77};
		struct diag why;

		test_row(i, "%s", refused[i].what);
		assert_refusal(cp_parse(&p, &cp, &why), refused[i].err, &why);
		assert_int_equal(cp.type, 77);
	}
}

static const struct {
	const char *what, *hex;
	unsigned attributes;
} taken[] = {
	{"no attributes", "03000000", 0},
	{"request of an address", "01000000 00010000", 1},
	{"reply with an address", "02000000 00010004 aabbccdd", 1},
	{"the same twice", "02000000 00030004 08080808 00030004 08080404", 2},
	{"IPv6 address", "02000000 00080011 20010db800000000000000000000000140", 1},
	{"many",
	 "02000000 00010004 aaaaaaaa 00020004 bbbbbbbb 00030004 cccccccc 00080000 000a0000", 5},
	{"unknown attributes", "04000000 7fff0003 010203 40000000", 2},
};

static void good_payloads_go_both_ways(void **state)
{
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct payload p = payload_hex(PAYLOAD_CP, taken[i].hex);
		struct cp_attribute attributes[8];
		struct cp_payload cp;
		struct reader walk;
		size_t len = 0;
		uint8_t out[256];
		struct builder b = builder_of(out, sizeof(out));

		test_row(i, "%s", taken[i].what);
		assert_int_equal(cp_parse(&p, &cp, NULL), CYG_OK);
		assert_int_equal(cp.attributes, taken[i].attributes);
		for (walk = cp_walk(&cp); cp_next(&walk, &attributes[len]); len++)
			assert_true(len < COUNT_OF(attributes) - 1);
		assert_int_equal(len, taken[i].attributes);
		cp_build(&b, cp.type, attributes, len);
		assert_view_equal(build_done(&b), p.body);
	}
}

static void the_place_of_a_bad_attribute_is_told(void **state)
{
	struct payload p = payload_hex(PAYLOAD_CP,
				       "02000000 00030004 08080808 00010003 aabbcc");
	struct cp_payload cp;
	struct diag why;

	assert_refusal(cp_parse(&p, &cp, &why), CYG_MALFORMED, &why);
	assert_int_equal(why.offset, 28 + 4 + 4 + 8);
	p = payload_hex(PAYLOAD_CP, "02000000 00030004 08080808 00010004 aabbcc");
	assert_refusal(cp_parse(&p, &cp, &why), CYG_MALFORMED, &why);
	assert_int_equal(why.offset, 28 + 4 + 4 + 8);
}

/* RFC 7296 3.15.1: the first bit of an attribute's type is reserved and ignored. */
static void the_reserved_bit_is_ignored(void **state)
{
	struct payload p = payload_hex(PAYLOAD_CP, "02000000 80010004 aabbccdd");
	struct cp_payload cp;
	struct cp_attribute a;
	struct reader walk;

	assert_int_equal(cp_parse(&p, &cp, NULL), CYG_OK);
	walk = cp_walk(&cp);
	assert_true(cp_next(&walk, &a));
	assert_int_equal(a.type, CP_INTERNAL_IP4_ADDRESS);
	assert_view_equal(a.value, LITERAL("\xaa\xbb\xcc\xdd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_payloads_are_refused),
		cmocka_unit_test(good_payloads_go_both_ways),
		cmocka_unit_test(the_place_of_a_bad_attribute_is_told),
		cmocka_unit_test(the_reserved_bit_is_ignored),
	};

	return RUN_TESTS("wire/cp", tests);
}
