/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static void the_kind_follows_the_connection(void **state)
{
	static const struct {
		uint8_t type, failure, negotiation;
		enum spd_state spd;
		enum policy_kind want;
		bool routed, clear_in;
	} rows[] = {
		{CONN_TUNNEL, SHUNT_NONE, SHUNT_HOLD, SPD_TRAP, POLICY_TRAP, true},
		{CONN_TUNNEL, SHUNT_NONE, SHUNT_HOLD, SPD_HOLD, POLICY_HOLD, true},
		{CONN_TUNNEL, SHUNT_NONE, SHUNT_NONE, SPD_HOLD, POLICY_HOLD, true},
		{CONN_TUNNEL, SHUNT_PASS, SHUNT_HOLD, SPD_TRAP, POLICY_TRAP, true, true},
		{CONN_TUNNEL, SHUNT_PASS, SHUNT_HOLD, SPD_HOLD, POLICY_HOLD, true, true},
		{CONN_TUNNEL, SHUNT_PASS, SHUNT_HOLD, SPD_PROTECT, POLICY_PROTECT, true},
		{CONN_TUNNEL, SHUNT_DROP, SHUNT_HOLD, SPD_TRAP, POLICY_TRAP, true},
		{CONN_TUNNEL, SHUNT_NONE, SHUNT_DROP, SPD_HOLD, POLICY_DROP, false},
		{CONN_TUNNEL, SHUNT_NONE, SHUNT_PASS, SPD_HOLD, POLICY_PASS, false},
		{CONN_TUNNEL, SHUNT_NONE, SHUNT_HOLD, SPD_PROTECT, POLICY_PROTECT, true},
		{CONN_TRANSPORT, SHUNT_NONE, SHUNT_HOLD, SPD_PROTECT, POLICY_PROTECT, true},
		{CONN_TUNNEL, SHUNT_NONE, SHUNT_HOLD, SPD_FAILED, POLICY_DROP, false},
		{CONN_TUNNEL, SHUNT_PASS, SHUNT_HOLD, SPD_FAILED, POLICY_PASS, false},
		{CONN_TUNNEL, SHUNT_DROP, SHUNT_HOLD, SPD_FAILED, POLICY_DROP, false},
		{CONN_TUNNEL, SHUNT_REJECT, SHUNT_HOLD, SPD_FAILED, POLICY_REJECT, false},
		{CONN_PASS, SHUNT_NONE, SHUNT_HOLD, SPD_SHUNT, POLICY_PASS, false},
		{CONN_DROP, SHUNT_NONE, SHUNT_HOLD, SPD_SHUNT, POLICY_DROP, false},
		{CONN_REJECT, SHUNT_NONE, SHUNT_HOLD, SPD_SHUNT, POLICY_REJECT, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2",
					       "10.2.0.0/24");
		struct actions out = {0};
		const struct plane_policy *set;
		struct loaded *l;

		test_row(i, "type %u in state %d", rows[i].type, rows[i].spd);
		c->type = rows[i].type;
		c->failure_shunt = rows[i].failure;
		c->negotiation_shunt = rows[i].negotiation;
		l = load(p, c);
		assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
		policy_set_spd(p, l, rows[i].spd, 9, &out);
		assert_int_equal(count_kind(&out, ACT_POLICY_SET), 1);
		assert_int_equal(find_kind(&out, ACT_POLICY_SET)->op, 9);
		set = find_kind(&out, ACT_POLICY_SET)->policy;
		assert_int_equal(set->kind, rows[i].want);
		assert_int_equal(set->clear_in, rows[i].clear_in);
		assert_int_equal(set->mode,
				 rows[i].type == CONN_TRANSPORT ? MODE_TRANSPORT : MODE_TUNNEL);
		assert_int_equal(set->id, l->policy_id);
		assert_int_equal(set->reqid, l->reqid);
		assert_true(ip_equal(&set->local.addr, &l->local_addr));
		assert_true(ip_equal(&set->remote.addr, &l->remote_addr));
		assert_int_equal(count_kind(&out, ACT_ROUTE_SET), rows[i].routed);
		actions_done(&out);
		policy_free(p);
	}
}

