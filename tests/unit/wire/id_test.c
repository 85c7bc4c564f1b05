/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/payload.h"

#include "tests/unit/wire/wire_test.h"

static const struct bad_body refused[] = {
	{"nothing", "", CYG_MALFORMED},
	{"type alone", "02", CYG_MALFORMED},
	{"3 octets", "020000", CYG_MALFORMED},
	{"type 0", "00000000 61", CYG_UNSUPPORTED},
	{"type 4", "04000000 0a000000ff000000", CYG_UNSUPPORTED},
	{"type 6", "06000000 00", CYG_UNSUPPORTED},
	{"type 7", "07000000 0a0000010a000002", CYG_UNSUPPORTED},
	{"type 14", "0e000000 61", CYG_UNSUPPORTED},
	{"type 255", "ff000000 61", CYG_UNSUPPORTED},
	{"IPv4 of 3 octets", "01000000 0a0000", CYG_MALFORMED},
	{"IPv4 of 5 octets", "01000000 0a00000100", CYG_MALFORMED},
	{"IPv4 of 16 octets", "01000000 20010db8000000000000000000000001", CYG_MALFORMED},
	{"IPv6 of 4 octets", "05000000 0a000001", CYG_MALFORMED},
	{"IPv6 of 15 octets", "05000000 20010db80000000000000000000000", CYG_MALFORMED},
	{"IPv6 of 17 octets", "05000000 20010db800000000000000000000000100", CYG_MALFORMED},
	{"FQDN of nothing", "02000000", CYG_MALFORMED},
	{"FQDN with NUL", "02000000 657861006d706c65", CYG_MALFORMED},
	{"FQDN with NUL at the end", "02000000 677700", CYG_MALFORMED},
	{"FQDN with a line feed", "02000000 670a77", CYG_MALFORMED},
	{"FQDN with a space", "02000000 672077", CYG_MALFORMED},
	{"FQDN with DEL", "02000000 677f", CYG_MALFORMED},
	{"FQDN with UTF-8", "02000000 67c3a4", CYG_MALFORMED},
	{"mail of nothing", "03000000", CYG_MALFORMED},
	{"mail with NUL", "03000000 6140622e63002e64", CYG_MALFORMED},
	{"mail with an overlong slash", "03000000 6140c0af", CYG_MALFORMED},
	{"mail with a surrogate", "03000000 6140eda080", CYG_MALFORMED},
	{"mail with half a character", "03000000 6140c3", CYG_MALFORMED},
	{"mail with an escape sequence", "03000000 1b5b324a", CYG_MALFORMED},
	{"DN of nothing", "09000000", CYG_MALFORMED},
	{"DN that is no SEQUENCE", "09000000 3100", CYG_MALFORMED},
	{"DN that is cut off", "09000000 3005 310300", CYG_MALFORMED},
	{"DN with octets behind it", "09000000 3000 00", CYG_MALFORMED},
	{"DN of indefinite length", "09000000 3080 0000", CYG_MALFORMED},
	{"DN with a length not in shortest form", "09000000 3081 02 3100", CYG_MALFORMED},
	{"DN with a long length not in shortest form", "09000000 3082 0002 3100",
	 CYG_MALFORMED},
	{"DN with a length of 4 octets", "09000000 3084 00000002 3100", CYG_MALFORMED},
	{"DN with a length of 2^64", "09000000 3088 ffffffffffffffff 00", CYG_MALFORMED},
	{"GN of nothing", "0a000000", CYG_MALFORMED},
	{"key id of nothing", "0b000000", CYG_MALFORMED},
	{"ID_NULL with data", "0d000000 00", CYG_MALFORMED},
};

static void bad_identities_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct payload p = payload_hex(PAYLOAD_IDI, refused[i].hex);
		struct id_payload id = {.type = 77};
		struct diag why;

		test_row(i, "%s", refused[i].what);
		assert_refusal(id_parse(&p, &id, &why), refused[i].err, &why);
		assert_int_equal(id.type, 77);
		assert_string_equal(why.ref, p.body.len && p.body.ptr[0] == ID_TYPE_NULL
						     ? "RFC 7619 2.2"
						     : "RFC 7296 3.5");
	}
}

/* A body of a type and `len` letters. */
static struct payload long_id(uint8_t type, size_t len)
{
	static uint8_t body[70000];

	memset(body, 'a', sizeof(body));
	memset(body, 0, 4);
	body[0] = type;
	return payload_view(PAYLOAD_IDR, view_of(body, 4 + len));
}

