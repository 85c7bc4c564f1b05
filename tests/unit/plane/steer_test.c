/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/steer.h"

#include "plane/esp/branch.h"
#include "plane/esp/egress.h"
#include "plane/esp/esp.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define TABLE 16555u

struct scene {
	struct net *net;
	struct steer *steer;
	struct steer_config config;
};

static void start(struct scene *s)
{
	s->net = namespace_enter();
	namespace_ip("link add tun0 type veth peer name far0");
	namespace_ip("link set far0 up");
	namespace_ip("link set tun0 addrgenmode none up");
	namespace_ip("addr add 192.0.2.1/24 dev tun0");
	s->config = (struct steer_config){s->net, TABLE, 16555, ESP_MARK,
					  if_nametoindex("tun0")};
	assert_int_equal(steer_new(&s->config, &s->steer, NULL), CYG_OK);
}

static void stop(struct scene *s)
{
	steer_free(s->steer);
	assert_string_equal(namespace_show("-4 route show table %u", TABLE), "");
	assert_string_equal(namespace_show("-6 route show table %u", TABLE), "");
	assert_string_equal(namespace_show("-4 route show table %u",
					   ESP_UNSOURCED_TABLE(TABLE)),
			    "");
	assert_string_equal(namespace_show("-6 route show table %u",
					   ESP_UNSOURCED_TABLE(TABLE)),
			    "");
	assert_null(strstr(namespace_show("rule show"), "16555"));
	assert_null(strstr(namespace_show("-6 rule show"), "16555"));
	net_close(s->net);
}

static void route(struct scene *s, uint32_t id, const char *prefix, const char *source)
{
	struct plane_route r = {.id = id};

	assert_int_equal(prefix_parse(prefix, &r.destination, NULL), CYG_OK);
	if (source)
		r.source = make_ip(source);
	assert_int_equal(steer_route_set(s->steer, &r, NULL), CYG_OK);
}

static void policy(struct scene *s, uint32_t id, enum policy_kind kind, uint32_t priority,
		   const char *local, const char *remote)
{
	struct plane_policy p = make_policy(id, kind, priority, 1, local, remote);

	assert_int_equal(steer_policy_set(s->steer, &p, NULL), CYG_OK);
	drop_policy(&p);
}

static const char *shown(const char *prefix)
{
	return namespace_show("%s route show table %u exact %s",
			      strchr(prefix, ':') ? "-6" : "-4", TABLE, prefix);
}

/* In the table of packets that have no source yet. */
static const char *shown_unsourced(const char *prefix)
{
	return namespace_show("%s route show table %u exact %s",
			      strchr(prefix, ':') ? "-6" : "-4", ESP_UNSOURCED_TABLE(TABLE),
			      prefix);
}

static void rules_stand_while_it_lives(void **state)
{
	struct scene s;

	start(&s);
	assert_string_equal(
		namespace_show("rule show priority 16555"),
		"16555: not from all fwmark 0x43590000/0xffff0000 lookup 16555 proto 67");
	assert_string_equal(
		namespace_show("-6 rule show priority 16555"),
		"16555: not from all fwmark 0x43590000/0xffff0000 lookup 16555 proto 67");
	assert_non_null(strstr(shown("224.0.0.0/4"), "throw"));
	assert_non_null(strstr(shown("fe80::/10"), "throw"));
	assert_non_null(strstr(shown_unsourced("224.0.0.0/4"), "throw"));
	assert_non_null(strstr(shown_unsourced("255.255.255.255"), "throw"));
	assert_non_null(strstr(shown_unsourced("fe80::/10"), "throw"));
	assert_string_equal(namespace_show("rule show priority 16299"),
			    "16299: from 0.0.0.0 lookup 16811 proto 67");
	assert_string_equal(
		namespace_show("-6 rule show priority 16299"),
		"16299: not from all fwmark 0x43590000/0xffff0000 lookup 16811 proto 67");
	assert_string_equal(
		namespace_show("-6 rule show priority 16043"),
		"16043: from ::/1 goto 16555 proto 67 16043: from 8000::/1 goto 16555 proto 67");
	stop(&s);
}

static void a_tunnel_has_a_guard_under_it(void **state)
{
	struct scene s;

	start(&s);
	route(&s, 1, "10.2.0.0/24", NULL);
	assert_string_equal(shown("10.2.0.0/24"),
			    "10.2.0.0/24 dev tun0 proto 67 metric 1 "
			    "prohibit 10.2.0.0/24 proto 67 metric 2");
	route(&s, 2, "2001:db8:2::/48", NULL);
	assert_non_null(strstr(shown("2001:db8:2::/48"), "prohibit"));
	assert_int_equal(steer_count(s.steer), 2);
	assert_int_equal(steer_route_remove(s.steer, 3), CYG_NOTFOUND);
	assert_int_equal(steer_route_remove(s.steer, 1), CYG_OK);
	assert_string_equal(shown("10.2.0.0/24"), "");
	stop(&s);
}

