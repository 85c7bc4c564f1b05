/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/match.h"

#include "conn/field.h"
#include "tests/unit/policy/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loaded *load_named(struct policy *p, const char *name, const char *aliases)
{
	static unsigned host;
	struct connection *c;
	char right[32];

	snprintf(right, sizeof(right), "198.51.100.%u", ++host % 250 + 1);
	c = between(name, "192.0.2.1", NULL, right, NULL);
	if (aliases)
		assert_int_equal(field_set(c, 0, field_by_keyword("connalias", false), aliases,
					   NULL),
				 CYG_OK);
	return load(p, c);
}

/* All that `name` means, with blanks between; the caller frees it. */
static char *meant(const struct policy *p, const char *name)
{
	struct match_list *m = match_begin(p, name);
	struct text t = {0};
	struct loaded *l;

	assert_non_null(m);
	while ((l = match_next(m))) {
		text_add(&t, "%s%s", t.len ? " " : "", l->connection->name);
		if (l->instance)
			text_add(&t, "[%u]", l->instance);
	}
	match_free(m);
	return t.len ? text_take(&t) : strdup("");
}

static void what_is_a_pattern(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} rows[] = {
		{"", false},     {"net", false},    {"net[3]", false}, {"net[]", true},
		{"net[3", true}, {"net[3a]", true}, {"a*", true},      {"a?", true},
		{"[ab]", true},  {"*[12]", true},   {"a]", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].name);
		assert_int_equal(match_is_pattern(rows[i].name), rows[i].is);
	}
}

static void names_aliases_and_patterns(void **state)
{
	static const struct {
		const char *name, *means;
	} rows[] = {
		{"none", ""},
		{"pear", "pear"},
		{"fruit", "apple fig"},
		{"p*", "pear plum*"},
		{"plum*",
		 "plum*"}, /* a name that looks like a pattern is first of all a name */
		{"*", "apple fig pear plum* road road[1] road[2]"},
		{"???", "fig"},
		{"[ap]*", "apple pear plum*"},
		{"f*", "fig"}, /* of names, not of aliases */
		{"road", "road road[1] road[2]"},
		{"road[2]", "road[2]"},
		{"road[3]", ""},
		{"roa[d]", "road road[1] road[2]"},
	};
	struct endpoint a = at("203.0.113.1", 500), b = at("203.0.113.2", 500);
	struct policy *p = database();
	struct loaded *instance, *t;

	load_named(p, "pear", NULL);
	load_named(p, "fig", "fruit sweet");
	load_named(p, "plum*", NULL);
	load_named(p, "apple", "fruit");
	t = load(p, between("road", "192.0.2.1", NULL, "%any", NULL));
	assert_int_equal(policy_instantiate(p, t, &t->local_addr, &a, id("@a"), &instance),
			 CYG_OK);
	assert_int_equal(policy_instantiate(p, t, &t->local_addr, &b, id("@b"), &instance),
			 CYG_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = meant(p, rows[i].name);

		test_row(i, "%s: %s", rows[i].name, text);
		assert_string_equal(text, rows[i].means);
		free(text);
	}
	policy_free(p);
}

static void what_goes_meanwhile_is_left_out(void **state)
{
	struct actions out = {0};
	struct policy *p = database();
	struct loaded *b;
	struct match_list *m;

	load_named(p, "a", NULL);
	b = load_named(p, "b", NULL);
	load_named(p, "c", NULL);
	m = match_begin(p, NULL);
	assert_int_equal(match_count(m), 3);
	assert_int_equal(match_connections(m), 3);
	assert_string_equal(match_next(m)->connection->name, "a");
	policy_remove(p, b, &out);
	assert_string_equal(match_next(m)->connection->name, "c");
	assert_null(match_next(m));
	match_free(m);
	actions_done(&out);
	policy_free(p);
}

static bool begin_once(void *ctx)
{
	struct match_list *m = match_begin(ctx, "*");
	bool good = m && match_count(m) == 40;

	match_free(m);
	return good;
}

static void short_memory_begins_nothing(void **state)
{
	struct policy *p = database();
	char name[16];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		load_named(p, name, NULL);
	}
	test_each_allocation_failing(begin_once, p, false);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_a_pattern),
		cmocka_unit_test(names_aliases_and_patterns),
		cmocka_unit_test(what_goes_meanwhile_is_left_out),
		cmocka_unit_test(short_memory_begins_nothing),
	};

	return RUN_TESTS("pluto/match", tests);
}
