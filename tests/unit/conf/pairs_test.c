/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/pairs.h"

#include "conf/conf.h"
#include "conn/field.h"
#include "tests/unit/support/test.h"

#include <string.h>

#define ENDS "  left=192.0.2.1\n  right=192.0.2.2\n  authby=secret\n"

static void add_networks(const struct end *e, struct text *out)
{
	char buf[IP_TEXT_MAX];

	for (size_t i = 0; i < e->subnets_len; i++)
		text_add(out, "%s%s", i ? "," : "", prefix_print(&e->subnets[i], buf));
	if (ip_is_set(&e->source_ip))
		text_add(out, "@%s", ip_print(&e->source_ip, buf));
}

/* "NAME LEFT=RIGHT (ALIASES)", or the code of why not. */
static void add_connection(const struct conf *c, const char *name, struct text *out)
{
	struct connection *conn;
	struct diag why;

	if (conf_connection(c, name, &conn, NULL, &why)) {
		text_add(out, "%s: %s\n", name, why.code);
		return;
	}
	text_add(out, "%s ", conn->name);
	add_networks(&conn->end[0], out);
	text_add_str(out, "=");
	add_networks(&conn->end[1], out);
	for (size_t i = 0; i < conn->aliases_len; i++)
		text_add(out, " %s", conn->aliases[i]);
	text_add_str(out, "\n");
	connection_unref(conn);
}

static struct conf *read(const char *text, struct problems *problems)
{
	struct conf *c;

	assert_int_equal(conf_parse(view_str(text), "x", &c, problems), CYG_OK);
	return c;
}

static void each_pair_is_a_connection(void **state)
{
	static const struct {
		const char *lines, *connections;
	} rows[] = {
		{"  leftsubnet=10.1.0.0/16,10.2.0.0/16\n", "a 10.1.0.0/16,10.2.0.0/16=\n"},
		{"  leftsubnets={10.1.0.0/16 10.2.0.0/16}\n",
		 "a/1x0 10.1.0.0/16= a\na/2x0 10.2.0.0/16= a\n"},
		{"  leftsubnets=10.1.0.0/16,10.2.0.0/16\n  rightsubnets={10.3.0.0/16 10.4.0.0/16}\n"
		 "  connalias=x\n",
		 "a/1x1 10.1.0.0/16=10.3.0.0/16 x a\na/1x2 10.1.0.0/16=10.4.0.0/16 x a\n"
		 "a/2x1 10.2.0.0/16=10.3.0.0/16 x a\na/2x2 10.2.0.0/16=10.4.0.0/16 x a\n"},
		{"  leftsubnets=10.1.0.0/16\n  leftsubnet=10.9.0.0/16\n",
		 "a/0x0 10.9.0.0/16= a\na/1x0 10.1.0.0/16= a\n"},
		{"  leftsubnets=10.1.0.0/16\n  rightsubnet=10.8.0.0/16,10.9.0.0/16\n",
		 "a/1x0 10.1.0.0/16=10.8.0.0/16,10.9.0.0/16 a\n"},
		{"  leftsubnets=10.1.0.0/16\n  leftsubnet=%dynamic\n", "a/1x0 10.1.0.0/16= a\n"},
		{"  leftsubnets=10.1.0.0/16,2001:db8::/32\n  rightsubnets=10.3.0.0/16,2001:db9::/32\n",
		 "a/1x1 10.1.0.0/16=10.3.0.0/16 a\na/2x2 2001:db8::/32=2001:db9::/32 a\n"},
		{"  leftsubnets=10.1.0.0/16,10.2.0.0/16\n  leftsourceip=10.2.0.1\n",
		 "a/1x0 10.1.0.0/16= a\na/2x0 10.2.0.0/16@10.2.0.1= a\n"},
		{"  leftsubnets=10.1.0.0/33\n", "a: bad-prefix-length\n"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text in = {0}, out = {0};
		const char *name;
		struct conf *c;

		test_row(i, "%s", rows[i].lines);
		text_add(&in, "conn a\n%s%s", ENDS, rows[i].lines);
		c = read(text_str(&in), NULL);
		for (size_t k = 0; (name = conf_conn_name(c, k)); k++)
			add_connection(c, name, &out);
		assert_string_equal(text_str(&out), rows[i].connections);
		conf_free(c);
		text_done(&in);
		text_done(&out);
	}
}

#define MANY                                                                                  \
	"conn base\n  leftsubnets={10.1.0.0/16 10.2.0.0/16}\n"                               \
	"conn one\n" ENDS "conn a\n  also=base\n  connalias=both\n" ENDS                      \
	"conn b\n  connalias=both\n" ENDS

static void a_name_means_all_its_pairs(void **state)
{
	static const struct {
		const char *asked, *meant;
	} rows[] = {
		{"a", "a/1x0 a/2x0"}, {"both", "a/1x0 a/2x0 b"}, {"a/2x0", "a/2x0"},
		{"one", "one"},       {"a/3x0", "a/3x0"},
	};
	struct conf *c = read(MANY, NULL);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *const names[] = {(char *)rows[i].asked, NULL};
		const char **meant = conf_resolve(c, names);
		struct text out = {0};

		test_row(i, "%s", rows[i].asked);
		for (size_t k = 0; meant[k]; k++)
			text_add(&out, "%s%s", k ? " " : "", meant[k]);
		assert_string_equal(text_str(&out), rows[i].meant);
		text_done(&out);
		free(meant);
	}
	conf_free(c);
}

