/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct connection *plain(const char *name)
{
	return between(name, "192.0.2.1", NULL, "192.0.2.2", NULL);
}

static void give_aliases(struct connection *c, const char *first, const char *second)
{
	c->aliases = calloc(2, sizeof(char *));
	c->aliases[c->aliases_len++] = strdup(first);
	if (second)
		c->aliases[c->aliases_len++] = strdup(second);
}

static struct loaded *instance(struct policy *p, struct loaded *t, const char *from,
			       uint16_t port, const char *who)
{
	struct endpoint remote = at(from, port);
	struct loaded *l;

	assert_int_equal(policy_instantiate(p, t, &t->local_addr, &remote, id(who), &l),
			 CYG_OK);
	return l;
}

/* ---- names ---- */

static void a_name_is_loaded_once(void **state)
{
	struct policy *p = database();
	struct connection *again = between("a", "192.0.2.1", NULL, "192.0.2.9", NULL);
	struct loaded *l = load(p, plain("a")), *other = NULL;
	struct diag why;

	assert_int_equal(policy_add(p, again, false, &other, NULL, &why), CYG_EXISTS);
	assert_null(other);
	assert_non_null(strstr(why.hint, "--replace a"));
	assert_ptr_equal(policy_find(p, "a"), l);
	assert_int_equal(policy_count(p), 1);
	connection_unref(again);
	policy_free(p);
}

static void only_whole_names_are_found(void **state)
{
	static const char *const strangers[] = {"",
						"b",
						"A",
						"aa",
						"a[1]",
						"a[0]",
						"a[",
						"a[]",
						"a[x]",
						"a[1",
						"a[1]x",
						"[1]",
						"a[99999999999999]",
						"a[+1]",
						"a[ 1]"};
	struct policy *p = database();
	struct loaded *out[1];

	load(p, plain("a"));
	for (size_t i = 0; i < COUNT_OF(strangers); i++) {
		test_row(i, "\"%s\"", strangers[i]);
		assert_null(policy_find(p, strangers[i]));
		assert_int_equal(policy_resolve(p, strangers[i], out, 1), 0);
	}
	policy_free(p);
}

static void a_name_may_look_like_an_instance(void **state)
{
	struct policy *p = database();
	struct loaded *t = load(p, between("t", "192.0.2.1", NULL, "%any", NULL));
	struct loaded *i = instance(p, t, "198.51.100.1", 500, "@carol");
	struct loaded *odd = load(p, plain("t[2]"));

	assert_ptr_equal(policy_find(p, "t[1]"), i);
	assert_ptr_equal(policy_find(p, "t[2]"), odd);
	policy_free(p);
}

static void aliases_name_several(void **state)
{
	struct policy *p = database();
	struct loaded *out[4], *l[3];
	struct actions actions = {0};
	struct connection *now;

	for (int i = 0; i < 3; i++) {
		char name[8];
		struct connection *c;

		snprintf(name, sizeof(name), "c%d", i);
		c = plain(name);
		give_aliases(c, "all", i == 1 ? "all" : NULL); /* twice is once */
		l[i] = load(p, c);
	}
	assert_int_equal(policy_resolve(p, "all", out, 4), 3);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(out[i], l[i]);
	assert_int_equal(policy_resolve(p, "all", out, 2), 2);
	assert_int_equal(policy_resolve(p, "c1", out, 4), 1);
	assert_int_equal(policy_resolve(p, "c1", out, 0), 0);
	assert_int_equal(policy_resolve(p, "none", out, 4), 0);
	assert_null(policy_find(p, "all"));
	policy_remove(p, l[0], &actions);
	now = plain("c2");
	give_aliases(now, "others", NULL);
	assert_int_equal(policy_add(p, now, true, &l[2], NULL, NULL), CYG_OK);
	assert_int_equal(policy_resolve(p, "all", out, 4), 1);
	assert_ptr_equal(out[0], l[1]);
	assert_int_equal(policy_resolve(p, "others", out, 4), 1);
	/* A name comes before an alias. */
	load(p, plain("all"));
	assert_int_equal(policy_resolve(p, "all", out, 4), 1);
	assert_string_equal(out[0]->connection->name, "all");
	actions_done(&actions);
	policy_free(p);
}

/* ---- versions ---- */