/* Where senders are told apart, only a packet without a source goes in by destination alone. */
static void a_tunnel_is_for_its_senders_alone(void **state)
{
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	route(&s, 1, "0.0.0.0/0", NULL);
	assert_string_equal(shown("0.0.0.0/0"), "");
	assert_string_equal(shown_unsourced("0.0.0.0/0"), "");
	policy(&s, 1, POLICY_PROTECT, 1000, "10.1.0.0/24", "0.0.0.0/0");
	policy(&s, 2, POLICY_PASS, 100, "0.0.0.0/0", "10.5.0.0/16");
	assert_string_equal(shown("0.0.0.0/0"), "");
	route(&s, 1, "0.0.0.0/0", "192.0.2.1");
	assert_string_equal(shown("0.0.0.0/0"), "");
	assert_non_null(strstr(shown_unsourced("0.0.0.0/0"), "dev tun0"));
	assert_non_null(strstr(shown_unsourced("0.0.0.0/0"), "src 192.0.2.1"));
	assert_non_null(strstr(shown_unsourced("0.0.0.0/0"), "prohibit"));
	/* What leads on does so for all. */
	assert_non_null(strstr(shown_unsourced("10.1.0.0/24"), "throw"));
	assert_non_null(strstr(shown("10.1.0.0/24"), "throw"));
	assert_non_null(strstr(shown_unsourced("10.5.0.0/16"), "throw"));
	assert_non_null(strstr(shown("10.5.0.0/16"), "throw"));
	/* While nothing marks what was given its source later, destination decides. */
	for (int i = 0; i < 2; i++) {
		steer_has_marks(s.steer, false);
		assert_non_null(strstr(shown("0.0.0.0/0"), "dev tun0"));
		assert_non_null(strstr(shown("0.0.0.0/0"), "prohibit"));
		steer_has_marks(s.steer, true);
		assert_string_equal(shown("0.0.0.0/0"), "");
		assert_non_null(strstr(shown_unsourced("0.0.0.0/0"), "dev tun0"));
	}
	route(&s, 1, "0.0.0.0/0", NULL);
	assert_string_equal(shown_unsourced("0.0.0.0/0"), "");
	route(&s, 2, "2001:db8:2::/48", NULL);
	assert_string_equal(shown("2001:db8:2::/48"), "");
	assert_int_equal(steer_route_remove(s.steer, 1), CYG_OK);
	/* IPv6 asks again, with a source, where one without is refused: it gets the right one. */
	namespace_ip("addr add 2001:db8:1::1/64 dev tun0 nodad");
	route(&s, 3, "2001:db8:5::/48", "2001:db8:1::1");
	assert_non_null(strstr(shown_unsourced("2001:db8:5::/48"), "prohibit"));
	namespace_ip("link set lo up");
	route(&s, 3, "::/0", "2001:db8:1::1");
	assert_string_equal(
		shown_unsourced("::/0"),
		"default dev tun0 proto 67 src 2001:db8:1::1 metric 1 pref medium "
		"local default dev lo proto 67 src 2001:db8:1::1 metric 2 pref medium");
	steer_has_marks(s.steer, false);
	assert_null(strstr(shown_unsourced("::/0"), "local"));
	assert_non_null(strstr(shown_unsourced("::/0"), "prohibit"));
	stop(&s);
}

/* Two routes of one prefix: the newest counts, and the other one comes back when it goes. */
static void routes_are_shared(void **state)
{
	struct scene s;

	start(&s);
	route(&s, 1, "10.2.0.0/24", NULL);
	route(&s, 2, "10.2.0.0/24", "192.0.2.1");
	assert_non_null(strstr(shown("10.2.0.0/24"), "src 192.0.2.1"));
	assert_int_equal(steer_route_remove(s.steer, 2), CYG_OK);
	assert_null(strstr(shown("10.2.0.0/24"), "src"));
	assert_non_null(strstr(shown("10.2.0.0/24"), "dev tun0"));
	/* An id that moves on leaves nothing behind. */
	route(&s, 1, "10.3.0.0/24", NULL);
	assert_string_equal(shown("10.2.0.0/24"), "");
	assert_non_null(strstr(shown("10.3.0.0/24"), "dev tun0"));
	stop(&s);
}

static void a_route_the_kernel_refuses_changes_nothing(void **state)
{
	struct plane_route r = {.id = 1, .source = make_ip("203.0.113.77")};
	struct diag why = {0};
	struct scene s;

	start(&s);
	route(&s, 1, "10.2.0.0/24", NULL);
	assert_int_equal(prefix_parse("10.9.0.0/16", &r.destination, NULL), CYG_OK);
	assert_int_not_equal(steer_route_set(s.steer, &r, &why), CYG_OK);
	assert_true(diag_is_set(&why));
	assert_string_equal(shown("10.9.0.0/16"), "");
	assert_non_null(strstr(shown("10.2.0.0/24"), "dev tun0"));
	/* A new one is forbidden, also where senders are told apart. */
	steer_by_source(s.steer, true);
	assert_int_equal(steer_route_remove(s.steer, 1), CYG_OK);
	assert_int_not_equal(steer_route_set(s.steer, &r, NULL), CYG_OK);
	assert_string_equal(shown_unsourced("10.9.0.0/16"),
			    "prohibit 10.9.0.0/16 proto 67 metric 2");
	assert_int_equal(steer_route_remove(s.steer, 1), CYG_OK);
	assert_string_equal(shown_unsourced("10.9.0.0/16"), "");
	stop(&s);
}

