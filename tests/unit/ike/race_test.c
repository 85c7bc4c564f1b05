/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/race.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>

/* RFC 7296 2.8.1: the exchange with the lowest of the four nonces loses what it made. */

static const struct {
	const char *ours_ni, *ours_nr, *theirs_ni, *theirs_nr;
	bool ours_loses;
} rows[] = {
	{"00", "ff", "01", "02", true},
	{"ff", "00", "01", "02", true},
	{"01", "02", "00", "ff", false},
	{"01", "02", "ff", "00", false},
	/* A beginning of another one is the lower of the two. */
	{"0102", "ff", "010203", "ff", true},
	{"010203", "ff", "0102", "ff", false},
	/* The first octet that differs decides, not the length. */
	{"02", "ff", "0100000000", "ff", false},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (int order = 0; order < 2; order++) {
			struct rekey_race *r = NULL;

			test_row(i, "%s", rows[i].ours_ni);
			for (int k = 0; k < 2; k++) {
				bool ours = k == order;

				assert_true(race_note(
					&r, ours, ours ? 7 : 9,
					test_hex(ours ? rows[i].ours_ni : rows[i].theirs_ni),
					test_hex(ours ? rows[i].ours_nr : rows[i].theirs_nr)));
			}
			assert_int_equal(r->ours, 7);
			assert_int_equal(r->theirs, 9);
			assert_int_equal(race_ours_loses(r), rows[i].ours_loses);
			free(r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return RUN_TESTS("ike/race", tests);
}
