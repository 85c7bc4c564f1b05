/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <string.h>

static void candidates_come_by_addresses(void **state)
{
	struct policy *p = database();
	struct loaded *exact = load(p, between("exact", "192.0.2.1", NULL, "192.0.2.2", NULL));
	struct loaded *any = load(p, between("any", "192.0.2.1", NULL, "%any", NULL));
	struct loaded *out[4];
	struct connection *shunt = between("shunt", "192.0.2.1", NULL, "192.0.2.2", NULL);
	struct endpoint us = at("192.0.2.1", 500), peer = at("192.0.2.2", 500),
			other = at("192.0.2.3", 500);
	struct endpoint inside = at("10.1.0.1", 500);

	shunt->type = CONN_DROP;
	load(p, shunt);
	load(p, between("elsewhere", "10.1.0.1", NULL, "192.0.2.9", NULL));
	load(p, between("nowhere", "10.77.0.1", NULL, "192.0.2.2", NULL));
	assert_int_equal(policy_candidates(p, &us, &peer, out, 4), 2);
	assert_ptr_equal(out[0], exact);
	assert_ptr_equal(out[1], any);
	assert_int_equal(policy_candidates(p, &us, &other, out, 4), 1);
	assert_ptr_equal(out[0], any);
	assert_int_equal(policy_candidates(p, &inside, &peer, out, 4), 0);
	assert_int_equal(policy_candidates(p, &us, &peer, out, 1), 1);
	policy_free(p);
}

static struct loaded *with_ids(struct policy *p, const char *name, const char *right,
			       const char *ours, const char *theirs)
{
	struct connection *c = between(name, "192.0.2.1", NULL, right, NULL);

	c->end[0].id = ours ? ident_ref(id(ours)) : NULL;
	c->end[1].id = theirs ? ident_ref(id(theirs)) : NULL;
	return load(p, c);
}

static void identities_narrow_them(void **state)
{
	struct policy *p = database();
	struct loaded *carol = with_ids(p, "carol", "%any", "@gw", "@carol");
	struct loaded *dave = with_ids(p, "dave", "%any", "@gw", "@dave");
	struct loaded *anyone = with_ids(p, "anyone", "%any", "@other-gw", NULL);
	struct loaded *out[4] = {carol, dave, anyone};
	struct diag why;

	assert_int_equal(policy_narrow(p, out, 3, id("@dave"), id("@gw"), &why), 1);
	assert_ptr_equal(out[0], dave);
	memcpy(out, (struct loaded *[]){carol, dave, anyone}, 3 * sizeof(out[0]));
	assert_int_equal(policy_narrow(p, out, 3, id("@DAVE"), NULL, &why), 2);
	assert_ptr_equal(out[0], dave);
	assert_ptr_equal(out[1], anyone);
	policy_free(p);
}

static void a_stranger_is_explained(void **state)
{
	struct policy *p = database();
	struct loaded *carol = with_ids(p, "carol", "%any", "@gw", "@carol");
	struct loaded *out[1] = {carol};
	struct diag why;

	assert_int_equal(policy_narrow(p, out, 1, id("@#6361726f6c"), NULL, &why), 0);
	assert_non_null(strstr(why.wanted, "@carol"));
	assert_non_null(strstr(why.hint, "another type"));
	out[0] = carol;
	assert_int_equal(policy_narrow(p, out, 1, id("@mallory"), NULL, &why), 0);
	assert_non_null(strstr(why.got, "@mallory"));
	out[0] = carol;
	assert_int_equal(policy_narrow(p, out, 1, id("@carol"), id("@wrong"), &why), 0);
	assert_non_null(strstr(why.wanted, "@gw"));
	assert_non_null(strstr(why.got, "@wrong"));
	assert_int_equal(policy_narrow(p, out, 0, id("@carol"), NULL, &why), 0);
	assert_true(diag_is_set(&why));
	policy_free(p);
}

static void templates_make_instances(void **state)
{
	struct policy *p = database();
	struct loaded *t = with_ids(p, "road", "%any", "@gw", "@carol"), *a, *b, *c;
	struct endpoint one = at("198.51.100.1", 4500), two = at("198.51.100.2", 4500);
	struct actions actions = {0};

	assert_true(t->is_template);
	assert_int_equal(policy_instantiate(p, t, &one, id("@carol"), &a), CYG_OK);
	assert_int_equal(policy_instantiate(p, t, &one, id("@carol"), &b), CYG_OK);
	assert_ptr_equal(a, b);
	assert_int_equal(policy_instantiate(p, t, &two, id("@carol"), &c), CYG_OK);
	assert_ptr_not_equal(a, c);
	assert_int_equal(a->instance, 1);
	assert_int_equal(c->instance, 2);
	assert_ptr_equal(policy_find(p, "road[2]"), c);
	assert_true(ip_equal(&a->ts_remote.items[0].range.first, &one.addr));
	assert_int_not_equal(a->reqid, c->reqid);
	policy_release(p, a, &actions);
	assert_null(policy_find(p, "road[1]"));
	policy_release(p, t, &actions);
	assert_ptr_equal(policy_find(p, "road"), t);
	actions_done(&actions);
	policy_free(p);
}

static void a_plain_connection_is_its_own_instance(void **state)
{
	struct policy *p = database();
	struct loaded *l = with_ids(p, "a", "192.0.2.2", "@gw", "@peer"), *got;
	struct endpoint peer = at("192.0.2.2", 500);

	assert_int_equal(policy_instantiate(p, l, &peer, id("@peer"), &got), CYG_OK);
	assert_ptr_equal(got, l);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates_come_by_addresses),
		cmocka_unit_test(identities_narrow_them),
		cmocka_unit_test(a_stranger_is_explained),
		cmocka_unit_test(templates_make_instances),
		cmocka_unit_test(a_plain_connection_is_its_own_instance),
	};

	return RUN_TESTS("policy/pad", tests);
}