static void our_own_side_is_spared(void **state)
{
	struct scene s;

	start(&s);
	policy(&s, 1, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.0.0.0/8");
	policy(&s, 2, POLICY_TRAP, 1000, "10.1.0.0/24,0.0.0.0/0", "10.9.0.0/16");
	assert_string_equal(shown("10.1.0.0/24"), "throw 10.1.0.0/24 proto 67 metric 4");
	assert_string_equal(shown("0.0.0.0/0"), "");
	/* Somebody's far side is stronger than somebody else's own. */
	route(&s, 9, "10.1.0.0/24", NULL);
	assert_non_null(strstr(shown("10.1.0.0/24"),
			       "dev tun0 proto 67 metric 1 prohibit 10.1.0.0/24"));
	assert_int_equal(steer_route_remove(s.steer, 9), CYG_OK);
	steer_policy_remove(s.steer, 1);
	assert_string_equal(shown("10.1.0.0/24"), "throw 10.1.0.0/24 proto 67 metric 4");
	steer_policy_remove(s.steer, 2);
	steer_policy_remove(s.steer, 2);
	assert_string_equal(shown("10.1.0.0/24"), "");
	stop(&s);
}

static void ranges_are_cut_into_prefixes(void **state)
{
	struct scene s;

	start(&s);
	policy(&s, 1, POLICY_PROTECT, 1000, "10.1.0.1-10.1.0.6", "10.2.0.0/24");
	assert_non_null(strstr(shown("10.1.0.1/32"), "throw"));
	assert_non_null(strstr(shown("10.1.0.2/31"), "throw"));
	assert_non_null(strstr(shown("10.1.0.4/31"), "throw"));
	assert_non_null(strstr(shown("10.1.0.6/32"), "throw"));
	stop(&s);
}

static void shunts_are_routes_where_destination_decides(void **state)
{
	struct scene s;

	start(&s);
	policy(&s, 1, POLICY_PASS, 100, "0.0.0.0/0", "10.5.0.0/16");
	assert_string_equal(shown("10.5.0.0/16"), "throw 10.5.0.0/16 proto 67 metric 3");
	policy(&s, 1, POLICY_DROP, 100, "0.0.0.0/0", "10.5.0.0/16");
	assert_string_equal(shown("10.5.0.0/16"), "blackhole 10.5.0.0/16 proto 67 metric 3");
	/* A better priority wins, and leaves the other standing when it goes. */
	policy(&s, 2, POLICY_REJECT, 50, "0.0.0.0/0,::/0", "10.5.0.0/16");
	assert_string_equal(shown("10.5.0.0/16"), "prohibit 10.5.0.0/16 proto 67 metric 3");
	policy(&s, 3, POLICY_PASS, 70, "0.0.0.0/0", "10.5.0.0/16");
	assert_string_equal(shown("10.5.0.0/16"), "prohibit 10.5.0.0/16 proto 67 metric 3");
	steer_policy_remove(s.steer, 2);
	assert_string_equal(shown("10.5.0.0/16"), "throw 10.5.0.0/16 proto 67 metric 3");
	steer_policy_remove(s.steer, 3);
	steer_policy_remove(s.steer, 1);
	assert_string_equal(shown("10.5.0.0/16"), "");
	stop(&s);
}

/* The rules of branches, and the routes of the first one's table. */
static const char *branch_rules(void)
{
	return namespace_show("rule show priority %u", 16555 - ESP_BRANCH_BEFORE(0));
}

static const char *in_branch(uint32_t n, const char *prefix)
{
	return namespace_show("route show table %u exact %s", ESP_BRANCH_TABLE(TABLE, 0u) + n,
			      prefix);
}

/* Where destination alone does not decide, only who is meant comes to the device. */
static void narrower_shunts_are_for_their_senders(void **state)
{
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_DROP, 100, "10.1.0.0/24", "10.5.0.0/16");
	policy(&s, 2, POLICY_REJECT, 90, "10.1.0.0/24", "10.6.0.0/16");
	assert_string_equal(shown("10.5.0.0/16"), "");
	assert_non_null(strstr(branch_rules(), "from 10.1.0.0/24 lookup"));
	assert_non_null(strstr(in_branch(0, "10.5.0.0/16"), "dev tun0"));
	assert_non_null(strstr(in_branch(0, "10.5.0.0/16"), "prohibit"));
	assert_non_null(strstr(in_branch(0, "10.6.0.0/16"), "dev tun0"));
	assert_non_null(strstr(in_branch(0, "224.0.0.0/4"), "throw"));
	policy(&s, 3, POLICY_REJECT, 100, "0.0.0.0/0", "10.6.0.0/16[tcp/25]");
	assert_non_null(strstr(branch_rules(), "from all ipproto tcp dport 25 lookup"));
	assert_non_null(strstr(in_branch(1, "10.6.0.0/16"), "dev tun0"));
	/* The last one takes its rules along. */
	policy(&s, 1, POLICY_PASS, 100, "10.1.0.0/24", "10.5.0.0/16");
	assert_string_equal(in_branch(0, "10.5.0.0/16"), "throw 10.5.0.0/16 proto 67 metric 3");
	assert_non_null(strstr(branch_rules(), "from 10.1.0.0/24"));
	steer_policy_remove(s.steer, 2);
	assert_null(strstr(branch_rules(), "from 10.1.0.0/24"));
	steer_policy_remove(s.steer, 3);
	assert_string_equal(branch_rules(), "");
	assert_string_equal(in_branch(0, "224.0.0.0/4"), "");
	policy(&s, 4, POLICY_DROP, 100, "10.1.0.0/24", "10.5.0.0/16");
	stop(&s);
	assert_string_equal(branch_rules(), "");
}

/* A destination leads into the device in the first branch's table, with a guard under it; or not. */
static bool goes_in(const char *prefix)
{
	const char *there = in_branch(0, prefix);

	return strstr(there, "dev tun0") && strstr(there, "prohibit");
}

