/* SPDX-License-Identifier: Apache-2.0 */
/* What passes in clear, as routes of a network namespace of its own. */
#include "plane/xfrm/passes.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <string.h>

#define TABLE 16777u

static struct net *net;

static void assert_shown(const char *what, const char *text)
{
	const char *shown = namespace_show("%s route show table %u",
					   strchr(text, ':') ? "-6" : "-4", TABLE);

	if (!strstr(shown, text))
		fail_msg("%s: \"%s\" is not in \"%s\"", what, text, shown);
}

static struct xfrm_passes *start(void)
{
	struct xfrm_passes *p;

	net = namespace_enter();
	namespace_ip("link set lo up");
	p = xfrm_passes_new(net, TABLE);
	assert_non_null(p);
	return p;
}

static void stop(struct xfrm_passes *p)
{
	xfrm_passes_free(p);
	assert_string_equal(namespace_show("-4 route show table %u", TABLE), "");
	assert_string_equal(namespace_show("-6 route show table %u", TABLE), "");
	net_close(net);
}

static enum cyg_err set(struct xfrm_passes *p, uint32_t id, enum policy_kind kind,
			const char *remote)
{
	bool v6 = strchr(remote, ':');
	struct plane_policy policy =
		make_policy(id, kind, 1, 1, v6 ? "2001:db8:1::/64" : "10.1.0.0/24", remote);
	enum cyg_err err = xfrm_passes_set(p, &policy, NULL);

	drop_policy(&policy);
	return err;
}

static void only_what_passes_is_kept_out(void **state)
{
	static const enum policy_kind others[] = {POLICY_PROTECT, POLICY_TRAP, POLICY_HOLD,
						  POLICY_DROP, POLICY_REJECT};
	struct xfrm_passes *p = start();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		test_row(i, "kind %d", others[i]);
		assert_int_equal(set(p, 1, others[i], "10.2.0.0/24"), CYG_OK);
		assert_int_equal(xfrm_passes_count(p), 0);
	}
	xfrm_passes_remove(p, 1);
	xfrm_passes_remove(p, 77);
	assert_int_equal(set(p, 2, POLICY_PASS, "10.2.0.20/32"), CYG_OK);
	assert_int_equal(set(p, 3, POLICY_PASS, "2001:db8:2::/64"), CYG_OK);
	assert_int_equal(xfrm_passes_count(p), 2);
	assert_shown("a host", "throw 10.2.0.20");
	assert_shown("a network", "throw 2001:db8:2::/64");
	/* The same entry, and now it is protected. */
	assert_int_equal(set(p, 2, POLICY_PROTECT, "10.2.0.20/32"), CYG_OK);
	assert_string_equal(namespace_show("-4 route show table %u", TABLE), "");
	stop(p);
}

static void the_last_of_several_takes_it_away(void **state)
{
	struct xfrm_passes *p = start();

	(void)state;
	assert_int_equal(set(p, 1, POLICY_PASS, "10.2.0.0/24"), CYG_OK);
	assert_int_equal(set(p, 2, POLICY_PASS, "10.2.0.0/24"), CYG_OK);
	assert_int_equal(set(p, 2, POLICY_PASS, "10.2.0.0/24"), CYG_OK);
	assert_int_equal(xfrm_passes_count(p), 1);
	xfrm_passes_remove(p, 1);
	assert_int_equal(xfrm_passes_count(p), 1);
	assert_shown("one left", "throw 10.2.0.0/24");
	xfrm_passes_remove(p, 2);
	assert_int_equal(xfrm_passes_count(p), 0);
	assert_string_equal(namespace_show("-4 route show table %u", TABLE), "");
	stop(p);
}

static void a_range_is_cut_and_a_tunnel_keeps_its_route(void **state)
{
	struct xfrm_passes *p = start();
	struct plane_policy policy = make_policy(5, POLICY_PASS, 1, 1, "10.1.0.0/24",
						 "10.2.0.0/24");

	(void)state;
	policy.ts_remote.items[0].range = (struct ip_range){make_ip("10.2.0.1"),
							    make_ip("10.2.0.6")};
	namespace_ip("route add 10.2.0.2/31 dev lo table %u", TABLE);
	assert_int_equal(xfrm_passes_set(p, &policy, NULL), CYG_OK);
	assert_int_equal(xfrm_passes_count(p), 4); /* .1, .2/31, .4/31, .6 */
	assert_shown("the first of a range", "throw 10.2.0.1 ");
	assert_shown("the tunnel's", "10.2.0.2/31 dev lo scope link");
	assert_shown("behind it", "throw 10.2.0.2/31 proto");
	assert_true(xfrm_passes_memory(p) > 0);
	xfrm_passes_remove(p, 5);
	namespace_ip("route del 10.2.0.2/31 dev lo table %u", TABLE);
	drop_policy(&policy);
	stop(p);
}

/* Of one that can't be kept out whole nothing is; the one before is forgotten, too. */
static bool keep_out_a_range(void *ctx)
{
	struct plane_policy *policy = ctx;
	struct xfrm_passes *p = xfrm_passes_new(net, TABLE);
	enum cyg_err err = p ? xfrm_passes_set(p, policy, NULL) : CYG_NOMEM;

	if (err) {
		assert_int_equal(err, CYG_NOMEM);
		assert_int_equal(p ? xfrm_passes_count(p) : 0, 0);
	} else {
		assert_int_equal(xfrm_passes_count(p), 4);
	}
	xfrm_passes_free(p);
	assert_string_equal(namespace_show("-4 route show table %u", TABLE), "");
	return !err;
}

static void short_memory_leaves_no_route(void **state)
{
	struct xfrm_passes *p = start();
	struct plane_policy policy = make_policy(5, POLICY_PASS, 1, 1, "10.1.0.0/24",
						 "10.2.0.0/24");

	policy.ts_remote.items[0].range = (struct ip_range){make_ip("10.2.0.1"),
							    make_ip("10.2.0.6")};
	test_each_allocation_failing(keep_out_a_range, &policy, false);
	drop_policy(&policy);
	stop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_memory_leaves_no_route),
		cmocka_unit_test(only_what_passes_is_kept_out),
		cmocka_unit_test(the_last_of_several_takes_it_away),
		cmocka_unit_test(a_range_is_cut_and_a_tunnel_keeps_its_route),
	};

	return RUN_TESTS("plane/xfrm_passes", tests);
}
