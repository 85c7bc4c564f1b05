/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loaded *with_ids(struct policy *p, const char *name, const char *right,
			       const char *ours, const char *theirs)
{
	struct connection *c = between(name, "192.0.2.1", NULL, right, NULL);

	c->end[0].id = ours ? ident_ref(id(ours)) : NULL;
	c->end[1].id = theirs ? ident_ref(id(theirs)) : NULL;
	return load(p, c);
}

/* Who it is alone, whatever it wants to carry. */
static size_t identify(struct policy *p, struct endpoint us, struct endpoint peer,
		       const struct ident *remote_id, const struct ident *local_id,
		       struct loaded **out, size_t cap, struct diag *why)
{
	struct policy_question q = {us, peer, remote_id, local_id, NULL, NULL};

	return policy_identify(p, &q, out, cap, why);
}

/* ---- by addresses ---- */

static void some_are_nobodys_candidates(void **state)
{
	struct policy *p = database();
	struct connection *shunt = between("shunt", "192.0.2.1", NULL, "192.0.2.2", NULL);
	struct connection *block = between("block", "192.0.2.1", NULL, "%any", NULL);
	struct endpoint us = at("192.0.2.1", 500), peer = at("192.0.2.2", 500);
	struct loaded *out[4];

	shunt->type = CONN_DROP;
	block->type = CONN_REJECT;
	load(p, shunt);
	load(p, block);
	load(p, between("elsewhere", "10.1.0.1", NULL, "192.0.2.2", NULL));
	load(p, between("nowhere", "10.77.0.1", NULL, "192.0.2.2", NULL));
	load(p, between("unresolved", "192.0.2.1", NULL, "peer.example", NULL));
	assert_int_equal(policy_candidates(p, &us, &peer, out, 4), 0);
	policy_free(p);
}

static void candidates_come_by_addresses(void **state)
{
	struct policy *p = database();
	struct loaded *any = load(p, between("any", "192.0.2.1", NULL, "%any", NULL));
	struct loaded *exact = load(p, between("exact", "192.0.2.1", NULL, "192.0.2.2", NULL));
	struct loaded *second = load(p, between("second", "192.0.2.1", NULL, "192.0.2.2",
						"10.2.0.0/24"));
	struct endpoint us = at("192.0.2.1", 500), peer = at("192.0.2.2", 500),
			other = at("192.0.2.3", 500);
	struct endpoint inside = at("10.1.0.1", 500);
	struct actions out = {0};
	struct loaded *got[4];

	assert_int_equal(policy_candidates(p, &us, &peer, got, 4), 3);
	assert_ptr_equal(got[0], exact);
	assert_ptr_equal(got[1], second);
	assert_ptr_equal(got[2], any);
	assert_int_equal(policy_candidates(p, &us, &other, got, 4), 1);
	assert_ptr_equal(got[0], any);
	assert_int_equal(policy_candidates(p, &inside, &peer, got, 4), 0);
	assert_int_equal(policy_candidates(p, &us, &peer, got, 2), 2);
	assert_int_equal(policy_candidates(p, &us, &peer, got, 0), 0);
	policy_remove(p, exact, &out);
	assert_int_equal(policy_candidates(p, &us, &peer, got, 4), 2);
	assert_ptr_equal(got[0], second);
	actions_done(&out);
	policy_free(p);
}

/* An instance is found by its template, never as a candidate of its own. */
static void instances_are_no_candidates(void **state)
{
	struct policy *p = database();
	struct loaded *t = with_ids(p, "road", "%any", "@gw", "@carol"), *i, *got[4];
	struct endpoint us = at("192.0.2.1", 500), peer = at("198.51.100.1", 500);

	assert_int_equal(policy_instantiate(p, t, &t->local_addr, &peer, id("@carol"), &i),
			 CYG_OK);
	assert_int_equal(policy_candidates(p, &us, &peer, got, 4), 1);
	assert_ptr_equal(got[0], t);
	assert_int_equal(identify(p, us, peer, id("@carol"), NULL, got, 4, NULL), 1);
	assert_ptr_equal(got[0], t);
	policy_free(p);
}

