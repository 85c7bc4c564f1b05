/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/trust.h"

#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

struct bench {
	struct crypto *crypto;
	struct trust *ours, *theirs;
	struct connection *c;
	const struct ident *me, *him;
};

static void give(struct trust *t, const struct ident *a, const struct ident *b,
		 const char *text)
{
	struct secret_set *s = secret_set_new();
	struct secret_record secret = {.kind = SECRET_PSK, .line = 1, .indices_len = 2};

	secret.indices = calloc(2, sizeof(*secret.indices));
	secret.indices[0] = ident_ref(a);
	secret.indices[1] = ident_ref(b);
	assert_true(bytes_copy(&secret.value, view_str(text)));
	assert_int_equal(secret_set_add(s, &secret, "ipsec.secrets"), CYG_OK);
	trust_set_secrets(t, s, 0);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->crypto = crypto_new(NULL);
	b->ours = trust_new(b->crypto);
	b->theirs = trust_new(b->crypto);
	b->c = connection_new("c");
	b->c->auth = AUTH_SECRET;
	if (ident_parse("@me", &b->me, NULL) || ident_parse("@him", &b->him, NULL))
		return -1;
	give(b->ours, b->me, b->him, "the secret of us two");
	give(b->theirs, b->him, b->me, "the secret of us two");
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	trust_free(b->ours);
	trust_free(b->theirs);
	crypto_free(b->crypto);
	connection_unref(b->c);
	ident_unref(b->me);
	ident_unref(b->him);
	free(b);
	return 0;
}

static struct action request(struct bench *b, enum action_kind kind)
{
	struct action a = {.kind = (uint8_t)kind, .op = 5};

	a.auth = (struct auth_request){.connection = b->c,
				       .local = b->me,
				       .remote = b->him,
				       .prf = 5,
				       .message = LITERAL("message"),
				       .nonce = LITERAL("nonce"),
				       .maced_id = LITERAL("maced id")};
	return a;
}

static struct bytes make(struct bench *b)
{
	struct action a = request(b, ACT_AUTH_MAKE);
	struct trust_reply r;

	trust_ask(b->ours, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_OK);
	assert_int_equal(r.answer.op, 5);
	assert_int_equal(r.answer.auth.method, 2);
	assert_int_equal(r.data.len, 32);
	return r.data;
}

/* The peer's view of what we made. */
static struct answer check(struct bench *b, struct view data, uint8_t method, struct diag *why)
{
	struct action a = request(b, ACT_AUTH_CHECK);
	struct trust_reply r;

	a.auth.local = b->him;
	a.auth.remote = b->me;
	a.auth.end = 1;
	a.auth.method = method;
	a.auth.data = data;
	trust_ask(b->theirs, &a, 0, &r);
	assert_null(r.data.ptr);
	*why = r.why;
	return r.answer;
}

/* authby=secret|pubkey without a usable key: by the secret, and it is told why. */
static void a_fall_back_to_the_secret_is_told(void **state)
{
	struct bench *b = *state;
	struct action a = request(b, ACT_AUTH_MAKE);
	struct trust_reply r;

	b->c->auth = AUTH_SECRET | AUTH_PUBKEY;
	trust_ask(b->ours, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_OK);
	assert_int_equal(r.answer.auth.method, 2);
	assert_non_null(r.answer.why);
	assert_string_equal(r.answer.why->code, "no-private-key");
	assert_non_null(strstr(r.answer.why->sentence, "by the shared secret and not by"));
	trust_reply_done(&r);
}

static void what_one_makes_the_other_finds_valid(void **state)
{
	struct bench *b = *state;
	struct bytes data = make(b);
	struct diag why;
	struct answer a = check(b, view_bytes(&data), 2, &why);

	assert_int_equal(a.err, CYG_OK);
	assert_true(a.auth.valid);
	bytes_wipe(&data);
}

