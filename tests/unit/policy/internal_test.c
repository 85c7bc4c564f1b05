/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static struct actions out;

static int tear_down(void **state)
{
	actions_done(&out);
	return 0;
}

/* A connection that asks for an address, to a peer of its own. */
static struct connection *asking(const char *name, const char *peer, const char *net)
{
	struct connection *c = between(name, "192.0.2.1", NULL, peer, net);

	c->end[0].asks = ASK_AUTO;
	return c;
}

static void give(struct loaded *l, const char *v4, const char *v6)
{
	struct internal given = {.dns_len = 0};

	if (v4)
		given.addr[0] = addr(v4);
	if (v6)
		given.addr[1] = addr(v6);
	assert_int_equal(policy_take_internal(l, &given), CYG_OK);
}

static void protect(struct policy *p, struct loaded *l, const char *local)
{
	struct ip_addr a = addr(local);
	struct ts item = ts_of_addr(&a);
	struct ts_set set = {&item, 1};

	assert_int_equal(policy_claim(p, l, &set, &l->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, l, SPD_PROTECT, 0, &out);
}

static size_t position(enum action_kind kind)
{
	size_t i = 0;

	while (i < out.len && out.items[i].kind != kind)
		i++;
	assert_true(i < out.len);
	return i;
}

static void selectors_of_those_who_ask(void **state)
{
	static const struct {
		uint8_t asks;
		const char *remote, *want;
	} rows[] = {
		{ASK_AUTO, NULL, "0.0.0.0/0"},
		{ASK_AUTO, "10.2.0.0/24", "0.0.0.0/0"},
		{ASK_AUTO, "2001:db8:2::/64", "::/0"},
		{ASK_AUTO, "10.2.0.0/24,2001:db8:2::/64", "0.0.0.0/0, ::/0"},
		{ASK_V4, "10.2.0.0/24", "0.0.0.0/0"},
		{ASK_V4 | ASK_V6, "10.2.0.0/24", "0.0.0.0/0, ::/0"},
	};
	char text[200];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = asking("t", "192.0.2.2", rows[i].remote);
		struct loaded *l;

		test_row(i, "%s", rows[i].want);
		c->end[0].asks = rows[i].asks;
		l = load(p, c);
		assert_string_equal(ts_set_print(&l->ts_local, text, sizeof(text)),
				    rows[i].want);
		policy_free(p);
	}
}

static void an_address_comes_before_its_routes_and_goes_behind_them(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, asking("t", "192.0.2.2", "10.2.0.0/24"));

	give(l, "10.9.0.1", NULL);
	protect(p, l, "10.9.0.1");
	assert_int_equal(count_kind(&out, ACT_ADDRESS_SET), 1);
	assert_true(position(ACT_ADDRESS_SET) < position(ACT_ROUTE_SET));
	assert_true(ip_equal(&find_kind(&out, ACT_ADDRESS_SET)->address,
			     &(struct ip_addr){IP_V4, {10, 9, 0, 1}}));
	assert_true(ip_equal(&find_kind(&out, ACT_ROUTE_SET)->route->source,
			     &l->internal->addr[0]));
	actions_clear(&out);
	/* A rekey puts the same in force. */
	give(l, "10.9.0.1", NULL);
	protect(p, l, "10.9.0.1");
	assert_int_equal(count_kind(&out, ACT_ADDRESS_SET), 0);
	assert_int_equal(count_kind(&out, ACT_ROUTE_SET), 0);
	actions_clear(&out);
	policy_drop_internal(p, l, &out);
	assert_true(position(ACT_ROUTE_SET) < position(ACT_ADDRESS_REMOVE));
	assert_false(ip_equal(&find_kind(&out, ACT_ROUTE_SET)->route->source,
			      &l->internal->addr[0]));
	actions_clear(&out);
	policy_drop_internal(p, l, &out);
	assert_int_equal(out.len, 0);
	policy_set_spd(p, l, SPD_NONE, 0, &out);
	assert_int_equal(count_kind(&out, ACT_ADDRESS_REMOVE), 0);
	policy_free(p);
}

