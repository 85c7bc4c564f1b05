/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/report_line.h"

#include "tests/unit/support/test.h"

static void check(const struct report *r, const char *want)
{
	struct text line = {0};

	report_line(r, &line);
	assert_string_equal(text_str(&line), want);
	text_done(&line);
}

static void strange_octets_are_escaped(void **state)
{
	check(&(struct report){.connection = "a\n000 b", .text = "x\033[2J"},
	      "\"a\\x0a000 b\": x\\x1b[2J");
}

static void what_a_line_begins_with(void **state)
{
	check(&(struct report){.text = "hello"}, "hello");
	check(&(struct report){.connection = "a", .text = "hello"}, "\"a\": hello");
	check(&(struct report){.connection = "a",
			       .instance = 2,
			       .serial = 7,
			       .state = "PARENT_I1",
			       .text = "hello"},
	      "\"a\"[2] #7: STATE_PARENT_I1: hello");
	check(&(struct report){.serial = 7, .text = "hello"}, "#7: hello");
}

static void a_refusal_is_told_once(void **state)
{
	struct diag d;
	struct report r = {.diag = &d};

	diag_set(&d, "code", NULL, "it is too long");
	diag_wanted(&d, "5");
	diag_got(&d, "7");
	diag_hint(&d, "make it shorter");
	r.text = "";
	check(&r, "it is too long (wanted 5; got 7); make it shorter");
	r.text = "not loaded";
	check(&r, "not loaded: it is too long (wanted 5; got 7); make it shorter");
	r.text = "not loaded: it is too long";
	check(&r, "not loaded: it is too long (wanted 5; got 7); make it shorter");
	r.text = "not loaded: it is too long. make it shorter";
	check(&r, "not loaded: it is too long. make it shorter (wanted 5; got 7)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strange_octets_are_escaped),
		cmocka_unit_test(what_a_line_begins_with),
		cmocka_unit_test(a_refusal_is_told_once),
	};

	return RUN_TESTS("whack/report_line", tests);
}
