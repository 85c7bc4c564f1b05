/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <string.h>

static enum cyg_err claim(struct policy *p, struct loaded *l, struct diag *why)
{
	return policy_claim(p, l, &l->ts_local, &l->ts_remote, why);
}

static void a_selector_has_one_owner(void **state)
{
	struct policy *p = database();
	struct loaded *a = load(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	struct loaded *b = load(p, between("b", "192.0.2.1", "10.1.0.0/24", "192.0.2.3", "10.2.0.0/24"));
	struct actions actions = {0};
	struct diag why;

	assert_int_equal(claim(p, a, &why), CYG_OK);
	policy_set_spd(p, a, SPD_TRAP, 0, &actions);
	assert_int_equal(claim(p, b, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.sentence, "connection a"));
	assert_int_equal(a->spd, SPD_TRAP);
	policy_set_spd(p, a, SPD_NONE, 0, &actions);
	assert_int_equal(claim(p, b, &why), CYG_OK);
	actions_done(&actions);
	policy_free(p);
}

static void another_description_of_the_same_peer_takes_over_in_one_step(void **state)
{
	struct policy *p = database();
	struct loaded *a = load(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	struct loaded *b = load(p, between("b", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	struct actions actions = {0};
	uint32_t entry;

	assert_int_equal(claim(p, a, NULL), CYG_OK);
	policy_set_spd(p, a, SPD_PROTECT, 0, &actions);
	entry = a->policy_id;
	actions_clear(&actions);
	assert_int_equal(claim(p, b, NULL), CYG_OK);
	policy_set_spd(p, b, SPD_PROTECT, 7, &actions);
	assert_int_equal(b->policy_id, entry);
	assert_int_equal(a->spd, SPD_NONE);
	assert_int_equal(count_kind(&actions, ACT_POLICY_REMOVE), 0);
	assert_int_equal(find_kind(&actions, ACT_POLICY_SET)->policy->id, entry);
	assert_int_equal(find_kind(&actions, ACT_POLICY_SET)->op, 7);
	assert_ptr_equal(policy_by_policy_id(p, entry), b);
	assert_ptr_equal(policy_by_policy_id(p, a->policy_id), a);
	actions_done(&actions);
	policy_free(p);
}

static void a_route_lasts_as_long_as_one_wants_it(void **state)
{
	struct policy *p = database();
	struct loaded *a = load(p, between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24"));
	struct loaded *b = load(p, between("b", "192.0.2.1", "10.3.0.0/24", "192.0.2.3", "10.2.0.0/24"));
	struct actions actions = {0};

	assert_int_equal(claim(p, a, NULL), CYG_OK);
	policy_set_spd(p, a, SPD_TRAP, 0, &actions);
	assert_int_equal(count_kind(&actions, ACT_ROUTE_SET), 1);
	assert_int_equal(find_kind(&actions, ACT_ROUTE_SET)->route->destination.bits, 24);
	assert_int_equal(claim(p, b, NULL), CYG_OK);
	policy_set_spd(p, b, SPD_TRAP, 0, &actions);
	assert_int_equal(count_kind(&actions, ACT_ROUTE_SET), 1);
	policy_set_spd(p, a, SPD_PROTECT, 0, &actions);
	policy_set_spd(p, a, SPD_NONE, 0, &actions);
	assert_int_equal(count_kind(&actions, ACT_ROUTE_REMOVE), 0);
	policy_set_spd(p, b, SPD_NONE, 0, &actions);
	assert_int_equal(count_kind(&actions, ACT_ROUTE_REMOVE), 1);
	assert_int_equal(count_kind(&actions, ACT_POLICY_REMOVE), 2);
	actions_done(&actions);
	policy_free(p);
}

static uint32_t priority_of(struct policy *p, const char *left, const char *right)
{
	struct loaded *l = load(p, between(left, "192.0.2.1", left, "192.0.2.2", right));
	struct actions actions = {0};
	uint32_t priority;

	assert_int_equal(claim(p, l, NULL), CYG_OK);
	policy_set_spd(p, l, SPD_TRAP, 0, &actions);
	priority = find_kind(&actions, ACT_POLICY_SET)->policy->priority;
	actions_done(&actions);
	return priority;
}

static void narrow_selectors_come_first(void **state)
{
	struct policy *p = database();
	uint32_t wide = priority_of(p, "10.0.0.0/8", "0.0.0.0/0");
	uint32_t middle = priority_of(p, "10.1.0.0/16", "10.2.0.0/16");
	uint32_t narrow = priority_of(p, "10.1.1.1/32", "10.2.0.0/24");

	assert_true(narrow < middle && middle < wide);
	policy_free(p);
}

static void the_kind_follows_the_connection(void **state)
{
	static const struct {
		uint8_t type, failure;
		enum spd_state spd;
		enum policy_kind want;
	} rows[] = {
		{CONN_TUNNEL, SHUNT_NONE, SPD_TRAP, POLICY_TRAP},   {CONN_TUNNEL, SHUNT_NONE, SPD_HOLD, POLICY_HOLD},
		{CONN_TUNNEL, SHUNT_NONE, SPD_PROTECT, POLICY_PROTECT},
		{CONN_TUNNEL, SHUNT_PASS, SPD_FAILED, POLICY_PASS}, {CONN_TUNNEL, SHUNT_DROP, SPD_FAILED, POLICY_DROP},
		{CONN_PASS, SHUNT_NONE, SPD_SHUNT, POLICY_PASS},    {CONN_DROP, SHUNT_NONE, SPD_SHUNT, POLICY_DROP},
		{CONN_REJECT, SHUNT_NONE, SPD_SHUNT, POLICY_REJECT},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24");
		struct actions actions = {0};
		struct loaded *l;

		test_row(i, "type %u in state %d", rows[i].type, rows[i].spd);
		c->type = rows[i].type;
		c->failure_shunt = rows[i].failure;
		l = load(p, c);
		assert_int_equal(claim(p, l, NULL), CYG_OK);
		policy_set_spd(p, l, rows[i].spd, 0, &actions);
		assert_int_equal(find_kind(&actions, ACT_POLICY_SET)->policy->kind, rows[i].want);
		actions_done(&actions);
		policy_free(p);
	}
}

static void it_comes_to_rest_as_it_was_routed(void **state)
{
	struct policy *p = database();
	struct connection *c = between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/24");
	struct loaded *l;

	c->failure_shunt = SHUNT_DROP;
	l = load(p, c);
	assert_int_equal(policy_resting(l, false), SPD_NONE);
	assert_int_equal(policy_resting(l, true), SPD_NONE);
	l->routed = true;
	assert_int_equal(policy_resting(l, false), SPD_TRAP);
	assert_int_equal(policy_resting(l, true), SPD_FAILED);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_selector_has_one_owner),
		cmocka_unit_test(another_description_of_the_same_peer_takes_over_in_one_step),
		cmocka_unit_test(a_route_lasts_as_long_as_one_wants_it),
		cmocka_unit_test(narrow_selectors_come_first),
		cmocka_unit_test(the_kind_follows_the_connection),
		cmocka_unit_test(it_comes_to_rest_as_it_was_routed),
	};

	return RUN_TESTS("policy/spd", tests);
}
