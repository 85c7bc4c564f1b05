/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/dn.h"

#include "tests/unit/conn/corpus.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void texts_that_are_no_names(void **state)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
		{"", NULL},
		{"west", NULL},
		{"=CH", NULL},
		{"C", NULL},
		{"C=CH, Example", NULL},
		{"O=Example, Inc., CN=x", NULL},
		{"C=CH,,O=x", NULL},
		{"CC=CH", NULL},
		{"C=CH, ON=x", NULL},
		{"C=CH, comonName=x", "did you mean commonName=?"},
		{"C=CH/XX=y, O=z, XX=y", NULL},
		{"/C=CH/XX=y", NULL},
		{"O=\"Example", NULL},
		{"O=\"Example\" Inc, C=CH", NULL},
		{"O=#", NULL},
		{"O=#zz", NULL},
		{"O=#1302434", NULL}, /* half an octet */
		{"O=#13024348 x", NULL},
		{"O=#1303 4348", NULL},
		{"O=#13034348", NULL},   /* a value that ends outside */
		{"O=#1302434805", NULL}, /* two values */
		{"1=x", NULL},
		{"3.1=x", NULL},
		{"1.40=x", NULL},
		{"1.2.=x", NULL},
		{"1.2.99999999999999999999=x", NULL},
		{"0x=x", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t der[DN_OCTETS_MAX];
		size_t len = 77;
		struct diag why;

		test_row(i, "%s", rows[i].text);
		assert_int_equal(dn_parse(rows[i].text, der, sizeof(der), &len, &why),
				 CYG_MALFORMED);
		assert_int_equal(len, 77);
		assert_true(diag_is_set(&why));
		if (rows[i].hint)
			assert_string_equal(why.hint, rows[i].hint);
	}
}

static void names_too_long_are_refused(void **state)
{
	uint8_t der[DN_OCTETS_MAX];
	char text[3 * DN_OCTETS_MAX];
	size_t len;

	memset(text, 'x', sizeof(text));
	memcpy(text, "CN=", 3);
	text[DN_OCTETS_MAX] = '\0';
	assert_int_equal(dn_parse(text, der, sizeof(der), &len, NULL), CYG_LIMIT);
	text[3 * DN_OCTETS_MAX - 1] = '\0';
	text[DN_OCTETS_MAX] = 'x';
	assert_int_equal(dn_parse(text, der, sizeof(der), &len, NULL), CYG_LIMIT);
	text[0] = '\0';
	for (size_t i = 0; i < DN_ATTRS_MAX + 1; i++)
		strcat(text, i ? ",C=x" : "C=x");
	assert_int_equal(dn_parse(text, der, sizeof(der), &len, NULL), CYG_LIMIT);
	assert_int_equal(dn_parse("C=CH", der, 14, &len, NULL), CYG_LIMIT);
	assert_int_equal(dn_parse("C=CH", der, 15, &len, NULL), CYG_OK);
	assert_int_equal(len, 15);
}

static void known_encodings(void **state)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
		{"C=CH", "300d310b3009060355040613024348"},
		{"C=", "300b31093007060355040613 00"},
		{"CN=012345", "3011310f300d0603550403 1306303132333435"},
		{"CN=w*st", "300f310d300b0603550403 0c04772a7374"},
		{"CN=\xc3\xa4", "300d310b3009060355040 30c02c3a4"},
		{"CN=\xe4", "300c310a30080603550403 1401e4"},
		{"E=a@b", "30143112301006092a864886f70d010901 1603614062"},
		{"DC=x", "30133111300f060a0992268993f22c640119 160178"},
		{"CN=*", "300b310930070603550403 0500"},
		{"2.39.16383=#1306303132333435", "3011310f300d060377ff7f1306303132333435"},
		{"OID.2.5.4.3=x", "300c310a30080603550403130178"},
		{"0x80=x", "300a3108300606018013 0178"},
		/* A SET OF is in order of its encodings. */
		{"OU=b+CN=a", "30163114 30080603550403130161 3008060355040b130162"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t der[DN_OCTETS_MAX];
		size_t len;

		test_row(i, "%s", rows[i].text);
		assert_int_equal(dn_parse(rows[i].text, der, sizeof(der), &len, NULL), CYG_OK);
		assert_view_equal(view_of(der, len), test_hex(rows[i].hex));
		assert_int_equal(dn_check(view_of(der, len), NULL), CYG_OK);
	}
}

