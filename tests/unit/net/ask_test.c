/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include "base/text.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static void no_way_is_an_error(void **state)
{
	struct net_route r = {.table = 4711};
	struct ip_addr to = ip("203.0.113.1"), to6 = ip("2001:db8:9::1");
	struct net *n = namespace_with_link();
	struct diag why = {0};

	assert_int_not_equal(net_route_to(n, &to, &r, &why), CYG_OK);
	assert_non_null(strstr(why.sentence, "203.0.113.1"));
	assert_int_equal(r.table, 4711);
	assert_int_not_equal(net_route_to(n, &to6, &r, &why), CYG_OK);
	namespace_ip("route add prohibit 203.0.113.0/24");
	assert_int_not_equal(net_route_to(n, &to, &r, &why), CYG_OK);
	net_close(n);
}

static void the_way_to_an_address(void **state)
{
	static const struct {
		const char *to, *source, *nexthop;
	} cases[] = {
		{"192.0.2.9", "192.0.2.1", NULL},
		{"203.0.113.1", "192.0.2.1", "192.0.2.254"},
		{"2001:db8::9", "2001:db8::1", NULL},
		{"2001:db8:9::1", "2001:db8::1", "2001:db8::fe"},
	};
	struct net *n = namespace_with_link();

	namespace_ip("route add default via 192.0.2.254");
	namespace_ip("-6 route add default via 2001:db8::fe");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ip_addr to = ip(cases[i].to), source = ip(cases[i].source);
		struct net_route r;
		struct diag why;

		test_row(i, "%s", cases[i].to);
		assert_int_equal(net_route_to(n, &to, &r, &why), CYG_OK);
		assert_true(ip_equal(&r.source, &source));
		assert_int_equal(r.kind, RTN_UNICAST);
		assert_int_equal(r.ifindex, if_nametoindex("up0"));
		if (cases[i].nexthop) {
			struct ip_addr nexthop = ip(cases[i].nexthop);

			assert_true(ip_equal(&r.nexthop, &nexthop));
		} else {
			assert_false(ip_is_set(&r.nexthop));
		}
	}
	net_close(n);
}

static void add_route(void *ctx, const struct net_route *r)
{
	char text[IP_TEXT_MAX];

	if (r->kind != RTN_UNICAST && r->kind != RTN_PROHIBIT)
		return;
	text_add(ctx, "%s%s table %u metric %u|", r->kind == RTN_PROHIBIT ? "prohibit " : "",
		 prefix_print(&r->destination, text), r->table, r->metric);
}

static void all_routes(void **state)
{
	struct net *n = namespace_with_link();
	struct text v4 = {0}, v6 = {0};

	namespace_ip("route add default via 192.0.2.254");
	namespace_ip("route add 10.0.0.0/8 dev up0 table 321 metric 7");
	namespace_ip("route add prohibit 10.0.0.0/8 table 321 metric 9");
	namespace_ip("-6 route add default via 2001:db8::fe metric 5");
	assert_int_equal(net_routes_each(n, IP_V4, 0, add_route, &v4, NULL), CYG_OK);
	assert_int_equal(net_routes_each(n, IP_V6, 0, add_route, &v6, NULL), CYG_OK);
	assert_non_null(strstr(text_str(&v4), "0.0.0.0/0 table 254 metric 0|"));
	assert_non_null(strstr(text_str(&v4), "192.0.2.0/24 table 254 metric 0|"));
	assert_non_null(strstr(text_str(&v4), "10.0.0.0/8 table 321 metric 7|"));
	assert_non_null(strstr(text_str(&v4), "prohibit 10.0.0.0/8 table 321 metric 9|"));
	assert_non_null(strstr(text_str(&v6), "::/0 table 254 metric 5|"));
	text_done(&v4);
	text_done(&v6);
	net_close(n);
}

static void routes_of_one_protocol(void **state)
{
	struct net *n = namespace_with_link();
	struct text v4 = {0}, v6 = {0};

	namespace_ip("route add default via 192.0.2.254");
	namespace_ip("route add 10.0.0.0/8 dev up0 table 321 metric 7 proto 67");
	namespace_ip("-6 route add 2001:db8:9::/64 via 2001:db8::fe metric 5 proto 67");
	assert_int_equal(net_routes_each(n, IP_V4, 67, add_route, &v4, NULL), CYG_OK);
	assert_int_equal(net_routes_each(n, IP_V6, 67, add_route, &v6, NULL), CYG_OK);
	assert_string_equal(text_str(&v4), "10.0.0.0/8 table 321 metric 7|");
	assert_string_equal(text_str(&v6), "2001:db8:9::/64 table 254 metric 5|");
	text_done(&v4);
	text_done(&v6);
	net_close(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_way_is_an_error),
		cmocka_unit_test(the_way_to_an_address),
		cmocka_unit_test(all_routes),
		cmocka_unit_test(routes_of_one_protocol),
	};

	return RUN_TESTS("net/ask", tests);
}
