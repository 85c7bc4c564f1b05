/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pool.h"

#include "conn/field.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct actions out;
static struct diag why;

static int tear_down(void **state)
{
	actions_done(&out);
	return 0;
}

/* A connection whose right end is given addresses of `pools`. */
static struct loaded *giving(struct policy *p, const char *name, const char *pools)
{
	struct connection *c = between(name, "192.0.2.1", "10.1.0.0/24", "%any", NULL);

	assert_int_equal(field_set(c, 1, field_by_keyword("addresspool", true), pools, &why),
			 CYG_OK);
	return load(p, c);
}

static struct lease *leased(struct policy *p, const struct loaded *l, uint8_t family,
			    const char *who, const char *wish, const char *want)
{
	struct ip_addr wished = wish ? addr(wish) : (struct ip_addr){0};
	struct lease *lease = NULL;
	char text[IP_TEXT_MAX];

	assert_int_equal(policy_lease(p, l, family, id(who), &wished, &lease, &why), CYG_OK);
	assert_string_equal(ip_print(lease_addr(lease), text), want);
	return lease;
}

static void refused(struct policy *p, const struct loaded *l, uint8_t family, const char *who,
		    enum cyg_err err, const char *says)
{
	const struct ip_addr none = {0};
	struct lease *lease = NULL;
	char text[1024];

	diag_clear(&why);
	assert_int_equal(policy_lease(p, l, family, id(who), &none, &lease, &why), err);
	assert_null(lease);
	if (!strstr(diag_print(&why, text, sizeof(text)), says))
		fail_msg("%s has no %s", text, says);
}

static void what_can_not_be_leased(void **state)
{
	struct policy *p = database();
	struct loaded *l = giving(p, "t", "10.9.0.1-10.9.0.2");
	struct lease *a = leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	struct lease *b = leased(p, l, IP_V4, "@b", NULL, "10.9.0.2");

	refused(p, l, IP_V4, "@c", CYG_LIMIT, "10.9.0.1-10.9.0.2");
	refused(p, l, IP_V4, "@c", CYG_LIMIT, "2 addresses, 2 in use");
	refused(p, l, IP_V4, "@c", CYG_LIMIT, "--addresspoolstatus");
	refused(p, l, IP_V6, "@a", CYG_NOTFOUND, "no pool of IPv6");
	refused(p, giving(p, "u", "%nobody"), IP_V4, "@a", CYG_NOTFOUND,
		"no connection nobody is loaded");
	refused(p, load(p, between("v", "192.0.2.1", NULL, "192.0.2.9", NULL)), IP_V4, "@a",
		CYG_NOTFOUND, "no pool");
	policy_lease_release(p, a);
	policy_lease_release(p, NULL);
	policy_lease_release(p, leased(p, l, IP_V4, "@c", NULL, "10.9.0.1"));
	policy_lease_release(p, b);
	policy_free(p);
}

/* First, last and how many; the ends of a network are left out. */
static void bounds_of_ranges(void **state)
{
	static const struct {
		const char *pool, *first, *second;
		uint64_t addresses;
	} rows[] = {
		{"10.9.0.0/24", "10.9.0.1", "10.9.0.2", 254},
		{"10.9.0.0/30", "10.9.0.1", "10.9.0.2", 2},
		{"10.9.0.0/31", "10.9.0.0", "10.9.0.1", 2},
		{"10.9.0.7/32", "10.9.0.7", NULL, 1},
		{"10.9.0.0-10.9.0.254", "10.9.0.0", "10.9.0.1", 255},
		{"10.9.0.255-10.9.1.1", "10.9.0.255", "10.9.1.0", 3},
		{"2001:db8::/64", "2001:db8::1", "2001:db8::2", UINT64_MAX},
		{"2001:db8::/72", "2001:db8::1", "2001:db8::2", UINT64_C(72057594037927935)},
		{"2001:db8::/127", "2001:db8::", "2001:db8::1", 2},
		{"::/0", "::1", "::2", UINT64_MAX},
		{"255.255.255.254/31", "255.255.255.254", "255.255.255.255", 2},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct loaded *l = giving(p, "t", rows[i].pool);
		uint8_t family = strchr(rows[i].pool, ':') ? IP_V6 : IP_V4;
		struct pool_info info;

		test_row(i, "%s", rows[i].pool);
		assert_true(policy_pool_at(p, 0, &info));
		assert_true(info.addresses == rows[i].addresses);
		leased(p, l, family, "@a", NULL, rows[i].first);
		if (rows[i].second)
			leased(p, l, family, "@b", NULL, rows[i].second);
		if (rows[i].addresses <= 2)
			refused(p, l, family, "@c", CYG_LIMIT, rows[i].pool);
		policy_free(p);
	}
}

