/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/keyword.h"

#include "base/text.h"
#include "conf/setup.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*row_check)(const struct keyword *k);

static void for_each_row(row_check check)
{
	for (size_t i = 0; i < keyword_conn_len; i++)
		check(&keyword_conn_rows[i]);
	for (size_t i = 0; i < keyword_other_len; i++)
		check(&keyword_other_rows[i]);
}

static void check_row(const struct keyword *k)
{
	struct diag d;

	test_row(0, "%s", k->name);
	assert_ptr_equal(keyword_row(k->section, k->name, k->per_end), k);
	assert_true(k->dialects);
	assert_true(k->section == SECTION_CONN || !k->per_end);
	if (k->alias_of)
		assert_ptr_not_equal(keyword_canonical(k), k);
	assert_null(keyword_canonical(keyword_canonical(k)->alias_of ? k : keyword_canonical(k))
			    ->alias_of);
	assert_true(!k->harmless || k->fate == KEYWORD_REFUSED);
	assert_int_equal(k->fate == KEYWORD_BUILT, k->note == NULL);
	assert_int_equal(k->value == VALUE_WORD && !k->words, 0);
	if (k->fate == KEYWORD_BUILT)
		assert_true(k->value <= VALUE_NAMES);
	else
		assert_int_equal(keyword_check(k, k->name, "", &d) == CYG_OK,
				 k->value == VALUE_TEXT || k->value == VALUE_NAMES);
}

static void rows_are_whole(void **state)
{
	for_each_row(check_row);
}

/* What is said to be built is there. */
static void check_built(const struct keyword *k)
{
	bool field = k->section == SECTION_CONN && field_by_keyword(k->name, k->per_end);
	bool setting = k->section == SECTION_SETUP && setting_find(k->name);

	test_row(0, "%s", k->name);
	assert_int_equal(k->value == VALUE_FIELD, field);
	assert_int_equal(k->value == VALUE_SETTING, setting);
	if (k->value == VALUE_FIELD && k->alias_of)
		assert_string_equal(field_by_keyword(k->name, k->per_end)->keyword,
				    k->alias_of);
}

static void what_is_built_is_there(void **state)
{
	for_each_row(check_built);
}

/* And what is there is in the table, under each of its names. */
static void what_is_there_is_told(void **state)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];

		test_row(i, "%s", f->keyword);
		assert_non_null(keyword_row(SECTION_CONN, f->keyword, f->per_end));
		for (size_t k = 0; k < COUNT_OF(f->aliases) && f->aliases[k]; k++)
			assert_non_null(keyword_row(SECTION_CONN, f->aliases[k], f->per_end));
	}
	for (size_t i = 0; i < setup_rows_len; i++) {
		test_row(i, "%s", setup_rows[i].keyword);
		assert_non_null(keyword_row(SECTION_SETUP, setup_rows[i].keyword, false));
	}
}

static void words_are_found(void **state)
{
	static const struct {
		const char *word, *name;
		uint8_t which;
	} rows[] = {
		{"left", "", 0},
		{"RIGHT", "", 1},
		{"leftsubnet", "subnet", 0},
		{"right-subnet", "subnet", 1},
		{"ikelifetime", "ikelifetime", KEYWORD_NEITHER},
		{"MoBike", "mobike", KEYWORD_NEITHER},
	};
	struct keyword_meaning m;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].word);
		m = keyword_find(SECTION_CONN, rows[i].word);
		assert_non_null(m.row);
		assert_string_equal(m.row->name, rows[i].name);
		assert_int_equal(m.which, rows[i].which);
	}
	assert_null(keyword_find(SECTION_CONN, "subnet").row);
	assert_null(keyword_find(SECTION_CONN, "cacert").row);
	assert_null(keyword_find(SECTION_SETUP, "left").row);
	assert_non_null(keyword_find(SECTION_CA, "cacert").row);
	assert_true(keyword_find(SECTION_CONN, "X_mine").is_note);
	assert_string_equal(keyword_nearest(SECTION_CONN, "leftsubnt"), "subnet");
	assert_string_equal(keyword_nearest(SECTION_SETUP, "unique_ids"), "uniqueids");
	assert_null(keyword_nearest(SECTION_CA, "elephant"));
}

