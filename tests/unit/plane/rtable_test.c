/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/rtable.h"

#include "tests/unit/support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <urcu-bp.h>

#define MANY 3000u

static uint64_t hash_of(const uint32_t *item)
{
	return hash_mix(*item / 2); /* pairs share a hash */
}

static size_t count(const struct rtable *t, uint64_t hash, const void *item)
{
	size_t n = 0;

	for (const struct rtable_link *l = rtable_first(t, hash); l; l = rtable_next(l))
		n += !item || l->item == item;
	return n;
}

static void what_is_added_is_found_until_removed(void **state)
{
	static uint32_t items[MANY];
	struct rtable t;

	assert_true(rtable_init(&t));
	assert_false(rtable_remove(&t, 5, items));
	for (uint32_t i = 0; i < MANY; i++) {
		items[i] = i;
		assert_true(rtable_add(&t, hash_of(&items[i]), &items[i]));
	}
	assert_int_equal(t.len, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(count(&t, hash_of(&items[i]), NULL), 2);
		assert_int_equal(count(&t, hash_of(&items[i]), &items[i]), 1);
	}
	for (uint32_t i = 0; i < MANY; i += 2)
		assert_true(rtable_remove(&t, hash_of(&items[i]), &items[i]));
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(count(&t, hash_of(&items[i]), &items[i]), i % 2);
		if (i % 2 == 0)
			assert_false(rtable_remove(&t, hash_of(&items[i]), &items[i]));
	}
	assert_true(rtable_memory(&t) > MANY / 2 * sizeof(struct rtable_link));
	rtable_done(&t);
	rcu_barrier();
}

static bool fill(void *ctx)
{
	static uint32_t items[200];
	struct rtable t;
	bool good = true;

	if (!rtable_init(&t))
		return false;
	for (uint32_t i = 0; i < COUNT_OF(items); i++) {
		items[i] = i;
		if (!rtable_add(&t, hash_of(&items[i]), &items[i])) {
			good = false;
			break;
		}
	}
	for (uint32_t i = 0; i < t.len; i++)
		assert_int_equal(count(&t, hash_of(&items[i]), &items[i]), 1);
	rtable_done(&t);
	rcu_barrier();
	return good;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(fill, NULL, true);
}

struct race {
	struct rtable t;
	uint32_t fixed[64];
	_Atomic bool stop;
	_Atomic uint64_t missed, reads;
};

static void *read_all_the_time(void *ctx)
{
	struct race *r = ctx;

	while (!atomic_load(&r->stop)) {
		rcu_read_lock();
		for (size_t i = 0; i < COUNT_OF(r->fixed); i++)
			if (count(&r->t, hash_of(&r->fixed[i]), &r->fixed[i]) != 1)
				atomic_fetch_add(&r->missed, 1);
		atomic_fetch_add(&r->reads, 1);
		rcu_read_unlock();
	}
	return NULL;
}

/* A reader never misses what stays, while all around it comes, goes and grows. */
static void readers_are_undisturbed(void **state)
{
	static uint32_t moving[20000];
	struct race r = {.stop = false};
	pthread_t reader;

	assert_true(rtable_init(&r.t));
	for (uint32_t i = 0; i < COUNT_OF(r.fixed); i++) {
		r.fixed[i] = 1000000 + i;
		assert_true(rtable_add(&r.t, hash_of(&r.fixed[i]), &r.fixed[i]));
	}
	assert_int_equal(pthread_create(&reader, NULL, read_all_the_time, &r), 0);
	for (uint32_t i = 0; i < COUNT_OF(moving); i++) {
		moving[i] = i;
		assert_true(rtable_add(&r.t, hash_of(&moving[i]), &moving[i]));
		if (i % 3 == 0)
			assert_true(rtable_remove(&r.t, hash_of(&moving[i]), &moving[i]));
	}
	while (atomic_load(&r.reads) < 10)
		;
	atomic_store(&r.stop, true);
	pthread_join(reader, NULL);
	assert_int_equal(r.missed, 0);
	rtable_done(&r.t);
	rcu_barrier();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_is_found_until_removed),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(readers_are_undisturbed),
	};

	return RUN_TESTS("plane/rtable", tests);
}
