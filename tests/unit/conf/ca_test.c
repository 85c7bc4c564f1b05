/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/ca.h"

#include "conf/keyword.h"
#include "tests/unit/conf/parsed.h"

#include <stdio.h>
#include <string.h>

#define LONG "a-name-of-a-group-that-is-longer-than-it-may-be-as-nobody-else-says-so-long-ones"

static void faults_refuse_their_section(void **state)
{
	static const struct {
		const char *lines, *code;
		unsigned line;
	} rows[] = {
		{"", "ca-without-cert", 1},
		{"  cacert=\n", "ca-without-cert", 1},
		{"  cacert=x\n  crlurl=y\n", "keyword-unknown", 3},
		{"  cacert=x\n  leftcert=y\n", "keyword-unknown", 3},
		{"  cacert=x\n  auto=start\n", "bad-value", 3},
		{"  cacert=x\n  also=none\n", "also-unknown", 3},
		{"  cacert=x\n  also=a\n", "also-loop", 3},
		{"  cacert=x\n  junk\n", "section-broken", 1},
		{"  cacert=x\n  groups=\" , \"\n", "group-names", 3},
		{"  cacert=x\n  groups=sales," LONG LONG LONG LONG "\n", "group-name", 3},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text t = {0};
		struct conf_ca ca;
		struct diag why;
		struct conf *c;

		test_row(i, "%s", rows[i].lines);
		text_add(&t, "ca a\n%sca b\n  cacert=b.pem\n", rows[i].lines);
		c = parse(text_str(&t));
		assert_int_equal(conf_ca(c, "a", &ca, &problems, &why), CYG_MALFORMED);
		assert_string_equal(why.code, rows[i].code);
		assert_int_equal(why.line, rows[i].line);
		assert_int_equal(conf_ca(c, "b", &ca, &problems, &why), CYG_OK);
		assert_string_equal(ca.says.cacert, "b.pem");
		assert_int_equal(conf_ca(c, "c", &ca, &problems, &why), CYG_NOTFOUND);
		text_done(&t);
		done(c);
	}
}

static void sections_are_resolved(void **state)
{
	struct conf *c = parse("ca %default\n  auto=add\n  crluri=http://z.example/crl\n"
			       "ca a\n  cacert=a.pem\n  also=shared\n  ocspuri=\n"
			       "ca shared\n  crluri1=http://x.example/crl\n"
			       "  crluri2=\"file:///b c\"\n  ocspuri=http://o.example\n"
			       "  certuribase=http://c.example/\n  ldaphost=l.example\n"
			       "  groups=\"sales, vp\"\n"
			       "conn a\n  left=192.0.2.1\n");
	struct conf_ca ca;
	struct diag why;

	assert_int_equal(problems.len, 0);
	assert_string_equal(conf_ca_name(c, 0), "a");
	assert_string_equal(conf_ca_name(c, 1), "shared");
	assert_null(conf_ca_name(c, 2));
	assert_int_equal(conf_ca(c, "a", &ca, &problems, &why), CYG_OK);
	assert_string_equal(ca.says.name, "a");
	assert_string_equal(ca.says.cacert, "a.pem");
	assert_string_equal(ca.says.crluri[0], "http://x.example/crl");
	assert_string_equal(ca.says.crluri[1], "file:///b c");
	assert_null(ca.says.ocspuri[0]); /* taken back */
	assert_null(ca.says.ocspuri[1]);
	assert_string_equal(ca.says.certuribase, "http://c.example/");
	assert_string_equal(ca.says.ldaphost, "l.example");
	assert_string_equal(ca.says.groups, "sales, vp");
	assert_true(ca.load);
	assert_int_equal(ca.line, 4);
	assert_int_equal(problems.len, 0);
	done(c);
}

static void one_keyword_twice_is_a_matter_of_dialect(void **state)
{
	static const struct {
		const char *dialect, *cert;
	} rows[] = {{"any", NULL},
		    {"openswan", NULL},
		    {"libreswan", "a.pem"},
		    {"strongswan", "b.pem"}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf_ca ca = {0};
		struct diag why;
		struct conf *c;
		char text[128];

		test_row(i, "%s", rows[i].dialect);
		snprintf(text, sizeof(text),
			 "config setup\n  dialect=%s\nca a\n  cacert=a.pem\n  cacert=b.pem\n",
			 rows[i].dialect);
		c = parse(text);
		assert_int_equal(conf_ca(c, "a", &ca, &problems, &why),
				 rows[i].cert ? CYG_OK : CYG_MALFORMED);
		if (rows[i].cert)
			assert_string_equal(ca.says.cacert, rows[i].cert);
		assert_int_equal(problems.len, 1);
		assert_string_equal(problems.items[0].diag.code, "keyword-twice");
		done(c);
	}
}

static void words_without_effect_are_told(void **state)
{
	struct conf *c = parse("ca a\n  cacert=a.pem\n  ldapbase=\"o=x\"\n  x-mine=1\n");
	struct conf_ca ca;
	struct diag why;

	assert_int_equal(conf_ca(c, "a", &ca, &problems, &why), CYG_OK);
	assert_false(ca.load);
	assert_int_equal(problems.len, 1);
	assert_int_equal(problems.items[0].level, PROBLEM_WARNING);
	done(c);
}

/* The table of words and this module say the same. */
static void each_word_of_the_table_is_taken(void **state)
{
	for (size_t i = 0; i < keyword_other_len; i++) {
		const struct keyword *k = &keyword_other_rows[i];

		test_row(i, "%s", k->name);
		if (k->section == SECTION_CA && !k->alias_of && k->value != VALUE_NAMES)
			assert_int_equal(authority_by_keyword(k->name) ||
						 text_same(k->name, "auto"),
					 k->fate == KEYWORD_BUILT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_refuse_their_section),
		cmocka_unit_test(sections_are_resolved),
		cmocka_unit_test(one_keyword_twice_is_a_matter_of_dialect),
		cmocka_unit_test(words_without_effect_are_told),
		cmocka_unit_test(each_word_of_the_table_is_taken),
	};

	return RUN_TESTS("conf/ca", tests);
}
