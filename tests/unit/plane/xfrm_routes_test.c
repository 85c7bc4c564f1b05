/* SPDX-License-Identifier: Apache-2.0 */
/* Routes for what is protected, in a network namespace of its own. */
#include "plane/xfrm/routes.h"

#include "net/netlink.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE 16778u

static void test_next_hop(void **state)
{
	static const struct {
		const char *what, *destination, *remote, *shown;
	} rows[] = {
		{"a peer behind a gateway", "10.2.0.0/24", "198.51.100.1",
		 "10.2.0.0/24 via 192.0.2.254 dev wire0"},
		{"a neighbour is its own gateway", "10.3.0.0/24", "192.0.2.2",
		 "10.3.0.0/24 via 192.0.2.2 dev wire0"},
		{"but not its own one", "192.0.2.2/32", "192.0.2.2", "192.0.2.2 dev wire0"},
		{"nor that of all that holds it", "192.0.0.0/16", "192.0.2.2",
		 "192.0.0.0/16 dev wire0"},
		{"no gateway of another family", "2001:db8:2::/64", "192.0.2.2",
		 "2001:db8:2::/64 dev wire0"},
		{"no peer is known", "10.4.0.0/24", NULL,
		 "10.4.0.0/24 via 192.0.2.254 dev wire0"},
	};
	struct net *net = namespace_enter();
	struct xfrm_routes *r;

	(void)state;
	namespace_ip("link add wire0 type veth peer name far0");
	namespace_ip("link set far0 up");
	namespace_ip("link set wire0 up");
	namespace_ip("addr add 192.0.2.1/24 dev wire0");
	namespace_ip("route add default via 192.0.2.254");
	assert_int_equal(xfrm_routes_new(net, TABLE, &r, NULL), CYG_OK);
	for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_route route = {.id = i + 1};
		const char *shown;

		test_row(i, "%s", rows[i].what);
		assert_int_equal(prefix_parse(rows[i].destination, &route.destination, NULL),
				 CYG_OK);
		if (rows[i].remote)
			route.remote = make_ip(rows[i].remote);
		/* Once more, over what is there now. */
		for (int again = 0; again < 2; again++)
			assert_int_equal(xfrm_routes_set(r, &route, 0, NULL), CYG_OK);
		shown = namespace_show("%s route show table %u exact %s",
				       strchr(rows[i].destination, ':') ? "-6" : "-4", TABLE,
				       rows[i].destination);
		if (strncmp(shown, rows[i].shown, strlen(rows[i].shown)))
			fail_msg("\"%s\" begins otherwise: \"%s\"", rows[i].shown, shown);
	}
	assert_int_equal(xfrm_routes_count(r), COUNT_OF(rows));
	for (uint32_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(xfrm_routes_remove(r, i + 1), CYG_OK);
	assert_int_equal(xfrm_routes_remove(r, 1), CYG_NOTFOUND);
	xfrm_routes_free(r);
	net_close(net);
}

static struct net *enter(void)
{
	struct net *net = namespace_enter();

	namespace_ip("link add wire0 type veth peer name far0");
	namespace_ip("link set far0 up");
	namespace_ip("link set wire0 up");
	namespace_ip("addr add 192.0.2.1/24 dev wire0");
	return net;
}

static struct plane_route to(uint32_t id, const char *destination, const char *link)
{
	struct plane_route route = {.id = id};

	assert_int_equal(prefix_parse(destination, &route.destination, NULL), CYG_OK);
	route.remote = make_ip("192.0.2.2");
	strcpy(route.link, link);
	return route;
}

static const char *table(void)
{
	return namespace_show("-4 route show table %u", TABLE);
}

