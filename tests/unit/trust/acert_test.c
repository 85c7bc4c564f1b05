/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/acert.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"
#include "trust/member.h"

#include <string.h>

static struct crypto *crypto;

/* An authority, another one of its name, and two who may hold something. */
static struct pki_cert made[5];
static struct cert ca, aa, impostor, west, east;

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	made[0] = pki_make(&(struct pki_wish){.name = "Root", .extensions = {PKI_CA}});
	made[1] = pki_make(&(struct pki_wish){.name = "AA", .until = 7200});
	made[2] = pki_make(&(struct pki_wish){.name = "AA"});
	made[3] = pki_make(&(struct pki_wish){.name = "west", .issuer = &made[0]});
	made[4] = pki_make(&(struct pki_wish){.name = "east", .issuer = &made[0]});
	ca = pki_read(crypto, &made[0]);
	aa = pki_read(crypto, &made[1]);
	impostor = pki_read(crypto, &made[2]);
	west = pki_read(crypto, &made[3]);
	east = pki_read(crypto, &made[4]);
	return !crypto;
}

static int tear_down(void **state)
{
	cert_done(&ca);
	cert_done(&aa);
	cert_done(&impostor);
	cert_done(&west);
	cert_done(&east);
	for (size_t i = 0; i < COUNT_OF(made); i++)
		pki_done(&made[i]);
	crypto_free(crypto);
	return 0;
}

static struct stored_certs authorities_of(const struct cert *c)
{
	struct stored_certs s = {0};

	assert_int_equal(stored_certs_add(&s, "aa.pem", c, 0, true), CYG_OK);
	return s;
}

static void what_it_says_is_read_back(void **state)
{
	struct bytes der = pki_acert(&west, &made[1], &aa, -3600, 3600);
	char text[CERT_TEXT_MAX];
	struct acert a;
	struct diag why;

	assert_int_equal(acert_read(view_bytes(&der), &a, &why), CYG_OK);
	assert_int_equal(a.not_before, PKI_NOW - 3600);
	assert_int_equal(a.not_after, PKI_NOW + 3600);
	assert_string_equal(acert_print_issuer(&a, text, sizeof(text)), "CN=AA");
	assert_string_equal(acert_print_holder_issuer(&a, text, sizeof(text)), "CN=Root");
	assert_string_equal(acert_print_holder(&a, text, sizeof(text)), "");
	assert_string_equal(acert_print_serial(&a, text, sizeof(text)), "1122");
	assert_true(acert_is_for(&a, &(struct acert_holder){&west, true, false}));
	/* The issuer's name and a number are anybody's to write, but for an authority held here. */
	assert_false(acert_is_for(&a, &(struct acert_holder){&west, false, true}));
	assert_false(acert_is_for(&a, &(struct acert_holder){&east, true, true}));
	assert_false(acert_is_for(&a, &(struct acert_holder){&ca, true, true}));
	acert_done(&a);
	bytes_done(&der);
}

/* Octets that stand for a member of the structure: what is put in their place, and what is said. */
static void what_breaks_a_rule_is_refused(void **state)
{
	static const struct {
		const char *what, *hex, *other, *says;
	} rows[] = {
		{"version 1", "020101", "020100", "version 2"},
		{"another algorithm inside", "2a8648ce3d040302", "2a8648ce3d040303",
		 "two algorithms"},
	};
	struct bytes der = pki_acert(&west, &made[1], &aa, -3600, 3600);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t want[32], other[32], *at;
		size_t len, other_len;
		struct bytes changed;
		struct acert a;
		struct diag why;

		test_row(i, "%s", rows[i].what);
		assert_true(hex_decode(rows[i].hex, want, sizeof(want), &len));
		assert_true(hex_decode(rows[i].other, other, sizeof(other), &other_len));
		assert_true(bytes_copy(&changed, view_bytes(&der)));
		at = memmem(changed.ptr, changed.len, want, len);
		assert_non_null(at);
		memcpy(at, other, len);
		diag_clear(&why);
		assert_true(acert_read(view_bytes(&changed), &a, &why) != CYG_OK);
		assert_non_null(strstr(why.sentence, rows[i].says));
		bytes_done(&changed);
	}
	bytes_done(&der);
}

static void every_cut_is_refused(void **state)
{
	struct bytes der = pki_acert(&west, &made[1], &aa, -3600, 3600);
	struct acert a;

	for (size_t len = 0; len < der.len; len++)
		assert_true(acert_read(view_of(der.ptr, len), &a, NULL) != CYG_OK);
	bytes_done(&der);
}

/* No octet may change without the signature's, or the reader's, notice. */
static void no_changed_octet_is_believed(void **state)
{
	struct bytes der = pki_acert(&west, &made[1], &aa, -3600, 3600);
	struct stored_certs all = authorities_of(&aa);

	for (size_t i = 0; i < der.len; i++) {
		struct acert a;

		der.ptr[i] ^= 1;
		if (!acert_read(view_bytes(&der), &a, NULL)) {
			assert_null(acert_authority(&a, &all, NULL, NULL));
			acert_done(&a);
		}
		der.ptr[i] ^= 1;
	}
	stored_certs_done(&all);
	bytes_done(&der);
}

