/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/entropy.h"
#include "tests/unit/support/test.h"

static bool refuse(void *ctx, uint8_t *out, size_t len)
{
	return false;
}

static void no_entropy_no_key(void **state)
{
	struct entropy e = {.fill = refuse};
	struct hash_key key = {{1, 2}};

	assert_false(hash_key_draw(&e, &key));
	assert_true(key.k[0] == 1 && key.k[1] == 2);
}

static void drawn_keys_differ(void **state)
{
	struct entropy e = entropy_system();
	struct hash_key a, b;

	assert_true(hash_key_draw(&e, &a) && hash_key_draw(&e, &b));
	assert_true(a.k[0] != b.k[0] || a.k[1] != b.k[1]);
	assert_true(hash_view(&a, LITERAL("x")) != hash_view(&b, LITERAL("x")));
}

static void padding_is_no_collision(void **state)
{
	struct hash_key key = {{3, 4}};

	assert_true(hash_view(&key, LITERAL("")) != hash_view(&key, LITERAL("\0")));
	assert_true(hash_view(&key, LITERAL("a")) != hash_view(&key, LITERAL("a\0")));
	assert_true(hash_view(&key, LITERAL("12345678")) !=
		    hash_view(&key, LITERAL("12345678\0")));
}

/* SipHash-2-4 with key 00 01 .. 0f over the octets 00 01 .., as its authors publish it. */
static void published_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} rows[] = {
		{0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
		{7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
		{9, UINT64_C(0x9e0082df0ba9e4b0)},  {15, UINT64_C(0xa129ca6149be45e5)},
		{63, UINT64_C(0x958a324ceb064572)},
	};
	struct hash_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
	uint8_t input[64];

	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%zu octets", rows[i].len);
		assert_true(hash_view(&key, view_of(input, rows[i].len)) == rows[i].hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_entropy_no_key),
		cmocka_unit_test(drawn_keys_differ),
		cmocka_unit_test(padding_is_no_collision),
		cmocka_unit_test(published_vectors),
	};

	return RUN_TESTS("base/hash", tests);
}
