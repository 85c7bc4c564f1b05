/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* All addresses of the view, in order: "a@interface b@interface". */
static const char *addresses_of(const struct net *n)
{
	static char out[1024];
	const struct host_view *v = net_view(n);
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < v->addresses_len; i++) {
		char text[IP_TEXT_MAX];

		used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s@%s",
					 i ? " " : "", ip_print(&v->addresses[i].addr, text),
					 v->addresses[i].interface);
	}
	return out;
}

/* "source via nexthop dev interface" of a default route, or "none". */
static const char *default_of(const struct net *n, enum ip_family family)
{
	static char out[256];
	const struct host_view *v = net_view(n);
	const struct ip_addr *addr = family == IP_V4 ? &v->default_v4.addr
						     : &v->default_v6.addr;
	const struct ip_addr *hop = family == IP_V4 ? &v->default_v4.nexthop
						    : &v->default_v6.nexthop;
	const char *dev = family == IP_V4 ? v->default_v4.interface : v->default_v6.interface;
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX];

	if (!ip_is_set(addr))
		return "none";
	snprintf(out, sizeof(out), "%s via %s dev %s", ip_print(addr, a), ip_print(hop, b),
		 dev);
	return out;
}

/* Read all notices that are due; whether the view changed. */
static bool refresh(struct net *n)
{
	struct pollfd p = {.fd = net_fd(n), .events = POLLIN};
	bool changed = false, any = false;

	while (poll(&p, 1, 50) > 0) {
		assert_int_equal(net_read(n, &changed), CYG_OK);
		any = any || changed;
	}
	return any;
}

static void make_links(void)
{
	namespace_ip("link add up0 type veth peer name far0");
	namespace_ip("link set far0 up");
	/* No address of the kernel's own making: what the view has is what the test gave. */
	namespace_ip("link set up0 addrgenmode none");
	namespace_ip("link set far0 addrgenmode none");
	namespace_ip("link set up0 mtu 1480 up");
}

static void an_empty_host_has_nothing(void **state)
{
	struct net *n = namespace_enter();
	struct net_link link;
	struct ip_addr a;

	assert_string_equal(addresses_of(n), "");
	assert_string_equal(default_of(n, IP_V4), "none");
	assert_string_equal(default_of(n, IP_V6), "none");
	assert_int_equal(ip_parse("192.0.2.1", &a), CYG_OK);
	assert_false(net_link_of(n, &a, &link));
	assert_int_equal(net_mtu_max(n), 0);
	assert_false(refresh(n));
	net_close(n);
	net_close(NULL);
}

static void addresses_come_and_go(void **state)
{
	struct net *n = namespace_enter();
	struct net_link link;
	struct ip_addr a;

	make_links();
	namespace_ip("addr add fe80::1/64 dev up0 nodad");
	namespace_ip("addr add 2001:db8::1/64 dev up0 nodad");
	namespace_ip("addr add 192.0.2.1/24 dev up0");
	assert_true(refresh(n));
	assert_string_equal(addresses_of(n), "192.0.2.1@up0 2001:db8::1@up0 fe80::1@up0");
	assert_int_equal(ip_parse("2001:db8::1", &a), CYG_OK);
	assert_true(net_link_of(n, &a, &link));
	assert_string_equal(link.name, "up0");
	assert_int_equal(link.mtu, 1480);
	assert_int_equal(net_mtu_max(n), 1500); /* far0's */

	namespace_ip("addr del 192.0.2.1/24 dev up0");
	assert_true(refresh(n));
	assert_string_equal(addresses_of(n), "2001:db8::1@up0 fe80::1@up0");
	namespace_ip("link set up0 down");
	assert_true(refresh(n));
	assert_string_equal(addresses_of(n), "");
	net_close(n);
}

static void addresses_of_links_that_are_down_are_left_out(void **state)
{
	struct net *n = namespace_enter();

	namespace_ip("addr add 127.0.0.9/8 dev lo");
	assert_false(refresh(n));
	assert_string_equal(addresses_of(n), "");
	namespace_ip("link set lo up");
	assert_true(refresh(n));
	assert_non_null(strstr(addresses_of(n), "127.0.0.9@lo"));
	net_close(n);
}

struct default_row {
	const char *does, *v4, *v6;
};

