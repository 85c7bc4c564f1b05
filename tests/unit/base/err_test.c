/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "tests/unit/support/test.h"

#include <ctype.h>
#include <string.h>

static const struct {
	enum cyg_err err;
	const char *name;
} all[] = {
#define X(name, value, text) {CYG_##name, #name},
	CYG_ERR_MAP(X)
#undef X
};

static void a_number_outside_the_table_has_a_name_too(void **state)
{
	assert_string_equal(cyg_err_name((enum cyg_err) - 9999), "?");
	assert_string_equal(cyg_err_name((enum cyg_err)1), "?");
	assert_string_equal(cyg_err_text((enum cyg_err)1), "an unknown error");
}

static void codes_differ_and_are_negative_but_for_ok(void **state)
{
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		test_row(i, "%s", all[i].name);
		assert_true(all[i].err == CYG_OK ? i == 0 : (int)all[i].err < 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(all[i].err, all[j].err);
	}
}

static void each_code_has_its_name_and_a_sentence(void **state)
{
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		const char *text = cyg_err_text(all[i].err);

		test_row(i, "%s: %s", all[i].name, text);
		assert_string_equal(cyg_err_name(all[i].err), all[i].name);
		assert_true(islower((unsigned char)text[0]));
		assert_int_not_equal(text[strlen(text) - 1], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_outside_the_table_has_a_name_too),
		cmocka_unit_test(codes_differ_and_are_negative_but_for_ok),
		cmocka_unit_test(each_code_has_its_name_and_a_sentence),
	};

	return RUN_TESTS("base/err", tests);
}
