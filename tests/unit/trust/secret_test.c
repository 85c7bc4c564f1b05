/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/secret.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ident *id(const char *text)
{
	static const struct ident *kept[64];
	static size_t len;
	const struct ident *i;

	assert_int_equal(ident_parse(text, &i, NULL), CYG_OK);
	for (size_t k = 0; k < len; k++) {
		if (ident_equal(kept[k], i) || (i->type == ID_ANY && kept[k]->type == ID_ANY)) {
			ident_unref(i);
			return kept[k];
		}
	}
	assert_true(len < COUNT_OF(kept));
	return kept[len++] = i;
}

/* "index index : text" */
static void add(struct secret_set *s, const char *record, unsigned line)
{
	char copy[256], *save = NULL;
	struct secret secret = {.kind = SECRET_PSK, .line = line};

	snprintf(copy, sizeof(copy), "%s", record);
	secret.indices = calloc(8, sizeof(*secret.indices));
	assert_non_null(secret.indices);
	for (char *w = strtok_r(copy, " ", &save); w && strcmp(w, ":"); w = strtok_r(NULL, " ", &save))
		secret.indices[secret.indices_len++] = ident_ref(id(w));
	assert_true(bytes_copy(&secret.value, view_str(strtok_r(NULL, "", &save))));
	assert_int_equal(secret_set_add(s, &secret, "ipsec.secrets"), CYG_OK);
	assert_null(secret.indices);
	assert_null(secret.value.ptr);
}

static void the_record_that_says_most_wins(void **state)
{
	static const struct {
		const char *records[5];
		const char *me, *him, *want; /* the secret; NULL: none */
	} rows[] = {
		{{NULL}, "@me", "@him", NULL},
		{{"@him : him"}, "@me", "@him", NULL},
		{{"@other @him : x"}, "@me", "@him", NULL},
		{{"@me @other : x"}, "@me", "@him", NULL},
		{{": any"}, "@me", "@him", "any"},
		{{"%any : any"}, "@me", "@him", "any"},
		{{"@me : me", ": any"}, "@me", "@him", "me"},
		{{": any", "%any @him : him"}, "@me", "@him", "him"},
		{{"%any @him : him", "@me : me"}, "@me", "@him", "me"},
		{{"@me : me", "@me %any : wild"}, "@me", "@him", "wild"},
		{{"@me %any : wild", "@me @him : both", "@me @her : hers"}, "@me", "@him", "both"},
		{{"@him @me : both"}, "@me", "@him", "both"},
		{{"@ME @HIM : both"}, "@me", "@him", "both"},
		{{"@me @a @b @him : group"}, "@me", "@him", "group"},
		{{"192.0.2.1 192.0.2.2 : addr"}, "192.0.2.1", "192.0.2.2", "addr"},
		{{"192.0.2.1 192.0.2.2 : addr"}, "192.0.2.1", "192.0.2.3", NULL},
		{{"@me him@x : mail"}, "@me", "him@x", "mail"},
		{{"@me @him@x : other"}, "@me", "@him", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secret_set *s = secret_set_new();
		const struct secret *found;
		struct diag why;

		test_row(i, "%s", rows[i].records[0] ? rows[i].records[0] : "(empty)");
		for (unsigned k = 0; rows[i].records[k]; k++)
			add(s, rows[i].records[k], k + 1);
		found = secret_find(s, SECRET_PSK, id(rows[i].me), id(rows[i].him), &why);
		if (!rows[i].want) {
			assert_null(found);
			assert_string_equal(why.code, "no-secret");
			assert_non_null(strstr(why.hint, rows[i].him));
		} else {
			assert_non_null(found);
			assert_view_equal(view_bytes(&found->value), view_str(rows[i].want));
			assert_false(diag_is_set(&why));
		}
		assert_null(secret_find(s, SECRET_XAUTH, id(rows[i].me), id(rows[i].him), &why));
		secret_set_free(s);
	}
}

static void two_that_fit_alike_are_told(void **state)
{
	struct secret_set *s = secret_set_new();
	const struct secret *found;
	struct diag why;

	add(s, "@me @him : alpha beta", 1);
	add(s, "@me @him : second", 2);
	found = secret_find(s, SECRET_PSK, id("@me"), id("@him"), &why);
	assert_int_equal(found->line, 1);
	assert_string_equal(why.code, "secret-ambiguous");
	assert_null(strstr(why.sentence, "alpha"));
	secret_set_free(s);
	s = secret_set_new();
	add(s, "@me @him : same", 1);
	add(s, "@me @him : same", 2);
	found = secret_find(s, SECRET_PSK, id("@me"), id("@him"), &why);
	assert_int_equal(found->line, 1);
	assert_false(diag_is_set(&why));
	secret_set_free(s);
}

static void many_are_found_by_the_peer(void **state)
{
	struct secret_set *s = secret_set_new();
	char record[64];
	struct diag why;

	for (unsigned i = 0; i < 10000; i++) {
		struct secret secret = {.kind = SECRET_PSK, .line = i};
		const struct ident *peer;

		snprintf(record, sizeof(record), "10.%u.%u.1", i >> 8, i & 255);
		assert_int_equal(ident_parse(record, &peer, NULL), CYG_OK);
		secret.indices = calloc(2, sizeof(*secret.indices));
		secret.indices[0] = ident_ref(id("@gw"));
		secret.indices[1] = peer;
		secret.indices_len = 2;
		assert_true(bytes_copy(&secret.value, view_str(record)));
		assert_int_equal(secret_set_add(s, &secret, "x"), CYG_OK);
	}
	for (unsigned i = 0; i < 10000; i += 997) {
		const struct ident *peer;

		snprintf(record, sizeof(record), "10.%u.%u.1", i >> 8, i & 255);
		assert_int_equal(ident_parse(record, &peer, NULL), CYG_OK);
		assert_int_equal(secret_find(s, SECRET_PSK, id("@gw"), peer, &why)->line, i);
		ident_unref(peer);
	}
	secret_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_that_says_most_wins),
		cmocka_unit_test(two_that_fit_alike_are_told),
		cmocka_unit_test(many_are_found_by_the_peer),
	};

	return RUN_TESTS("trust/secret", tests);
}
