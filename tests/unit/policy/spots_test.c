/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>

static size_t candidates(struct policy *p, const char *local, const char *remote,
			 struct loaded **out, size_t cap)
{
	struct endpoint us = at(local, 500), peer = at(remote, 500);

	return policy_candidates(p, &us, &peer, out, cap);
}

static size_t identify(struct policy *p, const char *local, const char *remote, const char *who,
		       const char *asked, struct loaded **out, size_t cap)
{
	struct policy_question q = {.local = at(local, 500),
				    .remote = at(remote, 500),
				    .remote_id = id(who),
				    .local_id = asked ? id(asked) : NULL};
	struct diag why;

	return policy_identify(p, &q, out, cap, &why);
}

static struct loaded *instance(struct policy *p, struct loaded *t, const char *local,
			       const char *remote, const char *who)
{
	struct endpoint peer = at(remote, 500);
	struct ip_addr ours = addr(local);
	struct loaded *l = NULL;

	assert_int_equal(policy_instantiate(p, t, &ours, &peer, id(who), &l), CYG_OK);
	return l;
}

/* ---- negative first ---- */

static void nobody_is_found_elsewhere(void **state)
{
	struct policy *p = database();
	struct connection *shunt = between("shunt", "192.0.2.1", NULL, "10.9.0.0/16", NULL);
	struct loaded *out[4];

	shunt->type = CONN_DROP;
	load(p, shunt);
	load(p, between("net", "192.0.2.1", NULL, "10.2.0.0/16", NULL));
	load(p, between("range", "192.0.2.1", NULL, "10.3.0.5-10.3.0.20", NULL));
	load(p, between("nowhere", "10.77.0.1", NULL, "10.2.0.0/16", NULL));
	load(p, between("unresolved", "192.0.2.1", NULL, "peer.example,gw.example", NULL));
	assert_int_equal(candidates(p, "192.0.2.1", "10.3.0.4", out, 4), 0);
	assert_int_equal(candidates(p, "192.0.2.1", "10.3.0.21", out, 4), 0);
	assert_int_equal(candidates(p, "192.0.2.1", "10.1.255.255", out, 4), 0);
	assert_int_equal(candidates(p, "192.0.2.1", "10.9.0.1", out, 4), 0);
	assert_int_equal(candidates(p, "10.1.0.1", "10.2.0.1", out, 4), 0);
	assert_int_equal(candidates(p, "2001:db8::1", "2001:db8::2", out, 4), 0);
	assert_int_equal(identify(p, "192.0.2.1", "10.3.0.4", "@x", NULL, out, 4), 0);
	policy_free(p);
}

/* A wildcard identity alone does not let a peer come from anywhere before its name is known. */
static void an_unknown_name_is_not_anywhere(void **state)
{
	struct policy *p = database();
	struct connection *c = between("a", "192.0.2.1", NULL, "peer.example", NULL);
	struct loaded *out[1], *l;

	c->end[1].id = ident_ref(id("*@example"));
	l = load(p, c);
	assert_true(l->is_template);
	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.1", out, 1), 0);
	policy_free(p);
}

/* ---- who is found ---- */

static void the_closest_comes_first(void **state)
{
	static const char *const hosts[] = {
		"%any",
		"%far.example",
		"10.0.0.0/8",
		"10.2.0.0/16,10.3.0.0/16",
		"10.2.0.1-10.2.0.90",
		"10.2.0.7,10.77.0.0/16",
	};
	struct policy *p = database();
	struct loaded *all[COUNT_OF(hosts)], *out[8];
	char name[8];

	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		all[i] = load(p, between(name, "192.0.2.1", NULL, hosts[i], NULL));
	}
	assert_int_equal(candidates(p, "192.0.2.1", "10.2.0.7", out, 8), COUNT_OF(hosts));
	for (size_t i = 0; i < COUNT_OF(hosts); i++)
		assert_ptr_equal(out[i], all[COUNT_OF(hosts) - 1 - i]);
	assert_int_equal(identify(p, "192.0.2.1", "10.2.0.8", "@x", NULL, out, 8), 5);
	for (size_t i = 0; i < 5; i++)
		assert_ptr_equal(out[i], all[4 - i]);
	assert_int_equal(candidates(p, "192.0.2.1", "10.77.3.1", out, 2), 2);
	assert_ptr_equal(out[0], all[5]);
	assert_ptr_equal(out[1], all[2]);
	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.9", out, 8), 2);
	assert_ptr_equal(out[0], all[1]);
	policy_free(p);
}

