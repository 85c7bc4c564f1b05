/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/bundle.h"

#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <string.h>

/* One with a key, its certificate and the authority's; `rounds` of hashing. */
static struct bytes make(const char *phrase, bool with_cert, int rounds)
{
	struct pki_cert ca = pki_make(
		&(struct pki_wish){.name = "Root", .extensions = {PKI_CA}});
	struct pki_cert own = pki_make(&(struct pki_wish){.name = "west", .issuer = &ca});
	STACK_OF(X509) *cas = sk_X509_new_null();
	unsigned char *der = NULL;
	struct bytes b;
	PKCS12 *p12;
	int len;

	sk_X509_push(cas, ca.x);
	p12 = PKCS12_create(phrase, "west", own.key, with_cert ? own.x : NULL,
			    with_cert ? cas : NULL, 0, 0, rounds, rounds, 0);
	assert_non_null(p12);
	len = i2d_PKCS12(p12, &der);
	assert_true(bytes_copy(&b, view_of(der, (size_t)len)));
	OPENSSL_free(der);
	PKCS12_free(p12);
	sk_X509_free(cas);
	pki_done(&own);
	pki_done(&ca);
	return b;
}

/* Without a MAC nothing says that the file is whole, and no passphrase is right or wrong. */
static void one_without_a_mac_is_refused(void **state)
{
	struct pki_cert own = pki_make(&(struct pki_wish){.name = "west"});
	PKCS12 *p12 = PKCS12_create("open it", "west", own.key, own.x, NULL, 0, 0, 100, -1, 0);
	unsigned char *der = NULL;
	struct bundle got;
	struct diag why;
	int len;

	(void)state;
	assert_non_null(p12);
	assert_false(PKCS12_mac_present(p12));
	len = i2d_PKCS12(p12, &der);
	diag_clear(&why);
	assert_int_equal(bundle_read(crypto, view_of(der, (size_t)len), LITERAL("open it"),
				     &got, &why),
			 CYG_UNSUPPORTED);
	assert_non_null(strstr(why.sentence, "has no MAC"));
	assert_non_null(strstr(why.hint, "-nomacver"));
	OPENSSL_free(der);
	PKCS12_free(p12);
	pki_done(&own);
}

