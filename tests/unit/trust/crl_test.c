/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crl.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static struct crypto *crypto;
static const struct hash_key key = {{3, 4}};
static struct pki_cert ca, stranger, silent, ends[3];
static struct cert issuer, silent_issuer;

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	ca = pki_make(&(struct pki_wish){.name = "ca", .extensions = {PKI_CA}});
	stranger = pki_make(&(struct pki_wish){.name = "ca", .extensions = {PKI_CA}});
	silent = pki_make(
		&(struct pki_wish){.name = "silent",
				   .extensions = {PKI_CA, {"keyUsage", "keyCertSign"}}});
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		ends[i] = pki_make(&(struct pki_wish){.name = "end", .issuer = &ca});
	issuer = pki_read(crypto, &ca);
	silent_issuer = pki_read(crypto, &silent);
	return 0;
}

static int tear_down(void **state)
{
	cert_done(&issuer);
	cert_done(&silent_issuer);
	pki_done(&ca);
	pki_done(&stranger);
	pki_done(&silent);
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		pki_done(&ends[i]);
	crypto_free(crypto);
	return 0;
}

static enum cyg_err read_list(struct view octets, struct crl **ret, struct diag *why)
{
	const struct cert *issuers[] = {&silent_issuer, &issuer};

	*ret = NULL;
	diag_clear(why);
	return crl_read(crypto, issuers, COUNT_OF(issuers), octets, &key, ret, why);
}

static struct crl *must_read(const struct pki_list_wish *w)
{
	struct bytes der = pki_list(w);
	struct crl *c;
	struct diag why;

	assert_int_equal(read_list(view_bytes(&der), &c, &why), CYG_OK);
	bytes_done(&der);
	return c;
}

