/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#define TABLE 321
#define OURS 67

static struct ip_addr ip(const char *text)
{
	struct ip_addr a = {0};

	if (text)
		assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static struct net_route route(const char *destination, uint8_t kind, uint32_t metric)
{
	struct net_route r = {.table = TABLE, .metric = metric, .kind = kind, .protocol = OURS};

	assert_int_equal(prefix_parse(destination, &r.destination, NULL), CYG_OK);
	if (kind == RTN_UNICAST)
		r.ifindex = if_nametoindex("up0");
	return r;
}

static void bad_routes_are_refused_with_a_reason(void **state)
{
	struct net *n = namespace_with_link();
	struct net_route r = route("10.0.0.0/8", RTN_UNICAST, 1);
	struct diag why = {0};

	r.ifindex = 4711;
	assert_int_equal(net_route_set(n, &r, &why), CYG_NOTFOUND);
	assert_true(diag_is_set(&why));
	assert_non_null(strstr(why.sentence, "10.0.0.0/8"));
	assert_true(why.got[0]);
	r = route("10.0.0.0/8", RTN_UNICAST, 1);
	r.source = ip("203.0.113.99"); /* not ours */
	assert_int_not_equal(net_route_set(n, &r, &why), CYG_OK);
	assert_int_equal(net_route_remove(n, &r, NULL), CYG_NOTFOUND);
	net_close(n);
}

static void routes_are_set_replaced_and_removed(void **state)
{
	static const struct {
		const char *destination, *source, *nexthop;
		uint8_t kind;
		uint32_t metric, mtu;
		const char *shown;
	} rows[] = {
		{"10.1.0.0/16", NULL, NULL, RTN_UNICAST, 7, 0,
		 "10.1.0.0/16 dev up0 proto 67 metric 7"},
		{"10.1.0.0/16", "192.0.2.1", NULL, RTN_UNICAST, 7, 1300,
		 "10.1.0.0/16 dev up0 proto 67 src 192.0.2.1 metric 7 mtu 1300"},
		{"10.1.0.0/16", NULL, "192.0.2.9", RTN_UNICAST, 7, 0,
		 "10.1.0.0/16 via 192.0.2.9 dev up0 proto 67 metric 7"},
		{"0.0.0.0/0", NULL, NULL, RTN_PROHIBIT, 0, 0, "prohibit default proto 67"},
		{"10.2.0.0/16", NULL, NULL, RTN_BLACKHOLE, 9, 0,
		 "blackhole 10.2.0.0/16 proto 67 metric 9"},
		{"10.3.0.0/16", NULL, NULL, RTN_THROW, 9, 0,
		 "throw 10.3.0.0/16 proto 67 metric 9"},
		{"2001:db8:1::/48", "2001:db8::1", NULL, RTN_UNICAST, 7, 0,
		 "2001:db8:1::/48 dev up0 proto 67 src 2001:db8::1 metric 7 pref medium"},
		{"::/0", NULL, NULL, RTN_PROHIBIT, 70, 0,
		 "prohibit default dev lo proto 67 metric 70 pref medium"},
	};
	struct net *n = namespace_with_link();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_route r = route(rows[i].destination, rows[i].kind, rows[i].metric);
		const char *family = r.destination.addr.family == IP_V4 ? "-4" : "-6";

		test_row(i, "%s", rows[i].shown);
		r.source = ip(rows[i].source);
		r.nexthop = ip(rows[i].nexthop);
		r.mtu = rows[i].mtu;
		assert_int_equal(net_route_set(n, &r, NULL), CYG_OK);
		assert_int_equal(net_route_set(n, &r, NULL), CYG_OK);
		assert_string_equal(namespace_show("%s route show table %u exact %s", family,
						   TABLE, rows[i].destination),
				    rows[i].shown);
	}
	for (size_t i = 2; i < COUNT_OF(rows); i++) {
		struct net_route r = route(rows[i].destination, rows[i].kind, rows[i].metric);

		test_row(i, "remove %s", rows[i].shown);
		assert_int_equal(net_route_remove(n, &r, NULL), CYG_OK);
		assert_int_equal(net_route_remove(n, &r, NULL), CYG_NOTFOUND);
	}
	assert_string_equal(namespace_show("-4 route show table %u", TABLE), "");
	assert_string_equal(namespace_show("-6 route show table %u", TABLE), "");
	net_close(n);
}

