/* SPDX-License-Identifier: Apache-2.0 */
#include "base/der.h"

#include "tests/unit/support/test.h"

static void lengths(void **state)
{
	static const struct {
		const char *hex;
		bool bad;
		size_t len;
	} rows[] = {
		{"", true},
		{"30", true},
		{"3001", true},
		{"3080", true},           /* indefinite */
		{"3081", true},           /* its length ends too early */
		{"30810100", true},       /* not the shortest form */
		{"3082008000", true},     /* nor this */
		{"308400000080", true},   /* nor this */
		{"30850000000001", true}, /* five octets */
		{"30ffffffff", true},
		{"3084ffffffff00", true}, /* more than there is */
		{"3100", true},           /* another tag */
		{"3f0100", true},         /* a tag of several octets */
		{"3000", false, 0},
		{"300105", false, 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view octets = test_hex(rows[i].hex);
		struct reader r = reader_of(octets), any = r, whole = r, in;

		test_row(i, "%s", rows[i].hex);
		in = der_enter(&r, DER_SEQUENCE);
		assert_int_equal(r.bad, rows[i].bad);
		assert_int_equal(in.bad, rows[i].bad);
		assert_int_equal(read_left(&in), rows[i].len);
		if (octets.len && octets.ptr[0] == 0x31)
			continue; /* any tag will do below */
		in = der_next(&any);
		assert_int_equal(any.bad, rows[i].bad);
		assert_int_equal(read_left(&in), rows[i].len);
		assert_int_equal(der_whole(&whole).len, rows[i].bad ? 0 : octets.len);
	}
}

static void long_ones(void **state)
{
	uint8_t octets[0x10000 + 5] = {0x04, 0x83, 0x01, 0x00, 0x00};
	struct reader r = reader_of(view_of(octets, sizeof(octets))), in;

	in = der_enter(&r, DER_OCTET_STRING);
	assert_int_equal(read_left(&in), 0x10000);
	assert_true(read_done(&r));
	assert_int_equal(der_peek(&r), 0);
	r = reader_of(view_of(octets, sizeof(octets) - 1));
	in = der_enter(&r, DER_OCTET_STRING);
	assert_true(r.bad && in.bad && !read_left(&in));
}

static void times(void **state)
{
	static const struct {
		const char *text; /* behind tag and length */
		int64_t at;
		bool bad;
	} rows[] = {
		{"\x17\x0d"
		 "260101000000Z",
		 1767225600},
		{"\x17\x0d"
		 "700101000000Z",
		 0},
		{"\x17\x0d"
		 "491231235959Z",
		 2524607999},
		{"\x17\x0d"
		 "500101000000Z",
		 -631152000},
		{"\x18\x0f"
		 "20260101000000Z",
		 1767225600},
		{"\x18\x0f"
		 "20240229120000Z",
		 1709208000},
		{"\x18\x0f"
		 "20230229120000Z",
		 0, true},
		{"\x18\x0f"
		 "20261301000000Z",
		 0, true},
		{"\x18\x0f"
		 "20260001000000Z",
		 0, true},
		{"\x18\x0f"
		 "20260101240000Z",
		 0, true},
		{"\x18\x0f"
		 "2026010100000xZ",
		 0, true},
		{"\x18\x0f"
		 "20260101000000+",
		 0, true},
		{"\x17\x0b"
		 "2601010000Z",
		 0, true},
		{"\x17\x0e"
		 "260101000000Z0",
		 0, true},
		{"\x16\x0d"
		 "260101000000Z",
		 0, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct reader r = reader_of(view_str(rows[i].text));

		test_row(i, "%s", rows[i].text + 2);
		assert_int_equal(der_time(&r), rows[i].at);
		assert_int_equal(r.bad, rows[i].bad);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(times),
	};

	return RUN_TESTS("base/der", tests);
}
