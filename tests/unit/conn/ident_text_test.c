/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/ident.h"

#include "tests/unit/conn/corpus.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void texts_that_are_no_identities(void **state)
{
	static const struct {
		const char *text;
		enum cyg_err err;
		const char *says; /* somewhere in the complaint */
	} rows[] = {
		{"", CYG_MALFORMED, "empty"},
		{"@", CYG_MALFORMED, "@name"},
		{"@#", CYG_MALFORMED, "hex"},
		{"@#0g", CYG_MALFORMED, "hex"},
		{"@#012", CYG_MALFORMED, "hex"},
		{"@[]", CYG_MALFORMED, "bracket"},
		{"@[abc", CYG_MALFORMED, "bracket"},
		{"@~", CYG_MALFORMED, "hex"},
		{"@~3000", CYG_MALFORMED, "SEQUENCE"},
		{"@~300b3109300706035504030500", CYG_MALFORMED, "no string"},
		{"@@host", CYG_MALFORMED, "user@host"},
		{"user@", CYG_MALFORMED, "user@host"},
		{"gw example", CYG_MALFORMED, "@[gw example]"},
		{"192.0.2.256", CYG_MALFORMED, "IPv4"},
		{"192.0.2", CYG_MALFORMED, "IPv4"},
		{"192.0.2.1-192.0.2.9", CYG_MALFORMED, "IPv4"},
		{"192.0.2.0/24", CYG_MALFORMED, "not a network"},
		{"2001:db8::/32", CYG_MALFORMED, "not a network"},
		{"2001:db8::g", CYG_MALFORMED, "IPv6"},
		{"%anny", CYG_MALFORMED, "%any"},
		{"%fromcert", CYG_UNSUPPORTED, "not supported"},
		{"%myid", CYG_UNSUPPORTED, "not supported"},
		{"%nul", CYG_MALFORMED, "%any"},
		{"CN", CYG_OK, ""}, /* a name of two letters */
		{"CM=x", CYG_MALFORMED, " CN, "},
		{"C=CH, west", CYG_MALFORMED, "TYPE=value"},
		{"user=x@host", CYG_MALFORMED, "email:"},
		{"ipv4:2001:db8::1", CYG_MALFORMED, "other family"},
		{"ipv6:x", CYG_MALFORMED, "IP address"},
		{"ipv4:#0102", CYG_MALFORMED, "4 octets"},
		{"fqdn:", CYG_MALFORMED, "empty"},
		{"fqdn:#", CYG_MALFORMED, "hex"},
		{"@a\\x00b", CYG_MALFORMED, "terminator"},
		{"asn1dn:#3000", CYG_MALFORMED, "SEQUENCE"},
		{"{99}:x", CYG_UNSUPPORTED, "type"},
		{"{256}:x", CYG_MALFORMED, "prefix"},
		{"xmppaddr:bob@x", CYG_OK, ""}, /* reads as a mail address */
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ident *got = NULL;
		struct diag why;
		char line[2048];

		test_row(i, "%s", rows[i].text);
		assert_int_equal(ident_parse(rows[i].text, &got, &why), rows[i].err);
		if (!rows[i].err) {
			ident_unref(got);
			continue;
		}
		assert_null(got);
		assert_non_null(strstr(diag_print(&why, line, sizeof(line)), rows[i].says));
		assert_int_equal(ident_parse(rows[i].text, &got, NULL), rows[i].err);
	}
}

static void texts_too_long_are_refused(void **state)
{
	char text[2 * IDENT_OCTETS_MAX + 8];
	static const char *const starts[] = {"@", "@[", "a@", "@#", "email:", "CN=", "@~"};
	const struct ident *got;

	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		memset(text, '0', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		memcpy(text, starts[i], strlen(starts[i]));
		text[sizeof(text) - 2] = starts[i][1] == '[' ? ']' : '0';
		assert_int_equal(ident_parse(text, &got, NULL), CYG_LIMIT);
	}
}

