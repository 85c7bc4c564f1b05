/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/trust_private.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* Raw public keys in CERT payloads (RFC 7670), from both sides. */

struct bench {
	struct crypto *crypto;
	struct trust *trust; /* of the signer */
	struct trust *other; /* of the one who checks */
	struct key key, stranger;
	struct connection *c;
	const struct ident *me, *him;
};

static struct bytes private_pem(const struct key *k)
{
	BIO *out = BIO_new(BIO_s_mem());
	struct bytes ret;
	char *text;
	long len;

	assert_int_equal(PEM_write_bio_PrivateKey(out, k->pkey, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(out, &text);
	assert_true(bytes_copy(&ret, view_of(text, (size_t)len)));
	BIO_free(out);
	return ret;
}

static void give_key(struct bench *b)
{
	struct secret_set *s = secret_set_new();
	struct secret_record r = {.kind = SECRET_KEYFILE, .key = SECRET_KEY_PKCS8, .line = 1};
	struct bytes pem = private_pem(&b->key);

	r.name = strdup("host.pem");
	assert_int_equal(secret_set_add(s, &r, "ipsec.secrets"), CYG_OK);
	trust_set_secrets(b->trust, s, 0);
	assert_int_equal(trust_add_key(b->trust, secret_set_at(s, 0), view_bytes(&pem),
				       (struct view){0}, 0, NULL),
			 CYG_OK);
	bytes_wipe(&pem);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct bytes der;

	b->crypto = crypto_new(NULL);
	b->trust = trust_new(b->crypto);
	b->other = trust_new(b->crypto);
	assert_int_equal(key_take(EVP_PKEY_Q_keygen(crypto_lib(b->crypto), NULL, "ED25519"),
				  &b->key, NULL),
			 CYG_OK);
	assert_int_equal(key_take(EVP_PKEY_Q_keygen(crypto_lib(b->crypto), NULL, "ED25519"),
				  &b->stranger, NULL),
			 CYG_OK);
	b->c = connection_new("c");
	b->c->auth = AUTH_PUBKEY;
	assert_int_equal(ident_parse("@me", &b->me, NULL), CYG_OK);
	assert_int_equal(ident_parse("@him", &b->him, NULL), CYG_OK);
	give_key(b);
	der = key_public_der(&b->key);
	assert_int_equal(trust_put_public(b->other, "peer.pem", view_bytes(&der), NULL),
			 CYG_OK);
	bytes_done(&der);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	trust_free(b->trust);
	trust_free(b->other);
	key_done(&b->key);
	key_done(&b->stranger);
	connection_unref(b->c);
	ident_unref(b->me);
	ident_unref(b->him);
	crypto_free(b->crypto);
	free(b);
	return 0;
}

static struct auth_request request(struct bench *b)
{
	return (struct auth_request){
		.connection = b->c,
		.local = b->me,
		.remote = b->him,
		.prf = 5,
		.hashes = SIG_HASH_IDENTITY,
		.message = LITERAL("message"),
		.nonce = LITERAL("nonce"),
		.maced_id = LITERAL("maced id"),
	};
}

static struct trust_reply make(struct bench *b, bool asked)
{
	struct action a = {.kind = ACT_AUTH_MAKE, .op = 1};
	struct trust_reply r;

	a.auth = request(b);
	a.auth.asked_for_raw_key = asked;
	trust_ask(b->trust, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_OK);
	return r;
}

/* What the other side makes of a proof with these CERT payloads. */
static bool check(struct bench *b, const struct trust_reply *proof,
		  const struct auth_cert *certs, size_t len, struct diag *why)
{
	struct action a = {.kind = ACT_AUTH_CHECK, .op = 2};
	struct trust_reply r;
	bool valid;

	a.auth = request(b);
	a.auth.end = 1;
	a.auth.local = b->him;
	a.auth.remote = b->me;
	a.auth.method = proof->answer.auth.method;
	a.auth.data = view_bytes(&proof->data);
	a.auth.certs = certs;
	a.auth.certs_len = len;
	trust_ask(b->other, &a, 0, &r);
	assert_int_equal(r.answer.err, CYG_OK);
	valid = r.answer.auth.valid;
	*why = r.why;
	trust_reply_done(&r);
	return valid;
}

static void expect_key(struct bench *b)
{
	free(b->c->end[0].public_key);
	b->c->end[0].public_key = strdup("peer.pem");
}

/* ---- what is refused ---- */

static void another_key_is_named(void **state)
{
	struct bench *b = *state;
	struct trust_reply proof = make(b, false);
	struct bytes der = key_public_der(&b->stranger);
	struct auth_cert shown = {CERT_RAW_KEY, view_bytes(&der)};
	char id[100];
	struct diag why;

	expect_key(b);
	assert_false(check(b, &proof, &shown, 1, &why));
	assert_string_equal(why.code, "another-key");
	assert_non_null(strstr(why.got, key_print(&b->stranger, id, sizeof(id))));
	assert_non_null(strstr(why.wanted, key_print(&b->key, id, sizeof(id))));
	bytes_done(&der);
	trust_reply_done(&proof);
}

/* A key that nobody vouches for proves nothing, though the signature is made with it. */
static void a_key_alone_is_not_believed(void **state)
{
	struct bench *b = *state;
	struct trust_reply proof = make(b, true);
	struct diag why;

	assert_int_equal(proof.certs_len, 1);
	assert_false(check(b, &proof, proof.certs, 1, &why));
	assert_string_equal(why.code, "no-public-key");
	assert_non_null(strstr(why.got, "raw public key"));
	trust_reply_done(&proof);
}

/* ---- what is right ---- */

static void the_expected_key_is_taken(void **state)
{
	static const struct view junk[] = {LITERAL("x"), LITERAL("\x30\x03\x02\x01\x00")};
	struct bench *b = *state;
	struct trust_reply proof = make(b, true);
	struct auth_cert certs[2] = {{0}, proof.certs[0]};
	struct diag why;

	expect_key(b);
	assert_true(check(b, &proof, proof.certs, 1, &why));
	assert_true(check(b, &proof, NULL, 0, &why));
	/* What can't be read is of no use, and does no harm: the signature counts. */
	for (size_t i = 0; i < COUNT_OF(junk); i++) {
		certs[0] = (struct auth_cert){CERT_RAW_KEY, junk[i]};
		assert_true(check(b, &proof, certs, 2, &why));
		assert_true(check(b, &proof, certs, 1, &why));
	}
	trust_reply_done(&proof);
}

static void it_is_shown_to_who_asks(void **state)
{
	struct bench *b = *state;
	struct trust_reply r = make(b, false);
	struct bytes der = key_public_der(&b->key);

	assert_int_equal(r.certs_len, 0);
	trust_reply_done(&r);
	r = make(b, true);
	assert_int_equal(r.certs_len, 1);
	assert_int_equal(r.certs[0].encoding, 15);
	assert_view_equal(r.certs[0].data, view_bytes(&der));
	trust_reply_done(&r);
	b->c->end[0].send_cert = SEND_CERT_NEVER;
	r = make(b, true);
	assert_int_equal(r.certs_len, 0);
	trust_reply_done(&r);
	bytes_done(&der);
}

/* Who said that he is @me is told by the key: the connection may name nobody. */
static void the_holder_of_a_key_is_known_by_it(void **state)
{
	struct bench *b = *state;
	struct trust_reply proof = make(b, true), r;
	struct action a = {.kind = ACT_AUTH_CHECK, .op = 2};

	expect_key(b);
	a.auth = request(b);
	a.auth.end = 1;
	a.auth.remote = b->me;
	a.auth.method = proof.answer.auth.method;
	a.auth.data = view_bytes(&proof.data);
	trust_ask(b->other, &a, 0, &r);
	assert_true(r.answer.auth.valid);
	assert_non_null(r.answer.auth.holder);
	assert_int_equal(r.answer.auth.holder->type, ID_KEY_ID);
	assert_view_equal(ident_view(r.answer.auth.holder), view_of(b->key.id, KEY_ID_LEN));
	trust_reply_done(&r);
	trust_reply_done(&proof);
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* ---- our own key ---- */

/* A key behind a PIN or a passphrase that was not given yet, or was wrong. */
static void a_key_that_is_locked_is_told(void **state)
{
	static const struct {
		uint8_t kind;
		bool prompt;
		const char *got, *hint;
	} rows[] = {
		{SECRET_PIN, true, "the-key (ipsec.secrets:3) waits for its PIN",
		 "--rereadsecrets  at a terminal"},
		{SECRET_PIN, false, "the-key (ipsec.secrets:3) could not be opened",
		 "--rereadsecrets  says why"},
		{SECRET_KEYFILE, true, "the-key (ipsec.secrets:3) waits for its passphrase",
		 "--rereadsecrets  at a terminal"},
		{SECRET_KEYFILE, false, "the-key (ipsec.secrets:3) could not be opened",
		 "--rereadsecrets  says why"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		struct secret_record r = {.kind = rows[i / 2].kind,
					  .key = SECRET_KEY_PKCS8,
					  .prompt = rows[i / 2].prompt,
					  .line = 3};
		struct action a = {.kind = ACT_AUTH_MAKE, .op = 1};
		struct secret_set *s = secret_set_new();
		struct trust_reply reply;

		test_row(i, "%s", rows[i / 2].got);
		free(b->c->end[0].public_key);
		b->c->end[0].public_key = i % 2 ? strdup("peer.pem") : NULL;
		r.name = strdup("the-key");
		assert_int_equal(secret_set_add(s, &r, "ipsec.secrets"), CYG_OK);
		trust_set_secrets(b->other, s, 0);
		a.auth = request(b);
		trust_ask(b->other, &a, 0, &reply);
		assert_int_equal(reply.answer.err, CYG_NOTFOUND);
		assert_string_equal(reply.why.code, "no-private-key");
		if (!strstr(reply.why.got, rows[i / 2].got) ||
		    !strstr(reply.why.hint, rows[i / 2].hint))
			fail_msg("got %s; %s", reply.why.got, reply.why.hint);
		trust_reply_done(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(another_key_is_named),
		WITH_BENCH(a_key_that_is_locked_is_told),
		WITH_BENCH(a_key_alone_is_not_believed),
		WITH_BENCH(the_expected_key_is_taken),
		WITH_BENCH(it_is_shown_to_who_asks),
		WITH_BENCH(the_holder_of_a_key_is_known_by_it),
	};

	return RUN_TESTS("trust/raw_key", tests);
}