/* RFC 7296 2.15, worked out by hand: prf(prf(secret, pad), message | nonce | MACed ID). */
static void the_proof_is_the_one_of_the_rfc(void **state)
{
	struct bench *b = *state;
	struct view pad = LITERAL("Key Pad for IKEv2"),
		    octets = LITERAL("messagenoncemaced id");
	uint8_t key[HASH_LEN_MAX], want[HASH_LEN_MAX];
	struct bytes data = make(b);

	assert_int_equal(hash_hmac(b->crypto, HASH_SHA2_256, LITERAL("the secret of us two"),
				   &pad, 1, key),
			 CYG_OK);
	assert_int_equal(hash_hmac(b->crypto, HASH_SHA2_256, view_of(key, HASH_SHA2_256_LEN),
				   &octets, 1, want),
			 CYG_OK);
	assert_view_equal(view_bytes(&data), view_of(want, HASH_SHA2_256_LEN));
	bytes_wipe(&data);
}

/* RFC 7619 2.1: the signer's SK_p takes the place of a secret. */
static void null_authentication_binds_the_exchange(void **state)
{
	struct bench *b = *state;
	struct action a = request(b, ACT_AUTH_MAKE);
	struct view pad = LITERAL("Key Pad for IKEv2"),
		    octets = LITERAL("messagenoncemaced id");
	uint8_t key[HASH_LEN_MAX], want[HASH_LEN_MAX];
	struct trust_reply r;

	assert_int_equal(hash_hmac(b->crypto, HASH_SHA2_256, LITERAL("SK_pi"), &pad, 1, key),
			 CYG_OK);
	assert_int_equal(hash_hmac(b->crypto, HASH_SHA2_256, view_of(key, HASH_SHA2_256_LEN),
				   &octets, 1, want),
			 CYG_OK);
	b->c->auth = AUTH_NULL;
	a.auth.sk_p = LITERAL("SK_pi");
	trust_ask(b->ours, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_OK);
	assert_int_equal(r.answer.auth.method, 13);
	assert_view_equal(r.answer.auth.data, view_of(want, HASH_SHA2_256_LEN));
	trust_reply_done(&r);
}

/* Only where the connection says null, and only what belongs to the exchange. */
static void null_authentication_is_not_taken_by_accident(void **state)
{
	static const struct {
		uint16_t auth;
		uint8_t method;
		const char *sk_p;
		bool valid;
	} rows[] = {
		{AUTH_SECRET, 13, "SK_pi", false},
		{AUTH_PUBKEY, 13, "SK_pi", false},
		{AUTH_PUBKEY | AUTH_SECRET, 13, "SK_pi", false},
		{AUTH_NULL, 2, "SK_pi", false},
		{AUTH_NULL, 14, "SK_pi", false},
		{AUTH_NULL, 13, "SK_pr", false},
		{AUTH_NULL, 13, "SK_pi", true},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct action a = request(b, ACT_AUTH_MAKE);
		struct trust_reply made, r;

		test_row(i, "auth %u, method %u", rows[i].auth, rows[i].method);
		b->c->auth = AUTH_NULL;
		a.auth.sk_p = LITERAL("SK_pi");
		trust_ask(b->ours, &a, 0, &made);
		b->c->auth = rows[i].auth;
		a.kind = ACT_AUTH_CHECK;
		a.auth.method = rows[i].method;
		a.auth.data = view_bytes(&made.data);
		a.auth.sk_p = view_str(rows[i].sk_p);
		trust_ask(b->theirs, &a, 0, &r);
		assert_int_equal(r.answer.err, CYG_OK);
		assert_int_equal(r.answer.auth.valid, rows[i].valid);
		assert_int_equal(diag_is_set(&r.why), !rows[i].valid);
		trust_reply_done(&made);
		trust_reply_done(&r);
	}
}

static void an_unknown_prf_is_an_error_of_ours(void **state)
{
	struct bench *b = *state;
	struct action a = request(b, ACT_AUTH_MAKE);
	struct trust_reply r;

	a.auth.prf = 999;
	trust_ask(b->ours, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_UNSUPPORTED);
	assert_null(r.data.ptr);
	a.kind = ACT_AUTH_CHECK;
	a.auth.method = 2;
	trust_ask(b->ours, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_UNSUPPORTED);
	assert_false(r.answer.auth.valid);
	a.kind = ACT_SEND;
	trust_ask(b->ours, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_UNSUPPORTED);
}

