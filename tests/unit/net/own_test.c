/* SPDX-License-Identifier: Apache-2.0 */
/* What is ours, by records as the kernel lists them. */
#include "net/own.h"

#include "net/netlink.h"
#include "net/snapshot.h"
#include "net/tables.h"

#include "tests/unit/support/test.h"

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define SOMEBODY 4 /* RTPROT_STATIC */

static struct nlmsghdr *rule(struct netlink_request *storage, uint16_t type, uint32_t table,
			     uint8_t protocol)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);
	struct fib_rule_hdr *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->family = AF_INET;
	info->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(m, FRA_TABLE, table);
	if (protocol)
		mnl_attr_put_u8(m, FRA_PROTOCOL, protocol);
	return m;
}

static struct nlmsghdr *route(struct netlink_request *storage, uint16_t type, uint8_t protocol,
			      uint32_t ifindex)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->rtm_family = AF_INET;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_type = RTN_UNICAST;
	info->rtm_protocol = protocol;
	mnl_attr_put_u32(m, RTA_OIF, ifindex);
	return m;
}

static struct nlmsghdr *address(struct netlink_request *storage, uint16_t type,
				uint8_t protocol)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	const struct ip_addr a = {IP_V4, {192, 0, 2, 1}};

	info->ifa_family = AF_INET;
	info->ifa_prefixlen = 24;
	info->ifa_index = 1;
	netlink_put_ip(m, IFA_LOCAL, &a);
	if (protocol)
		mnl_attr_put_u8(m, IFA_PROTO, protocol);
	return m;
}

static struct nlmsghdr *named(struct netlink_request *storage, uint16_t type, int index,
			      const char *alias)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->ifi_index = index;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(m, IFLA_IFNAME, index == 1 ? "up0" : "ipsec0");
	if (alias)
		mnl_attr_put_strz(m, IFLA_IFALIAS, alias);
	return m;
}

static void the_mark_says_whose_it_is(void **state)
{
	static const uint16_t rules[] = {RTM_NEWRULE, RTM_DELRULE},
			      routes[] = {RTM_NEWROUTE, RTM_DELROUTE},
			      addresses[] = {RTM_NEWADDR, RTM_DELADDR},
			      links[] = {RTM_NEWLINK, RTM_DELLINK};
	struct netlink_request s;

	for (size_t i = 0; i < 2; i++) {
		test_row(i, i ? "gone" : "new");
		assert_false(own_record(rule(&s, rules[i], 77, 0)));
		assert_false(own_record(rule(&s, rules[i], 16500, SOMEBODY)));
		assert_true(own_record(rule(&s, rules[i], 77, NET_OWN_PROTOCOL)));
		assert_false(own_record(route(&s, routes[i], SOMEBODY, 1)));
		assert_true(own_record(route(&s, routes[i], NET_OWN_PROTOCOL, 1)));
		assert_false(own_record(address(&s, addresses[i], 0)));
		assert_false(own_record(address(&s, addresses[i], SOMEBODY)));
		assert_true(own_record(address(&s, addresses[i], NET_OWN_PROTOCOL)));
		assert_false(own_record(named(&s, links[i], 2, NULL)));
		assert_false(own_record(named(&s, links[i], 2, "")));
		assert_false(own_record(named(&s, links[i], 2, "made by cygnets")));
		assert_false(own_record(named(&s, links[i], 2, "made by cygne")));
		assert_true(own_record(named(&s, links[i], 2, NET_OWN_ALIAS)));
	}
}

static void what_is_cut_or_of_no_such_kind_is_nobodys(void **state)
{
	struct netlink_request s;
	struct nlmsghdr *m = rule(&s, RTM_NEWRULE, 77, NET_OWN_PROTOCOL);

	m->nlmsg_len = NLMSG_HDRLEN + 3;
	assert_false(own_record(m));
	m = route(&s, RTM_NEWROUTE, NET_OWN_PROTOCOL, 1);
	m->nlmsg_len = NLMSG_HDRLEN + 4;
	assert_false(own_record(m));
	m = address(&s, RTM_NEWADDR, NET_OWN_PROTOCOL);
	m->nlmsg_len = NLMSG_HDRLEN + 4;
	assert_false(own_record(m));
	m = named(&s, RTM_NEWLINK, 2, NET_OWN_ALIAS);
	m->nlmsg_len = NLMSG_HDRLEN + 4;
	assert_false(own_record(m));
	m = route(&s, RTM_NEWNEIGH, NET_OWN_PROTOCOL, 1);
	assert_false(own_record(m));
}

static void a_rule_of_ours_names_no_table(void **state)
{
	struct route_tables t = {.len = 0};
	struct netlink_request s;

	tables_take(rule(&s, RTM_NEWRULE, 135168002, NET_OWN_PROTOCOL), &t);
	tables_take(rule(&s, RTM_NEWRULE, 77, SOMEBODY), &t);
	tables_take(rule(&s, RTM_NEWRULE, RT_TABLE_MAIN, 0), &t);
	assert_int_equal(t.len, 2);
	assert_int_equal(t.ids[0], 77);
	assert_int_equal(t.ids[1], RT_TABLE_MAIN);
}

static void no_route_or_address_of_ours_is_the_hosts(void **state)
{
	struct snapshot h = {.table = RT_TABLE_MAIN};
	struct netlink_request s;

	snapshot_take(named(&s, RTM_NEWLINK, 1, NULL), &h);
	snapshot_take(named(&s, RTM_NEWLINK, 2, NET_OWN_ALIAS), &h);
	snapshot_take(address(&s, RTM_NEWADDR, NET_OWN_PROTOCOL), &h);
	assert_int_equal(h.entries_len, 0);
	snapshot_take(route(&s, RTM_NEWROUTE, NET_OWN_PROTOCOL, 1), &h);
	assert_false(h.default_v4.found);
	snapshot_take(route(&s, RTM_NEWROUTE, SOMEBODY, 2), &h); /* by a device of ours */
	assert_false(h.default_v4.found);
	snapshot_take(address(&s, RTM_NEWADDR, 0), &h);
	assert_int_equal(h.entries_len, 1);
	snapshot_take(route(&s, RTM_NEWROUTE, SOMEBODY, 1), &h);
	assert_true(h.default_v4.found);
	snapshot_done(&h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mark_says_whose_it_is),
		cmocka_unit_test(what_is_cut_or_of_no_such_kind_is_nobodys),
		cmocka_unit_test(a_rule_of_ours_names_no_table),
		cmocka_unit_test(no_route_or_address_of_ours_is_the_hosts),
	};

	return RUN_TESTS("net/own", tests);
}