/* Each row adds to the host of the one before, and these are its default routes then. */
static void assert_defaults(const struct default_row *rows, size_t len)
{
	struct net *n = namespace_enter();

	make_links();
	for (size_t i = 0; i < len; i++) {
		test_row(i, "ip %s", rows[i].does);
		namespace_ip("%s", rows[i].does);
		(void)refresh(n);
		assert_string_equal(default_of(n, IP_V4), rows[i].v4);
		assert_string_equal(default_of(n, IP_V6), rows[i].v6);
	}
	net_close(n);
}

/* Each row adds to the host of the one before. */
static void the_default_route_is_followed(void **state)
{
	static const struct default_row rows[] = {
		{"addr add 192.0.2.1/24 dev up0", "none", "none"},
		{"route add default via 192.0.2.254 dev up0 metric 50",
		 "192.0.2.1 via 192.0.2.254 dev up0", "none"},
		/*
		 * A worse route changes nothing, nor one
		 * of another table or one that forbids.
		 */
		{"route add default dev far0 metric 90", "192.0.2.1 via 192.0.2.254 dev up0",
		 "none"},
		{"route add default dev far0 metric 1 table 77",
		 "192.0.2.1 via 192.0.2.254 dev up0", "none"},
		{"route add prohibit default metric 2", "192.0.2.1 via 192.0.2.254 dev up0",
		 "none"},
		/* The address of the next hop's subnet is the source, not the first one. */
		{"addr add 198.51.100.1/24 dev up0", "192.0.2.1 via 192.0.2.254 dev up0",
		 "none"},
		{"route replace default via 198.51.100.254 dev up0 metric 50",
		 "198.51.100.1 via 198.51.100.254 dev up0", "none"},
		/* A better route, and one that names its source. */
		{"route add default dev up0 src 192.0.2.1 metric 10",
		 "192.0.2.1 via %none dev up0", "none"},
		{"addr add fd00::1/64 dev up0 nodad", "192.0.2.1 via %none dev up0", "none"},
		{"-6 route add default via fd00::ff dev up0", "192.0.2.1 via %none dev up0",
		 "fd00::1 via fd00::ff dev up0"},
		/* A global address goes before a unique local one. */
		{"addr add 2001:db8::1/64 dev up0 nodad", "192.0.2.1 via %none dev up0",
		 "2001:db8::1 via fd00::ff dev up0"},
		{"addr change 2001:db8::1/64 dev up0 preferred_lft 0",
		 "192.0.2.1 via %none dev up0", "fd00::1 via fd00::ff dev up0"},
		{"-4 route flush default", "none", "fd00::1 via fd00::ff dev up0"},
		{"-6 route del default", "none", "none"},
	};

	assert_defaults(rows, COUNT_OF(rows));
}

/* Each row adds to the host of the one before. */
static void the_rules_say_which_table_counts(void **state)
{
	static const struct default_row rows[] = {
		{"addr add 192.0.2.1/24 dev up0", "none", "none"},
		{"route add default via 192.0.2.7 dev up0 table 77", "none", "none"},
		{"rule add pref 300 fwmark 5 lookup 77", "none", "none"},
		{"rule add pref 301 iif up0 lookup 77", "none", "none"},
		{"rule add pref 302 from 192.0.2.1 lookup 77", "none", "none"},
		{"rule add pref 303 not ipproto tcp lookup 77", "none", "none"},
		{"rule add pref 304 lookup 77 suppress_prefixlength 0", "none", "none"},
		{"rule add pref 305 lookup 78", "none", "none"}, /* which has no route at all */
		{"rule add pref 40000 lookup 77", "192.0.2.1 via 192.0.2.7 dev up0", "none"},
		/* The main table is looked at before that one. */
		{"route add default via 192.0.2.8 dev up0 metric 900",
		 "192.0.2.1 via 192.0.2.8 dev up0", "none"},
		{"rule add pref 310 lookup 77", "192.0.2.1 via 192.0.2.7 dev up0", "none"},
		{"rule del pref 310", "192.0.2.1 via 192.0.2.8 dev up0", "none"},
		{"addr add 2001:db8::1/64 dev up0 nodad", "192.0.2.1 via 192.0.2.8 dev up0",
		 "none"},
		{"-6 route add default via 2001:db8::9 dev up0 table 79",
		 "192.0.2.1 via 192.0.2.8 dev up0", "none"},
		{"-6 rule add pref 400 lookup 79", "192.0.2.1 via 192.0.2.8 dev up0",
		 "2001:db8::1 via 2001:db8::9 dev up0"},
	};

	assert_defaults(rows, COUNT_OF(rows));
}

