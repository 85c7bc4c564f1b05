/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/roster.h"
#include "tests/unit/support/test.h"

/* Items by growing serial numbers: found, removed, walked. */

static int items[1000];

static void test_empty(void **state)
{
	struct roster r = {0};

	(void)state;
	assert_null(roster_find(&r, 1));
	assert_null(roster_after(&r, 0));
	roster_remove(&r, 7);
	assert_int_equal(roster_len(&r), 0);
	roster_done(&r);
}

static void test_many(void **state)
{
	struct roster r = {0};
	size_t seen = 0;

	(void)state;
	for (uint64_t i = 0; i < COUNT_OF(items); i++)
		assert_true(roster_add(&r, 3 * i + 5, &items[i]));
	for (uint64_t i = 0; i < COUNT_OF(items); i++) {
		assert_ptr_equal(roster_find(&r, 3 * i + 5), &items[i]);
		assert_null(roster_find(&r, 3 * i + 6));
		assert_ptr_equal(roster_after(&r, 3 * i + 4), &items[i]);
	}
	/* Most go, in an odd order; what stays is found all the same. */
	for (uint64_t i = 0; i < COUNT_OF(items); i++)
		if (i * 7 % COUNT_OF(items) % 10)
			roster_remove(&r, 3 * (i * 7 % COUNT_OF(items)) + 5);
	roster_remove(&r, 5 + 3); /* once more */
	assert_int_equal(roster_len(&r), COUNT_OF(items) / 10);
	for (uint64_t at = 0; roster_after(&r, at); seen++) {
		int *item = roster_after(&r, at);

		assert_int_equal((item - items) % 10, 0);
		at = 3 * (uint64_t)(item - items) + 5;
		assert_ptr_equal(roster_find(&r, at), item);
	}
	assert_int_equal(seen, COUNT_OF(items) / 10);
	roster_done(&r);
}

static bool add_some(void *ctx)
{
	struct roster r = {0};
	bool good = true;

	(void)ctx;
	for (uint64_t i = 0; i < 40 && good; i++)
		good = roster_add(&r, i + 1, &items[i]);
	roster_done(&r);
	return good;
}

static void test_short_of_memory(void **state)
{
	(void)state;
	test_each_allocation_failing(add_some, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_of_memory),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_many),
	};

	return RUN_TESTS("ike/roster", tests);
}
