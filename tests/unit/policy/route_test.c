/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "conn/field.h"

#include <stdlib.h>
#include <string.h>

static struct actions out;
static struct table table;

static struct loaded *routed(struct policy *p, struct connection *c)
{
	struct loaded *l = load(p, c);

	assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, l, SPD_TRAP, 0, &out);
	return l;
}

static int tear_down(void **state)
{
	actions_done(&out);
	for (size_t i = 0; i < table.entries_len; i++) {
		ts_set_done(&table.entries[i].ts_local);
		ts_set_done(&table.entries[i].ts_remote);
	}
	memset(&table, 0, sizeof(table));
	return 0;
}

static void a_route_lasts_as_long_as_one_wants_it(void **state)
{
	struct policy *p = database();
	struct loaded *a, *b;

	a = routed(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 1);
	b = routed(p, between("b", "192.0.2.1", "10.3.0.0/24", "192.0.2.3", "10.2.0.0/24"));
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 1);
	assert_int_equal(a->route_id, b->route_id);
	policy_set_spd(p, a, SPD_PROTECT, 0, &out);
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 1);
	policy_set_spd(p, a, SPD_NONE, 0, &out);
	assert_int_equal(a->route_id, 0);
	assert_int_equal(count_kind(&out, ACT_ROUTE_REMOVE), 0);
	policy_set_spd(p, b, SPD_NONE, 0, &out);
	assert_int_equal(count_kind(&out, ACT_ROUTE_REMOVE), 1);
	policy_free(p);
}

static void what_the_plane_refused_is_asked_again(void **state)
{
	struct policy *p = database();
	struct loaded *a, *b;

	a = routed(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	b = routed(p, between("b", "192.0.2.1", "10.3.0.0/24", "192.0.2.3", "10.2.0.0/24"));
	policy_route_refused(a);
	policy_set_spd(p, b, SPD_PROTECT, 5, &out);
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 2);
	policy_set_spd(p, a, SPD_PROTECT, 5, &out);
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 2);
	policy_free(p);
}

static void ranges_and_lists_are_cut_into_destinations(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2",
					   "10.0.0.0/8"));
	struct ts items[3] = {
		{{addr("10.2.0.1"), addr("10.2.0.6")},
		 0,
		 65535,
		 0}, /* .1/32 .2/31 .4/31 .6/32 */
		{{addr("10.2.0.4"), addr("10.2.0.5")}, 0, 65535, 6}, /* .4/31 again */
		{{addr("2001:db8:9::"), addr("2001:db8:9:ffff:ffff:ffff:ffff:ffff")},
		 0,
		 65535,
		 0},
	};
	struct ts_set remote = {items, 3};

	assert_int_equal(policy_claim(p, l, &l->ts_local, &remote, NULL), CYG_OK);
	policy_set_spd(p, l, SPD_PROTECT, 0, &out);
	table_apply(&table, &out);
	assert_int_equal(table.routes_len, 5);
	assert_non_null(table_route(&table, "10.2.0.2/31"));
	assert_non_null(table_route(&table, "10.2.0.6/32"));
	assert_non_null(table_route(&table, "2001:db8:9::/48"));
	policy_set_spd(p, l, SPD_NONE, 0, &out);
	table_apply(&table, &out);
	assert_int_equal(table.routes_len, 0);
	assert_int_equal(table.gaps, 0);
	policy_free(p);
}

