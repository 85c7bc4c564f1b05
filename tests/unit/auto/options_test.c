/* SPDX-License-Identifier: Apache-2.0 */
#include "auto/options.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 12

/*
 * Read "auto WORD WORD ..." (NULL-terminated); what was complained of goes to
 * *ret_said, the caller's to free.
 */
static bool read_words(const char *const *words, struct auto_options *ret, char **ret_said)
{
	static char *argv[WORDS_MAX + 2];
	size_t len = 0;
	FILE *err = open_memstream(ret_said, &len);
	int argc = 1;
	bool well;

	assert_non_null(err);
	argv[0] = (char *)"auto";
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	argv[argc] = NULL;
	well = auto_options_read(argc, argv, ret, err);
	fclose(err);
	return well;
}

static void refused(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *says;
	} rows[] = {
		{{NULL}, "no operation"},
		{{"--config"}, "a value is missing after --config"},
		{{"--con"}, "a value is missing after --con"},
		{{"--up"}, "the name of a connection is missing after --up"},
		{{"--up", "--"}, "the name of a connection is missing after --up"},
		{{"--ready", "x"}, "takes no name: x"},
		{{"--up", "--up", "x"}, "two operations are given"},
		{{"-"}, "no operation"},
		{{"-h"}, "there is no option -h"},
		{{"--up=x"}, "no value is taken by --up=x"},
		{{"--upp", "x"}, "did you mean --up?"},
		{{"--nothing-like-it"}, "there is no option --nothing-like-it\n"},
		{{"--re"}, "--replace, --ready, --rereadsecrets, --rereadgroups"},
		{{"--aggrmode"}, "--aggrmode can't be used: this version speaks IKEv2"},
		{{"--up", "x", "-v"}, "options stand before the names: -v"},
		{{"x", "y", "up"}, "no operation"},
		{{"up"}, "no operation"},
		{{"x", "status"}, "no operation"},
		{{"--up", "x", "up"}, NULL}, /* two names */
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct auto_options o;
		char *said;
		bool well;

		test_row(i, "%s", rows[i].says ? rows[i].says : "(taken)");
		well = read_words(rows[i].words, &o, &said);
		assert_int_equal(well, rows[i].says == NULL);
		if (rows[i].says)
			assert_non_null(strstr(said, rows[i].says));
		else
			assert_string_equal(said, "");
		free(said);
	}
}

static void taken(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *operation;
		size_t names;
		const char *first;
		bool obsolete;
	} rows[] = {
		{{"--up", "x"}, "up", 1, "x"},
		{{"--u", "x"}, NULL},
		{{"--do", "x"}, "down", 1, "x"},
		{{"--stat"}, "status", 0, NULL},
		{{"--up", "--", "-x"}, "up", 1, "-x"},
		{{"--up", "--", "--", "x"}, "up", 2, "--"},
		{{"--delete", "x", "y", "z"}, "delete", 3, "x"},
		{{"x", "route"}, "route", 1, "x", true},
		{{"status"}, "status", 0, NULL, true},
		{{"--verbose", "x", "up"}, "up", 1, "x", true},
		{{"up", "up"}, "up", 1, "up", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct auto_options o;
		char *said;
		bool well;

		test_row(i, "%s", rows[i].operation ? rows[i].operation : "(ambiguous)");
		well = read_words(rows[i].words, &o, &said);
		free(said);
		assert_int_equal(well, rows[i].operation != NULL);
		if (!well)
			continue;
		assert_string_equal(o.operation->word, rows[i].operation);
		assert_int_equal(o.names_len, rows[i].names);
		assert_int_equal(o.obsolete, rows[i].obsolete);
		if (rows[i].first)
			assert_string_equal(o.names[0], rows[i].first);
	}
}

static void settings_in_any_order(void **state)
{
	static const char *const words[] = {"--utc",          "--showonly",
					    "--up",           "--show",
					    "--config",       "/x",
					    "--asynchronous", "--verbose",
					    "name",           NULL};
	struct auto_options o;
	char *said;

	assert_true(read_words(words, &o, &said));
	assert_true(o.utc && o.showonly && o.show && o.asynchronous && o.verbose && !o.help &&
		    !o.version);
	assert_string_equal(o.config, "/x");
	free(said);
	assert_true(read_words((const char *const[]){"--config=/y=z", "--status", NULL}, &o,
			       &said));
	assert_string_equal(o.config, "/y=z");
	free(said);
}

static void help_needs_nothing_else(void **state)
{
	struct auto_options o;
	char *said, *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_true(read_words((const char *const[]){"--help", NULL}, &o, &said));
	assert_true(o.help);
	free(said);
	assert_true(read_words((const char *const[]){"--version", "--up", NULL}, &o, &said));
	assert_true(o.version);
	free(said);
	auto_options_help(out);
	fclose(out);
	for (const struct operation *op = auto_operations; op->word; op++)
		assert_int_equal(strstr(text, op->word) != NULL, op->doc != NULL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(taken),
		cmocka_unit_test(settings_in_any_order),
		cmocka_unit_test(help_needs_nothing_else),
	};

	return RUN_TESTS("auto/options", tests);
}
