/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/path.h"

#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/x509.h>
#include <string.h>

#define CA PKI_CA
#define CA_USAGE                                   \
	{                                          \
		"keyUsage", "critical,keyCertSign" \
	}

#define KEY_ID                                 \
	{                                      \
		"subjectKeyIdentifier", "hash" \
	}

/* Anchors of one certificate. */
static struct x509_store_st *anchors_of(const struct cert *c)
{
	struct stored_certs all = {0};
	struct x509_store_st *anchors;

	if (c) {
		struct cert_list list = {0};
		struct cert copy = cert_copy(c);

		assert_int_equal(cert_list_add(&list, &copy), CYG_OK);
		assert_int_equal(stored_certs_put(&all, "ca.pem", &list, PKI_NOW), CYG_OK);
	}
	anchors = path_anchors_new(&all);
	assert_non_null(anchors);
	stored_certs_done(&all);
	return anchors;
}

/* A path of three: what is odd about each of them. */
struct row {
	const char *what;
	struct pki_wish root, middle, end;
	enum { KNOWN, UNKNOWN, MIDDLE_NOT_SENT } anchor;
	const char *authority; /* rightca= */
	const char *says;      /* NULL: it is believed */
	const char *wanted, *got; /* NULL: any */
	unsigned rsa_bits_min;    /* 0: 2048 */
};

