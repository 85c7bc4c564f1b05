/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/ring.h"

#include "tests/unit/support/test.h"

#include <pthread.h>
#include <string.h>

static void a_full_ring_refuses(void **state)
{
	struct ring r;
	uint8_t octets[64] = {0};
	struct view got;
	int n = 0;

	assert_true(ring_init(&r, 256));
	assert_false(ring_get(&r, &got));
	assert_false(ring_put(&r, view_of(octets, 64), view_of(octets, 193)));
	while (ring_put(&r, view_of(octets, 24), view_of(NULL, 0)))
		n++;
	assert_int_equal(n, 8);
	assert_true(ring_get(&r, &got));
	assert_int_equal(got.len, 24);
	ring_next(&r);
	assert_true(ring_put(&r, view_of(octets, 24), view_of(NULL, 0)));
	assert_false(ring_put(&r, view_of(octets, 1), view_of(NULL, 0)));
	ring_done(&r);
}

/* Records of all lengths, through the end of the memory many times. */
static void records_come_out_as_they_went_in(void **state)
{
	struct ring r;
	uint8_t octets[128];
	size_t in = 0, out = 0;

	assert_true(ring_init(&r, 512));
	while (out < 5000) {
		struct view got;
		size_t len = in % 101 + 1, head = len / 3;

		memset(octets, (int)in & 255, sizeof(octets));
		if (in < 5000 &&
		    ring_put(&r, view_of(octets, head), view_of(octets, len - head))) {
			in++;
			continue;
		}
		while (ring_get(&r, &got)) {
			assert_int_equal(got.len, out % 101 + 1);
			for (size_t i = 0; i < got.len; i++)
				assert_int_equal(got.ptr[i], out & 255);
			ring_next(&r);
			out++;
		}
	}
	assert_int_equal(in, out);
	ring_done(&r);
}

#define MANY 200000u

static void *write_many(void *ctx)
{
	struct ring *r = ctx;

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t record[8] = {i, i * 3, 0, 0, 0, 0, 0, i ^ 5};

		while (!ring_put(r, view_of(record, 4 + i % 29), view_of(NULL, 0)))
			;
	}
	return NULL;
}

static void two_threads_agree(void **state)
{
	pthread_t writer;
	struct ring r;
	uint32_t expected = 0;

	assert_true(ring_init(&r, 4096));
	assert_int_equal(pthread_create(&writer, NULL, write_many, &r), 0);
	while (expected < MANY) {
		struct view got;
		uint32_t first;

		if (!ring_get(&r, &got))
			continue;
		memcpy(&first, got.ptr, 4);
		if (first != expected || got.len != 4 + expected % 29)
			fail_msg("record %u: %u of %zu octets", expected, first, got.len);
		ring_next(&r);
		expected++;
	}
	pthread_join(writer, NULL);
	ring_done(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring_refuses),
		cmocka_unit_test(records_come_out_as_they_went_in),
		cmocka_unit_test(two_threads_agree),
	};

	return RUN_TESTS("plane/ring", tests);
}
