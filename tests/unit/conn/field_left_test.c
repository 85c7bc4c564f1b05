/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/field.h"

#include "conn/dialect.h"
#include "tests/unit/support/test.h"

#include <string.h>

static void hosts_refused(void **state)
{
	static const struct {
		const char *text;
		enum cyg_err err;
		const char *says; /* somewhere in the complaint */
	} rows[] = {
		{"", CYG_MALFORMED, "nothing"},
		{"192.0.2.256", CYG_MALFORMED, "an address"},
		{"192.0.2", CYG_MALFORMED, "an address"},
		{"gw.example/192.0.2.300", CYG_MALFORMED, "a DNS name"},
		{"gw.example/0.0.0.0", CYG_MALFORMED, "a DNS name"},
		{"192.0.2.1/192.0.2.1", CYG_RANGE, "a mask such as"},
		{"gw.example/192.0.2.1,192.0.2.2", CYG_MALFORMED, "a DNS name"},
		{"%dns/", CYG_MALFORMED, "a DNS name"},
		{"%dns/192.0.2.1", CYG_MALFORMED, "a DNS name"},
		{"-gw.example", CYG_MALFORMED, "DNS name"},
		{"gw example", CYG_MALFORMED, "DNS name"},
		{"%defaultrout", CYG_MALFORMED, "did you mean %defaultroute?"},
		{"%an", CYG_MALFORMED, "did you mean %any?"},
		{"%", CYG_MALFORMED, "%INTERFACE"},
		{"%an-interface-of-a-long-name", CYG_MALFORMED, "%INTERFACE"},
		{"%unset", CYG_UNSUPPORTED, "not supported"},
		/* networks */
		{"10.0.0.0/33", CYG_RANGE, "0 to 32"},
		{"2001:db8::/129", CYG_RANGE, "0 to 128"},
		{"10.0.0.1/8", CYG_RANGE, "10.0.0.0/8"},
		{"10.0.0.0/", CYG_RANGE, "0 to 32"},
		{"10.0.0.0/8/8", CYG_RANGE, "0 to 32"},
		{"/8", CYG_MALFORMED, "a network"},
		{"%10.0.0.0/8", CYG_MALFORMED, "%INTERFACE"},
		/* ranges */
		{"10.0.0.9-10.0.0.1", CYG_RANGE, "exchange the two"},
		{"10.0.0.1-2001:db8::1", CYG_RANGE, "one for each"},
		{"10.0.0.1-9", CYG_MALFORMED, "a range"},
		{"10.0.0.1-", CYG_MALFORMED, "a range"},
		{"-10.0.0.1", CYG_MALFORMED, "a range"},
		{"10.0.0.1-10.0.0.2-10.0.0.3", CYG_MALFORMED, "a range"},
		/* lists */
		{",", CYG_MALFORMED, "one is empty"},
		{"192.0.2.1,", CYG_MALFORMED, "one is empty"},
		{",192.0.2.1", CYG_MALFORMED, "one is empty"},
		{"192.0.2.1, ,192.0.2.2", CYG_MALFORMED, "one is empty"},
		{"192.0.2.1,10.0.0.0/33", CYG_RANGE, "0 to 32"},
		{"192.0.2.1,192.0.2.300", CYG_MALFORMED, "192.0.2.300"},
		{"192.0.2.1,%any", CYG_MALFORMED, "% before the first one"},
		{"192.0.2.1,%defaultroute", CYG_MALFORMED, "stands alone"},
		{"%defaultroute,192.0.2.1", CYG_MALFORMED, "stands alone"},
		{"192.0.2.1,%group", CYG_MALFORMED, "stands alone"},
		{"192.0.2.1,%eth0", CYG_MALFORMED, "stands alone"},
		{"192.0.2.1,%", CYG_MALFORMED, "before an address or a name"},
		{"192.0.2.1,%192.0.2.2", CYG_MALFORMED, "before an address or a name"},
		{"192.0.2.1,0.0.0.0", CYG_MALFORMED, "stands for any and does so alone"},
		{"10.0.0.1;10.0.0.2", CYG_MALFORMED, "commas between"},
		/* a peer that may be anywhere */
		{"gw..example", CYG_MALFORMED, "DNS name"},
		{"%peer..example", CYG_MALFORMED, "%INTERFACE"},
		{"%-peer.example", CYG_MALFORMED, "%INTERFACE"},
		{"%peer_.exam ple", CYG_MALFORMED, "%INTERFACE"},
		{"%%peer.example", CYG_MALFORMED, "%INTERFACE"},
		{"%10.0.0.0/8,192.0.2.1", CYG_MALFORMED, "before an address or a name"},
		{"%10.0.0.1-10.0.0.2,192.0.2.1", CYG_MALFORMED, "before an address or a name"},
		{"%,192.0.2.1", CYG_MALFORMED, "before an address or a name"},
		{"%any,192.0.2.1", CYG_MALFORMED, "stands alone"},
		{"%eth0,192.0.2.1", CYG_MALFORMED, "stands alone"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = connection_new("x");
		struct diag why;
		char line[2048];

		test_row(i, "left=%s", rows[i].text);
		assert_int_equal(field_set(c, 0, field_by_keyword("", true), "192.0.2.7", &why),
				 CYG_OK);
		assert_int_equal(field_set(c, 0, field_by_keyword("", true), rows[i].text,
					   &why),
				 rows[i].err);
		diag_print(&why, line, sizeof(line));
		test_row(i, "%s", line);
		assert_non_null(strstr(line, rows[i].says));
		assert_int_equal(c->end[0].host.kind, HOST_ADDR); /* what it had */
		assert_null(c->end[0].host.others);
		connection_unref(c);
	}
}

static void hosts(void **state)
{
	static const struct {
		const char *text;
		uint8_t kind;
		const char *name;
		size_t others;
		const char *printed; /* NULL: as it was written */
	} rows[] = {
		{"192.0.2.1", HOST_ADDR},
		{"2001:db8::1", HOST_ADDR},
		{"192.0.2.1/32", HOST_ADDR, NULL, 0, "192.0.2.1"},
		{"192.0.2.1-192.0.2.1", HOST_ADDR, NULL, 0, "192.0.2.1"},
		{"gw.example", HOST_NAME, "gw.example"},
		{"gw", HOST_NAME, "gw"},
		{"%dns/gw.example", HOST_NAME, "gw.example", 0, "gw.example"},
		{"gw.example/192.0.2.1", HOST_NAME, "gw.example"},
		{"%dns/gw/2001:db8::1", HOST_NAME, "gw", 0, "gw/2001:db8::1"},
		{"3com.example", HOST_NAME, "3com.example"},
		{"10-0-0-1.example", HOST_NAME, "10-0-0-1.example"},
		{"%any", HOST_ANY},
		{"%any6", HOST_ANY, NULL, 0, "%any"},
		{"0.0.0.0", HOST_ANY, NULL, 0, "%any"},
		{"::", HOST_ANY, NULL, 0, "%any"},
		{"0.0.0.0/0", HOST_ANY, NULL, 0, "%any"},
		{"::/0,0.0.0.0/0", HOST_ANY, NULL, 0, "%any"},
		{"%defaultroute", HOST_DEFAULTROUTE},
		{"%DefaultRoute", HOST_DEFAULTROUTE, NULL, 0, "%defaultroute"},
		{"%eth0", HOST_INTERFACE, "eth0"},
		{"%eth0.100", HOST_INTERFACE, "eth0.100"},
		{"%wg.a1", HOST_INTERFACE, "wg.a1"},
		{"%wlan0.100", HOST_INTERFACE, "wlan0.100"},
		{"%group", HOST_GROUP, "%group"},
		{"%oppogroup", HOST_GROUP, "%opportunisticgroup", 0, "%opportunisticgroup"},
		/* several */
		{"10.0.0.0/16", HOST_NETS, NULL, 1},
		{"2001:db8::/32", HOST_NETS, NULL, 1},
		{"10.0.0.1-10.0.0.20", HOST_NETS, NULL, 1},
		{"10.0.0.0-10.0.255.255", HOST_NETS, NULL, 1, "10.0.0.0/16"},
		{"2001:db8::1-2001:db8::9", HOST_NETS, NULL, 1},
		{"192.0.2.1,peer.example,10.1.0.0/16", HOST_ADDR, NULL, 2},
		{"192.0.2.1 , 10.1.0.0/16", HOST_ADDR, NULL, 1, "192.0.2.1,10.1.0.0/16"},
		{"10.1.0.0/16,192.0.2.1", HOST_ADDR, NULL, 1, "192.0.2.1,10.1.0.0/16"},
		{"10.1.0.0/16,peer,192.0.2.1", HOST_NAME, "peer", 2,
		 "peer,10.1.0.0/16,192.0.2.1"},
		{"192.0.2.1,2001:db8::1", HOST_ADDR, NULL, 1},
		{"10.0.0.0/16,0.0.0.0/0", HOST_NETS, NULL, 2},
		{"0.0.0.0/0,10.0.0.0/16", HOST_NETS, NULL, 2, "10.0.0.0/16,0.0.0.0/0"},
		/* one, and any other */
		{"%peer.example", HOST_NAME, "peer.example", 2},
		{"%moon.strongswan.example", HOST_NAME, "moon.strongswan.example", 2},
		{"%192.0.2.1", HOST_ADDR, NULL, 2},
		{"%2001:db8::1", HOST_ADDR, NULL, 2},
		{"%192.0.2.1,10.1.0.0/16", HOST_ADDR, NULL, 3},
		{"peer.example,::/0,0.0.0.0/0", HOST_NAME, "peer.example", 2, "%peer.example"},
		{"peer,0.0.0.0/0,::/0", HOST_NAME, "peer", 2},
	};
	struct connection *c = connection_new("x");

	/* One after the other into the same field: nothing of the last one stays. */
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *printed = rows[i].printed ? rows[i].printed : rows[i].text;
		const struct host *h = &c->end[1].host;
		struct connection *again = connection_new("y");
		struct connection *copy;
		struct text out = {0};

		test_row(i, "%s", rows[i].text);
		assert_int_equal(field_set(c, 1, field_by_option("host"), rows[i].text, NULL),
				 CYG_OK);
		assert_int_equal(h->kind, rows[i].kind);
		if (rows[i].kind != HOST_NAME)
			assert_int_equal(ip_is_set(&h->addr), rows[i].kind == HOST_ADDR);
		assert_int_equal(h->others ? h->others->len : 0, rows[i].others);
		if (rows[i].name)
			assert_string_equal(h->name, rows[i].name);
		else
			assert_null(h->name);
		assert_int_equal(c->end[0].host.kind, HOST_UNSET);

		assert_true(field_get(c, 1, field_by_option("host"), &out));
		assert_string_equal(text_str(&out), printed);
		assert_int_equal(field_set(again, 1, field_by_option("host"), printed, NULL),
				 CYG_OK);
		assert_true(host_equal(h, &again->end[1].host));
		copy = connection_copy(c, "z");
		assert_non_null(copy);
		assert_true(host_equal(h, &copy->end[1].host));
		connection_unref(copy);
		connection_unref(again);
		text_done(&out);
	}
	connection_unref(c);
}

