/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/burst.h"

#include "tests/unit/support/test.h"

/* Paths are not looked into. */
static const struct esp_path *path(uintptr_t n)
{
	return (const struct esp_path *)(n * 64); /* NOLINT(performance-no-int-to-ptr) */
}

static void add(struct burst *b, uintptr_t to, uint8_t tos, size_t len)
{
	assert_non_null(burst_room(b, len));
	burst_add(b, path(to), tos, len);
}

static void a_full_burst_has_no_room(void **state)
{
	struct burst b;
	size_t n = 0;

	assert_true(burst_init(&b));
	assert_null(burst_room(&b, BURST_OCTETS + 1));
	for (; burst_room(&b, 1000); n++)
		burst_add(&b, path(1), 0, 1000);
	assert_int_equal(n, BURST_OCTETS / 1000);
	burst_clear(&b);
	for (n = 0; burst_room(&b, 10); n++)
		burst_add(&b, path(n), 0, 10);
	assert_int_equal(n, BURST_MESSAGES);
	burst_clear(&b);
	assert_non_null(burst_room(&b, BURST_OCTETS));
	burst_done(&b);
}

static void what_differs_is_a_message_of_its_own(void **state)
{
	static const struct {
		uintptr_t path;
		uint8_t tos;
		size_t len;
		size_t messages; /* after it was added to one of path 1, tos 0, 100 octets */
	} rows[] = {
		{1, 0, 101, 2}, {2, 0, 100, 2}, {1, 1, 100, 2}, {1, 0, 100, 1}, {1, 0, 99, 1}};
	struct burst b;

	assert_true(burst_init(&b));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		burst_clear(&b);
		add(&b, 1, 0, 100);
		add(&b, rows[i].path, rows[i].tos, rows[i].len);
		assert_int_equal(b.len, rows[i].messages);
		assert_int_equal(b.used, 100 + rows[i].len);
	}
	/* The last row's was shorter: it ended its message. */
	add(&b, 1, 0, 99);
	assert_int_equal(b.len, 2);
	assert_int_equal(b.messages[0].count, 2);
	assert_int_equal(b.messages[1].at, 199);
	burst_done(&b);
}

static void a_message_stays_within_the_kernels_limits(void **state)
{
	struct burst b;

	assert_true(burst_init(&b));
	for (size_t i = 0; i < BURST_SEGMENTS + 1; i++)
		add(&b, 1, 0, 50);
	assert_int_equal(b.len, 2);
	assert_int_equal(b.messages[0].count, BURST_SEGMENTS);
	burst_clear(&b);
	for (size_t i = 0; i < 8; i++)
		add(&b, 1, 0, 9000);
	assert_int_equal(b.len, 2);
	assert_int_equal(b.messages[0].count, 7);
	assert_int_equal(b.messages[1].at, 63000);
	burst_done(&b);
}

static bool init_only(void *ctx)
{
	struct burst b;

	if (!burst_init(&b))
		return false;
	burst_done(&b);
	return true;
}

static void short_of_memory(void **state)
{
	test_each_allocation_failing(init_only, NULL, false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_burst_has_no_room),
		cmocka_unit_test(what_differs_is_a_message_of_its_own),
		cmocka_unit_test(a_message_stays_within_the_kernels_limits),
		cmocka_unit_test(short_of_memory),
	};

	return RUN_TESTS("plane/burst", tests);
}
