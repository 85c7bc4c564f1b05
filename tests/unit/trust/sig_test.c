/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sig.h"

#include "conn/connection.h"
#include "crypto/crypto.h"
#include "tests/unit/support/test.h"

#include <openssl/evp.h>
#include <string.h>

#define ALL_HASHES \
	(SIG_HASH_SHA2_256 | SIG_HASH_SHA2_384 | SIG_HASH_SHA2_512 | SIG_HASH_IDENTITY)

/* One key of each kind, and another RSA key; made once. */
struct bench {
	struct crypto *crypto;
	struct key keys[KEY_ED448 + 1], other;
};

static void make_key(struct bench *b, struct key *ret, const char *type, const char *curve,
		     size_t bits)
{
	EVP_PKEY *pkey = curve  ? EVP_PKEY_Q_keygen(crypto_lib(b->crypto), NULL, type, curve)
			 : bits ? EVP_PKEY_Q_keygen(crypto_lib(b->crypto), NULL, type, bits)
				: EVP_PKEY_Q_keygen(crypto_lib(b->crypto), NULL, type);

	assert_int_equal(key_take(pkey, ret, NULL), CYG_OK);
}

static int set_up(void **state)
{
	static struct bench b;

	b.crypto = crypto_new(NULL);
	make_key(&b, &b.keys[KEY_RSA], "RSA", NULL, 2048);
	make_key(&b, &b.other, "RSA", NULL, 2048);
	make_key(&b, &b.keys[KEY_ECDSA_256], "EC", "P-256", 0);
	make_key(&b, &b.keys[KEY_ECDSA_384], "EC", "P-384", 0);
	make_key(&b, &b.keys[KEY_ECDSA_521], "EC", "P-521", 0);
	make_key(&b, &b.keys[KEY_ED25519], "ED25519", NULL, 0);
	make_key(&b, &b.keys[KEY_ED448], "ED448", NULL, 0);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(b->keys); i++)
		key_done(&b->keys[i]);
	key_done(&b->other);
	crypto_free(b->crypto);
	return 0;
}

/* Each way to sign that there is. */
static const struct way {
	uint8_t kind;
	unsigned allowed, hashes;
	uint8_t method;
	const char *name;
} ways[] = {
	{KEY_RSA, AUTH_PUBKEY, ALL_HASHES, 14, "RSASSA-PSS with SHA2-256"},
	{KEY_RSA, AUTH_RSA_SHA2_384, ALL_HASHES, 14, "RSASSA-PSS with SHA2-384"},
	{KEY_RSA, AUTH_PUBKEY, SIG_HASH_SHA2_512, 14, "RSASSA-PSS with SHA2-512"},
	{KEY_RSA, AUTH_RSA_SHA1, ALL_HASHES, 1, "RSA signature with SHA-1"},
	{KEY_RSA, AUTH_SIGNATURES, 0, 1, "RSA signature with SHA-1"},
	{KEY_ECDSA_256, AUTH_PUBKEY, ALL_HASHES, 14, "ECDSA P-256 with SHA2-256"},
	{KEY_ECDSA_256, AUTH_PUBKEY, SIG_HASH_SHA2_512, 14, "ECDSA with SHA2-512"},
	{KEY_ECDSA_256, AUTH_PUBKEY, 0, 9, "ECDSA P-256 with SHA2-256"},
	{KEY_ECDSA_384, AUTH_PUBKEY, ALL_HASHES, 14, "ECDSA P-384 with SHA2-384"},
	{KEY_ECDSA_384, AUTH_PUBKEY, 0, 10, "ECDSA P-384 with SHA2-384"},
	{KEY_ECDSA_521, AUTH_PUBKEY, ALL_HASHES, 14, "ECDSA with SHA2-512"},
	{KEY_ECDSA_521, AUTH_PUBKEY, 0, 11, "ECDSA P-521 with SHA2-512"},
	{KEY_ED25519, AUTH_PUBKEY, ALL_HASHES, 14, "Ed25519"},
	{KEY_ED448, AUTH_EDDSA, SIG_HASH_IDENTITY, 14, "Ed448"},
};

static const struct view octets = {(const uint8_t *)"message nonce maced id", 22};

/* The signature of a way, cut as a checker does it. */
static struct bytes sign(struct bench *b, const struct way *w, struct view *ret_algorithm,
			 struct view *ret_signature)
{
	const struct key *k = &b->keys[w->kind];
	const struct sig_scheme *s = sig_choose(k, w->allowed, w->hashes);
	struct bytes data;

