/* SPDX-License-Identifier: Apache-2.0 */
/* Peers whose certificate the connection names (rightcert=FILE). */
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/peer.h"
#include "trust/trust_private.h"

#include <string.h>

static struct bytes der_of(const struct pki_cert *c)
{
	struct cert read = pki_read(crypto, c);
	struct bytes der = cert_der(&read);

	cert_done(&read);
	return der;
}

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
		struct bytes named = der_of(&old), came = der_of(&now);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_certificate_is_told),
	};

	return cmocka_run_group_tests_name("trust/named", tests, crypto_set_up,
					   crypto_tear_down);
}
