/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/action.h"

#include "tests/unit/support/test.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static bool everything(void *ctx)
{
	struct actions a = {0};
	struct action *sent = actions_add(&a, ACT_SEND);
	bool ok = sent != NULL;

	if (sent)
		sent->send.data = actions_copy(&a, LITERAL("hello"));
	ok = ok && sent->send.data.len == 5 && actions_str(&a, "text") && !a.bad;
	/* Many items and a large piece, so that both grow more than once. */
	for (int i = 0; i < 40 && ok; i++)
		ok = actions_add(&a, ACT_REPORT) != NULL;
	ok = ok && actions_alloc(&a, 100000);
	assert_int_equal(ok, !a.bad);
	actions_done(&a);
	return ok;
}

static void running_out_of_memory_is_told(void **state)
{
	test_each_allocation_failing(everything, NULL, false);
}

static void absurd_lengths_are_refused(void **state)
{
	static const size_t rows[] = {SIZE_MAX, SIZE_MAX - 8, SIZE_MAX / 2 + 1};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct actions a = {0};

		assert_null(actions_alloc(&a, rows[i]));
		assert_true(a.bad);
		actions_clear(&a);
		assert_false(a.bad);
		actions_done(&a);
	}
}

static void nothing_copied_is_nothing(void **state)
{
	struct actions a = {0};

	assert_int_equal(actions_copy(&a, (struct view){NULL, 0}).len, 0);
	assert_null(actions_str(&a, NULL));
	assert_false(a.bad);
	actions_done(&a);
	actions_done(&a);
}

static void items_are_zero_and_keep_their_order(void **state)
{
	struct actions a = {0};

	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 100; i++) {
			struct action *x = actions_add(&a, i % 2 ? ACT_DONE : ACT_SEND);

			assert_non_null(x);
			assert_int_equal(x->op, 0);
			assert_int_equal(x->cause, 0);
			x->op = i;
			x->cause = ~0ull;
		}
		assert_int_equal(a.len, 100);
		for (unsigned i = 0; i < 100; i++) {
			assert_int_equal(a.items[i].op, i);
			assert_int_equal(a.items[i].kind, i % 2 ? ACT_DONE : ACT_SEND);
		}
		actions_clear(&a);
		assert_int_equal(a.len, 0);
	}
	actions_done(&a);
}

static void pieces_are_aligned_zeroed_and_apart(void **state)
{
	struct actions a = {0};
	uint8_t *pieces[200];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT_OF(pieces); i++) {
			size_t len = i * 7 % 900 + 1;

			pieces[i] = actions_alloc(&a, len);
			assert_non_null(pieces[i]);
			assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
			for (size_t j = 0; j < len; j++)
				assert_int_equal(pieces[i][j], 0);
			memset(pieces[i], (int)i, len);
		}
		for (size_t i = 0; i < COUNT_OF(pieces); i++)
			assert_int_equal(pieces[i][i * 7 % 900], (uint8_t)i);
		actions_clear(&a);
	}
	actions_done(&a);
}

/* A step like any other: the block is met again at the same place, so malloc was not asked. */
static void a_steady_step_asks_for_no_memory(void **state)
{
	struct actions a = {0};
	void *first = NULL, *items = NULL;

	for (int step = 0; step < 10; step++) {
		void *block = actions_alloc(&a, 64);

		for (int i = 0; i < 50; i++) {
			assert_non_null(actions_add(&a, ACT_SEND));
			assert_non_null(actions_alloc(&a, 1200));
		}
		if (step == 5) {
			first = block;
			items = a.items;
		}
		if (step > 5) {
			assert_ptr_equal(block, first);
			assert_ptr_equal(a.items, items);
		}
		actions_clear(&a);
	}
	actions_done(&a);
}

static void a_cleared_block_holds_no_secrets(void **state)
{
	struct actions a = {0};
	struct view key = actions_copy(&a, LITERAL("the key of keys, 16"));
	static const uint8_t zero[19];

	actions_clear(&a);
	assert_view_equal(key, view_of(zero, key.len));
	actions_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(running_out_of_memory_is_told),
		cmocka_unit_test(absurd_lengths_are_refused),
		cmocka_unit_test(nothing_copied_is_nothing),
		cmocka_unit_test(items_are_zero_and_keep_their_order),
		cmocka_unit_test(pieces_are_aligned_zeroed_and_apart),
		cmocka_unit_test(a_steady_step_asks_for_no_memory),
		cmocka_unit_test(a_cleared_block_holds_no_secrets),
	};
	return RUN_TESTS("conn/action", tests);
}
