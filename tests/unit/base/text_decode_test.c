/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "tests/unit/support/test.h"

#include <string.h>

#define UNTOUCHED 77

static void no_hex(void **state)
{
	static const char *const rows[] = {
		"0", "abc", "0g", "g0", " 00", "00 ", "0x00", "00:11", "-1", "\xc3\xbc",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t out[16];
		size_t len = UNTOUCHED;

		test_row(i, "'%s'", rows[i]);
		assert_false(hex_decode(rows[i], out, sizeof(out), &len));
		assert_int_equal(len, UNTOUCHED);
	}
}

static void hex_keeps_to_its_room(void **state)
{
	uint8_t out[4] = {9, 9, 9, 9};
	size_t len = UNTOUCHED;

	assert_false(hex_decode("000000", out, 2, &len));
	assert_int_equal(out[2], 9);
	assert_int_equal(len, UNTOUCHED);
	assert_true(hex_decode("0102", out, 2, &len));
	assert_int_equal(len, 2);
}

static void hex(void **state)
{
	uint8_t out[8];
	size_t len;

	assert_true(hex_decode("", out, 0, &len));
	assert_int_equal(len, 0);
	assert_true(hex_decode("00fFAb19", out, sizeof(out), &len));
	assert_view_equal(view_of(out, len), LITERAL("\x00\xff\xab\x19"));
}

static void no_base64(void **state)
{
	static const char *const rows[] = {
		"Z",                              /* six bits are no octet */
		"Zg",                             /* padding left out */
		"Zg=",                            /* half of it */
		"Zg===",                          /* too much */
		"Zm9v=",                          /* where none belongs */
		"Zm9vYg=", "=",       "Zg==Zg==", /* something behind the padding */
		"Zh==",                           /* stray bits */
		"Zm9=",    "Zm-_",                /* the alphabet for URLs */
		"Zm9v!",   "Zm9\xc3",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t out[16];
		size_t len = UNTOUCHED;

		test_row(i, "'%s'", rows[i]);
		assert_false(base64_decode(rows[i], out, sizeof(out), &len));
		assert_int_equal(len, UNTOUCHED);
	}
}

static void base64_keeps_to_its_room(void **state)
{
	uint8_t out[8] = {9, 9, 9, 9, 9, 9, 9, 9};
	size_t len = UNTOUCHED;

	assert_false(base64_decode("Zm9vYmFy", out, 5, &len));
	assert_int_equal(out[5], 9);
	assert_true(base64_decode("Zm9vYmFy", out, 6, &len));
	assert_int_equal(len, 6);
}

/* RFC 4648 10, and all 64 digits. */
static void base64(void **state)
{
	static const struct {
		const char *text;
		struct view octets;
	} rows[] = {
		{"", LITERAL("")},
		{"Zg==", LITERAL("f")},
		{"Zm8=", LITERAL("fo")},
		{"Zm9v", LITERAL("foo")},
		{"Zm9vYg==", LITERAL("foob")},
		{"Zm9vYmE=", LITERAL("fooba")},
		{"Zm9vYmFy", LITERAL("foobar")},
		{"  Zm9v\n\tYmE =\n", LITERAL("fooba")},
		{"Zg= =", LITERAL("f")},
		{"////", LITERAL("\xff\xff\xff")},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		 LITERAL("\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93"
			 "\x51\x55\x97\x61\x96\x9b\x71\xd7\x9f\x82\x18\xa3\x92\x59\xa7"
			 "\xa2\x9a\xab\xb2\xdb\xaf\xc3\x1c\xb3\xd3\x5d\xb7\xe3\x9e\xbb"
			 "\xf3\xdf\xbf")},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t out[64];
		size_t len;

		test_row(i, "'%s'", rows[i].text);
		assert_true(base64_decode(rows[i].text, out, sizeof(out), &len));
		assert_view_equal(view_of(out, len), rows[i].octets);
	}
}

static void no_number_within_bounds(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
	} rows[] = {
		{"", 0, UINT64_MAX},
		{" 1", 0, 10},
		{"1 ", 0, 10},
		{"-1", 0, UINT64_MAX},
		{"+1", 0, 10},
		{"0x1", 0, 10},
		{"1.0", 0, 10},
		{"4", 5, 10},
		{"11", 5, 10},
		{"18446744073709551616", 0, UINT64_MAX},
		{"99999999999999999999", 0, UINT64_MAX},
		{"184467440737095516150", 0, UINT64_MAX},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t value = UNTOUCHED;

		test_row(i, "'%s'", rows[i].text);
		assert_false(text_number(rows[i].text, rows[i].min, rows[i].max, &value));
		assert_true(value == UNTOUCHED);
	}
}

static void numbers(void **state)
{
	uint64_t value;

	assert_true(text_number("0", 0, 0, &value) && value == 0);
	assert_true(text_number("5", 5, 10, &value) && value == 5);
	assert_true(text_number("0010", 5, 10, &value) && value == 10);
	assert_true(text_number("18446744073709551615", 0, UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_hex),
		cmocka_unit_test(hex_keeps_to_its_room),
		cmocka_unit_test(hex),
		cmocka_unit_test(no_base64),
		cmocka_unit_test(base64_keeps_to_its_room),
		cmocka_unit_test(base64),
		cmocka_unit_test(no_number_within_bounds),
		cmocka_unit_test(numbers),
	};

	return RUN_TESTS("base/text_decode", tests);
}
