/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"

#include "base/entropy.h"
#include "base/list.h"
#include "tests/unit/support/test.h"

struct thing {
	struct tree_node node;
	int key, nth;
};

static const struct thing *thing_of(const struct tree_node *n)
{
	return CONTAINER_OF(n, struct thing, node);
}

static unsigned compared;

static int compare(const void *key, const struct tree_node *n)
{
	int k = *(const int *)key, other = thing_of(n)->key;

	compared++;
	return (k > other) - (k < other);
}

static void add(struct tree *t, struct thing *it, const struct entropy *e)
{
	tree_add(t, &it->node, entropy_below(e, UINT32_MAX), &it->key, compare);
}

static void an_empty_tree_has_nothing(void **state)
{
	struct tree t = {0};
	struct tree_node n = {0};
	int key = 1;

	tree_remove(&t, &n);
	assert_null(tree_from(&t, &key, compare));
}

static void equal_keys_stay_in_the_order_they_came(void **state)
{
	struct entropy_seeded g;
	struct entropy e = entropy_seed(&g, 3);
	struct thing things[50] = {0};
	struct tree t = {0};
	struct tree_node *n;
	int key = 2;

	for (int i = 0; i < 50; i++) {
		things[i].key = i % 2 ? 2 : 1;
		add(&t, &things[i], &e);
	}
	n = tree_from(&t, &key, compare);
	for (int i = 1; i < 50; i += 2, n = tree_next(n))
		assert_ptr_equal(n, &things[i].node);
	assert_null(n);
}

/* What is found from each key on is what a look at all of them finds, in order. */
static void expect_order(const struct tree *t, const struct thing *things, size_t count,
			 int key)
{
	size_t expected = 0, seen = 0;
	int last = key;

	for (size_t i = 0; i < count; i++)
		expected += things[i].node.is_in && things[i].key >= key;
	for (struct tree_node *n = tree_from(t, &key, compare); n; n = tree_next(n), seen++) {
		assert_true(thing_of(n)->key >= last);
		last = thing_of(n)->key;
	}
	assert_int_equal(seen, expected);
}

static void random_members_come_and_go_in_order(void **state)
{
	enum { COUNT = 100, STEPS = 5000 };
	static struct thing things[COUNT];
	struct tree t = {0};
	struct entropy_seeded g;
	struct entropy e = entropy_seed(&g, 7);

	for (int step = 0; step < STEPS; step++) {
		struct thing *it = &things[entropy_below(&e, COUNT)];

		if (it->node.is_in) {
			tree_remove(&t, &it->node);
		} else {
			it->key = (int)entropy_below(&e, 50);
			add(&t, it, &e);
		}
		expect_order(&t, things, COUNT, (int)entropy_below(&e, 55));
	}
	for (size_t i = 0; i < COUNT; i++)
		tree_remove(&t, &things[i].node);
	assert_null(t.root);
}

/* Also when keys come in their order, which makes a tree without weights a list. */
static void keys_in_order_make_no_list(void **state)
{
	enum { COUNT = 10000 };
	static struct thing things[COUNT];
	struct tree t = {0};
	struct entropy_seeded g;
	struct entropy e = entropy_seed(&g, 1);

	compared = 0;
	for (int i = 0; i < COUNT; i++) {
		things[i].key = i;
		add(&t, &things[i], &e);
	}
	assert_true(compared < 40 * COUNT);
	compared = 0;
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(tree_from(&t, &i, compare), &things[i].node);
	assert_true(compared < 40 * COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tree_has_nothing),
		cmocka_unit_test(equal_keys_stay_in_the_order_they_came),
		cmocka_unit_test(random_members_come_and_go_in_order),
		cmocka_unit_test(keys_in_order_make_no_list),
	};

	return RUN_TESTS("base/tree", tests);
}
