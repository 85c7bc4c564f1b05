/* SPDX-License-Identifier: Apache-2.0 */
/* Peers whose certificate the connection names (rightcert=FILE). */
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/peer.h"
#include "trust/trust_private.h"

#include <string.h>

/* A peer that has renewed its certificate: which one came, which one is named, and what to do. */
static void another_certificate_is_told(void **state)
{
	static const struct {
		const char *what;
		bool anchored, same_key;
		unsigned rsa_bits;
		bool valid;
	} rows[] = {
		{"its issuer is known here", .anchored = true},
		{"its issuer is not"},
		{"a key of another kind", .rsa_bits = 2048},
		{"the same key", .same_key = true, .valid = true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pki_cert root = pki_make(
			&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
		struct pki_cert old = pki_make(
			&(struct pki_wish){.name = "end", .issuer = &root});
		struct pki_cert now = pki_make(
			&(struct pki_wish){.name = "end",
					   .issuer = &root,
					   .rsa_bits = rows[i].rsa_bits,
					   .key = rows[i].same_key ? &old : NULL});
		struct bytes named = pki_der(&old), came = pki_der(&now);
		struct auth_cert sent = {CERT_X509, view_bytes(&came)};
		struct cert a = pki_read(crypto, &old), b = pki_read(crypto, &now);
		struct trust *t = trust_new(crypto);
		const struct trust_reply *r;
		char number[2][80];
		struct trust_job *j;

		test_row(i, "%s", rows[i].what);
		if (rows[i].anchored)
			peer_believe(t, crypto, &root, NULL);
		assert_int_equal(trust_put_cert(t, "r.pem", view_bytes(&named), PKI_NOW, NULL),
				 CYG_OK);
		j = peer_job_named(t, crypto, &now, "CN=end", &sent, "r.pem", PKI_NOW);
		trust_job_work(j);
		assert_true(trust_job_settle(t, j, PKI_NOW));
		r = trust_job_reply(j);
		assert_int_equal(r->answer.auth.valid, rows[i].valid);
		if (!rows[i].valid) {
			assert_string_equal(r->why.sentence,
					    "the peer came with another certificate than "
					    "rightcert= of conn c names");
			cert_print_serial(&a, number[0], sizeof(number[0]));
			cert_print_serial(&b, number[1], sizeof(number[1]));
			assert_string_not_equal(number[0], number[1]);
			assert_non_null(strstr(r->why.wanted, number[0]));
			assert_non_null(strstr(r->why.got, number[1]));
			assert_non_null(strstr(r->why.got, "CN=end"));
			assert_non_null(strstr(r->why.hint, "rereadall"));
		}
		trust_job_free(j);
		trust_free(t);
		bytes_done(&named);
		bytes_done(&came);
		cert_done(&a);
		cert_done(&b);
		pki_done(&now);
		pki_done(&old);
		pki_done(&root);
	}
}

/*
 * Whoever issued it is not here, so that nobody can be asked: a peer that keeps its intermediates to itself
 * does not get round a policy by that.
 */
static void what_can_t_be_asked_goes_by_the_policy(void **state)
{
	static const char *const point[] = {"crlDistributionPoints", "URI:http://a.example/1"},
				 *const server[] = {"authorityInfoAccess",
						    "OCSP;URI:http://a.example/"},
				 *const none[] = {NULL, NULL};
	static const struct {
		const char *what;
		uint8_t policy;
		const char *const *place;
		const char *says; /* NULL: it is valid */
	} rows[] = {
		{"no policy", CRL_POLICY_NO, point, NULL},
		{"no place", CRL_POLICY_IF_URI, none, NULL},
		{"the place of a list", CRL_POLICY_IF_URI, point, "strictcrlpolicy=ifuri"},
		{"a server", CRL_POLICY_IF_URI, server, "strictcrlpolicy=ifuri"},
		{"no place, strictly", CRL_POLICY_YES, none, "strictcrlpolicy=yes"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pki_cert root = pki_make(
			&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
		struct pki_cert end = pki_make(&(
			struct pki_wish){.name = "end",
					 .issuer = &root,
					 .extensions = {{rows[i].place[0], rows[i].place[1]}}});
		struct bytes der = pki_der(&end);
		struct auth_cert sent = {CERT_X509, view_bytes(&der)};
		struct trust *t = trust_new(crypto);
		const struct trust_reply *r;
		struct trust_job *j;

		test_row(i, "%s", rows[i].what);
		trust_set_rules(t, &(struct trust_rules){.policy = rows[i].policy});
		assert_int_equal(trust_put_cert(t, "r.pem", view_bytes(&der), PKI_NOW, NULL),
				 CYG_OK);
		j = peer_job_named(t, crypto, &end, "CN=end", &sent, "r.pem", PKI_NOW);
		trust_job_work(j);
		assert_true(trust_job_settle(t, j, PKI_NOW));
		r = trust_job_reply(j);
		assert_int_equal(r->answer.auth.valid, !rows[i].says);
		if (rows[i].says)
			assert_non_null(strstr(r->why.sentence, rows[i].says));
		trust_job_free(j);
		trust_free(t);
		bytes_done(&der);
		pki_done(&end);
		pki_done(&root);
	}
}

/*
 * A peer shows its own certificate alone. Who issued it is here, with the certificates of ends or as an
 * authority that has ended: its list counts all the same, and is enough for a policy that wants one.
 */
static void who_issued_it_may_be_here(void **state)
{
	static const struct {
		const char *what;
		bool below, sub_here, ended, revoked;
		uint8_t policy;
		const char *code; /* NULL: it is valid */
	} rows[] = {
		{"an intermediate that is here", true, true, false, true, CRL_POLICY_NO,
		 "certificate-revoked"},
		{"it has revoked nobody", true, true, false, false, CRL_POLICY_IF_URI, NULL},
		{"its list of an ended path", true, true, true, true, CRL_POLICY_NO,
		 "certificate-revoked"},
		{"an intermediate that is not here", true, false, false, true, CRL_POLICY_NO,
		 NULL},
		{"an authority that has ended", false, false, true, true, CRL_POLICY_NO,
		 "certificate-revoked"},
		{"an ended one that has revoked nobody", false, false, true, false,
		 CRL_POLICY_YES, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pki_cert root = pki_make(
			&(struct pki_wish){.name = "root",
					   .until = rows[i].ended ? 100 : 86400,
					   .extensions = {PKI_CA}});
		struct pki_cert sub = pki_make(&(struct pki_wish){.name = "sub",
								  .issuer = &root,
								  .extensions = {PKI_CA}});
		const struct pki_cert *by = rows[i].below ? &sub : &root;
		struct pki_cert end = pki_make(&(struct pki_wish){.name = "end", .issuer = by});
		struct bytes der = pki_der(&end), sub_der = pki_der(&sub);
		struct bytes list = pki_list(
			&(struct pki_list_wish){.issuer = by,
						.revoked = {rows[i].revoked ? &end : NULL}});
		struct bytes of_root = pki_list(&(struct pki_list_wish){.issuer = &root});
		struct auth_cert sent = {CERT_X509, view_bytes(&der)};
		struct trust *t = trust_new(crypto);
		const struct trust_reply *r;
		int64_t now = PKI_NOW + 1000;
		struct trust_job *j;
		enum cyg_err err;
		struct diag why;

		test_row(i, "%s", rows[i].what);
		trust_set_rules(t, &(struct trust_rules){.policy = rows[i].policy});
		peer_believe(t, crypto, &root, NULL);
		assert_int_equal(trust_put_cert(t, "r.pem", view_bytes(&der), PKI_NOW, NULL),
				 CYG_OK);
		if (rows[i].sub_here)
			assert_int_equal(trust_put_cert(t, "sub.pem", view_bytes(&sub_der),
							PKI_NOW, NULL),
					 CYG_OK);
		if (rows[i].below)
			assert_int_equal(trust_read_crl(t, "root", view_bytes(&of_root),
							PKI_NOW, &why),
					 CYG_OK);
		err = trust_read_crl(t, "list", view_bytes(&list), PKI_NOW, &why);
		assert_int_equal(err, rows[i].below ? CYG_NOTFOUND : CYG_OK);
		trust_take_crls(t, PKI_NOW);
		j = peer_job_named(t, crypto, &end, "CN=end", &sent, "r.pem", now);
		trust_job_work(j);
		assert_true(trust_job_settle(t, j, now));
		r = trust_job_reply(j);
		assert_int_equal(r->answer.auth.valid, !rows[i].code);
		if (rows[i].code)
			assert_string_equal(r->why.code, rows[i].code);
		trust_tick(
			t,
			now + 61); /* it stands: what issued it is not what it is believed by */
		assert_false(trust_next_untrusted(t, &(uint64_t){0}, &why));
		trust_job_free(j);
		trust_free(t);
		bytes_done(&der);
		bytes_done(&sub_der);
		bytes_done(&list);
		bytes_done(&of_root);
		pki_done(&end);
		pki_done(&sub);
		pki_done(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_issued_it_may_be_here),
		cmocka_unit_test(what_can_t_be_asked_goes_by_the_policy),
		cmocka_unit_test(another_certificate_is_told),
	};

	return cmocka_run_group_tests_name("trust/named", tests, crypto_set_up,
					   crypto_tear_down);
}