/* Where one connection is asked for by the name of several, it is the first. */
static void one_is_the_first(void **state)
{
	static const char *const rows[][2] = {
		{"a", "a/1x0 10.1.0.0/16= both a\n"},
		{"both", "a/1x0 10.1.0.0/16= both a\n"},
		{"a/2x0", "a/2x0 10.2.0.0/16= both a\n"},
		{"a/0x0", "a/0x0: conn-unknown\n"},
		{"b", "b = both\n"},
	};
	struct conf *c = read(MANY, NULL);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text out = {0};

		test_row(i, "%s", rows[i][0]);
		add_connection(c, rows[i][0], &out);
		assert_string_equal(text_str(&out), rows[i][1]);
		text_done(&out);
	}
	conf_free(c);
}

static void a_section_of_the_name_counts(void **state)
{
	struct problems problems = {0};
	struct conf *c = read("conn a\n" ENDS "  leftsubnets=10.1.0.0/16,10.2.0.0/16\n"
			      "conn a/1x0\n" ENDS "  leftsubnet=10.7.0.0/16\n",
			      &problems);
	struct text out = {0};
	const char *name;

	for (size_t k = 0; (name = conf_conn_name(c, k)); k++)
		add_connection(c, name, &out);
	assert_string_equal(text_str(&out),
			    "a/2x0 10.2.0.0/16= a\na/1x0 10.7.0.0/16=\n");
	assert_int_equal(problems.len, 1);
	assert_string_equal(problems.items[0].diag.code, "conn-twice");
	problems_done(&problems);
	text_done(&out);
	conf_free(c);
}

/* What has all networks at once: a group's template, and what is keyed by hand. */
static void some_stay_whole(void **state)
{
	struct conf *c = read("conn private\n  left=192.0.2.1\n  right=%group\n"
			      "  leftsubnets=10.1.0.0/16,10.2.0.0/16\n",
			      NULL);

	assert_string_equal(conf_conn_name(c, 0), "private");
	assert_null(conf_conn_name(c, 1));
	conf_free(c);
}

/* Sections that are each other's alias, or their own: a name's own pairs are what it means. */
static void an_alias_of_a_name_is_not_it(void **state)
{
	struct conf *c = read("conn b\n  connalias=a\n" ENDS "  leftsubnets=10.3.0.0/16\n"
			      "conn a\n  connalias=\"a b\"\n" ENDS "  leftsubnets=10.1.0.0/16\n",
			      NULL);
	char *const names[] = {(char *)"a", (char *)"b", NULL};
	const char **meant = conf_resolve(c, names);
	struct text out = {0};

	assert_string_equal(meant[0], "a/1x0");
	assert_string_equal(meant[1], "b/1x0");
	assert_null(meant[2]);
	add_connection(c, "a", &out);
	assert_string_equal(text_str(&out), "a/1x0 10.1.0.0/16= a b\n");
	text_done(&out);
	free(meant);
	conf_free(c);
}

static void origin_is_the_section(void **state)
{
	struct conf *c = read("conn %default\n  auto=start\n" MANY, NULL);
	struct conf_origin o;

	assert_int_equal(conf_conn_start(c, "a/2x0"), START_UP);
	assert_true(conf_conn_place(c, "a/2x0", &o));
	assert_string_equal(o.section, "a");
	assert_true(conf_said(c, "a/2x0", "leftsubnets", &o));
	assert_string_equal(o.section, "base");
	assert_true(conf_origin(c, "a/2x0", field_by_keyword("subnet", true), 0, &o));
	assert_string_equal(o.keyword, "leftsubnets");
	assert_true(conf_origin(c, "a/2x0", field_by_keyword("subnet", true), 1, &o));
	assert_null(o.keyword);
	conf_free(c);
}

static bool read_many(void *ctx)
{
	struct conf *c;

	if (conf_parse(view_str(MANY), "x", &c, NULL))
		return false;
	conf_free(c);
	return true;
}

static void memory_may_be_short(void **state)
{
	test_each_allocation_failing(read_many, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_is_a_connection),
		cmocka_unit_test(a_name_means_all_its_pairs),
		cmocka_unit_test(one_is_the_first),
		cmocka_unit_test(a_section_of_the_name_counts),
		cmocka_unit_test(some_stay_whole),
		cmocka_unit_test(an_alias_of_a_name_is_not_it),
		cmocka_unit_test(origin_is_the_section),
		cmocka_unit_test(memory_may_be_short),
	};

	return RUN_TESTS("conf/pairs", tests);
}