/* What a run before left stands until it is known what of it is wanted, also when we end before. */
static void what_guards_is_kept_by_one_that_never_settled(void **state)
{
	struct net *net = enter();
	struct xfrm_links *links = xfrm_links_new(net);
	struct xfrm_routes *r;

	assert_non_null(links);
	for (int settled = 0; settled < 2; settled++) {
		test_row((size_t)settled, "settled %d", settled);
		namespace_ip("route replace prohibit 10.2.0.0/16 table %u proto %u metric %u",
			     TABLE, XFRM_ROUTE_PROTOCOL, 0xfffe0000u);
		xfrm_routes_inherit(net, TABLE, links);
		assert_int_equal(xfrm_routes_new(net, TABLE, &r, NULL), CYG_OK);
		if (settled)
			xfrm_routes_settle(r, links);
		xfrm_routes_keep(r);
		xfrm_routes_free(r);
		assert_int_equal(!!strstr(table(), "prohibit 10.2.0.0/16"), !settled);
		assert_int_equal(!!strstr(namespace_show("rule"), "16778"), !settled);
	}
	xfrm_links_free(links);
	net_close(net);
}

/* Routes are found by destination: of two to one the other keeps the guard. */
static void the_last_one_through_a_link_takes_the_guard(void **state)
{
	struct net *net = enter();
	struct plane_route one = to(1, "10.2.0.0/16", "wire0"),
			   two = to(2, "10.2.0.0/16", "wire0"),
			   other = to(2, "10.3.0.0/16", "");
	uint32_t index = 0;
	struct xfrm_routes *r;

	assert_int_equal(sscanf(namespace_show("-o link show wire0"), "%u", &index), 1);
	assert_int_equal(xfrm_routes_new(net, TABLE, &r, NULL), CYG_OK);
	one.metric = 5;
	assert_int_equal(xfrm_routes_set(r, &one, index, NULL), CYG_OK);
	assert_int_equal(xfrm_routes_set(r, &two, index, NULL), CYG_OK);
	assert_int_equal(xfrm_routes_count(r), 2);
	assert_int_equal(xfrm_routes_remove(r, 1), CYG_OK);
	assert_non_null(strstr(table(), "prohibit 10.2.0.0/16"));
	assert_non_null(strstr(table(), "10.2.0.0/16 dev wire0"));
	/* It goes elsewhere now, and without a link. */
	assert_int_equal(xfrm_routes_set(r, &other, 0, NULL), CYG_OK);
	assert_null(strstr(table(), "10.2.0.0/16"));
	assert_non_null(strstr(table(), "10.3.0.0/16 via 192.0.2.2 dev wire0"));
	assert_true(xfrm_routes_memory(r) > 0);
	xfrm_routes_free(r);
	assert_string_equal(table(), "");
	net_close(net);
}

/* How many routes the kernel tells of that were set since. */
static unsigned told(struct netlink *ear)
{
	_Alignas(struct nlmsghdr) char octets[8192];
	unsigned n = 0;
	ssize_t got;

	while ((got = recv(mnl_socket_get_fd(ear->nl), octets, sizeof(octets), MSG_DONTWAIT)) >
	       0)
		n += ((const struct nlmsghdr *)octets)->nlmsg_type == RTM_NEWROUTE;
	return n;
}