static void replacing_swaps_the_version(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, plain("a")), *same = NULL;
	const struct connection *first = l->connection, *old = first;
	struct connection *unlike = between("a", "192.0.2.1", NULL, "192.0.2.3", NULL);
	struct endpoint us = at("192.0.2.1", 500), before = at("192.0.2.2", 500),
			now = at("192.0.2.3", 500);
	struct loaded *out[1];
	uint32_t reqid = l->reqid, policy_id = l->policy_id;

	assert_int_equal(policy_add(p, plain("a"), true, &same, &old, NULL), CYG_OK);
	assert_ptr_equal(same, l);
	assert_null(old);
	assert_ptr_equal(l->connection, first);
	assert_int_equal(policy_add(p, unlike, true, &same, &old, NULL), CYG_OK);
	assert_ptr_equal(same, l);
	assert_ptr_equal(old, first);
	assert_true(ip_equal(&l->remote_addr, &now.addr));
	assert_int_equal(l->reqid, reqid);
	assert_int_equal(l->policy_id, policy_id);
	assert_ptr_equal(policy_find(p, "a"), l);
	assert_int_equal(policy_candidates(p, &us, &before, out, 1), 0);
	assert_int_equal(policy_candidates(p, &us, &now, out, 1), 1);
	connection_unref(old);
	assert_int_equal(policy_add(p, plain("a"), true, &same, NULL, NULL), CYG_OK);
	assert_int_equal(policy_add(p, plain("new"), true, &same, &old, NULL), CYG_OK);
	assert_null(old);
	policy_free(p);
}

static void a_version_lives_as_long_as_someone_holds_it(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, plain("a"));
	const struct connection *held = connection_ref(l->connection);
	struct actions out = {0};

	policy_remove(p, l, &out);
	assert_string_equal(held->name, "a");
	connection_unref(held);
	actions_done(&out);
	policy_free(p);
}

static struct connection *asking(const char *name, const char *ike)
{
	struct connection *c = between(name, "192.0.2.1", NULL, "192.0.2.2", NULL);

	if (ike)
		assert_int_equal(proposals_parse(ike, PROTO_IKE, &c->ike, NULL), CYG_OK);
	return c;
}

static void the_same_algorithms_are_kept_once(void **state)
{
	struct policy *p = database();
	struct loaded *a = load(p, asking("a", "aes128gcm16-prfsha256-x25519"));
	struct loaded *b = load(p, asking("b", "aes128gcm16-prfsha256-x25519"));
	struct loaded *other = load(p, asking("c", "aes256gcm16-prfsha256-x25519"));
	struct loaded *none = load(p, asking("d", NULL));
	struct actions actions = {0};

	assert_ptr_equal(a->connection->ike, b->connection->ike);
	assert_ptr_not_equal(a->connection->ike, other->connection->ike);
	assert_null(none->connection->ike);
	policy_remove(p, a, &actions);
	assert_true(proposals_have_ke(b->connection->ike, 31));
	actions_done(&actions);
	policy_free(p);
}

/* What remains of an earlier run has its own, which are not given again. */
static void reqids_begin_beyond_those_of_before(void **state)
{
	static const struct {
		uint32_t last, number, first;
	} rows[] = {
		{0, 0, 16384},     {16383, 0, 16384},
		{16384, 1, 16388}, {16387, 1, 16388},
		{16396, 4, 16400}, {UINT32_MAX, (UINT32_MAX - 16384) / 4 + 1, 16384},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct loaded *a;

		test_row(i, "%u", rows[i].last);
		assert_int_equal(policy_number_of_reqid(rows[i].last), rows[i].number);
		policy_begin_beyond(p, policy_number_of_reqid(rows[i].last));
		a = load(p, plain("a"));
		assert_int_equal(a->reqid, rows[i].first);
		assert_ptr_equal(policy_by_policy_id(p, a->policy_id), a);
		policy_free(p);
	}
}

static void reqids_go_in_steps_unless_described(void **state)
{
	struct policy *p = database();
	struct loaded *a = load(p, plain("a")), *b = load(p, plain("b")), *c;
	struct connection *own = plain("c");

	own->reqid = 77;
	c = load(p, own);
	assert_int_equal(a->reqid, 16384);
	assert_int_equal(b->reqid, 16388);
	assert_int_equal(c->reqid, 77);
	assert_int_equal(policy_add(p, plain("c"), true, &c, NULL, NULL), CYG_OK);
	assert_int_equal(c->reqid, 16392);
	policy_free(p);
}

static void policy_ids_find_their_connection(void **state)
{
	struct policy *p = database();
	struct loaded *a = load(p, plain("a")), *b = load(p, plain("b"));
	uint32_t gone = a->policy_id;
	struct actions out = {0};

	assert_int_not_equal(a->policy_id, b->policy_id);
	assert_ptr_equal(policy_by_policy_id(p, a->policy_id), a);
	assert_ptr_equal(policy_by_policy_id(p, b->policy_id), b);
	assert_null(policy_by_policy_id(p, 0));
	assert_null(policy_by_policy_id(p, 1));
	policy_remove(p, a, &out);
	assert_null(policy_by_policy_id(p, gone));
	assert_int_not_equal(load(p, plain("a"))->policy_id, gone);
	actions_done(&out);
	policy_free(p);
}