static void others_are_refused_with_a_reason(void **state)
{
	const struct {
		const char *what;
		struct pki_list_wish list;
		enum cyg_err err;
		const char *says;
	} rows[] = {
		{"another key of that name", {.issuer = &stranger}, CYG_AUTH, "not signed by"},
		{"a name that nobody has", {.issuer = &ends[0]}, CYG_NOTFOUND, "no authority"},
		{"a key that may not sign lists",
		 {.issuer = &silent},
		 CYG_AUTH,
		 "not signed by"},
		{"SHA-1", {.issuer = &ca, .hash = "SHA1"}, CYG_UNSUPPORTED, "too weak"},
		{"of a place that no URI names",
		 {.issuer = &ca,
		  .extensions =
			  {{"issuingDistributionPoint",
			    /* the directory name CN=p */
			    "critical,DER:3014A012A010A40E300C310A300806035504030C0170"}}},
		 CYG_UNSUPPORTED,
		 "no URI names"},
		{"an indirect one",
		 {.issuer = &ca,
		  .extensions = {{"issuingDistributionPoint", "critical,indirectCRL:TRUE"}}},
		 CYG_UNSUPPORTED,
		 "other issuers"},
		{"some reasons alone",
		 {.issuer = &ca,
		  .extensions = {{"issuingDistributionPoint",
				  "critical,onlysomereasons:keyCompromise"}}},
		 CYG_UNSUPPORTED,
		 "some reasons"},
		{"a critical extension",
		 {.issuer = &ca, .extensions = {{"1.2.3.4", "critical,ASN1:NULL"}}},
		 CYG_UNSUPPORTED,
		 "critical extension"},
		{"of two places",
		 {.issuer = &ca,
		  .extensions = {{"issuingDistributionPoint",
				  "fullname:URI:http://a.example/1"},
				 {"issuingDistributionPoint",
				  "critical,fullname:URI:http://a.example/2"}}},
		 CYG_MALFORMED,
		 "stands there twice"},
		{"an extension of no use",
		 {.issuer = &ca, .extensions = {{"1.2.3.4", "ASN1:NULL"}}},
		 CYG_OK,
		 NULL},
		{"an empty one", {.issuer = &ca}, CYG_OK, NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes der = pki_list(&rows[i].list);
		struct diag why;
		struct crl *c;

		test_row(i, "%s", rows[i].what);
		assert_int_equal(read_list(view_bytes(&der), &c, &why), rows[i].err);
		if (rows[i].err)
			assert_non_null(strstr(why.sentence, rows[i].says));
		crl_free(c);
		bytes_done(&der);
	}
}

/* Cut anywhere, or with any octet changed, it is no list of that authority. */
static void octets_that_were_changed_are_refused(void **state)
{
	struct bytes der = pki_list(&(struct pki_list_wish){
		.issuer = &ca, .revoked = {&ends[0]}, .reason = 1, .number = 7});
	struct diag why;
	struct crl *c;

	for (size_t len = 0; len < der.len; len++) {
		assert_int_not_equal(read_list(view_of(der.ptr, len), &c, &why), CYG_OK);
		assert_true(diag_is_set(&why));
	}
	for (size_t i = 0; i < der.len; i++) {
		der.ptr[i] ^= 0x41;
		if (!read_list(view_bytes(&der), &c, &why))
			fail_msg("octet %zu can be changed", i);
		der.ptr[i] ^= 0x41;
	}
	bytes_done(&der);
}

static void entries_are_found(void **state)
{
	struct crl *c = must_read(&(struct pki_list_wish){.issuer = &ca,
							  .revoked = {&ends[0], &ends[1]},
							  .filler = 5000,
							  .number = 0x1234,
							  .reason = 1});
	struct serial first = pki_serial(&ends[0]), second = pki_serial(&ends[1]),
		      third = pki_serial(&ends[2]);
	struct crl_entry e;
	char number[80];

	assert_int_equal(c->revoked, 5002);
	assert_true(crl_find(c, &first, &e));
	assert_int_equal(e.reason, 1);
	assert_int_equal(e.date, PKI_NOW - 7200);
	assert_true(crl_find(c, &second, &e));
	assert_int_equal(e.reason, 0);
	assert_false(crl_find(c, &third, &e));
	for (uint32_t i = 0; i < 5000; i++) {
		uint32_t n = 1000000 + i;
		uint8_t octets[] = {0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
		struct serial s;

		assert_true(serial_take(view_of(octets, sizeof(octets)), &s));
		assert_true(crl_find(c, &s, &e));
	}
	assert_string_equal(crl_print_number(c->number, number, sizeof(number)), "1234");
	assert_int_equal(c->this_update, PKI_NOW - 3600);
	assert_int_equal(c->next_update, PKI_NOW + 3600);
	crl_free(c);
}

/*
 * A number of 40 octets is in no list's reach: no certificate with one is read, and one that stands in a
 * list hides none of the others.
 */
static void a_number_too_long_hides_nobody(void **state)
{
	struct pki_cert giant = pki_make(&(struct pki_wish){.name = "end", .issuer = &ca});
	struct serial first = pki_serial(&ends[0]);
	uint8_t octets[40];
	struct crl_entry e;
	struct diag why;
	struct cert c;
	struct crl *list;

	memset(octets, 0x5a, sizeof(octets));
	assert_true(ASN1_STRING_set(X509_get_serialNumber(giant.x), octets, sizeof(octets)));
	assert_true(X509_sign(giant.x, ca.key, EVP_sha256()) > 0);
	list = must_read(&(struct pki_list_wish){.issuer = &ca, .revoked = {&giant, &ends[0]}});
	assert_true(crl_find(list, &first, &e));
	crl_free(list);
	diag_clear(&why);
	assert_int_equal(cert_take(giant.x, &c, &why), CYG_UNSUPPORTED);
	assert_non_null(strstr(why.sentence, "serial number is too long"));
	giant.x = NULL; /* taken */
	pki_done(&giant);
}

static void text_around_it_does_not_matter(void **state)
{
	struct bytes der = pki_list(&(struct pki_list_wish){.issuer = &ca});
	const unsigned char *at = der.ptr;
	X509_CRL *x = d2i_X509_CRL(NULL, &at, (long)der.len);
	BIO *bio = BIO_new(BIO_s_mem());
	struct diag why;
	struct crl *c;
	char *text;
	long len;

	BIO_puts(bio, "some words\n");
	PEM_write_bio_X509_CRL(bio, x);
	len = BIO_get_mem_data(bio, &text);
	assert_int_equal(read_list(view_of(text, (size_t)len), &c, &why), CYG_OK);
	assert_view_equal(view_bytes(&c->octets), view_bytes(&der));
	crl_free(c);
	assert_int_equal(read_list(LITERAL("no list"), &c, &why), CYG_MALFORMED);
	BIO_free(bio);
	X509_CRL_free(x);
	bytes_done(&der);
}

struct given {
	struct bytes copies[3];
	size_t len;
};

static void give(void *ctx, struct view list)
{
	struct given *g = ctx;

	assert_true(g->len < COUNT_OF(g->copies));
	assert_true(bytes_copy(&g->copies[g->len++], list));
}

/* All lists of a file count: who stands in the second one of it is revoked. */
static void a_file_may_have_several(void **state)
{
	static const char half[] = "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n",
			  other[] = "-----BEGIN NOTE-----\nMIIB\n-----END NOTE-----\n";
	struct bytes first = pki_list(&(struct pki_list_wish){.issuer = &stranger}),
		     second = pki_list(&(struct pki_list_wish){.issuer = &ca});
	const struct {
		const char *what;
		struct view parts[3]; /* as PEM, or as they stand */
		bool pem[3], whole;
		size_t given;
		enum cyg_err err;
	} rows[] = {
		{"one in DER", {view_bytes(&first)}, {false}, true, 1, CYG_OK},
		{"one in PEM", {view_bytes(&first)}, {true}, false, 1, CYG_OK},
		{"two",
		 {view_bytes(&first), view_bytes(&second)},
		 {true, true},
		 false,
		 2,
		 CYG_OK},
		{"something between",
		 {view_bytes(&first), LITERAL(other), view_bytes(&second)},
		 {true, false, true},
		 false,
		 2,
		 CYG_OK},
		{"a broken one behind",
		 {view_bytes(&first), LITERAL("-----BEGIN X509 CRL-----\nMII")},
		 {true, false},
		 false,
		 1,
		 CYG_MALFORMED},
		{"one that is no list behind",
		 {view_bytes(&first), LITERAL(half)},
		 {true, false},
		 false,
		 2,
		 CYG_OK},
		{"none", {LITERAL("no list")}, {false}, true, 1, CYG_OK},
		{"nothing", {{NULL, 0}}, {false}, true, 1, CYG_OK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		BIO *bio = BIO_new(BIO_s_mem());
		struct given g = {.len = 0};
		struct diag why;
		char *text;
		long len;

		test_row(i, "%s", rows[i].what);
		for (size_t n = 0; n < 3 && rows[i].parts[n].len; n++)
			if (rows[i].pem[n])
				PEM_write_bio(bio, PEM_STRING_X509_CRL, "",
					      rows[i].parts[n].ptr, (long)rows[i].parts[n].len);
			else
				BIO_write(bio, rows[i].parts[n].ptr, (int)rows[i].parts[n].len);
		len = BIO_get_mem_data(bio, &text);
		diag_clear(&why);
		assert_int_equal(crl_each(view_of(text, (size_t)len), give, &g, &why),
				 rows[i].err);
		assert_int_equal(g.len, rows[i].given);
		if (rows[i].whole)
			assert_view_equal(view_bytes(&g.copies[0]), view_of(text, (size_t)len));
		else
			assert_view_equal(view_bytes(&g.copies[0]), view_bytes(&first));
		if (rows[i].err)
			assert_non_null(strstr(why.got, "number 2 of it"));
		while (g.len)
			bytes_done(&g.copies[--g.len]);
		BIO_free(bio);
	}
	bytes_done(&first);
	bytes_done(&second);
}

static void a_list_speaks_of_some(void **state)
{
	static char point[] = "http://a.example/1.crl", other[] = "http://a.example/2.crl";
	const struct chain_link end = {.serial = {.len = 1}, .crl = {point}},
				elsewhere = {.serial = {.len = 1}, .crl = {other}},
				authority = {.serial = {.len = 1}, .is_ca = true},
				too_long = {.serial = {.len = 0}};
	const struct {
		const char *scope;
		bool end, elsewhere, authority;
	} rows[] = {
		{NULL, true, true, true},
		{"critical,onlyuser:TRUE", true, true, false},
		{"critical,onlyCA:TRUE", false, false, true},
		{"critical,fullname:URI:http://a.example/1.crl", true, false, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct crl *c = must_read(&(struct pki_list_wish){
			.issuer = &ca,
			.extensions = {{rows[i].scope ? "issuingDistributionPoint" : NULL,
					rows[i].scope}}});

		test_row(i, "%s", rows[i].scope ? rows[i].scope : "all");
		assert_int_equal(crl_covers(c, &end), rows[i].end);
		assert_int_equal(crl_covers(c, &elsewhere), rows[i].elsewhere);
		assert_int_equal(crl_covers(c, &authority), rows[i].authority);
		assert_false(crl_covers(c, &too_long));
		crl_free(c);
	}
}

static void a_delta_goes_with_lists_of_its_base(void **state)
{
	static const struct {
		long list, base, number;
		bool fits;
	} rows[] = {
		{0, 5, 7, false}, /* a list without number */
		{4, 5, 7, false}, /* older than the base */
		{5, 5, 7, true},       {6, 5, 7, true},
		{7, 5, 7, false}, /* has it all already */
		{255, 255, 256, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct crl *list = must_read(&(struct pki_list_wish){.issuer = &ca,
								     .number = rows[i].list}),
			   *delta = must_read(&(struct pki_list_wish){.issuer = &ca,
								      .number = rows[i].number,
								      .base = rows[i].base});

		test_row(i, "%ld", rows[i].list);
		assert_int_equal(crl_delta_fits(delta, list), rows[i].fits);
		assert_false(crl_delta_fits(list, delta));
		assert_false(crl_same_scope(list, delta));
		crl_free(list);
		crl_free(delta);
	}
}

static void the_newer_one_is_known(void **state)
{
	struct crl *old = must_read(
			   &(struct pki_list_wish){.issuer = &ca, .from = -7200, .number = 9}),
		   *new = must_read(&(struct pki_list_wish){.issuer = &ca, .number = 1}),
		   *next = must_read(&(struct pki_list_wish){.issuer = &ca, .number = 2});

	assert_true(crl_compare_age(old, new) < 0 && crl_compare_age(new, old) > 0);
	assert_true(crl_compare_age(new, next) < 0);
	assert_int_equal(crl_compare_age(new, new), 0);
	crl_free(old);
	crl_free(new);
	crl_free(next);
	assert_string_equal(crl_reason_name(1), "keyCompromise");
	assert_string_equal(crl_reason_name(7), "unknown");
	assert_string_equal(crl_reason_name(99), "unknown");
}

static bool read_once(void *ctx)
{
	struct crl *c;
	struct diag why;
	bool well = !read_list(view_bytes(ctx), &c, &why);

	crl_free(c);
	return well;
}

static void memory_may_run_out(void **state)
{
	struct bytes der = pki_list(&(struct pki_list_wish){
		.issuer = &ca,
		.revoked = {&ends[0]},
		.number = 1,
		.extensions = {{"issuingDistributionPoint",
				"critical,fullname:URI:http://a.example/1.crl"},
			       {"freshestCRL", "URI:http://a.example/delta.crl"}}});

	test_each_allocation_failing(read_once, &der, false);
	bytes_done(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_refused_with_a_reason),
		cmocka_unit_test(octets_that_were_changed_are_refused),
		cmocka_unit_test(entries_are_found),
		cmocka_unit_test(a_number_too_long_hides_nobody),
		cmocka_unit_test(text_around_it_does_not_matter),
		cmocka_unit_test(a_file_may_have_several),
		cmocka_unit_test(a_list_speaks_of_some),
		cmocka_unit_test(a_delta_goes_with_lists_of_its_base),
		cmocka_unit_test(the_newer_one_is_known),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("trust/crl", tests, set_up, tear_down);
}
