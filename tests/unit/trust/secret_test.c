/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/secret.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One identity for one text, until the program ends; known ones take no memory. */
static const struct ident *id(const char *text)
{
	static const struct ident *kept[64];
	static char texts[64][64];
	static size_t len;

	for (size_t k = 0; k < len; k++)
		if (!strcmp(texts[k], text))
			return kept[k];
	assert_true(len < COUNT_OF(kept));
	snprintf(texts[len], sizeof(texts[len]), "%s", text);
	assert_int_equal(ident_parse(text, &kept[len], NULL), CYG_OK);
	return kept[len++];
}

/* Move a record "index, index : text" into `s`; indices are separated by commas. */
static enum cyg_err try_add(struct secret_set *s, const char *record, unsigned line)
{
	char copy[256], *colon, *save = NULL;
	struct secret_record secret = {.kind = SECRET_PSK, .line = line};
	enum cyg_err err;

	snprintf(copy, sizeof(copy), "%s", record);
	colon = strstr(copy, ": ");
	assert_non_null(colon);
	*colon = '\0';
	secret.indices = malloc(8 * sizeof(*secret.indices));
	if (!secret.indices || !bytes_copy(&secret.value, view_str(colon + 2))) {
		free(secret.indices);
		return CYG_NOMEM;
	}
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		w += strspn(w, " ");
		while (*w && w[strlen(w) - 1] == ' ')
			w[strlen(w) - 1] = '\0';
		if (*w)
			secret.indices[secret.indices_len++] = ident_ref(id(w));
	}
	err = secret_set_add(s, &secret, "ipsec.secrets");
	if (err) {
		/* It is still ours, whole. */
		assert_int_equal(secret.value.len, strlen(colon + 2));
		for (size_t i = 0; i < secret.indices_len; i++)
			ident_unref(secret.indices[i]);
		free(secret.indices);
		bytes_wipe(&secret.value);
		return err;
	}
	assert_null(secret.indices);
	assert_null(secret.value.ptr);
	return CYG_OK;
}

static void add(struct secret_set *s, const char *record, unsigned line)
{
	assert_int_equal(try_add(s, record, line), CYG_OK);
}

static void the_record_that_says_most_wins(void **state)
{
	static const struct {
		const char *records[5];
		const char *me, *him, *want; /* the secret; NULL: none */
	} rows[] = {
		{{NULL}, "@me", "@him", NULL},
		{{"@him : him"}, "@me", "@him", NULL},
		{{"@other, @him : x"}, "@me", "@him", NULL},
		{{"@me, @other : x"}, "@me", "@him", NULL},
		{{"192.0.2.1, 192.0.2.2 : addr"}, "192.0.2.1", "192.0.2.3", NULL},
		{{"@me, @him@x : other"}, "@me", "@him", NULL},
		{{"@me, *.example : x"}, "@me", "@him.other", NULL},
		{{"@#6d65, @him : key id"}, "@me", "@him", NULL},
		{{": any"}, "@me", "@him", "any"},
		{{"%any : any"}, "@me", "@him", "any"},
		{{"%any, @other : any"}, "@me", "@him", "any"},
		{{"@me : me", ": any"}, "@me", "@him", "me"},
		{{": any", "@me : me"}, "@me", "@him", "me"},
		{{": any", "%any, @him : him"}, "@me", "@him", "him"},
		{{"%any, @him : him", "@me : me"}, "@me", "@him", "me"},
		{{"@me : me", "@me, %any : wild"}, "@me", "@him", "wild"},
		{{"@me, %any : wild", "@me, @him : both", "@me, @her : hers"},
		 "@me",
		 "@him",
		 "both"},
		{{"@him, @me : both"}, "@me", "@him", "both"},
		{{"@ME, @HIM : both"}, "@me", "@him", "both"},
		{{"@me, @a, @b, @him : group"}, "@me", "@him", "group"},
		{{"@him, %any : open", "@me, @him : both"}, "@me", "@him", "both"},
		{{"192.0.2.1, 192.0.2.2 : addr"}, "192.0.2.1", "192.0.2.2", "addr"},
		{{"2001:db8::1, 2001:db8::2 : addr"}, "2001:db8::2", "2001:db8::1", "addr"},
		{{"@me, him@x : mail"}, "@me", "him@x", "mail"},
		{{"@me, *.example : all", "@me, : me"}, "@me", "@him.example", "all"},
		{{"@me, *.example : all", "@me, *.him.example : more"},
		 "@me",
		 "@a.him.example",
		 "more"},
		{{"@me, *.example : all", "@me, @him.example : he"},
		 "@me",
		 "@him.example",
		 "he"},
		{{"@me, @him.example : he", "@me, *.example : all"},
		 "@me",
		 "@him.example",
		 "he"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secret_set *s = secret_set_new();
		const struct secret_record *found;
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
		assert_null(
			secret_find(s, SECRET_XAUTH, id(rows[i].me), id(rows[i].him), &why));
		secret_set_free(s);
	}
}

/* A DN is one, however it is written. */
static void names_in_certificates_are_compared_by_their_rules(void **state)
{
	static const char *const same[] = {"C=CH, O=Strong Hold, CN=west",
					   "C=ch, O=strong  hold, CN=WEST",
					   "/C=CH/O=Strong Hold/CN=west"};
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(same); i++) {
		struct secret_set *s = secret_set_new();
		const struct ident *indices[] = {ident_ref(id("@me")), ident_ref(id(same[0]))};
		struct secret_record secret = {.kind = SECRET_PSK, .indices_len = 2};
		const struct secret_record *found;
		const struct ident *peer;

		test_row(i, "%s", same[i]);
		secret.indices = malloc(sizeof(indices));
		memcpy(secret.indices, indices, sizeof(indices));
		assert_int_equal(secret_set_add(s, &secret, "x"), CYG_OK);
		assert_int_equal(ident_parse(same[i], &peer, NULL), CYG_OK);
		found = secret_find(s, SECRET_PSK, id("@me"), peer, &why);
		assert_non_null(found);
		assert_null(secret_find(s, SECRET_PSK, id("@me"),
					id("C=CH, O=Strong Hold, CN=east"), &why));
		assert_non_null(strstr(why.hint, "\"C=CH, O=Strong Hold, CN=east\" : PSK"));
		ident_unref(peer);
		secret_set_free(s);
	}
}

