/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/field.h"

#include "tests/unit/conn/corpus.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void values_refused(void **state)
{
	static const struct {
		const char *keyword, *text;
		enum cyg_err err;
		const char *says; /* somewhere in the complaint */
	} rows[] = {
		{"id", "192.0.2.0/24", CYG_MALFORMED, "not a network"},
		{"subnet", "", CYG_MALFORMED, "64 networks"},
		{"subnet", "10.0.1.1/24", CYG_RANGE, "10.0.1.0/24"},
		{"subnet", "10.0.1.0/33", CYG_RANGE, "0 to 32"},
		{"subnet", "10.0.1.0/24,,10.0.2.0/2x", CYG_RANGE, "0 to 32"},
		{"subnet", "net/24", CYG_MALFORMED, "an address"},
		{"subnet", "10.0.1.0/24,vhost:%priv", CYG_UNSUPPORTED, "stand alone"},
		{"subnet", "vhost:", CYG_MALFORMED, "%priv"},
		{"subnet", "vhost:%pirv", CYG_MALFORMED, "%priv"},
		{"subnet", "vnet:%dhcp", CYG_UNSUPPORTED, "%priv"},
		{"subnet", "vnet:10.0.0.0/8", CYG_MALFORMED, "%v4:NETWORK"},
		{"subnet", "vnet:%v4:10.0.0.1/8", CYG_RANGE, "10.0.0.0/8"},
		{"subnet", "vnet:%v4:fd00::/8", CYG_MALFORMED, "%v6:"},
		{"subnet", "10.0.1.0/24[tcp/80]", CYG_UNSUPPORTED, "protoport="},
		{"sourceip", "%config,10.0.0.1", CYG_MALFORMED, "%config"},
		{"sourceip", "%dhcp", CYG_UNSUPPORTED, "%config"},
		{"addresspool", "", CYG_MALFORMED, "ranges"},
		{"addresspool", "10.9.0.9-10.9.0.1", CYG_MALFORMED, "ranges"},
		{"addresspool", "10.9.0.1-2001:db8::1", CYG_MALFORMED, "ranges"},
		{"addresspool", "10.9.0.255/24", CYG_RANGE, "10.9.0.0/24"},
		{"addresspool", "10.9.0.1/31", CYG_RANGE, "10.9.0.0/31"},
		{"addresspool", "10.9.0.1/33", CYG_RANGE, "0 to 32"},
		{"addresspool", "10.9.0.0/24,10.9.0.7", CYG_CONFLICT,
		 "without an address in common"},
		{"addresspool", "%", CYG_UNSUPPORTED, "%CONNECTION"},
		{"addresspool", "%a,%radius", CYG_UNSUPPORTED, "%CONNECTION"},
		{"addresspool",
		 "1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,"
		 "1.0.0.9,1.0.0.10,1.0.0.11,1.0.0.12,1.0.0.13,1.0.0.14,1.0.0.15,"
		 "1.0.0.16,1.0.0.17",
		 CYG_LIMIT, "16 ranges"},
		{"dns", "", CYG_MALFORMED, "8 addresses"},
		{"dns", "ns.example", CYG_MALFORMED, "8 addresses"},
		{"dns", "0.0.0.0", CYG_MALFORMED, "8 addresses"},
		{"dns",
		 "1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,1.0.0.9",
		 CYG_LIMIT, "8 addresses"},
		{"sourceip", "0.0.0.0", CYG_MALFORMED, "IP address"},
		{"sourceip", "10.3.0.255/24", CYG_RANGE, "10.3.0.0/24"},
		{"subnet", "10.0.1.1/32/tcp/22", CYG_UNSUPPORTED, "protoport="},
		{"nexthop", "%gateway", CYG_MALFORMED, "%direct"},
		{"nexthop", "::", CYG_MALFORMED, "%direct"},
		{"ikeport", "0", CYG_RANGE, "65535"},
		{"ikeport", "65536", CYG_RANGE, "65535"},
		{"protoport", "", CYG_MALFORMED, "PROTOCOL"},
		{"protoport", "tpc/80", CYG_MALFORMED, "did you mean tcp?"},
		{"protoport", "tcp/htttp", CYG_MALFORMED, "did you mean http?"},
		{"protoport", "tcp/nosuch", CYG_MALFORMED, "no service nosuch"},
		{"protoport", "nosuch/80", CYG_MALFORMED, "no protocol nosuch"},
		{"updown", "/bin/a|/bin/b", CYG_MALFORMED, "a shell understands"},
		{"updown", "/bin/a 'b", CYG_MALFORMED, "leftupdown=: the command has a quote"},
		{"protoport", "256", CYG_MALFORMED, "PROTOCOL"},
		{"protoport", "tcp/65536", CYG_MALFORMED, "PROTOCOL"},
		{"protoport", "0/1", CYG_CONFLICT, "PROTOCOL"},
		{"protoport", "tcp/1-2", CYG_UNSUPPORTED, "ranges"},
		{"auth", "eap-aka", CYG_UNSUPPORTED, "eap-tls"},
		{"auth", "eap", CYG_UNSUPPORTED, "eap-mschapv2"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = connection_new("x");
		struct diag why;
		char line[2048];

		test_row(i, "left%s=%s", rows[i].keyword, rows[i].text);
		assert_int_equal(field_set(c, 0, field_by_keyword(rows[i].keyword, true),
					   rows[i].text, &why),
				 rows[i].err);
		diag_print(&why, line, sizeof(line));
		test_row(i, "%s", line);
		assert_non_null(strstr(line, rows[i].says));
		connection_unref(c);
	}
}

static void networks(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{"10.0.1.0/24", "10.0.1.0/24"},
		{"10.0.1.0/255.255.255.0", "10.0.1.0/24"},
		{"10.0.1.1", "10.0.1.1/32"},
		{"10/8", "10.0.0.0/8"},
		{"10.1/16", "10.1.0.0/16"},
		{"0/0", "0.0.0.0/0"},
		{"%default", "0.0.0.0/0"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"::/0", "::/0"},
		{"{10.0.1.0/24 10.0.2.0/24, 2001:db8::/32}",
		 "10.0.1.0/24,10.0.2.0/24,2001:db8::/32"},
	};
	struct connection *c = connection_new("x");
	char many[1024] = "";

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text out = {0};

		test_row(i, "%s", rows[i].text);
		assert_int_equal(field_set(c, 0, field_by_option("client"), rows[i].text, NULL),
				 CYG_OK);
		assert_true(field_get(c, 0, field_by_option("client"), &out));
		assert_string_equal(text_str(&out), rows[i].printed);
		text_done(&out);
	}
	for (size_t i = 0; i < TS_SET_MAX; i++)
		strcat(many, "10.0.1.0/24,");
	assert_int_equal(field_set(c, 0, field_by_option("client"), many, NULL), CYG_OK);
	assert_int_equal(c->end[0].subnets_len, TS_SET_MAX);
	strcat(many, "10.0.1.0/24");
	assert_int_equal(field_set(c, 0, field_by_option("client"), many, NULL), CYG_LIMIT);
	assert_int_equal(c->end[0].subnets_len, TS_SET_MAX);
	connection_unref(c);
}

