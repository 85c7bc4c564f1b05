/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/listing.h"

#include "base/text.h"
#include "tests/unit/support/test.h"
#include "trust/trust.h"

#include <stdlib.h>
#include <string.h>

/* A sink that keeps the last record's texts and stops after so many. */
struct heard {
	unsigned records, stop_after;
	char text[512];
};

static bool take(void *ctx, const void *record)
{
	const struct listed_psk *psk = record;
	struct heard *h = ctx;
	size_t used = 0;

	buf_add(h->text, sizeof(h->text), &used, "%s:%u %s", psk->file, (unsigned)psk->line,
		psk->kind);
	for (listing_texts id = psk->ids; *id; id++)
		buf_add(h->text, sizeof(h->text), &used, " %s", *id);
	buf_add(h->text, sizeof(h->text), &used, " +%u", (unsigned)psk->more);
	return ++h->records < h->stop_after;
}

static void add(struct secret_set *set, unsigned line, unsigned identities)
{
	struct secret_record r = {.kind = SECRET_PSK, .line = line};

	r.indices = calloc(identities + 1, sizeof(*r.indices));
	assert_true(bytes_copy(&r.value, view_str("never to be shown")));
	for (; r.indices_len < identities; r.indices_len++)
		assert_int_equal(ident_parse("@someone", &r.indices[r.indices_len], NULL),
				 CYG_OK);
	assert_int_equal(secret_set_add(set, &r, "ipsec.secrets"), CYG_OK);
}

static void of_what_is_not_kept_there_is_nothing(void **state)
{
	struct trust *t = trust_new(NULL);
	struct heard h = {.stop_after = 9};
	struct listing_sink sink = {take, &h};

	for (unsigned kind = 0; kind < LISTINGS; kind++) {
		uint64_t at = 0;

		assert_true(trust_list(t, NULL, kind, &at, &sink));
	}
	assert_int_equal(h.records, 0);
	trust_free(t);
}

static void secrets_are_named_and_never_told(void **state)
{
	struct secret_set *set = secret_set_new();
	struct trust *t = trust_new(NULL);
	struct heard h = {.stop_after = 2};
	struct listing_sink sink = {take, &h};
	uint64_t at = 0;

	add(set, 1, 0);
	add(set, 2, 2);
	add(set, 3, 11);
	trust_set_secrets(t, set, 0);
	assert_false(trust_list(t, NULL, LISTING_PSKS, &at, &sink));
	assert_string_equal(h.text, "ipsec.secrets:2 PSK @someone @someone +0");
	h.stop_after = 9;
	assert_true(trust_list(t, NULL, LISTING_PSKS, &at, &sink));
	assert_int_equal(h.records, 3);
	assert_non_null(strstr(h.text, "ipsec.secrets:3 PSK @someone"));
	assert_non_null(strstr(h.text, " +3"));
	assert_null(strstr(h.text, "shown"));
	trust_free(t);
}

/* ---- what is counted ---- */

struct told_groups {
	char text[200];
	size_t used;
};

static bool take_group(void *ctx, const void *record)
{
	const struct listed_group *g = record;
	struct told_groups *t = ctx;

	buf_add(t->text, sizeof(t->text), &t->used, "%s %u@%d, ", g->name, (unsigned)g->count,
		(int)g->installed);
	return false; /* one at a time: no one is told twice, and none left out */
}

static void groups_of_connections_are_counted(void **state)
{
	static const char *const groups[][2] = {{"sales, admins", NULL},
						{"admins", ""},
						{NULL, "night shift\tadmins"}};
	struct trust *t = trust_new(NULL);
	struct trust_listing *l = trust_listing_new(t);
	struct told_groups told = {.used = 0};
	struct listing_sink sink = {take_group, &told};
	uint64_t at = 0;

	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		struct connection *c = connection_new("c");

		for (int end = 0; end < 2; end++)
			c->end[end].groups = groups[i][end] ? strdup(groups[i][end]) : NULL;
		assert_true(trust_listing_groups(l, c, (int64_t)i + 5));
		connection_unref(c);
	}
	while (!trust_list(t, l, LISTING_GROUPS, &at, &sink))
		;
	assert_string_equal(told.text, "sales 1@5, admins 3@5, night 1@7, shift 1@7, ");
	trust_listing_free(l);
	/* Those of ca sections are among them. */
	assert_int_equal(
		trust_add_authority(t, &(struct authority){.name = "a", .groups = "sales"},
				    (struct view){0}, 3, NULL),
		CYG_OK);
	assert_int_equal(
		trust_add_authority(t, &(struct authority){.name = "b", .groups = "vp,sales"},
				    (struct view){0}, 4, NULL),
		CYG_OK);
	l = trust_listing_new(t);
	at = told.used = 0;
	assert_true(trust_listing_ca_groups(l));
	while (!trust_list(t, l, LISTING_GROUPS, &at, &sink))
		;
	assert_string_equal(told.text, "sales 2@3, vp 1@4, ");
	trust_listing_free(l);
	trust_free(t);
}

static bool count_all(void *ctx)
{
	struct trust_listing *l = trust_listing_new(ctx);
	struct connection *c = connection_new("c");
	bool well = l && c;

	if (well) {
		c->end[0].groups = strdup("sales");
		c->end[1].cert = strdup("a.pem, b.pem");
		well = c->end[0].groups && c->end[1].cert && trust_listing_groups(l, c, 1) &&
		       trust_listing_connection(l, c);
	}
	if (well) {
		assert_int_equal(listing_group_count(l, "sales"), 1);
		assert_int_equal(listing_names(l, "b.pem"), 1);
		assert_int_equal(listing_names(l, "c.pem"), 0);
	}
	connection_unref(c);
	trust_listing_free(l);
	return well;
}

static void counting_fails_when_memory_is_short(void **state)
{
	struct trust *t = trust_new(NULL);

	test_each_allocation_failing(count_all, t, true); /* a map goes on with long chains */
	trust_free(t);
}

/* Once for each that it is known by; without a listing always. */
static void a_key_is_told_once(void **state)
{
	struct trust *t = trust_new(NULL);
	struct trust_listing *l = trust_listing_new(t);
	const uint8_t one[KEY_ID_LEN] = {1}, two[KEY_ID_LEN] = {2};
	const struct ident *a, *b;

	assert_int_equal(ident_parse("@a", &a, NULL), CYG_OK);
	assert_int_equal(ident_parse("@b", &b, NULL), CYG_OK);
	assert_true(listing_tells_key(NULL, one, a));
	assert_true(listing_tells_key(l, one, a));
	assert_false(listing_tells_key(l, one, a));
	assert_true(listing_tells_key(l, one, b));
	assert_true(listing_told_key(l, one));
	assert_false(listing_told_key(l, two));
	assert_true(listing_tells_key(l, two, a));
	ident_unref(a);
	ident_unref(b);
	trust_listing_free(l);
	trust_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_what_is_not_kept_there_is_nothing),
		cmocka_unit_test(secrets_are_named_and_never_told),
		cmocka_unit_test(groups_of_connections_are_counted),
		cmocka_unit_test(counting_fails_when_memory_is_short),
		cmocka_unit_test(a_key_is_told_once),
	};

	return RUN_TESTS("trust/list", tests);
}
