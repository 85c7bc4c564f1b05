/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of other implementations in the binding of identities, keys and certificates, one by one. */
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"
#include "trust/trust_private.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* A trust that believes this authority alone. */
static struct trust *trust_of(const struct pki_cert *ca)
{
	struct trust *t = trust_new(crypto);
	struct cert c = pki_read(crypto, ca);
	struct bytes der = cert_der(&c);

	assert_int_equal(trust_read_cacert(t, "ca.pem", view_bytes(&der), PKI_NOW, NULL),
			 CYG_OK);
	assert_int_equal(trust_take_cacerts(t), CYG_OK);
	bytes_done(&der);
	cert_done(&c);
	return t;
}

/* What trust says of a peer that sends these. */
static enum cyg_err believe(struct trust *t, X509 *const *sent, size_t len, const char *id,
			    struct diag *why)
{
	struct trust_question q = {.rsa_bits_min = 2048, .now = PKI_NOW, .certs_len = len};
	struct auth_cert certs[4];
	unsigned char *der[4] = {NULL};
	enum cyg_err err;

	for (size_t i = 0; i < len; i++) {
		int octets = i2d_X509(sent[i], &der[i]);

		certs[i] = (struct auth_cert){CERT_X509, view_of(der[i], (size_t)octets)};
	}
	q.certs = certs;
	if (id)
		assert_int_equal(ident_parse(id, &q.id, NULL), CYG_OK);
	err = trust_believe(t, &q, why);
	ident_unref(q.id);
	for (size_t i = 0; i < len; i++)
		OPENSSL_free(der[i]);
	return err;
}

/* CVE-2004-0590: a certificate that signs itself, by the name of an authority. */
static void an_impostor_of_an_authority(void **state)
{
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	struct pki_cert impostor = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = &impostor});
	X509 *sent[] = {end.x, impostor.x};
	struct trust *t = trust_of(&root);
	struct diag why;

	assert_int_equal(believe(t, sent, 2, NULL, &why), CYG_AUTH);
	assert_int_equal(believe(t, sent, 1, NULL, &why), CYG_AUTH);
	trust_free(t);
	pki_done(&end);
	pki_done(&impostor);
	pki_done(&root);
}

/* Certificates in SignedData that nobody signs (RFC 7296 3.6, encoding 1); OPENSSL_free. */
static struct view wrapped(X509 *const *certs, size_t len)
{
	PKCS7 *p = PKCS7_new();
	unsigned char *der = NULL;
	int octets;

	assert_true(PKCS7_set_type(p, NID_pkcs7_signed) &&
		    PKCS7_content_new(p, NID_pkcs7_data));
	for (size_t i = 0; i < len; i++)
		assert_true(PKCS7_add_certificate(p, certs[i]));
	octets = i2d_PKCS7(p, &der);
	assert_true(octets > 0);
	PKCS7_free(p);
	return view_of(der, (size_t)octets);
}

/*
 * CVE-2004-0590, and bundles that replaced authorities or never ended: what comes in PKCS #7, in whatever
 * order, is no more than what comes by itself.
 */
static void a_bundle_vouches_for_nothing(void **state)
{
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	struct pki_cert impostor = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	struct pki_cert mid = pki_make(
		&(struct pki_wish){.name = "mid", .issuer = &root, .extensions = {PKI_CA}});
	struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = &mid});
	struct pki_cert other = pki_make(&(struct pki_wish){.name = "other", .issuer = &mid});
	struct pki_cert false_end = pki_make(
		&(struct pki_wish){.name = "end", .issuer = &impostor});
	X509 *many[40];
	const struct {
		const char *what;
		X509 *certs[3];
		size_t len;
		enum cyg_err err;
	} rows[] = {
		{"the end and who issued it", {end.x, mid.x}, 2, CYG_OK},
		{"the other way round", {mid.x, other.x, end.x}, 3, CYG_OK},
		{"with the authority", {end.x, mid.x, root.x}, 3, CYG_OK},
		{"an impostor of the authority", {false_end.x, impostor.x}, 2, CYG_AUTH},
		{"and the authority itself", {false_end.x, impostor.x, root.x}, 3, CYG_AUTH},
		{"the end alone", {end.x}, 1, CYG_AUTH},
		{"another end", {other.x, mid.x}, 2, CYG_AUTH},
		{"an authority alone", {root.x}, 1, CYG_AUTH},
		{"nothing", {NULL}, 0, CYG_AUTH},
	};
	struct trust *t = trust_of(&root);
	struct auth_cert sent = {.encoding = 1};
	struct trust_question q = {.rsa_bits_min = 2048,
				   .now = PKI_NOW,
				   .certs = &sent,
				   .certs_len = 1};
	struct diag why;

	assert_int_equal(ident_parse("CN=end", &q.id, NULL), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		sent.data = wrapped(rows[i].certs, rows[i].len);
		assert_int_equal(trust_believe(t, &q, &why), rows[i].err);
		assert_int_equal(diag_is_set(&why), rows[i].err != CYG_OK);
		for (size_t cut = 0; rows[i].len == 2 && cut < sent.data.len; cut += 7) {
			struct view whole = sent.data;

			sent.data.len = cut;
			assert_int_equal(trust_believe(t, &q, &why), CYG_AUTH);
			sent.data = whole;
		}
		OPENSSL_free((void *)sent.data.ptr);
	}
	/* Very many: the first ones are looked at. */
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = i < 2 ? rows[0].certs[i] : other.x;
	sent.data = wrapped(many, COUNT_OF(many));
	assert_int_equal(trust_believe(t, &q, &why), CYG_OK);
	OPENSSL_free((void *)sent.data.ptr);
	ident_unref(q.id);
	trust_free(t);
	pki_done(&false_end);
	pki_done(&other);
	pki_done(&end);
	pki_done(&mid);
	pki_done(&impostor);
	pki_done(&root);
}

