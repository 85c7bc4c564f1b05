/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>

struct thing {
	int number;
	struct list link;
};

static void expect(struct list *head, const int *numbers, size_t count)
{
	size_t i = 0;

	LIST_EACH(t, head, struct thing, link) {
		assert_true(i < count);
		assert_int_equal(t->number, numbers[i]);
		i++;
	}
	assert_int_equal(i, count);
	assert_int_equal(list_empty(head), count == 0);
}

static void an_empty_list_has_nothing_to_walk(void **state)
{
	struct list head = LIST_INIT(head), other;

	list_init(&other);
	expect(&head, NULL, 0);
	expect(&other, NULL, 0);
}

static void removing_twice_does_no_harm(void **state)
{
	struct list head = LIST_INIT(head);
	struct thing a = {.number = 1}, b = {.number = 2};

	list_append(&head, &a.link);
	list_append(&head, &b.link);
	list_remove(&a.link);
	list_remove(&a.link);
	expect(&head, (int[]){2}, 1);
	assert_true(list_empty(&a.link));
}

static void both_ends_take_members(void **state)
{
	struct list head = LIST_INIT(head);
	struct thing a = {.number = 1}, b = {.number = 2}, c = {.number = 3};

	list_append(&head, &b.link);
	list_append(&head, &c.link);
	list_prepend(&head, &a.link);
	expect(&head, (int[]){1, 2, 3}, 3);
	list_remove(&b.link);
	expect(&head, (int[]){1, 3}, 2);
	list_prepend(&head, &b.link);
	expect(&head, (int[]){2, 1, 3}, 3);
}

static void the_current_member_may_be_freed(void **state)
{
	struct list head = LIST_INIT(head);

	for (int i = 0; i < 5; i++) {
		struct thing *t = malloc(sizeof(*t));

		assert_non_null(t);
		t->number = i;
		list_append(&head, &t->link);
	}
	LIST_EACH(t, &head, struct thing, link) {
		if (t->number % 2) {
			list_remove(&t->link);
			free(t);
		}
	}
	expect(&head, (int[]){0, 2, 4}, 3);
	LIST_EACH(t, &head, struct thing, link) {
		list_remove(&t->link);
		free(t);
	}
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_list_has_nothing_to_walk),
		cmocka_unit_test(removing_twice_does_no_harm),
		cmocka_unit_test(both_ends_take_members),
		cmocka_unit_test(the_current_member_may_be_freed),
	};

	return RUN_TESTS("base/list", tests);
}
