/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/trust.h"

#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Post-quantum pre-shared keys (RFC 8784): which record, and what comes of it. */

#define LEN HASH_SHA2_256_LEN
#define PRF_HMAC_SHA2_256 5

struct bench {
	struct crypto *crypto;
	struct trust *trust;
	struct connection *c;
	const struct ident *me, *him, *other;
	uint8_t keys[3 * LEN];
};

static void add(struct secret_set *s, const struct ident *a, const struct ident *b,
		const char *name, const char *value)
{
	struct secret_record r = {.kind = SECRET_PPK, .line = 1};

	r.indices = calloc(2, sizeof(*r.indices));
	if (a)
		r.indices[r.indices_len++] = ident_ref(a);
	if (b)
		r.indices[r.indices_len++] = ident_ref(b);
	r.name = strdup(name);
	assert_true(bytes_copy(&r.value, view_str(value)));
	assert_int_equal(secret_set_add(s, &r, "ipsec.secrets"), CYG_OK);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct secret_set *s = secret_set_new();

	b->crypto = crypto_new(NULL);
	b->trust = trust_new(b->crypto);
	b->c = connection_new("c");
	assert_int_equal(ident_parse("@me", &b->me, NULL), CYG_OK);
	assert_int_equal(ident_parse("@him", &b->him, NULL), CYG_OK);
	assert_int_equal(ident_parse("@other", &b->other, NULL), CYG_OK);
	add(s, NULL, NULL, "anyone's", "the key of anyone");
	add(s, b->me, b->him, "ours", "the key of us two");
	add(s, b->me, b->him, "spare", "the other key of us two");
	add(s, b->him, b->other, "theirs", "the key of others");
	trust_set_secrets(b->trust, s, 0);
	for (size_t i = 0; i < sizeof(b->keys); i++)
		b->keys[i] = (uint8_t)i;
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	trust_free(b->trust);
	connection_unref(b->c);
	ident_unref(b->me);
	ident_unref(b->him);
	ident_unref(b->other);
	crypto_free(b->crypto);
	free(b);
	return 0;
}

static void ask(struct bench *b, struct view id, struct trust_reply *ret)
{
	struct action a = {.kind = ACT_PPK, .op = 7};

	a.ppk = (struct ppk_request){
		.connection = b->c,
		.local = b->me,
		.remote = b->him,
		.id = id,
		.prf = PRF_HMAC_SHA2_256,
		.keys = view_of(b->keys, sizeof(b->keys)),
	};
	trust_ask(b->trust, &a, 0, ret);
	assert_int_equal(ret->answer.op, 7);
}

/* What a name leads to; NULL: nothing. */
static void assert_found(struct bench *b, const char *id, size_t id_len, const char *want)
{
	struct trust_reply r;

	ask(b, view_of(id, id_len), &r);
	assert_int_equal(r.answer.err, want ? CYG_OK : CYG_NOTFOUND);
	assert_int_equal(diag_is_set(&r.why), want == NULL);
	if (want) {
		assert_int_equal(r.answer.ppk.id.ptr[0], PPK_ID_FIXED);
		assert_view_equal(view_of(r.answer.ppk.id.ptr + 1, r.answer.ppk.id.len - 1),
				  view_str(want));
	}
	trust_reply_done(&r);
}

static void set_ids(struct bench *b, const char *ids)
{
	free(b->c->ppk_ids);
	b->c->ppk_ids = ids ? strdup(ids) : NULL;
}

#define NAMED(text) "\x02" text, sizeof("\x02" text) - 1

static void what_is_not_there_is_not_found(void **state)
{
	struct bench *b = *state;

	assert_found(b, NAMED("their"), NULL);
	assert_found(b, NAMED("theirs"), NULL); /* of him with another */
	assert_found(b, NAMED("ours\0"), NULL);
	assert_found(b, NAMED("OURS"), NULL);
	assert_found(b, NAMED(""), NULL);
	assert_found(b, "\x01ours", 5, NULL); /* PPK_ID_OPAQUE */
	assert_found(b, "\x00ours", 5, NULL);
	set_ids(b, "spare");
	assert_found(b, NAMED("ours"), NULL);
	set_ids(b, "missing");
	assert_found(b, "", 0, NULL);
	assert_found(b, NAMED("spare"), NULL);
	trust_set_secrets(b->trust, secret_set_new(), 0);
	set_ids(b, NULL);
	assert_found(b, "", 0, NULL);
}

static void refusals_name_what_was_asked_and_no_secret(void **state)
{
	struct bench *b = *state;
	struct trust_reply r;
	char all[2048];

	ask(b, LITERAL("\x02x\x07y"), &r);
	diag_print(&r.why, all, sizeof(all));
	assert_non_null(strstr(all, "x.y"));
	assert_non_null(strstr(all, "@him"));
	assert_null(strstr(all, "the key of"));
	trust_reply_done(&r);
}

static void records_are_found(void **state)
{
	struct bench *b = *state;

	assert_found(b, "", 0, "ours"); /* the first of those that fit best */
	assert_found(b, NAMED("ours"), "ours");
	assert_found(b, NAMED("spare"), "spare");
	assert_found(b, NAMED("anyone's"), "anyone's");
	set_ids(b, "missing, spare,ours");
	assert_found(b, "", 0, "spare");
	assert_found(b, NAMED("ours"), "ours");
}

/* prf+ (PPK, key), which is prf(PPK, key | 0x01) where one output is enough (RFC 7296 2.13). */
static void keys_are_mixed_as_the_rfc_says(void **state)
{
	struct bench *b = *state;
	struct trust_reply r;

	ask(b, (struct view){0}, &r);
	assert_int_equal(r.answer.ppk.keys.len, sizeof(b->keys));
	for (size_t i = 0; i < 3; i++) {
		struct view parts[] = {view_of(b->keys + i * LEN, LEN), LITERAL("\x01")};
		uint8_t want[HASH_LEN_MAX];

		assert_int_equal(hash_hmac(b->crypto, HASH_SHA2_256,
					   LITERAL("the key of us two"), parts, 2, want),
				 CYG_OK);
		assert_view_equal(view_of(r.answer.ppk.keys.ptr + i * LEN, LEN),
				  view_of(want, LEN));
	}
	trust_reply_done(&r);
}

static void keys_of_another_length_are_an_error(void **state)
{
	struct bench *b = *state;
	struct action a = {.kind = ACT_PPK};
	struct trust_reply r;

	for (size_t len = 0; len < sizeof(b->keys); len += 16) {
		a.ppk = (struct ppk_request){.connection = b->c,
					     .local = b->me,
					     .remote = b->him,
					     .prf = PRF_HMAC_SHA2_256,
					     .keys = view_of(b->keys, len)};
		trust_ask(b->trust, &a, 0, &r);
		assert_int_equal(r.answer.err, CYG_UNSUPPORTED);
		trust_reply_done(&r);
	}
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(what_is_not_there_is_not_found),
		WITH_BENCH(refusals_name_what_was_asked_and_no_secret),
		WITH_BENCH(records_are_found),
		WITH_BENCH(keys_are_mixed_as_the_rfc_says),
		WITH_BENCH(keys_of_another_length_are_an_error),
	};

	return RUN_TESTS("trust/ppk", tests);
}
