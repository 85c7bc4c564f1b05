/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/oe.h"

#include "conn/field.h"
#include "tests/unit/conf/parsed.h"

#include <stdio.h>
#include <string.h>

static struct connection *get(const struct conf *c, const char *name)
{
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, name, &conn, &problems, &why), CYG_OK);
	return conn;
}

static void assert_names(const struct conf *c, const char *const *names)
{
	size_t i;

	for (i = 0; names[i]; i++) {
		const char *name = conf_conn_name(c, i);

		assert_non_null(name);
		assert_string_equal(name, names[i]);
	}
	assert_null(conf_conn_name(c, i));
}

/* Is there a problem with this in its sentence? How often? */
static size_t told(const char *what)
{
	size_t n = 0;

	for (size_t i = 0; i < problems.len; i++)
		n += strstr(problems.items[i].diag.sentence, what) != NULL;
	return n;
}

static void without_it_nothing_is_made_up(void **state)
{
	static const char *const texts[] = {"", "config setup\n  oe=no\n",
					    "config setup\n  oe=yes\nconfig setup\n  oe=off\n",
					    "config setup\n  oe=perhaps\n",
					    "conn %oedefault\n  keyingtries=5\n"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct connection *conn = NULL;
		struct conf *c = parse(texts[i]);
		struct diag why;

		test_row(i, "%s", texts[i]);
		assert_null(conf_conn_name(c, 0));
		assert_int_equal(conf_connection(c, "clear", &conn, &problems, &why),
				 CYG_NOTFOUND);
		assert_false(conf_is_made_up(c, "clear"));
		assert_int_equal(told("DNS"), 0);
		done(c);
	}
}

static void each_group_has_its_meaning(void **state)
{
	static const struct {
		const char *name, *group;
		uint8_t type, failure;
		bool negotiates;
	} rows[] = {
		{"clear", "%group", CONN_PASS, SHUNT_NONE, false},
		{"clear-or-private", "%opportunisticgroup", CONN_PASS, SHUNT_PASS, true},
		{"private-or-clear", "%opportunisticgroup", CONN_TUNNEL, SHUNT_PASS, true},
		{"private", "%opportunisticgroup", CONN_TUNNEL, SHUNT_DROP, true},
		{"block", "%group", CONN_REJECT, SHUNT_NONE, false},
		{"packetdefault", "%opportunistic", CONN_TUNNEL, SHUNT_PASS, true},
	};
	struct conf *c = parse("config setup\n  oe=yes\n");

	assert_int_equal(told("DNS"), 1);
	assert_int_equal(problems.items[0].diag.line, 2);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *conn = get(c, rows[i].name);

		test_row(i, "%s", rows[i].name);
		assert_string_equal(conf_conn_name(c, i), rows[i].name);
		assert_true(conf_is_made_up(c, rows[i].name));
		assert_int_equal(conf_conn_start(c, rows[i].name), START_ROUTE);
		assert_int_equal(conn->type, rows[i].type);
		assert_int_equal(conn->failure_shunt, rows[i].failure);
		assert_int_equal(conn->end[0].host.kind, HOST_DEFAULTROUTE);
		assert_string_equal(conn->end[1].host.name, rows[i].group);
		assert_int_equal(connection_negotiates(conn), rows[i].negotiates);
		assert_false(conn->rekey);
		assert_int_equal(connection_asks_dns(conn), rows[i].negotiates);
		connection_unref(conn);
	}
	assert_null(conf_conn_name(c, COUNT_OF(rows)));
	assert_int_equal(problems.errors, 0);
	assert_int_equal(told("DNS"), 1);
	done(c);
}

