/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/group_names.h"

#include "base/diag.h"
#include "base/text.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void what_names_none_or_too_much_is_refused(void **state)
{
	static const char *const codes[] = {"", " ", ",", " ,\t, "};
	struct text t = {0};
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		test_row(i, "%s", codes[i]);
		assert_int_equal(group_names_check(codes[i], &why), CYG_MALFORMED);
		assert_string_equal(why.code, "group-names");
		assert_true(*why.wanted);
	}
	assert_int_equal(group_names_check("sales, a\001b", &why), CYG_MALFORMED);
	assert_string_equal(why.code, "group-name");
	for (size_t i = 0; i < GROUP_NAMES_MAX; i++)
		text_add(&t, "g%zu, ", i);
	assert_int_equal(group_names_check(text_str(&t), &why), CYG_OK);
	text_add_str(&t, "g");
	assert_int_equal(group_names_check(text_str(&t), &why), CYG_LIMIT);
	assert_string_equal(why.got, "257");
	text_done(&t);
	t = (struct text){0};
	for (size_t i = 0; i < GROUP_NAME_MAX; i++)
		text_add_char(&t, 'x');
	assert_int_equal(group_names_check(text_str(&t), &why), CYG_OK);
	text_add_char(&t, 'x');
	assert_int_equal(group_names_check(text_str(&t), &why), CYG_LIMIT);
	assert_string_equal(why.got, "254 octets");
	text_done(&t);
}

static void whole_names_are_found(void **state)
{
	static const struct {
		const char *names, *others, *common;
	} rows[] = {
		{"sales", "sales", "sales"},
		{" a,b\tc ", "x c", "c"},
		{"sales", "salesman sale Sales", ""},
		{"a b", "b, a", "a"},
		{"", "a", ""},
		{"a", "", ""},
		{",", ",", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s / %s", rows[i].names, rows[i].others);
		assert_view_equal(group_names_common(rows[i].names, rows[i].others),
				  view_str(rows[i].common));
	}
	assert_true(group_names_have("a, b", view_str("b")));
	assert_false(group_names_have("a, b", view_str("")));
}

static void they_are_split(void **state)
{
	const char *const *all = group_names_split(" a,, bcd\te,");

	assert_non_null(all);
	assert_string_equal(all[0], "a");
	assert_string_equal(all[1], "bcd");
	assert_string_equal(all[2], "e");
	assert_null(all[3]);
	free((void *)all);
	all = group_names_split(" , ");
	assert_null(all[0]);
	free((void *)all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_names_none_or_too_much_is_refused),
		cmocka_unit_test(whole_names_are_found),
		cmocka_unit_test(they_are_split),
	};

	return RUN_TESTS("conn/group_names", tests);
}
