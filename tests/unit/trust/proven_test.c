/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer was believed by is held against the rules of other connections. */
#include "conn/field.h"
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/peer.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <string.h>

#define ROOT_NAME "CN=root"

struct scene {
	struct trust *t;
	struct pki_cert root, end, another;
	struct bytes der;
	uint64_t proof;
	unsigned way;
};

/* The peer is CN=end by its certificate of CN=root, and of sales and admins. */
static struct scene begin(void)
{
	struct scene s = {.t = trust_new(crypto)};
	struct auth_cert sent = {.encoding = CERT_X509};
	struct bytes der, root;
	struct cert holder, authority;
	struct trust_job *j;

	s.root = pki_make(&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	s.end = pki_make(&(struct pki_wish){.name = "end", .issuer = &s.root});
	s.another = pki_make(&(struct pki_wish){.name = "end", .issuer = &s.root});
	peer_believe(s.t, crypto, &s.root, &(struct authority){.name = "ca", .groups = "vp"});
	s.der = pki_der(&s.end);
	assert_int_equal(trust_put_cert(s.t, "end.pem", view_bytes(&s.der), PKI_NOW, NULL),
			 CYG_OK);
	der = pki_der(&s.another);
	assert_int_equal(trust_put_cert(s.t, "another.pem", view_bytes(&der), PKI_NOW, NULL),
			 CYG_OK);
	bytes_done(&der);
	root = pki_der(&s.root);
	assert_int_equal(trust_read_aacert(s.t, "aa", view_bytes(&root), PKI_NOW, NULL),
			 CYG_OK);
	trust_take_aacerts(s.t);
	bytes_done(&root);
	holder = pki_read(crypto, &s.end);
	authority = pki_read(crypto, &s.root);
	der = pki_acert(&holder, &s.root, &authority, -60, 3600);
	assert_int_equal(trust_read_acert(s.t, "end.ac", view_bytes(&der), PKI_NOW, NULL),
			 CYG_OK);
	trust_take_acerts(s.t, PKI_NOW);
	bytes_done(&der);
	cert_done(&holder);
	cert_done(&authority);
	sent.data = view_bytes(&s.der);
	j = peer_job(s.t, crypto, &s.end, "CN=end", &sent, PKI_NOW);
	trust_job_work(j);
	assert_true(trust_job_settle(s.t, j, PKI_NOW));
	assert_true(trust_job_reply(j)->answer.auth.valid);
	s.proof = trust_job_reply(j)->answer.auth.proof;
	s.way = trust_job_reply(j)->answer.auth.way;
	assert_true(s.proof && s.way == AUTH_ECDSA_SHA2_256);
	trust_job_free(j);
	return s;
}

static void end(struct scene *s)
{
	trust_free(s->t);
	pki_done(&s->root);
	pki_done(&s->end);
	pki_done(&s->another);
	bytes_done(&s->der);
}

static void set(struct connection *c, const char *keyword, const char *text)
{
	struct diag why;

	assert_int_equal(field_set(c, 1, field_by_keyword(keyword, true), text, &why), CYG_OK);
}

static const char
	*named_groups; /* that a connection asks for besides, which names a certificate */

/* The proof for a connection that says so of its peer; "" or the refusal's code. */
static bool holds(struct scene *s, const char *keyword, const char *text, const char *id,
		  int64_t later, char code[40], uint64_t *ret_proof)
{
	struct connection *c = connection_new("u");
	struct action a = {.kind = ACT_AUTH_CHECK, .op = 1};
	struct trust_job *j;
	bool valid;

	c->auth = AUTH_PUBKEY;
	if (keyword)
		set(c, keyword, text);
	if (named_groups)
		set(c, "groups", named_groups);
	a.auth = (struct auth_request){.connection = c, .proven = s->proof, .way = s->way};
	assert_int_equal(ident_parse("@us", &a.auth.local, NULL), CYG_OK);
	assert_int_equal(ident_parse(id, &a.auth.remote, NULL), CYG_OK);
	j = trust_begin(s->t, &a, PKI_NOW + later);
	ident_unref(a.auth.local);
	ident_unref(a.auth.remote);
	connection_unref(c);
	assert_non_null(j);
	trust_job_work(j);
	assert_true(trust_job_settle(s->t, j, PKI_NOW + later));
	valid = trust_job_reply(j)->answer.auth.valid;
	*ret_proof = trust_job_reply(j)->answer.auth.proof;
	snprintf(code, 40, "%s", valid ? "" : trust_job_reply(j)->why.code);
	trust_job_free(j);
	return valid;
}

static void each_rule_is_held_against_it(void **state)
{
	static const struct row {
		const char *keyword, *text, *code;
	} rows[] = {
		{NULL, NULL, ""},
		{"ca", ROOT_NAME, ""},
		{"ca", "CN=other", "certificate-authority"},
		{"ca", "%same", "no-same-authority"},
		{"cert", "end.pem", ""},
		{"cert", "another.pem", "proof-does-not-fit"},
		{"cert", "none.pem", "proof-does-not-fit"},
		{"cert", "another.pem,end.pem", ""},
		{"auth", "ecdsa", ""},
		{"auth", "ecdsa-sha2_256", ""},
		{"auth", "ecdsa-sha2_512", "proof-does-not-fit"},
		{"auth", "rsa", "proof-does-not-fit"},
		{"auth", "secret", "proof-does-not-fit"},
		{"auth", "eap-tls", "proof-does-not-fit"},
		{"groups", "sales", ""},
		{"groups", "staff, admins", ""},
		{"groups", "staff", "not-in-group"},
		{"groups", "staff, vp", ""}, /* by the ca section */
		{"rsasigkey", "%dnsondemand", "proof-does-not-fit"},
	};
	struct scene s = begin();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t proof;
		char code[40];

		test_row(i, "%s=%s", rows[i].keyword ? rows[i].keyword : "", rows[i].text);
		assert_int_equal(holds(&s, rows[i].keyword, rows[i].text, "CN=end", 0, code,
				       &proof),
				 !*rows[i].code);
		assert_string_equal(code, rows[i].code);
		/* Groups are watched by themselves, all else by what there is. */
		if (!*code && rows[i].keyword && !strcmp(rows[i].keyword, "groups"))
			assert_true(proof && proof != s.proof);
		else if (!*code)
			assert_int_equal(proof, s.proof);
	}
	end(&s);
}