/* Whatever stands in the main table, their local networks' packets look at a branch first. */
static void tunnels_have_branches_of_their_senders(void **state)
{
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_TRAP, 1000, "10.1.0.0/24[udp]", "10.2.0.0/16[udp/500],10.0.0.0/8");
	assert_non_null(strstr(branch_rules(), "from 10.1.0.0/24 lookup"));
	assert_null(strstr(branch_rules(), "ipproto"));
	assert_true(goes_in("10.2.0.0/16"));
	assert_true(goes_in("10.0.0.0/8"));
	assert_string_equal(in_branch(0, "10.1.0.0/24"), "throw 10.1.0.0/24 proto 67 metric 4");
	/* What is dropped of a network's own traffic is not spared. */
	policy(&s, 2, POLICY_DROP, 900, "10.1.0.0/24", "10.0.0.0/8");
	assert_string_equal(in_branch(0, "10.1.0.0/24"), "");
	steer_policy_remove(s.steer, 2);
	assert_non_null(strstr(in_branch(0, "10.1.0.0/24"), "throw"));
	/* It is one branch, however many tunnels it has. */
	policy(&s, 3, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.2.0.0/16");
	policy(&s, 1, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.3.0.0/16");
	assert_true(goes_in("10.2.0.0/16"));
	assert_string_equal(in_branch(0, "10.0.0.0/8"), "");
	steer_policy_remove(s.steer, 1);
	steer_policy_remove(s.steer, 3);
	assert_string_equal(branch_rules(), "");
	assert_string_equal(in_branch(0, "10.1.0.0/24"), "");
	stop(&s);
}

/*
 * A rule for packets from everywhere is what the kernel takes away when it is asked for the one
 * of the mark, and the other way round: each of the two has to go, or the next branch has no room.
 */
static void a_branch_for_all_senders_comes_again(void **state)
{
	static const char *const nets[][3] = {{"0.0.0.0/0", "10.2.0.0/16", "-4"},
					      {"::/0", "2001:db8:2::/48", "-6"}};
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	for (size_t i = 0; i < COUNT_OF(nets); i++) {
		for (int round = 0; round < 3; round++) {
			test_row(i, "round %d", round);
			policy(&s, 1, POLICY_TRAP, 1000, nets[i][0], nets[i][1]);
			steer_policy_remove(s.steer, 1);
			assert_string_equal(namespace_show("%s rule show priority %u", nets[i][2],
							   16555 - ESP_BRANCH_BEFORE(0)),
					    "");
		}
	}
	stop(&s);
}

/* A pass leads on in a branch only before whoever has its destination come in. */
static void passes_count_by_rank_in_branches(void **state)
{
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_PASS, 500, "0.0.0.0/0", "10.2.5.0/24");
	policy(&s, 2, POLICY_PROTECT, 400, "10.1.0.0/24", "10.2.0.0/16");
	assert_true(goes_in("10.2.0.0/16"));
	assert_string_equal(in_branch(0, "10.2.5.0/24"), "");
	policy(&s, 2, POLICY_PROTECT, 600, "10.1.0.0/24", "10.2.0.0/16");
	assert_string_equal(in_branch(0, "10.2.5.0/24"), "throw 10.2.5.0/24 proto 67 metric 3");
	/* Of one rank the first counts, */
	policy(&s, 2, POLICY_PROTECT, 500, "10.1.0.0/24", "10.2.0.0/16");
	assert_non_null(strstr(in_branch(0, "10.2.5.0/24"), "throw"));
	/* and so does any of those who protect it. */
	policy(&s, 3, POLICY_PROTECT, 100, "10.1.0.0/24", "0.0.0.0/0");
	assert_string_equal(in_branch(0, "10.2.5.0/24"), "");
	steer_policy_remove(s.steer, 3);
	assert_non_null(strstr(in_branch(0, "10.2.5.0/24"), "throw"));
	policy(&s, 1, POLICY_PASS, 700, "0.0.0.0/0", "10.2.5.0/24,2001:db8:2::/48");
	assert_string_equal(in_branch(0, "10.2.5.0/24"), "");
	policy(&s, 1, POLICY_PASS, 100, "0.0.0.0/0", "10.2.5.0/24");
	assert_non_null(strstr(in_branch(0, "10.2.5.0/24"), "throw"));
	steer_policy_remove(s.steer, 1);
	assert_string_equal(in_branch(0, "10.2.5.0/24"), "");
	/* It holds no branch. */
	policy(&s, 1, POLICY_PASS, 100, "0.0.0.0/0", "10.2.5.0/24");
	steer_policy_remove(s.steer, 2);
	assert_string_equal(branch_rules(), "");
	assert_string_equal(in_branch(0, "10.2.5.0/24"), "");
	stop(&s);
}

/* So does one for as many senders as the branch or more, of all they send. */
static void passes_for_some_senders_count_in_their_branches(void **state)
{
	static const struct {
		const char *local, *remote;
		uint32_t priority;
		bool leads_on;
	} rows[] = {
		{"10.1.0.0/25", "10.2.5.0/24", 100, false},
		{"10.1.0.0/24[tcp]", "10.2.5.0/24", 100, false},
		{"10.1.0.0/24", "10.2.5.0/24[udp/53]", 100, false},
		{"10.7.0.0/24", "10.2.5.0/24", 100, false},
		{"10.1.0.0/24", "10.2.5.0/24", 700, false},
		{"10.1.0.0/24", "10.2.5.0/24", 100, true},
		{"10.0.0.0/8", "10.2.5.0/24,10.9.0.0/16", 100, true},
		{"10.1.0.0/25,10.0.0.0/15", "10.2.5.0/24", 100, true},
	};
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool pass_first = i % 2;

		if (pass_first)
			policy(&s, 1, POLICY_PASS, rows[i / 2].priority, rows[i / 2].local,
			       rows[i / 2].remote);
		policy(&s, 2, POLICY_PROTECT, 600, "10.1.0.0/24", "10.2.0.0/16");
		if (!pass_first)
			policy(&s, 1, POLICY_PASS, rows[i / 2].priority, rows[i / 2].local,
			       rows[i / 2].remote);
		assert_true(goes_in("10.2.0.0/16"));
		assert_string_equal(in_branch(0, "10.2.5.0/24"),
				    rows[i / 2].leads_on ? "throw 10.2.5.0/24 proto 67 metric 3"
							 : "");
		assert_string_equal(shown("10.2.5.0/24"), "");
		steer_policy_remove(s.steer, pass_first ? 1 : 2);
		assert_string_equal(in_branch(0, "10.2.5.0/24"), "");
		steer_policy_remove(s.steer, pass_first ? 2 : 1);
		assert_string_equal(branch_rules(), "");
	}
	stop(&s);
}

