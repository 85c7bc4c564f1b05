/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include "conn/dialect.h"
#include "conn/field.h"
#include "tests/unit/conf/parsed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDS "  left=192.0.2.1\n  right=192.0.2.2\n  authby=secret\n"

static void refused(const char *text, const char *code, unsigned line)
{
	struct conf *c = parse(text);
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_MALFORMED);
	assert_string_equal(why.code, code);
	assert_int_equal(why.line, line);
	done(c);
}

static void loops_are_found(void **state)
{
	refused("conn a\n" ENDS "  also=a\n", "also-loop", 5);
	refused("conn a\n" ENDS "  also=b\nconn b\n  also=a\n", "also-loop", 7);
	refused("conn a\n" ENDS "  also=b\nconn b\n  also=c\nconn c\n  also=b\n", "also-loop",
		9);
	refused("conn a\n" ENDS
		"  also=b\nconn b\n  alsoflip=c\nconn c\n  also=\"d b\"\nconn d\n",
		"also-loop", 9);
}

/* Two ways to one section are no loop. */
static void a_section_may_be_come_to_twice(void **state)
{
	struct conf *c = parse("conn a\n  also=\"b c\"\nconn b\n  also=d\nconn c\n  also=d\n"
			       "conn d\n" ENDS);
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_OK);
	assert_int_equal(problems.len, 0);
	connection_unref(conn);
	done(c);
}

static void long_chains_end(void **state)
{
	struct text t = {0};
	struct connection *conn = NULL;
	struct diag why;
	struct conf *c;

	text_add(&t, "conn a\n" ENDS "  also=s0\n");
	for (int i = 0; i < 10000; i++)
		text_add(&t, "conn s%d\n  also=s%d\n", i, i + 1);
	c = parse(text_str(&t));
	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_MALFORMED);
	assert_string_equal(why.code, "also-depth");
	assert_int_equal(problems.errors, 1);
	text_done(&t);
	done(c);
}

/* ipsec.conf(5): 32 sections may be taken in. */
static void as_many_as_is_said(void **state)
{
	for (int taken = 32; taken <= 33; taken++) {
		struct text t = {0};
		struct connection *conn = NULL;
		struct diag why;
		struct conf *c;

		text_add(&t, "conn a\n" ENDS "  also=s1\n");
		for (int i = 1; i < taken; i++)
			text_add(&t, "conn s%d\n  also=s%d\n", i, i + 1);
		text_add(&t, "conn s%d\n  mtu=1400\n", taken);
		c = parse(text_str(&t));
		assert_int_equal(conf_connection(c, "a", &conn, &problems, &why),
				 taken == 32 ? CYG_OK : CYG_MALFORMED);
		connection_unref(conn);
		text_done(&t);
		done(c);
	}
}

static void the_default_takes_sections_in(void **state)
{
	struct conf *c = parse(
		"conn %default\n  also=shared\nconn shared\n  authby=secret\n"
		"  ikelifetime=2h\nconn a\n  left=192.0.2.1\n  right=192.0.2.2\n");
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_OK);
	assert_int_equal(conn->ike_lifetime, 7200 * NSEC_PER_SEC);
	connection_unref(conn);
	done(c);
}

static void check_origin(const struct conf *c, const char *keyword, int which,
			 enum conf_from from, const char *value, unsigned line,
			 const char *printed)
{
	const struct field *f = field_by_keyword(keyword, which < 2);
	struct conf_origin o;
	char text[256];

	assert_non_null(f);
	test_row(line, "%s", keyword);
	assert_true(conf_origin(c, "a", f, which == 1, &o));
	assert_int_equal(o.from, from);
	assert_int_equal(o.line, line);
	if (value)
		assert_string_equal(o.value, value);
	else
		assert_null(o.value);
	assert_string_equal(conf_origin_print(&o, text, sizeof(text)), printed);
}

static void values_have_an_origin(void **state)
{
	struct conf *c = parse("conn a\n  left=192.0.2.1\n  alsoflip=b\n  keylife=1h\n"
			       "conn b\n  leftid=@x\n  ikelifetime=2h\n  keylife=9h\n"
			       "conn %default\n  pfs=no\n  ikelifetime=3h\n");
	struct conf_origin o;

	check_origin(c, "", 0, CONF_FROM_SECTION, "192.0.2.1", 2,
		     "conn a, /nowhere/ipsec.conf:2");
	check_origin(c, "", 1, CONF_FROM_NOWHERE, NULL, 0, "built-in default");
	check_origin(c, "id", 1, CONF_FROM_ALSO, "@x", 6, "also=b, /nowhere/ipsec.conf:6");
	check_origin(c, "id", 0, CONF_FROM_NOWHERE, NULL, 0, "built-in default");
	check_origin(c, "salifetime", 2, CONF_FROM_SECTION, "1h", 4,
		     "conn a, /nowhere/ipsec.conf:4");
	check_origin(c, "ikelifetime", 2, CONF_FROM_ALSO, "2h", 7,
		     "also=b, /nowhere/ipsec.conf:7");
	check_origin(c, "pfs", 2, CONF_FROM_PERCENT_DEFAULT, "no", 10,
		     "conn %default, /nowhere/ipsec.conf:10");
	check_origin(c, "rekey", 2, CONF_FROM_NOWHERE, NULL, 0, "built-in default");
	assert_false(conf_origin(c, "none", &conn_fields[0], 0, &o));
	assert_true(conf_conn_place(c, "b", &o));
	assert_int_equal(o.line, 5);
	assert_false(conf_conn_place(c, "none", &o));
	done(c);
}

