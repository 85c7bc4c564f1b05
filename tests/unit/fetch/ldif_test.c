/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/ldif.h"

#include "tests/unit/support/test.h"

static void the_first_binary_value_counts(void **state)
{
	static const struct {
		const char *answer;
		enum cyg_err err;
		const char *value;
	} rows[] = {
		{"", CYG_NOTFOUND, NULL},
		{"\n\n", CYG_NOTFOUND, NULL},
		{"DN: cn=ca\n\tcn: ca\n", CYG_NOTFOUND, NULL},
		{"DN:: Y249w6Q=\n", CYG_NOTFOUND, NULL},
		{"\tcRL:: \n", CYG_NOTFOUND, NULL},
		{"\tcRL:: !!!!\n", CYG_MALFORMED, NULL},
		{"\tcRL:: YWJj", CYG_OK, "abc"},
		{"DN: cn=ca\n\tcn: ca\n\tcRL;binary:: YWJj\n\tcRL;binary:: ZGVm\n\n", CYG_OK,
		 "abc"},
		{"DN: cn=ca\r\n\tcRL:: YWJj \r\n", CYG_OK, "abc"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes b = {0};

		test_row(i, "%s", rows[i].answer);
		assert_int_equal(ldif_first_binary(view_str(rows[i].answer), &b), rows[i].err);
		assert_view_equal(view_bytes(&b), view_str(rows[i].value));
		bytes_done(&b);
	}
}

static bool decode(void *ctx)
{
	struct bytes b = {0};

	if (ldif_first_binary(LITERAL("\tcRL:: YWJj\n"), &b))
		return false;
	bytes_done(&b);
	return true;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(decode, NULL, false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_binary_value_counts),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("fetch/ldif", tests);
}