/* ---- by identity ---- */

static void the_identity_that_says_most_comes_first(void **state)
{
	struct policy *p = database();
	struct endpoint us = at("192.0.2.1", 500), peer = at("192.0.2.2", 500);
	static const struct {
		const char *remote, *local; /* what the peer says */
		const char *want;           /* names, best first */
	} rows[] = {
		{"@mallory", "@other-gw", "anyone"},
		{"@mallory", "@gw", ""},
		{"@carol", "@nobody", ""},
		{"@carol", "@gw", "fixed carol"},
		{"@CAROL", "@GW", "fixed carol"},
		{"@carol", NULL, "fixed carol anyone"},
		{"@dave", "@gw", "dave"},
		{"@x.example", "@gw", "example"},
		{"@y.x.example", NULL, "x.example example anyone"},
		{"C=CH, O=x, CN=z", "@gw", "dn"},
		{"C=CH, O=X, CN=z, CN=q", "@gw", ""},
	};

	with_ids(p, "example", "%any", "@gw", "*.example");
	with_ids(p, "anyone", "%any", "@other-gw", NULL);
	with_ids(p, "carol", "%any", "@gw", "@carol");
	with_ids(p, "dave", "%any", "@gw", "@dave");
	with_ids(p, "fixed", "192.0.2.2", "@gw", "@carol");
	with_ids(p, "x.example", "%any", "@gw", "*.x.example");
	with_ids(p, "dn", "192.0.2.2", "@gw", "C=CH, O=x, CN=*");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ident *remote = id(rows[i].remote);
		const struct ident *local = rows[i].local ? id(rows[i].local) : NULL;
		struct loaded *out[8];
		char names[128] = "";
		size_t n;

		test_row(i, "%s for %s", rows[i].remote,
			 rows[i].local ? rows[i].local : "anyone");
		n = identify(p, us, peer, remote, local, out, 8, NULL);
		for (size_t k = 0; k < n; k++) {
			strcat(names, k ? " " : "");
			strcat(names, out[k]->connection->name);
		}
		assert_string_equal(names, rows[i].want);
	}
	policy_free(p);
}

/* More than the candidates that fit a list: the right one is found all the same. */
static void any_number_of_road_warriors_is_told_apart(void **state)
{
	struct policy *p = database();
	struct endpoint us = at("192.0.2.1", 500), peer = at("198.51.100.7", 500);
	struct loaded *out[POLICY_CANDIDATES_MAX], *all[1000];
	struct diag why;
	char text[32];

	for (unsigned i = 0; i < COUNT_OF(all); i++) {
		const struct ident *who;
		struct connection *c;

		snprintf(text, sizeof(text), "u%u@x.example", i);
		assert_int_equal(ident_parse(text, &who, NULL), CYG_OK);
		c = between(text, "192.0.2.1", NULL, "%any", NULL);
		c->end[1].id = who;
		all[i] = load(p, c);
	}
	assert_int_equal(policy_candidates(p, &us, &peer, out, POLICY_CANDIDATES_MAX),
			 POLICY_CANDIDATES_MAX);
	for (unsigned i = 0; i < COUNT_OF(all); i += 37) {
		const struct ident *who;

		snprintf(text, sizeof(text), "U%u@X.example", i);
		assert_int_equal(ident_parse(text, &who, NULL), CYG_OK);
		assert_int_equal(identify(p, us, peer, who, NULL, out, POLICY_CANDIDATES_MAX,
					  &why),
				 1);
		assert_ptr_equal(out[0], all[i]);
		ident_unref(who);
	}
	assert_int_equal(identify(p, us, peer, id("u5000@x.example"), NULL, out,
				  POLICY_CANDIDATES_MAX, &why),
			 0);
	assert_string_equal(why.code, "no-connection");
	policy_free(p);
}