static struct connection *read_in(const char *dialect, const char *rest)
{
	struct connection *conn = NULL;
	struct text t = {0};
	struct diag why;
	struct conf *c;

	text_add(&t, "config setup\n  dialect=%s\n%s", dialect, rest);
	c = parse(text_str(&t));
	(void)!conf_connection(c, "a", &conn, &problems, &why);
	text_done(&t);
	conf_free(c);
	return conn;
}

static void one_keyword_twice_is_a_matter_of_dialect(void **state)
{
	static const struct {
		const char *dialect;
		unsigned hours;
	} rows[] = {{"any", 0}, {"openswan", 0}, {"libreswan", 1}, {"strongswan", 2}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *conn = read_in(rows[i].dialect,
						  "conn a\n" ENDS
						  "  ikelifetime=1h\n  ikelifetime=2h\n");

		test_row(i, "%s", rows[i].dialect);
		assert_int_equal(conn != NULL, rows[i].hours > 0);
		if (conn)
			assert_int_equal(conn->ike_lifetime,
					 rows[i].hours * 3600 * NSEC_PER_SEC);
		assert_int_equal(problems.len, 1);
		assert_string_equal(problems.items[0].diag.code, "keyword-twice");
		connection_unref(conn);
		problems_done(&problems);
	}
}

static void sections_of_one_name_are_a_matter_of_dialect(void **state)
{
	static const char text[] = "conn a\n" ENDS "  ikelifetime=1h\n  mtu=1400\n"
				   "conn a\n  ikelifetime=2h\n";
	struct connection *conn = read_in("openswan", text);

	assert_int_equal(conn->ike_lifetime, 3600 * NSEC_PER_SEC);
	assert_int_equal(problems.len, 1);
	connection_unref(conn);
	problems_done(&problems);
	conn = read_in("strongswan", text);
	assert_int_equal(conn->ike_lifetime, 2 * 3600 * NSEC_PER_SEC);
	assert_int_equal(conn->mtu, 1400);
	assert_int_equal(problems.len, 0);
	connection_unref(conn);
	problems_done(&problems);
}

static void what_is_not_said_is_a_matter_of_dialect(void **state)
{
	static const char text[] = "conn a\n  right=192.0.2.2\n  authby=secret\n";
	struct connection *conn = read_in("any", text);

	assert_null(conn);
	problems_done(&problems);
	conn = read_in("strongSwan", text);
	assert_non_null(conn);
	assert_int_equal(conn->end[0].host.kind, HOST_DEFAULTROUTE);
	assert_int_equal(conn->ike_lifetime, 3 * 3600 * NSEC_PER_SEC);
	assert_int_equal(conn->keying_tries, 3);
	assert_int_equal(conn->dialect, DIALECT_STRONGSWAN);
	connection_unref(conn);
	problems_done(&problems);
}

static void an_unknown_dialect_is_told(void **state)
{
	struct connection *conn = read_in("freeswan", "conn a\n" ENDS);

	assert_non_null(conn);
	assert_int_equal(problems.errors, 1);
	assert_non_null(strstr(problems.items[0].diag.wanted, "libreswan"));
	connection_unref(conn);
	problems_done(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loops_are_found),
		cmocka_unit_test(a_section_may_be_come_to_twice),
		cmocka_unit_test(long_chains_end),
		cmocka_unit_test(as_many_as_is_said),
		cmocka_unit_test(the_default_takes_sections_in),
		cmocka_unit_test(values_have_an_origin),
		cmocka_unit_test(one_keyword_twice_is_a_matter_of_dialect),
		cmocka_unit_test(sections_of_one_name_are_a_matter_of_dialect),
		cmocka_unit_test(what_is_not_said_is_a_matter_of_dialect),
		cmocka_unit_test(an_unknown_dialect_is_told),
	};

	return RUN_TESTS("conf/layers", tests);
}