/* There are no interfaces in strongSwan's files. */
static void a_dialect_without_interfaces(void **state)
{
	struct connection *c = connection_new("x");
	struct text out = {0};

	c->dialect = DIALECT_STRONGSWAN;
	assert_int_equal(field_set(c, 1, field_by_option("host"), "%moon", NULL), CYG_OK);
	assert_int_equal(c->end[1].host.kind, HOST_NAME);
	assert_int_equal(c->end[1].host.others->len, 2);
	assert_true(field_get(c, 1, field_by_option("host"), &out));
	assert_string_equal(text_str(&out), "moon,0.0.0.0/0,::/0");
	text_done(&out);
	connection_unref(c);
}

static void long_lists(void **state)
{
	struct connection *c = connection_new("x");
	struct text list = {0};
	struct diag why;
	char line[2048];

	for (unsigned i = 0; i < HOST_LIST_MAX; i++)
		text_add(&list, "%s10.0.%u.0/24", i ? "," : "", i);
	assert_int_equal(field_set(c, 1, field_by_option("host"), text_str(&list), &why),
			 CYG_OK);
	assert_int_equal(c->end[1].host.others->len, HOST_LIST_MAX);
	for (unsigned i = HOST_LIST_MAX; i < 1000; i++)
		text_add(&list, ",10.1.%u.%u", i / 256, i % 256);
	assert_int_equal(field_set(c, 1, field_by_option("host"), text_str(&list), &why),
			 CYG_LIMIT);
	assert_int_equal(c->end[1].host.others->len, HOST_LIST_MAX);
	diag_print(&why, line, sizeof(line));
	assert_non_null(strstr(line, "up to 64 entries"));
	text_done(&list);
	connection_unref(c);
}