/* The length of packets that a route of the core's asks for holds for its senders' way too. */
static const char *detours(const char *family)
{
	return namespace_show("%s rule show priority %u", family, 16555 - ESP_BYPASS_BEFORE);
}

/* For a part of a branch's network a rule leads past all branches, while nobody before it is for any of that. */
static void passes_for_a_part_of_a_network_have_detours(void **state)
{
	static const char rule[] = "14763: from 10.1.0.0/25 to 10.2.5.0/24 goto 16555 proto 67";
	static const struct {
		enum policy_kind kind;
		uint32_t priority;
		const char *local, *remote;
		bool stays;
	} others[] = {
		{POLICY_PROTECT, 50, "10.1.0.0/16", "10.2.0.0/16", false},
		{POLICY_PROTECT, 50, "10.1.0.9", "10.2.5.9", false},
		{POLICY_TRAP, 50, "10.1.0.0/25[tcp]", "10.2.5.0/25[tcp/80]", false},
		{POLICY_HOLD, 50, "0.0.0.0/0", "0.0.0.0/0", false},
		{POLICY_REJECT, 50, "10.1.0.9[udp]", "10.2.0.0/16", false},
		/* In the main table a part of it would be stopped, whoever counts first. */
		{POLICY_DROP, 50, "0.0.0.0/0", "10.2.5.9", false},
		{POLICY_DROP, 700, "0.0.0.0/0", "10.2.0.0/16", false},
		{POLICY_PASS, 50, "0.0.0.0/0", "10.2.0.0/16", true},
		{POLICY_PROTECT, 700, "10.1.0.9", "10.2.5.9", true},
		{POLICY_PROTECT, 50, "10.1.0.128/25", "10.2.5.0/24", true},
		{POLICY_PROTECT, 50, "10.1.0.0/25", "10.2.6.0/24", true},
		{POLICY_PROTECT, 50, "2001:db8:1::/48", "::/0", true},
	};
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_PASS, 100, "10.1.0.0/25", "10.2.5.0/24");
	assert_string_equal(detours("-4"), "");
	policy(&s, 2, POLICY_PROTECT, 600, "10.1.0.0/24", "10.2.0.0/16");
	assert_string_equal(detours("-4"), rule);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		policy(&s, 3, others[i].kind, others[i].priority, others[i].local,
		       others[i].remote);
		assert_string_equal(detours("-4"), others[i].stays ? rule : "");
		/* Whichever comes first. */
		policy(&s, 1, POLICY_PASS, 100, "10.1.0.0/25", "10.2.5.0/24");
		assert_string_equal(detours("-4"), others[i].stays ? rule : "");
		steer_policy_remove(s.steer, 1);
		assert_string_equal(detours("-4"), "");
		policy(&s, 1, POLICY_PASS, 100, "10.1.0.0/25", "10.2.5.0/24");
		assert_string_equal(detours("-4"), others[i].stays ? rule : "");
		steer_policy_remove(s.steer, 3);
		assert_string_equal(detours("-4"), rule);
	}
	/* Two may pass the same. */
	policy(&s, 4, POLICY_PASS, 200, "10.1.0.0/25", "10.2.5.0/24");
	steer_policy_remove(s.steer, 1);
	assert_string_equal(detours("-4"), rule);
	/* Where the main table has the tunnels, there is no way past them. */
	steer_has_marks(s.steer, false);
	assert_string_equal(detours("-4"), "");
	steer_has_marks(s.steer, true);
	assert_string_equal(detours("-4"), rule);
	policy(&s, 4, POLICY_PASS, 200, "10.1.0.0/25[tcp]", "10.2.5.0/24");
	assert_string_equal(detours("-4"), "");
	policy(&s, 5, POLICY_TRAP, 600, "2001:db8:1::/48", "::/0");
	policy(&s, 4, POLICY_PASS, 200, "2001:db8:1:7::/64", "::/0");
	assert_string_equal(detours("-6"), "14763: from 2001:db8:1:7::/64 goto 16555 proto 67");
	steer_policy_remove(s.steer, 5);
	assert_string_equal(detours("-6"), "");
	stop(&s);
}

static void detours_are_put_back(void **state)
{
	struct scene s;
	size_t missing;
	bool moved;

	start(&s);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_PASS, 100, "10.1.0.0/25", "10.2.5.0/24");
	policy(&s, 2, POLICY_PROTECT, 600, "10.1.0.0/24", "10.2.0.0/16");
	namespace_ip("rule del priority %u", 16555 - ESP_BYPASS_BEFORE);
	assert_int_equal(steer_restore(s.steer, s.config.ifindex, &missing, &moved, NULL),
			 CYG_OK);
	assert_int_equal(missing, 1);
	assert_non_null(strstr(detours("-4"), "to 10.2.5.0/24 goto 16555"));
	/* With the others it goes to the front. */
	namespace_ip("rule add priority 1000 from 10.66.0.0/16 lookup main");
	assert_int_equal(steer_restore(s.steer, s.config.ifindex, &missing, &moved, NULL),
			 CYG_OK);
	assert_true(moved);
	assert_string_equal(detours("-4"), "");
	assert_non_null(strstr(namespace_show("rule show"), "to 10.2.5.0/24 goto "));
	namespace_ip("rule del priority 1000");
	/* What an earlier run stopped is not passed before it is known what is wanted. */
	steer_keep(s.steer);
	steer_free(s.steer);
	assert_int_equal(steer_new(&s.config, &s.steer, NULL), CYG_OK);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_PASS, 100, "10.1.0.0/25", "10.2.5.0/24");
	policy(&s, 2, POLICY_PROTECT, 600, "10.1.0.0/24", "10.2.0.0/16");
	assert_null(strstr(namespace_show("rule show"), "to 10.2.5.0/24 goto "));
	assert_int_equal(steer_settled(s.steer, NULL), CYG_OK);
	assert_non_null(strstr(namespace_show("rule show"), "to 10.2.5.0/24 goto "));
	stop(&s);
}

