/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other hands do to rules, routes and interfaces, heard from a real kernel in a network
 * namespace of its own. The interfaces need a kernel that has them: tests/booted/test_scopes.py.
 */
#include "plane/xfrm/watch.h"

#include "plane/xfrm/routes.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <net/if.h>
#include <string.h>

#define TABLE 16778u

struct told {
	unsigned times;
	enum xfrm_link_news news;
};

static void tell(void *ctx, const char *name, enum xfrm_link_news news)
{
	struct told *t = ctx;

	assert_string_equal(name, "vti0");
	t->times++;
	t->news = news;
}

struct fixture {
	struct net *net;
	struct xfrm_links *links;
	struct xfrm_routes *routes;
	struct xfrm_watch watch;
};

static void open_fixture(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->net = namespace_enter();
	f->links = xfrm_links_new(f->net);
	assert_non_null(f->links);
	namespace_ip("link set lo up");
	namespace_ip("addr add 192.0.2.1/24 dev lo");
	f->watch = (struct xfrm_watch){
		.links = f->links,
		.table = TABLE,
		.own_port = net_port(f->net),
	};
	assert_int_equal(xfrm_watch_open(&f->watch, NULL), CYG_OK);
	assert_int_equal(xfrm_routes_new(f->net, TABLE, &f->routes, NULL), CYG_OK);
}

static void close_fixture(struct fixture *f)
{
	xfrm_routes_free(f->routes);
	xfrm_links_free(f->links);
	xfrm_watch_close(&f->watch);
	net_close(f->net);
}

static struct plane_route make_route(const char *link)
{
	struct plane_route r = {.id = 3, .remote = make_ip("192.0.2.2")};

	assert_int_equal(prefix_parse("10.2.0.0/24", &r.destination, NULL), CYG_OK);
	strncpy(r.link, link, sizeof(r.link) - 1);
	return r;
}

static const char *table(void)
{
	return namespace_show("-4 route show table %u", TABLE);
}

static void rules_and_routes_come_back(void **state)
{
	static const char *const commands[] = {
		"route del 10.2.0.0/24 table 16778",
		"rule del pref 16778",
		"rule flush",
	};
	struct plane_route route = make_route("");
	struct fixture f;

	open_fixture(&f);
	assert_int_equal(xfrm_routes_set(f.routes, &route, 0, NULL), CYG_OK);
	assert_int_equal(xfrm_watch_read(&f.watch), 0);
	namespace_ip("route add 10.3.0.0/24 dev lo table 16778");
	namespace_ip("route del 10.3.0.0/24 table 16778");
	assert_int_equal(xfrm_watch_read(&f.watch), 0);
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		namespace_ip("%s", commands[i]);
		assert_int_equal(xfrm_watch_read(&f.watch), WATCH_ROUTES);
		assert_int_equal(xfrm_routes_restore(f.routes, f.links, NULL), CYG_OK);
		assert_non_null(strstr(table(), "10.2.0.0/24 "));
		assert_non_null(strstr(namespace_show("rule"), "lookup 16778"));
		assert_int_equal(xfrm_watch_read(&f.watch), 0);
	}
	assert_int_equal(xfrm_routes_remove(f.routes, route.id), CYG_OK);
	assert_int_equal(xfrm_watch_read(&f.watch), 0);
	close_fixture(&f);
}