/* Two authorities that issued each other: the search ends, and finds no anchor. */
static void a_path_that_goes_round(void **state)
{
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	struct pki_cert b = pki_make(&(struct pki_wish){.name = "b", .extensions = {PKI_CA}});
	struct pki_cert a = pki_make(
		&(struct pki_wish){.name = "a", .issuer = &b, .extensions = {PKI_CA}});
	struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = &a});
	X509 *round = X509_dup(b.x), *sent[] = {end.x, a.x, round};
	struct trust *t = trust_of(&root);
	struct diag why;

	X509_set_issuer_name(round, X509_get_subject_name(a.x));
	assert_true(X509_sign(round, a.key, EVP_sha256()) > 0);
	assert_int_equal(believe(t, sent, 3, NULL, &why), CYG_AUTH);
	assert_true(diag_is_set(&why));
	trust_free(t);
	X509_free(round);
	pki_done(&end);
	pki_done(&a);
	pki_done(&b);
	pki_done(&root);
}

/* CVE-2021-41991: the outer algorithm is covered by no signature, and must be the inner one. */
static void another_algorithm_outside(void **state)
{
	static const uint8_t oid[] = {0x06, 0x08, 0x2a, 0x86, 0x48,
				      0xce, 0x3d, 0x04, 0x03, 0x02};
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = &root});
	struct trust *t = trust_of(&root);
	unsigned char *der = NULL;
	size_t len = (size_t)i2d_X509(end.x, &der);
	uint8_t *at = memmem(der, len, oid, sizeof(oid)), *last = at;
	const unsigned char *from = der;
	struct diag why;
	X509 *other;

	for (; at; at = memmem(at + 1, len - (size_t)(at + 1 - der), oid, sizeof(oid)))
		last = at;
	assert_non_null(last);
	last[9] = 0x03; /* ecdsa-with-SHA384 */
	other = d2i_X509(NULL, &from, (long)len);
	assert_non_null(other);
	assert_int_equal(believe(t, &end.x, 1, NULL, &why), CYG_OK);
	assert_int_equal(believe(t, &other, 1, NULL, &why), CYG_AUTH);
	X509_free(other);
	OPENSSL_free(der);
	trust_free(t);
	pki_done(&end);
	pki_done(&root);
}

/* CVE-2026-35331: letter case is no way round constraints, and excluded DNs count. */
static void names_are_constrained_whatever_their_case(void **state)
{
	static const struct {
		const char *oid, *constraint, *name;
		enum cyg_err err;
	} rows[] = {
		{"nameConstraints", "critical,permitted;DNS:example", "DNS:HOST.EXAMPLE",
		 CYG_OK},
		{"nameConstraints", "critical,permitted;DNS:EXAMPLE", "DNS:host.example",
		 CYG_OK},
		{"nameConstraints", "critical,permitted;DNS:example", "DNS:host.test",
		 CYG_AUTH},
		{"nameConstraints", "critical,excluded;DNS:evil.example", "DNS:x.EVIL.example",
		 CYG_AUTH},
		{"nameConstraints", "critical,excluded;email:evil.example",
		 "email:a@EVIL.example", CYG_AUTH},
		{"nameConstraints", "critical,permitted;email:example", "email:a@EXAMPLE",
		 CYG_OK},
		/* Excluded: the DN CN=end. */
		{"2.5.29.30", "critical,DER:3016A1143012A410300E310C300A06035504030C03656E64",
		 "DNS:host.example", CYG_AUTH},
	};
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pki_cert root = pki_make(
			&(struct pki_wish){.name = "root",
					   .extensions = {PKI_CA,
							  {rows[i].oid, rows[i].constraint}}});
		struct pki_cert end = pki_make(
			&(struct pki_wish){.name = "end",
					   .issuer = &root,
					   .extensions = {{"subjectAltName", rows[i].name}}});
		struct trust *t = trust_of(&root);

		test_row(i, "%s below %s", rows[i].name, rows[i].constraint);
		diag_clear(&why);
		assert_int_equal(believe(t, &end.x, 1, NULL, &why), rows[i].err);
		trust_free(t);
		pki_done(&end);
		pki_done(&root);
	}
}

