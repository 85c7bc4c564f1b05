/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

static void short_reads_give_zero_and_stay_bad(void **state)
{
	struct reader r = reader_of(view_of(octets, 3));

	assert_int_equal(read_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(read_left(&r), 0);
	assert_int_equal(read_u8(&r), 0);
	assert_false(read_done(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_reads_give_zero_and_stay_bad),
	};

	return cmocka_run_group_tests_name("base/reader", tests, NULL, NULL);
}