static void a_record_that_is_missing_is_described(void **state)
{
	static const struct {
		const char *record, *got;
	} rows[] = {
		{"@x, @y : zebra crossing", "none of which names either"},
		{"@me, @other : zebra crossing", "ipsec.secrets:7 names @me, but not @him"},
		{"@other, @him : zebra crossing", "ipsec.secrets:7 names @him, but not @me"},
		{"@him : zebra crossing", "ipsec.secrets:7 names @him, but not @me"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secret_set *s = secret_set_new();
		struct diag why;
		char all[2048];

		test_row(i, "%s", rows[i].record);
		add(s, rows[i].record, 7);
		assert_null(secret_find(s, SECRET_PSK, id("@me"), id("@him"), &why));
		assert_non_null(strstr(why.got, rows[i].got));
		assert_non_null(strstr(why.hint, "@me @him : PSK"));
		assert_non_null(strstr(why.hint, "ipsec auto --rereadsecrets"));
		diag_print(&why, all, sizeof(all));
		assert_null(strstr(all, "zebra"));
		secret_set_free(s);
	}
}

static void two_that_fit_alike_are_told(void **state)
{
	struct secret_set *s = secret_set_new();
	const struct secret_record *found;
	struct diag why;

	add(s, "@me, @him : alpha beta", 1);
	add(s, "@me, @him : second", 2);
	found = secret_find(s, SECRET_PSK, id("@me"), id("@him"), &why);
	assert_int_equal(found->line, 1);
	assert_string_equal(why.code, "secret-ambiguous");
	assert_null(strstr(why.sentence, "alpha"));
	secret_set_free(s);
	s = secret_set_new();
	add(s, "@me, @him : same", 1);
	add(s, "@me, @him : same", 2);
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
		struct secret_record secret = {.kind = SECRET_PSK, .line = i};
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

/* One spoke's view of a file that all spokes share: the gateway is in every record. */
static void a_party_of_all_records_is_no_burden(void **state)
{
	struct secret_set *s = secret_set_new();
	struct diag why;

	for (unsigned i = 0; i < 20000; i++) {
		char peer[32];
		const struct ident *spoke;
		struct secret_record secret = {.kind = SECRET_PSK, .line = i, .indices_len = 2};

		snprintf(peer, sizeof(peer), "@spoke%u", i);
		assert_int_equal(ident_parse(peer, &spoke, NULL), CYG_OK);
		secret.indices = calloc(2, sizeof(*secret.indices));
		secret.indices[0] = ident_ref(id("@hub"));
		secret.indices[1] = spoke;
		assert_int_equal(secret_set_add(s, &secret, "x"), CYG_OK);
	}
	/* 20,000 look-ups of 20,000 records each would take minutes. */
	for (unsigned i = 0; i < 20000; i++) {
		assert_int_equal(
			secret_find(s, SECRET_PSK, id("@spoke77"), id("@hub"), &why)->line, 77);
	}
	secret_set_free(s);
}

static bool add_some(void *ctx)
{
	struct secret_set *s = secret_set_new();
	bool well = s;

	for (unsigned i = 0; well && i < 40; i++)
		well = try_add(s, i % 2 ? "@me, @him : x" : ": y", i) == CYG_OK;
	if (well)
		assert_int_equal(secret_set_len(s), 40);
	secret_set_free(s);
	return well;
}

static void without_memory_the_record_stays_the_callers(void **state)
{
	id("@me"); /* made before, so that no failure falls on it */
	id("@him");
	test_each_allocation_failing(add_some, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_that_says_most_wins),
		cmocka_unit_test(a_record_that_is_missing_is_described),
		cmocka_unit_test(without_memory_the_record_stays_the_callers),
		cmocka_unit_test(names_in_certificates_are_compared_by_their_rules),
		cmocka_unit_test(two_that_fit_alike_are_told),
		cmocka_unit_test(many_are_found_by_the_peer),
		cmocka_unit_test(a_party_of_all_records_is_no_burden),
	};

	return RUN_TESTS("trust/secret", tests);
}
