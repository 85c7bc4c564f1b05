/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include "tests/unit/support/test.h"

#include <stdint.h>
#include <stdlib.h>

static void a_size_that_overflows_is_refused(void **state)
{
	int one;
	size_t cap = SIZE_MAX / 2 + 1;

	assert_null(array_grow(&one, cap, &cap, 1));
	assert_int_equal(cap, SIZE_MAX / 2 + 1);
	cap = SIZE_MAX / 16;
	assert_null(array_grow(&one, cap, &cap, 64));
	assert_int_equal(cap, SIZE_MAX / 16);
}

static bool hold_hundred(void *ctx)
{
	unsigned *items = NULL;
	size_t len = 0, cap = 0;
	bool good = true;

	while (good && len < 100) {
		unsigned *more = array_grow(items, len, &cap, sizeof(*more));

		good = more;
		if (more) {
			items = more;
			items[len] = (unsigned)len;
			len++;
		}
		assert_true(len <= cap);
	}
	for (size_t i = 0; i < len; i++)
		assert_int_equal(items[i], i);
	free(items);
	return good;
}

static void items_stay_while_it_grows(void **state)
{
	assert_true(hold_hundred(NULL));
	test_each_allocation_failing(hold_hundred, NULL, false);
}

static void with_room_it_stays(void **state)
{
	unsigned items[4];
	size_t cap = 4;

	assert_ptr_equal(array_grow(items, 3, &cap, sizeof(items[0])), items);
	assert_int_equal(cap, 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_that_overflows_is_refused),
		cmocka_unit_test(items_stay_while_it_grows),
		cmocka_unit_test(with_room_it_stays),
	};

	return cmocka_run_group_tests_name("base/array", tests, NULL, NULL);
}
