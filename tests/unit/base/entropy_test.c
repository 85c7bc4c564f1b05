/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entropy.h"

#include "tests/unit/support/test.h"

#include <string.h>

static bool refuse(void *ctx, uint8_t *out, size_t len)
{
	return false;
}

/* Gives the words of an array one after the other, least significant octet first. */
struct script {
	const uint64_t *words;
	size_t used;
};

static bool play(void *ctx, uint8_t *out, size_t len)
{
	struct script *s = ctx;
	uint64_t word = s->words[s->used++];

	for (size_t i = 0; i < len; i++, word >>= 8)
		out[i] = (uint8_t)word;
	return true;
}

static void a_source_that_fails_is_noticed(void **state)
{
	struct entropy e = {.fill = refuse};
	uint8_t out[4];

	assert_false(entropy_fill(&e, out, sizeof(out)));
	assert_true(entropy_below(&e, 10) == 0);
}

static void no_bound_gives_zero_without_a_draw(void **state)
{
	struct script s = {0};
	struct entropy e = {.fill = play, .ctx = &s};

	assert_true(entropy_below(&e, 0) == 0);
	assert_int_equal(s.used, 0);
}

/* 2^64 mod 10 is 6: six draws of 2^64 would favour the digits 0 to 5, so six are refused. */
static void draws_that_would_favour_some_values_are_repeated(void **state)
{
	static const uint64_t words[] = {0, 5, 6, UINT64_MAX};
	struct script s = {words, 0};
	struct entropy e = {.fill = play, .ctx = &s};

	assert_true(entropy_below(&e, 10) == 6);
	assert_int_equal(s.used, 3);
	assert_true(entropy_below(&e, 10) == 5);
	assert_int_equal(s.used, 4);
}

static void all_values_below_a_bound_come(void **state)
{
	struct entropy_seeded g;
	struct entropy e = entropy_seed(&g, 1);
	unsigned seen[7] = {0};

	for (int i = 0; i < 7000; i++)
		seen[entropy_below(&e, 7)]++;
	for (size_t i = 0; i < 7; i++) {
		test_row(i, "seen %u times of about 1000", seen[i]);
		assert_in_range(seen[i], 850, 1150);
	}
	assert_true(entropy_below(&e, 1) == 0);
}

/*
 * splitmix64 turns the seed 0 into e220a8397b1dcdaf 6e789e6aa1b965f4 06c45d188009454f
 * f88bb8a8724c81ec; the first output of xoshiro256** is then rotl(5 s1, 7) * 9.
 */
static void seeds_mean_the_same_everywhere(void **state)
{
	struct entropy_seeded g;
	struct entropy e = entropy_seed(&g, 0);
	uint8_t out[32];

	assert_true(g.s[0] == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(g.s[1] == UINT64_C(0x6e789e6aa1b965f4));
	assert_true(g.s[2] == UINT64_C(0x06c45d188009454f));
	assert_true(g.s[3] == UINT64_C(0xf88bb8a8724c81ec));
	assert_true(entropy_fill(&e, out, sizeof(out)));
	assert_view_equal(view_of(out, sizeof(out)),
			  test_hex("b4f275cb365fec99 2a455649781f6ebf"
				   "e0e633499d845f1a 2c2d2d26f194a56a"));
}

static void seeds_differ(void **state)
{
	struct entropy_seeded g, h;
	struct entropy e = entropy_seed(&g, 1), f = entropy_seed(&h, 2);
	uint8_t a[16], b[16];

	assert_true(entropy_fill(&e, a, 16) && entropy_fill(&f, b, 16));
	assert_memory_not_equal(a, b, 16);
}

static void the_system_fills_all_and_never_alike(void **state)
{
	struct entropy e = entropy_system();
	static uint8_t a[5000], b[5000];
	size_t zeroes = 0;

	assert_true(entropy_fill(&e, a, sizeof(a)) && entropy_fill(&e, b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
	/* Twenty are expected; two hundred would be a part left unfilled. */
	for (size_t i = 0; i < sizeof(a); i++)
		zeroes += a[i] == 0;
	assert_true(zeroes < 200);
	assert_true(entropy_fill(&e, a, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_fails_is_noticed),
		cmocka_unit_test(no_bound_gives_zero_without_a_draw),
		cmocka_unit_test(draws_that_would_favour_some_values_are_repeated),
		cmocka_unit_test(all_values_below_a_bound_come),
		cmocka_unit_test(seeds_mean_the_same_everywhere),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(the_system_fills_all_and_never_alike),
	};

	return RUN_TESTS("base/entropy", tests);
}