static void the_same_peer_gets_the_same(void **state)
{
	struct policy *p = database();
	struct loaded *l = giving(p, "t", "10.9.0.0/29"); /* six */
	struct lease *a = leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	struct lease *b = leased(p, l, IP_V4, "@b", NULL, "10.9.0.2");

	/* Two IKE SAs of one peer share it. */
	assert_ptr_equal(leased(p, l, IP_V4, "@a", NULL, "10.9.0.1"), a);
	policy_lease_release(p, a);
	policy_lease_release(p, a);
	policy_lease_release(p, b);
	leased(p, l, IP_V4, "@c", NULL, "10.9.0.3");
	leased(p, l, IP_V4, "@b", NULL, "10.9.0.2");
	leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	leased(p, l, IP_V4, "@d", NULL, "10.9.0.4");
	policy_free(p);
}

static void what_was_never_used_goes_before_what_was_used_longest_ago(void **state)
{
	struct policy *p = database();
	struct loaded *l = giving(p, "t", "10.9.0.1-10.9.0.3");
	struct lease *a = leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	struct lease *b = leased(p, l, IP_V4, "@b", NULL, "10.9.0.2");

	policy_lease_release(p, b);
	policy_lease_release(p, a);
	leased(p, l, IP_V4, "@c", NULL, "10.9.0.3");
	leased(p, l, IP_V4, "@d", NULL, "10.9.0.2");
	/* @b's has gone to another; @a's is still his. */
	leased(p, l, IP_V4, "@b", "10.9.0.2", "10.9.0.1");
	refused(p, l, IP_V4, "@a", CYG_LIMIT, "3 in use");
	policy_free(p);
}

