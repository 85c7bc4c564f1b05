/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/problem.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static const char *shown(struct view line, uint32_t column)
{
	static char out[1024];
	struct problems p = {0};
	struct text t = {0};
	struct diag d;

	diag_set(&d, "test", NULL, "a test");
	problems_add_line(&p, PROBLEM_ERROR, &d, line, column);
	assert_int_equal(p.len, 1);
	problem_show(&p.items[0], &t);
	strcpy(out, text_str(&t));
	text_done(&t);
	problems_done(&p);
	return out;
}

static void the_caret_stands_below_its_column(void **state)
{
	assert_string_equal(shown(view_str("  left=x"), 3), "    "
							    "  left=x\n"
							    "    "
							    "  ^\n");
	assert_string_equal(shown(view_str("\tleft=x"), 2), "    "
							    " left=x\n"
							    "    "
							    " ^\n");
	assert_string_equal(shown(view_str("caf\xc3\xa9 x"), 7), "    caf\xc3\xa9 x\n"
								 "         ^\n");
	assert_string_equal(shown(view_str("a\x01z"), 3), "    a\\x01z\n"
							  "         ^\n");
	assert_string_equal(shown(view_str("ab"), 99), "    ab\n"
						       "      ^\n");
	assert_string_equal(shown(view_str(""), 1), "    \n    ^\n");
}

static void long_lines_are_cut_round_the_column(void **state)
{
	char line[4001];
	const char *out;

	memset(line, 'a', 4000);
	line[4000] = '\0';
	line[3000] = 'X';
	out = shown(view_str(line), 3001);
	assert_true(strlen(out) < 3 * PROBLEM_LINE_MAX);
	assert_ptr_equal(strstr(out, "    ..."), out);
	assert_int_equal(strchr(out, 'X') - out,
			 strchr(strchr(out, '\n'), '^') - strchr(out, '\n') - 1);
	assert_non_null(strstr(out, "...\n"));
}

static void too_many_are_counted(void **state)
{
	struct problems p = {0};
	struct text t = {0};
	struct diag d;

	diag_set(&d, "test", NULL, "a test");
	for (size_t i = 0; i < PROBLEMS_MAX + 5; i++)
		problems_add(&p, PROBLEM_ERROR, &d);
	assert_int_equal(p.len, PROBLEMS_MAX);
	assert_int_equal(p.errors, PROBLEMS_MAX + 5);
	assert_int_equal(p.dropped, 5);
	problem_show(&p.items[0], &t); /* no line is known */
	assert_string_equal(text_str(&t), "");
	problems_add(NULL, PROBLEM_ERROR, &d);
	problems_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_caret_stands_below_its_column),
		cmocka_unit_test(long_lines_are_cut_round_the_column),
		cmocka_unit_test(too_many_are_counted),
	};

	return RUN_TESTS("conf/problem", tests);
}