/* clang-format off */
static const struct row rows[] = {
	{"another root of the same name", {.extensions = {CA}}, {.extensions = {CA}}, {0},
	 UNKNOWN, NULL, "not signed by the key of its issuer"},
	{"an intermediate that is missing", {.extensions = {CA}}, {.extensions = {CA}}, {0},
	 MIDDLE_NOT_SENT, NULL, "leads to no authority"},
	{"an end's certificate as authority", {.extensions = {CA}},
	 {.extensions = {{"basicConstraints", "CA:FALSE"}}}, {0}, KNOWN, NULL, "no authority", "basicConstraints CA:TRUE", "basicConstraints CA:FALSE"},
	{"an authority without basicConstraints", {.extensions = {CA}}, {0}, {0}, KNOWN, NULL,
	 "no authority", NULL, "no basicConstraints"},
	{"an authority by keyUsage alone", {.extensions = {CA}},
	 {.extensions = {{"keyUsage", "keyCertSign"}}}, {0}, KNOWN, NULL, "no authority", NULL, "no basicConstraints"},
	{"an authority that may not sign certificates", {.extensions = {CA}},
	 {.extensions = {CA, {"keyUsage", "critical,cRLSign"}}}, {0}, KNOWN, NULL,
	 "no authority", "keyCertSign", "keyUsage cRLSign"},
	{"a path that is too long", {.extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"}}},
	 {.extensions = {CA}}, {0}, KNOWN, NULL, "more authorities below", "at most 0 (its basicConstraints: pathlen:0)", "1"},
	{"a name that is not permitted",
	 {.extensions = {CA, {"nameConstraints", "critical,permitted;DNS:.good.example"}}},
	 {.extensions = {CA}}, {.extensions = {{"subjectAltName", "DNS:host.bad.example"}}},
	 KNOWN, NULL, "may not give", "nameConstraints of CN=root: Permitted: DNS:.good.example", "DNS:host.bad.example"},
	{"a name that is excluded",
	 {.extensions = {CA, {"nameConstraints", "critical,excluded;DNS:.bad.example"}}},
	 {.extensions = {CA}}, {.extensions = {{"subjectAltName", "DNS:host.bad.example"}}},
	 KNOWN, NULL, "may not give", "nameConstraints of CN=root: Excluded: DNS:.bad.example", "DNS:host.bad.example"},
	{"one name of several", {.extensions = {CA}},
	 {.extensions = {CA, {"nameConstraints", "critical,permitted;email:good.example,permitted;IP:10.0.0.0/255.0.0.0"}}},
	 {.extensions = {{"subjectAltName", "DNS:a.example,email:a@good.example,IP:10.1.1.1,IP:11.1.1.1"}}},
	 KNOWN, NULL, "may not give", "nameConstraints of CN=middle: Permitted: email:good.example IP:10.0.0.0/255.0.0.0",
	 "IP Address:11.1.1.1"},
	{"a subject that is excluded",
	 {.extensions = {CA, {"nameConstraints", "critical,permitted;email:good.example"}}},
	 {.extensions = {CA}}, {.mail = "a@bad.example"}, KNOWN, NULL, "may not give",
	 "nameConstraints of CN=root: Permitted: email:good.example", "its subject, CN=end, E=a@bad.example"},
	{"a common name that is no permitted host",
	 {.extensions = {CA, {"nameConstraints", "critical,permitted;DNS:good.example"}}},
	 {.extensions = {CA}}, {.name = "host.bad.example"}, KNOWN, NULL, "may not give",
	 "Permitted: DNS:good.example", "its subject, CN=host.bad.example"},
	{"several uses", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"extendedKeyUsage", "emailProtection,1.2.3.4"}}}, KNOWN, NULL, "other uses",
	 "serverAuth", "extendedKeyUsage emailProtection, 1.2.3.4"},
	{"an authority whose key is short", {.rsa_bits = 2048, .extensions = {CA}}, {.extensions = {CA}}, {0},
	 KNOWN, NULL, "key that is too short", "at least 3072 bits (rsa-min-bits=", "2048 bits", 3072},
	{"an intermediate whose key is short", {.extensions = {CA}}, {.rsa_bits = 1024, .extensions = {CA}}, {0},
	 KNOWN, NULL, "key that is too short", "at least 1536 bits (rsa-min-bits=", "1024 bits", 1536},
	{"one that is shorter than anybody has them", {.extensions = {CA}}, {.rsa_bits = 1024, .extensions = {CA}}, {0},
	 KNOWN, NULL, "key that is too short", "at least 2048 bits (rsa-min-bits=", "1024 bits"},
	{"keys that are long enough", {.rsa_bits = 2048, .extensions = {CA}}, {.rsa_bits = 2048, .extensions = {CA}},
	 {0}, KNOWN, NULL, NULL, NULL, NULL, 2048},
	{"a root that has expired", {.until = -3600, .extensions = {CA}}, {.extensions = {CA}},
	 {0}, KNOWN, NULL, "has expired"},
	{"an intermediate that has expired", {.extensions = {CA}},
	 {.until = -3600, .extensions = {CA}}, {0}, KNOWN, NULL, "has expired"},
	{"an end that has expired", {.extensions = {CA}}, {.extensions = {CA}},
	 {.until = -PATH_SKEW - 1}, KNOWN, NULL, "has expired"},
	{"an end that is not valid yet", {.extensions = {CA}}, {.extensions = {CA}},
	 {.from = PATH_SKEW + 1}, KNOWN, NULL, "not valid yet"},
	{"a signature over SHA-1", {.extensions = {CA}}, {.extensions = {CA}},
	 {.hash = "SHA1"}, KNOWN, NULL, "too weak", "SHA2-256", "ecdsa-with-SHA1"},
	{"a critical extension nobody knows", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"1.2.3.4", "critical,ASN1:NULL"}}}, KNOWN, NULL, "critical extension", NULL, "1.2.3.4"},
	{"an end that is an authority", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {CA}}, KNOWN, NULL, "is an authority's"},
	{"an end that is an authority which may not sign certificates", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {CA, {"keyUsage", "digitalSignature"}}}, KNOWN, NULL, "is an authority's"},
	{"an end that may not sign", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"keyUsage", "keyEncipherment"}}}, KNOWN, NULL, "not for signatures", NULL, "keyUsage keyEncipherment"},
	{"an end for code", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"extendedKeyUsage", "codeSigning"}}}, KNOWN, NULL, "other uses", NULL, "extendedKeyUsage codeSigning"},
	{"another authority", {.extensions = {CA}}, {.extensions = {CA}}, {0}, KNOWN,
	 "CN=another", "another authority"},

	{"a plain path", {.extensions = {CA, CA_USAGE}}, {.extensions = {CA, CA_USAGE}}, {0}, KNOWN, NULL, NULL},
	{"the root is asked for", {.extensions = {CA}}, {.extensions = {CA}}, {0}, KNOWN,
	 "CN=root", NULL},
	{"an intermediate that only the peer has", {.extensions = {CA}}, {.extensions = {CA}}, {0},
	 KNOWN, "CN=middle", "another authority"},
	{"a pattern is asked for", {.extensions = {CA}}, {.extensions = {CA}}, {0}, KNOWN,
	 "CN=*", NULL},
	{"room for the path", {.extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:1"}}},
	 {.extensions = {CA}}, {0}, KNOWN, NULL, NULL},
	{"a name that is permitted",
	 {.extensions = {CA, {"nameConstraints", "critical,permitted;DNS:.good.example"}}},
	 {.extensions = {CA}}, {.extensions = {{"subjectAltName", "DNS:host.good.example"}}},
	 KNOWN, NULL, NULL},
	{"a clock a little behind", {.extensions = {CA}}, {.extensions = {CA}},
	 {.from = PATH_SKEW - 5}, KNOWN, NULL, NULL},
	{"a clock a little ahead", {.extensions = {CA}}, {.extensions = {CA}},
	 {.until = 5 - PATH_SKEW}, KNOWN, NULL, NULL},
	{"uses of IKE", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"keyUsage", "digitalSignature"},
			 {"extendedKeyUsage", "1.3.6.1.5.5.8.2.2"}}}, KNOWN, NULL, NULL},
	{"a server's", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"keyUsage", "nonRepudiation"}, {"extendedKeyUsage", "serverAuth"}}},
	 KNOWN, NULL, NULL},
};
/* clang-format on */

