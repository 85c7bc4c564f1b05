/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier run left in a real kernel, in a network namespace of its own. */
#include "plane/xfrm/leftover.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

struct run {
	struct net *net;
	struct netlink nl;
	struct xfrm_spd *spd;
};

static void begin(struct run *r)
{
	struct diag why = {0};

	if (netlink_open(&r->nl, NETLINK_XFRM, 0, &why) != CYG_OK)
		test_skip("the kernel has no IPsec policies: %s", why.got);
	r->spd = xfrm_spd_new(&r->nl, 0);
	assert_non_null(r->spd);
}

static void set_for(struct run *r, uint32_t id, uint8_t kind, const char *remote,
		    const struct packet_scope *scope)
{
	struct plane_policy p = {.id = id,
				 .kind = kind,
				 .priority = 7,
				 .reqid = 16384,
				 .scope = {*scope, *scope}};
	struct ip_prefix prefix;
	struct ts t;

	assert_int_equal(ip_parse("192.0.2.1", &p.local.addr), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.2", &p.remote.addr), CYG_OK);
	assert_int_equal(prefix_parse("10.1.0.0/24", &prefix, NULL), CYG_OK);
	t = ts_of_prefix(&prefix);
	assert_int_equal(ts_set_add(&p.ts_local, &t), CYG_OK);
	assert_int_equal(prefix_parse(remote, &prefix, NULL), CYG_OK);
	t = ts_of_prefix(&prefix);
	assert_int_equal(ts_set_add(&p.ts_remote, &t), CYG_OK);
	assert_int_equal(xfrm_spd_set(r->spd, &p, NULL), CYG_OK);
	ts_set_done(&p.ts_local);
	ts_set_done(&p.ts_remote);
}

static void set(struct run *r, uint32_t id, uint8_t kind, const char *remote)
{
	set_for(r, id, kind, remote, &(struct packet_scope){0});
}

/* The process is gone, and what it had in the kernel is not. */
static void end_by_kill(struct run *r)
{
	xfrm_spd_keep(r->spd);
	xfrm_spd_free(r->spd);
	netlink_close(&r->nl);
}

/* What a run of ours leaves when it is killed, and what is somebody else's. */
static void first_run(struct run *r)
{
	r->net = namespace_enter();
	begin(r);
	set(r, 1, POLICY_TRAP, "10.2.0.0/24");
	set(r, 2, POLICY_DROP, "10.3.0.0/24");
	set(r, 3, POLICY_PROTECT, "10.4.0.0/24");
	namespace_ip(
		"xfrm policy add src 10.1.0.0/24 dst 10.9.0.0/24 dir out tmpl src 192.0.2.1 "
		"dst 192.0.2.9 proto esp reqid 16384 mode tunnel");
	namespace_ip("xfrm policy add src 10.1.0.0/24 dst 10.8.0.0/24 dir fwd action block");
}

static size_t policies(const char *remote)
{
	size_t n = 0;

	for (const char *at = namespace_show("xfrm policy"); (at = strstr(at, remote)); at++)
		n++;
	return n;
}

static void check(size_t trap, size_t drop, size_t protect, size_t pass)
{
	assert_int_equal(policies("10.2.0.0/24"), trap);
	assert_int_equal(policies("10.3.0.0/24"), drop);
	assert_int_equal(policies("10.4.0.0/24"), protect);
	assert_int_equal(policies("10.5.0.0/24"), pass);
	assert_int_equal(policies("10.9.0.0/24"), 1);
	assert_int_equal(policies("10.8.0.0/24"), 1);
}

static void it_blocks_until_all_is_settled(void **state)
{
	struct xfrm_left left;
	struct run r;

	first_run(&r);
	end_by_kill(&r);
	check(3, 3, 3, 0);
	begin(&r);
	assert_int_equal(xfrm_left_inherit(&r.nl, &left, NULL), CYG_OK);
	assert_int_equal(left.reqid_last, 16384);
	check(3, 3, 3, 0);
	/* One of them is wanted anew; that it keeps its old number does not lose it. */
	set(&r, 7, POLICY_PROTECT, "10.4.0.0/24");
	check(3, 3, 3, 0);
	assert_int_equal(xfrm_left_settle(&left, &r.nl, r.spd, NULL), CYG_OK);
	assert_int_equal(left.len, 0);
	check(0, 0, 3, 0);
	xfrm_spd_free(r.spd);
	check(0, 0, 0, 0);
	netlink_close(&r.nl);
	net_close(r.net);
}

/* What it let pass is not known to be wanted still. */
static void what_lets_pass_goes_at_once(void **state)
{
	struct xfrm_left left;
	struct run r;

	first_run(&r);
	set(&r, 4, POLICY_PASS, "10.5.0.0/24");
	check(3, 3, 3, 3);
	assert_int_equal(xfrm_left_inherit(&r.nl, &left, NULL), CYG_OK);
	check(3, 3, 3, 0);
	xfrm_left_clear(&left, &r.nl);
	check(0, 0, 0, 0);
	xfrm_left_clear(&left, &r.nl);
	xfrm_spd_free(r.spd);
	netlink_close(&r.nl);
	net_close(r.net);
}

static void handed_over_it_stays_but_for_what_lets_pass(void **state)
{
	struct run r;

	first_run(&r);
	set(&r, 4, POLICY_PASS, "10.5.0.0/24");
	xfrm_spd_keep(r.spd);
	assert_int_equal(xfrm_spd_remove(r.spd, 1), CYG_OK);
	assert_int_equal(xfrm_spd_remove(r.spd, 5), CYG_NOTFOUND);
	check(3, 3, 3, 3);
	assert_int_equal(xfrm_spd_remove(r.spd, 4), CYG_OK);
	check(3, 3, 3, 0);
	set(&r, 4, POLICY_PASS, "10.5.0.0/24");
	end_by_kill(&r);
	check(3, 3, 3, 0);
	net_close(r.net);
}

static void all_of_it_can_be_removed(void **state)
{
	struct run r;
	unsigned found = 77;

	first_run(&r);
	end_by_kill(&r);
	begin(&r);
	assert_int_equal(xfrm_left_remove(&r.nl, &found, NULL), CYG_OK);
	assert_int_equal(found, 9);
	check(0, 0, 0, 0);
	assert_int_equal(xfrm_left_remove(&r.nl, &found, NULL), CYG_OK);
	assert_int_equal(found, 0);
	xfrm_spd_free(r.spd);
	netlink_close(&r.nl);
	net_close(r.net);
}

/* The kernel takes one away only by its mark and interface. */
static void what_was_for_some_packets_is_found_and_goes(void **state)
{
	const struct packet_scope marked = {.mark = {5, 0xff}}, through = {.if_id = 7};
	struct xfrm_left left;
	struct run r;

	first_run(&r);
	set_for(&r, 5, POLICY_PROTECT, "10.6.0.0/24", &marked);
	set_for(&r, 6, POLICY_PROTECT, "10.6.0.0/24", &through);
	set_for(&r, 7, POLICY_DROP, "10.7.0.0/24", &through);
	end_by_kill(&r);
	begin(&r);
	assert_int_equal(xfrm_left_inherit(&r.nl, &left, NULL), CYG_OK);
	assert_int_equal(left.len, 9 + 9);
	/* One of the two is wanted anew. */
	set_for(&r, 3, POLICY_PROTECT, "10.6.0.0/24", &through);
	assert_int_equal(xfrm_left_settle(&left, &r.nl, r.spd, NULL), CYG_OK);
	assert_int_equal(policies("10.6.0.0/24"), 3);
	assert_int_equal(policies("mark 0x5"), 0);
	assert_int_equal(policies("if_id 0x7"), 3);
	assert_int_equal(policies("10.7.0.0/24"), 0);
	xfrm_spd_free(r.spd);
	check(0, 0, 0, 0);
	assert_int_equal(policies("if_id 0x7"), 0);
	netlink_close(&r.nl);
	net_close(r.net);
}

/* Many more than fit one answer of the kernel's. */
static void many_are_found(void **state)
{
	struct xfrm_left left;
	struct run r;

	first_run(&r);
	for (uint32_t i = 0; i < 1000; i++) {
		char remote[32];

		snprintf(remote, sizeof(remote), "172.16.%u.%u/32", i / 250, i % 250);
		set(&r, 100 + i, POLICY_DROP, remote);
	}
	end_by_kill(&r);
	begin(&r);
	assert_int_equal(xfrm_left_inherit(&r.nl, &left, NULL), CYG_OK);
	assert_int_equal(left.len, 3009);
	assert_int_equal(xfrm_left_settle(&left, &r.nl, r.spd, NULL), CYG_OK);
	check(0, 0, 0, 0);
	assert_int_equal(policies("172.16."), 0);
	xfrm_spd_free(r.spd);
	netlink_close(&r.nl);
	net_close(r.net);
}

static bool inherit(void *ctx)
{
	struct run *r = ctx;
	struct xfrm_left left;
	enum cyg_err err = xfrm_left_inherit(&r->nl, &left, NULL);

	assert_int_equal(left.len, err ? 0 : 9);
	xfrm_left_done(&left);
	return !err;
}

static void short_memory_leaves_the_guards(void **state)
{
	struct run r;

	first_run(&r);
	end_by_kill(&r);
	begin(&r);
	test_each_allocation_failing(inherit, &r, false);
	check(3, 3, 3, 0);
	xfrm_spd_free(r.spd);
	netlink_close(&r.nl);
	net_close(r.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_memory_leaves_the_guards),
		cmocka_unit_test(it_blocks_until_all_is_settled),
		cmocka_unit_test(what_lets_pass_goes_at_once),
		cmocka_unit_test(handed_over_it_stays_but_for_what_lets_pass),
		cmocka_unit_test(what_was_for_some_packets_is_found_and_goes),
		cmocka_unit_test(all_of_it_can_be_removed),
		cmocka_unit_test(many_are_found),
	};

	return RUN_TESTS("plane/xfrm_left", tests);
}
