/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include "crypto/crypto.h"
#include "tests/unit/crypto/vectors.h"

#include <stdio.h>
#include <string.h>

#define PUBLISHED \
	HASH_MD5 /* below it: with vectors in these files; MD5 and mac.txt: prf_test.c */
static const char *const hash_names[PUBLISHED] = {"sha1", "sha256", "sha384", "sha512"};

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

static void check_hash(const struct vector *v, void *ctx)
{
	struct view whole = vector_hex(v, "message");
	size_t cut = whole.len / 3;
	struct view parts[] = {view_of(whole.ptr, cut),
			       {NULL, 0},
			       view_of(whole.ptr + cut, whole.len - cut)};

	for (enum hash h = 0; h < PUBLISHED; h++) {
		uint8_t out[HASH_LEN_MAX];
		test_row(v->row, "%s", hash_names[h]);
		assert_int_equal(hash_compute(ctx, h, parts, 3, out), CYG_OK);
		assert_view_equal(view_of(out, hash_len(h)), vector_hex(v, hash_names[h]));
	}
}

static void hashes_match_fips_180(void **state)
{
	vectors_each("unit/crypto/data/fips180.txt", check_hash, *state);
}

static void check_hmac(const struct vector *v, void *ctx)
{
	struct view data = vector_hex(v, "data");

	for (enum hash h = HASH_SHA2_256; h < PUBLISHED; h++) {
		struct view want = vector_hex(v, hash_names[h]);
		uint8_t out[HASH_LEN_MAX];
		test_row(v->row, "%s", hash_names[h]);
		assert_int_equal(hash_hmac(ctx, h, vector_hex(v, "key"), &data, 1, out),
				 CYG_OK);
		assert_view_equal(view_of(out, want.len), want);
	}
}

static void hmac_matches_rfc_4231(void **state)
{
	vectors_each("unit/crypto/data/rfc4231.txt", check_hmac, *state);
}

/* RFC 2104: an empty key is a key of zeroes; it must not mean "the last key". */
static void an_empty_key_is_a_key(void **state)
{
	struct view data = view_str("x"), key = view_str("not this one");
	uint8_t empty[HASH_SHA2_256_LEN], zero[HASH_SHA2_256_LEN], other[HASH_SHA2_256_LEN];

	assert_int_equal(hash_hmac(*state, HASH_SHA2_256, key, &data, 1, other), CYG_OK);
	assert_int_equal(hash_hmac(*state, HASH_SHA2_256, (struct view){0}, &data, 1, empty),
			 CYG_OK);
	assert_int_equal(hash_hmac(*state, HASH_SHA2_256, view_of("\0\0\0", 3), &data, 1, zero),
			 CYG_OK);
	assert_memory_equal(empty, zero, sizeof(empty));
	assert_memory_not_equal(empty, other, sizeof(empty));
}

struct mac_file {
	struct crypto *crypto;
	enum hash hash;
	size_t valid, invalid;
};

static void check_wycheproof(json_t *group, json_t *test, void *ctx)
{
	struct mac_file *f = ctx;
	struct view message = wycheproof_hex(test, "msg"), want = wycheproof_hex(test, "tag");
	bool valid = strcmp(wycheproof_text(test, "result"), "valid") == 0;
	uint8_t out[HASH_LEN_MAX];

	assert_true(want.len <= hash_len(f->hash));
	assert_int_equal(hash_hmac(f->crypto, f->hash, wycheproof_hex(test, "key"), &message, 1,
				   out),
			 CYG_OK);
	assert_int_equal(view_equal(view_of(out, want.len), want), valid);
	f->valid += valid;
	f->invalid += !valid;
}

static void hmac_matches_wycheproof(void **state)
{
	for (enum hash h = 0; h < PUBLISHED; h++) {
		struct mac_file f = {*state, h, 0, 0};
		char name[32];
		snprintf(name, sizeof(name), "hmac_%s", hash_names[h]);
		wycheproof_each(name, check_wycheproof, &f);
		assert_true(f.valid && f.invalid);
	}
}

static bool hash_once(void *ctx)
{
	struct view data = view_str("abc");
	uint8_t out[HASH_LEN_MAX];

	return hash_compute(ctx, HASH_SHA1, &data, 1, out) == CYG_OK &&
	       hash_hmac(ctx, HASH_SHA2_512, data, &data, 1, out) == CYG_OK;
}

static void failing_allocations_leave_nothing(void **state)
{
	test_each_allocation_failing(hash_once, *state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_key_is_a_key),
		cmocka_unit_test(hashes_match_fips_180),
		cmocka_unit_test(hmac_matches_rfc_4231),
		cmocka_unit_test(hmac_matches_wycheproof),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	fail_inside_libcrypto();
	return cmocka_run_group_tests_name("crypto/hash", tests, open_crypto, close_crypto);
}
