/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/trust/pki.h"

#include "crypto/crypto.h"

#include "tests/unit/support/test.h"
#include "trust/acert.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

static void add_extensions(X509 *x, const struct pki_wish *w, X509 *issuer)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	for (size_t i = 0; i < PKI_EXTENSIONS && w->extensions[i][0]; i++) {
		X509_EXTENSION *e = X509V3_EXT_nconf(NULL, &ctx, w->extensions[i][0],
						     w->extensions[i][1]);

		assert_non_null(e);
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		X509_EXTENSION_free(e);
	}
}

static EVP_PKEY *make_key(const struct pki_wish *w)
{
	if (w->key) {
		EVP_PKEY_up_ref(w->key->key);
		return w->key->key;
	}
	return w->rsa_bits ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)w->rsa_bits)
			   : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

struct pki_cert pki_make(const struct pki_wish *w)
{
	static long serial;
	struct pki_cert c = {make_key(w), X509_new()};
	X509 *issuer = w->issuer ? w->issuer->x : c.x;
	int64_t from = w->from ? w->from : -86400, until = w->until ? w->until : 86400;

	assert_non_null(c.key);
	X509_set_version(c.x, w->version1 ? X509_VERSION_1 : X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), ++serial);
	ASN1_TIME_set(X509_getm_notBefore(c.x), PKI_NOW + from);
	ASN1_TIME_set(X509_getm_notAfter(c.x), PKI_NOW + until);
	if (w->name)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x), "CN", MBSTRING_UTF8,
					   (const unsigned char *)w->name, -1, -1, 0);
	if (w->mail)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x), "emailAddress",
					   MBSTRING_ASC, (const unsigned char *)w->mail, -1, -1,
					   0);
	X509_set_issuer_name(c.x, X509_get_subject_name(issuer));
	X509_set_pubkey(c.x, c.key);
	add_extensions(c.x, w, issuer);
	assert_true(X509_sign(c.x, w->issuer ? w->issuer->key : c.key,
			      EVP_get_digestbyname(w->hash ? w->hash : "SHA256")) > 0);
	return c;
}

void pki_done(struct pki_cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x);
	*c = (struct pki_cert){0};
}

struct bytes pki_der(const struct pki_cert *c)
{
	return cert_der(&(struct cert){.x = c->x});
}

struct serial pki_serial(const struct pki_cert *c)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(c->x);
	struct serial s;

	assert_true(
		serial_take(view_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)),
			    &s));
	return s;
}

struct cert pki_read(struct crypto *crypto, const struct pki_cert *c)
{
	unsigned char *der = NULL;
	int len = i2d_X509(c->x, &der);
	struct cert read;

	assert_true(len > 0);
	assert_int_equal(cert_read_der(crypto, view_of(der, (size_t)len), &read, NULL), CYG_OK);
	OPENSSL_free(der);
	return read;
}

static void revoke(X509_CRL *crl, ASN1_INTEGER *number, int reason)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *at = ASN1_TIME_set(NULL, PKI_NOW - 7200);

	X509_REVOKED_set_serialNumber(r, number);
	X509_REVOKED_set_revocationDate(r, at);
	if (reason) {
		ASN1_ENUMERATED *e = ASN1_ENUMERATED_new();

		ASN1_ENUMERATED_set(e, reason);
		assert_int_equal(X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, e, 0, 0), 1);
		ASN1_ENUMERATED_free(e);
	}
	X509_CRL_add0_revoked(crl, r);
	ASN1_TIME_free(at);
}

static void add_number(X509_CRL *crl, int nid, long number, int critical)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();

	ASN1_INTEGER_set(n, number);
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, nid, n, critical, 0), 1);
	ASN1_INTEGER_free(n);
}

static void add_list_extensions(X509_CRL *crl, const struct pki_list_wish *w)
{
	X509V3_CTX ctx;

	if (w->number)
		add_number(crl, NID_crl_number, w->number, 0);
	if (w->base)
		add_number(crl, NID_delta_crl, w->base, 1);
	X509V3_set_ctx(&ctx, w->issuer->x, NULL, NULL, crl, 0);
	for (size_t i = 0; i < PKI_EXTENSIONS && w->extensions[i][0]; i++) {
		X509_EXTENSION *e = X509V3_EXT_nconf(NULL, &ctx, w->extensions[i][0],
						     w->extensions[i][1]);

		assert_non_null(e);
		assert_int_equal(X509_CRL_add_ext(crl, e, -1), 1);
		X509_EXTENSION_free(e);
	}
}

struct bytes pki_list(const struct pki_list_wish *w)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *at = ASN1_TIME_set(NULL, PKI_NOW + (w->from ? w->from : -3600));
	unsigned char *der = NULL;
	struct bytes b;
	int len;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(w->issuer->x));
	X509_CRL_set1_lastUpdate(crl, at);
	for (size_t i = 0; i < 4 && w->revoked[i]; i++)
		revoke(crl, X509_get_serialNumber(w->revoked[i]->x), i ? 0 : w->reason);
	for (long i = 0; i < w->filler; i++) {
		ASN1_INTEGER *n = ASN1_INTEGER_new();

		ASN1_INTEGER_set(n, 1000000 + i);
		revoke(crl, n, 0);
		ASN1_INTEGER_free(n);
	}
	ASN1_TIME_set(at, PKI_NOW + (w->until ? w->until : 3600));
	X509_CRL_set1_nextUpdate(crl, at);
	add_list_extensions(crl, w);
	assert_true(X509_CRL_sign(crl, w->issuer->key,
				  EVP_get_digestbyname(w->hash ? w->hash : "SHA256")) > 0);
	len = i2d_X509_CRL(crl, &der);
	assert_true(len > 0);
	assert_true(bytes_copy(&b, view_of(der, (size_t)len)));
	OPENSSL_free(der);
	ASN1_TIME_free(at);
	X509_CRL_free(crl);
	return b;
}

struct bytes pki_acert(const struct cert *holder, const struct pki_cert *signer,
		       const struct cert *authority, int64_t from, int64_t until)
{
	static const char *const groups[] = {"sales", "admins"};
	struct acert_wish w = {
		.holder = holder,
		.authority = authority,
		.key = signer->key,
		.groups = groups,
		.groups_len = 2,
		.not_before = PKI_NOW + from,
		.not_after = PKI_NOW + until,
		.serial = (const uint8_t *)"\x11\x22",
		.serial_len = 2,
	};
	struct bytes der;

	assert_int_equal(acert_make(&w, &der), CYG_OK);
	return der;
}

bool pki_key_signs(struct crypto *crypto, const struct key *k)
{
	static const unsigned char octets[] = "to see whether the two halves fit";
	unsigned char sig[2048];
	size_t len = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const char *md = k->kind >= KEY_ED25519 ? NULL : "SHA256";
	OSSL_LIB_CTX *lib = crypto_lib(crypto);
	bool well = EVP_DigestSignInit_ex(ctx, NULL, md, lib, NULL, k->pkey, NULL) == 1 &&
		    EVP_DigestSign(ctx, sig, &len, octets, sizeof(octets)) == 1 &&
		    EVP_MD_CTX_reset(ctx) == 1 &&
		    EVP_DigestVerifyInit_ex(ctx, NULL, md, lib, NULL, k->pkey, NULL) == 1 &&
		    EVP_DigestVerify(ctx, sig, len, octets, sizeof(octets)) == 1;

	EVP_MD_CTX_free(ctx);
	return well;
}
