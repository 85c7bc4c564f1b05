/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/words.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static struct whack_words *words_of(const char *text)
{
	struct whack_words *w = calloc(1, sizeof(*w) + strlen(text) + 1);

	strcpy(w->text, text);
	return w;
}

static void open_quotes_are_refused(void **state)
{
	static const char *const rows[] = {"\"", "a 'b c", "--name \"x\ny"};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct whack_words *w = words_of(rows[i]);
		struct diag why;

		test_row(i, "%s", rows[i]);
		assert_int_equal(words_cut(w, "f", &why), CYG_MALFORMED);
		words_free(w);
	}
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
	struct whack_words *w = NULL;
	struct diag why;

	assert_int_equal(words_read("/nowhere/at/all", &w, &why), CYG_IO);
	assert_null(w);
}

static void words_are_cut_as_a_shell_would(void **state)
{
	static const struct {
		const char *text;
		const char *words[6];
	} rows[] = {
		{"", {NULL}},
		{" \n\t ", {NULL}},
		{"a bc\nd", {"a", "bc", "d", NULL}},
		{"--id \"C=CH, O=x\" 'y z'", {"--id", "C=CH, O=x", "y z", NULL}},
		{"a\"b c\"d", {"ab cd", NULL}},
		{"x '' y", {"x", "", "y", NULL}},
		{"# all of it\na #b\nc#d", {"a", "c#d", NULL}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct whack_words *w = words_of(rows[i].text);
		size_t n = 0;
		struct diag why;

		test_row(i, "%s", rows[i].text);
		assert_int_equal(words_cut(w, "f", &why), CYG_OK);
		for (; rows[i].words[n]; n++)
			assert_string_equal(w->items[n], rows[i].words[n]);
		assert_int_equal(w->len, n);
		words_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_quotes_are_refused),
		cmocka_unit_test(a_file_that_is_not_there_is_an_error),
		cmocka_unit_test(words_are_cut_as_a_shell_would),
	};

	return RUN_TESTS("whack/words", tests);
}