static void what_can_not_be_opened_is_refused(void **state)
{
	struct bytes b = make("open it", true, 100);
	static const struct {
		const char *phrase;
		size_t phrase_len;
		size_t cut;
		enum cyg_err err;
		const char *says;
	} rows[] = {
		{"", 0, 0, CYG_PERM, "wants a passphrase"},
		{"shut it", 7, 0, CYG_PERM, "does not open"},
		{"open it\0", 8, 0, CYG_PERM, "has a NUL"},
		{"open it", 7, 1, CYG_MALFORMED, "is no PKCS #12"},
		{"open it", 7, 200, CYG_MALFORMED, "is no PKCS #12"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bundle got;
		struct diag why;

		test_row(i, "%s", rows[i].says);
		diag_clear(&why);
		assert_int_equal(bundle_read(crypto, view_of(b.ptr, b.len - rows[i].cut),
					     view_of(rows[i].phrase, rows[i].phrase_len), &got,
					     &why),
				 rows[i].err);
		assert_non_null(strstr(why.sentence, rows[i].says));
	}
	bytes_done(&b);
}

/* The MAC's count is the last one; those before it open the certificates and the key. */
static void nobody_may_make_us_hash_for_hours(void **state)
{
	const uint8_t rounds[] = {0x02, 0x03, 0x01, 0x86, 0xa0}; /* INTEGER 100000 */
	struct bytes b = make("x", true, 100000);
	size_t found = 0;

	for (size_t at = 0; at + sizeof(rounds) <= b.len; at++) {
		struct bundle got;
		struct diag why;

		if (memcmp(b.ptr + at, rounds, sizeof(rounds)))
			continue;
		test_row(found++, "octet %zu", at);
		b.ptr[at + 2] = 0x80; /* negative: a larger one of the same length does not reach the limit */
		diag_clear(&why);
		assert_int_equal(bundle_read(crypto, view_bytes(&b), view_str("x"), &got, &why),
				 CYG_LIMIT);
		assert_non_null(strstr(why.sentence, "too often"));
		assert_string_equal(why.wanted, "10000000 rounds at most");
		b.ptr[at + 2] = 0x01;
	}
	assert_int_equal(found, 3);
	bytes_done(&b);
}

static void a_key_comes_with_its_certificates(void **state)
{
	struct bytes b = make("open it", true, 100), bare = make("", false, 100);
	char text[CERT_TEXT_MAX];
	struct bundle got;
	struct diag why;

	assert_int_equal(bundle_read(crypto, view_bytes(&b), view_str("open it"), &got, &why),
			 CYG_OK);
	assert_int_equal(got.certs.len, 2);
	assert_true(key_equal(&got.certs.items[0].key, &got.key));
	assert_string_equal(cert_print(&got.certs.items[1], text, sizeof(text)), "CN=Root");
	bundle_done(&got);
	assert_int_equal(bundle_read(crypto, view_bytes(&bare), (struct view){0}, &got, &why),
			 CYG_OK);
	assert_int_equal(got.certs.len, 0);
	bundle_done(&got);
	bytes_done(&b);
	bytes_done(&bare);
}

/* As Windows and OpenSSL 1.1 made them: RC2 of 40 bits for certificates, triple DES for the key. */
static struct bytes make_old(const char *phrase, int cert_cipher)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(lib, "legacy");
	OSSL_PROVIDER *usual = OSSL_PROVIDER_load(lib, "default");
	struct pki_cert ca = pki_make(
		&(struct pki_wish){.name = "Root", .extensions = {PKI_CA}});
	struct pki_cert own = pki_make(&(struct pki_wish){.name = "west", .issuer = &ca});
	STACK_OF(X509) *cas = sk_X509_new_null();
	unsigned char *der = NULL;
	struct bytes b = {0};
	PKCS12 *p12;
	int len;

	assert_non_null(usual);
	sk_X509_push(cas, ca.x);
	p12 = legacy ? PKCS12_create_ex(phrase, "west", own.key, own.x, cas,
					NID_pbe_WithSHA1And3_Key_TripleDES_CBC, cert_cipher,
					100, 100, 0, lib, NULL)
		     : NULL;
	len = p12 ? i2d_PKCS12(p12, &der) : 0;
	if (len > 0)
		assert_true(bytes_copy(&b, view_of(der, (size_t)len)));
	OPENSSL_free(der);
	PKCS12_free(p12);
	sk_X509_free(cas);
	pki_done(&own);
	pki_done(&ca);
	if (legacy)
		OSSL_PROVIDER_unload(legacy);
	OSSL_PROVIDER_unload(usual);
	OSSL_LIB_CTX_free(lib);
	return b;
}

static void ciphers_of_old_are_opened_with_a_warning(void **state)
{
	static const struct {
		int cert_cipher;
		const char *phrase;
		enum cyg_err err;
		const char *says;
	} rows[] = {
		{NID_pbe_WithSHA1And40BitRC2_CBC, "shut it", CYG_PERM, "does not open"},
		{NID_pbe_WithSHA1And40BitRC2_CBC, "", CYG_PERM, "wants a passphrase"},
		{NID_pbe_WithSHA1And40BitRC2_CBC, "open it", CYG_OK, "a cipher of old"},
		{NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "open it", CYG_OK, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes b = make_old("open it", rows[i].cert_cipher);
		struct bundle got;
		struct diag why;

		if (!b.ptr)
			skip(); /* libcrypto's provider "legacy" is not installed */
		test_row(i, "%s", rows[i].phrase);
		diag_clear(&why);
		assert_int_equal(bundle_read(crypto, view_bytes(&b), view_str(rows[i].phrase),
					     &got, &why),
				 rows[i].err);
		assert_int_equal(diag_is_set(&why), *rows[i].says != 0);
		if (*rows[i].says)
			assert_non_null(strstr(why.sentence, rows[i].says));
		if (!rows[i].err) {
			assert_int_equal(got.certs.len, 2);
			assert_true(key_equal(&got.certs.items[0].key, &got.key));
			assert_true(pki_key_signs(crypto, &got.key));
			bundle_done(&got);
		}
		bytes_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_without_a_mac_is_refused),
		cmocka_unit_test(what_can_not_be_opened_is_refused),
		cmocka_unit_test(nobody_may_make_us_hash_for_hours),
		cmocka_unit_test(a_key_comes_with_its_certificates),
		cmocka_unit_test(ciphers_of_old_are_opened_with_a_warning),
	};

	return cmocka_run_group_tests_name("trust/bundle", tests, crypto_set_up,
					   crypto_tear_down);
}
