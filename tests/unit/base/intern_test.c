/* SPDX-License-Identifier: Apache-2.0 */
#include "base/intern.h"

#include "tests/unit/support/test.h"

#include <stdio.h>

static const struct hash_key key = {{1, 2}};

static void what_was_never_interned_is_not_found(void **state)
{
	struct intern_pool pool;
	const struct interned *s;

	intern_init(&pool, &key);
	assert_null(intern_find(&pool, LITERAL("west")));
	s = intern_get(&pool, LITERAL("west"));
	assert_null(intern_find(&pool, LITERAL("wes")));
	assert_null(intern_find(&pool, LITERAL("west\0")));
	assert_ptr_equal(intern_find(&pool, LITERAL("west")), s);
	intern_unref(&pool, s);
	assert_null(intern_find(&pool, LITERAL("west")));
	intern_done(&pool);
}

static bool intern_twenty(void *ctx)
{
	struct intern_pool pool;
	const struct interned *all[20] = {0};
	bool good = true;

	intern_init(&pool, &key);
	for (size_t i = 0; good && i < COUNT_OF(all); i++) {
		size_t before = pool.len;

		all[i] = intern_get(&pool, view_of(&i, sizeof(i)));
		good = all[i] != NULL;
		assert_int_equal(pool.len, before + good);
	}
	for (size_t i = 0; i < COUNT_OF(all); i++)
		intern_unref(&pool, all[i]);
	intern_done(&pool);
	return good;
}

static void without_memory_the_pool_stays_as_it_was(void **state)
{
	test_each_allocation_failing(intern_twenty, NULL, false);
}

static void nothing_is_fine(void **state)
{
	struct intern_pool pool;

	intern_init(&pool, &key);
	assert_null(intern_ref(NULL));
	assert_int_equal(intern_view(NULL).len, 0);
	intern_unref(&pool, NULL);
	intern_done(&pool);
}

static void equal_strings_are_kept_once(void **state)
{
	struct intern_pool pool;
	char text[] = "east";
	const struct interned *a, *b, *c;

	intern_init(&pool, &key);
	a = intern_get(&pool, view_of(text, 4));
	text[0] = 'X';
	b = intern_get(&pool, LITERAL("east"));
	c = intern_ref(a);
	assert_ptr_equal(a, b);
	assert_int_equal(pool.len, 1);
	intern_unref(&pool, a);
	intern_unref(&pool, b);
	assert_view_equal(intern_view(c), LITERAL("east"));
	assert_int_equal(pool.len, 1);
	intern_unref(&pool, c);
	assert_int_equal(pool.len, 0);
	intern_done(&pool);
}

static void the_empty_string_is_a_string(void **state)
{
	struct intern_pool pool;
	const struct interned *s;

	intern_init(&pool, &key);
	s = intern_get(&pool, view_of(NULL, 0));
	assert_non_null(s);
	assert_ptr_equal(intern_find(&pool, LITERAL("")), s);
	intern_unref(&pool, s);
	intern_done(&pool);
}

static void thousands_are_all_found_while_the_pool_grows_and_shrinks(void **state)
{
	enum { MANY = 5000 };
	static const struct interned *all[MANY];
	struct intern_pool pool;
	char text[16];

	intern_init(&pool, &key);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "peer-%zu", i);
		all[i] = intern_get(&pool, view_str(text));
		assert_non_null(all[i]);
	}
	assert_int_equal(pool.len, MANY);
	for (size_t i = 0; i < MANY; i += 2)
		intern_unref(&pool, all[i]);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "peer-%zu", i);
		assert_ptr_equal(intern_find(&pool, view_str(text)), i % 2 ? all[i] : NULL);
	}
	for (size_t i = 1; i < MANY; i += 2)
		intern_unref(&pool, all[i]);
	intern_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_never_interned_is_not_found),
		cmocka_unit_test(without_memory_the_pool_stays_as_it_was),
		cmocka_unit_test(nothing_is_fine),
		cmocka_unit_test(equal_strings_are_kept_once),
		cmocka_unit_test(the_empty_string_is_a_string),
		cmocka_unit_test(thousands_are_all_found_while_the_pool_grows_and_shrinks),
	};

	return RUN_TESTS("base/intern", tests);
}
