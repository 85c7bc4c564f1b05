/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/ident.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static const struct ident *id(const char *text)
{
	const struct ident *i;

	assert_int_equal(ident_parse(text, &i, NULL), CYG_OK);
	return i;
}

/* RFC 7296 3.5 */
static void bad_payloads_are_refused(void **state)
{
	static const struct {
		uint8_t type;
		const char *hex;
		enum cyg_err err;
	} rows[] = {
		{0, "01", CYG_UNSUPPORTED},
		{4, "01", CYG_UNSUPPORTED}, /* IKEv1's subnets and ranges */
		{7, "0a000000ff000000", CYG_UNSUPPORTED},
		{10, "3000", CYG_UNSUPPORTED},
		{ID_NULL, "00", CYG_MALFORMED},
		{255, "00", CYG_UNSUPPORTED},
		{ID_IPV4_ADDR, "", CYG_MALFORMED},
		{ID_IPV4_ADDR, "c00002", CYG_MALFORMED},
		{ID_IPV4_ADDR, "c000020100", CYG_MALFORMED},
		{ID_IPV6_ADDR, "c0000201", CYG_MALFORMED},
		{ID_IPV6_ADDR, "20010db80000000000000000000000000100", CYG_MALFORMED},
		{ID_FQDN, "", CYG_MALFORMED},
		{ID_FQDN, "676f6f6400657669", CYG_MALFORMED}, /* a NUL inside */
		{ID_FQDN, "676f6f640a", CYG_MALFORMED},
		{ID_RFC822_ADDR, "6140620d", CYG_MALFORMED},
		{ID_RFC822_ADDR, "", CYG_MALFORMED},
		{ID_KEY_ID, "", CYG_MALFORMED},
		{ID_DER_ASN1_DN, "", CYG_MALFORMED},
		{ID_DER_ASN1_DN, "3000", CYG_MALFORMED},
		{ID_DER_ASN1_DN, "30", CYG_MALFORMED},                      /* CVE-2013-6075 */
		{ID_DER_ASN1_DN, "300931073005 0603550406", CYG_MALFORMED}, /* CVE-2014-2891 */
		{ID_DER_ASN1_DN, "300b310930070603550403 0500",
		 CYG_MALFORMED}, /* our wildcard */
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ident *got = NULL;
		struct diag why;

		test_row(i, "%u %s", rows[i].type, rows[i].hex);
		assert_int_equal(ident_from_wire(rows[i].type, test_hex(rows[i].hex), &got,
						 &why),
				 rows[i].err);
		assert_null(got);
		assert_true(diag_is_set(&why));
		assert_true(why.got[0]);
	}
}

static void payloads_are_bounded(void **state)
{
	static uint8_t octets[IDENT_OCTETS_MAX + 1];
	const struct ident *got;

	memset(octets, 'x', sizeof(octets));
	assert_int_equal(ident_from_wire(ID_KEY_ID, view_of(octets, sizeof(octets)), &got,
					 NULL),
			 CYG_LIMIT);
	assert_int_equal(ident_from_wire(ID_KEY_ID, view_of(octets, IDENT_OCTETS_MAX), &got,
					 NULL),
			 CYG_OK);
	ident_unref(got);
}

static void what_is_sent_is_received(void **state)
{
	static const char *const rows[] = {
		"192.0.2.1",
		"2001:db8::1",
		"@gw.example",
		"user@host.example",
		"@#0a0b0c",
		"@[a group]",
		"C=CH, O=Example, CN=west",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ident *sent = id(rows[i]), *got;

		test_row(i, "%s", rows[i]);
		assert_int_equal(ident_from_wire(sent->type, ident_view(sent), &got, NULL),
				 CYG_OK);
		assert_true(ident_equal(sent, got));
		assert_int_equal(got->wildcards, 0);
		ident_unref(sent);
		ident_unref(got);
	}
}

static void a_received_star_is_no_wildcard(void **state)
{
	const struct ident *star, *good = id("@gw.example.com");

	assert_int_equal(ident_from_wire(ID_FQDN, LITERAL("*.example.com"), &star, NULL),
			 CYG_OK);
	assert_int_equal(star->wildcards, 0);
	assert_int_equal(ident_match(star, good), 0);
	ident_unref(star);
	ident_unref(good);
}

static void equality(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "@192.0.2.1", false},
		{"@a.example", "@b.example", false},
		{"@a.example", "a@example", false},
		{"@user@host", "user@host", false}, /* a name that looks like an address */
		{"@[abc]", "@[ABC]", false},
		{"@[abc]", "@abc", false},
		{"%any", "@abc", false},
		{"@*.example", "@\\x2a.example", false},
		{"C=CH, O=a", "C=CH, O=b", false},
		{"C=CH, O=*", "C=CH, O=\\*", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"@GW.Example", "gw.example", true},
		{"User@Host", "user@host", true},
		{"@[abc]", "@#616263", true},
		{"%any", "%ANY", true},
		{"%any", "0.0.0.0", true},
		{"@*.example", "@*.EXAMPLE", true},
		{"C=CH, O=A  b", "/c=ch/o=a B", true},
		{"C=CH", "@~300d310b3009060355040613024348", true},
	};
	static const struct hash_key key = {{1, 2}};
	size_t met = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ident *a = id(rows[i].a), *b = id(rows[i].b);

		test_row(i, "%s %s", rows[i].a, rows[i].b);
		assert_int_equal(ident_equal(a, b), rows[i].equal);
		assert_int_equal(ident_equal(b, a), rows[i].equal);
		assert_true(ident_equal(a, a));
		assert_false(ident_equal(a, NULL));
		assert_false(ident_equal(NULL, a));
		if (rows[i].equal)
			assert_true(ident_hash(&key, a) == ident_hash(&key, b));
		else
			met += ident_hash(&key, a) == ident_hash(&key, b);
		ident_unref(a);
		ident_unref(b);
	}
	assert_true(ident_equal(NULL, NULL));
	assert_int_equal(met, 1); /* a pattern, and a name that holds the same star */
}

