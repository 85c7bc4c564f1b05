/* SPDX-License-Identifier: Apache-2.0 */
/* Routes for what is protected, in a network namespace of its own. */
#include "plane/xfrm/routes.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_hop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