/* Each costs all packets a little: the packets of others go by the device. */
static void detours_are_few(void **state)
{
	struct scene s;
	size_t n = 0;

	start(&s);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_PROTECT, 600, "10.1.0.0/16", "10.2.0.0/16");
	for (unsigned i = 0; i < 80; i++) {
		char local[32];

		snprintf(local, sizeof(local), "10.1.%u.0/24", i);
		policy(&s, 2 + i, POLICY_PASS, 100, local, "10.2.5.0/24");
	}
	for (const char *at = detours("-4"); (at = strstr(at, "goto")); at++)
		n++;
	assert_int_equal(n, 64);
	steer_policy_remove(s.steer, 2);
	policy(&s, 100, POLICY_PASS, 100, "10.1.99.0/24", "10.2.5.0/24");
	assert_non_null(strstr(detours("-4"), "10.1.99.0/24"));
	stop(&s);
}

static void lengths_of_routes_hold_in_branches(void **state)
{
	struct plane_route r = {.id = 1, .mtu = 1300};
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	assert_int_equal(prefix_parse("10.2.0.0/16", &r.destination, NULL), CYG_OK);
	policy(&s, 2, POLICY_PROTECT, 400, "10.1.0.0/24", "10.2.0.0/16");
	assert_null(strstr(in_branch(0, "10.2.0.0/16"), "mtu"));
	assert_int_equal(steer_route_set(s.steer, &r, NULL), CYG_OK);
	assert_non_null(strstr(in_branch(0, "10.2.0.0/16"), "mtu 1300"));
	steer_policy_remove(s.steer, 2);
	policy(&s, 2, POLICY_PROTECT, 400, "10.1.0.0/24", "10.2.0.0/16");
	assert_non_null(strstr(in_branch(0, "10.2.0.0/16"), "mtu 1300"));
	assert_int_equal(steer_route_remove(s.steer, 1), CYG_OK);
	assert_null(strstr(in_branch(0, "10.2.0.0/16"), "mtu"));
	stop(&s);
}

/* Each is a rule, which is for so many packets too many. */
static const char *pair_of(const struct egress_change *c, char out[128])
{
	static const char *const words[] = {"-", "on", "stop", "part"};
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];

	snprintf(out, 128, "%s %s %s>%s", prefix_print(&c->from, from),
		 prefix_print(&c->to, to), words[c->was], words[c->now]);
	return out;
}

/* All that was told since the last look. */
static void told(struct egress *e, size_t n, const char *const wanted[])
{
	char text[128];

	for (size_t i = 0; i < n && i < e->len; i++)
		assert_string_equal(pair_of(&e->changes[i], text), wanted[i]);
	assert_int_equal(e->len, n);
	e->len = 0;
}

