/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/argv.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void what_needs_a_shell_is_refused(void **state)
{
	static const struct {
		const char *command, *says, *hint;
	} rows[] = {
		{"a | b", "'|'", "sh -c"},
		{"a && b", "'&'", "sh -c"},
		{"a; b", "';'", "sh -c"},
		{"a > /tmp/log", "'>'", "sh -c"},
		{"a <b", "'<'", "sh -c"},
		{"a $X", "'$'", "sh -c"},
		{"a \"$X\"", "'$'", "sh -c"},
		{"a `b`", "'`'", "sh -c"},
		{"a *", "'*'", "sh -c"},
		{"a b?", "'?'", "sh -c"},
		{"a {b,c}", "'{'", "sh -c"},
		{"(a)", "'('", "sh -c"},
		{"~/a", "'~'", "sh -c"},
		{"a #b", "'#'", "sh -c"},
		{"a\nb", "a line feed", "sh -c"},
		{"a 'b", "quote that does not end", ""},
		{"a \"b", "quote that does not end", ""},
		{"a \"b\\\"", "quote that does not end", ""},
		{"a \\", "ends with a backslash", ""},
		{"", "is empty", ""},
		{" \t", "is empty", ""},
		{"'' b", "empty word", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct diag why;
		char **words = NULL;

		test_row(i, "%s", rows[i].command);
		diag_clear(&why);
		assert_int_equal(argv_split(rows[i].command, &words, &why), CYG_MALFORMED);
		assert_null(words);
		assert_non_null(strstr(why.sentence, rows[i].says));
		assert_non_null(strstr(why.hint, rows[i].hint));
	}
}

static void words_are_split(void **state)
{
	static const struct {
		const char *command, *words;
	} rows[] = {
		{"a", "[a]"},
		{"  /usr/bin/a\tb  c ", "[/usr/bin/a][b][c]"},
		{"ipsec _updown", "[ipsec][_updown]"},
		{"sh -c 'echo \"$X\" | wc; exit 1'", "[sh][-c][echo \"$X\" | wc; exit 1]"},
		{"a 'b c'd \"e f\"", "[a][b cd][e f]"},
		{"a \"\\\"\\\\\\$\\b\" '' b", "[a][\"\\$\\b][][b]"},
		{"a\\ b c\\|d", "[a b][c|d]"},
		{"a b#c d~", "[a][b#c][d~]"},
		{"a %b=c,d:e@f+g-h_i!", "[a][%b=c,d:e@f+g-h_i!]"},
		{"a '\n'", "[a][\n]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text t = {0};
		struct diag why;
		char **words;

		test_row(i, "%s", rows[i].command);
		assert_int_equal(argv_split(rows[i].command, &words, &why), CYG_OK);
		for (char **w = words; *w; w++)
			text_add(&t, "[%s]", *w);
		assert_string_equal(text_str(&t), rows[i].words);
		text_done(&t);
		free(words);
	}
}

static void words_are_bounded(void **state)
{
	char command[2 * ARGV_WORDS_MAX + 2] = "";
	char **words;

	(void)state;
	for (size_t i = 0; i < ARGV_WORDS_MAX; i++)
		strcat(command, "a ");
	assert_int_equal(argv_split(command, &words, NULL), CYG_OK);
	free(words);
	strcat(command, "a");
	assert_int_equal(argv_split(command, &words, NULL), CYG_LIMIT);
}

static void some_values_are_no_command(void **state)
{
	(void)state;
	assert_false(argv_is_command(NULL));
	assert_false(argv_is_command(""));
	assert_false(argv_is_command("  "));
	assert_false(argv_is_command("%disabled"));
	assert_false(argv_is_command("ipsec _updown"));
	assert_false(argv_is_command("/usr/lib/ipsec/ipsec _updown.netkey --route yes"));
	assert_true(argv_is_command("a"));
	assert_true(argv_is_command("ipsec"));
	assert_true(argv_is_command("ipsec _updown.mine"));
	assert_true(argv_is_command("_updown"));
	assert_true(argv_is_command("ipsec _updown; /usr/local/sbin/mine"));
	assert_true(argv_is_command("myipsec _updown"));
	assert_true(argv_is_command("ipsec _updown.a-name-that-is-longer-than-any"));
}

static bool split(void *ctx)
{
	char **words;

	(void)ctx;
	if (argv_split("a b", &words, NULL))
		return false;
	free(words);
	return true;
}

static void memory_may_be_short(void **state)
{
	(void)state;
	test_each_allocation_failing(split, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_needs_a_shell_is_refused),
		cmocka_unit_test(words_are_split),
		cmocka_unit_test(words_are_bounded),
		cmocka_unit_test(some_values_are_no_command),
		cmocka_unit_test(memory_may_be_short),
	};

	return RUN_TESTS("conn/argv", tests);
}
