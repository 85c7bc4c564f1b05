/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/store.h"

#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/x509.h>
#include <stdio.h>

/* Puts a copy of each certificate under the file's name. */
static void put(struct stored_certs *s, const char *file, const struct cert *a,
		const struct cert *b)
{
	struct cert_list list = {0};
	struct cert one = cert_copy(a), two;

	assert_int_equal(cert_list_add(&list, &one), CYG_OK);
	if (b) {
		two = cert_copy(b);
		assert_int_equal(cert_list_add(&list, &two), CYG_OK);
	}
	assert_int_equal(stored_certs_put(s, file, &list, 7), CYG_OK);
}

struct three {
	struct pki_cert made[3];
	struct cert ca, west, east;
};

static void make_three(struct three *t)
{
	t->made[0] = pki_make(&(struct pki_wish){.name = "Root", .extensions = {PKI_CA}});
	t->made[1] = pki_make(
		&(struct pki_wish){.name = "west",
				   .issuer = &t->made[0],
				   .extensions = {{"subjectAltName", "DNS:west.example"}}});
	t->made[2] = pki_make(&(struct pki_wish){.name = "east", .issuer = &t->made[0]});
	t->ca = pki_read(crypto, &t->made[0]);
	t->west = pki_read(crypto, &t->made[1]);
	t->east = pki_read(crypto, &t->made[2]);
}

static void free_three(struct three *t)
{
	cert_done(&t->ca);
	cert_done(&t->west);
	cert_done(&t->east);
	for (size_t i = 0; i < 3; i++)
		pki_done(&t->made[i]);
}

static void what_is_empty_has_nothing(void **state)
{
	struct stored_certs s = {0};
	struct three t;

	make_three(&t);
	assert_null(stored_certs_find(&s, "a"));
	assert_null(stored_certs_issuer(&s, &t.west));
	assert_null(stored_certs_of_key(&s, &t.west.key, NULL, 0));
	stored_certs_forget(&s, "a");
	stored_certs_done(&s);
	free_three(&t);
}

static void found_by_file_issuer_and_key(void **state)
{
	const struct ident *id, *other;
	struct stored_certs s = {0}, moved;
	struct three t;

	make_three(&t);
	assert_int_equal(ident_parse("@west.example", &id, NULL), CYG_OK);
	assert_int_equal(ident_parse("@east.example", &other, NULL), CYG_OK);
	put(&s, "west.pem", &t.west, &t.ca);
	put(&s, "east.pem", &t.east, NULL);
	moved = s;
	s = (struct stored_certs){0};
	assert_true(cert_equal(&stored_certs_find(&moved, "west.pem")->cert, &t.west));
	assert_null(stored_certs_find(&moved, "west"));
	assert_true(cert_equal(stored_certs_issuer(&moved, &t.east), &t.ca));
	assert_null(stored_certs_issuer(&s, &t.east));
	assert_true(cert_equal(&stored_certs_of_key(&moved, &t.west.key, id, 0)->cert, &t.west));
	assert_null(stored_certs_of_key(&moved, &t.west.key, other, 0));
	assert_null(stored_certs_of_key(&moved, &t.ca.key, id, 0)); /* not the file's first */

	/* In place of what was there, and forgotten. */
	put(&moved, "west.pem", &t.east, NULL);
	assert_int_equal(moved.len, 2);
	assert_null(stored_certs_issuer(&moved, &t.east));
	stored_certs_forget(&moved, "west.pem");
	assert_null(stored_certs_find(&moved, "west.pem"));
	assert_int_equal(moved.len, 1);
	stored_certs_done(&moved);
	ident_unref(id);
	ident_unref(other);
	free_three(&t);
}

/* Those that are read when they are found are found like the others, and no sooner read. */
static void unread_ones_are_found(void **state)
{
	const struct ident *id;
	struct stored_certs s = {0};
	struct bytes west, ca;
	struct three t;

	make_three(&t);
	west = cert_der(&t.west);
	ca = cert_der(&t.ca);
	assert_int_equal(ident_parse("@west.example", &id, NULL), CYG_OK);
	assert_int_equal(stored_certs_put_unread(&s, crypto, "x", LITERAL("none"), 7),
			 CYG_UNSUPPORTED);
	assert_int_equal(s.len, 0);
	for (int twice = 0; twice < 2; twice++) { /* in place of what was there, read or not */
		assert_int_equal(stored_certs_put_unread(&s, crypto, "west", view_bytes(&west),
							 7),
				 CYG_OK);
		assert_int_equal(stored_certs_put_unread(&s, crypto, "ca", view_bytes(&ca), 7),
				 CYG_OK);
		assert_int_equal(s.len, 2);
		assert_null(s.items[0]->cert.x);
		assert_true(
			cert_equal(&stored_certs_of_key(&s, &t.west.key, id, 0)->cert, &t.west));
		assert_null(s.items[1]->cert.x);
		assert_true(cert_equal(stored_certs_issuer(&s, &t.west), &t.ca));
		assert_true(stored_certs_has(&s, &t.west));
		assert_true(cert_equal(&stored_certs_find(&s, "west")->cert, &t.west));
	}
	stored_certs_done(&s);
	bytes_done(&west);
	bytes_done(&ca);
	ident_unref(id);
	free_three(&t);
}

