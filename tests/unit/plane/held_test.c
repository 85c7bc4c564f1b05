/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/held.h"

#include "tests/unit/support/test.h"

#include <string.h>

static const uint8_t octets[HELD_PACKET_MAX + 1] = {1, 2, 3};

static void put(struct held *h, uint32_t policy_id, size_t len, nsec now)
{
	assert_true(held_put(h, policy_id, view_of(octets, len), now));
}

static void assert_counts(const struct held *h, nsec now, uint64_t waiting, uint64_t displaced,
			  uint64_t expired)
{
	struct held_counts c = held_count(h, now);

	assert_int_equal(c.waiting, waiting);
	assert_int_equal(c.displaced, displaced);
	assert_int_equal(c.expired, expired);
}

static void what_is_too_long_is_refused(void **state)
{
	struct held h;

	assert_true(held_init(&h));
	assert_false(held_put(&h, 1, view_of(octets, HELD_PACKET_MAX + 1), 5));
	assert_counts(&h, 5, 0, 0, 0);
	put(&h, 1, HELD_PACKET_MAX, 5);
	assert_counts(&h, 5, 1, 0, 0);
	held_done(&h);
}

static void each_packet_ends_once(void **state)
{
	static uint8_t out[HELD_PACKET_MAX];
	struct held h;
	nsec late = HELD_TIME + 10;

	assert_true(held_init(&h));
	put(&h, 7, 3, 5);
	put(&h, 7, 2, 6);
	put(&h, 8, 1, 5);
	/* Its time is over on the dot, not before; and it counts as lost at once, and once. */
	assert_counts(&h, HELD_TIME + 5, 2, 1, 0);
	assert_counts(&h, HELD_TIME + 6, 1, 1, 1);
	assert_int_equal(held_look(&h, 0, HELD_TIME + 6, out), 2);
	assert_memory_equal(out, octets, 2);
	assert_int_equal(held_look(&h, 1, HELD_TIME + 6, out), 0);
	assert_int_equal(held_look(&h, 1, HELD_TIME + 6, out), 0);
	assert_counts(&h, HELD_TIME + 6, 1, 1, 1);
	/* One that is over when its place is wanted was not lost to the newer one. */
	put(&h, 7, 3, late);
	assert_counts(&h, late, 1, 1, 2);
	held_leaves(&h, 0);
	assert_counts(&h, late, 0, 1, 2);
	assert_int_equal(held_look(&h, 0, late, out), 0);
	held_done(&h);
}

static void a_policy_s_packet_stays_with_its_heir(void **state)
{
	struct held h;

	assert_true(held_init(&h));
	put(&h, 1, 3, 5);
	held_stays(&h, 0, 2);
	put(&h, 2, 3, 6);
	assert_counts(&h, 6, 1, 1, 0);
	put(&h, 1, 3, 6);
	assert_counts(&h, 6, 2, 1, 0);
	held_done(&h);
}

/* The counting thread may have read its clock before the packet came. */
static void a_packet_from_after_now_waits(void **state)
{
	struct held h;

	assert_true(held_init(&h));
	put(&h, 1, 3, 100);
	assert_counts(&h, 50, 1, 0, 0);
	held_done(&h);
}

static bool init_only(void *ctx)
{
	struct held h;
	bool good = held_init(&h);

	held_done(&h);
	return good;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(init_only, NULL, false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(each_packet_ends_once),
		cmocka_unit_test(a_policy_s_packet_stays_with_its_heir),
		cmocka_unit_test(a_packet_from_after_now_waits),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("plane/held", tests);
}