/* Without the interface there is no other way. */
static void a_route_into_an_interface_has_a_guard(void **state)
{
	struct plane_route route = make_route("wire0");
	struct fixture f;
	uint32_t index;

	open_fixture(&f);
	namespace_ip("link add wire0 type veth peer name far0");
	namespace_ip("link set wire0 up");
	index = if_nametoindex("wire0");
	assert_int_equal(xfrm_routes_set(f.routes, &route, index, NULL), CYG_OK);
	assert_non_null(strstr(table(), "10.2.0.0/24 dev wire0"));
	namespace_ip("link set wire0 down");
	assert_int_equal(strncmp(table(), "prohibit 10.2.0.0/24 ", 21), 0);
	namespace_ip("link set wire0 up");
	/* Another metric, and no interface any more. */
	route.metric = 7;
	assert_int_equal(xfrm_routes_set(f.routes, &route, index, NULL), CYG_OK);
	assert_non_null(strstr(table(), "prohibit 10.2.0.0/24 "));
	route.link[0] = '\0';
	assert_int_equal(xfrm_routes_set(f.routes, &route, 0, NULL), CYG_OK);
	assert_null(strstr(table(), "prohibit"));
	strcpy(route.link, "wire0");
	assert_int_equal(xfrm_routes_set(f.routes, &route, index, NULL), CYG_OK);
	assert_int_equal(xfrm_routes_remove(f.routes, route.id), CYG_OK);
	assert_string_equal(table(), "");
	/* Also one that can't be made, however often, until it goes or can. */
	for (int i = 0; i < 2; i++) {
		assert_int_not_equal(xfrm_routes_set(f.routes, &route, 9999, NULL), CYG_OK);
		assert_int_equal(strncmp(table(), "prohibit 10.2.0.0/24 ", 21), 0);
	}
	assert_int_equal(xfrm_routes_set(f.routes, &route, index, NULL), CYG_OK);
	assert_non_null(strstr(table(), "10.2.0.0/24 dev wire0"));
	assert_int_equal(xfrm_routes_remove(f.routes, route.id), CYG_OK);
	assert_string_equal(table(), "");
	assert_int_not_equal(xfrm_routes_set(f.routes, &route, 9999, NULL), CYG_OK);
	assert_int_equal(xfrm_routes_remove(f.routes, route.id), CYG_OK);
	assert_string_equal(table(), "");
	close_fixture(&f);
}

static void an_interface_goes_and_comes(void **state)
{
	static const struct {
		const char *command;
		enum xfrm_link_news news;
		const char *shown;
	} rows[] = {
		{"link set vti0 down", LINK_NEWS_DOWN, "prohibit 10.2.0.0/24 "},
		{"link set vti0 up", LINK_NEWS_UP, "10.2.0.0/24 dev vti0 "},
		{"link del vti0", LINK_NEWS_GONE, "10.2.0.0/24 dev vti0 "},
		{"link set vti0 down", LINK_NEWS_DOWN, "prohibit 10.2.0.0/24 "},
		{"link del vti0", LINK_NEWS_GONE, "10.2.0.0/24 dev vti0 "},
	};
	struct plane_link vti = {.kind = LINK_VTI,
				 .name = "vti0",
				 .in_key = 5,
				 .out_key = 5,
				 .local = make_ip("192.0.2.1"),
				 .remote = make_ip("192.0.2.2")};
	struct plane_route route = make_route("vti0");
	struct fixture f;

	open_fixture(&f);
	if (xfrm_links_use(f.links, 2, &vti, NULL) == CYG_UNSUPPORTED) {
		close_fixture(&f);
		test_skip("the kernel has neither xfrm interfaces nor VTIs");
	}
	assert_int_equal(xfrm_routes_set(f.routes, &route, xfrm_links_index(f.links, "vti0"),
					 NULL),
			 CYG_OK);
	assert_int_equal(xfrm_watch_read(&f.watch), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct told told = {0};

		test_row(i, "%s", rows[i].command);
		namespace_ip("%s", rows[i].command);
		assert_int_equal(xfrm_watch_read(&f.watch) & WATCH_LINKS, WATCH_LINKS);
		assert_int_equal(xfrm_links_restore(f.links, tell, &told, NULL), CYG_OK);
		assert_int_equal(xfrm_routes_restore(f.routes, f.links, NULL), CYG_OK);
		assert_int_equal(told.times, 1);
		assert_int_equal(told.news, rows[i].news);
		assert_int_equal(strncmp(table(), rows[i].shown, strlen(rows[i].shown)), 0);
		assert_int_equal(xfrm_watch_read(&f.watch), 0);
	}
	xfrm_links_leave(f.links, 2);
	assert_int_equal(xfrm_watch_read(&f.watch) & WATCH_LINKS, 0);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_and_routes_come_back),
		cmocka_unit_test(a_route_into_an_interface_has_a_guard),
		cmocka_unit_test(an_interface_goes_and_comes),
	};

	return RUN_TESTS("plane/xfrm_watch", tests);
}