static void values_have_a_form(void **state)
{
	static const struct {
		enum section_kind kind;
		const char *name;
		bool per_end;
		const char *good[6], *bad[6];
	} rows[] = {
		{SECTION_CONN, "mobike", false, {"yes", "OFF", "1"}, {"maybe", "yess"}},
		{SECTION_CONN, "nflog-group", false, {"0", "14"}, {"%mtu", "1k"}},
		{SECTION_CONN, "ikedscp", false, {"101110"}, {"10111", "10111x", "46"}},
		{SECTION_CONN, "inactivity", false, {"30", "5m", "1.5h"}, {"5x", "soon"}},
		{SECTION_CONN,
		 "iptfs-packet-size",
		 false,
		 {"1400", "10k", "1KiB", "2Mb"},
		 {"k", "1x", "1KiBB"}},
		{SECTION_CONN,
		 "modecfgdns1",
		 true,
		 {"192.0.2.1"},
		 {"dns.example", "192.0.2.1,x"}},
		{SECTION_CONN, "closeaction", false, {"hold", "Restart"}, {"holds", "drop"}},
		{SECTION_CONN,
		 "subnetwithin",
		 true,
		 {"192.0.2.0/24", "10.0.0.0/8"},
		 {"x/24", "10.0.0.0/40", "192.0.2.1/24"}},
		{SECTION_CONN, "id2", true, {"%identity", "@a.example"}, {"@#zz"}},
		{SECTION_SETUP, "ocsp-method", false, {"get", "POST"}, {"put"}},
	};
	struct diag d;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct keyword *k = keyword_row(rows[i].kind, rows[i].name,
						      rows[i].per_end);

		test_row(i, "%s", rows[i].name);
		assert_non_null(k);
		for (size_t j = 0; j < 6 && rows[i].good[j]; j++)
			assert_int_equal(keyword_check(k, "word", rows[i].good[j], &d), CYG_OK);
		for (size_t j = 0; j < 6 && rows[i].bad[j]; j++) {
			assert_int_equal(keyword_check(k, "word", rows[i].bad[j], &d),
					 CYG_MALFORMED);
			assert_true(*d.wanted);
			assert_string_equal(d.got, rows[i].bad[j]);
		}
	}
}

static void harmless_values_ask_for_nothing(void **state)
{
	const struct keyword *k = keyword_row(SECTION_CONN, "aggressive", false);

	assert_true(keyword_is_harmless(k, "no"));
	assert_true(keyword_is_harmless(k, "OFF"));
	assert_false(keyword_is_harmless(k, "yes"));
	k = keyword_row(SECTION_CONN, "enable-tcp", false);
	assert_true(keyword_is_harmless(k, "fallback"));
	assert_false(keyword_is_harmless(k, "yes"));
}

static uint8_t dialects_of(char *const *columns)
{
	return (uint8_t)((strcmp(columns[6], "n") ? KEYWORD_OPENSWAN : 0) |
			 (strcmp(columns[7], "n") ? KEYWORD_LIBRESWAN : 0) |
			 (strcmp(columns[8], "n") ? KEYWORD_STRONGSWAN : 0));
}

static void check_reference(char *const *columns)
{
	enum section_kind kind = !strcmp(columns[0], "conn") ? SECTION_CONN
				 : !strcmp(columns[0], "ca") ? SECTION_CA
							     : SECTION_SETUP;
	const char *name = columns[2][0] == '(' ? "" : columns[2];
	const struct keyword *k = keyword_row(kind, name, !strcmp(columns[1], "yes"));

	test_row(0, "%s %s", columns[0], columns[2]);
	if (!strcmp(name, "x-*"))
		return;
	assert_non_null(k);
	assert_int_equal(k->dialects, dialects_of(columns));
}

/* Every word of the reference, and who spells it so. */
static void no_word_is_missing(void **state)
{
	FILE *f = fopen(TEST_SOURCE_ROOT "/../shared/reference/ipsec.conf.tsv", "r");
	char *line = NULL, *columns[16];
	size_t cap = 0, rows = 0;

	if (!f)
		test_skip("../shared/reference is not there");
	while (getline(&line, &cap, f) > 0) {
		char *rest = line;

		for (size_t i = 0; i < 16; i++)
			columns[i] = rest ? strsep(&rest, "\t\n") : (char *)"";
		if (rows++)
			check_reference(columns);
	}
	free(line);
	fclose(f);
	assert_int_equal(rows, 1 + 324);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(what_is_built_is_there),
		cmocka_unit_test(what_is_there_is_told),
		cmocka_unit_test(words_are_found),
		cmocka_unit_test(values_have_a_form),
		cmocka_unit_test(harmless_values_ask_for_nothing),
		cmocka_unit_test(no_word_is_missing),
	};

	return RUN_TESTS("conf/keyword", tests);
}