/* The more addresses, the less it says; one family's all least, in either. */
static void closeness(void **state)
{
	static const char *const falling[] = {
		"192.0.2.1,192.0.2.1/32",
		"192.0.2.2,192.0.2.0-192.0.2.1",
		"10.0.0.1-10.0.0.20",
		"10.0.0.0-10.0.0.200",
		"10.0.0.0/16",
		"10.0.0.0/8",
		"128.0.0.0/1",
	};
	unsigned last = HOST_CLOSENESS_MAX + 1;
	struct ip_range one = {0}, all = {ip_lowest(IP_V6), ip_highest(IP_V6)};
	struct connection *c = connection_new("x");

	assert_int_equal(ip_parse("2001:db8::1", &one.first), CYG_OK);
	one.last = one.first;
	assert_int_equal(host_closeness(&one), HOST_CLOSENESS_MAX);
	assert_int_equal(host_closeness(&all), 1);
	for (size_t i = 0; i < COUNT_OF(falling); i++) {
		const struct host *h = &c->end[1].host;

		test_row(i, "%s", falling[i]);
		assert_int_equal(field_set(c, 1, field_by_option("host"), falling[i], NULL),
				 CYG_OK);
		assert_true(host_closeness(&h->others->items[0].range) < last);
		last = host_closeness(&h->others->items[0].range);
		assert_true(last > 1);
	}
	connection_unref(c);
}

