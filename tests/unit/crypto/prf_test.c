/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/prf.h"

#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "tests/unit/crypto/vectors.h"

#include <string.h>

static int open_crypto(void **state)
{
	*state = crypto_new(NULL);
	return *state ? 0 : -1;
}

static int close_crypto(void **state)
{
	crypto_free(*state);
	return 0;
}

static void rows_without_code_are_refused(void **state)
{
	static const struct {
		enum alg_kind kind;
		uint16_t id;
	} rows[] = {{ALG_PRF, 1}, {ALG_PRF, 2}, {ALG_PRF, 4}, {ALG_PRF, 8}, {ALG_INTEG, 12}};
	uint8_t out[PRF_LEN_MAX] = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct alg *a = alg_by_id(rows[i].kind, rows[i].id);
		struct view seed = view_str("seed");
		test_row(i, "%s", a->name);
		assert_int_equal(prf_compute(*state, a, seed, &seed, 1, out), CYG_UNSUPPORTED);
		assert_int_not_equal(prf_plus(*state, a, seed, &seed, 1, out, 16), CYG_OK);
	}
}

/* RFC 7296 2.13: the counter is one octet, so 255 outputs are all there is. */
static void the_stream_ends_after_255_outputs(void **state)
{
	const struct alg *prf = alg_by_id(ALG_PRF, ALG_PRF_HMAC_SHA2_256);
	struct view seed = view_str("seed");
	static uint8_t out[255 * 32 + 1];

	assert_int_equal(prf_plus(*state, prf, seed, &seed, 1, out, sizeof(out)), CYG_RANGE);
	assert_int_equal(prf_plus(*state, prf, seed, &seed, 1, out, sizeof(out) - 1), CYG_OK);
}

static void check_4231(const struct vector *v, void *ctx)
{
	static const struct {
		uint16_t id;
		const char *field;
	} prfs[] = {{5, "sha256"}, {6, "sha384"}, {7, "sha512"}};

	for (size_t i = 0; i < COUNT_OF(prfs); i++) {
		const struct alg *prf = alg_by_id(ALG_PRF, prfs[i].id);
		struct view want = vector_hex(v, prfs[i].field), data = vector_hex(v, "data");
		struct view parts[] = {view_of(data.ptr, 1),
				       view_of(data.ptr + 1, data.len - 1)};
		uint8_t out[PRF_LEN_MAX];
		assert_int_equal(prf_compute(ctx, prf, vector_hex(v, "key"), parts, 2, out),
				 CYG_OK);
		assert_view_equal(view_of(out, want.len), want);
	}
}

static void prf_matches_rfc_4231(void **state)
{
	vectors_each("unit/crypto/data/rfc4231.txt", check_4231, *state);
}

/* RFC 7296 2.13, spelt out: T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), ... */
static void the_stream_is_the_chain_of_blocks(void **state)
{
	for (uint16_t id = 5; id <= 7; id++) {
		const struct alg *prf = alg_by_id(ALG_PRF, id);
		struct view key = view_str("key"), seed[] = {view_str("se"), view_str("ed")};
		uint8_t want[4 * PRF_LEN_MAX], got[4 * PRF_LEN_MAX];
		for (size_t n = 0; n < 4; n++) {
			uint8_t counter = (uint8_t)(n + 1), *at = want + n * prf->out_len;
			struct view parts[] = {view_of(at - (n ? prf->out_len : 0),
						       n ? prf->out_len : 0),
					       view_str("seed"), view_of(&counter, 1)};
			assert_int_equal(prf_compute(*state, prf, key, parts, 3, at), CYG_OK);
		}
		for (size_t len = 0; len <= 4u * prf->out_len; len += 13) {
			memset(got, 0xee, sizeof(got));
			assert_int_equal(prf_plus(*state, prf, key, seed, 2, got, len), CYG_OK);
			assert_view_equal(view_of(got, len), view_of(want, len));
			assert_int_equal(got[len], 0xee);
		}
	}
}

static void nonces_are_half_the_key_and_at_least_16(void **state)
{
	assert_int_equal(prf_nonce_min(alg_by_id(ALG_PRF, 1)), 16);
	assert_int_equal(prf_nonce_min(alg_by_id(ALG_PRF, 5)), 16);
	assert_int_equal(prf_nonce_min(alg_by_id(ALG_PRF, 6)), 24);
	assert_int_equal(prf_nonce_min(alg_by_id(ALG_PRF, 7)), 32);
	for (const struct alg *a = NULL; (a = alg_next(ALG_PRF, a));)
		assert_true(prf_nonce_min(a) <= PRF_NONCE_OURS);
}

static bool stream_once(void *ctx)
{
	struct view seed = view_str("seed");
	uint8_t out[200];

	return prf_plus(ctx, alg_by_id(ALG_PRF, 6), seed, &seed, 1, out, sizeof(out)) == CYG_OK;
}

static void failing_allocations_leave_nothing(void **state)
{
	test_each_allocation_failing(stream_once, *state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_without_code_are_refused),
		cmocka_unit_test(the_stream_ends_after_255_outputs),
		cmocka_unit_test(prf_matches_rfc_4231),
		cmocka_unit_test(the_stream_is_the_chain_of_blocks),
		cmocka_unit_test(nonces_are_half_the_key_and_at_least_16),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	fail_inside_libcrypto();
	return cmocka_run_group_tests_name("crypto/prf", tests, open_crypto, close_crypto);
}