/* Each is narrower than the one before it, and so comes before it. */
static void narrow_selectors_come_first(void **state)
{
	static const struct {
		const char *left, *right;
		uint8_t proto;
		uint16_t left_port, right_port;
	} rows[] = {
		{"0.0.0.0/0", "0.0.0.0/0", 0, 0, 0},
		{"10.0.0.0/8,10.1.1.0/24", "0.0.0.0/0", 0, 0, 0}, /* the widest one counts */
		{"10.0.0.0/16", "0.0.0.0/0", 0, 0, 0},
		{"10.0.0.0/16", "10.2.0.0/16", 0, 0, 0},
		{"10.0.0.0/16", "10.2.0.0/24", 0, 0, 0},
		{"10.0.0.1/32", "10.2.0.0/24", 0, 0, 0},
		{"10.0.0.1/32", "10.2.0.1/32", 0, 0, 0},
		{"2001:db8::1/128", "2001:db8::2/128", 0, 0, 0},
		{"0.0.0.0/0", "0.0.0.0/0", 6, 0,
		 0}, /* a protocol counts more than any address */
		{"10.0.0.0/16", "0.0.0.0/0", 6, 0, 0},
		{"0.0.0.0/0", "0.0.0.0/0", 6, 0, 22}, /* a port more than that */
		{"10.0.0.0/16", "0.0.0.0/0", 6, 22, 0},
		{"0.0.0.0/0", "0.0.0.0/0", 6, 22, 22},
	};
	uint32_t before = UINT32_MAX;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", rows[i].left, "192.0.2.2",
					       rows[i].right);
		struct actions out = {0};
		struct loaded *l;
		uint32_t priority;

		test_row(i, "%s === %s", rows[i].left, rows[i].right);
		c->end[0].proto = c->end[1].proto = rows[i].proto;
		c->end[0].port = rows[i].left_port;
		c->end[1].port = rows[i].right_port;
		l = load(p, c);
		assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
		policy_set_spd(p, l, SPD_TRAP, 0, &out);
		priority = find_kind(&out, ACT_POLICY_SET)->policy->priority;
		if (i != 7) /* both families alike */
			assert_true(priority < before);
		else
			assert_int_equal(priority, before);
		before = priority;
		actions_done(&out);
		policy_free(p);
	}
}

static void it_comes_to_rest_as_it_was_routed(void **state)
{
	static const struct {
		uint8_t type, failure;
		bool routed, failed;
		enum spd_state want;
	} rows[] = {
		{CONN_TUNNEL, SHUNT_DROP, false, false, SPD_NONE},
		{CONN_TUNNEL, SHUNT_DROP, false, true, SPD_NONE},
		{CONN_TUNNEL, SHUNT_DROP, true, false, SPD_TRAP},
		{CONN_TUNNEL, SHUNT_DROP, true, true, SPD_FAILED},
		{CONN_TUNNEL, SHUNT_NONE, true, true, SPD_TRAP},
		{CONN_PASS, SHUNT_NONE, true, false, SPD_SHUNT},
		{CONN_PASS, SHUNT_NONE, false, false, SPD_NONE},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2",
					       "10.2.0.0/24");
		struct loaded *l;

		test_row(i, "type %u", rows[i].type);
		c->type = rows[i].type;
		c->failure_shunt = rows[i].failure;
		l = load(p, c);
		l->routed = rows[i].routed;
		assert_int_equal(policy_resting(l, rows[i].failed), rows[i].want);
		policy_free(p);
	}
}

static size_t position(const struct actions *a, enum action_kind kind, uint32_t id)
{
	for (size_t i = 0; i < a->len; i++) {
		const struct action *x = &a->items[i];

		if (x->kind == kind &&
		    (kind == ACT_POLICY_SET ? x->policy->id : x->remove_id) == id)
			return i;
	}
	fail();
	return 0;
}