static void only_its_authority_counts(void **state)
{
	struct bytes good = pki_acert(&west, &made[1], &aa, -3600, 3600);
	struct bytes forged = pki_acert(&west, &made[2], &aa, -3600, 3600);
	struct stored_certs all = authorities_of(&aa), others = authorities_of(&ca);
	struct acert_set *s = acert_set_new(), *next = acert_set_new();
	struct diag why;
	size_t at = 0;

	assert_int_equal(acert_set_read(s, &all, NULL, "a", view_bytes(&forged), 0, &why),
			 CYG_AUTH);
	assert_non_null(strstr(why.sentence, "did not sign"));
	assert_int_equal(acert_set_read(s, &others, NULL, "a", view_bytes(&good), 0, &why),
			 CYG_AUTH);
	assert_non_null(strstr(why.sentence, "no authority"));
	assert_int_equal(acert_set_read(s, &all, NULL, "a", view_bytes(&good), 0, &why),
			 CYG_OK);
	assert_int_equal(s->len, 1);
	assert_int_equal(s->groups_len, 2);
	/* While its file can't be read it is kept, as long as its authority is believed. */
	assert_int_equal(acert_set_keep(next, &all, s, "b"), CYG_OK);
	assert_int_equal(acert_set_keep(next, &others, s, "a"), CYG_OK);
	assert_int_equal(next->len, 0);
	assert_string_equal(acert_set_gone(next, s, &at), "a");
	assert_null(acert_set_gone(next, s, &at));
	assert_int_equal(acert_set_keep(next, &all, s, "a"), CYG_OK);
	assert_int_equal(next->len, 1);
	at = 0;
	assert_null(acert_set_gone(next, s, &at));
	assert_null(acert_set_gone(next, NULL, &at));
	acert_set_unref(next);
	acert_set_unref(s);
	stored_certs_done(&all);
	stored_certs_done(&others);
	bytes_done(&good);
	bytes_done(&forged);
}

/* Is the holder in one of the groups by what is held? */
static bool allows(struct acert_set *held, const struct acert_holder *h, const char *groups,
		   int64_t now, struct diag *why)
{
	struct group_sources from = {.held = held};
	struct candidate c = {.holder = *h};
	struct membership *m = NULL;
	bool well = !membership_new(&from, NULL, &c, groups, now, &m, why);

	membership_free(m);
	return well;
}

static void groups_are_whole_names_and_of_their_time(void **state)
{
	static const struct {
		const char *groups;
		int64_t now;
		bool west, east;
	} rows[] = {
		{"sales", 0, true, false},
		{"nobody, admins", 0, true, false},
		{"nobody,other admins", 0, true, false},
		{"sale", 0, false, false},
		{"salesman", 0, false, false},
		{"Sales", 0, false, false},
		{"", 0, false, false},
		{"sales", 3600 + 61, false, false},  /* the certificate has expired */
		{"sales", -3600 - 61, false, false}, /* it is not valid yet */
		{"sales", 3600 + 59, true, false},
	};
	static const struct acert_holder by_west = {&west, true, false},
					 by_east = {&east, true, true},
					 by_fake = {&west, false, true};
	struct bytes der = pki_acert(&west, &made[1], &aa, -3600, 3600);
	struct bytes longer = pki_acert(&west, &made[1], &aa, -3600, 360000);
	struct stored_certs all = authorities_of(&aa);
	struct acert_set *s = acert_set_new(), *l = acert_set_new();
	struct diag why;

	assert_int_equal(acert_set_read(s, &all, NULL, "a", view_bytes(&der), 0, &why), CYG_OK);
	assert_int_equal(acert_set_read(l, &all, NULL, "a", view_bytes(&longer), 0, &why),
			 CYG_OK);
	for (size_t n = 0; n < 2 * COUNT_OF(rows); n++) {
		size_t i = n % COUNT_OF(rows);
		int64_t now = PKI_NOW + rows[i].now;

		test_row(i, "%s", rows[i].groups);
		if (n == COUNT_OF(rows))
			acert_set_index(s); /* and all once more */
		assert_int_equal(allows(s, &by_west, rows[i].groups, now, &why), rows[i].west);
		assert_int_equal(allows(s, &by_east, rows[i].groups, now, &why), rows[i].east);
	}
	assert_false(allows(s, &by_fake, "sales", PKI_NOW, &why));
	assert_non_null(strstr(why.got, "is not held here"));
	assert_false(allows(NULL, &by_west, "sales", PKI_NOW, &why));
	/* Not beyond its authority's time, which ends after two hours. */
	assert_true(allows(l, &by_west, "sales", PKI_NOW + 7200, &why));
	assert_false(allows(l, &by_west, "sales", PKI_NOW + 7300, &why));
	acert_set_unref(s);
	acert_set_unref(l);
	stored_certs_done(&all);
	bytes_done(&longer);
	bytes_done(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_is_read_back),
		cmocka_unit_test(what_breaks_a_rule_is_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(no_changed_octet_is_believed),
		cmocka_unit_test(only_its_authority_counts),
		cmocka_unit_test(groups_are_whole_names_and_of_their_time),
	};

	return cmocka_run_group_tests_name("trust/acert", tests, set_up, tear_down);
}