/* Times at the ends of what can be written: no arithmetic goes round. */
static void times_far_away(void **state)
{
	static const struct {
		const char *from, *until;
		enum cyg_err err;
	} rows[] = {
		{"20200101000000Z", "99991231235959Z", CYG_OK},
		{"00000101000000Z", "99991231235959Z", CYG_OK},
		{"20200101000000Z", "20380119031408Z", CYG_OK},
		{"99991231235959Z", "99991231235959Z", CYG_AUTH},
		{"00000101000000Z", "00000101000000Z", CYG_AUTH},
	};
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "root", .until = 3600, .extensions = {PKI_CA}});
	struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = &root});
	struct trust *t = trust_of(&root);
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "from %s until %s", rows[i].from, rows[i].until);
		ASN1_TIME_set_string(X509_getm_notBefore(end.x), rows[i].from);
		ASN1_TIME_set_string(X509_getm_notAfter(end.x), rows[i].until);
		assert_true(X509_sign(end.x, root.key, EVP_sha256()) > 0);
		assert_int_equal(believe(t, &end.x, 1, NULL, &why), rows[i].err);
	}
	trust_free(t);
	pki_done(&end);
	pki_done(&root);
}

/* CVE-2020-16088: keys of two kinds can't be compared, which is not "equal". */
static void keys_of_two_kinds_are_not_equal(void **state)
{
	static const char *const types[] = {"ED25519", "ED448"};
	struct pki_cert p256 = pki_make(&(struct pki_wish){.name = "x"});
	struct key keys[4] = {{0}};

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(key_take(EVP_PKEY_Q_keygen(NULL, NULL, types[i]), &keys[i],
					  NULL),
				 CYG_OK);
	assert_int_equal(key_take(X509_get_pubkey(p256.x), &keys[2], NULL), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(keys); i++) /* the last one is none at all */
		for (size_t j = 0; j < COUNT_OF(keys); j++)
			assert_true(key_equal(&keys[i], &keys[j]) == (i == j && i < 3));
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		key_done(&keys[i]);
	pki_done(&p256);
}

/*
 * CVE-2004-0155: a good certificate proves nothing without a signature by its key; CVE-2022-4967: nor
 * with one, when the peer says that he is somebody else.
 */
static void a_certificate_is_no_signature(void **state)
{
	static const struct {
		const char *peer;
		bool by_thief, valid;
	} rows[] = {{"CN=end", false, true},
		    {"CN=end", true, false},
		    {"CN=thief", false, false},
		    {"@end", false, false},
		    {"end@lab", false, false}};
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = &root});
	struct pki_cert thief = pki_make(&(struct pki_wish){.name = "thief"});
	struct trust *t = trust_of(&root);
	struct connection *c = connection_new("c");
	unsigned char *der = NULL;
	struct auth_cert sent = {CERT_X509, view_of(der, 0)};
	const struct ident *us, *peer;
	int len = i2d_X509(end.x, &der);

	c->auth = AUTH_PUBKEY;
	sent.data = view_of(der, (size_t)len);
	assert_int_equal(ident_parse("@us", &us, NULL), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EVP_PKEY *pkey = rows[i].by_thief ? thief.key : end.key;
		struct action a = {.kind = ACT_AUTH_CHECK, .op = 1};
		struct trust_reply r;
		struct bytes proof;
		struct key key;

		test_row(i, "%s", rows[i].peer);
		assert_int_equal(ident_parse(rows[i].peer, &peer, NULL), CYG_OK);
		EVP_PKEY_up_ref(pkey);
		assert_int_equal(key_take(pkey, &key, NULL), CYG_OK);
		assert_int_equal(sig_make(crypto,
					  sig_choose(&key, AUTH_PUBKEY, SIG_HASH_SHA2_256),
					  &key, LITERAL("messagenoncemaced id"), &proof, NULL),
				 CYG_OK);
		a.auth = (struct auth_request){
			.connection = c,
			.end = 0,
			.local = us,
			.remote = peer,
			.prf = 5,
			.message = LITERAL("message"),
			.nonce = LITERAL("nonce"),
			.maced_id = LITERAL("maced id"),
			.method = AUTH_METHOD_SIGNATURE,
			.data = view_bytes(&proof),
			.certs = &sent,
			.certs_len = 1,
		};
		trust_ask(t, &a, PKI_NOW, &r);
		assert_int_equal(r.answer.err, CYG_OK);
		assert_int_equal(r.answer.auth.valid, rows[i].valid);
		trust_reply_done(&r);
		ident_unref(peer);
		bytes_done(&proof);
		key_done(&key);
	}
	OPENSSL_free(der);
	ident_unref(us);
	connection_unref(c);
	trust_free(t);
	pki_done(&thief);
	pki_done(&end);
	pki_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_impostor_of_an_authority),
		cmocka_unit_test(a_bundle_vouches_for_nothing),
		cmocka_unit_test(a_path_that_goes_round),
		cmocka_unit_test(another_algorithm_outside),
		cmocka_unit_test(names_are_constrained_whatever_their_case),
		cmocka_unit_test(times_far_away),
		cmocka_unit_test(keys_of_two_kinds_are_not_equal),
		cmocka_unit_test(a_certificate_is_no_signature),
	};

	return cmocka_run_group_tests_name("trust/known_faults", tests, crypto_set_up,
					   crypto_tear_down);
}