	assert_non_null(s);
	assert_string_equal(sig_name(s), w->name);
	assert_int_equal(sig_method(s), w->method);
	assert_true(sig_way(s) & w->allowed);
	assert_int_equal(sig_make(b->crypto, s, k, octets, &data, NULL), CYG_OK);
	*ret_algorithm = (struct view){0};
	*ret_signature = view_bytes(&data);
	if (w->method == 14)
		assert_true(sig_split(view_bytes(&data), ret_algorithm, ret_signature));
	return data;
}

/* No other key, octets, method or algorithm is taken, nor a signature with any octet changed. */
static void nothing_else_is_valid(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		const struct way *w = &ways[i];
		struct view algorithm, signature;
		struct bytes data = sign(b, w, &algorithm, &signature);
		const struct sig_scheme *s = sig_find(w->method, algorithm, w->kind, NULL);
		const struct key *k = &b->keys[w->kind];
		uint8_t *at = data.ptr + (data.len - signature.len);

		test_row(i, "%s by method %u", w->name, w->method);
		assert_non_null(s);
		assert_int_equal(sig_check(b->crypto, s, k, octets, signature), CYG_OK);
		assert_int_equal(sig_check(b->crypto, s, k, view_of("message", 7), signature),
				 CYG_AUTH);
		assert_int_equal(sig_check(b->crypto, s, k, octets, (struct view){0}),
				 CYG_AUTH);
		assert_int_equal(sig_check(b->crypto, s, k, octets,
					   view_of(signature.ptr, signature.len - 1)),
				 CYG_AUTH);
		for (size_t j = 0; j < signature.len; j += 7) {
			at[j] ^= 0x10;
			assert_int_equal(sig_check(b->crypto, s, k, octets, signature),
					 CYG_AUTH);
			at[j] ^= 0x10;
		}
		memset(at, 0, signature.len);
		assert_int_equal(sig_check(b->crypto, s, k, octets, signature), CYG_AUTH);
		bytes_done(&data);
	}
}

static void another_key_of_the_kind_is_not_taken(void **state)
{
	struct bench *b = *state;
	struct view algorithm, signature;
	struct bytes data = sign(b, &ways[0], &algorithm, &signature);

	assert_int_equal(sig_check(b->crypto, sig_find(14, algorithm, KEY_RSA, NULL), &b->other,
				   octets, signature),
			 CYG_AUTH);
	bytes_done(&data);
}

/* The key decides which algorithms there can be: the payload's word alone counts for nothing. */
static void an_algorithm_of_another_key_is_refused(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct view algorithm, signature;
		struct bytes data = sign(b, &ways[i], &algorithm, &signature);

		test_row(i, "%s by method %u", ways[i].name, ways[i].method);
		for (uint8_t kind = KEY_NONE; kind <= KEY_ED448; kind++) {
			bool ecdsa = kind >= KEY_ECDSA_256 && kind <= KEY_ECDSA_521 &&
				     ways[i].kind >= KEY_ECDSA_256 &&
				     ways[i].kind <= KEY_ECDSA_521 && ways[i].method == 14;
			struct diag why;
			bool found = sig_find(ways[i].method, algorithm, kind, &why);

			assert_int_equal(found, kind == ways[i].kind || ecdsa);
			if (!found)
				assert_non_null(strstr(why.wanted, key_kind_name(kind)));
		}
		bytes_done(&data);
	}
}

static void weak_and_broken_algorithms_are_refused(void **state)
{
	static const struct {
		const char *hex, *what;
		uint8_t kind;
	} rows[] = {
		{"", "nothing", KEY_RSA},
		{"30", "a tag alone", KEY_RSA},
		{"300d06092a864886f70d01010b0500ff", "an octet behind it", KEY_RSA},
		{"300d06092a864886f70d0101050500", "sha1WithRSAEncryption", KEY_RSA},
		{"300d06092a864886f70d0101040500", "md5WithRSAEncryption", KEY_RSA},
		{"300d06092a864886f70d0101010500", "rsaEncryption", KEY_RSA},
		{"300906072a8648ce3d0401", "ecdsa-with-SHA1", KEY_ECDSA_256},
		{"300d06092a864886f70d01010a3000", "PSS with SHA-1, its default", KEY_RSA},
		{"300b06092a864886f70d01010a", "PSS without parameters", KEY_RSA},
		{"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a"
		 "864886f70d010108300d06096086480165030402010500a203020100",
		 "PSS without salt", KEY_RSA},
		{"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a"
		 "864886f70d010108300d06096086480165030402020500a203020120",
		 "PSS with another hash in MGF1", KEY_RSA},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view der = test_hex(rows[i].hex);
		struct diag why;

		test_row(i, "%s", rows[i].what);
		assert_null(sig_find(14, der, rows[i].kind, &why));
		assert_string_equal(why.code, "auth-algorithm");
	}
	assert_null(sig_find(2, (struct view){0}, KEY_RSA, NULL));
	assert_null(sig_find(3, (struct view){0}, KEY_RSA, NULL));
	assert_null(sig_find(13, (struct view){0}, KEY_RSA, NULL));
}

