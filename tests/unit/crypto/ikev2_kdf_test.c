/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ikev2_kdf.h"

#include "base/builder.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "tests/unit/crypto/vectors.h"

#include <stdio.h>
#include <string.h>

struct fixture {
	struct crypto *crypto;
	size_t checked;
};

static int open_crypto(void **state)
{
	static struct fixture f;

	f.crypto = crypto_new(NULL);
	*state = &f;
	return f.crypto ? 0 : -1;
}

static int close_crypto(void **state)
{
	struct fixture *f = *state;

	crypto_free(f->crypto);
	return 0;
}

static struct suite make(uint16_t encr, uint16_t bits, uint16_t integ)
{
	struct suite s;

	assert_int_equal(suite_make(alg_by_id(ALG_ENCR, encr), bits,
				    alg_by_id(ALG_INTEG, integ), ALG_FOR_IKE, &s),
			 CYG_OK);
	return s;
}

static void inputs_out_of_range_are_refused(void **state)
{
	struct fixture *f = *state;
	static const uint8_t octets[300];
	const struct alg *prf = alg_by_id(ALG_PRF, ALG_PRF_HMAC_SHA2_256);
	struct view good = view_of(octets, 32), eight[8] = {{0}};
	const struct kdf_input bad[] = {
		{.nr = good, .shared = good},
		{.ni = good, .shared = good},
		{.ni = view_of(octets, 257), .nr = good, .shared = good},
		{.ni = good, .nr = view_of(octets, 300), .shared = good},
	};
	struct kdf_input many = {
		.ni = good, .nr = good, .shared = good, .added = eight, .added_n = 8};
	uint8_t out[PRF_LEN_MAX];

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(kdf_skeyseed(f->crypto, prf, &bad[i], out), CYG_RANGE);
	assert_int_equal(kdf_skeyseed_next(f->crypto, prf, good, &many, out), CYG_RANGE);
	assert_int_equal(kdf_keymat(f->crypto, prf, good, &many, out, 32), CYG_RANGE);
}

/* The keys of an IKE SA put back into the order of the stream they were cut from. */
static struct view ike_stream(const struct ike_keys *k, uint8_t *storage, size_t cap)
{
	struct builder b = builder_of(storage, cap);

	build_view(&b, view_of(k->d, k->prf_len));
	build_view(&b, view_of(k->i.integ, k->integ_len));
	build_view(&b, view_of(k->r.integ, k->integ_len));
	build_view(&b, view_of(k->i.encr, k->encr_len));
	build_view(&b, view_of(k->r.encr, k->encr_len));
	build_view(&b, view_of(k->pi, k->prf_len));
	build_view(&b, view_of(k->pr, k->prf_len));
	return build_done(&b);
}

static struct view child_stream(const struct child_keys *k, const struct suite *s,
				uint8_t *storage, size_t cap)
{
	struct builder b = builder_of(storage, cap);

	build_view(&b, view_of(k->i.encr, s->encr_len));
	build_view(&b, view_of(k->i.integ, s->integ_len));
	build_view(&b, view_of(k->r.encr, s->encr_len));
	build_view(&b, view_of(k->r.integ, s->integ_len));
	return build_done(&b);
}

/* As much of `got` as the published stream has must be the same. */
static void assert_prefix(struct view got, struct view want)
{
	size_t len = got.len < want.len ? got.len : want.len;

	assert_true(len >= 100);
	assert_view_equal(view_of(got.ptr, len), view_of(want.ptr, len));
}

static void check_cut_keys(struct fixture *f, const struct vector *v, const struct alg *prf,
			   const struct suite *s, const struct kdf_input *in, struct view sk_d)
{
	uint8_t storage[600];
	struct ike_keys keys;
	struct child_keys child;
	struct kdf_input plain = *in;

	assert_int_equal(kdf_ike_keys(f->crypto, prf, s, vector_hex(v, "SKEYSEED"), in,
				      vector_hex(v, "SPIi"), vector_hex(v, "SPIr"), &keys),
			 CYG_OK);
	assert_view_equal(view_of(keys.d, keys.prf_len), sk_d);
	assert_prefix(ike_stream(&keys, storage, sizeof(storage)), vector_hex(v, "DKM"));

	plain.shared = (struct view){0};
	assert_int_equal(kdf_child_keys(f->crypto, prf, s, sk_d, &plain, &child), CYG_OK);
	if (s->encr_len + s->integ_len >= 64)
		assert_prefix(child_stream(&child, s, storage, sizeof(storage)),
			      vector_hex(v, "DKM(Child SA)"));
}