/* Of many routes the few that were taken away, whatever they go by. */
static void what_is_there_is_not_set_again(void **state)
{
	static const char *const ways[] = {"10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16",
					   "2001:db8:2::/64", "2001:db8:3::/64"};
	struct net *net = enter();
	struct xfrm_links *links = xfrm_links_new(net);
	struct netlink ear = {0};
	struct xfrm_routes *r;

	assert_non_null(links);
	namespace_ip("addr add 192.0.2.9/32 dev lo");
	assert_int_equal(xfrm_routes_new(net, TABLE, &r, NULL), CYG_OK);
	for (uint32_t i = 0; i < COUNT_OF(ways); i++) {
		struct plane_route with = to(i + 1, ways[i], "");

		with.metric = i == 1 || i == 4 ? 7 : 0;
		if (i == 2)
			with.source = make_ip("192.0.2.9");
		assert_int_equal(xfrm_routes_set(r, &with, 0, NULL), CYG_OK);
	}
	assert_int_equal(netlink_open(&ear, NETLINK_ROUTE,
				      RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE, NULL),
			 CYG_OK);
	assert_int_equal(xfrm_routes_restore(r, links, NULL), CYG_OK);
	assert_int_equal(told(&ear), 0);
	namespace_ip("route del 10.3.0.0/16 table %u", TABLE);
	namespace_ip("-6 route del 2001:db8:2::/64 table %u", TABLE);
	/* And one that another hand leads elsewhere. */
	namespace_ip("route replace 10.4.0.0/16 via 192.0.2.77 table %u proto %u", TABLE,
		     XFRM_ROUTE_PROTOCOL);
	(void)told(&ear);
	assert_int_equal(xfrm_routes_restore(r, links, NULL), CYG_OK);
	assert_int_equal(told(&ear), 3);
	assert_non_null(strstr(table(), "10.3.0.0/16 via 192.0.2.2"));
	assert_non_null(strstr(table(), "10.4.0.0/16 via 192.0.2.2"));
	assert_non_null(
		strstr(namespace_show("-6 route show table %u", TABLE), "2001:db8:2::/64"));
	netlink_close(&ear);
	xfrm_routes_free(r);
	xfrm_links_free(links);
	net_close(net);
}

struct changes {
	struct net *net;
	struct xfrm_routes *r;
	uint32_t index;
};

/* An earlier route stands until the new one does. */
static bool change(void *ctx)
{
	struct changes *c = ctx;
	struct plane_route with = to(1, "10.3.0.0/16", "wire0");
	enum cyg_err err = xfrm_routes_set(c->r, &with, c->index, NULL);

	if (err) {
		assert_int_equal(err, CYG_NOMEM);
		assert_int_equal(xfrm_routes_count(c->r), 1);
		assert_non_null(strstr(table(), "10.2.0.0/16 via 192.0.2.2"));
		assert_null(strstr(table(), "10.3.0.0/16"));
		return false;
	}
	assert_null(strstr(table(), "10.2.0.0/16"));
	assert_non_null(strstr(table(), "prohibit 10.3.0.0/16"));
	return true;
}

static void short_memory_leaves_the_earlier_route(void **state)
{
	struct changes c = {.net = enter()};
	struct plane_route first = to(1, "10.2.0.0/16", "");

	assert_int_equal(sscanf(namespace_show("-o link show wire0"), "%u", &c.index), 1);
	assert_int_equal(xfrm_routes_new(c.net, TABLE, &c.r, NULL), CYG_OK);
	assert_int_equal(xfrm_routes_set(c.r, &first, 0, NULL), CYG_OK);
	test_each_allocation_failing(change, &c, false);
	xfrm_routes_free(c.r);
	assert_string_equal(table(), "");
	net_close(c.net);
}

static bool begin(void *ctx)
{
	struct changes *c = ctx;
	enum cyg_err err = xfrm_routes_new(c->net, TABLE, &c->r, NULL);

	if (!err)
		return true;
	assert_int_equal(err, CYG_NOMEM);
	assert_null(strstr(namespace_show("rule"), "16778"));
	return false;
}

static void short_memory_puts_up_no_rule(void **state)
{
	struct changes c = {.net = enter()};

	test_each_allocation_failing(begin, &c, false);
	xfrm_routes_free(c.r);
	assert_null(strstr(namespace_show("rule"), "16778"));
	net_close(c.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_hop),
		cmocka_unit_test(what_guards_is_kept_by_one_that_never_settled),
		cmocka_unit_test(the_last_one_through_a_link_takes_the_guard),
		cmocka_unit_test(what_is_there_is_not_set_again),
		cmocka_unit_test(short_memory_leaves_the_earlier_route),
		cmocka_unit_test(short_memory_puts_up_no_rule),
	};

	return RUN_TESTS("plane/xfrm_routes", tests);
}