/* RFC 7427 A: what others send. RFC 4055 2.1: hashes with and without NULL. */
static void every_right_spelling_is_known(void **state)
{
	static const struct {
		const char *hex, *name;
		uint8_t kind;
	} rows[] = {
		{"300d06092a864886f70d01010b0500", "RSASSA-PKCS1-v1_5 with SHA2-256", KEY_RSA},
		{"300b06092a864886f70d01010b", "RSASSA-PKCS1-v1_5 with SHA2-256", KEY_RSA},
		{"300d06092a864886f70d01010c0500", "RSASSA-PKCS1-v1_5 with SHA2-384", KEY_RSA},
		{"300d06092a864886f70d01010d0500", "RSASSA-PKCS1-v1_5 with SHA2-512", KEY_RSA},
		{"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a"
		 "864886f70d010108300d06096086480165030402010500a203020120",
		 "RSASSA-PSS with SHA2-256", KEY_RSA},
		{"303d06092a864886f70d01010a3030a00d300b0609608648016503040201a11a301806092a"
		 "864886f70d010108300b0609608648016503040201a203020120",
		 "RSASSA-PSS with SHA2-256", KEY_RSA},
		{"300a06082a8648ce3d040302", "ECDSA P-256 with SHA2-256", KEY_ECDSA_256},
		{"300506032b6570", "Ed25519", KEY_ED25519},
		{"300506032b6571", "Ed448", KEY_ED448},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view der = test_hex(rows[i].hex);
		const struct sig_scheme *s;

		test_row(i, "%s", rows[i].hex);
		s = sig_find(14, der, rows[i].kind, NULL);
		assert_non_null(s);
		assert_string_equal(sig_name(s), rows[i].name);
	}
}

static void what_the_peer_can_not_check_is_not_chosen(void **state)
{
	static const struct {
		uint8_t kind;
		unsigned allowed, hashes;
	} rows[] = {
		{KEY_RSA, AUTH_PUBKEY, 0}, /* SHA-1 must be named */
		{KEY_RSA, AUTH_PUBKEY, SIG_HASH_SHA1},
		{KEY_RSA, AUTH_PUBKEY, SIG_HASH_IDENTITY},
		{KEY_RSA, AUTH_ECDSA | AUTH_EDDSA, ALL_HASHES},
		{KEY_RSA, AUTH_SECRET, ALL_HASHES},
		{KEY_ED25519, AUTH_PUBKEY, ALL_HASHES & ~SIG_HASH_IDENTITY},
		{KEY_ED25519, AUTH_PUBKEY, 0},
		{KEY_ED25519, AUTH_RSA, ALL_HASHES},
		{KEY_ECDSA_384, AUTH_ECDSA_SHA2_256, 0}, /* method 10 has SHA2-384 */
		{KEY_ECDSA_256, AUTH_RSA, ALL_HASHES},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s %x %x", key_kind_name(rows[i].kind), rows[i].allowed,
			 rows[i].hashes);
		assert_null(
			sig_choose(&b->keys[rows[i].kind], rows[i].allowed, rows[i].hashes));
	}
}

static void a_broken_payload_is_not_cut(void **state)
{
	struct view a, s;

	assert_false(sig_split((struct view){0}, &a, &s));
	assert_false(sig_split(view_of("\x00x", 2), &a, &s));
	assert_false(sig_split(view_of("\x02x", 2), &a, &s));
	assert_false(sig_split(view_of("\x01x", 2), &a, &s));
	assert_true(sig_split(view_of("\x01xy", 3), &a, &s));
	assert_view_equal(a, view_of("x", 1));
	assert_view_equal(s, view_of("y", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_else_is_valid),
		cmocka_unit_test(another_key_of_the_kind_is_not_taken),
		cmocka_unit_test(an_algorithm_of_another_key_is_refused),
		cmocka_unit_test(weak_and_broken_algorithms_are_refused),
		cmocka_unit_test(what_the_peer_can_not_check_is_not_chosen),
		cmocka_unit_test(a_broken_payload_is_not_cut),
		cmocka_unit_test(every_right_spelling_is_known),
	};

	return cmocka_run_group_tests_name("trust/sig", tests, set_up, tear_down);
}
