/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cert.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

static struct crypto *crypto;

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	return !crypto;
}

static int tear_down(void **state)
{
	crypto_free(crypto);
	return 0;
}

static const struct ident *ident(const char *text)
{
	const struct ident *id;

	assert_int_equal(ident_parse(text, &id, NULL), CYG_OK);
	return id;
}

/* CVE-2013-6075 and its kin: names of other types, patterns, NULs, parts of names. */
static void only_whole_names_of_the_type_are_identities(void **state)
{
	static const struct {
		const char *names, *id;
		bool carried;
	} rows[] = {
		{"DNS:host.example", "@other.example", false},
		{"DNS:host.example", "@host.example.evil", false},
		{"DNS:host.example", "@st.example", false},
		{"DNS:host.example", "user@host.example", false},
		{"DNS:*.example", "@host.example", false},
		{"email:host.example@x", "@host.example", false},
		{"email:user@host.example", "@host.example", false},
		{"email:user@host.example", "@@other@host.example", false},
		{"URI:http://host.example", "@host.example", false},
		{"IP:192.0.2.1", "192.0.2.2", false},
		{"DNS:192.0.2.1", "192.0.2.1", false},
		{"IP:192.0.2.1", "::ffff:192.0.2.1", false},
		{"DNS:host.example", "CN=host.example", false},
		{"DNS:host.example", "@#686f73742e6578616d706c65", false},
		{"DNS:x.example", "@subject", false},
		{"DNS:host.example", "@HOST.example", true},
		{"DNS:a.example,DNS:b.example", "@b.example", true},
		{"email:user@host.example", "user@host.example", true},
		{"IP:192.0.2.1", "192.0.2.1", true},
		{"IP:2001:db8::1", "2001:db8::1", true},
		{"DNS:x.example", "CN=subject", true},
		{"DNS:x.example", "CN=Subject", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pki_cert made = pki_make(
			&(struct pki_wish){.name = "subject",
					   .extensions = {{"subjectAltName", rows[i].names}}});
		struct cert c = pki_read(crypto, &made);
		const struct ident *id = ident(rows[i].id);
		struct diag why;

		test_row(i, "%s is %s", rows[i].names, rows[i].id);
		assert_int_equal(cert_carries(&c, id, &why), rows[i].carried);
		if (!rows[i].carried)
			assert_non_null(strstr(why.got, "CN=subject"));
		ident_unref(id);
		cert_done(&c);
		pki_done(&made);
	}
}

/* "host.example\0.evil" in a certificate is not host.example. */
static void a_name_with_nul_in_it_is_no_name(void **state)
{
	struct pki_cert made = pki_make(&(struct pki_wish){
		.name = "subject",
		.extensions = {
			{"2.5.29.17", "DER:301482126c6566742e6578616d706c65002e6576696c21"}}});
	struct cert c = pki_read(crypto, &made);
	const struct ident *id = ident("@left.example");

	assert_false(cert_carries(&c, id, NULL));
	ident_unref(id);
	cert_done(&c);
	pki_done(&made);
}

static void what_is_no_certificate_is_refused(void **state)
{
	struct pki_cert made = pki_make(&(struct pki_wish){.name = "x", .version1 = true});
	struct cert_list list;
	struct cert c;
	struct diag why;
	unsigned char *der = NULL;
	int len = i2d_X509(made.x, &der);

	assert_int_equal(cert_read_der(crypto, view_of(der, (size_t)len), &c, &why),
			 CYG_UNSUPPORTED);
	assert_non_null(strstr(why.got, "that of CN=x, number "));
	assert_int_equal(cert_read_der(crypto, view_of(der, (size_t)len - 1), &c, &why),
			 CYG_MALFORMED);
	assert_int_equal(cert_read_der(crypto, (struct view){0}, &c, &why), CYG_MALFORMED);
	assert_int_equal(cert_read_file(crypto, LITERAL("-----BEGIN CERTIFICATE-----\nAA"),
					&list, &why),
			 CYG_MALFORMED);
	assert_int_equal(cert_read_file(crypto, (struct view){0}, &list, &why), CYG_MALFORMED);
	assert_true(diag_is_set(&why));
	OPENSSL_free(der);
	pki_done(&made);
}

/* What of a file can't be used is told of: who stands there believes that it counts. */
static void a_file_has_so_many(void **state)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\nMII",
			  other[] = "-----BEGIN NOTE-----\nMIIB\n-----END NOTE-----\n";
	static const struct {
		size_t good;
		bool broken;
		enum cyg_err err;
		const char *says; /* NULL: nothing */
	} rows[] = {
		{1, false, CYG_OK, NULL},
		{CERTS_IN_FILE_MAX, false, CYG_OK, NULL},
		{CERTS_IN_FILE_MAX + 1, false, CYG_OK, "has more certificates than are read"},
		{2, true, CYG_OK, "certificate 3 of it, which ends before octet"},
		{0, true, CYG_MALFORMED, "certificate 1 of it, which ends before octet"},
		{0, false, CYG_MALFORMED, "there is no certificate in it"},
	};
	struct pki_cert one = pki_make(&(struct pki_wish){.name = "x"});

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		BIO *bio = BIO_new(BIO_s_mem());
		struct cert_list list = {0};
		struct diag why;
		char *text;
		long len;

		test_row(i, "%zu", rows[i].good);
		for (size_t n = 0; n < rows[i].good; n++)
			PEM_write_bio_X509(bio, one.x);
		BIO_puts(bio, rows[i].broken ? broken : other);
		len = BIO_get_mem_data(bio, &text);
		diag_clear(&why);
		assert_int_equal(cert_read_file(crypto, view_of(text, (size_t)len), &list,
						&why),
				 rows[i].err);
		assert_int_equal(list.len, rows[i].good < CERTS_IN_FILE_MAX
						   ? rows[i].good
						   : CERTS_IN_FILE_MAX);
		assert_int_equal(diag_is_set(&why), rows[i].says != NULL);
		if (rows[i].says)
			assert_non_null(strstr(why.sentence, rows[i].says));
		cert_list_done(&list);
		BIO_free(bio);
	}
	pki_done(&one);
}

