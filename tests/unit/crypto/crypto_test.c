/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include "base/entropy.h"
#include "crypto/impl.h"
#include "tests/unit/crypto/vectors.h"

#include <openssl/err.h>
#include <string.h>

/* libcrypto answers 0 and negative numbers for "no"; only 1 is "yes". */
static void only_one_is_success(void **state)
{
	static const int bad[] = {0, -1, -2, 2, 256, INT32_MIN};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(ossl_result(bad[i]), CYG_CRYPTO);
	assert_int_equal(ossl_object(NULL), CYG_CRYPTO);
	assert_int_equal(ossl_result(1), CYG_OK);
	assert_int_equal(ossl_object(bad), CYG_OK);
}

static void memory_shortage_is_told_apart(void **state)
{
	ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
	ERR_raise(ERR_LIB_EVP, ERR_R_EVP_LIB);
	assert_int_equal(ossl_result(0), CYG_NOMEM);
	assert_int_equal(ERR_peek_error(), 0);
	assert_int_equal(ossl_result(0), CYG_CRYPTO);
}

static void a_source_that_fails_gives_nothing(void **state)
{
	struct given none = {test_hex("0102")};
	struct entropy e = given_entropy(&none);
	struct crypto *c = crypto_new(&e);
	uint8_t out[4] = {9, 9, 9, 9};

	assert_non_null(c);
	assert_int_equal(crypto_random(c, out, 4), CYG_CRYPTO);
	assert_int_equal(crypto_random(c, out, 2), CYG_OK);
	assert_view_equal(view_of(out, 2), test_hex("0102"));
	crypto_free(c);
}

static void seeded_randomness_replays(void **state)
{
	uint8_t out[2][40];

	for (int i = 0; i < 2; i++) {
		struct entropy_seeded seed;
		struct entropy e = entropy_seed(&seed, 4), through;
		struct crypto *c = crypto_new(&e);
		assert_non_null(c);
		through = crypto_entropy(c);
		assert_int_equal(crypto_random(c, out[i], 20), CYG_OK);
		assert_true(entropy_fill(&through, out[i] + 20, 20));
		crypto_free(c);
	}
	assert_memory_equal(out[0], out[1], sizeof(out[0]));
}

static void own_randomness_does_not_repeat(void **state)
{
	static const uint8_t zero[32];
	struct crypto *a = crypto_new(NULL), *b = crypto_new(NULL);
	uint8_t x[32] = {0}, y[32] = {0};

	assert_int_equal(crypto_random(a, x, 32), CYG_OK);
	assert_int_equal(crypto_random(b, y, 32), CYG_OK);
	assert_memory_not_equal(x, y, 32);
	assert_memory_not_equal(x, zero, 32);
	assert_int_equal(crypto_random(a, NULL, 0), CYG_OK);
	assert_non_null(crypto_lib(a));
	assert_ptr_not_equal(crypto_lib(a), crypto_lib(b));
	crypto_free(a);
	crypto_free(b);
	crypto_free(NULL);
}

static bool make_and_free(void *ctx)
{
	struct crypto *c = crypto_new(NULL);

	crypto_free(c);
	return c != NULL;
}

static void failing_allocations_leave_nothing(void **state)
{
	test_each_allocation_failing(make_and_free, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_one_is_success),
		cmocka_unit_test(memory_shortage_is_told_apart),
		cmocka_unit_test(a_source_that_fails_gives_nothing),
		cmocka_unit_test(seeded_randomness_replays),
		cmocka_unit_test(own_randomness_does_not_repeat),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	return RUN_TESTS("crypto/crypto", tests);
}
