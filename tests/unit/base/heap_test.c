/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include "base/entropy.h"
#include "tests/unit/support/test.h"

static void an_empty_heap_has_no_first(void **state)
{
	struct heap h = {0};
	struct heap_node n = {0};

	assert_null(heap_first(&h));
	heap_remove(&h, &n);
	assert_true(heap_set(&h, &n, NSEC_NEVER));
	assert_null(heap_first(&h));
	heap_done(&h);
}

static bool set_forty(void *ctx)
{
	struct heap h = {0};
	struct heap_node nodes[40] = {0};
	bool good = true;

	for (size_t i = 0; good && i < COUNT_OF(nodes); i++) {
		size_t before = h.len;

		good = heap_set(&h, &nodes[i], 100 - i);
		assert_int_equal(h.len, before + good);
		assert_int_equal(nodes[i].slot != 0, good);
	}
	/* Those that are in can always be moved and removed. */
	for (size_t i = 0; i < COUNT_OF(nodes); i++)
		if (nodes[i].slot)
			assert_true(heap_set(&h, &nodes[i], i));
	heap_done(&h);
	for (size_t i = 0; i < COUNT_OF(nodes); i++)
		assert_int_equal(nodes[i].slot, 0);
	return good;
}

static void without_memory_the_heap_stays_as_it_was(void **state)
{
	test_each_allocation_failing(set_forty, NULL, false);
}

static void reserved_room_needs_no_memory(void **state)
{
	struct heap h = {0};
	struct heap_node **slots, nodes[100] = {0};

	assert_true(heap_reserve(&h, 100));
	slots = h.slots;
	for (size_t i = 0; i < 100; i++)
		assert_true(heap_set(&h, &nodes[i], i));
	assert_ptr_equal(h.slots, slots);
	assert_true(heap_reserve(&h, 10));
	assert_int_equal(h.cap, 100);
	heap_done(&h);
}

static void equal_deadlines_come_in_the_order_they_were_set(void **state)
{
	struct heap h = {0};
	struct heap_node nodes[20] = {0};

	for (size_t i = 0; i < 20; i++)
		assert_true(heap_set(&h, &nodes[i], 5));
	/* Set anew, it goes to the end of its equals. */
	assert_true(heap_set(&h, &nodes[0], 5));
	for (size_t i = 1; i <= 20; i++) {
		assert_ptr_equal(heap_first(&h), &nodes[i % 20]);
		heap_remove(&h, heap_first(&h));
	}
	heap_done(&h);
}

static void never_removes(void **state)
{
	struct heap h = {0};
	struct heap_node a = {0}, b = {0};

	assert_true(heap_set(&h, &a, 1) && heap_set(&h, &b, NSEC_NEVER - 1));
	assert_true(heap_set(&h, &a, NSEC_NEVER));
	assert_int_equal(a.slot, 0);
	assert_ptr_equal(heap_first(&h), &b);
	heap_done(&h);
}

/* No node comes before its parent, and each knows its slot. */
static void expect_heap_order(const struct heap *h)
{
	for (size_t slot = 1; slot <= h->len; slot++) {
		const struct heap_node *n = h->slots[slot - 1];
		const struct heap_node *parent = h->slots[slot > 1 ? slot / 2 - 1 : 0];

		assert_int_equal(n->slot, slot);
		assert_true(parent->at < n->at ||
			    (parent->at == n->at && parent->order <= n->order));
	}
}

/* A slow search for what heap_first must say. */
static struct heap_node *slow_first(struct heap_node *nodes, size_t count)
{
	struct heap_node *first = NULL;

	for (size_t i = 0; i < count; i++) {
		struct heap_node *n = &nodes[i];

		if (n->slot && (!first || n->at < first->at ||
				(n->at == first->at && n->order < first->order)))
			first = n;
	}
	return first;
}

static void random_sets_moves_and_removals_keep_the_order(void **state)
{
	enum { NODES = 200, STEPS = 20000 };
	static struct heap_node nodes[NODES];
	struct heap h = {0};
	struct entropy_seeded g;
	struct entropy e = entropy_seed(&g, 7);

	for (int step = 0; step < STEPS; step++) {
		struct heap_node *n = &nodes[entropy_below(&e, NODES)];

		if (entropy_below(&e, 3))
			assert_true(heap_set(&h, n, entropy_below(&e, 50)));
		else
			heap_remove(&h, n);
		assert_ptr_equal(heap_first(&h), slow_first(nodes, NODES));
		expect_heap_order(&h);
	}
	heap_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_heap_has_no_first),
		cmocka_unit_test(without_memory_the_heap_stays_as_it_was),
		cmocka_unit_test(reserved_room_needs_no_memory),
		cmocka_unit_test(equal_deadlines_come_in_the_order_they_were_set),
		cmocka_unit_test(never_removes),
		cmocka_unit_test(random_sets_moves_and_removals_keep_the_order),
	};

	return RUN_TESTS("base/heap", tests);
}