static void a_ranking_is_cut_at_its_end(void **state)
{
	struct policy *p = database();
	struct endpoint us = at("192.0.2.1", 500), peer = at("192.0.2.2", 500);
	struct loaded *out[POLICY_CANDIDATES_MAX + 1], *exact;
	char name[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		with_ids(p, name, "192.0.2.2", NULL, "*.example");
	}
	exact = with_ids(p, "exact", "%any", NULL, "@a.example");
	out[3] = NULL;
	assert_int_equal(identify(p, us, peer, id("@a.example"), NULL, out, 3, NULL), 3);
	assert_ptr_equal(out[0], exact);
	assert_string_equal(out[1]->connection->name, "w0");
	assert_null(out[3]);
	assert_int_equal(identify(p, us, peer, id("@a.example"), NULL, out,
				  POLICY_CANDIDATES_MAX + 1, NULL),
			 POLICY_CANDIDATES_MAX);
	policy_free(p);
}

/* Two gateways with a connection for each pair of their networks, as Openswan's users write them. */
static void the_connection_that_carries_it_comes_first(void **state)
{
	enum { MANY = 500 };
	struct policy *p = database();
	struct loaded *out[POLICY_CANDIDATES_MAX], *all[MANY], *wide, *partly;
	struct policy_question q = {
		at("192.0.2.1", 500), at("192.0.2.2", 500), id("192.0.2.2"), NULL, NULL, NULL};
	struct ip_prefix right = {addr("10.2.0.0"), 24};
	struct ts remote;
	struct ts_set remotes = {&remote, 1};
	char name[16], net[32];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		snprintf(net, sizeof(net), "10.%u.%u.0/24", 3 + i / 250, i % 250);
		all[i] = load(p, between(name, "192.0.2.1", "10.1.0.0/24", "192.0.2.2", net));
	}
	wide = load(p, between("wide", "192.0.2.1", "10.1.0.0/24", "192.0.2.2", "10.2.0.0/16"));
	partly = load(p, between("partly", "192.0.2.1", "10.1.0.0/24", "192.0.2.2",
				 "10.2.0.128/25"));
	q.ts_local = &all[0]->ts_local;
	q.ts_remote = &all[MANY - 1]->ts_remote;
	assert_int_equal(policy_identify(p, &q, out, COUNT_OF(out), NULL), COUNT_OF(out));
	assert_ptr_equal(out[0], all[MANY - 1]);
	remote = ts_of_prefix(&right);
	q.ts_remote = &remotes;
	assert_int_equal(policy_identify(p, &q, out, COUNT_OF(out), NULL), COUNT_OF(out));
	assert_ptr_equal(out[0], wide);
	assert_ptr_equal(out[1], partly);
	assert_ptr_equal(out[2], all[0]); /* what does not meet it is still told of, last */
	policy_free(p);
}

static void a_road_warrior_carries_its_own_address(void **state)
{
	struct policy *p = database();
	struct loaded *net = load(p, between("net", "192.0.2.1", NULL, "%any", "10.2.0.0/24"));
	struct loaded *host = load(p, between("host", "192.0.2.1", NULL, "%any", NULL)),
		      *out[2];
	struct endpoint peer = at("198.51.100.1", 500);
	struct ts its = ts_of_addr(&peer.addr);
	struct ts_set remotes = {&its, 1};
	struct policy_question q = {
		at("192.0.2.1", 500), peer, id("@carol"), NULL, NULL, &remotes};

	assert_int_equal(policy_identify(p, &q, out, 2, NULL), 2);
	assert_ptr_equal(out[0], host);
	q.ts_remote = &net->ts_remote;
	assert_int_equal(policy_identify(p, &q, out, 2, NULL), 2);
	assert_ptr_equal(out[0], net);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_are_nobodys_candidates),
		cmocka_unit_test(candidates_come_by_addresses),
		cmocka_unit_test(instances_are_no_candidates),
		cmocka_unit_test(the_identity_that_says_most_comes_first),
		cmocka_unit_test(any_number_of_road_warriors_is_told_apart),
		cmocka_unit_test(a_ranking_is_cut_at_its_end),
		cmocka_unit_test(the_connection_that_carries_it_comes_first),
		cmocka_unit_test(a_road_warrior_carries_its_own_address),
	};

	return RUN_TESTS("policy/pad", tests);
}