static void every_cut_of_a_good_one_is_refused(void **state)
{
	struct pki_cert made = pki_make(&(struct pki_wish){.name = "x"});
	struct cert c = pki_read(crypto, &made);
	struct bytes der = cert_der(&c);

	for (size_t len = 0; len < der.len; len += 3) {
		struct cert cut;

		assert_true(cert_read_der(crypto, view_of(der.ptr, len), &cut, NULL) != CYG_OK);
	}
	bytes_done(&der);
	cert_done(&c);
	pki_done(&made);
}

/* RFC 4055 3.1: RSA-PSS that names no hash means SHA-1. */
static void weak_signatures(void **state)
{
	static const struct {
		const char *what;
		int sigalg, hash; /* hash: of PSS; 0: none named */
		bool weak;
	} rows[] = {
		{"RSA with SHA-1", NID_sha1WithRSAEncryption, 0, true},
		{"RSA with MD5", NID_md5WithRSAEncryption, 0, true},
		{"ECDSA with SHA-1", NID_ecdsa_with_SHA1, 0, true},
		{"PSS without a word", NID_rsassaPss, 0, true},
		{"PSS with SHA-1", NID_rsassaPss, NID_sha1, true},
		{"PSS with SHA2-256", NID_rsassaPss, NID_sha256, false},
		{"RSA with SHA2-256", NID_sha256WithRSAEncryption, 0, false},
		{"ECDSA with SHA2-384", NID_ecdsa_with_SHA384, 0, false},
		{"Ed25519", NID_ED25519, 0, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		X509_ALGOR *alg = X509_ALGOR_new();
		ASN1_STRING *packed = NULL;

		test_row(i, "%s", rows[i].what);
		if (rows[i].sigalg == NID_rsassaPss) {
			RSA_PSS_PARAMS *pss = RSA_PSS_PARAMS_new();

			if (rows[i].hash) {
				pss->hashAlgorithm = X509_ALGOR_new();
				X509_ALGOR_set0(pss->hashAlgorithm, OBJ_nid2obj(rows[i].hash),
						V_ASN1_NULL, NULL);
			}
			packed = ASN1_item_pack(pss, ASN1_ITEM_rptr(RSA_PSS_PARAMS), NULL);
			assert_non_null(packed);
			RSA_PSS_PARAMS_free(pss);
		}
		X509_ALGOR_set0(alg, OBJ_nid2obj(rows[i].sigalg),
				packed ? V_ASN1_SEQUENCE : V_ASN1_UNDEF, packed);
		assert_int_equal(signature_is_weak(alg), rows[i].weak);
		X509_ALGOR_free(alg);
	}
}

/* Keys that crypto_certs_lib does not know are still told by their names. */
static void a_key_of_another_kind_is_told(void **state)
{
	struct pki_cert ca = pki_make(&(struct pki_wish){.name = "ca"});
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	BIO *pem = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	struct cert_list list;
	struct cert c;
	struct diag why;
	char *text;
	long len;

	assert_int_equal(X509_set_pubkey(ca.x, other), 1);
	assert_true(X509_sign(ca.x, ca.key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(pem, ca.x), 1);
	len = i2d_X509(ca.x, &der);
	assert_int_equal(cert_read_der(crypto, view_of(der, (size_t)len), &c, &why),
			 CYG_UNSUPPORTED);
	assert_string_equal(why.got, "X25519");
	len = BIO_get_mem_data(pem, &text);
	diag_clear(&why);
	assert_int_equal(cert_read_file(crypto, view_of(text, (size_t)len), &list, &why),
			 CYG_UNSUPPORTED);
	assert_string_equal(why.got, "X25519");
	OPENSSL_free(der);
	BIO_free(pem);
	EVP_PKEY_free(other);
	pki_done(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_names_of_the_type_are_identities),
		cmocka_unit_test(a_name_with_nul_in_it_is_no_name),
		cmocka_unit_test(what_is_no_certificate_is_refused),
		cmocka_unit_test(a_file_has_so_many),
		cmocka_unit_test(every_cut_of_a_good_one_is_refused),
		cmocka_unit_test(weak_signatures),
		cmocka_unit_test(a_key_of_another_kind_is_told),
	};

	return cmocka_run_group_tests_name("trust/cert", tests, set_up, tear_down);
}