static void check_case(struct fixture *f, const struct vector *v, const struct alg *prf)
{
	struct kdf_input in = {.ni = vector_hex(v, "Ni"),
			       .nr = vector_hex(v, "Nr"),
			       .shared = vector_hex(v, "g^ir")};
	struct view dkm = vector_hex(v, "DKM"), sk_d = view_of(dkm.ptr, prf->out_len);
	struct view child = vector_hex(v, "DKM(Child SA D-H)");
	const struct suite gcm = make(20, 256, 0), cbc = make(12, 256, 14);
	uint8_t out[600];

	test_row(v->row, "%s %s", prf->name, v->section);
	assert_int_equal(kdf_skeyseed(f->crypto, prf, &in, out), CYG_OK);
	assert_view_equal(view_of(out, prf->out_len), vector_hex(v, "SKEYSEED"));
	check_cut_keys(f, v, prf, &gcm, &in, sk_d);
	check_cut_keys(f, v, prf, &cbc, &in, sk_d);

	in.shared = vector_hex(v, "g^ir (new)");
	assert_int_equal(kdf_keymat(f->crypto, prf, sk_d, &in, out, child.len), CYG_OK);
	assert_view_equal(view_of(out, child.len), child);
	assert_int_equal(kdf_skeyseed_next(f->crypto, prf, sk_d, &in, out), CYG_OK);
	assert_view_equal(view_of(out, prf->out_len), vector_hex(v, "SKEYSEED(Rekey)"));
	f->checked++;
}

static void check_own_copy(const struct vector *v, void *ctx)
{
	check_case(ctx, v, row_named(ALG_PRF, vector_text(v, "prf")));
}

static void schedule_matches_one_case_of_each_prf(void **state)
{
	struct fixture *f = *state;

	f->checked = 0;
	vectors_each("unit/crypto/data/ikev2_kdf.txt", check_own_copy, f);
	assert_int_equal(f->checked, 3);
}

static void check_cavs(const struct vector *v, void *ctx)
{
	struct fixture *f = ctx;
	unsigned bits;

	if (sscanf(strstr(v->section, "[SHA-"), "[SHA-%u]", &bits) != 1)
		fail_msg("no hash in %s", v->section);
	check_case(f, v,
		   alg_by_id(ALG_PRF, bits == 1     ? 2
				      : bits == 256 ? 5
				      : bits == 384 ? 6
						    : 7));
}

static void schedule_matches_nist_cavs(void **state)
{
	struct fixture *f = *state;

	f->checked = 0;
	vectors_corpus_each("vectors/nist-cavs-ike/ikev2.fax.gz", check_cavs, f);
	print_message("# %zu cases checked\n", f->checked);
	assert_true(f->checked > 800);
}

/* RFC 7296 2.14: two PRFs take 64 bits of each nonce for SKEYSEED, and all of them after it. */
static void fixed_keys_take_half_of_each_nonce(void **state)
{
	struct fixture *f = *state;
	const struct suite cbc = make(12, 128, 5);

	for (uint16_t id = 4; id <= 8; id += 4) {
		const struct alg *prf = alg_by_id(ALG_PRF, id);
		struct kdf_input in = {.ni = view_str("initiator's nonce"),
				       .nr = view_str("responder's nonce"),
				       .shared = view_str("shared")};
		struct kdf_input cut = in;
		uint8_t got[PRF_LEN_MAX], want[PRF_LEN_MAX];
		struct ike_keys whole, short_keys;
		test_row(id, "%s", prf->name);
		assert_int_equal(kdf_skeyseed(f->crypto, prf, &in, got), CYG_OK);
		assert_int_equal(prf_compute(f->crypto, prf, view_str("initiatoresponde"),
					     &in.shared, 1, want),
				 CYG_OK);
		assert_memory_equal(got, want, 16);
		cut.ni.len = cut.nr.len = 8;
		assert_int_equal(kdf_skeyseed(f->crypto, prf, &cut, want), CYG_OK);
		assert_memory_equal(got, want, 16);
		assert_int_equal(kdf_ike_keys(f->crypto, prf, &cbc, view_of(got, 16), &in,
					      view_str("spi of i"), view_str("spi of r"),
					      &whole),
				 CYG_OK);
		assert_int_equal(kdf_ike_keys(f->crypto, prf, &cbc, view_of(got, 16), &cut,
					      view_str("spi of i"), view_str("spi of r"),
					      &short_keys),
				 CYG_OK);
		assert_memory_not_equal(whole.d, short_keys.d, 16);
	}
}