static enum cyg_err check(const struct row *row, struct diag *why)
{
	struct pki_wish wishes[3] = {row->root, row->middle, row->end};
	static const char *const names[] = {"root", "middle", "end"};
	struct path_rules rules = {.now = PKI_NOW,
				   .rsa_bits_min = row->rsa_bits_min ? row->rsa_bits_min
								     : 2048};
	struct pki_cert made[3], stranger;
	struct cert read[3], other;
	struct cert_list sent = {0};
	struct x509_store_st *anchors;
	enum cyg_err err;

	for (int i = 0; i < 3; i++) {
		if (!wishes[i].name)
			wishes[i].name = names[i];
		wishes[i].issuer = i ? &made[i - 1] : NULL;
		made[i] = pki_make(&wishes[i]);
		read[i] = pki_read(crypto, &made[i]);
	}
	wishes[0].issuer = NULL;
	stranger = pki_make(&wishes[0]); /* of the same name */
	other = pki_read(crypto, &stranger);
	anchors = anchors_of(row->anchor == UNKNOWN ? &other : &read[0]);
	for (int i = row->anchor == MIDDLE_NOT_SENT ? 2 : 0; i < 3; i++) {
		struct cert copy = cert_copy(&read[i]);

		assert_int_equal(cert_list_add(&sent, &copy), CYG_OK);
	}
	if (row->authority)
		assert_int_equal(ident_parse(row->authority, &rules.authority, NULL), CYG_OK);
	err = path_check(crypto, anchors, &read[2], &sent, &rules, NULL, why);
	cert_list_done(&sent);
	path_anchors_unref(anchors);
	ident_unref(rules.authority);
	for (int i = 0; i < 3; i++) {
		cert_done(&read[i]);
		pki_done(&made[i]);
	}
	cert_done(&other);
	pki_done(&stranger);
	return err;
}

static void each_rule_is_kept(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum cyg_err err;
		struct diag why;

		diag_clear(&why);
		test_row(i, "%s", rows[i].what);
		err = check(&rows[i], &why);
		assert_int_equal(err == CYG_OK, rows[i].says == NULL);
		assert_int_equal(err == CYG_CONFLICT,
				 rows[i].says && !strcmp(why.code, "certificate-authority"));
		if (!rows[i].says)
			continue;
		if (!strstr(why.sentence, rows[i].says))
			fail_msg("%s", why.sentence);
		assert_true(why.wanted[0] && why.got[0] && why.hint[0]);
		if ((rows[i].wanted && !strstr(why.wanted, rows[i].wanted)) ||
		    (rows[i].got && strcmp(why.got, rows[i].got) != 0))
			fail_msg("wanted %s; got %s", why.wanted, why.got);
	}
}

/* What a peer sends is no anchor, though it be self-signed and complete. */
static void a_path_that_the_peer_brings_whole_is_not_believed(void **state)
{
	struct path_rules rules = {.now = PKI_NOW, .rsa_bits_min = 2048};
	struct x509_store_st *none = anchors_of(NULL);
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "root", .extensions = {CA}});
	struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = &root});
	struct cert read = pki_read(crypto, &end), sent_root = pki_read(crypto, &root);
	struct cert_list sent = {0};
	struct diag why;

	assert_int_equal(cert_list_add(&sent, &sent_root), CYG_OK);
	assert_int_equal(path_check(crypto, none, &read, &sent, &rules, NULL, &why), CYG_AUTH);
	assert_non_null(strstr(why.sentence, "not trusted here"));
	cert_list_done(&sent);
	cert_done(&read);
	pki_done(&root);
	pki_done(&end);
	path_anchors_unref(none);
}

/* Two roots that are trusted here; the second has issued an authority by the name of the first. */
static const char *const own_names[] = {"one", "two"};

struct two_roots {
	struct pki_cert root[2], fake, end[3]; /* ends: of each root, and of the fake one */
	struct cert read[2], read_fake, read_end[3];
	struct x509_store_st *anchors;
};

