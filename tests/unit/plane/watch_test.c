/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/watch.h"

#include "plane/esp/esp.h"
#include "tests/unit/support/test.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#define OWN 77u
#define OTHERS 78u

static struct watch looking(void)
{
	return (struct watch){.poll = -1,
			      .timer = -1,
			      .own_port = OWN,
			      .own_filter = OWN,
			      .table = 16500,
			      .unsourced = 16756,
			      .branches = 20000,
			      .branches_last = 20009,
			      .ifindex = 5,
			      .firewall = "cygnet0"};
}

static unsigned taken(struct watch *w)
{
	unsigned heard = w->heard;

	w->heard = 0;
	return heard;
}

static void routes_and_rules_of_ours_count(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t port, table;
		uint8_t protocol;
		unsigned wanted;
	} rows[] = {
		{RTM_DELROUTE, OTHERS, 254, ESP_ROUTE_PROTOCOL, 0},
		{RTM_DELROUTE, OTHERS, 19999, ESP_ROUTE_PROTOCOL, 0},
		{RTM_DELROUTE, OTHERS, 20010, ESP_ROUTE_PROTOCOL, 0},
		{RTM_DELROUTE, OTHERS, 16500, RTPROT_STATIC, 0},
		{RTM_DELROUTE, OWN, 16500, ESP_ROUTE_PROTOCOL, 0},
		{RTM_NEWROUTE, OTHERS, 16500, ESP_ROUTE_PROTOCOL, 0},
		{RTM_DELROUTE, OTHERS, 16500, ESP_ROUTE_PROTOCOL, WATCH_ROUTES},
		{RTM_DELROUTE, OTHERS, 16756, ESP_ROUTE_PROTOCOL, WATCH_ROUTES},
		{RTM_DELROUTE, 0, 20009, ESP_ROUTE_PROTOCOL, WATCH_ROUTES},
		{RTM_DELRULE, OWN, 0, 0, 0},
		{RTM_NEWRULE, OWN, 0, 0, 0},
		{RTM_NEWRULE, OTHERS, 0, 0, WATCH_RULES},
		{RTM_DELRULE, OTHERS, 0, 0, WATCH_RULES},
	};
	struct watch w = looking();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct netlink_request storage;
		struct nlmsghdr *m = netlink_begin(&storage, rows[i].type, 0);
		struct rtmsg *r = mnl_nlmsg_put_extra_header(m, sizeof(*r));

		m->nlmsg_pid = rows[i].port;
		r->rtm_protocol = rows[i].protocol;
		mnl_attr_put_u32(m, RTA_TABLE, rows[i].table);
		watch_hear_route(&w, m);
		assert_int_equal(taken(&w), rows[i].wanted);
	}
}

static void hear_link(struct watch *w, uint16_t type, int index, unsigned flags, uint32_t port)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, type, 0);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));

	m->nlmsg_pid = port;
	i->ifi_index = index;
	i->ifi_flags = flags;
	watch_hear_route(w, m);
}

static void the_device_is_followed(void **state)
{
	struct watch w = looking();

	hear_link(&w, RTM_NEWLINK, 6, 0, OTHERS);
	hear_link(&w, RTM_DELLINK, 6, 0, OTHERS);
	hear_link(&w, RTM_NEWLINK, 5, IFF_UP, OTHERS);
	assert_int_equal(taken(&w), 0);
	hear_link(&w, RTM_NEWLINK, 5, 0, OTHERS);
	hear_link(&w, RTM_NEWLINK, 5, IFF_PROMISC, OTHERS);
	assert_int_equal(taken(&w), WATCH_DOWN);
	assert_true(w.down);
	/* Our own change of its length sets it up as well. */
	hear_link(&w, RTM_NEWLINK, 5, IFF_UP, OWN);
	assert_int_equal(taken(&w), WATCH_UP);
	assert_false(w.down);
	hear_link(&w, RTM_NEWLINK, 5, 0, 0);
	hear_link(&w, RTM_NEWLINK, 5, IFF_UP, 0);
	assert_int_equal(taken(&w), WATCH_DOWN | WATCH_UP);
	hear_link(&w, RTM_DELLINK, 5, 0, 0);
	assert_int_equal(taken(&w), WATCH_GONE);
}

static void the_firewall_is_known_by_its_name(void **state)
{
	static const struct {
		uint16_t message;
		uint32_t port;
		const char *table;
		unsigned wanted;
	} rows[] = {
		{NFT_MSG_DELTABLE, OTHERS, "cygnet", 0},
		{NFT_MSG_DELTABLE, OTHERS, "cygnet01", 0},
		{NFT_MSG_DELTABLE, OWN, "cygnet0", 0},
		{NFT_MSG_NEWTABLE, OTHERS, "cygnet0", 0},
		{NFT_MSG_DELTABLE, OTHERS, "cygnet0", WATCH_FIREWALL},
		{NFT_MSG_DELCHAIN, OTHERS, "cygnet0", WATCH_FIREWALL},
		{NFT_MSG_DELRULE, OTHERS, "cygnet0", WATCH_FIREWALL},
	};
	struct watch w = looking();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct netlink_request storage;
		struct nlmsghdr *m = netlink_begin(
			&storage, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | rows[i].message), 0);

		mnl_nlmsg_put_extra_header(m, sizeof(struct nfgenmsg));
		m->nlmsg_pid = rows[i].port;
		watch_hear_filter(&w, m);
		assert_int_equal(taken(&w), 0);
		mnl_attr_put_strz(m, 1, rows[i].table);
		watch_hear_filter(&w, m);
		assert_int_equal(taken(&w), rows[i].wanted);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_and_rules_of_ours_count),
		cmocka_unit_test(the_device_is_followed),
		cmocka_unit_test(the_firewall_is_known_by_its_name),
	};

	return cmocka_run_group_tests_name("plane/watch", tests, NULL, NULL);
}