/* RFC 9370 2.2.4: later secrets follow the nonces. */
static void additional_secrets_follow_the_nonces(void **state)
{
	struct fixture *f = *state;
	const struct alg *prf = alg_by_id(ALG_PRF, 7);
	struct view added[] = {view_str("second"), view_str("third")};
	struct kdf_input in = {.ni = view_str("Ni"),
			       .nr = view_str("Nr"),
			       .shared = view_str("first"),
			       .added = added,
			       .added_n = 2};
	struct view whole = view_str("firstNiNrsecondthird"), key = view_str("SK_d");
	uint8_t got[PRF_LEN_MAX], want[PRF_LEN_MAX];

	assert_int_equal(kdf_skeyseed_next(f->crypto, prf, key, &in, got), CYG_OK);
	assert_int_equal(prf_compute(f->crypto, prf, key, &whole, 1, want), CYG_OK);
	assert_memory_equal(got, want, sizeof(got));
}

/* Made with Python's hmac module over "msg" | "nonce" | "id". */
static void psk_auth_is_the_nested_prf(void **state)
{
	static const struct {
		uint16_t prf;
		const char *secret, *want;
	} rows[] = {
		{5, "cygnet",
		 "582893eec2d168d61f0d9ee4349ec69f8aa47c5c808f6b748d0f127ede30df8d"},
		{6, "cygnet",
		 "0234af80cebcde5d663816175671460052332be010093a8dc385e41b8777babb"
		 "57911a69c6e21e6c1dae9dabe3ab616f"},
		{7, "cygnet",
		 "10ae91322dacafb6be3f29f7155b1ec42203d9426ceff769c1dc54734e48a60d"
		 "03df7b0d49143647e5985767af6e2fd6700a985bbec4ae391a7fe9676d59fac0"},
		{5, "", "96168f649b6d0caf207a4dabd05063195d57a7cac1dc349dd622b00e5dbfcfc0"},
	};
	struct fixture *f = *state;
	struct view octets[] = {view_str("msg"), view_str("nonce"), view_str("id")};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct alg *prf = alg_by_id(ALG_PRF, rows[i].prf);
		uint8_t out[PRF_LEN_MAX];
		test_row(i, "%s", prf->name);
		assert_int_equal(kdf_psk_auth(f->crypto, prf, view_str(rows[i].secret), octets,
					      3, out),
				 CYG_OK);
		assert_view_equal(view_of(out, prf->out_len), test_hex(rows[i].want));
	}
}

static bool keys_once(void *ctx)
{
	struct fixture *f = ctx;
	struct suite s = make(20, 128, 0);
	struct view n = view_str("nonce nonce nonce"), spi = view_str("12345678");
	struct kdf_input in = {.ni = n, .nr = n, .shared = n};
	struct ike_keys keys;
	struct child_keys child;
	const struct alg *prf = alg_by_id(ALG_PRF, 5);

	return kdf_ike_keys(f->crypto, prf, &s, n, &in, spi, spi, &keys) == CYG_OK &&
	       kdf_child_keys(f->crypto, prf, &s, n, &in, &child) == CYG_OK;
}

static void failing_allocations_leave_nothing(void **state)
{
	test_each_allocation_failing(keys_once, *state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inputs_out_of_range_are_refused),
		cmocka_unit_test(schedule_matches_one_case_of_each_prf),
		cmocka_unit_test(schedule_matches_nist_cavs),
		cmocka_unit_test(fixed_keys_take_half_of_each_nonce),
		cmocka_unit_test(additional_secrets_follow_the_nonces),
		cmocka_unit_test(psk_auth_is_the_nested_prf),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	fail_inside_libcrypto();
	return cmocka_run_group_tests_name("crypto/ikev2_kdf", tests, open_crypto,
					   close_crypto);
}
