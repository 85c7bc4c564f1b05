/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/replay.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#define BIT32 (UINT64_C(1) << 32)

static struct replay *make(uint32_t window, bool esn, uint64_t top)
{
	struct replay *r = malloc(replay_size(window));

	assert_non_null(r);
	replay_init(r, window, esn, top);
	return r;
}

static bool is_good(enum replay_verdict v)
{
	return v == REPLAY_NEW || v == REPLAY_FRESH;
}

/* RFC 4303 3.4.3: at the edges of windows of every shape. */
static void edges_of_the_window(void **state)
{
	static const uint32_t windows[] = {1,   2,   31,  32,   63,   64,   65,
					   127, 128, 129, 1000, 4096, 4097, 65536};

	for (size_t i = 0; i < COUNT_OF(windows); i++) {
		uint32_t w = windows[i];
		struct replay *r = make(w, false, 0);
		uint64_t top = 100000 + w;

		test_row(i, "window %u", w);
		assert_int_equal(replay_check(r, 0), REPLAY_OLD);
		assert_int_equal(replay_check(r, 1), REPLAY_NEW);
		assert_true(replay_commit(r, top));
		assert_int_equal(replay_check(r, top), REPLAY_SEEN);
		assert_int_equal(replay_check(r, top + 1), REPLAY_NEW);
		assert_int_equal(replay_check(r, top - w), REPLAY_OLD);
		assert_int_equal(replay_check(r, top - w - 1), REPLAY_OLD);
		assert_int_equal(replay_check(r, 0), REPLAY_OLD);
		if (w > 1) {
			assert_int_equal(replay_check(r, top - w + 1), REPLAY_FRESH);
			assert_false(replay_commit(r, top - w + 1));
			assert_int_equal(replay_check(r, top - w + 1), REPLAY_SEEN);
			assert_int_equal(replay_check(r, top - 1),
					 w > 2 ? REPLAY_FRESH : REPLAY_SEEN);
			/* One step to the right pushes that one out. */
			assert_true(replay_commit(r, top + 1));
			assert_int_equal(replay_check(r, top - w + 1), REPLAY_OLD);
		}
		free(r);
	}
}

static void without_a_window_all_but_zero_is_taken(void **state)
{
	struct replay *r = make(0, false, 0);

	assert_int_equal(replay_check(r, 0), REPLAY_OLD);
	assert_true(replay_commit(r, 5));
	assert_int_equal(replay_check(r, 5), REPLAY_FRESH);
	assert_int_equal(replay_check(r, 1), REPLAY_FRESH);
	assert_false(replay_commit(r, 5));
	assert_int_equal(r->top, 5);
	free(r);
}

/* Against the plainest window there is: a list of all that was taken. */
static void random_orders_agree_with_a_plain_list(void **state)
{
	static const uint32_t windows[] = {1, 3, 64, 100, 128, 4096};
	enum { SPAN = 20000 };
	static bool taken[SPAN + 1];
	uint64_t seed = 1;

	for (size_t i = 0; i < COUNT_OF(windows); i++) {
		struct replay *r = make(windows[i], false, 0);
		uint64_t top = 0;

		memset(taken, 0, sizeof(taken));
		for (int n = 0; n < 60000; n++) {
			int64_t at;
			bool expected;

			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			/* Around the top mostly, with a jump now and then. */
			at = (int64_t)top + (int64_t)(seed >> 40) % (2 * windows[i] + 3) -
			     windows[i] - 1;
			if (seed >> 33 & 1023) /* usual */
				at = at < 0 ? 0 : at > SPAN ? SPAN : at;
			else
				at = (int64_t)(top + windows[i] * 3 > SPAN
						       ? SPAN
						       : top + windows[i] * 3);
			expected = at > 0 && !taken[at] &&
				   ((uint64_t)at > top || top - (uint64_t)at < windows[i]);
			if (is_good(replay_check(r, (uint64_t)at)) != expected)
				fail_msg("window %u, top %lu, number %ld", windows[i], top, at);
			if (expected) {
				assert_int_equal(replay_commit(r, (uint64_t)at),
						 (uint64_t)at > top);
				taken[at] = true;
				top = (uint64_t)at > top ? (uint64_t)at : top;
			}
		}
		free(r);
	}
}