/* Each form, its type and octets, and how it prints. */
static void forms(void **state)
{
	static const struct {
		const char *text;
		uint8_t type;
		const char *hex, *printed; /* NULL: as written */
	} rows[] = {
		{"%any", ID_ANY, "", NULL},
		{"::", ID_ANY, "", "%any"},
		{"%null", ID_NULL, "", NULL},
		{"ipv4:0.0.0.0", ID_IPV4_ADDR, "00000000", NULL},
		{"ipv6:::", ID_IPV6_ADDR, "00000000000000000000000000000000", NULL},
		{"192.0.2.1", ID_IPV4_ADDR, "c0000201", NULL},
		{"2001:DB8::1", ID_IPV6_ADDR, "20010db8000000000000000000000001",
		 "2001:db8::1"},
		{"gw.example", ID_FQDN, "67772e6578616d706c65", "@gw.example"},
		{"@gw.example", ID_FQDN, "67772e6578616d706c65", NULL},
		{"@192.0.2.1", ID_FQDN, "3139322e302e322e31", NULL},
		{"123", ID_FQDN, "313233", "@123"},
		{"@a b", ID_FQDN, "612062", NULL},
		{"@a=b", ID_FQDN, "613d62", NULL},
		{"@user@host", ID_FQDN, "7573657240686f7374", NULL},
		{"@a\\x0Bb", ID_FQDN, "610b62", "@a\\x0bb"},
		{"@DOM\\user", ID_FQDN, "444f4d5c75736572", "@DOM\\x5cuser"},
		{"@\\x23a", ID_FQDN, "2361", NULL},
		{"@\\x5ba]", ID_FQDN, "5b615d", NULL},
		{"@*.example", ID_FQDN, "2a2e6578616d706c65", NULL},
		{"*.example", ID_FQDN, "2a2e6578616d706c65", "@*.example"},
		{"@\\x2a.example", ID_FQDN, "2a2e6578616d706c65", NULL},
		{"user@host", ID_RFC822_ADDR, "7573657240686f7374", NULL},
		{"@@user@host", ID_RFC822_ADDR, "7573657240686f7374", "user@host"},
		{"email:user@host", ID_RFC822_ADDR, "7573657240686f7374", "user@host"},
		{"rfc822:#7573657240686f7374", ID_RFC822_ADDR, "7573657240686f7374",
		 "user@host"},
		{"email:user=x@host", ID_RFC822_ADDR, "757365723d7840686f7374", NULL},
		{"email:tester", ID_RFC822_ADDR, "746573746572", NULL},
		{"*@host", ID_RFC822_ADDR, "2a40686f7374", NULL},
		{"\\x2a@host", ID_RFC822_ADDR, "2a40686f7374", NULL},
		{"@#0a0B0c", ID_KEY_ID, "0a0b0c", "@#0a0b0c"},
		{"@#0x0a", ID_KEY_ID, "0a", "@#0a"},
		{"@#616263", ID_KEY_ID, "616263", "@[abc]"},
		{"@[a] b]", ID_KEY_ID, "615d2062", NULL},
		{"keyid:abc", ID_KEY_ID, "616263", "@[abc]"},
		{"KeyId:#00", ID_KEY_ID, "00", "@#00"},
		{"{11}:abc", ID_KEY_ID, "616263", "@[abc]"},
		{"{1}:#c0000201", ID_IPV4_ADDR, "c0000201", "192.0.2.1"},
		{"ipv6:2001:db8::1", ID_IPV6_ADDR, "20010db8000000000000000000000001",
		 "2001:db8::1"},
		{"fqdn:a b", ID_FQDN, "612062", "@a b"},
		{"C=CH", ID_DER_ASN1_DN, "300d310b3009060355040613024348", NULL},
		{"/C=CH", ID_DER_ASN1_DN, "300d310b3009060355040613024348", "C=CH"},
		{"asn1dn:C=CH", ID_DER_ASN1_DN, "300d310b3009060355040613024348", "C=CH"},
		{"@~300d310b3009060355040613024348", ID_DER_ASN1_DN,
		 "300d310b3009060355040613024348", "C=CH"},
		{"C=*", ID_DER_ASN1_DN, "300b310930070603550406 0500", NULL},
		{"E=a@b.example, CN=x@y", ID_DER_ASN1_DN, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *printed = rows[i].printed ? rows[i].printed : rows[i].text;
		const struct ident *got, *again;
		char text[IDENT_TEXT_MAX];

		test_row(i, "%s", rows[i].text);
		assert_int_equal(ident_parse(rows[i].text, &got, NULL), CYG_OK);
		assert_int_equal(got->type, rows[i].type);
		if (rows[i].hex)
			assert_view_equal(ident_view(got), test_hex(rows[i].hex));
		assert_string_equal(ident_print(got, text, sizeof(text)), printed);
		assert_int_equal(ident_parse(text, &again, NULL), CYG_OK);
		assert_true(ident_equal(got, again));
		assert_int_equal(got->wildcards, again->wildcards);
		for (size_t cap = 1; cap < sizeof(text); cap++)
			assert_true(strlen(ident_print(got, text, cap)) < cap);
		ident_print(got, NULL, 0);
		ident_unref(got);
		ident_unref(again);
	}
}

/* CVE-2010-2628: what a stranger calls himself prints within bounds, and reads back as the same. */
static void strangers_print_and_read_back(void **state)
{
	static const uint8_t types[] = {ID_FQDN, ID_RFC822_ADDR, ID_KEY_ID};
	static char text[IDENT_PRINTED_MAX];

	for (size_t i = 0; i < COUNT_OF(types); i++)
		for (unsigned first = 0; first < 256; first++)
			for (unsigned second = 0; second < 256; second += 3) {
				const uint8_t octets[] = {(uint8_t)first, (uint8_t)second, '@',
							  'x'};
				const struct ident *got, *again;

				if (ident_from_wire(types[i], view_of(octets, 4), &got, NULL))
					continue;
				ident_print(got, text, sizeof(text));
				assert_int_equal(ident_parse(text, &again, NULL), CYG_OK);
				assert_true(ident_equal(got, again));
				ident_unref(got);
				ident_unref(again);
			}
}

/* ---- strongSwan's own cases ---- */

static const char *expr(json_t *v)
{
	const char *text = json_string_value(json_object_get(v, "expr"));

	return text ? text : "";
}

/* Octets that their row gives, if any: ". data . c = chunk_from_chars ( 0xc0 , ... )". */
static bool their_octets(json_t *encoded, uint8_t out[64], size_t *len)
{
	json_t *data = json_array_get(json_object_get(encoded, "_"), 0);
	const char *p = strstr(expr(data), "chunk_from_chars"), *str;

	*len = 0;
	for (p = p ? strstr(p, "0x") : NULL; p; p = strstr(p + 2, "0x"))
		out[(*len)++] = (uint8_t)strtoul(p, NULL, 16);
	str = json_string_value(json_object_get(data, "str"));
	if (str) {
		*len = strlen(str);
		memcpy(out, str, *len);
	}
	return *len > 0;
}

static const struct {
	const char *expr;
	int type;
} their_types[] = {
	{"ID_ANY", ID_ANY},
	{"ID_IPV4_ADDR", ID_IPV4_ADDR},
	{"ID_FQDN", ID_FQDN},
	{"ID_RFC822_ADDR", ID_RFC822_ADDR},
	{"ID_IPV6_ADDR", ID_IPV6_ADDR},
	{"ID_DER_ASN1_DN", ID_DER_ASN1_DN},
	{"ID_KEY_ID", ID_KEY_ID},
};

/*
 * What both take must mean the same. They never refuse: what is no identity of
 * any kind becomes a name or key id there and a complaint here.
 */
static void strongswans_identities(void **state)
{
	json_t *tables = corpus_tables("parse/strongswan-head-tests.json"), *row;
	size_t i, agreed = 0, refused = 0;

	json_array_foreach(corpus_rows(tables, "table", "string_data"), i, row) {
		const char *text = json_string_value(json_array_get(row, 0));
		const char *type = expr(json_array_get(row, 1));
		const struct ident *got;
		uint8_t octets[64];
		size_t len;

		if (!text)
			continue;
		test_row(i, "'%s' %s", text, type);
		if (strcmp(text, "xmppaddr:bob@strongswan.org") == 0)
			continue; /* a general name there, a mail address here */
		if (ident_parse(text, &got, NULL)) {
			refused++;
			continue;
		}
		for (size_t t = 0; t < COUNT_OF(their_types); t++)
			if (strcmp(their_types[t].expr, type) == 0)
				assert_int_equal(got->type, their_types[t].type);
		if (their_octets(json_array_get(row, 2), octets, &len))
			assert_view_equal(ident_view(got), view_of(octets, len));
		ident_unref(got);
		agreed++;
	}
	print_message("# %zu agree, %zu are refused here\n", agreed, refused);
	assert_true(agreed >= 24);
	json_decref(tables);
}

/* "ID_MATCH_ONE_WILDCARD - 2" are three. */
static unsigned long their_wildcards(const char *want)
{
	const char *minus = strchr(want, '-');

	return 1 + (minus ? strtoul(minus + 1, NULL, 10) : 0);
}

/* Their first column is strict order, as ours. */
static void check_matches(const char *table, const char *subject)
{
	json_t *tables = corpus_tables("parse/strongswan-head-tests.json"), *row;
	const struct ident *who;
	size_t i;

	assert_int_equal(ident_parse(subject, &who, NULL), CYG_OK);
	json_array_foreach(corpus_rows(tables, "table", table), i, row) {
		const char *text = json_string_value(json_array_get(row, 0));
		const char *want = expr(json_array_get(json_array_get(row, 1), 0));
		const struct ident *pattern;
		unsigned score;

		test_row(i, "'%s' %s", text, want);
		if (!*text)
			continue;
		assert_int_equal(ident_parse(text, &pattern, NULL), CYG_OK);
		score = ident_match(pattern, who);
		if (strcmp(want, "ID_MATCH_NONE") == 0)
			assert_int_equal(score, 0);
		else if (strcmp(want, "ID_MATCH_PERFECT") == 0)
			assert_true(ident_equal(pattern, who));
		else if (strcmp(want, "ID_MATCH_ANY") == 0)
			assert_int_equal(score, 1);
		else
			assert_true(score > 1 && pattern->wildcards == their_wildcards(want));
		ident_unref(pattern);
	}
	ident_unref(who);
	json_decref(tables);
}

static void strongswans_matches(void **state)
{
	check_matches("matches_data", "C=CH, E=moon@strongswan.org, CN=moon");
	check_matches("matches_two_ou_data", "C=CH, OU=Research, OU=Floor A, CN=moon");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_identities),
		cmocka_unit_test(texts_too_long_are_refused),
		cmocka_unit_test(forms),
		cmocka_unit_test(strangers_print_and_read_back),
		cmocka_unit_test(strongswans_identities),
		cmocka_unit_test(strongswans_matches),
	};
	return RUN_TESTS("conn/ident_text", tests);
}