static void another_address_takes_the_place_of_the_first(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, asking("t", "192.0.2.2", "10.2.0.0/24"));

	give(l, "10.9.0.1", NULL);
	protect(p, l, "10.9.0.1");
	actions_clear(&out);
	give(l, "10.9.0.2", NULL);
	protect(p, l, "10.9.0.2");
	assert_true(position(ACT_ADDRESS_SET) < position(ACT_ROUTE_SET));
	assert_true(position(ACT_ROUTE_SET) < position(ACT_ADDRESS_REMOVE));
	assert_true(ip_equal(&find_kind(&out, ACT_ADDRESS_REMOVE)->address,
			     &(struct ip_addr){IP_V4, {10, 9, 0, 1}}));
	policy_set_spd(p, l, SPD_NONE, 0, &out);
	policy_free(p);
}

static void the_last_holder_takes_it_away(void **state)
{
	struct policy *p = database();
	struct loaded *a = load(p, asking("a", "192.0.2.2", "10.2.0.0/24"));
	struct loaded *b = load(p, asking("b", "192.0.2.2", "10.3.0.0/24"));

	give(a, "10.9.0.1", NULL);
	give(b, "10.9.0.1", NULL);
	protect(p, a, "10.9.0.1");
	protect(p, b, "10.9.0.1");
	assert_int_equal(count_kind(&out, ACT_ADDRESS_SET), 1);
	policy_set_spd(p, a, SPD_NONE, 0, &out);
	assert_int_equal(count_kind(&out, ACT_ADDRESS_REMOVE), 0);
	policy_set_spd(p, b, SPD_NONE, 0, &out);
	assert_int_equal(count_kind(&out, ACT_ADDRESS_REMOVE), 1);
	policy_free(p);
}

/* The table of what is described, beside what links have. */
static void a_described_source_is_brought_where_no_link_has_it(void **state)
{
	static const struct {
		const char *source;
		bool brought;
	} rows[] = {{"10.1.0.1", false}, {"10.1.0.77", true}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("t", "192.0.2.1", "10.1.0.0/24", "192.0.2.2",
					       "10.2.0.0/24");
		struct loaded *l;

		test_row(i, "%s", rows[i].source);
		c->end[0].source_ip = addr(rows[i].source);
		l = load(p, c);
		assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
		policy_set_spd(p, l, SPD_TRAP, 0, &out);
		assert_int_equal(count_kind(&out, ACT_ADDRESS_SET), rows[i].brought);
		policy_set_spd(p, l, SPD_NONE, 0, &out);
		assert_int_equal(count_kind(&out, ACT_ADDRESS_REMOVE), rows[i].brought);
		actions_clear(&out);
		policy_free(p);
	}
}

static bool take(void *ctx)
{
	struct policy *p = ctx;
	struct loaded *l = policy_find(p, "t");
	struct internal given = {.addr = {addr("10.9.0.1")}};
	bool well;

	out.bad = false;
	well = policy_take_internal(l, &given) == CYG_OK;
	if (well && policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL) == CYG_OK)
		policy_set_spd(p, l, SPD_PROTECT, 0, &out);
	/* What is not noticed must have worked. */
	well = well && l->spd == SPD_PROTECT && !out.bad &&
	       count_kind(&out, ACT_ADDRESS_SET) == 1;
	policy_drop_internal(p, l, &out);
	policy_set_spd(p, l, SPD_NONE, 0, &out);
	free(l->internal);
	l->internal = NULL;
	actions_done(&out);
	return well;
}

static void short_memory_is_told(void **state)
{
	struct policy *p = database();

	load(p, asking("t", "192.0.2.2", "10.2.0.0/24"));
	test_each_allocation_failing(take, p, true);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(selectors_of_those_who_ask, tear_down),
		cmocka_unit_test_teardown(
			an_address_comes_before_its_routes_and_goes_behind_them, tear_down),
		cmocka_unit_test_teardown(another_address_takes_the_place_of_the_first,
					  tear_down),
		cmocka_unit_test_teardown(the_last_holder_takes_it_away, tear_down),
		cmocka_unit_test_teardown(a_described_source_is_brought_where_no_link_has_it,
					  tear_down),
		cmocka_unit_test_teardown(short_memory_is_told, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
