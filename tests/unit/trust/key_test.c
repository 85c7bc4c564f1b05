/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key.h"

#include "base/text.h"
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *make(const char *type, const char *curve, size_t bits)
{
	OSSL_LIB_CTX *lib = crypto_lib(crypto);

	return curve  ? EVP_PKEY_Q_keygen(lib, NULL, type, curve)
	       : bits ? EVP_PKEY_Q_keygen(lib, NULL, type, bits)
		      : EVP_PKEY_Q_keygen(lib, NULL, type);
}

/* What was written to a BIO, which goes. */
static struct bytes written(BIO *bio)
{
	char *at;
	struct bytes b = {0};
	long len = BIO_get_mem_data(bio, &at);

	assert_true(bytes_copy(&b, view_of(at, (size_t)len)));
	BIO_free(bio);
	return b;
}

static struct bytes spki_of(EVP_PKEY *pkey, bool pem)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(pem ? PEM_write_bio_PUBKEY(bio, pkey) : i2d_PUBKEY_bio(bio, pkey), 1);
	return written(bio);
}

static void what_is_no_key_is_refused(void **state)
{
	static const struct {
		const char *hex, *what;
	} rows[] = {
		{"", "nothing"},
		{"00", "a length of nothing"},
		{"03010001", "an exponent without modulus"},
		{"0100ff", "an exponent of 0"},
		{"0101ffffffffffff", "a modulus of 48 bits"},
		{"ff010203", "an exponent that ends too early"},
		{"000001ff", "a long exponent of nothing"},
		{"3003020100", "a sequence that is no key"},
		/* Ed25519 with 31 octets */
		{"302930 0506032b6570 032000 1111111111111111111111111111111111111111111111111111"
		 "1111111111",
		 "a key cut short"},
		/* X25519 */
		{"302a300506032b656e032100 1111111111111111111111111111111111111111111111111111"
		 "111111111111",
		 "a key for key exchange"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct key k;
		struct diag why;

		test_row(i, "%s", rows[i].what);
		assert_true(key_read_public(crypto, test_hex(rows[i].hex), &k, &why) != CYG_OK);
		assert_true(diag_is_set(&why));
	}
}

/* RSA whose numbers can't be, of a length that is fine. */
static void bad_rsa_numbers_are_refused(void **state)
{
	static const struct {
		uint8_t exponent, last;
		size_t len;
		const char *what;
	} rows[] = {
		{1, 1, 256, "exponent 1"},       {0, 1, 256, "exponent 0"},
		{2, 1, 256, "an even exponent"}, {3, 0, 256, "an even modulus"},
		{3, 1, 64, "512 bits"},          {3, 1, 2049, "more than 16,384 bits"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t octets[2 + 2049] = {1, rows[i].exponent};
		struct key k;
		struct diag why;

		test_row(i, "%s", rows[i].what);
		memset(octets + 2, 0x55, rows[i].len);
		octets[2] = 0xc0;
		octets[1 + rows[i].len] = (uint8_t)(0x54 | rows[i].last);
		assert_true(key_read_public(crypto, view_of(octets, 2 + rows[i].len), &k,
					    &why) != CYG_OK);
		assert_true(diag_is_set(&why));
	}
}

static void keys_that_ike_has_no_use_for_are_refused(void **state)
{
	static const struct {
		const char *type, *curve;
	} rows[] = {{"EC", "secp256k1"}, {"EC", "P-192"}, {"X25519", NULL}, {"X448", NULL}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct key k;
		struct diag why;

		test_row(i, "%s %s", rows[i].type, rows[i].curve ? rows[i].curve : "");
		assert_int_equal(key_take(make(rows[i].type, rows[i].curve, 0), &k, &why),
				 CYG_UNSUPPORTED);
		assert_string_equal(why.code, "bad-key");
	}
	assert_int_equal(key_take(NULL, &(struct key){0}, NULL), CYG_MALFORMED);
}

static const struct kind {
	const char *type, *curve;
	size_t bits;
	uint8_t kind;
} kinds[] = {
	{"RSA", NULL, 2048, KEY_RSA},      {"EC", "P-256", 0, KEY_ECDSA_256},
	{"EC", "P-384", 0, KEY_ECDSA_384}, {"EC", "P-521", 0, KEY_ECDSA_521},
	{"ED25519", NULL, 0, KEY_ED25519}, {"ED448", NULL, 0, KEY_ED448},
};

static void each_form_gives_the_same_key(void **state)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		EVP_PKEY *pkey = make(kinds[i].type, kinds[i].curve, kinds[i].bits);
		struct bytes der = spki_of(pkey, false), pem = spki_of(pkey, true);
		struct key whole, from_der, from_pem, from_text, copy;
		struct text text = {0};
		char id[KEY_ID_TEXT];

		test_row(i, "%s", key_kind_name(kinds[i].kind));
		text_add_str(&text, "0x");
		text_add_hex(&text, view_bytes(&der));
		assert_int_equal(key_take(pkey, &whole, NULL), CYG_OK);
		assert_int_equal(key_read_public(crypto, view_bytes(&der), &from_der, NULL),
				 CYG_OK);
		assert_int_equal(key_read_public(crypto, view_bytes(&pem), &from_pem, NULL),
				 CYG_OK);
		assert_int_equal(key_read_text(crypto, text_str(&text), &from_text, NULL),
				 CYG_OK);
		copy = key_copy(&whole);
		assert_int_equal(whole.kind, kinds[i].kind);
		assert_true(key_equal(&whole, &from_der) && key_equal(&whole, &from_pem) &&
			    key_equal(&whole, &from_text) && key_equal(&whole, &copy));
		assert_memory_equal(whole.id, from_pem.id, KEY_ID_LEN);
		assert_int_equal(strlen(key_id_print(&whole, id)), 40);
		assert_true(pki_key_signs(crypto, &whole));
		assert_false(pki_key_signs(crypto, &from_der));
		key_done(&whole);
		key_done(&copy);
		key_done(&from_der);
		key_done(&from_pem);
		key_done(&from_text);
		text_done(&text);
		bytes_done(&der);
		bytes_done(&pem);
	}
}

