/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token_private.h"

#include "tests/unit/support/test.h"
#include "tests/unit/token/mock.h"

#include <sched.h>
#include <string.h>

static void on_key(void *ctx, struct view half, bool is_cert, struct token_key *k)
{
	struct token_key **ret = ctx;

	*ret = token_key_ref(k);
}

static struct tokens *open_key(struct token_key **ret)
{
	struct tokens *t;

	mock_reset();
	t = tokens_open(NULL, NULL);
	assert_non_null(t);
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, ret, NULL),
			 CYG_OK);
	return t;
}

static void mechanisms(void **state)
{
	static const struct {
		enum token_mechanism how;
		size_t len;
		enum cyg_err err;
		CK_MECHANISM_TYPE mechanism, hash;
	} rows[] = {
		{TOKEN_RSA_PSS, 20, CYG_UNSUPPORTED},
		{TOKEN_RSA_PSS, 0, CYG_UNSUPPORTED},
		{TOKEN_RSA_PSS, 32, CYG_OK, CKM_RSA_PKCS_PSS, CKM_SHA256},
		{TOKEN_RSA_PSS, 48, CYG_OK, CKM_RSA_PKCS_PSS, CKM_SHA384},
		{TOKEN_RSA_PSS, 64, CYG_OK, CKM_RSA_PKCS_PSS, CKM_SHA512},
		{TOKEN_RSA_PKCS1, 35, CYG_OK, CKM_RSA_PKCS, 0},
		{TOKEN_ECDSA, 32, CYG_OK, CKM_ECDSA, 0},
		{TOKEN_EDDSA, 300, CYG_OK, CKM_EDDSA, 0},
	};
	static const uint8_t octets[300];
	struct token_key *k = NULL;
	struct tokens *t = open_key(&k);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes made = {0};

		test_row(i, "mechanism %d of %zu octets", rows[i].how, rows[i].len);
		mock.pss = (CK_RSA_PKCS_PSS_PARAMS){0};
		assert_int_equal(token_sign(k, rows[i].how, view_of(octets, rows[i].len), &made,
					    NULL),
				 rows[i].err);
		if (rows[i].err)
			continue;
		assert_view_equal(view_bytes(&made), LITERAL(MOCK_SIGNATURE));
		assert_int_equal(mock.mechanism.mechanism, rows[i].mechanism);
		assert_int_equal(mock.pss.hashAlg, rows[i].hash);
		assert_int_equal(mock.pss.sLen, rows[i].hash ? rows[i].len : 0);
		bytes_done(&made);
	}
	token_key_unref(k);
	tokens_close(t);
	assert_int_equal(mock.sessions, 0);
}

static void a_token_that_does_not_sign(void **state)
{
	struct token_key *k = NULL;
	struct tokens *t = open_key(&k);
	struct bytes made = {0};
	struct diag why;

	mock.sign = CKR_DEVICE_ERROR;
	assert_int_equal(token_sign(k, TOKEN_ECDSA, LITERAL("hash"), &made, &why), CYG_CRYPTO);
	assert_string_equal(why.code, "token-signature");
	assert_non_null(strstr(why.sentence, "office"));
	mock.sign = CKR_OK;
	mock.slots[0].present = false;
	assert_int_equal(token_sign(k, TOKEN_ECDSA, LITERAL("hash"), &made, &why), CYG_CRYPTO);
	assert_null(made.ptr);
	token_key_unref(k);
	tokens_close(t);
}

/* Another one that asks is told at once, until it has answered. */
static void a_token_that_does_not_answer(void **state)
{
	struct token_key *k = NULL;
	struct tokens *t = open_key(&k);
	struct bytes made = {0};
	struct diag why;

	t->sign_ms = 1000;
	mock.mute = true;
	assert_int_equal(token_sign(k, TOKEN_ECDSA, LITERAL("hash"), &made, &why), CYG_CRYPTO);
	assert_string_equal(why.got, "no answer");
	assert_string_equal(why.wanted, "a signature within 1 seconds");
	t->sign_ms = 600000;
	assert_int_equal(token_sign(k, TOKEN_ECDSA, LITERAL("hash"), &made, &why), CYG_CRYPTO);
	assert_null(made.ptr);
	mock.mute = false;
	while (token_sign(k, TOKEN_ECDSA, LITERAL("hash"), &made, &why))
		sched_yield();
	assert_view_equal(view_bytes(&made), LITERAL(MOCK_SIGNATURE));
	bytes_done(&made);
	token_key_unref(k);
	tokens_close(t);
	assert_int_equal(mock.sessions, 0);
}

static void *sign_once(void *arg)
{
	struct bytes made = {0};

	return token_sign(arg, TOKEN_ECDSA, LITERAL("hash"), &made, NULL) ? NULL : arg;
}

static void who_waits_goes_when_it_is_stopped(void **state)
{
	struct token_key *k = NULL;
	struct tokens *t = open_key(&k);
	pthread_t threads[2];
	void *signed_it;

	mock.mute = true;
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_once, k), 0);
	tokens_stop(t);
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &signed_it), 0);
		assert_null(signed_it);
	}
	mock.mute = false;
	token_key_unref(k);
	tokens_close(t);
	assert_int_equal(mock.sessions, 0);
	assert_int_equal(mock.modules, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mechanisms),
		cmocka_unit_test(a_token_that_does_not_sign),
		cmocka_unit_test(a_token_that_does_not_answer),
		cmocka_unit_test(who_waits_goes_when_it_is_stopped),
	};

	return RUN_TESTS("token/sign", tests);
}