/* Networks that lie in each other bring a connection once. */
static void each_comes_once(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL,
					   "10.2.0.7,10.0.0.0/8,10.2.0.0/16,10.2.0.7", NULL));
	struct loaded *out[4];

	assert_int_equal(candidates(p, "192.0.2.1", "10.2.0.7", out, 4), 1);
	assert_int_equal(candidates(p, "192.0.2.1", "10.2.0.8", out, 4), 1);
	assert_int_equal(identify(p, "192.0.2.1", "10.2.0.8", "@x", NULL, out, 4), 1);
	assert_ptr_equal(out[0], l);
	policy_free(p);
}

static void names_of_a_list_are_looked_up(void **state)
{
	const struct ip_addr two[] = {addr("198.51.100.7"), addr("198.51.100.8")};
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL,
					   "gw.example,192.0.2.2,peer.example", NULL));
	struct actions out = {0};
	struct loaded *got[2];

	assert_int_equal(policy_stray_count(p), 0);
	policy_ask_names(p, &out);
	assert_int_equal(count_kind(&out, ACT_RESOLVE), 2);
	actions_done(&out);
	assert_string_equal(ip_print(&l->remote_addr, (char[IP_TEXT_MAX]){0}), "192.0.2.2");
	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.8", got, 2), 0);
	policy_resolved(p, "peer.example", two, COUNT_OF(two));
	assert_string_equal(ip_print(&l->remote_addr, (char[IP_TEXT_MAX]){0}), "192.0.2.2");
	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.8", got, 2), 1);
	policy_resolved(p, "peer.example", two, 1);
	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.8", got, 2), 0);
	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.7", got, 2), 1);
	/* The first that has an address is begun with. */
	policy_resolved(p, "gw.example", two, COUNT_OF(two));
	assert_true(ip_equal(&l->remote_addr, &two[0]));
	assert_int_equal(candidates(p, "192.0.2.1", "192.0.2.2", got, 2), 1);
	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.8", got, 2), 1);
	policy_free(p);
}

static void old_spots_go(void **state)
{
	struct policy *p = database();
	struct actions out = {0};
	struct loaded *got[2], *l;

	load(p, between("a", "192.0.2.1", NULL, "10.2.0.0/16", NULL));
	assert_int_equal(policy_add(p, between("a", "192.0.2.1", NULL, "10.3.0.0/16", NULL),
				    true, &l, NULL, NULL),
			 CYG_OK);
	assert_int_equal(candidates(p, "192.0.2.1", "10.2.0.1", got, 2), 0);
	assert_int_equal(candidates(p, "192.0.2.1", "10.3.0.1", got, 2), 1);
	policy_remove(p, l, &out);
	assert_int_equal(candidates(p, "192.0.2.1", "10.3.0.1", got, 2), 0);
	actions_done(&out);
	policy_free(p);
}

/* ---- which end is us ---- */