static void names_are_replaced_whole(void **state)
{
	struct connection *c = connection_new("x");
	const struct field *f = field_by_option("connalias");

	assert_int_equal(field_set(c, 0, f, "a b,c", NULL), CYG_OK);
	assert_int_equal(c->aliases_len, 3);
	assert_string_equal(c->aliases[2], "c");
	assert_int_equal(field_set(c, 0, f, "d", NULL), CYG_OK);
	assert_int_equal(c->aliases_len, 1);
	assert_int_equal(field_set(c, 0, f, " ", NULL), CYG_OK);
	assert_int_equal(c->aliases_len, 0);
	connection_unref(c);
}

/* ---- others' own cases ---- */

static void libreswans_protoports(void **state)
{
	json_t *tables = corpus_tables("parse/libreswan-head-checks.json"), *row;
	size_t i;

	json_array_foreach(corpus_rows(tables, "file", "ip_protoport_check"), i, row) {
		const char *text = json_string_value(json_array_get(row, 1));
		bool ok = json_is_true(json_array_get(row, 5));
		struct connection *c = connection_new("x");

		test_row(i, "'%s'", text);
		assert_int_equal(field_set(c, 0, field_by_option("clientprotoport"), text,
					   NULL) == CYG_OK,
				 ok);
		if (ok) {
			assert_int_equal(c->end[0].proto,
					 json_integer_value(json_array_get(row, 2)));
			assert_int_equal(c->end[0].port,
					 json_integer_value(json_array_get(row, 4)));
		}
		connection_unref(c);
	}
	assert_true(i >= 10);
	json_decref(tables);
}