static void any_other_address_too(void **state)
{
	static const struct {
		const char *host, *word, *printed;
	} rows[] = {
		{"192.0.2.1", "yes", "%192.0.2.1"},
		{"192.0.2.1", "no", "192.0.2.1"},
		{"%192.0.2.1", "yes", "%192.0.2.1"},
		{"peer.example,10.1.0.0/16", "yes", "%peer.example,10.1.0.0/16"},
		{"10.1.0.0/16", "yes", "10.1.0.0/16,0.0.0.0/0,::/0"},
		{"%any", "yes", "%any"},
		{"%defaultroute", "yes", "%defaultroute"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = connection_new("x");
		struct text out = {0};

		test_row(i, "%s %s", rows[i].host, rows[i].word);
		assert_int_equal(field_set(c, 1, field_by_option("host"), rows[i].host, NULL),
				 CYG_OK);
		assert_int_equal(field_set(c, 1, field_by_option("allowany"), rows[i].word,
					   NULL),
				 CYG_OK);
		assert_true(field_get(c, 1, field_by_option("host"), &out));
		assert_string_equal(text_str(&out), rows[i].printed);
		text_done(&out);
		connection_unref(c);
	}
}

static bool set_and_copy(void *ctx)
{
	struct connection *c = connection_new("x"), *copy = NULL;
	bool well = c && !field_set(c, 1, field_by_option("host"), ctx, NULL);

	if (well)
		copy = connection_copy(c, "y");
	well = well && copy && host_equal(&c->end[1].host, &copy->end[1].host);
	connection_unref(copy);
	connection_unref(c);
	return well;
}

static void allocations(void **state)
{
	static char list[] = "192.0.2.1,peer.example,10.1.0.0/16,gw", one[] = "%peer.example";

	test_each_allocation_failing(set_and_copy, list, false);
	test_each_allocation_failing(set_and_copy, one, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_refused),
		cmocka_unit_test(hosts),
		cmocka_unit_test(a_dialect_without_interfaces),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(closeness),
		cmocka_unit_test(any_other_address_too),
		cmocka_unit_test(allocations),
	};
	return RUN_TESTS("conn/field_left", tests);
}