static void sections_of_the_file_count_alone(void **state)
{
	static const char *const dialects[] = {"any", "openswan", "libreswan", "strongswan"};
	static const char *const names[] = {
		"private", "block", "clear", "clear-or-private", "private-or-clear",
		"packetdefault", NULL};

	for (size_t i = 0; i < COUNT_OF(dialects); i++) {
		struct connection *conn;
		char text[512];
		struct conf *c;

		test_row(i, "%s", dialects[i]);
		snprintf(text, sizeof(text),
			 "config setup\n  dialect=%s\n  oe=yes\n"
			 "conn private\n  auto=ignore\n"
			 "conn block\n  left=192.0.2.1\n  right=192.0.2.2\n  type=drop\n",
			 dialects[i]);
		c = parse(text);
		assert_names(c, names);
		assert_int_equal(told("twice"), 0);
		assert_false(conf_is_made_up(c, "block"));
		conn = get(c, "block");
		assert_int_equal(conn->type, CONN_DROP);
		assert_int_equal(conn->start, START_IGNORE);
		connection_unref(conn);
		done(c);
	}
}

static void oedefault_has_their_defaults(void **state)
{
	struct conf *c = parse(
		"conn %default\n  left=192.0.2.9\n  keyingtries=7\n  bad=1\n"
		"conn %oedefault\n  keyingtries=5\n  authby=secret\n  type=drop\n"
		"  auto=add\nconfig setup\n  oe=yes\n"
		"conn %oedefault\n  leftid=@here\n  keyingtries=6\n");
	struct connection *conn = get(c, "private");
	struct conf_origin at;

	assert_int_equal(told("DNS"), 0);
	assert_int_equal(conn->end[0].host.kind, HOST_DEFAULTROUTE);
	assert_int_equal(conn->type, CONN_TUNNEL);
	assert_int_equal(conn->start, START_ADD);
	assert_int_equal(conn->keying_tries, 6);
	assert_int_equal(conn->auth, AUTH_SECRET);
	assert_false(connection_asks_dns(conn));
	assert_non_null(conn->end[0].id);
	connection_unref(conn);
	conn = get(c, "block");
	assert_int_equal(conn->auth, AUTH_NEVER);
	connection_unref(conn);
	assert_true(conf_origin(c, "private", field_by_keyword("keyingtries", false), 0, &at));
	assert_string_equal(at.file, "/nowhere/ipsec.conf");
	assert_int_equal(at.line, 14);
	assert_true(conf_origin(c, "private", field_by_keyword("rekey", false), 0, &at));
	assert_string_equal(at.file, OE_PLACE);
	done(c);
}

static void a_fault_in_oedefault_is_told_where_it_stands(void **state)
{
	struct conf *c = parse(
		"config setup\n  oe=yes\nconn %oedefault\n  keyingtries=often\n");
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "clear", &conn, &problems, &why), CYG_MALFORMED);
	assert_string_equal(why.file, "/nowhere/ipsec.conf");
	assert_int_equal(why.line, 4);
	done(c);
}

static void files_may_take_them_in(void **state)
{
	struct conf *c = parse("config setup\n  oe=yes\nconn mine\n  also=clear\n"
			       "  left=192.0.2.1\n");
	struct connection *conn = get(c, "mine");

	assert_int_equal(conn->type, CONN_PASS);
	assert_string_equal(conn->end[1].host.name, "%group");
	connection_unref(conn);
	done(c);
}

static bool read_once(void *ctx)
{
	struct conf *c;
	struct connection *conn = NULL;
	enum cyg_err err = conf_parse(view_str(ctx), "x", &c, NULL);

	if (err)
		return false;
	err = conf_connection(c, "clear", &conn, NULL, NULL);
	connection_unref(conn);
	conf_free(c);
	return !err;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(
		read_once, (void *)"config setup\n  oe=yes\nconn %oedefault\n  keyingtries=5\n",
		true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_it_nothing_is_made_up),
		cmocka_unit_test(each_group_has_its_meaning),
		cmocka_unit_test(sections_of_the_file_count_alone),
		cmocka_unit_test(oedefault_has_their_defaults),
		cmocka_unit_test(a_fault_in_oedefault_is_told_where_it_stands),
		cmocka_unit_test(files_may_take_them_in),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