static void a_worse_route_waits_under_a_better_one(void **state)
{
	struct net *n = namespace_with_link();
	struct net_route tunnel = route("10.1.0.0/16", RTN_UNICAST, 10);
	struct net_route guard = route("10.1.0.0/16", RTN_PROHIBIT, 1000);

	tunnel.table = guard.table = 0; /* main */
	assert_int_equal(net_route_set(n, &guard, NULL), CYG_OK);
	assert_int_equal(net_route_set(n, &tunnel, NULL), CYG_OK);
	assert_non_null(strstr(namespace_show("route get 10.1.2.3"), "dev up0"));
	namespace_ip("link del up0");
	assert_null(strstr(namespace_show("route get 10.1.2.3 2>&1"), "dev"));
	net_close(n);
}

static void a_flush_takes_ours_alone(void **state)
{
	struct net *n = namespace_with_link();

	assert_int_equal(net_routes_flush(n, TABLE, OURS), 0);
	for (unsigned i = 0; i < 300; i++) {
		struct net_route r = route("10.0.0.0/8", RTN_THROW, 1 + i);
		struct net_route six = route("2001:db8:2::/48", RTN_UNICAST, 1 + i);

		assert_int_equal(net_route_set(n, &r, NULL), CYG_OK);
		assert_int_equal(net_route_set(n, &six, NULL), CYG_OK);
	}
	namespace_ip("route add throw 10.9.0.0/16 table %u", TABLE);
	namespace_ip("route add throw 10.9.0.0/16 table %u proto %u", TABLE + 1, OURS);
	assert_int_equal(net_routes_flush(n, TABLE, OURS), 600);
	assert_int_equal(net_routes_flush(n, TABLE, OURS), 0);
	assert_string_equal(namespace_show("-4 route show table %u", TABLE),
			    "throw 10.9.0.0/16");
	assert_string_equal(namespace_show("-6 route show table %u", TABLE), "");
	assert_string_equal(namespace_show("-4 route show table %u", TABLE + 1),
			    "throw 10.9.0.0/16 proto 67");
	net_close(n);
}

static void rules_are_added_and_removed(void **state)
{
	static const struct {
		struct net_rule rule;
		const char *source, *shown;
	} rows[] = {
		{{.priority = 900,
		  .table = TABLE,
		  .mark = 0x100,
		  .mark_mask = 0xf00,
		  .invert = true,
		  .family = IP_V4,
		  .protocol = OURS},
		 NULL,
		 "900: not from all fwmark 0x100/0xf00 lookup 321 proto 67"},
		{{.priority = 901,
		  .table = 0,
		  .suppress_prefixlen_plus1 = 1,
		  .family = IP_V6,
		  .protocol = OURS},
		 NULL,
		 "901: from all lookup main suppress_prefixlength 0 proto 67"},
		{{.priority = 902,
		  .ip_protocol = 17,
		  .source_port = 4500,
		  .family = IP_V4,
		  .protocol = OURS},
		 "192.0.2.1",
		 "902: from 192.0.2.1 ipproto udp sport 4500 lookup main proto 67"},
		{{.priority = 903,
		  .family = IP_V4,
		  .protocol = OURS,
		  .source_bits = 25,
		  .destination = {IP_V4, {10, 9}},
		  .destination_bits = 16},
		 "192.0.2.0",
		 "903: from 192.0.2.0/25 to 10.9.0.0/16 lookup main proto 67"},
	};
	struct net *n = namespace_with_link();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_rule r = rows[i].rule;
		const char *family = r.family == IP_V4 ? "-4" : "-6";

		test_row(i, "%s", rows[i].shown);
		r.source = ip(rows[i].source);
		assert_int_equal(net_rule_remove(n, &r), CYG_NOTFOUND);
		assert_int_equal(net_rule_add(n, &r, NULL), CYG_OK);
		assert_int_equal(net_rule_add(n, &r, NULL), CYG_EXISTS);
		assert_string_equal(namespace_show("%s rule show priority %u", family,
						   r.priority),
				    rows[i].shown);
		assert_int_equal(net_rule_remove(n, &r), CYG_OK);
		assert_string_equal(namespace_show("%s rule show priority %u", family,
						   r.priority),
				    "");
	}
	net_close(n);
}

