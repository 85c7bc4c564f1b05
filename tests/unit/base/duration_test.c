/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include "tests/unit/support/test.h"

#define UNTOUCHED 12345

static void texts_that_are_no_duration(void **state)
{
	static const struct {
		const char *text;
		enum cyg_err err;
	} rows[] = {
		{"", CYG_MALFORMED},
		{"s", CYG_MALFORMED},
		{"-1s", CYG_MALFORMED},
		{"+1s", CYG_MALFORMED},
		{" 1s", CYG_MALFORMED},
		{"1 s", CYG_MALFORMED},
		{"1s ", CYG_MALFORMED},
		{"1x", CYG_MALFORMED},
		{"1S", CYG_MALFORMED},
		{"1sec", CYG_MALFORMED},
		{"1h30m", CYG_MALFORMED},
		{".5h", CYG_MALFORMED},
		{"1.h", CYG_MALFORMED},
		{"1.5.2h", CYG_MALFORMED},
		{"0x10", CYG_MALFORMED},
		{"1e3", CYG_MALFORMED},
		{"never", CYG_MALFORMED},
		{"0.5ns", CYG_RANGE},
		{"1.0000000001s", CYG_RANGE},
		{"18446744073709551615ns", CYG_RANGE},
		{"18446744074", CYG_RANGE},
		{"99999999999999999999999999", CYG_RANGE},
		{"0.00000000000000000000000001s", CYG_RANGE},
		{"30501w", CYG_RANGE},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		nsec span = UNTOUCHED;

		test_row(i, "'%s'", rows[i].text);
		assert_int_equal(duration_parse(rows[i].text, &span), rows[i].err);
		assert_true(span == UNTOUCHED);
	}
}

static void texts_and_their_spans(void **state)
{
	static const struct {
		const char *text;
		nsec span;
		const char *printed;
	} rows[] = {
		{"0", 0, "0s"},
		{"0h", 0, "0s"},
		{"10", 10 * NSEC_PER_SEC, "10s"},
		{"010s", 10 * NSEC_PER_SEC, "10s"},
		{"90s", 90 * NSEC_PER_SEC, "90s"},
		{"60s", 60 * NSEC_PER_SEC, "1m"},
		{"5m", 300 * NSEC_PER_SEC, "5m"},
		{"1.5h", 5400 * NSEC_PER_SEC, "90m"},
		{"8h", 28800 * NSEC_PER_SEC, "8h"},
		{"24h", 86400 * NSEC_PER_SEC, "1d"},
		{"2d", 2 * 86400 * NSEC_PER_SEC, "2d"},
		{"1w", 604800 * NSEC_PER_SEC, "1w"},
		{"500ms", 500 * NSEC_PER_MS, "500ms"},
		{"1.5s", 1500 * NSEC_PER_MS, "1500ms"},
		{"20us", 20000, "20us"},
		{"7ns", 7, "7ns"},
		{"0.000000001s", 1, "1ns"},
		{"88888.6666688888d", UINT64_C(7679980800191992320), "7679980800191992320ns"},
		{"18446744073709551614ns", NSEC_NEVER - 1, "18446744073709551614ns"},
		{"30500w", UINT64_C(30500) * 604800 * NSEC_PER_SEC, "30500w"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		nsec span = UNTOUCHED;
		char buf[32];

		test_row(i, "'%s'", rows[i].text);
		assert_int_equal(duration_parse(rows[i].text, &span), CYG_OK);
		assert_true(span == rows[i].span);
		assert_string_equal(duration_print(span, buf), rows[i].printed);
	}
}

static void the_largest_spans_print(void **state)
{
	char buf[32];

	assert_string_equal(duration_print(NSEC_NEVER, buf), "never");
	assert_string_equal(duration_print(NSEC_NEVER - 1, buf), "18446744073709551614ns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_duration),
		cmocka_unit_test(texts_and_their_spans),
		cmocka_unit_test(the_largest_spans_print),
	};

	return RUN_TESTS("base/duration", tests);
}