static void the_closer_end_is_us(void **state)
{
	static const struct {
		const char *left, *right;
		int local; /* -1: it can't be told */
		const char *ours, *theirs;
	} rows[] = {
		{"10.0.0.0/24", "10.2.0.0/24", -1},
		{"192.0.2.0/24", "192.0.2.0/24", -1},
		{"192.0.2.1,10.9.0.1", "10.1.0.1,10.9.0.2", -1},
		{"192.0.2.1", "192.0.2.0/24", 0, "192.0.2.1", NULL},
		{"192.0.2.0/24", "10.1.0.1", 1, "10.1.0.1", NULL},
		{"%defaultroute", "192.0.2.0/24", 0, "192.0.2.1", NULL},
		{"192.0.2.0/24", "192.0.0.0/16", 0, "192.0.2.1", NULL},
		{"10.1.0.0/16", "%any", 0, "10.1.0.1", NULL},
		{"10.0.0.0-192.0.2.1", "%any", 0, "192.0.2.1", NULL},
		{"10.0.0.0-10.255.0.0", "198.51.100.1", 0, "10.1.0.1", "198.51.100.1"},
		{"10.9.0.1,10.1.0.1", "198.51.100.1", 0, "10.1.0.1", "198.51.100.1"},
		{"%10.9.0.1", "198.51.100.1", -1},
		{"%me.example", "198.51.100.1", -1},
		{"10.9.0.1", "%198.51.100.1", -1},
		{"%10.1.0.1", "198.51.100.1", 0, "10.1.0.1", "198.51.100.1"},
		{"%198.51.100.1", "192.0.2.1", 1, "192.0.2.1", "198.51.100.1"},
		{"%198.51.100.1", "%198.51.100.2", -1},
		{"2001:db8::1", "192.0.2.9,2001:db8::9", 0, "2001:db8::1", "2001:db8::9"},
		{"%defaultroute", "2001:db8::9,192.0.2.9", 0, "192.0.2.1", "192.0.2.9"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", rows[i].left, NULL, rows[i].right, NULL);
		struct loaded *l = load(p, c);
		struct ip_addr none = {0}, ours, theirs;

		test_row(i, "%s %s", rows[i].left, rows[i].right);
		ours = rows[i].ours ? addr(rows[i].ours) : none;
		theirs = rows[i].theirs ? addr(rows[i].theirs) : none;
		assert_int_equal(l->local, rows[i].local);
		if (l->local >= 0) {
			assert_true(ip_equal(&l->local_addr, &ours));
			assert_true(ip_equal(&l->remote_addr, &theirs));
		}
		policy_free(p);
	}
}

/* Without an id, who we are is the address that the peer came to. */
static void our_own_end_may_be_several(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1,10.1.0.1,10.9.0.1", NULL,
					   "198.51.100.1,10.2.0.0/16", NULL));
	struct loaded *out[2], *i;
	const struct ident *who;
	struct ip_addr inside = addr("10.1.0.1");

	assert_int_equal(candidates(p, "192.0.2.1", "198.51.100.1", out, 2), 1);
	assert_int_equal(candidates(p, "10.1.0.1", "198.51.100.1", out, 2), 1);
	assert_int_equal(candidates(p, "10.1.0.1", "10.2.0.9", out, 2), 1);
	assert_int_equal(candidates(p, "10.9.0.2", "10.2.0.9", out, 2), 0);
	assert_int_equal(identify(p, "10.1.0.1", "10.2.0.9", "@x", "10.1.0.1", out, 2), 1);
	assert_int_equal(identify(p, "10.1.0.1", "10.2.0.9", "@x", "192.0.2.1", out, 2), 0);
	assert_int_equal(policy_identity_at(l, &inside, &who), CYG_OK);
	assert_true(ident_equal(who, id("10.1.0.1")));
	ident_unref(who);

	assert_ptr_equal(instance(p, l, "192.0.2.1", "198.51.100.1", "198.51.100.1"), l);
	i = instance(p, l, "10.1.0.1", "198.51.100.1", "198.51.100.1");
	assert_ptr_equal(i->template_of, l);
	assert_true(ip_equal(&i->local_addr, &inside));
	assert_true(ident_equal(i->local_id, id("10.1.0.1")));
	assert_ptr_equal(instance(p, l, "10.1.0.1", "198.51.100.1", "198.51.100.1"), i);
	policy_free(p);
}