/* The better a pattern fits, the higher it scores. Each list is in falling order; "!" does not match. */
static void scores(void **state)
{
	static const struct {
		const char *id;
		const char *patterns[8];
	} rows[] = {
		{"@a.b.example", {"@a.b.example", "@*.b.example", "@*.example", "%any"}},
		{"@example", {"@example", "%any", "!@*.example", "!*@example", "!@*.xexample"}},
		{"@evilexample", {"%any", "!@*.example"}},
		{"@.example", {"%any", "!@*.example"}}, /* a star stands for something */
		{"user@host",
		 {"user@host", "*@host", "%any", "!@*.host", "!*@hos", "!@user@host"}},
		{"user@xhost", {"%any", "!*@host"}},
		{"192.0.2.1", {"192.0.2.1", "%any", "!192.0.2.2", "!@192.0.2.1"}},
		{"@[key]", {"@[key]", "%any", "!@[kez]"}},
		{"%null", {"%null", "!%any", "!@null", "!*@host"}},
		{"@null", {"@null", "%any", "!%null"}},
		{"C=CH, O=x, CN=y",
		 {"C=CH, O=x, CN=y", "C=CH, O=x, CN=*", "C=CH, O=*, CN=*", "C=*, O=*, CN=*",
		  "%any", "!C=CH, O=*", "!O=x, C=CH, CN=*", "!C=CH, O=*, CN=z"}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ident *who = id(rows[i].id);
		unsigned last = ~0u;

		for (size_t j = 0; j < 8 && rows[i].patterns[j]; j++) {
			const char *text = rows[i].patterns[j];
			bool never = text[0] == '!';
			const struct ident *pattern = id(text + never);
			unsigned score = ident_match(pattern, who);

			test_row(i, "%s against %s scores %u", rows[i].id, text, score);
			if (never) {
				assert_int_equal(score, 0);
			} else {
				assert_true(score > 0 && score < last);
				last = score;
			}
			ident_unref(pattern);
		}
		ident_unref(who);
	}
}

static void a_pattern_matches_no_pattern(void **state)
{
	const struct ident *a = id("@*.example"), *b = id("@*.b.example");

	assert_int_equal(ident_match(a, b), 0);
	ident_unref(a);
	ident_unref(b);
}

static bool made_and_shared(void *ctx)
{
	const struct ident *i, *j;

	if (ident_parse(ctx, &i, NULL))
		return false;
	j = ident_ref(i);
	ident_unref(i);
	assert_int_equal(j->refs, 1);
	ident_unref(j);
	return true;
}

static void short_memory_is_told(void **state)
{
	test_each_allocation_failing(made_and_shared, (char[]){"C=CH, O=x"}, false);
	test_each_allocation_failing(made_and_shared, (char[]){"192.0.2.1"}, false);
	test_each_allocation_failing(made_and_shared, (char[]){"%any"}, false);
	assert_null(ident_ref(NULL));
	ident_unref(NULL);
}

static void addresses(void **state)
{
	struct ip_addr none = {0}, v6;
	const struct ident *got;

	assert_int_equal(ident_from_addr(&none, &got), CYG_RANGE);
	assert_int_equal(ip_parse("2001:db8::1", &v6), CYG_OK);
	assert_int_equal(ident_from_addr(&v6, &got), CYG_OK);
	assert_int_equal(got->type, ID_IPV6_ADDR);
	assert_view_equal(ident_view(got), test_hex("20010db8000000000000000000000001"));
	ident_unref(got);
}

static void every_type_has_a_name(void **state)
{
	assert_string_equal(ident_type_name(ID_DER_ASN1_DN), "DN");
	for (unsigned type = 0; type < 256; type++)
		assert_true(strlen(ident_type_name((uint8_t)type)) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_payloads_are_refused),
		cmocka_unit_test(payloads_are_bounded),
		cmocka_unit_test(what_is_sent_is_received),
		cmocka_unit_test(a_received_star_is_no_wildcard),
		cmocka_unit_test(equality),
		cmocka_unit_test(scores),
		cmocka_unit_test(a_pattern_matches_no_pattern),
		cmocka_unit_test(short_memory_is_told),
		cmocka_unit_test(addresses),
		cmocka_unit_test(every_type_has_a_name),
	};
	return RUN_TESTS("conn/ident", tests);
}