/* Nothing leaves in clear between two entries: what comes is set before what goes is removed. */
static void what_comes_stands_before_what_goes(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", "10.1.0.0/16", "192.0.2.2",
					   "10.2.0.0/16"));
	struct ip_prefix narrow = {addr("10.1.7.0"), 24};
	struct ts ts = ts_of_prefix(&narrow);
	struct ts_set local = {&ts, 1};
	struct actions out = {0};

	l->routed = true;
	assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, l, SPD_TRAP, 0, &out);
	actions_clear(&out);
	assert_int_equal(policy_claim(p, l, &local, &l->ts_remote, NULL), CYG_OK);
	assert_int_equal(policy_active_count(p), 0);
	policy_set_spd(p, l, SPD_PROTECT, 5, &out);
	assert_int_equal(policy_active_count(p), 1);
	assert_true(position(&out, ACT_POLICY_SET, l->policy_id + 1) <
		    position(&out, ACT_POLICY_SET, l->policy_id));
	assert_int_equal(out.items[position(&out, ACT_POLICY_SET, l->policy_id)].op, 5);
	assert_int_equal(out.items[position(&out, ACT_POLICY_SET, l->policy_id + 1)].op, 0);
	assert_ptr_equal(policy_by_policy_id(p, l->policy_id + 1), l);
	assert_int_equal(count_kind(&out, ACT_ROUTE_REMOVE), 0);
	actions_clear(&out);
	policy_set_spd(p, l, SPD_PROTECT, 0, &out);
	assert_int_equal(policy_active_count(p), 1);
	actions_clear(&out);
	policy_set_spd(p, l, SPD_TRAP, 0, &out);
	assert_int_equal(policy_active_count(p), 0);
	assert_true(position(&out, ACT_POLICY_SET, l->policy_id) <
		    position(&out, ACT_POLICY_REMOVE, l->policy_id + 1));
	actions_done(&out);
	policy_free(p);
}

/* What an action points at outlives the connection: the list owns it. */
static void actions_outlive_the_connection(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2",
					   "10.2.0.0/24"));
	struct actions out = {0};
	char text[64];

	assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, l, SPD_TRAP, 0, &out);
	policy_remove(p, l, &out);
	policy_free(p);
	assert_string_equal(ts_set_print(&find_kind(&out, ACT_POLICY_SET)->policy->ts_remote,
					 text, sizeof(text)),
			    "10.2.0.0/24");
	assert_int_equal(find_kind(&out, ACT_ROUTE_SET)->route->destination.bits, 24);
	actions_done(&out);
}

static void removing_what_never_stood_does_nothing(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2",
					   "10.2.0.0/24"));
	struct actions out = {0};

	policy_set_spd(p, l, SPD_NONE, 0, &out);
	assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, l, SPD_NONE, 0, &out);
	policy_remove(p, l, &out);
	assert_int_equal(out.len, 0);
	actions_done(&out);
	policy_free(p);
}

/* One that the connection says is taken as it is, whatever its selectors. */
static void a_priority_of_its_own_counts(void **state)
{
	static const char *const nets[] = {"0.0.0.0/0", "10.0.0.0/24"};

	for (size_t i = 0; i < COUNT_OF(nets); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", nets[i], "192.0.2.2", nets[i]);
		struct actions out = {0};
		struct loaded *l;

		c->priority = 77;
		l = load(p, c);
		assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
		policy_set_spd(p, l, SPD_TRAP, 0, &out);
		assert_int_equal(find_kind(&out, ACT_POLICY_SET)->policy->priority, 77);
		actions_done(&out);
		policy_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_priority_of_its_own_counts),
		cmocka_unit_test(removing_what_never_stood_does_nothing),
		cmocka_unit_test(the_kind_follows_the_connection),
		cmocka_unit_test(narrow_selectors_come_first),
		cmocka_unit_test(it_comes_to_rest_as_it_was_routed),
		cmocka_unit_test(what_comes_stands_before_what_goes),
		cmocka_unit_test(actions_outlive_the_connection),
	};

	return RUN_TESTS("policy/entry", tests);
}