static void two_roots_make(struct two_roots *r)
{
	struct stored_certs all = {0};

	for (int i = 0; i < 2; i++) {
		r->root[i] = pki_make(&(struct pki_wish){.name = own_names[i],
							 .extensions = {CA, KEY_ID}});
		r->read[i] = pki_read(crypto, &r->root[i]);
		assert_int_equal(stored_certs_add(&all, own_names[i], &r->read[i], 0, true),
				 CYG_OK);
	}
	r->fake = pki_make(&(struct pki_wish){.name = "one",
					      .issuer = &r->root[1],
					      .extensions = {CA, KEY_ID}});
	r->read_fake = pki_read(crypto, &r->fake);
	for (int i = 0; i < 3; i++) {
		r->end[i] = pki_make(&(
			struct pki_wish){.name = "end",
					 .issuer = i < 2 ? &r->root[i] : &r->fake,
					 .extensions = {{"authorityKeyIdentifier", "keyid"}}});
		r->read_end[i] = pki_read(crypto, &r->end[i]);
	}
	r->anchors = path_anchors_new(&all);
	assert_non_null(r->anchors);
	stored_certs_done(&all);
}

static void two_roots_done(struct two_roots *r)
{
	path_anchors_unref(r->anchors);
	for (int i = 0; i < 3; i++) {
		cert_done(&r->read_end[i]);
		pki_done(&r->end[i]);
	}
	cert_done(&r->read_fake);
	pki_done(&r->fake);
	for (int i = 0; i < 2; i++) {
		cert_done(&r->read[i]);
		pki_done(&r->root[i]);
	}
}

/* The path of one of the ends, with the fake authority beside it, as a peer sends it. */
static enum cyg_err check_end_of(struct two_roots *r, int end, const struct path_rules *rules,
				 struct diag *why)
{
	struct cert_list sent = {0};
	struct cert copy = cert_copy(&r->read_fake);
	enum cyg_err err;

	assert_int_equal(cert_list_add(&sent, &copy), CYG_OK);
	err = path_check(crypto, r->anchors, &r->read_end[end], &sent, rules, NULL, why);
	cert_list_done(&sent);
	return err;
}

/* A name is free for whoever has an authority's key: what the host itself holds by it counts. */
static void an_authority_that_is_asked_for_is_a_key(void **state)
{
	struct path_rules rules = {.now = PKI_NOW, .rsa_bits_min = 2048};
	struct two_roots r;
	struct diag why;

	two_roots_make(&r);
	assert_int_equal(ident_parse("CN=one", &rules.authority, NULL), CYG_OK);
	assert_int_equal(check_end_of(&r, 2, &rules, &why), CYG_CONFLICT);
	assert_string_equal(why.code, "certificate-authority");
	assert_int_equal(check_end_of(&r, 1, &rules, &why), CYG_CONFLICT);
	assert_int_equal(check_end_of(&r, 0, &rules, &why), CYG_OK);
	ident_unref(rules.authority);
	two_roots_done(&r);
}

/* leftca=%same: whose key has signed our own certificate, by whatever name. */
static void the_same_authority_is_the_one_that_signed_ours(void **state)
{
	struct path_rules rules = {.now = PKI_NOW, .rsa_bits_min = 2048};
	struct two_roots r;
	struct cert own;
	struct diag why;

	two_roots_make(&r);
	own = cert_copy(&r.read_end[0]);
	assert_int_equal(cert_list_add(&rules.siblings, &own), CYG_OK);
	assert_int_equal(check_end_of(&r, 2, &rules, &why), CYG_CONFLICT);
	assert_string_equal(why.code, "certificate-authority");
	assert_int_equal(check_end_of(&r, 1, &rules, &why), CYG_CONFLICT);
	assert_int_equal(check_end_of(&r, 0, &rules, &why), CYG_OK);
	cert_list_done(&rules.siblings);
	own = cert_copy(&r.read_end[2]); /* ours is of an authority that is not held itself */
	assert_int_equal(cert_list_add(&rules.siblings, &own), CYG_OK);
	assert_int_equal(check_end_of(&r, 2, &rules, &why), CYG_OK);
	assert_int_equal(check_end_of(&r, 0, &rules, &why), CYG_CONFLICT);
	cert_list_done(&rules.siblings);
	two_roots_done(&r);
}

static void anchors_are_known_by_name_and_key(void **state)
{
	struct two_roots r;

	two_roots_make(&r);
	assert_false(path_anchors_have(crypto, r.anchors, &r.read_fake));
	assert_false(path_anchors_have(crypto, r.anchors, &r.read_end[0]));
	assert_true(path_anchors_have(crypto, r.anchors, &r.read[0]));
	two_roots_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_kept),
		cmocka_unit_test(a_path_that_the_peer_brings_whole_is_not_believed),
		cmocka_unit_test(an_authority_that_is_asked_for_is_a_key),
		cmocka_unit_test(the_same_authority_is_the_one_that_signed_ours),
		cmocka_unit_test(anchors_are_known_by_name_and_key),
	};

	return cmocka_run_group_tests_name("trust/path", tests, crypto_set_up,
					   crypto_tear_down);
}