/* Rules and routes of our own, as each plane sets them, and more. */
static void what_is_our_own_is_no_default_route(void **state)
{
	static const char here[] = "192.0.2.1 via 192.0.2.7 dev up0",
			  here_v6[] = "2001:db8::1 via 2001:db8::7 dev up0";
	static const char *const rows[] = {
		"link add ipsec0 type veth peer name far1",
		"link set far1 up",
		"link set ipsec0 up",
		/* All that arrives at the rule of a local network that is everything. */
		"route add default dev ipsec0 table 135168002 protocol 67",
		"-6 route add default dev ipsec0 table 135168002 protocol 67",
		"rule add pref 16244 lookup 135168002 protocol 67",
		"-6 rule add pref 16244 lookup 135168002 protocol 67",
		/* As the kernel's ESP has it: by the peer's way, with an inner source. */
		"addr add 10.1.0.1/32 dev lo",
		"route add default via 192.0.2.9 dev up0 src 10.1.0.1 table 16500 protocol 67",
		"rule add pref 16500 lookup 16500 protocol 67",
		/* A kernel before 4.17 does not know whose a rule is, and does of a route. */
		"rule add pref 200 lookup 16500",
		/* One by a device of ours, whoever made it. */
		"link set ipsec0 alias 'made by cygnet' mtu 9000",
		"route add default dev ipsec0 metric 1",
		"-6 route add default dev ipsec0 metric 1",
	};
	struct net *n = namespace_enter();

	make_links();
	namespace_ip("link set lo up");
	namespace_ip("addr add 192.0.2.1/24 dev up0");
	namespace_ip("addr add 2001:db8::1/64 dev up0 nodad");
	namespace_ip("route add default via 192.0.2.7 dev up0 metric 100");
	namespace_ip("-6 route add default via 2001:db8::7 dev up0 metric 100");
	(void)refresh(n);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "ip %s", rows[i]);
		namespace_ip("%s", rows[i]);
		(void)refresh(n);
		assert_string_equal(default_of(n, IP_V4), here);
		assert_string_equal(default_of(n, IP_V6), here_v6);
	}
	assert_int_equal(net_mtu_max(n), 1500);
	/* What remains is not taken for one either. */
	namespace_ip("route del default via 192.0.2.7 dev up0 metric 100");
	(void)refresh(n);
	assert_string_equal(default_of(n, IP_V4), "none");
	net_close(n);
}

static void the_first_hop_of_several_counts(void **state)
{
	struct net *n = namespace_enter();

	make_links();
	namespace_ip("addr add 192.0.2.1/24 dev up0");
	namespace_ip("addr add 198.51.100.1/24 dev far0");
	namespace_ip(
		"route add default nexthop via 198.51.100.9 dev far0 nexthop via 192.0.2.9 dev up0");
	assert_true(refresh(n));
	assert_string_equal(default_of(n, IP_V4), "198.51.100.1 via 198.51.100.9 dev far0");
	net_close(n);
}

static void other_changes_are_no_change(void **state)
{
	struct net *n = namespace_enter();

	make_links();
	namespace_ip("addr add 192.0.2.1/24 dev up0");
	assert_true(refresh(n));
	namespace_ip("route add 203.0.113.0/24 dev up0");
	namespace_ip("link set up0 txqueuelen 50");
	assert_false(refresh(n));
	net_close(n);
}

/* More notices than the socket holds: what was lost is found by asking anew. */
static void an_overrun_is_recovered(void **state)
{
	struct net *n = namespace_enter();

	make_links();
	for (int i = 1; i <= 3000; i++) {
		struct net_route r = {
			.destination = {.addr = {IP_V4, {10, (uint8_t)(i >> 8), (uint8_t)i}},
					.bits = 24},
			.table = 88,
			.kind = 7,
			.protocol = 99};

		assert_int_equal(net_route_set(n, &r, NULL), CYG_OK);
	}
	namespace_ip("addr add 192.0.2.1/24 dev up0");
	assert_true(refresh(n));
	assert_string_equal(addresses_of(n), "192.0.2.1@up0");
	net_close(n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_host_has_nothing),
		cmocka_unit_test(addresses_come_and_go),
		cmocka_unit_test(addresses_of_links_that_are_down_are_left_out),
		cmocka_unit_test(the_default_route_is_followed),
		cmocka_unit_test(the_rules_say_which_table_counts),
		cmocka_unit_test(what_is_our_own_is_no_default_route),
		cmocka_unit_test(the_first_hop_of_several_counts),
		cmocka_unit_test(other_changes_are_no_change),
		cmocka_unit_test(an_overrun_is_recovered),
	};

	return RUN_TESTS("net/net", tests);
}