/* The first one's wishes count; when it leaves, those of the next. */
static void the_next_ones_wishes_follow(void **state)
{
	struct policy *p = database();
	struct connection *c[2] = {
		between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"),
		between("b", "192.0.2.1", "10.3.0.0/24", "192.0.2.3", "10.2.0.0/24"),
	};
	struct loaded *l[2];
	uint32_t route;

	c[0]->end[0].source_ip = addr("10.1.0.1");
	c[0]->metric = 7;
	c[1]->end[0].source_ip = addr("10.3.0.1");
	c[1]->mtu = 1400;
	for (int i = 0; i < 2; i++)
		l[i] = routed(p, c[i]);
	table_apply(&table, &out);
	route = l[0]->route_id;
	assert_true(
		ip_equal(&table_route(&table, "10.2.0.0/24")->source, &c[0]->end[0].source_ip));
	assert_int_equal(table_route(&table, "10.2.0.0/24")->metric, 7);
	/* What the first one does without leaving changes nothing. */
	policy_set_spd(p, l[0], SPD_PROTECT, 0, &out);
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 0);
	table_apply(&table, &out);
	policy_set_spd(p, l[0], SPD_NONE, 0, &out);
	table_apply(&table, &out);
	assert_int_equal(table_route(&table, "10.2.0.0/24")->id, route);
	assert_true(
		ip_equal(&table_route(&table, "10.2.0.0/24")->source, &c[1]->end[0].source_ip));
	assert_int_equal(table_route(&table, "10.2.0.0/24")->metric, 0);
	assert_int_equal(table_route(&table, "10.2.0.0/24")->mtu, 1400);
	policy_set_spd(p, l[1], SPD_NONE, 0, &out);
	table_apply(&table, &out);
	assert_int_equal(table.routes_len, 0);
	policy_free(p);
}

static void a_source_of_another_family_is_left_out(void **state)
{
	struct policy *p = database();
	struct connection *c = between("a", "192.0.2.1", "10.1.0.0/24,2001:db8:1::/48",
				       "192.0.2.2", "10.2.0.0/24,2001:db8:2::/48");

	c->end[0].source_ip = addr("10.1.0.1");
	routed(p, c);
	table_apply(&table, &out);
	assert_true(ip_is_set(&table_route(&table, "10.2.0.0/24")->source));
	assert_false(ip_is_set(&table_route(&table, "2001:db8:2::/48")->source));
	policy_free(p);
}

static struct ip_addr source_of(const char *destination)
{
	const struct plane_route *r = table_route(&table, destination);

	assert_non_null(r);
	return r->source;
}

#define ASSERT_SOURCE(destination, text)                                         \
	do {                                                                     \
		struct ip_addr is = source_of(destination), wanted = addr(text); \
		assert_true(ip_equal(&is, &wanted));                             \
	} while (0)