/* ---- instances ---- */

static void templates_make_instances(void **state)
{
	struct policy *p = database();
	struct connection *road = between("road", "192.0.2.1", "10.1.0.0/24", "%any", NULL);
	struct loaded *t, *a, *c;
	struct actions out = {0};

	road->end[0].id = ident_ref(id("@gw"));
	t = load(p, road);
	a = instance(p, t, "198.51.100.1", 4500, "@carol");
	assert_ptr_equal(instance(p, t, "198.51.100.1", 4500, "@CAROL"), a);
	c = instance(p, t, "198.51.100.2", 4500, "@carol");
	assert_ptr_not_equal(a, c);
	assert_ptr_not_equal(instance(p, t, "198.51.100.1", 1024, "@carol"), a);
	assert_ptr_not_equal(instance(p, t, "198.51.100.1", 4500, "@dave"), a);
	assert_int_equal(a->instance, 1);
	assert_int_equal(c->instance, 2);
	assert_ptr_equal(a->template_of, t);
	assert_false(a->is_template);
	assert_ptr_equal(policy_find(p, "road[2]"), c);
	assert_int_equal(a->remote_port, 4500);
	assert_true(ident_equal(a->local_id, id("@gw")));
	assert_true(ident_equal(a->remote_id, id("@carol")));
	assert_true(ip_equal(&a->ts_remote.items[0].range.first, &a->remote_addr));
	assert_true(ts_set_equal(&a->ts_local, &t->ts_local));
	assert_int_not_equal(a->reqid, c->reqid);
	policy_release(p, a, &out);
	assert_null(policy_find(p, "road[1]"));
	assert_int_equal(instance(p, t, "198.51.100.1", 4500, "@carol")->instance, 5);
	actions_done(&out);
	policy_free(p);
}

static void a_plain_connection_is_its_own_instance(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, plain("a"));

	assert_ptr_equal(instance(p, l, "192.0.2.2", 500, "192.0.2.2"), l);
	policy_free(p);
}

static void only_idle_instances_are_released(void **state)
{
	struct policy *p = database();
	struct loaded *t = load(p, between("t", "192.0.2.1", NULL, "%any", NULL));
	struct loaded *i = instance(p, t, "198.51.100.1", 500, "@carol");
	struct actions out = {0};
	struct list sa;

	policy_release(p, t, &out);
	assert_ptr_equal(policy_find(p, "t"), t);
	list_append(&i->ike_sas, &sa);
	policy_release(p, i, &out);
	list_remove(&sa);
	list_append(&i->children, &sa);
	policy_release(p, i, &out);
	list_remove(&sa);
	i->want_up = true;
	policy_release(p, i, &out);
	assert_ptr_equal(policy_find(p, "t[1]"), i);
	i->want_up = false;
	policy_release(p, i, &out);
	assert_null(policy_find(p, "t[1]"));
	actions_done(&out);
	policy_free(p);
}

/* An instance stays with the version it was made of; whoever comes next gets the new one. */
static void instances_keep_their_version(void **state)
{
	struct policy *p = database();
	struct loaded *t = load(p, between("t", "192.0.2.1", NULL, "%any", NULL));
	struct loaded *i = instance(p, t, "198.51.100.1", 500, "@carol"), *next;
	const struct connection *first = t->connection;
	struct connection *wider = between("t", "192.0.2.1", "10.1.0.0/24", "%any", NULL);

	assert_int_equal(policy_add(p, wider, true, &t, NULL, NULL), CYG_OK);
	assert_ptr_equal(i->connection, first);
	next = instance(p, t, "198.51.100.1", 500, "@carol");
	assert_ptr_not_equal(next, i);
	assert_ptr_equal(next->connection, wider);
	policy_free(p);
}

/* ---- walking ---- */

static void a_walk_meets_each_in_order(void **state)
{
	struct policy *p = database();
	struct loaded *a, *t, *z, *i[3], *l = NULL;
	struct actions out = {0};

	assert_null(policy_next(p, NULL));
	a = load(p, plain("a"));
	t = load(p, between("t", "192.0.2.1", NULL, "%any", NULL));
	z = load(p, plain("z"));
	for (int k = 0; k < 3; k++)
		i[k] = instance(p, t, "198.51.100.1", (uint16_t)(500 + k), "@carol");
	for (int round = 0; round < 2; round++) {
		struct loaded *want[] = {a, t, i[0], i[1], i[2], z};

		for (size_t k = 0; k < COUNT_OF(want); k++) {
			if (round && want[k] == i[1])
				continue;
			l = policy_next(p, l);
			assert_ptr_equal(l, want[k]);
		}
		l = policy_next(p, l);
		assert_null(l);
		assert_int_equal(policy_count(p), round ? 5 : 6);
		if (!round)
			policy_release(p, i[1], &out);
	}
	actions_done(&out);
	policy_free(p);
}

