/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/alg.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

static void unknown_names_are_not_found(void **state)
{
	static const struct {
		enum alg_kind kind;
		const char *name;
	} rows[] = {
		{ALG_ENCR, ""},
		{ALG_ENCR, "a"},
		{ALG_ENCR, "aes1"},
		{ALG_ENCR, "aes127"},
		{ALG_ENCR, "aes512"},
		{ALG_ENCR, "aes0"},
		{ALG_ENCR, "aes_"},
		{ALG_ENCR, "aes--128"},
		{ALG_ENCR, "aes128x"},
		{ALG_ENCR, "aes65664"},
		{ALG_ENCR, "aes99999999999999999999128"},
		{ALG_ENCR, "ae_s"},
		{ALG_ENCR, "twofish"},
		{ALG_ENCR, "sha256"},
		{ALG_ENCR, "aes#"},
		{ALG_ENCR, "aes_gcm_17"},
		{ALG_ENCR, "chacha20poly1305_128"},
		{ALG_INTEG, "aes"},
		{ALG_INTEG, "sha2_224"},
		{ALG_INTEG, "prfsha256"},
		{ALG_PRF, "modp2048"},
		{ALG_PRF, "sha2_256_128"},
		{ALG_KE, "modp2049"},
		{ALG_KE, "dh"},
		{ALG_KE, "dh99"},
		{ALG_KE, "ffdhe2048"},
		{ALG_ESN, "maybe"},
		{0, "aes"},
		{ALG_KINDS, "aes"},
		{200, "aes"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint16_t bits = 77;
		test_row(i, "%s", rows[i].name);
		assert_null(alg_by_name(rows[i].kind, view_str(rows[i].name), &bits));
		assert_int_equal(bits, 77);
	}
}

static void unknown_numbers_are_not_found(void **state)
{
	assert_null(alg_by_id(ALG_ENCR, 0));
	assert_null(alg_by_id(ALG_ENCR, 10));
	assert_null(alg_by_id(ALG_ENCR, 17));
	assert_null(alg_by_id(ALG_ENCR, 36));
	assert_null(alg_by_id(ALG_ENCR, 65535));
	assert_null(alg_by_id(ALG_KE, 3));
	assert_null(alg_by_id(ALG_ESN, 3));
	assert_null(alg_by_id(0, 1));
	assert_null(alg_by_id(13, 14));
	assert_null(alg_by_id((enum alg_kind) - 1, 14));
	assert_null(alg_next(0, NULL));
	assert_null(alg_next(13, NULL));
}

static void names_of_three_dialects_are_found(void **state)
{
	static const struct {
		enum alg_kind kind;
		const char *name;
		uint16_t id, bits;
	} rows[] = {
		/* Openswan */
		{ALG_ENCR, "aes", 12, 0},
		{ALG_ENCR, "aes_cbc", 12, 0},
		{ALG_ENCR, "aes-128", 12, 128},
		{ALG_ENCR, "aes128", 12, 128},
		{ALG_ENCR, "aes_ccm_16", 16, 0},
		{ALG_ENCR, "aes_gcm_8", 18, 0},
		{ALG_ENCR, "3des", 3, 0},
		{ALG_ENCR, "3des_cbc", 3, 0},
		{ALG_INTEG, "sha1", 2, 0},
		{ALG_INTEG, "md5", 1, 0},
		{ALG_INTEG, "hmac_sha2_256", 12, 0},
		{ALG_PRF, "prfsha256", 5, 0},
		{ALG_KE, "modp1536", 5, 0},
		{ALG_KE, "dh22", 22, 0},
		{ALG_KE, "secp256r1", 19, 0},
		{ALG_KE, "ecp512", 21, 0},
		/* Libreswan */
		{ALG_ENCR, "aes_gcm", 20, 0},
		{ALG_ENCR, "aes_gcm256", 20, 256},
		{ALG_ENCR, "aes_gcm_16_256", 20, 256},
		{ALG_ENCR, "aes_gcm_16-128", 20, 128},
		{ALG_ENCR, "aes_gcm_c-192", 20, 192},
		{ALG_ENCR, "aes_gcm_a", 18, 0},
		{ALG_ENCR, "AES_GCM_16_256", 20, 256},
		{ALG_ENCR, "chacha20_poly1305", 28, 0},
		{ALG_ENCR, "null_auth_aes_gmac", 21, 0},
		{ALG_ENCR, "aes_ctr128", 13, 128},
		{ALG_INTEG, "sha2_512", 14, 0},
		{ALG_INTEG, "sha2_256_128", 12, 0},
		{ALG_INTEG, "aes_xcbc", 5, 0},
		{ALG_INTEG, "none", 0, 0},
		{ALG_PRF, "sha2", 5, 0},
		{ALG_PRF, "HMAC_SHA2_384", 6, 0},
		{ALG_KE, "dh31", 31, 0},
		{ALG_KE, "ecp_521", 21, 0},
		{ALG_KE, "MODP2048", 14, 0},
		{ALG_KE, "ml_kem_768", 36, 0},
		{ALG_ADDKE1, "mlkem1024", 37, 0},
		{ALG_ESN, "yes", 1, 0},
		/* strongSwan */
		{ALG_ENCR, "aes256gcm16", 20, 256},
		{ALG_ENCR, "aes128gcm128", 20, 128},
		{ALG_ENCR, "aes192gcm96", 19, 192},
		{ALG_ENCR, "aes128gcm64", 18, 128},
		{ALG_ENCR, "aes256ccm128", 16, 256},
		{ALG_ENCR, "aes256ctr", 13, 256},
		{ALG_ENCR, "aes256gmac", 21, 256},
		{ALG_ENCR, "camellia256", 23, 256},
		{ALG_ENCR, "chacha20poly1305", 28, 0},
		{ALG_ENCR, "blowfish192", 7, 192},
		{ALG_INTEG, "sha256", 12, 0},
		{ALG_INTEG, "sha384", 13, 0},
		{ALG_INTEG, "aesxcbc", 5, 0},
		{ALG_INTEG, "md5_128", 6, 0},
		{ALG_PRF, "prfsha512", 7, 0},
		{ALG_PRF, "prfaesxcbc", 4, 0},
		{ALG_KE, "curve25519", 31, 0},
		{ALG_KE, "x25519", 31, 0},
		{ALG_KE, "curve448", 32, 0},
		{ALG_KE, "ecp256bp", 28, 0},
		{ALG_KE, "modp2048s256", 24, 0},
		{ALG_KE, "ecp521", 21, 0},
		{ALG_ADDKE7, "mlkem512", 35, 0},
		{ALG_ESN, "esn", 1, 0},
		{ALG_ESN, "noesn", 0, 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint16_t bits = 77;
		const struct alg *a = alg_by_name(rows[i].kind, view_str(rows[i].name), &bits);
		test_row(i, "%s", rows[i].name);
		assert_non_null(a);
		assert_int_equal(a->id, rows[i].id);
		assert_int_equal(bits, rows[i].bits);
	}
}

/* Whatever is printed can be written in a configuration, and means the same. */
static void printed_names_are_read_back(void **state)
{
	for (unsigned kind = ALG_ENCR; kind <= ALG_KE; kind++) {
		for (const struct alg *a = NULL; (a = alg_next(kind, a));) {
			char buf[ALG_TEXT_MAX];
			if (!a->built)
				continue;
			for (size_t i = 0; i == 0 || (i < ALG_BITS_MAX && a->bits[i]); i++) {
				uint16_t bits = 77;
				alg_print(a, a->bits[i], buf);
				test_row(a->id, "%s", buf);
				assert_ptr_equal(alg_by_name(kind, view_str(buf), &bits), a);
				assert_int_equal(bits, a->bits[i]);
			}
		}
	}
}

static void every_pattern_finds_its_own_row(void **state)
{
	for (unsigned kind = ALG_ENCR; kind <= ALG_ESN; kind++) {
		for (const struct alg *a = NULL; (a = alg_next(kind, a));) {
			for (size_t i = 0; a->names && a->names[i]; i++) {
				char plain[ALG_TEXT_MAX];
				size_t len = 0;
				uint16_t bits;
				for (const char *p = a->names[i]; *p; p++)
					if (*p != '#')
						plain[len++] = *p;
				test_row(a->id, "%s", a->names[i]);
				assert_null(strchr("_#",
						   a->names[i][0])); /* a search rests on it */
				assert_ptr_equal(alg_by_name(kind, view_of(plain, len), &bits),
						 a);
			}
		}
	}
}

/* RFC 8247, RFC 8221, RFC 9395: what these call MUST NOT or SHOULD NOT is weak or refused. */
static void what_the_rfcs_advise_against_is_not_strong(void **state)
{
	static const struct {
		enum alg_kind kind;
		uint16_t id;
	} rows[] = {
		{ALG_ENCR, 1},  {ALG_ENCR, 2},  {ALG_ENCR, 3},  {ALG_ENCR, 4},  {ALG_ENCR, 5},
		{ALG_ENCR, 6},  {ALG_ENCR, 7},  {ALG_ENCR, 8},  {ALG_ENCR, 9},  {ALG_ENCR, 11},
		{ALG_ENCR, 21}, {ALG_PRF, 1},   {ALG_PRF, 2},   {ALG_PRF, 3},   {ALG_INTEG, 1},
		{ALG_INTEG, 2}, {ALG_INTEG, 3}, {ALG_INTEG, 4}, {ALG_INTEG, 6}, {ALG_INTEG, 7},
		{ALG_KE, 1},    {ALG_KE, 2},    {ALG_KE, 5},    {ALG_KE, 22},   {ALG_KE, 23},
		{ALG_KE, 24},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct alg *a = alg_by_id(rows[i].kind, rows[i].id);
		test_row(i, "%s", a->name);
		assert_int_not_equal(a->strength, ALG_STRONG);
		assert_non_null(a->why);
	}
}

/* What the code relies on in a row that is built. */
static void built_rows_are_complete(void **state)
{
	for (unsigned kind = ALG_ENCR; kind <= ALG_ESN; kind++) {
		for (const struct alg *a = NULL; (a = alg_next(kind, a));) {
			test_row(a->id, "%s %s", alg_kind_name(kind), a->name);
			assert_int_equal(a->kind, kind);
			assert_ptr_equal(alg_by_id(kind, a->id), a);
			assert_non_null(a->ref);
			assert_int_equal(a->strength == ALG_STRONG, a->why == NULL);
			assert_int_equal(a->key_attr, a->key_attr && a->bits[0]);
			assert_true(!a->bits_default || alg_bits_ok(a, a->bits_default));
			if (!a->built || !strcmp(a->name, "NONE") || kind == ALG_ESN)
				continue;
			assert_int_not_equal(a->form, ALG_FORM_NONE);
			if (a->form == ALG_FORM_NULL)
				continue;
			assert_non_null(a->ossl[0]);
			for (size_t k = 0; kind == ALG_ENCR && k < ALG_BITS_MAX && a->bits[k];
			     k++)
				assert_non_null(a->ossl[k]);
			if (kind == ALG_KE)
				assert_true(a->form && a->public_i && a->public_r &&
					    a->out_len);
			else
				assert_true(alg_key_len(a, 0) > 0);
		}
	}
}

static void numbers_print_with_their_names(void **state)
{
	static const struct {
		unsigned kind;
		uint16_t id, bits;
		const char *text;
	} rows[] = {
		{ALG_ENCR, 20, 256, "AES_GCM_16_256"},
		{ALG_ENCR, 3, 0, "3DES"},
		{ALG_ENCR, 4242, 256, "ENCR(4242)_256"},
		{ALG_KE, 14, 0, "MODP2048"},
		{ALG_KE, 31, 0, "X25519"},
		{ALG_ADDKE7, 36, 0, "ML_KEM_768"},
		{ALG_ADDKE1, 65535, 0, "ADDKE1(65535)"},
		{ALG_PRF, 2, 0, "HMAC_SHA1"},
		{ALG_INTEG, 12, 0, "HMAC_SHA2_256_128"},
		{ALG_ESN, 1, 0, "ESN_YES"},
		{99, 7, 0, "?(7)"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char buf[ALG_TEXT_MAX];
		assert_string_equal(alg_print_id(rows[i].kind, rows[i].id, rows[i].bits, buf),
				    rows[i].text);
	}
}

static void lengths_follow_the_size_named(void **state)
{
	const struct alg *gcm = alg_by_id(ALG_ENCR, ALG_ENCR_AES_GCM_16);
	const struct alg *chacha = alg_by_id(ALG_ENCR, ALG_ENCR_CHACHA20_POLY1305);

	assert_int_equal(alg_key_len(gcm, 129), 0);
	assert_int_equal(alg_key_len(chacha, 256), 0);
	assert_false(alg_bits_ok(gcm, 0));
	assert_false(alg_bits_ok(chacha, 256));
	assert_int_equal(alg_key_len(gcm, 0), 16);
	assert_int_equal(alg_key_len(gcm, 256), 32);
	assert_int_equal(alg_key_len(chacha, 0), 32);
	assert_true(alg_bits_ok(chacha, 0));
}

static void refusals_say_why(void **state)
{
	const struct alg *integ = alg_by_id(ALG_INTEG, ALG_INTEG_HMAC_SHA2_384_192);

	assert_non_null(alg_refusal(alg_by_id(ALG_ENCR, ALG_ENCR_NULL), ALG_FOR_IKE));
	assert_non_null(alg_refusal(alg_by_id(ALG_ENCR, 21), ALG_FOR_IKE));
	assert_non_null(alg_refusal(alg_by_id(ALG_ENCR, 1), ALG_FOR_IKE));
	assert_non_null(alg_refusal(alg_by_id(ALG_ENCR, 25), ALG_FOR_ESP));
	assert_non_null(alg_refusal(alg_by_id(ALG_KE, 36), ALG_FOR_IKE));
	assert_null(alg_refusal(alg_by_id(ALG_ENCR, ALG_ENCR_NULL), ALG_FOR_ESP));
	assert_null(alg_refusal(alg_by_id(ALG_ENCR, ALG_ENCR_3DES), ALG_FOR_IKE));
	assert_null(alg_refusal(alg_by_id(ALG_KE, 22), ALG_FOR_IKE));
	assert_null(alg_refusal(alg_by_id(ALG_ENCR, ALG_ENCR_AES_CBC), ALG_FOR_ESP));
	assert_int_equal(alg_prf_of(integ)->id, ALG_PRF_HMAC_SHA2_384);
	assert_null(alg_prf_of(alg_by_id(ALG_INTEG, ALG_INTEG_NONE)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_names_are_not_found),
		cmocka_unit_test(unknown_numbers_are_not_found),
		cmocka_unit_test(names_of_three_dialects_are_found),
		cmocka_unit_test(printed_names_are_read_back),
		cmocka_unit_test(every_pattern_finds_its_own_row),
		cmocka_unit_test(what_the_rfcs_advise_against_is_not_strong),
		cmocka_unit_test(built_rows_are_complete),
		cmocka_unit_test(numbers_print_with_their_names),
		cmocka_unit_test(lengths_follow_the_size_named),
		cmocka_unit_test(refusals_say_why),
	};

	return RUN_TESTS("crypto/alg", tests);
}
