/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/pairs.h"

#include "conf/conf.h"
#include "tests/unit/support/test.h"

#include <string.h>

static void names_are_split(void **state)
{
	static const struct {
		const char *name, *whole;
	} rows[] = {
		{"a/1x2", "a"},   {"a/b/0x10", "a/b"}, {"a", NULL},        {"a/", NULL},
		{"a/x", NULL},    {"a/1x", NULL},      {"a/x2", NULL},     {"a/1x2x", NULL},
		{"a/-1x2", NULL}, {"a/1x2/b", NULL},   {"abcd/1x1", NULL},
	};
	char whole[4];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].name);
		assert_int_equal(pairs_split(rows[i].name, whole, sizeof(whole)),
				 rows[i].whole != NULL);
		if (rows[i].whole)
			assert_string_equal(whole, rows[i].whole);
	}
}

#define ENDS "conn a\n  left=192.0.2.1\n  right=192.0.2.2\n  authby=secret\n"

/* What `lines` make of the aliases, blank separated; *ret_networks are those of the left. */
static const char *aliases_of(const char *lines, const char *asked, size_t *ret_networks)
{
	static char out[8192];
	struct text t = {0};
	struct connection *conn = NULL;
	struct diag why;
	struct conf *c;

	text_add(&t, ENDS "%s", lines);
	assert_int_equal(conf_parse(view_str(text_str(&t)), "x", &c, NULL), CYG_OK);
	text_clear(&t);
	if (conf_connection(c, asked, &conn, NULL, &why))
		text_add_str(&t, why.code);
	for (size_t i = 0; conn && i < conn->aliases_len; i++)
		text_add(&t, "%s%s", i ? " " : "", conn->aliases[i]);
	*ret_networks = conn ? conn->end[0].subnets_len : 0;
	strcpy(out, text_str(&t));
	text_done(&t);
	connection_unref(conn);
	conf_free(c);
	return out;
}

static void pairs_have_names(void **state)
{
	static const struct {
		const char *lines, *asked, *aliases;
		size_t networks;
	} rows[] = {
		{"  leftsubnet=10.1.0.0/16,10.2.0.0/16\n", "a", "", 2},
		{"  leftsubnet=10.1.0.0/16,10.2.0.0/16\n", "a/1x0", "conn-unknown", 0},
		{"  leftsubnets={10.1.0.0/16 10.2.0.0/16}\n", "a", "a/1x0 a/2x0", 2},
		{"  leftsubnets={10.1.0.0/16 10.2.0.0/16}\n", "a/2x0", "a/1x0 a/2x0", 2},
		{"  leftsubnets={10.1.0.0/16 10.2.0.0/16}\n", "a/0x0", "conn-unknown", 0},
		{"  leftsubnets={10.1.0.0/16 10.2.0.0/16}\n  rightsubnets=10.3.0.0/16,10.4.0.0/16\n"
		 "  connalias=x\n",
		 "x", "x a/1x1 a/1x2 a/2x1 a/2x2", 2},
		{"  leftsubnets=10.1.0.0/16\n  leftsubnet=10.9.0.0/16\n", "a", "a/0x0 a/1x0",
		 2},
		{"  leftsubnets=10.1.0.0/16\n  leftsubnet=%dynamic\n", "a", "a/1x0", 1},
		{"  leftsubnets=10.1.0.0/33\n", "a", "bad-prefix-length", 0},
	};
	size_t networks;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].lines);
		assert_string_equal(aliases_of(rows[i].lines, rows[i].asked, &networks),
				    rows[i].aliases);
		assert_int_equal(networks, rows[i].networks);
	}
}

/* 17 times 17 pairs are too many for names. */
static void names_end_somewhere(void **state)
{
	struct text t = {0};
	size_t networks;

	for (int side = 0; side < 2; side++) {
		text_add(&t, "  %ssubnets={", side ? "right" : "left");
		for (int i = 0; i < 17; i++)
			text_add(&t, "10.%d.%d.0/24 ", side, i);
		text_add_str(&t, "}\n");
	}
	assert_string_equal(aliases_of(text_str(&t), "a", &networks), "");
	assert_int_equal(networks, 17);
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_split),
		cmocka_unit_test(pairs_have_names),
		cmocka_unit_test(names_end_somewhere),
	};

	return RUN_TESTS("conf/pairs", tests);
}