/* What is printed is read again as the same name. */
static void reads_and_prints(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{"C=CH, O=Example, CN=west", "C=CH, O=Example, CN=west"},
		{"C=CH,", "C=CH"},
		{"c=CH,o=Example,cn=west", "C=CH, O=Example, CN=west"},
		{"/C=CH/O=Example/CN=west", "C=CH, O=Example, CN=west"},
		{"C=CH/O=Example/CN=west", "C=CH, O=Example, CN=west"},
		{"C = CH, O = Example , CN = west ", "C=CH, O=Example, CN=west"},
		{"C=CH, CN=west/emailAddress=a@b.c", "C=CH, CN=west, E=a@b.c"},
		{"CN=host/service", "CN=host/service"},
		{"/C=CH/CN=a/b", "C=CH, CN=a/b"},
		{"/C=CH/O=Example, Inc./CN=a", "C=CH, O=Example\\, Inc., CN=a"},
		{"CN=C++ user, E=a+b@c.d", "CN=C++ user, E=a+b@c.d"},
		{"CN=a + OU=b", "CN=a+OU=b"},
		{"O=\"Example, Inc.\", CN=x", "O=Example\\, Inc., CN=x"},
		{"O=Example\\, Inc., CN=x", "O=Example\\, Inc., CN=x"},
		{"O=\"a \\\"b\\\" c\"", "O=a \\\"b\\\" c"},
		{"O=a=b", "O=a\\=b"},
		{"O=\\#1, CN=\\ x\\ ", "O=\\#1, CN=\\ x\\ "},
		{"O=x\\0ay", "O=x\\0Ay"},
		{"O=\\*, CN=*", "O=\\*, CN=*"},
		{"O=Z\xc3\xbcrich", "O=Z\xc3\xbcrich"},
		{"O=\xe4", "O=#1401e4"},
		{"O=x\xe2\x80\xaey", "O=x\\E2\\80\\AEy"},
		{"surname=A, givenName=B, title=C, serialNumber=D",
		 "SN=A, GN=B, T=C, serialNumber=D"},
		{"UID=x, UN=y, D=z", "UID=x, UN=y, D=z"},
		{"1.3.6.1.4.1.99999.1=x", "1.3.6.1.4.1.99999.1=x"},
		{"0x80=x", "0x80=x"},
		{"O=#1e0400770065", "O=we"},
		{"O=#0401ff", "O=#0401ff"},
		{"O=#0c01ff", "O=#0c01ff"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t der[DN_OCTETS_MAX], again[DN_OCTETS_MAX];
		char text[512];
		size_t len, again_len;

		test_row(i, "%s", rows[i].text);
		assert_int_equal(dn_parse(rows[i].text, der, sizeof(der), &len, NULL), CYG_OK);
		dn_print(view_of(der, len), text, sizeof(text));
		assert_string_equal(text, rows[i].printed);
		assert_int_equal(dn_parse(text, again, sizeof(again), &again_len, NULL),
				 CYG_OK);
		assert_true(dn_equal(view_of(der, len), view_of(again, again_len)));
		for (size_t cap = 1; cap < sizeof(text); cap++)
			assert_true(strlen(dn_print(view_of(der, len), text, cap)) < cap);
	}
}

/* ---- Libreswan's own cases: names in DER and how they print ---- */

static uint8_t octet_of(json_t *v)
{
	static const struct {
		const char *expr;
		uint8_t octet;
	} rows[] = {
		{"ASN1_SEQUENCE", 0x30},
		{"ASN1_SET", 0x31},
		{"ASN1_OID", 6},
		{"ASN1_PRINTABLESTRING", 0x13},
		{"ASN1_UTF8STRING", 0x0c},
		{"40 * 2 + 39", 119},
		{"0x80 | ( 16383 >> 7 )", 0xff},
		{"16383 & 0x7f", 0x7f},
	};
	const char *chr = json_string_value(json_object_get(v, "chr"));
	const char *expr = json_string_value(json_object_get(v, "expr"));

	if (json_is_integer(v))
		return (uint8_t)json_integer_value(v);
	if (chr)
		return (uint8_t)(chr[0] == '\\' ? chr[1] : chr[0]);
	for (size_t i = 0; expr && i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].expr, expr) == 0)
			return rows[i].octet;
	fail_msg("an octet that the test does not know: %s", expr ? expr : "?");
	return 0;
}

static void libreswans_names(void **state)
{
	json_t *tables = corpus_tables("parse/libreswan-head-checks.json"), *table, *row, *v;
	size_t i, j, k, seen = 0;

	json_array_foreach(tables, i, table) {
		if (!strstr(json_string_value(json_object_get(table, "file")), "dncheck"))
			continue;
		json_array_foreach(json_object_get(table, "rows"), j, row) {
			json_t *fields = json_is_object(row) ? json_object_get(row, "_") : row;
			const char *theirs = json_string_value(json_array_get(fields, 0));
			uint8_t der[256], parsed[DN_OCTETS_MAX];
			char printed[256];
			size_t len = 0, parsed_len;

			test_row(j, "%s", theirs);
			json_array_foreach(json_array_get(fields, 2), k, v)
				der[len++] = octet_of(v);
			assert_int_equal(dn_check(view_of(der, len), NULL), CYG_OK);
			dn_print(view_of(der, len), printed, sizeof(printed));
			assert_int_equal(dn_parse(printed, parsed, sizeof(parsed), &parsed_len,
						  NULL),
					 CYG_OK);
			assert_true(dn_equal(view_of(der, len), view_of(parsed, parsed_len)));
			seen++;
			/* Theirs reads the same, but for octets that are no UTF-8. */
			if (strstr(theirs, "\\80"))
				continue;
			assert_int_equal(dn_parse(theirs, parsed, sizeof(parsed), &parsed_len,
						  NULL),
					 CYG_OK);
			assert_true(dn_equal(view_of(der, len), view_of(parsed, parsed_len)));
		}
	}
	assert_int_equal(seen, 13);
	json_decref(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_names),
		cmocka_unit_test(names_too_long_are_refused),
		cmocka_unit_test(known_encodings),
		cmocka_unit_test(reads_and_prints),
		cmocka_unit_test(libreswans_names),
	};
	return RUN_TESTS("conn/dn_text", tests);
}
