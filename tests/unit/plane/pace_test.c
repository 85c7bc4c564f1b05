/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/pace.h"

#include "tests/unit/support/test.h"

/* Rounds of `packets` that follow each other by `apart`: how many of them end with a rest. */
static int rests(nsec apart, size_t packets, int rounds)
{
	struct pace p = {0};
	nsec now = 1000000;
	int rested = 0;

	for (int i = 0; i < rounds; i++, now += apart)
		rested += pace_rests(&p, now, packets);
	return rested;
}

static void who_is_not_in_a_hurry_never_rests(void **state)
{
	assert_int_equal(rests(PACE_APART, 1, 1000), 0);
	assert_int_equal(rests(4 * PACE_APART, 4, 1000), 0);
	/* A question and its answer, again and again. */
	assert_int_equal(rests(100000, 1, 1000), 0);
}

static void large_rounds_need_no_rest(void **state)
{
	assert_int_equal(rests(1000, PACE_ENOUGH, 1000), 0);
}

static void nothing_to_do_is_no_hurry(void **state)
{
	assert_int_equal(rests(1, 0, 1000), 0);
}

static void a_flood_is_met_with_rests(void **state)
{
	/* The first round has none before it. */
	assert_int_equal(rests(5000, 1, 100), 100 - PACE_HASTY);
	/* They stay while there is a flood: what has gathered meanwhile counts. */
	assert_int_equal(rests(PACE_REST, 10, 100), 100 - PACE_HASTY);
}

static void a_pause_ends_it(void **state)
{
	struct pace p = {0};
	nsec now = 1000000;

	for (uint32_t i = 0; i <= PACE_HASTY; i++, now += 1000)
		assert_int_equal(pace_rests(&p, now, 1), i == PACE_HASTY);
	assert_false(pace_rests(&p, now += PACE_APART, 1));
	assert_false(pace_rests(&p, now += 1000, 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_not_in_a_hurry_never_rests),
		cmocka_unit_test(large_rounds_need_no_rest),
		cmocka_unit_test(nothing_to_do_is_no_hurry),
		cmocka_unit_test(a_flood_is_met_with_rests),
		cmocka_unit_test(a_pause_ends_it),
	};

	return RUN_TESTS("plane/pace", tests);
}