/* Whether our secrets fit says which record, and nothing of what is in it. */
static void a_wrong_secret_names_the_record_alone(void **state)
{
	struct bench *b = *state;
	struct bytes data = make(b);
	struct diag why;
	char all[2048];

	give(b->theirs, b->him, b->me, "xylophone");
	assert_false(check(b, view_bytes(&data), 2, &why).auth.valid);
	assert_string_equal(why.code, "auth-mismatch");
	assert_non_null(strstr(why.wanted, "ipsec.secrets:1"));
	assert_non_null(strstr(why.wanted, "@him with @me"));
	diag_print(&why, all, sizeof(all));
	assert_null(strstr(all, "xylophone"));
	assert_null(strstr(all, "of us two"));
	bytes_wipe(&data);
}

/* Each end of a connection may have a way of its own. */
static void ends_may_differ_in_method(void **state)
{
	struct bench *b = *state;
	struct bytes data = make(b);
	struct diag why;

	b->c->auth = AUTH_PUBKEY;
	b->c->end[0].auth = AUTH_SECRET; /* the maker's end, which is the checker's peer */
	assert_true(check(b, view_bytes(&data), 2, &why).auth.valid);
	bytes_wipe(&data);
	data = make(b);
	bytes_wipe(&data);
	b->c->auth = AUTH_SECRET;
	b->c->end[0].auth = AUTH_NEVER;
	assert_false(check(b, view_of("x", 1), 2, &why).auth.valid);
	assert_string_equal(why.code, "auth-method");
}

static bool ask_once(void *ctx)
{
	struct bench *b = ctx;
	struct action a = request(b, ACT_AUTH_MAKE);
	struct trust_job *j = trust_begin(b->ours, &a, 0);
	bool well = j;

	if (j) {
		trust_job_work(j);
		assert_true(trust_job_is_done(j));
		well = !trust_job_reply(j)->answer.err;
		assert_int_equal(trust_job_reply(j)->answer.auth.data.len > 0, well);
	}
	trust_job_free(j);
	return well;
}

static bool make_trust(void *ctx)
{
	struct bench *b = ctx;
	struct trust *t = trust_new(b->crypto);
	bool well = t;

	trust_free(t);
	return well;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(ask_once, *state, true);
	test_each_allocation_failing(make_trust, *state, false);
}

static void anything_else_is_refused(void **state)
{
	struct bench *b = *state;
	struct bytes data = make(b);
	struct diag why;

	for (size_t i = 0; i < data.len; i++) {
		data.ptr[i] ^= 1;
		assert_false(check(b, view_bytes(&data), 2, &why).auth.valid);
		assert_string_equal(why.code, "auth-mismatch");
		data.ptr[i] ^= 1;
	}
	assert_false(check(b, view_of(data.ptr, data.len - 1), 2, &why).auth.valid);
	assert_false(check(b, view_of(data.ptr, 0), 2, &why).auth.valid);
	assert_false(check(b, view_bytes(&data), 1, &why).auth.valid);
	assert_string_equal(why.code, "auth-method");
	assert_false(check(b, view_bytes(&data), 13, &why).auth.valid);
	give(b->theirs, b->him, b->me, "another secret");
	assert_false(check(b, view_bytes(&data), 2, &why).auth.valid);
	assert_null(strstr(why.sentence, "another secret"));
	bytes_wipe(&data);
}

static void a_missing_secret_says_what_to_add(void **state)
{
	struct bench *b = *state;
	struct action a = request(b, ACT_AUTH_MAKE);
	struct bytes data = make(b);
	struct trust_reply r;
	struct answer answer;
	struct diag why;

	trust_set_secrets(b->ours, secret_set_new(), 0);
	trust_ask(b->ours, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_NOTFOUND);
	assert_non_null(strstr(r.why.hint, "@me @him : PSK"));
	assert_ptr_equal(r.answer.why, &r.why);
	trust_set_secrets(b->theirs, secret_set_new(), 0);
	answer = check(b, view_bytes(&data), 2, &why);
	assert_int_equal(answer.err, CYG_OK);
	assert_false(answer.auth.valid);
	assert_string_equal(why.code, "no-secret");
	bytes_wipe(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(anything_else_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_missing_secret_says_what_to_add, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_unknown_prf_is_an_error_of_ours, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_secret_names_the_record_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(memory_may_run_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_may_differ_in_method, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_fall_back_to_the_secret_is_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_one_makes_the_other_finds_valid, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_proof_is_the_one_of_the_rfc, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(null_authentication_binds_the_exchange, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(null_authentication_is_not_taken_by_accident,
						set_up, tear_down),
	};

	return RUN_TESTS("trust/trust", tests);
}
