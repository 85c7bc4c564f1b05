/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/hash.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>

struct member {
	struct map_node node;
	unsigned key, order;
};

/* Three kinds of hash: good, poor, and all alike. */
static uint64_t spread(unsigned key)
{
	static const struct hash_key zero;

	return hash_view(&zero, view_of(&key, sizeof(key)));
}

static uint64_t same_bucket(unsigned key)
{
	return (uint64_t)key << 40;
}

static struct member *find(const struct map *m, unsigned key, uint64_t hash)
{
	for (struct map_node *n = map_first(m, hash); n; n = map_next(n)) {
		struct member *found = CONTAINER_OF(n, struct member, node);

		if (found->key == key)
			return found;
	}
	return NULL;
}

static void nothing_is_in_an_empty_map(void **state)
{
	struct map m = {0};
	struct member never = {.key = 1};

	assert_null(map_first(&m, 0));
	assert_null(map_first(&m, 1));
	map_remove(&m, &never.node);
	assert_false(map_has(&never.node));
	map_done(&m);
}

static void what_was_taken_out_is_gone(void **state)
{
	struct map m = {0};
	struct member a = {.key = 1};

	map_add(&m, &a.node, 7);
	assert_true(map_has(&a.node));
	map_remove(&m, &a.node);
	assert_null(map_first(&m, 7));
	assert_false(map_has(&a.node));
	map_remove(&m, &a.node);
	assert_int_equal(m.hashes, 0);
	map_add(&m, &a.node, 8);
	assert_ptr_equal(map_first(&m, 8), &a.node);
	map_done(&m);
}

static void members_of_one_hash_keep_their_order(void **state)
{
	struct member all[40] = {0};
	struct map m = {0};
	unsigned next = 0;

	for (unsigned i = 0; i < COUNT_OF(all); i++) {
		all[i].order = i;
		map_add(&m, &all[i].node, 5);
	}
	assert_int_equal(m.hashes, 1);
	/* The first, the last and some between go. */
	for (unsigned i = 0; i < COUNT_OF(all); i += 3)
		map_remove(&m, &all[i].node);
	for (struct map_node *n = map_first(&m, 5); n; n = map_next(n)) {
		next += next % 3 == 0;
		assert_int_equal(CONTAINER_OF(n, struct member, node)->order, next);
		next++;
	}
	assert_int_equal(next, COUNT_OF(all) - 1);
	for (unsigned i = 0; i < COUNT_OF(all); i++)
		map_remove(&m, &all[i].node);
	assert_null(map_first(&m, 5));
	map_done(&m);
}

/* Members come and go; what is found is compared with a plain table. */
static void churn(uint64_t (*hash)(unsigned key), unsigned members, unsigned rounds)
{
	struct member *all = calloc(members, sizeof(*all));
	struct map m = {0};
	uint32_t random = 1;

	assert_non_null(all);
	for (unsigned i = 0; i < members; i++)
		all[i].key = i;
	for (unsigned i = 0; i < rounds; i++) {
		struct member *one = &all[(random >> 8) % members];

		random = random * 1664525 + 1013904223;
		if (map_has(&one->node))
			map_remove(&m, &one->node);
		else
			map_add(&m, &one->node, hash(one->key));
	}
	for (unsigned i = 0; i < members; i++)
		assert_ptr_equal(find(&m, i, hash(i)), map_has(&all[i].node) ? &all[i] : NULL);
	for (unsigned i = 0; i < members; i++)
		map_remove(&m, &all[i].node);
	assert_int_equal(m.hashes, 0);
	map_done(&m);
	free(all);
}

static void members_come_and_go(void **state)
{
	churn(spread, 10, 1000);
	churn(spread, 5000, 40000);
	churn(same_bucket, 200, 4000);
}

static void many_of_one_hash_are_removed_at_once_each(void **state)
{
	enum { MANY = 200000 };
	struct member *all = calloc(MANY, sizeof(*all));
	struct map m = {0};

	assert_non_null(all);
	for (unsigned i = 0; i < MANY; i++)
		map_add(&m, &all[i].node, 3);
	for (unsigned i = MANY; i-- > 0;)
		map_remove(&m, &all[i].node);
	assert_null(map_first(&m, 3));
	map_done(&m);
	free(all);
}

static bool fill(void *ctx)
{
	struct member all[100] = {0};
	struct map m = {0};
	bool all_found = true;

	for (unsigned i = 0; i < COUNT_OF(all); i++) {
		all[i].key = i;
		map_add(&m, &all[i].node, spread(i));
	}
	for (unsigned i = 0; i < COUNT_OF(all); i++)
		all_found &= find(&m, i, spread(i)) == &all[i];
	map_done(&m);
	return all_found;
}

static void no_memory_only_makes_it_slower(void **state)
{
	test_each_allocation_failing(fill, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_in_an_empty_map),
		cmocka_unit_test(what_was_taken_out_is_gone),
		cmocka_unit_test(members_of_one_hash_keep_their_order),
		cmocka_unit_test(members_come_and_go),
		cmocka_unit_test(many_of_one_hash_are_removed_at_once_each),
		cmocka_unit_test(no_memory_only_makes_it_slower),
	};

	return RUN_TESTS("base/map", tests);
}