/* ---- memory ---- */

static bool no_entropy(void *ctx, uint8_t *out, size_t len)
{
	return false;
}

static void there_is_none_without_entropy(void **state)
{
	struct entropy e = {.fill = no_entropy};

	assert_null(policy_new(&e));
}

/* All that loading and instances can do, made of connections that exist before. */
struct life {
	struct connection *all[4];
	const struct ident *carol;
};

static bool live(void *ctx)
{
	static struct entropy_seeded seeded;
	struct life *life = ctx;
	struct entropy e = entropy_seed(&seeded, 1);
	struct policy *p = policy_new(&e);
	struct endpoint remote = at("198.51.100.1", 4500);
	struct loaded *l = NULL, *t = NULL;
	bool well = p && policy_host_changed(p, &test_host) == CYG_OK;
	size_t count = 0;

	for (size_t i = 0; well && i < COUNT_OF(life->all); i++) {
		uint32_t refs = life->all[i]->refs;

		connection_ref(life->all[i]);
		well = policy_add(p, life->all[i], true, &l, NULL, NULL) == CYG_OK;
		if (!well) {
			connection_unref(life->all[i]);
			assert_int_equal(life->all[i]->refs, refs);
			assert_int_equal(policy_count(p), count);
		}
		t = l && l->is_template ? l : t;
		count = p ? policy_count(p) : 0;
	}
	if (well)
		well = policy_instantiate(p, t, &t->local_addr, &remote, life->carol, &l) ==
		       CYG_OK;
	policy_free(p);
	return well;
}

static void memory_may_run_out(void **state)
{
	struct life life = {{plain("a"), between("t", "192.0.2.1", "10.1.0.0/24", "%any", NULL),
			     between("n", "west.example", NULL, "peer.example", NULL),
			     between("a", "192.0.2.1", NULL, "other.example", "10.2.0.0/24")},
			    id("@carol")};

	give_aliases(life.all[0], "x", "y");
	give_aliases(life.all[3], "x", "z");
	test_each_allocation_failing(live, &life, true);
	for (size_t i = 0; i < COUNT_OF(life.all); i++) {
		assert_int_equal(life.all[i]->refs, 1);
		connection_unref(life.all[i]);
	}
}

struct swapping {
	struct policy *p;
	struct loaded *l;
	struct connection *versions[2];
	int now;
};

static bool swap_once(void *ctx)
{
	struct swapping *s = ctx;
	struct connection *next = s->versions[!s->now];
	struct loaded *out[1];

	connection_ref(next);
	if (policy_add(s->p, next, true, &s->l, NULL, NULL)) {
		connection_unref(next);
		/* The earlier version stands, whole. */
		assert_ptr_equal(s->l->connection, s->versions[s->now]);
		assert_int_equal(policy_resolve(s->p, s->now ? "one" : "zero", out, 1), 1);
		assert_int_equal(policy_resolve(s->p, s->now ? "zero" : "one", out, 1), 0);
		return false;
	}
	s->now = !s->now;
	return true;
}

static void a_swap_without_memory_changes_nothing(void **state)
{
	struct swapping s = {.p = database(),
			     .versions = {plain("a"),
					  between("a", "%defaultroute", "10.1.0.0/24",
						  "peer.example", "10.2.0.0/24")}};

	give_aliases(s.versions[0], "zero", NULL);
	give_aliases(s.versions[1], "one", NULL);
	s.l = load(s.p, (struct connection *)connection_ref(s.versions[0]));
	test_each_allocation_failing(swap_once, &s, true);
	policy_free(s.p);
	connection_unref(s.versions[0]);
	connection_unref(s.versions[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_none_without_entropy),
		cmocka_unit_test(a_name_is_loaded_once),
		cmocka_unit_test(only_whole_names_are_found),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(a_swap_without_memory_changes_nothing),
		cmocka_unit_test(a_name_may_look_like_an_instance),
		cmocka_unit_test(aliases_name_several),
		cmocka_unit_test(replacing_swaps_the_version),
		cmocka_unit_test(a_version_lives_as_long_as_someone_holds_it),
		cmocka_unit_test(the_same_algorithms_are_kept_once),
		cmocka_unit_test(reqids_begin_beyond_those_of_before),
		cmocka_unit_test(reqids_go_in_steps_unless_described),
		cmocka_unit_test(policy_ids_find_their_connection),
		cmocka_unit_test(templates_make_instances),
		cmocka_unit_test(a_plain_connection_is_its_own_instance),
		cmocka_unit_test(only_idle_instances_are_released),
		cmocka_unit_test(instances_keep_their_version),
		cmocka_unit_test(a_walk_meets_each_in_order),
	};

	return RUN_TESTS("policy/policy", tests);
}