/* What an instance came to stays its own as long as this host has it. */
static void instances_keep_their_own_end(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1,10.1.0.1", NULL, "%any", NULL));
	struct loaded *out = instance(p, l, "192.0.2.1", "10.2.0.9", "@x");
	struct loaded *in = instance(p, l, "10.1.0.1", "10.2.0.9", "@x");
	struct ip_addr first = addr("192.0.2.1"), second = addr("10.1.0.1");
	struct host_view less = test_host;

	assert_ptr_not_equal(in, out);
	less.addresses++; /* 192.0.2.1 is gone */
	less.addresses_len--;
	less.default_v4.addr = second;
	assert_int_equal(policy_host_changed(p, &less), CYG_OK);
	assert_true(ip_equal(&l->local_addr, &second));
	assert_true(ip_equal(&in->local_addr, &second));
	assert_true(ip_equal(&out->local_addr, &second));
	assert_int_equal(policy_host_changed(p, &test_host), CYG_OK);
	assert_true(ip_equal(&l->local_addr, &first));
	assert_true(ip_equal(&in->local_addr, &second));
	policy_free(p);
}

/* ---- templates ---- */

static void the_first_host_is_no_instance(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "198.51.100.1,10.2.0.0/16",
					   "10.8.0.0/24"));
	struct loaded *t = load(p, between("t", "192.0.2.1", NULL, "10.2.0.0/16", NULL));
	struct loaded *i, *k;

	assert_false(l->is_template);
	assert_true(t->is_template);
	assert_ptr_equal(instance(p, l, "192.0.2.1", "198.51.100.1", "198.51.100.1"), l);
	i = instance(p, l, "192.0.2.1", "10.2.0.9", "@x");
	assert_ptr_equal(i->template_of, l);
	assert_true(ident_equal(i->remote_id, id("@x")));
	assert_ptr_equal(instance(p, l, "192.0.2.1", "10.2.0.9", "@x"), i);
	assert_ptr_equal(instance(p, i, "192.0.2.1", "10.2.0.9", "@x"), i);
	k = instance(p, t, "192.0.2.1", "10.2.0.9", "@x");
	assert_ptr_equal(k->template_of, t);
	assert_string_equal(ip_print(&k->ts_remote.items[0].range.first,
				     (char[IP_TEXT_MAX]){0}),
			    "10.2.0.9");
	policy_free(p);
}

/* Who it is counts at the address that is begun with; elsewhere whoever is described. */
static void identities_of_lists(void **state)
{
	struct policy *p = database();
	struct connection *c = between("named", "192.0.2.1", NULL, "10.2.0.0/16", NULL);
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "%198.51.100.1", NULL));
	struct loaded *out[3], *named;

	c->end[1].id = ident_ref(id("@x"));
	named = load(p, c);
	assert_int_equal(identify(p, "192.0.2.1", "198.51.100.1", "@x", NULL, out, 3), 0);
	assert_int_equal(identify(p, "192.0.2.1", "198.51.100.1", "198.51.100.1", NULL, out, 3),
			 1);
	assert_int_equal(identify(p, "192.0.2.1", "10.2.0.9", "@x", NULL, out, 3), 2);
	assert_ptr_equal(out[0], named);
	assert_ptr_equal(out[1], l);
	assert_int_equal(identify(p, "192.0.2.1", "10.2.0.9", "@y", NULL, out, 3), 1);
	assert_ptr_equal(out[0], l);
	policy_free(p);
}