static void ones_that_can_t_be_used_are_not_found(void **state)
{
	static const char broken[] = "critical,DER:0500"; /* a NULL where a SEQUENCE belongs */
	struct pki_cert made = pki_make(
		&(struct pki_wish){.name = "x", .extensions = {{"basicConstraints", broken}}});
	struct stored_certs s = {0};
	unsigned char *der = NULL;
	int len = i2d_X509(made.x, &der);

	assert_int_equal(stored_certs_put_unread(&s, crypto, "x", view_of(der, (size_t)len), 7),
			 CYG_OK);
	assert_int_equal(s.len, 1);
	assert_null(stored_certs_find(&s, "x"));
	assert_null(stored_certs_at(&s, 0));
	stored_certs_forget(&s, "x");
	assert_int_equal(s.len, 0);
	stored_certs_done(&s);
	OPENSSL_free(der);
	pki_done(&made);
}

static bool put_one(void *ctx)
{
	struct three *t = ctx;
	struct stored_certs s = {0};
	struct cert_list list = {0};
	struct cert one = cert_copy(&t->west);
	bool well = !cert_list_add(&list, &one) && !stored_certs_put(&s, "a", &list, 0);

	cert_done(&one);
	cert_list_done(&list);
	stored_certs_done(&s);
	return well;
}

static void short_memory_leaves_it_as_it_was(void **state)
{
	struct three t;

	make_three(&t);
	/* Without more buckets look-ups are only slower. */
	test_each_allocation_failing(put_one, &t, true);
	free_three(&t);
}

/* Two authorities of one name: what one signed is not taken for the other's, also once it is remembered. */
static void who_signed_is_remembered_by_key(void **state)
{
	struct stored_certs s = {0};
	struct pki_cert made;
	struct three t;
	struct cert twin;
	const struct cert *west;

	make_three(&t);
	made = pki_make(&(struct pki_wish){.name = "Root", .extensions = {PKI_CA}});
	twin = pki_read(crypto, &made);
	put(&s, "west.pem", &t.west, NULL);
	west = &stored_certs_find(&s, "west.pem")->cert;
	put(&s, "twin.pem", &twin, NULL);
	assert_null(stored_certs_issuer(&s, west));
	put(&s, "ca.pem", &t.ca, NULL);
	for (int i = 0; i < 2; i++)
		assert_true(cert_equal(stored_certs_issuer(&s, west), &t.ca));
	stored_certs_forget(&s, "ca.pem");
	assert_null(stored_certs_issuer(&s, west));
	cert_done(&twin);
	pki_done(&made);
	stored_certs_done(&s);
	free_three(&t);
}

/* Issued again for the same key, valid from and until then. */
static struct cert issued_again(const struct three *t, int64_t from, int64_t until)
{
	X509 *x = X509_dup(t->made[1].x);
	struct cert c;

	assert_non_null(x);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(PKI_NOW + from)));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(PKI_NOW + until)));
	assert_true(X509_sign(x, t->made[0].key, EVP_sha256()) > 0);
	assert_int_equal(cert_take(x, &c, NULL), CYG_OK);
	return c;
}

/* Whatever their files are called: the valid one, and of two such the one that began last. */
static void a_renewed_one_is_shown(void **state)
{
	static const struct {
		int64_t from[3], until[3];
		const char *wanted;
	} rows[] = {
		{{-900, -90, 90}, {-800, 900, 1800}, "b"}, /* expired, valid, yet to begin */
		{{-90, -900, 90}, {900, -800, 1800}, "a"},
		{{-900, -90, -500}, {900, 900, 5000}, "b"}, /* all valid: the last made */
		{{-900, -700, -800}, {-100, -300, -200}, "a"}, /* none: the one that ends last */
	};
	static const char *const files[] = {"a", "b", "c"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int backwards = 0; backwards < 2; backwards++) {
			struct stored_certs s = {0};
			struct three t;

			test_row(i, "%s", rows[i].wanted);
			make_three(&t);
			for (int n = 0; n < 3; n++) {
				int at = backwards ? 2 - n : n;
				struct cert c = issued_again(&t, rows[i].from[at],
							     rows[i].until[at]);

				put(&s, files[at], &c, NULL);
				cert_done(&c);
			}
			assert_string_equal(
				stored_certs_of_key(&s, &t.west.key, NULL, PKI_NOW)->file,
				rows[i].wanted);
			stored_certs_done(&s);
			free_three(&t);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_signed_is_remembered_by_key),
		cmocka_unit_test(what_is_empty_has_nothing),
		cmocka_unit_test(a_renewed_one_is_shown),
		cmocka_unit_test(found_by_file_issuer_and_key),
		cmocka_unit_test(unread_ones_are_found),
		cmocka_unit_test(ones_that_can_t_be_used_are_not_found),
		cmocka_unit_test(short_memory_leaves_it_as_it_was),
	};

	return cmocka_run_group_tests_name("trust/store", tests, crypto_set_up,
					   crypto_tear_down);
}