static void rules_are_flushed_by_priority_and_origin(void **state)
{
	struct net *n = namespace_with_link();

	for (int i = 0; i < 2; i++) {
		struct net_rule r = {.priority = 700,
				     .table = TABLE,
				     .mark = 5,
				     .mark_mask = 7,
				     .invert = true,
				     .family = i ? IP_V4 : IP_V6,
				     .protocol = OURS};

		assert_int_equal(net_rule_add(n, &r, NULL), CYG_OK);
		r.priority = 701;
		assert_int_equal(net_rule_add(n, &r, NULL), CYG_OK);
	}
	namespace_ip("rule add priority 700 lookup 12");
	assert_int_equal(net_rules_flush(n, 700, OURS), 2);
	assert_int_equal(net_rules_flush(n, 700, OURS), 0);
	assert_string_equal(namespace_show("rule show priority 700"),
			    "700: from all lookup 12");
	assert_int_equal(net_rules_flush(n, 701, OURS), 2);
	net_close(n);
}

static void links_and_addresses_are_changed(void **state)
{
	struct net *n = namespace_with_link();
	uint32_t index = if_nametoindex("up0");
	struct ip_prefix p = {.addr = ip("198.51.100.7"), .bits = 24};
	struct ip_prefix six = {.addr = ip("2001:db8:9::7"), .bits = 64};

	namespace_ip("link set up0 down");
	namespace_ip("link set up0 addrgenmode eui64");
	namespace_ip("link set up0 mtu 1500");
	assert_non_null(strstr(namespace_show("link show up0"), "MULTICAST"));
	assert_int_equal(net_link_hush(n, 4711, NULL), CYG_NOTFOUND);
	assert_int_equal(net_link_hush(n, index, NULL), CYG_OK);
	assert_null(strstr(namespace_show("link show up0"), "MULTICAST"));
	assert_non_null(strstr(namespace_show("-d link show up0"), "addrgenmode none"));
	assert_non_null(strstr(namespace_show("link show up0"), "mtu 1280"));
	assert_non_null(strstr(namespace_show("link show up0"), "alias made by cygnet"));
	assert_int_equal(net_link_up(n, 4711, 1400, NULL), CYG_NOTFOUND);
	assert_int_equal(net_link_up(n, index, 1400, NULL), CYG_OK);
	assert_non_null(strstr(namespace_show("link show up0"), "mtu 1400"));
	assert_non_null(strstr(namespace_show("link show up0"), ",UP"));
	assert_int_equal(net_link_up(n, index, 0, NULL), CYG_OK);
	assert_non_null(strstr(namespace_show("link show up0"), "mtu 1400"));

	assert_int_equal(net_address_set(n, index, &p, false, NULL), CYG_NOTFOUND);
	assert_int_equal(net_address_set(n, index, &p, true, NULL), CYG_OK);
	assert_int_equal(net_address_set(n, index, &p, true, NULL), CYG_EXISTS);
	assert_int_equal(net_address_set(n, index, &six, true, NULL), CYG_OK);
	assert_non_null(strstr(namespace_show("addr show up0"), "inet 198.51.100.7/24"));
	assert_non_null(strstr(namespace_show("addr show up0"), "inet6 2001:db8:9::7/64"));
	assert_int_equal(net_address_set(n, index, &p, false, NULL), CYG_OK);
	assert_int_equal(net_address_set(n, index, &six, false, NULL), CYG_OK);
	assert_null(strstr(namespace_show("addr show up0"), "198.51.100.7"));
	net_close(n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_routes_are_refused_with_a_reason),
		cmocka_unit_test(routes_are_set_replaced_and_removed),
		cmocka_unit_test(a_worse_route_waits_under_a_better_one),
		cmocka_unit_test(a_flush_takes_ours_alone),
		cmocka_unit_test(rules_are_added_and_removed),
		cmocka_unit_test(rules_are_flushed_by_priority_and_origin),
		cmocka_unit_test(links_and_addresses_are_changed),
	};

	return RUN_TESTS("net/route", tests);
}