static void another_name_or_time_is_not_proven(void **state)
{
	struct scene s = begin();
	uint64_t proof;
	char code[40];

	(void)state;
	assert_false(holds(&s, NULL, NULL, "CN=another", 0, code, &proof));
	assert_string_equal(code, "cert-identity");
	assert_false(holds(&s, "cert", "end.pem", "CN=another", 0, code, &proof));
	assert_false(holds(&s, NULL, NULL, "CN=end", 3 * 86400, code, &proof));
	assert_string_equal(code, "certificate-refused");
	assert_false(holds(&s, "cert", "end.pem", "CN=end", 3 * 86400, code, &proof));
	assert_false(holds(&s, "groups", "sales", "CN=end", 4000, code, &proof));
	assert_string_equal(code, "not-in-group");
	end(&s);
}

/* It is not known, or nothing that a certificate is behind. */
static void no_proof_is_none(void **state)
{
	struct scene s = begin();
	uint64_t proof, known = s.proof;
	char code[40];

	(void)state;
	s.proof = known + 1;
	assert_false(holds(&s, NULL, NULL, "CN=end", 0, code, &proof));
	s.proof = known;
	s.way = 0;
	assert_false(holds(&s, NULL, NULL, "CN=end", 0, code, &proof));
	end(&s);
}

/* Whose certificate is named, too, is of the groups of its authority's section, while that says so. */
static void a_section_counts_for_others_too(void **state)
{
	struct scene s = begin();
	uint64_t proof;
	char code[40];

	(void)state;
	named_groups = "vp";
	assert_true(holds(&s, "cert", "end.pem", "CN=end", 0, code, &proof));
	assert_true(proof && proof != s.proof);
	s.way = AUTH_ECDSA_SHA2_256;
	peer_believe(s.t, crypto, &s.root,
		     &(struct authority){.name = "ca", .groups = "staff"});
	assert_false(holds(&s, "cert", "end.pem", "CN=end", 0, code, &proof));
	assert_string_equal(code, "not-in-group");
	assert_false(holds(&s, "groups", "vp", "CN=end", 0, code, &proof));
	assert_string_equal(code, "not-in-group");
	named_groups = NULL;
	end(&s);
}

/* Its authority goes: the look that ends its IKE SAs comes later. */
static void who_is_believed_no_more_is_refused(void **state)
{
	struct scene s = begin();
	uint64_t proof;
	char code[40];

	(void)state;
	assert_int_equal(trust_delete_authorities(s.t, "*", PKI_NOW), 1);
	assert_false(holds(&s, NULL, NULL, "CN=end", 0, code, &proof));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_held_against_it),
		cmocka_unit_test(another_name_or_time_is_not_proven),
		cmocka_unit_test(no_proof_is_none),
		cmocka_unit_test(a_section_counts_for_others_too),
		cmocka_unit_test(who_is_believed_no_more_is_refused),
	};

	return cmocka_run_group_tests_name("trust/proven", tests, crypto_set_up,
					   crypto_tear_down);
}
