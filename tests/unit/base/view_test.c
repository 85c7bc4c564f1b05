/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include "tests/unit/support/test.h"

static void no_text_is_the_empty_view(void **state)
{
	assert_null(view_str(NULL).ptr);
	assert_int_equal(view_str(NULL).len, 0);
	assert_int_equal(view_str("").len, 0);
}

static void order_and_equality(void **state)
{
	static const struct {
		struct view a, b;
		int order;
	} rows[] = {
		{{NULL, 0}, {NULL, 0}, 0},
		{{NULL, 0}, LITERAL(""), 0},
		{{NULL, 0}, LITERAL("a"), -1},
		{LITERAL("a"), LITERAL("b"), -1},
		{LITERAL("a"), LITERAL("aa"), -1},
		{LITERAL("b"), LITERAL("aa"), 1},
		{LITERAL("a\0b"), LITERAL("a\0c"), -1},
		{LITERAL("\x7f"), LITERAL("\x80"), -1},
		{LITERAL("same"), LITERAL("same"), 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int there = view_compare(rows[i].a, rows[i].b);
		int back = view_compare(rows[i].b, rows[i].a);

		test_row(i, "order %d", rows[i].order);
		assert_int_equal((there > 0) - (there < 0), rows[i].order);
		assert_int_equal((back > 0) - (back < 0), -rows[i].order);
		assert_int_equal(view_equal(rows[i].a, rows[i].b), rows[i].order == 0);
		assert_int_equal(view_equal(rows[i].b, rows[i].a), rows[i].order == 0);
	}
}

static bool copy_once(void *ctx)
{
	struct bytes copy = {(uint8_t *)ctx, 77};

	if (!bytes_copy(&copy, LITERAL("octets"))) {
		/* Untouched. */
		assert_ptr_equal(copy.ptr, ctx);
		assert_int_equal(copy.len, 77);
		return false;
	}
	bytes_done(&copy);
	return true;
}

static void a_copy_without_memory_changes_nothing(void **state)
{
	test_each_allocation_failing(copy_once, &(uint8_t){0}, false);
}

static void empty_bytes_are_freed_and_wiped_without_harm(void **state)
{
	struct bytes b = {0};

	assert_true(bytes_copy(&b, view_of(NULL, 0)));
	assert_int_equal(b.len, 0);
	bytes_done(&b);
	bytes_wipe(&b);
	bytes_done(NULL);
	bytes_wipe(NULL);
}

static void a_copy_is_its_own(void **state)
{
	uint8_t source[] = "octets";
	struct bytes b;

	assert_true(bytes_copy(&b, view_of(source, 6)));
	source[0] = 'X';
	assert_view_equal(view_bytes(&b), LITERAL("octets"));
	bytes_wipe(&b);
	assert_null(b.ptr);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_is_the_empty_view),
		cmocka_unit_test(order_and_equality),
		cmocka_unit_test(a_copy_without_memory_changes_nothing),
		cmocka_unit_test(empty_bytes_are_freed_and_wiped_without_harm),
		cmocka_unit_test(a_copy_is_its_own),
	};

	return RUN_TESTS("base/view", tests);
}