/* RFC 4303 2.2.1, Appendix A. `none`: no number can be meant. */
static void extended_numbers_are_inferred(void **state)
{
	static const struct {
		uint32_t window;
		uint64_t top;
		uint32_t low;
		bool none;
		uint64_t expected;
	} rows[] = {
		/*
		 * Before the first window is full, low halves
		 * below its bottom's are of the first subspace.
		 */
		{128, 0, 1, false, 1},
		{128, 0, 128, false, 128},
		{128, 0, UINT32_MAX - 200, false, UINT32_MAX - 200},
		{128, 0, UINT32_MAX - 127, false, UINT32_MAX - 127},
		{128, 0, UINT32_MAX - 126, true, 0},
		{128, 0, UINT32_MAX, true, 0},
		{128, 10, UINT32_MAX, true, 0},
		{128, 126, UINT32_MAX, true, 0},
		{128, 127, UINT32_MAX, false, UINT32_MAX},
		/* The window within one subspace. */
		{128, 1000, 1001, false, 1001},
		{128, 1000, 873, false, 873},
		{128, 1000, 872, false, BIT32 + 872},
		{128, 1000, 1, false, BIT32 + 1},
		/* Across the wrap, from the left. */
		{128, BIT32 - 1, 0, false, BIT32},
		{128, BIT32 - 1, 1, false, BIT32 + 1},
		{128, BIT32 - 1, UINT32_MAX, false, BIT32 - 1},
		{128, BIT32 - 1, UINT32_MAX - 127, false, BIT32 - 128},
		{128, BIT32 - 1, UINT32_MAX - 128, false, 2 * BIT32 - 129},
		/* The window lies across it. */
		{128, BIT32, UINT32_MAX, false, BIT32 - 1},
		{128, BIT32 + 5, UINT32_MAX - 100, false, BIT32 - 101},
		{128, BIT32 + 5, 4, false, BIT32 + 4},
		{128, BIT32 + 5, 6, false, BIT32 + 6},
		{128, BIT32 + 126, UINT32_MAX, false, BIT32 - 1},
		{128, BIT32 + 127, UINT32_MAX, false, 2 * BIT32 - 1},
		/* High subspaces, up to the last number of all. */
		{64, 7 * BIT32 + 3, UINT32_MAX, false, 7 * BIT32 - 1},
		{64, UINT64_MAX, UINT32_MAX, false, UINT64_MAX},
		{64, UINT64_MAX, 5, true, 0},
		/* Without a window: the nearest. */
		{0, 0, 1, false, 1},
		{0, BIT32 + 1, UINT32_MAX, false, BIT32 - 1},
		{0, BIT32 - 1, 1, false, BIT32 + 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct replay *r = make(rows[i].window, true, rows[i].top);
		uint64_t got = 0;

		test_row(i, "window %u, top %#lx, low %#x", rows[i].window, rows[i].top,
			 rows[i].low);
		assert_int_equal(replay_infer(r, rows[i].low, &got), !rows[i].none);
		if (!rows[i].none)
			assert_int_equal(got, rows[i].expected);
		free(r);
	}
}

static void plain_numbers_are_what_they_are(void **state)
{
	struct replay *r = make(64, false, UINT32_MAX);
	uint64_t got;

	assert_true(replay_infer(r, 3, &got));
	assert_int_equal(got, 3);
	assert_int_equal(replay_check(r, got), REPLAY_OLD);
	free(r);
}

/* A million numbers across the wrap, each late by up to a window. */
static void a_stream_crosses_the_wrap(void **state)
{
	const uint32_t window = 128;
	struct replay *r = make(window, true, BIT32 - 5000);

	for (uint64_t n = BIT32 - 4999; n < BIT32 + 5000; n++) {
		uint64_t got, swapped = n ^ 3; /* four at a time in reverse */

		if (swapped <= BIT32 - 5000)
			continue;
		assert_true(replay_infer(r, (uint32_t)swapped, &got));
		assert_int_equal(got, swapped);
		assert_true(is_good(replay_check(r, got)));
		replay_commit(r, got);
		assert_int_equal(replay_check(r, got), REPLAY_SEEN);
	}
	free(r);
}

static void a_restored_window_takes_nothing_again(void **state)
{
	static const uint64_t tops[] = {1, 62, 63, 64, 65, 1000, BIT32 + 17};

	for (size_t i = 0; i < COUNT_OF(tops); i++) {
		struct replay *r = make(128, true, tops[i]);

		test_row(i, "top %lu", tops[i]);
		for (uint64_t n = 0; n < 130 && n < tops[i]; n++)
			assert_false(is_good(replay_check(r, tops[i] - n)));
		for (uint64_t n = 1; n < 300; n++) {
			assert_int_equal(replay_check(r, tops[i] + n), REPLAY_NEW);
			replay_commit(r, tops[i] + n);
			assert_int_equal(replay_check(r, tops[i] + n), REPLAY_SEEN);
		}
		free(r);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_of_the_window),
		cmocka_unit_test(without_a_window_all_but_zero_is_taken),
		cmocka_unit_test(random_orders_agree_with_a_plain_list),
		cmocka_unit_test(extended_numbers_are_inferred),
		cmocka_unit_test(plain_numbers_are_what_they_are),
		cmocka_unit_test(a_stream_crosses_the_wrap),
		cmocka_unit_test(a_restored_window_takes_nothing_again),
	};

	return RUN_TESTS("plane/replay", tests);
}