static void a_source_is_one_that_the_tunnel_carries(void **state)
{
	static const struct {
		const char *leftnet, *rightnet, *source; /* NULL: none */
	} rows[] = {
		{"10.9.0.0/24", "10.2.0.0/24", NULL},
		{"10.9.0.0/24", "2001:db8:2::/48", NULL},
		{NULL, "10.2.0.0/24", "192.0.2.1"},
		{"10.1.0.0/24", "10.2.0.0/24", "10.1.0.1"},
		{"0.0.0.0/0", "10.2.0.0/24", "192.0.2.1"},
		{"10.9.0.0/24,10.1.0.0/24", "10.2.0.0/24", "10.1.0.1"},
		{"2001:db8::/64", "2001:db8:2::/48", "2001:db8::1"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy *p = database();

		routed(p, between("a", "192.0.2.1", rows[i].leftnet, "192.0.2.2",
				  rows[i].rightnet));
		table_apply(&table, &out);
		if (rows[i].source)
			ASSERT_SOURCE(rows[i].rightnet, rows[i].source);
		else
			assert_false(ip_is_set(&table.routes[0].source));
		policy_free(p);
		tear_down(NULL);
	}
}

static void of_several_one_with_a_source_gives_it(void **state)
{
	struct policy *p = database();
	struct loaded *a, *b;

	a = routed(p, between("a", "192.0.2.1", "10.9.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	b = routed(p, between("b", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	table_apply(&table, &out);
	ASSERT_SOURCE("10.2.0.0/24", "10.1.0.1");
	policy_set_spd(p, b, SPD_NONE, 0, &out);
	table_apply(&table, &out);
	assert_false(ip_is_set(&table_route(&table, "10.2.0.0/24")->source));
	b = routed(p, between("c", "192.0.2.1", "10.1.0.0/25", "192.0.2.2", "10.2.0.0/24"));
	policy_set_spd(p, a, SPD_NONE, 0, &out);
	table_apply(&table, &out);
	ASSERT_SOURCE("10.2.0.0/24", "10.1.0.1");
	policy_set_spd(p, b, SPD_NONE, 0, &out);
	policy_free(p);
}

/* The kernel takes a route with the address that it names. */
static void a_source_follows_the_host(void **state)
{
	struct policy *p = database();
	struct host_address others[2] = {test_host.addresses[0], {.interface = "eth2"}};
	struct host_view host = {.addresses = others, .addresses_len = 1};

	routed(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	table_apply(&table, &out);
	ASSERT_SOURCE("10.2.0.0/24", "10.1.0.1");
	policy_follow_host(p, &out);
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 0);
	assert_int_equal(policy_host_changed(p, &host), CYG_OK);
	policy_follow_host(p, &out);
	table_apply(&table, &out);
	assert_false(ip_is_set(&table_route(&table, "10.2.0.0/24")->source));
	others[1].addr = addr("10.1.0.7");
	host.addresses_len = 2;
	assert_int_equal(policy_host_changed(p, &host), CYG_OK);
	policy_follow_host(p, &out);
	table_apply(&table, &out);
	ASSERT_SOURCE("10.2.0.0/24", "10.1.0.7");
	policy_free(p);
}

static struct loaded *with_interface(struct policy *p, const char *name, const char *interface)
{
	struct connection *c = between(name, "192.0.2.1", "10.7.0.0/24", "192.0.2.2",
				       "10.2.0.0/24,10.9.0.0/24");

	if (interface)
		assert_int_equal(field_set(c, 0, field_by_keyword("ipsec-interface", false),
					   interface, NULL),
				 CYG_OK);
	return load(p, c);
}

/* A destination has one route: what is not for its way would leave in clear, or be lost. */
static void one_way_through_an_interface_and_one_without_do_not_go_together(void **state)
{
	static const struct {
		const char *first, *second, *told;
	} rows[] = {
		{NULL, "9", "connection a has it without an interface"},
		{"9", NULL, "connection a has it through ipsec9"},
		{"8", "9", NULL},
		{"9", "9", NULL},
		{NULL, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct loaded *a = with_interface(p, "a", rows[i].first);
		struct loaded *b = load(p, between("b", "192.0.2.1", "10.8.0.0/24", "192.0.2.2",
						   "10.9.0.0/24"));
		struct diag why = {0};

		test_row(i, "%s, %s", rows[i].first ? rows[i].first : "none",
			 rows[i].second ? rows[i].second : "none");
		if (rows[i].second)
			assert_int_equal(field_set((struct connection *)b->connection, 0,
						   field_by_keyword("ipsec-interface", false),
						   rows[i].second, NULL),
					 CYG_OK);
		assert_int_equal(policy_claim(p, a, &a->ts_local, &a->ts_remote, NULL), CYG_OK);
		policy_set_spd(p, a, SPD_TRAP, 0, &out);
		assert_int_equal(policy_claim(p, b, &b->ts_local, &b->ts_remote, &why),
				 rows[i].told ? CYG_CONFLICT : CYG_OK);
		if (rows[i].told) {
			assert_non_null(strstr(why.sentence, rows[i].told));
			assert_non_null(strstr(why.sentence, "10.9.0.0/24"));
			assert_non_null(strstr(why.hint, "--down and --unroute a"));
			/* Its own routes are in nobody's way. */
			assert_int_equal(policy_claim(p, a, &a->ts_local, &a->ts_remote, NULL),
					 CYG_OK);
			policy_set_spd(p, a, SPD_NONE, 0, &out);
			assert_int_equal(policy_claim(p, b, &b->ts_local, &b->ts_remote, NULL),
					 CYG_OK);
		}
		policy_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_source_of_another_family_is_left_out, tear_down),
		cmocka_unit_test_teardown(a_route_lasts_as_long_as_one_wants_it, tear_down),
		cmocka_unit_test_teardown(what_the_plane_refused_is_asked_again, tear_down),
		cmocka_unit_test_teardown(ranges_and_lists_are_cut_into_destinations,
					  tear_down),
		cmocka_unit_test_teardown(the_next_ones_wishes_follow, tear_down),
		cmocka_unit_test_teardown(a_source_is_one_that_the_tunnel_carries, tear_down),
		cmocka_unit_test_teardown(of_several_one_with_a_source_gives_it, tear_down),
		cmocka_unit_test_teardown(a_source_follows_the_host, tear_down),
		cmocka_unit_test_teardown(
			one_way_through_an_interface_and_one_without_do_not_go_together,
			tear_down),
	};

	return RUN_TESTS("policy/route", tests);
}
