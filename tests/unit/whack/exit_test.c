/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/exit.h"

#include "tests/unit/support/test.h"

/* Openswan 3's rule, line by line: the codes of the lines, then the status. */
static void the_last_telling_line_decides(void **state)
{
	static const struct {
		const char *what;
		bool asynchronous;
		unsigned codes[8]; /* up to the first 999 */
		int status;
	} rows[] = {
		{"no line", false, {999}, 0},
		{"comments and log lines tell nothing", false, {0, 2, 0, 999}, 0},
		{"unknown name", false, {21, 999}, 21},
		{"log lines do not undo a failure", false, {21, 2, 0, 999}, 21},
		{"success undoes what came before", false, {134, 10, 135, 4, 999}, 0},
		{"a failure after success counts", false, {4, 3, 999}, 3},
		{"the last of several", false, {134, 214, 31, 999}, 31},
		{"states alone", false, {134, 999}, 134},
		{"notifications", false, {214, 999}, 214},
		{"over 255 as a shell sees it", false, {200 + 60, 999}, 4},
		{"but a failure never looks well", false, {256, 999}, 1},
		{"asynchronous: nobody waited", true, {134, 31, 999}, 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct whack_exit e = {.asynchronous = rows[i].asynchronous};

		test_row(i, "%s", rows[i].what);
		for (size_t k = 0; rows[i].codes[k] != 999; k++)
			whack_exit_line(&e, rows[i].codes[k]);
		assert_int_equal(whack_exit_status(&e), rows[i].status);
	}
}

/* How the command ended counts whether somebody waited or not. */
static void the_end_tells_the_truth(void **state)
{
	static const struct {
		bool asynchronous;
		unsigned line, end;
		int status;
	} rows[] = {
		{false, 134, 0, 134}, {false, 135, 4, 0}, {false, 4, 31, 31},
		{false, 21, 21, 21},  {true, 134, 0, 0},  {true, 21, 21, 21},
		{true, 4, 0, 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct whack_exit e = {.asynchronous = rows[i].asynchronous};

		test_row(i, "%u, then %u", rows[i].line, rows[i].end);
		whack_exit_line(&e, rows[i].line);
		whack_exit_end(&e, rows[i].end);
		assert_int_equal(whack_exit_status(&e), rows[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_telling_line_decides),
		cmocka_unit_test(the_end_tells_the_truth),
	};

	return RUN_TESTS("whack/exit", tests);
}
