/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/account.h"

#include "tests/unit/support/test.h"

static void nothing_is_counted_unasked(void **state)
{
	struct account a = {0};

	account_stop(&a, ACCOUNT_STEP, account_start(&a));
	account_add(&a, ACCOUNT_KE, 5);
	assert_int_equal(a.steps[ACCOUNT_STEP].calls, 0);
	assert_int_equal(a.steps[ACCOUNT_KE].time, 0);
}

static void what_is_counted_adds_up(void **state)
{
	struct account a = {0};

	account_reset(&a, true);
	account_stop(&a, ACCOUNT_STEP, account_start(&a));
	account_add(&a, ACCOUNT_KE, 5);
	account_add(&a, ACCOUNT_KE, 7);
	assert_int_equal(a.steps[ACCOUNT_STEP].calls, 1);
	assert_int_equal(a.steps[ACCOUNT_KE].calls, 2);
	assert_int_equal(a.steps[ACCOUNT_KE].time, 12);
	account_reset(&a, false);
	assert_int_equal(a.steps[ACCOUNT_KE].time, 0);
}

static void a_call_begun_before_counting_is_left_out(void **state)
{
	struct account a = {0};
	nsec start = account_start(&a);

	account_reset(&a, true);
	account_stop(&a, ACCOUNT_STEP, start);
	assert_int_equal(a.steps[ACCOUNT_STEP].calls, 0);
}

static void every_step_has_a_name(void **state)
{
	for (unsigned i = 0; i < ACCOUNT_STEPS; i++)
		assert_string_not_equal(account_name(i), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_counted_unasked),
		cmocka_unit_test(what_is_counted_adds_up),
		cmocka_unit_test(a_call_begun_before_counting_is_left_out),
		cmocka_unit_test(every_step_has_a_name),
	};

	return RUN_TESTS("pluto/account", tests);
}