static struct bytes private_of(EVP_PKEY *pkey, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey,
						       passphrase ? EVP_aes_256_cbc() : NULL,
						       NULL, 0, NULL, (void *)passphrase),
			 1);
	return written(bio);
}

#define PEM_CERT "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

/* As `openssl ecparam -genkey` and many a web server have it: the key is not the first thing. */
static void a_key_is_found_behind_other_things(void **state)
{
	EVP_PKEY *pkey = make("ED25519", NULL, 0);
	struct bytes open = private_of(pkey, NULL);
	struct text both = {0};
	struct key k;
	struct diag why;

	text_add(&both, "# mine\n" PEM_CERT "%.*s", (int)open.len, (const char *)open.ptr);
	assert_int_equal(key_read_private(crypto, view_str(text_str(&both)), (struct view){0},
					  &k, &why),
			 CYG_OK);
	key_done(&k);
	text_done(&both);
	assert_int_equal(key_read_private(crypto, view_of(open.ptr, open.len - 10),
					  (struct view){0}, &k, &why),
			 CYG_MALFORMED);
	assert_string_equal(why.sentence, "the private key breaks off: there is no line "
					  "-----END PRIVATE KEY-----");
	EVP_PKEY_free(pkey);
	bytes_done(&open);
}

static void an_encrypted_key_needs_its_passphrase(void **state)
{
	EVP_PKEY *pkey = make("ED25519", NULL, 0);
	struct bytes sealed = private_of(pkey, "open it"), open = private_of(pkey, NULL);
	struct key k;
	struct diag why;
	char all[2048];

	assert_int_equal(key_read_private(crypto, view_bytes(&sealed), (struct view){0}, &k,
					  &why),
			 CYG_PERM);
	assert_non_null(strstr(why.sentence, "no passphrase"));
	assert_int_equal(key_read_private(crypto, view_bytes(&sealed), LITERAL("wrong words"),
					  &k, &why),
			 CYG_PERM);
	diag_print(&why, all, sizeof(all));
	assert_null(strstr(all, "wrong words"));
	assert_int_equal(key_read_private(crypto, LITERAL("-----BEGIN NOTHING-----"),
					  (struct view){0}, &k, &why),
			 CYG_MALFORMED);
	assert_int_equal(key_read_private(crypto, view_bytes(&sealed), LITERAL("open it"), &k,
					  &why),
			 CYG_OK);
	assert_true(pki_key_signs(crypto, &k));
	key_done(&k);
	assert_int_equal(key_read_private(crypto, view_bytes(&open), (struct view){0}, &k,
					  &why),
			 CYG_OK);
	key_done(&k);
	EVP_PKEY_free(pkey);
	bytes_done(&sealed);
	bytes_done(&open);
}

static void texts_that_are_no_key_are_refused(void **state)
{
	static const char *const texts[] = {"",    "0",    "0s",     "0x",     "0s====",
					    "0xg", "1s00", "AQAB00", "0sAQAB", "0x0103"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct key k;

		test_row(i, "\"%s\"", texts[i]);
		assert_true(key_read_text(crypto, texts[i], &k, NULL) != CYG_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(bad_rsa_numbers_are_refused),
		cmocka_unit_test(keys_that_ike_has_no_use_for_are_refused),
		cmocka_unit_test(texts_that_are_no_key_are_refused),
		cmocka_unit_test(a_key_is_found_behind_other_things),
		cmocka_unit_test(an_encrypted_key_needs_its_passphrase),
		cmocka_unit_test(each_form_gives_the_same_key),
	};

	return cmocka_run_group_tests_name("trust/key", tests, crypto_set_up, crypto_tear_down);
}
