/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/path.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/x509.h>
#include <string.h>

#define CA                                             \
	{                                              \
		"basicConstraints", "critical,CA:TRUE" \
	}
#define CA_USAGE                                   \
	{                                          \
		"keyUsage", "critical,keyCertSign" \
	}

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
};

/* clang-format off */
static const struct row rows[] = {
	{"another root of the same name", {.extensions = {CA}}, {.extensions = {CA}}, {0},
	 UNKNOWN, NULL, "not signed by the key of its issuer"},
	{"an intermediate that is missing", {.extensions = {CA}}, {.extensions = {CA}}, {0},
	 MIDDLE_NOT_SENT, NULL, "leads to no authority"},
	{"an end's certificate as authority", {.extensions = {CA}},
	 {.extensions = {{"basicConstraints", "CA:FALSE"}}}, {0}, KNOWN, NULL, "no authority"},
	{"an authority without basicConstraints", {.extensions = {CA}}, {0}, {0}, KNOWN, NULL,
	 "no authority"},
	{"an authority by keyUsage alone", {.extensions = {CA}},
	 {.extensions = {{"keyUsage", "keyCertSign"}}}, {0}, KNOWN, NULL, "no authority"},
	{"an authority that may not sign certificates", {.extensions = {CA}},
	 {.extensions = {CA, {"keyUsage", "critical,cRLSign"}}}, {0}, KNOWN, NULL,
	 "no authority"},
	{"a path that is too long", {.extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"}}},
	 {.extensions = {CA}}, {0}, KNOWN, NULL, "more authorities below"},
	{"a name that is not permitted",
	 {.extensions = {CA, {"nameConstraints", "critical,permitted;DNS:.good.example"}}},
	 {.extensions = {CA}}, {.extensions = {{"subjectAltName", "DNS:host.bad.example"}}},
	 KNOWN, NULL, "may not give"},
	{"a name that is excluded",
	 {.extensions = {CA, {"nameConstraints", "critical,excluded;DNS:.bad.example"}}},
	 {.extensions = {CA}}, {.extensions = {{"subjectAltName", "DNS:host.bad.example"}}},
	 KNOWN, NULL, "may not give"},
	{"a root that has expired", {.until = -3600, .extensions = {CA}}, {.extensions = {CA}},
	 {0}, KNOWN, NULL, "has expired"},
	{"an intermediate that has expired", {.extensions = {CA}},
	 {.until = -3600, .extensions = {CA}}, {0}, KNOWN, NULL, "has expired"},
	{"an end that has expired", {.extensions = {CA}}, {.extensions = {CA}},
	 {.until = -PATH_SKEW - 1}, KNOWN, NULL, "has expired"},
	{"an end that is not valid yet", {.extensions = {CA}}, {.extensions = {CA}},
	 {.from = PATH_SKEW + 1}, KNOWN, NULL, "not valid yet"},
	{"a signature over SHA-1", {.extensions = {CA}}, {.extensions = {CA}},
	 {.hash = "SHA1"}, KNOWN, NULL, "too weak"},
	{"a critical extension nobody knows", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"1.2.3.4", "critical,ASN1:NULL"}}}, KNOWN, NULL, "critical extension"},
	{"an end that is an authority", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {CA}}, KNOWN, NULL, "is an authority's"},
	{"an end that may not sign", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"keyUsage", "keyEncipherment"}}}, KNOWN, NULL, "not for signatures"},
	{"an end for code", {.extensions = {CA}}, {.extensions = {CA}},
	 {.extensions = {{"extendedKeyUsage", "codeSigning"}}}, KNOWN, NULL, "other uses"},
	{"another authority", {.extensions = {CA}}, {.extensions = {CA}}, {0}, KNOWN,
	 "CN=another", "another authority"},

	{"a plain path", {.extensions = {CA, CA_USAGE}}, {.extensions = {CA, CA_USAGE}}, {0}, KNOWN, NULL, NULL},
	{"the root is asked for", {.extensions = {CA}}, {.extensions = {CA}}, {0}, KNOWN,
	 "CN=root", NULL},
	{"the intermediate is asked for", {.extensions = {CA}}, {.extensions = {CA}}, {0}, KNOWN,
	 "CN=middle", NULL},
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
	struct path_rules rules = {PKI_NOW, 2048, NULL};
	struct pki_cert made[3], stranger;
	struct cert read[3], other;
	struct cert_list sent = {0};
	struct x509_store_st *anchors;
	enum cyg_err err;

	for (int i = 0; i < 3; i++) {
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
		struct diag why;

		diag_clear(&why);
		test_row(i, "%s", rows[i].what);
		assert_int_equal(check(&rows[i], &why), rows[i].says ? CYG_AUTH : CYG_OK);
		if (!rows[i].says)
			continue;
		if (!strstr(why.sentence, rows[i].says))
			fail_msg("%s", why.sentence);
		assert_true(why.wanted[0] != '\0');
	}
}

/* What a peer sends is no anchor, though it be self-signed and complete. */
static void a_path_that_the_peer_brings_whole_is_not_believed(void **state)
{
	struct path_rules rules = {PKI_NOW, 2048, NULL};
	struct x509_store_st *none = anchors_of(NULL);
	struct pki_cert root = pki_make(&(struct pki_wish){.name = "root", .extensions = {CA}});
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_kept),
		cmocka_unit_test(a_path_that_the_peer_brings_whole_is_not_believed),
	};

	return cmocka_run_group_tests_name("trust/path", tests, set_up, tear_down);
}