/* Networks that both take mean the same. We want host bits to be zero and know no hex addresses. */
static void openswans_networks(void **state)
{
	json_t *tables = corpus_tables("parse/openswan-head-lib-selftests.json"), *row;
	size_t i, agreed = 0;

	json_array_foreach(corpus_rows(tables, "file", "atosubnet"), i, row) {
		const char *text = json_string_value(json_array_get(row, 0));
		const char *want = json_string_value(json_array_get(row, 1));
		struct connection *c = connection_new("x");
		struct text out = {0};

		if (text && field_set(c, 0, field_by_option("client"), text, NULL) == CYG_OK &&
		    strchr(text, '/')) {
			test_row(i, "%s", text);
			assert_non_null(want);
			field_get(c, 0, field_by_option("client"), &out);
			assert_string_equal(text_str(&out), want);
			agreed++;
		}
		text_done(&out);
		connection_unref(c);
	}
	assert_true(agreed >= 7);
	json_decref(tables);
}

/* subnets= adds to subnet=, which replaces all. */
static void further_networks_are_added(void **state)
{
	const struct field *subnet = field_by_keyword("subnet", true),
			   *subnets = field_by_keyword("subnets", true);
	struct connection *c = connection_new("x");
	struct text many = {0}, out = {0};
	struct diag why;

	assert_int_equal(field_set(c, 0, subnet, "10.1.0.0/16", &why), CYG_OK);
	assert_int_equal(field_set(c, 0, subnets, "{10.2.0.0/16 10.3.0.0/16}", &why), CYG_OK);
	assert_int_equal(c->end[0].subnets_len, 3);
	assert_int_equal(c->end[0].subnets_listed, 2);
	assert_int_equal(field_set(c, 0, subnets, "10.4.0.0/16", &why), CYG_OK);
	assert_true(field_get(c, 0, subnet, &out));
	assert_string_equal(text_str(&out), "10.1.0.0/16,10.4.0.0/16");
	assert_int_equal(c->end[0].subnets_listed, 1);
	for (int i = 0; i < TS_SET_MAX; i++)
		text_add(&many, "10.9.%d.0/24 ", i);
	assert_int_equal(field_set(c, 0, subnets, text_str(&many), &why), CYG_LIMIT);
	assert_int_equal(field_set(c, 0, subnets, "10.4.0.0/33", &why), CYG_RANGE);
	assert_int_equal(c->end[0].subnets_len, 2);
	assert_int_equal(field_set(c, 0, subnet, text_str(&many), &why), CYG_OK);
	assert_int_equal(c->end[0].subnets_len, TS_SET_MAX);
	assert_int_equal(c->end[0].subnets_listed, 0);
	text_done(&many);
	text_done(&out);
	connection_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_refused),
		cmocka_unit_test(networks),
		cmocka_unit_test(names_are_replaced_whole),
		cmocka_unit_test(libreswans_protoports),
		cmocka_unit_test(openswans_networks),
		cmocka_unit_test(further_networks_are_added),
	};
	return RUN_TESTS("conn/field_host", tests);
}