static void long_texts_are_refused(void **state)
{
	static const uint8_t types[] = {ID_TYPE_FQDN, ID_TYPE_RFC822_ADDR};
	struct id_payload id;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		struct payload longest = long_id(types[i], ID_TEXT_MAX);
		struct payload longer = long_id(types[i], ID_TEXT_MAX + 1);
		struct payload huge = long_id(types[i], 65000);

		test_row(i, "%s", id_type_name(types[i]));
		assert_int_equal(id_parse(&huge, &id, NULL), CYG_MALFORMED);
		assert_int_equal(id_parse(&longer, &id, NULL), CYG_MALFORMED);
		assert_int_equal(id_parse(&longest, &id, NULL), CYG_OK);
	}
}

static const struct {
	const char *what, *hex;
	uint8_t type;
} taken[] = {
	{"IPv4", "01000000 ac127d01", ID_TYPE_IPV4_ADDR},
	{"IPv6", "05000000 20010db8000000000000000000000001", ID_TYPE_IPV6_ADDR},
	{"FQDN", "02000000 67772e6578616d706c65", ID_TYPE_FQDN},
	{"FQDN with =", "02000000 433d6368", ID_TYPE_FQDN},
	{"mail", "03000000 6140622e63", ID_TYPE_RFC822_ADDR},
	{"mail with UTF-8", "03000000 c3a440622e63", ID_TYPE_RFC822_ADDR},
	{"empty DN", "09000000 3000", ID_TYPE_DER_ASN1_DN},
	{"DN", "09000000 300d310b3009060355040613024348", ID_TYPE_DER_ASN1_DN},
	{"GN", "0a000000 820161", ID_TYPE_DER_ASN1_GN},
	{"key id with any octets", "0b000000 00ff0a", ID_TYPE_KEY_ID},
	{"FC name", "0c000000 00", ID_TYPE_FC_NAME},
	{"ID_NULL", "0d000000", ID_TYPE_NULL},
};

static void good_identities_go_both_ways(void **state)
{
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct payload p = payload_hex(PAYLOAD_IDI, taken[i].hex);
		struct id_payload id;
		uint8_t out[64];
		struct builder b = builder_of(out, sizeof(out));

		test_row(i, "%s", taken[i].what);
		assert_int_equal(id_parse(&p, &id, NULL), CYG_OK);
		assert_int_equal(id.type, taken[i].type);
		assert_int_equal(id.data.len, p.body.len - 4);
		id_build(&b, &id);
		assert_view_equal(build_done(&b), p.body);
		assert_view_equal(id_octets(&p), p.body);
	}
}

/* A DN whose content has `len` octets, with the shortest length field. */
static struct view dn_of(size_t len, uint8_t *out, size_t cap)
{
	struct builder b = builder_of(out, cap);

	build_u32(&b, 0x09000000);
	build_u8(&b, 0x30);
	if (len > 0xff) {
		build_u8(&b, 0x82);
		build_u16(&b, (uint16_t)len);
	} else if (len > 0x7f) {
		build_u8(&b, 0x81);
		build_u8(&b, (uint8_t)len);
	} else {
		build_u8(&b, (uint8_t)len);
	}
	build_zero(&b, len);
	assert_false(b.bad);
	return build_done(&b);
}

/* 0x80 means "until two zero octets" in BER, and is no length of 128. */
static void indefinite_lengths_are_not_128(void **state)
{
	uint8_t body[4 + 2 + 128] = {ID_TYPE_DER_ASN1_DN, 0, 0, 0, 0x30, 0x80};
	struct payload p = payload_view(PAYLOAD_IDI, view_of(body, sizeof(body)));
	struct id_payload id;

	assert_int_equal(id_parse(&p, &id, NULL), CYG_MALFORMED);
}

static void dn_lengths_at_their_edges(void **state)
{
	static const size_t lengths[] = {0x7f, 0x80, 0xff, 0x100, 0xfff0};
	static uint8_t out[70000];
	struct id_payload id;

	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct payload p = payload_view(PAYLOAD_IDI,
						dn_of(lengths[i], out, sizeof(out)));

		test_row(i, "%zu", lengths[i]);
		assert_int_equal(id_parse(&p, &id, NULL), CYG_OK);
		p.body.len--;
		assert_int_equal(id_parse(&p, &id, NULL), CYG_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_identities_are_refused),
		cmocka_unit_test(long_texts_are_refused),
		cmocka_unit_test(good_identities_go_both_ways),
		cmocka_unit_test(indefinite_lengths_are_not_128),
		cmocka_unit_test(dn_lengths_at_their_edges),
	};

	return RUN_TESTS("wire/id", tests);
}
