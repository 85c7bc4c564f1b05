/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/args.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

static struct {
	const char *config, *format;
	bool json, join, strict;
} got;

static const struct arg_option options[] = {
	{"config", "FILE", &got.config, "read FILE"},
	{"format", "WORD", &got.format, "as WORD"},
	{"json", NULL, &got.json, "as JSON"},
	{"join", NULL, &got.join, "join"},
	{"strict", NULL, &got.strict, "be strict"},
	{"strictly", NULL, &got.strict, NULL},
	{0},
};

static const struct arg_rules rules = {
	.command = "thing",
	.synopsis = "[option ...] NAME ...",
	.options = options,
	.operand = "a name",
	.words_min = 1,
	.words_max = 2,
	.doc = "Does a thing.\n",
};

/* Run with the words of a line, blank separated. */
static int read_line(const struct arg_rules *r, const char *line, struct args *ret)
{
	static char storage[256];
	static char *argv[32];
	int argc = 0;

	memset(&got, 0, sizeof(got));
	snprintf(storage, sizeof(storage), "%s", line);
	for (char *w = strtok(storage, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	return args_read(r, argc, argv, ret);
}

static void what_is_refused(void **state)
{
	static const char *const lines[] = {
		"thing",           "thing a b c",    "thing --jsn a",
		"thing --j a",     "thing --config", "thing --json=yes a",
		"thing -j a",      "thing --=x a",   "thing --nothing-like-it a",
		"thing --jsonx a",  "thing --config= a",
	};

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct args a = {.len = 77};

		test_row(i, "%s", lines[i]);
		assert_int_equal(read_line(&rules, lines[i], &a), EXIT_USAGE);
	}
}

static void what_is_taken(void **state)
{
	static const struct {
		const char *line;
		const char *config;
		bool json, strict;
		size_t words;
		const char *first;
	} cases[] = {
		{"thing a", NULL, false, false, 1, "a"},
		{"thing --json a b", NULL, true, false, 2, "a"},
		{"thing a --json b", NULL, true, false, 2, "a"},
		{"thing --config=x a", "x", false, false, 1, "a"},
		{"thing --config x a", "x", false, false, 1, "a"},
		{"thing --conf --json a", "--json", false, false, 1, "a"},
		{"thing --js a", NULL, true, false, 1, "a"},
		{"thing --str a", NULL, false, true, 1, "a"}, /* two spellings of one */
		{"thing -- --json", NULL, false, false, 1, "--json"},
		{"thing -", NULL, false, false, 1, "-"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct args a;

		test_row(i, "%s", cases[i].line);
		assert_int_equal(read_line(&rules, cases[i].line, &a), ARGS_GO);
		assert_int_equal(a.len, cases[i].words);
		assert_string_equal(a.words[0], cases[i].first);
		assert_null(a.words[a.len]);
		assert_int_equal(got.json, cases[i].json);
		assert_int_equal(got.strict, cases[i].strict);
		if (cases[i].config)
			assert_string_equal(got.config, cases[i].config);
		else
			assert_null(got.config);
	}
}

static void help_ends_it(void **state)
{
	static const struct arg_rules bare = {.command = "thing", .synopsis = "", .doc = ""};
	struct args a;

	assert_int_equal(read_line(&rules, "thing --help", &a), 0);
	assert_int_equal(read_line(&rules, "thing --json --he", &a), 0);
	assert_int_equal(read_line(&bare, "thing --help", &a), 0);
	assert_int_equal(read_line(&bare, "thing", &a), ARGS_GO);
	assert_int_equal(read_line(&bare, "thing word", &a), EXIT_USAGE);
	assert_int_equal(read_line(&bare, "thing --x", &a), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_is_taken),
		cmocka_unit_test(help_ends_it),
	};

	return RUN_TESTS("ipsec/args", tests);
}
