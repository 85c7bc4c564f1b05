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
	} rows[] = {{ALG_PRF, 3}, {ALG_PRF, 9}, {ALG_INTEG, 12}};
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

/* In three parts, so that each code sees blocks that end in the middle of a part. */
static void check_mac(const struct vector *v, void *ctx)
{
	const struct alg *prf = row_named(ALG_PRF, vector_text(v, "prf"));
	struct view want = vector_hex(v, "value"), data = vector_hex(v, "data");
	size_t one = data.len / 3, two = data.len / 2;
	struct view parts[] = {view_of(data.ptr, one), view_of(data.ptr + one, two - one),
			       view_of(data.ptr + two, data.len - two)};
	uint8_t out[PRF_LEN_MAX];

	test_row(v->row, "%s", prf->name);
	assert_int_equal(prf_compute(ctx, prf, vector_hex(v, "key"), parts, 3, out), CYG_OK);
	assert_view_equal(view_of(out, prf->out_len), want);
}

static void older_prfs_match_their_rfcs(void **state)
{
	vectors_each("unit/crypto/data/mac.txt", check_mac, *state);
}

/* RFC 4434 2, RFC 4615 3: any key will do, the empty one and one of one octet more too. */
static void a_block_cipher_takes_keys_of_any_length(void **state)
{
	static const uint8_t octets[40] = {1, 2, 3};

	for (uint16_t id = 4; id <= 8; id += 4) {
		const struct alg *prf = alg_by_id(ALG_PRF, id);
		struct view data = view_str("data"), zeros = view_of(octets + 3, 16);
		uint8_t value[41][PRF_LEN_MAX], zero[PRF_LEN_MAX];
		test_row(id, "%s", prf->name);
		for (size_t len = 0; len <= 40; len++)
			assert_int_equal(prf_compute(*state, prf, view_of(octets, len), &data,
						     1, value[len]),
					 CYG_OK);
		assert_int_equal(prf_compute(*state, prf, zeros, &data, 1, zero), CYG_OK);
		/* XCBC fills with zeros, so that short keys may meet; CMAC keeps them apart. */
		assert_int_equal(memcmp(value[0], zero, 16) == 0, id == 4);
		assert_int_equal(memcmp(value[3], value[16], 16) == 0, id == 4);
		for (size_t len = 17; len <= 40; len++)
			assert_memory_not_equal(value[len - 1], value[len], 16);
	}
}

static void check_wycheproof_cmac(json_t *group, json_t *test, void *ctx)
{
	const struct alg *prf = alg_by_id(ALG_PRF, ALG_PRF_AES128_CMAC);
	struct view message = wycheproof_hex(test, "msg"), want = wycheproof_hex(test, "tag");
	bool valid = strcmp(wycheproof_text(test, "result"), "valid") == 0;
	uint8_t out[PRF_LEN_MAX];

	if (wycheproof_hex(test, "key").len != 16 || want.len > 16)
		return;
	assert_int_equal(prf_compute(ctx, prf, wycheproof_hex(test, "key"), &message, 1, out),
			 CYG_OK);
	assert_int_equal(view_equal(view_of(out, want.len), want), valid);
}

static void cmac_matches_wycheproof(void **state)
{
	wycheproof_each("aes_cmac", check_wycheproof_cmac, *state);
}

/* RFC 7296 2.13, spelt out: T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), ... */
static void the_stream_is_the_chain_of_blocks(void **state)
{
	for (const struct alg *prf = NULL; (prf = alg_next(ALG_PRF, prf));) {
		if (!prf->built)
			continue;
		test_row(prf->id, "%s", prf->name);
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

static bool xcbc_once(void *ctx)
{
	struct view seed = view_str("seed");
	uint8_t out[40];

	return prf_plus(ctx, alg_by_id(ALG_PRF, ALG_PRF_AES128_XCBC), seed, &seed, 1, out,
			sizeof(out)) == CYG_OK;
}

static bool cmac_once(void *ctx)
{
	struct view seed = view_str("seed");
	uint8_t out[40];

	return prf_plus(ctx, alg_by_id(ALG_PRF, ALG_PRF_AES128_CMAC), seed, &seed, 1, out,
			sizeof(out)) == CYG_OK;
}

static void failing_allocations_leave_nothing(void **state)
{
	test_each_allocation_failing(xcbc_once, *state, false);
	test_each_allocation_failing(cmac_once, *state, true);
	test_each_allocation_failing(stream_once, *state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_without_code_are_refused),
		cmocka_unit_test(the_stream_ends_after_255_outputs),
		cmocka_unit_test(prf_matches_rfc_4231),
		cmocka_unit_test(older_prfs_match_their_rfcs),
		cmocka_unit_test(a_block_cipher_takes_keys_of_any_length),
		cmocka_unit_test(cmac_matches_wycheproof),
		cmocka_unit_test(the_stream_is_the_chain_of_blocks),
		cmocka_unit_test(nonces_are_half_the_key_and_at_least_16),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	fail_inside_libcrypto();
	return cmocka_run_group_tests_name("crypto/prf", tests, open_crypto, close_crypto);
}