/* For those who drop what goes past the routes: each pair once, and nothing that isn't a change. */
static void what_branches_do_is_told(void **state)
{
	static struct egress e = {.open = true};
	struct scene s;

	start(&s);
	steer_free(s.steer);
	s.config.egress = &e;
	assert_int_equal(steer_new(&s.config, &s.steer, NULL), CYG_OK);
	steer_by_source(s.steer, true);
	policy(&s, 1, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.2.0.0/24[tcp/80]");
	told(&e, 2,
	     (const char *[]){"10.1.0.0/24 10.1.0.0/24 ->on",
			      "10.1.0.0/24 10.2.0.0/24 ->part"});
	policy(&s, 2, POLICY_TRAP, 1000, "10.1.0.0/24", "10.2.0.0/24");
	told(&e, 1, (const char *[]){"10.1.0.0/24 10.2.0.0/24 part>stop"});
	policy(&s, 2, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.2.0.0/24");
	policy(&s, 3, POLICY_TRAP, 1000, "2001:db8:1::/48", "::/0");
	told(&e, 2,
	     (const char *[]){"2001:db8:1::/48 2001:db8:1::/48 ->on",
			      "2001:db8:1::/48 ::/0 ->stop"});
	/* What passes to all that goes there; and what is stopped for all. */
	policy(&s, 4, POLICY_PASS, 500, "::/0", "2001:db8:9::/48");
	told(&e, 1, (const char *[]){"2001:db8:1::/48 2001:db8:9::/48 ->on"});
	steer_policy_remove(s.steer, 2);
	told(&e, 1, (const char *[]){"10.1.0.0/24 10.2.0.0/24 stop>part"});
	egress_forget(&e);
	steer_tell(s.steer);
	assert_int_equal(e.len, 5);
	e.len = 0;
	for (uint32_t id = 1; id <= 4; id++)
		steer_policy_remove(s.steer, id);
	assert_int_equal(e.len, 5);
	for (size_t i = 0; i < e.len; i++)
		assert_int_equal(e.changes[i].now, EGRESS_NOTHING);
	egress_free(&e);
	stop(&s);
}

static void with_too_many_senders_destinations_are_steered(void **state)
{
	char local[32];
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	route(&s, 1, "10.2.0.0/16", NULL);
	for (uint32_t i = 0; i <= BRANCHES_FOR_TUNNELS; i++) {
		assert_false(steer_is_crowded(s.steer));
		assert_string_equal(shown("10.2.0.0/16"), "");
		snprintf(local, sizeof(local), "10.%u.%u.0/24", 100 + i / 256, i % 256);
		policy(&s, 1 + i, POLICY_PROTECT, 1000, local, "10.2.0.0/16");
	}
	assert_true(steer_is_crowded(s.steer));
	assert_non_null(strstr(shown("10.2.0.0/16"), "dev tun0"));
	/* What stops is still for its senders alone. */
	policy(&s, 5000, POLICY_DROP, 1000, "10.99.0.0/24", "10.3.0.0/16");
	assert_non_null(strstr(namespace_show("rule show from 10.99.0.0/24"), "lookup"));
	stop(&s);
}

static bool protect_beside_a_pass(void *ctx)
{
	struct scene *s = ctx;
	struct plane_policy p;
	bool well;

	test_allocations_count(false);
	p = make_policy(2, POLICY_PROTECT, 600, 1, "10.1.0.0/24", "10.2.0.0/16");
	policy(s, 1, POLICY_PASS, 500, "0.0.0.0/0", "10.2.5.0/24");
	test_allocations_count(true);
	well = steer_policy_set(s->steer, &p, NULL) == CYG_OK;
	test_allocations_count(false);
	assert_true(!*branch_rules() == !well);
	steer_policy_remove(s->steer, 2);
	assert_string_equal(branch_rules(), "");
	drop_policy(&p);
	test_allocations_count(true);
	return well;
}

static void a_branch_without_memory_is_none(void **state)
{
	struct scene s;

	start(&s);
	steer_by_source(s.steer, true);
	test_each_allocation_failing(protect_beside_a_pass, &s, true);
	stop(&s);
}

/* Without the firewall packets could get around them. */
static void without_the_firewall_destinations_are_steered(void **state)
{
	struct scene s;

	start(&s);
	policy(&s, 1, POLICY_DROP, 100, "10.1.0.0/24", "10.5.0.0/16");
	assert_non_null(strstr(shown("10.5.0.0/16"), "dev tun0"));
	assert_string_equal(branch_rules(), "");
	stop(&s);
}

/* What passes part of a destination that is stopped can be told by the database alone. */
static void a_narrower_pass_brings_what_is_stopped_to_the_device(void **state)
{
	struct scene s;

	start(&s);
	policy(&s, 1, POLICY_DROP, 100, "0.0.0.0/0", "10.5.0.0/16");
	assert_null(strstr(shown("10.5.0.0/16"), "dev tun0"));
	policy(&s, 2, POLICY_PASS, 50, "10.1.0.0/24", "10.5.7.0/24");
	assert_non_null(strstr(shown("10.5.0.0/16"), "dev tun0"));
	policy(&s, 2, POLICY_PASS, 50, "10.1.0.0/24", "10.5.8.0/24");
	assert_non_null(strstr(shown("10.5.0.0/16"), "dev tun0"));
	steer_policy_remove(s.steer, 2);
	assert_string_equal(shown("10.5.0.0/16"), "blackhole 10.5.0.0/16 proto 67 metric 3");
	stop(&s);
}

static void bypasses_come_and_go(void **state)
{
	struct endpoint local = make_endpoint("192.0.2.1", 4500);
	struct scene s;

	start(&s);
	assert_int_equal(steer_bypass(s.steer, &local, false, NULL), CYG_OK);
	assert_int_equal(steer_bypass(s.steer, &local, true, NULL), CYG_OK);
	assert_int_equal(steer_bypass(s.steer, &local, true, NULL), CYG_OK);
	assert_string_equal(
		namespace_show("rule show priority 14763"),
		"14763: from 192.0.2.1 ipproto udp sport 4500 lookup main proto 67");
	assert_int_equal(steer_bypass(s.steer, &local, false, NULL), CYG_OK);
	assert_string_equal(namespace_show("rule show priority 14763"), "");
	assert_int_equal(steer_bypass(s.steer, &local, true, NULL), CYG_OK);
	stop(&s);
	assert_string_equal(namespace_show("rule show priority 14763"), "");
}

static void what_a_killed_one_left_is_flushed(void **state)
{
	struct scene s;
	int found;

	start(&s);
	route(&s, 1, "10.2.0.0/24", NULL);
	found = steer_flush(s.net, TABLE, 16555);
	assert_int_equal(found, 2 + 10 + 4 + 4); /* tunnel and guard, exceptions, rules */
	assert_int_equal(steer_flush(s.net, TABLE, 16555), 0);
	stop(&s);
}

/* Killed: the device is gone with its routes, and what is left is of no living steer. */
static void guards_of_an_earlier_run_stay_until_it_is_settled(void **state)
{
	struct scene s;

	start(&s);
	steer_free(s.steer);
	namespace_ip("route add prohibit 10.2.0.0/24 table %u proto 67 metric 2", TABLE);
	namespace_ip("route add prohibit 10.3.0.0/24 table %u proto 67 metric 2", TABLE);
	namespace_ip("-6 route add prohibit 2001:db8:2::/48 table %u proto 67 metric 2", TABLE);
	namespace_ip("route add throw 10.4.0.0/24 table %u proto 67 metric 3", TABLE);
	namespace_ip("route add throw 10.5.0.0/24 table %u proto 67 metric 4", TABLE);
	namespace_ip("route add prohibit 10.6.0.0/24 table %u metric 2", TABLE);
	namespace_ip("route add prohibit 10.7.0.0/24 table %u proto 67 metric 2",
		     ESP_UNSOURCED_TABLE(TABLE));
	assert_int_equal(steer_new(&s.config, &s.steer, NULL), CYG_OK);
	assert_non_null(strstr(shown_unsourced("10.7.0.0/24"), "prohibit"));
	assert_string_equal(shown("10.4.0.0/24"), "");
	assert_non_null(strstr(shown("10.2.0.0/24"), "prohibit"));
	assert_non_null(strstr(shown("2001:db8:2::/48"), "prohibit"));
	assert_non_null(strstr(shown("10.5.0.0/24"), "throw"));
	route(&s, 1, "10.3.0.0/24", NULL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(steer_settled(s.steer, NULL), CYG_OK);
		assert_string_equal(shown("10.2.0.0/24"), "");
		assert_string_equal(shown_unsourced("10.7.0.0/24"), "");
		assert_string_equal(shown("2001:db8:2::/48"), "");
		assert_string_equal(shown("10.5.0.0/24"), "");
		assert_non_null(strstr(shown("10.3.0.0/24"), "prohibit"));
		assert_non_null(strstr(shown("10.3.0.0/24"), "dev tun0"));
		assert_non_null(strstr(shown("224.0.0.0/4"), "throw"));
		assert_non_null(strstr(shown("fe80::/10"), "throw"));
		/* Of another's making. */
		assert_non_null(strstr(shown("10.6.0.0/24"), "prohibit"));
	}
	namespace_ip("route del prohibit 10.6.0.0/24 table %u metric 2", TABLE);
	stop(&s);
}

static const char *rules_of_run(unsigned run)
{
	return namespace_show("rule show priority %u", 16555 - ESP_BRANCH_BEFORE(run));
}

/* Until it settles the newer run's rules stand before those of the earlier one, whichever it is. */
static const char *rules_of_newer(unsigned run)
{
	return run ? rules_of_run(1)
		   : namespace_show("rule show priority %u", 16555 - ESP_FRONT_BEFORE);
}

/* What stops some senders alone goes on, whatever number the new run's branches have. */
static void branches_of_an_earlier_run_stay_until_it_is_settled(void **state)
{
	struct scene s;

	start(&s);
	assert_int_equal(steer_settled(s.steer, NULL), CYG_OK);
	for (unsigned run = 0; run < 2; run++) {
		steer_by_source(s.steer, true);
		policy(&s, 1, POLICY_DROP, 100, "10.1.0.0/24", "10.5.0.0/16");
		assert_non_null(strstr(rules_of_run(run), "from 10.1.0.0/24"));
		assert_string_equal(rules_of_run(!run), "");
		for (int again = 0; again < 2; again++) {
			steer_keep(s.steer);
			steer_free(s.steer);
			assert_int_equal(steer_new(&s.config, &s.steer, NULL), CYG_OK);
			assert_true(steer_has_earlier_branches(s.steer));
			steer_by_source(s.steer, true);
			/* It may end again before it has settled. */
			policy(&s, 2, POLICY_DROP, 100, "10.7.0.0/24", "10.5.0.0/16");
			assert_non_null(strstr(rules_of_run(run), "from 10.1.0.0/24"));
			assert_non_null(strstr(rules_of_newer(!run), "from 10.7.0.0/24"));
		}
		assert_non_null(strstr(namespace_show("route show table %u exact 10.5.0.0/16",
						      ESP_BRANCH_TABLE(TABLE, run)),
				       "prohibit"));
		assert_int_equal(steer_settled(s.steer, NULL), CYG_OK);
		assert_false(steer_has_earlier_branches(s.steer));
		assert_string_equal(rules_of_run(run), "");
		assert_non_null(strstr(rules_of_run(!run), "from 10.7.0.0/24"));
		assert_string_equal(namespace_show("rule show priority %u",
						   16555 - ESP_FRONT_BEFORE),
				    "");
		steer_policy_remove(s.steer, 2);
	}
	stop(&s);
}

/* A start that fails leaves what stops clear text as it was. */
static bool begin_beside_guards(void *ctx)
{
	struct scene *s = ctx;
	bool well = steer_new(&s->config, &s->steer, NULL) == CYG_OK;

	test_allocations_count(false);
	assert_non_null(strstr(shown("10.2.0.0/24"), "prohibit"));
	if (well)
		steer_keep(s->steer);
	if (well)
		steer_free(s->steer);
	test_allocations_count(true);
	return well;
}

static void guards_outlive_a_start_that_fails(void **state)
{
	struct scene s;

	start(&s);
	namespace_ip("route add prohibit 10.2.0.0/24 table %u proto 67 metric 2", TABLE);
	steer_keep(s.steer);
	steer_free(s.steer);
	test_each_allocation_failing(begin_beside_guards, &s, true);
	assert_int_equal(steer_new(&s.config, &s.steer, NULL), CYG_OK);
	stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_stand_while_it_lives),
		cmocka_unit_test(guards_outlive_a_start_that_fails),
		cmocka_unit_test(a_tunnel_has_a_guard_under_it),
		cmocka_unit_test(a_tunnel_is_for_its_senders_alone),
		cmocka_unit_test(routes_are_shared),
		cmocka_unit_test(a_route_the_kernel_refuses_changes_nothing),
		cmocka_unit_test(our_own_side_is_spared),
		cmocka_unit_test(ranges_are_cut_into_prefixes),
		cmocka_unit_test(shunts_are_routes_where_destination_decides),
		cmocka_unit_test(narrower_shunts_are_for_their_senders),
		cmocka_unit_test(tunnels_have_branches_of_their_senders),
		cmocka_unit_test(a_branch_for_all_senders_comes_again),
		cmocka_unit_test(passes_count_by_rank_in_branches),
		cmocka_unit_test(passes_for_some_senders_count_in_their_branches),
		cmocka_unit_test(passes_for_a_part_of_a_network_have_detours),
		cmocka_unit_test(detours_are_put_back),
		cmocka_unit_test(detours_are_few),
		cmocka_unit_test(lengths_of_routes_hold_in_branches),
		cmocka_unit_test(what_branches_do_is_told),
		cmocka_unit_test(with_too_many_senders_destinations_are_steered),
		cmocka_unit_test(a_branch_without_memory_is_none),
		cmocka_unit_test(without_the_firewall_destinations_are_steered),
		cmocka_unit_test(a_narrower_pass_brings_what_is_stopped_to_the_device),
		cmocka_unit_test(bypasses_come_and_go),
		cmocka_unit_test(what_a_killed_one_left_is_flushed),
		cmocka_unit_test(guards_of_an_earlier_run_stay_until_it_is_settled),
		cmocka_unit_test(branches_of_an_earlier_run_stay_until_it_is_settled),
	};

	return RUN_TESTS("plane/steer", tests);
}