/* The trap of a connection gives way to who came from elsewhere, and is in force again. */
static void an_instance_has_what_is_only_trapped(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", "10.1.0.0/24",
					   "198.51.100.1,10.2.0.0/16", "10.8.0.0/24"));
	struct loaded *i = instance(p, l, "192.0.2.1", "10.2.0.9", "@x");
	struct loaded *other = instance(p, l, "192.0.2.1", "10.2.0.10", "@y");
	const struct plane_policy *met;
	struct actions out = {0};
	struct table t = {0};
	struct diag why;

	l->routed = true;
	assert_int_equal(policy_claim(p, l, &l->ts_local, &l->ts_remote, &why), CYG_OK);
	policy_set_spd(p, l, SPD_TRAP, 0, &out);
	assert_int_equal(policy_claim(p, i, &i->ts_local, &i->ts_remote, &why), CYG_OK);
	policy_set_spd(p, i, SPD_PROTECT, 0, &out);
	table_apply(&t, &out);
	met = table_meets(&t, "10.1.0.5", "10.8.0.5");
	assert_non_null(met);
	assert_int_equal(met->id, i->policy_id);
	/* One that is another peer's, by what it says of itself, is not to be had twice. */
	assert_int_equal(policy_claim(p, other, &other->ts_local, &other->ts_remote, &why),
			 CYG_CONFLICT);
	policy_remove(p, i, &out);
	table_apply(&t, &out);
	met = table_meets(&t, "10.1.0.5", "10.8.0.5");
	assert_non_null(met);
	assert_int_equal(met->id, l->policy_id);
	policy_remove(p, other, &out);
	policy_remove(p, l, &out);
	table_apply(&t, &out);
	assert_null(table_meets(&t, "10.1.0.5", "10.8.0.5"));
	policy_free(p);
	actions_done(&out);
}

/* A network of a shunt's end without subnets is what it is for. */
static void shunts_of_networks(void **state)
{
	struct policy *p = database();
	struct connection *c = between("drop", "%defaultroute", NULL, "10.2.0.0/16,10.4.0.1",
				       NULL);
	struct loaded *l;

	c->type = CONN_DROP;
	l = load(p, c);
	assert_int_equal(l->local, 0);
	assert_int_equal(l->ts_remote.len, 2);
	policy_free(p);
}

/* ---- memory ---- */

struct life {
	struct connection *c;
	const struct ident *who;
};

static bool live(void *ctx)
{
	const struct life *life = ctx;
	static struct entropy_seeded seeded;
	struct entropy e = entropy_seed(&seeded, 1);
	struct ip_addr found = addr("198.51.100.7"), ours = addr("10.1.0.1");
	struct endpoint peer = at("10.2.0.9", 500);
	struct policy *p = policy_new(&e);
	struct connection *c = life->c;
	struct loaded *l = NULL, *i;
	bool well = p && !policy_host_changed(p, &test_host);

	connection_ref(c);
	if (!well || policy_add(p, c, false, &l, NULL, NULL)) {
		connection_unref(c);
		policy_free(p);
		return false;
	}
	policy_resolved(p, "peer.example", &found, 1);
	well = !policy_instantiate(p, l, &ours, &peer, life->who, &i);
	policy_free(p);
	return well;
}

static void memory_may_run_out(void **state)
{
	struct life life = {between("a", "192.0.2.1,10.1.0.1", NULL,
				    "peer.example,10.2.0.1-10.2.0.90,10.3.0.0/16", NULL),
			    id("@x")};

	test_each_allocation_failing(live, &life, true);
	assert_int_equal(life.c->refs, 1);
	connection_unref(life.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_found_elsewhere),
		cmocka_unit_test(an_unknown_name_is_not_anywhere),
		cmocka_unit_test(the_closest_comes_first),
		cmocka_unit_test(each_comes_once),
		cmocka_unit_test(names_of_a_list_are_looked_up),
		cmocka_unit_test(old_spots_go),
		cmocka_unit_test(the_closer_end_is_us),
		cmocka_unit_test(our_own_end_may_be_several),
		cmocka_unit_test(instances_keep_their_own_end),
		cmocka_unit_test(the_first_host_is_no_instance),
		cmocka_unit_test(identities_of_lists),
		cmocka_unit_test(an_instance_has_what_is_only_trapped),
		cmocka_unit_test(shunts_of_networks),
		cmocka_unit_test(memory_may_run_out),
	};
	return RUN_TESTS("policy/spots", tests);
}