static void wishes_are_granted_where_nobody_has_it(void **state)
{
	static const struct {
		const char *wish, *want;
	} rows[] = {
		{"10.9.0.3", "10.9.0.3"}, {"10.9.0.2", "10.9.0.1"}, /* in use */
		{"10.9.1.2", "10.9.0.1"}, {"10.9.0.0", "10.9.0.1"},
		{"10.9.0.7", "10.9.0.1"}, {"2001:db8::1", "10.9.0.1"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct loaded *l = giving(p, "t", "10.9.0.0/29");

		test_row(i, "%s", rows[i].wish);
		leased(p, l, IP_V4, "@b", "10.9.0.2", "10.9.0.2");
		leased(p, l, IP_V4, "@a", rows[i].wish, rows[i].want);
		policy_free(p);
	}
}

static void those_who_share_nothing_have_one_each(void **state)
{
	struct policy *p = database();
	struct connection *c = between("t", "192.0.2.1", "10.1.0.0/24", "%any", NULL);
	struct loaded *l;
	struct lease *a;

	assert_int_equal(field_set(c, 1, field_by_keyword("addresspool", true), "10.9.0.0/29",
				   &why),
			 CYG_OK);
	c->share_lease = false;
	l = load(p, c);
	a = leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	leased(p, l, IP_V4, "@a", NULL, "10.9.0.2");
	policy_lease_release(p, a);
	leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	leased(p, l, IP_V4, "@a", NULL, "10.9.0.3");
	policy_free(p);
}

static void connections_share_a_range_that_they_name_alike(void **state)
{
	struct policy *p = database();
	struct loaded *a = giving(p, "a", "10.9.0.0/24"), *b = giving(p, "b", "10.9.0.0/24");
	struct loaded *c = giving(p, "c", "10.8.0.0/24,10.9.0.0/24");
	struct loaded *d = giving(p, "d", "%a"), *e = giving(p, "e", "%nobody,%c");
	struct pool_info info;

	leased(p, a, IP_V4, "@a", NULL, "10.9.0.1");
	leased(p, b, IP_V4, "@b", NULL, "10.9.0.2");
	leased(p, b, IP_V4, "@a", NULL, "10.9.0.1");
	leased(p, c, IP_V4, "@a", NULL, "10.9.0.1"); /* what one has comes first */
	leased(p, c, IP_V4, "@c", NULL, "10.8.0.1");
	leased(p, d, IP_V4, "@d", NULL, "10.9.0.3");
	leased(p, e, IP_V4, "@e", NULL, "10.8.0.2"); /* of several names, what there is */
	assert_true(policy_pool_at(p, 0, &info));
	assert_int_equal(info.leases, 3);
	assert_int_equal(info.in_use, 3);
	assert_true(policy_pool_at(p, 1, &info));
	assert_false(policy_pool_at(p, 2, &info));
	policy_free(p);
}

/* A pool lasts as long as somebody names it or has an address of it. */
static void pools_come_and_go(void **state)
{
	struct policy *p = database();
	struct loaded *l = giving(p, "t", "10.9.0.0/24"), *same;
	struct lease *a = leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	struct connection *c = between("t", "192.0.2.1", "10.7.0.0/24", "%any", NULL);
	struct lease_info lease;
	struct pool_info info;

	/* Another version with the same range: all is as it was. */
	assert_int_equal(field_set(c, 1, field_by_keyword("addresspool", true), "10.9.0.0/24",
				   &why),
			 CYG_OK);
	assert_int_equal(policy_add(p, c, true, &same, NULL, &why), CYG_OK);
	assert_ptr_equal(same, l);
	leased(p, l, IP_V4, "@a", NULL, "10.9.0.1");
	policy_lease_release(p, a);
	assert_true(policy_lease_at(p, 0, 0, &lease));
	assert_true(ident_equal(lease.id, id("@a")));
	assert_int_equal(lease.holders, 1);
	assert_false(policy_lease_at(p, 0, 1, &lease));
	assert_false(policy_lease_at(p, 1, 0, &lease));
	policy_remove(p, l, &out);
	assert_true(policy_pool_at(p, 0, &info));
	assert_int_equal(info.in_use, 1);
	policy_lease_release(p, a);
	assert_false(policy_pool_at(p, 0, &info));
	policy_free(p);
}

/* `ctx`: two identities. */
static bool load_and_lease(void *ctx)
{
	const struct ident *const *who = ctx;
	const struct ip_addr none = {0};
	struct lease *a = NULL, *b = NULL;
	struct connection *c;
	struct loaded *l;
	struct policy *p;
	bool well;

	test_allocations_count(false);
	p = database();
	c = between("t", "192.0.2.1", "10.1.0.0/24", "%any", NULL);
	assert_int_equal(field_set(c, 1, field_by_keyword("addresspool", true), "10.9.0.0/24",
				   &why),
			 CYG_OK);
	test_allocations_count(true);
	well = policy_add(p, c, false, &l, NULL, &why) == CYG_OK;
	if (!well)
		connection_unref(c);
	well = well && policy_lease(p, l, IP_V4, who[0], &none, &a, &why) == CYG_OK;
	well = well && policy_lease(p, l, IP_V4, who[1], &none, &b, &why) == CYG_OK;
	/* Whatever failed, nobody has what another has. */
	assert_true(!a || !b || !ip_equal(lease_addr(a), lease_addr(b)));
	policy_free(p);
	return well;
}

static void short_memory_is_told(void **state)
{
	const struct ident *who[] = {id("@a"), id("@b")};

	test_each_allocation_failing(load_and_lease, who, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_can_not_be_leased, tear_down),
		cmocka_unit_test_teardown(bounds_of_ranges, tear_down),
		cmocka_unit_test_teardown(the_same_peer_gets_the_same, tear_down),
		cmocka_unit_test_teardown(
			what_was_never_used_goes_before_what_was_used_longest_ago, tear_down),
		cmocka_unit_test_teardown(wishes_are_granted_where_nobody_has_it, tear_down),
		cmocka_unit_test_teardown(those_who_share_nothing_have_one_each, tear_down),
		cmocka_unit_test_teardown(connections_share_a_range_that_they_name_alike,
					  tear_down),
		cmocka_unit_test_teardown(pools_come_and_go, tear_down),
		cmocka_unit_test_teardown(short_memory_is_told, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
