/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/settings.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

static enum cyg_err parse(const char *line, char *storage, struct settings *s, struct diag *why)
{
	char *argv[WORDS_MAX] = {(char *)"pluto"};
	int argc = 1;

	strcpy(storage, line);
	for (char *at = strtok(storage, " "); at; at = strtok(NULL, " "))
		argv[argc++] = at;
	diag_clear(why);
	return settings_parse(argc, argv, s, why);
}

static void bad_options_are_refused(void **state)
{
	static const struct {
		const char *line, *says, *hint;
	} rows[] = {
		{"nofork", "unknown option \"nofork\"", ""},
		{"--nofrok", "unknown option", "--nofork"},
		{"--nofork=yes", "takes no value", ""},
		{"--rundir", "needs a value", ""},
		{"--nhelpers many", "wants a number", ""},
		{"--nhelpers 257", "wants a number", ""},
		{"--nhelpers -1", "wants a number", ""},
		{"--uniqueids maybe", "wants yes, no or never", ""},
		{"--plane klips", "no plane", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char storage[128];
		struct settings s;
		struct diag why;

		test_row(i, "%s", rows[i].line);
		assert_int_equal(parse(rows[i].line, storage, &s, &why), CYG_RANGE);
		assert_non_null(strstr(why.sentence, rows[i].says));
		assert_non_null(strstr(why.hint, rows[i].hint));
	}
}

static void nothing_need_be_said(void **state)
{
	char storage[128];
	struct settings s;
	struct diag why;

	unsetenv("IPSEC_RUNDIR");
	unsetenv("IPSEC_CONFS");
	assert_int_equal(parse("", storage, &s, &why), CYG_OK);
	assert_string_equal(s.rundir, "/run/pluto");
	assert_string_equal(s.confs, "/etc");
	assert_string_equal(s.plane, "auto");
	assert_false(s.foreground);
	assert_true(s.unique_ids);
}

static void options_win_over_the_environment(void **state)
{
	char storage[128];
	struct settings s;
	struct diag why;

	setenv("IPSEC_RUNDIR", "/env/run", 1);
	setenv("IPSEC_CONFS", "/env/confs", 1);
	assert_int_equal(parse("--rundir /opt/run --nofork --uniqueids=no --nhelpers 3",
			       storage, &s, &why),
			 CYG_OK);
	assert_string_equal(s.rundir, "/opt/run");
	assert_string_equal(s.confs, "/env/confs");
	assert_true(s.foreground && s.log_stderr);
	assert_string_equal(s.unique_ids, "no");
	assert_int_equal(s.workers, 3);
	unsetenv("IPSEC_RUNDIR");
	unsetenv("IPSEC_CONFS");
}

static void a_log_file_silences_stderr(void **state)
{
	char storage[128];
	struct settings s;
	struct diag why;

	assert_int_equal(parse("--nofork --logfile /tmp/x", storage, &s, &why), CYG_OK);
	assert_false(s.log_stderr);
}

static void help_names_every_option(void **state)
{
	struct text t = {0};

	settings_help(&t);
	assert_non_null(strstr(text_str(&t), "--nofork"));
	assert_non_null(strstr(text_str(&t), "--half-open-max N"));
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(nothing_need_be_said),
		cmocka_unit_test(options_win_over_the_environment),
		cmocka_unit_test(a_log_file_silences_stderr),
		cmocka_unit_test(help_names_every_option),
	};

	return RUN_TESTS("pluto/settings", tests);
}
