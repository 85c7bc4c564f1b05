/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_name_is_loaded_once(void **state)
{
	struct policy *p = database();
	struct connection *again = between("a", "192.0.2.1", NULL, "192.0.2.9", NULL);
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "192.0.2.2", NULL)),
		      *other = NULL;
	struct diag why;

	assert_int_equal(policy_add(p, again, false, &other, NULL, &why), CYG_EXISTS);
	assert_null(other);
	assert_non_null(strstr(why.hint, "--replace"));
	assert_ptr_equal(policy_find(p, "a"), l);
	assert_null(policy_find(p, "b"));
	assert_null(policy_find(p, "a[1]"));
	connection_unref(again);
	policy_free(p);
}

static void replacing_swaps_the_version(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "192.0.2.2", NULL)),
		      *same = NULL;
	const struct connection *first = l->connection, *old = NULL;
	struct connection *like = between("a", "192.0.2.1", NULL, "192.0.2.2", NULL);
	struct connection *unlike = between("a", "192.0.2.1", NULL, "192.0.2.3", NULL);
	uint32_t reqid = l->reqid;

	assert_int_equal(policy_add(p, like, true, &same, &old, NULL), CYG_OK);
	assert_ptr_equal(same, l);
	assert_null(old);
	assert_ptr_equal(l->connection, first);
	assert_int_equal(policy_add(p, unlike, true, &same, &old, NULL), CYG_OK);
	assert_ptr_equal(same, l);
	assert_ptr_equal(old, first);
	assert_int_equal(l->remote_addr.octets[3], 3);
	assert_int_equal(l->reqid, reqid);
	assert_ptr_equal(policy_find(p, "a"), l);
	connection_unref(old);
	policy_free(p);
}

static void aliases_name_several(void **state)
{
	struct policy *p = database();
	struct loaded *out[4];
	struct actions actions = {0};

	for (int i = 0; i < 3; i++) {
		char name[8];
		struct connection *c;

		snprintf(name, sizeof(name), "c%d", i);
		c = between(name, "192.0.2.1", NULL, "192.0.2.2", NULL);
		c->aliases = calloc(1, sizeof(char *));
		c->aliases[0] = strdup("all");
		c->aliases_len = 1;
		load(p, c);
	}
	assert_int_equal(policy_resolve(p, "all", out, 4), 3);
	assert_int_equal(policy_resolve(p, "c1", out, 4), 1);
	assert_int_equal(policy_resolve(p, "none", out, 4), 0);
	policy_remove(p, policy_find(p, "c0"), &actions);
	policy_remove(p, policy_find(p, "c2"), &actions);
	assert_int_equal(policy_resolve(p, "all", out, 4), 1);
	assert_string_equal(out[0]->connection->name, "c1");
	actions_done(&actions);
	policy_free(p);
}

static void orientation_finds_our_end(void **state)
{
	static const struct {
		const char *left, *right;
		int local;
		const char *ours;
	} rows[] = {
		{"192.0.2.7", "192.0.2.8", -1, NULL},
		{"192.0.2.1", "10.1.0.1", -1, NULL}, /* both */
		{"%eth9", "192.0.2.8", -1, NULL},
		{"unresolved.example", "192.0.2.8", -1, NULL},
		{"192.0.2.1", "192.0.2.8", 0, "192.0.2.1"},
		{"192.0.2.8", "192.0.2.1", 1, "192.0.2.1"},
		{"%defaultroute", "192.0.2.8", 0, "192.0.2.1"},
		{"192.0.2.8", "%defaultroute", 1, "192.0.2.1"},
		{"%eth1", "192.0.2.8", 0, "10.1.0.1"},
		{"%any", "192.0.2.1", 1, "192.0.2.1"},
		{"2001:db8::1", "2001:db8::2", 0, "2001:db8::1"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct loaded *l = load(p,
					between("a", rows[i].left, NULL, rows[i].right, NULL));

		test_row(i, "%s %s", rows[i].left, rows[i].right);
		assert_int_equal(l->local, rows[i].local);
		if (rows[i].ours) {
			struct ip_addr ours = addr(rows[i].ours);

			assert_true(ip_equal(&l->local_addr, &ours));
			assert_true(ident_equal(l->local_id, id(rows[i].ours)));
		} else {
			struct diag why;

			policy_explain_orientation(p, l, &why);
			assert_non_null(strstr(why.wanted, "192.0.2.1"));
			assert_non_null(strstr(why.got, "left="));
		}
		policy_free(p);
	}
}

static void a_new_default_route_is_followed(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "%defaultroute", NULL, "192.0.2.8",
					   "10.2.0.0/24"));
	struct host_view moved = test_host;
	struct ip_addr now = addr("10.1.0.1");

	moved.default_v4.addr = now;
	assert_int_equal(policy_host_changed(p, &moved), CYG_OK);
	assert_true(ip_equal(&l->local_addr, &now));
	assert_true(ip_equal(&l->ts_local.items[0].range.first, &now));
	moved.default_v4.addr = (struct ip_addr){0};
	assert_int_equal(policy_host_changed(p, &moved), CYG_OK);
	assert_int_equal(l->local, -1);
	policy_free(p);
}

static void names_are_resolved_when_asked(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "peer.example", NULL));
	struct actions actions = {0};
	struct ip_addr found = addr("192.0.2.77");

	assert_false(ip_is_set(&l->remote_addr));
	policy_ask_names(p, &actions);
	assert_int_equal(count_kind(&actions, ACT_RESOLVE), 1);
	assert_string_equal(find_kind(&actions, ACT_RESOLVE)->name, "peer.example");
	actions_clear(&actions);
	policy_ask_names(p, &actions);
	assert_int_equal(actions.len, 0);
	policy_resolved(p, "peer.example", &found, 1);
	assert_true(ip_equal(&l->remote_addr, &found));
	policy_resolved(p, "peer.example", NULL, 0);
	assert_true(ip_equal(&l->remote_addr, &found));
	actions_done(&actions);
	policy_free(p);
}

static void failures_are_retried_ever_later(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "192.0.2.2", NULL));
	nsec now = 1000, pause, before = 0;

	assert_false(policy_failed(p, l, now, false)); /* nobody wants it up */
	l->want_up = true;
	for (int i = 0; i < 12; i++) {
		assert_true(policy_failed(p, l, now, false));
		pause = policy_deadline(p) - now;
		assert_true(pause >= before || pause >= 300 * NSEC_PER_SEC);
		assert_true(pause >= 5 * NSEC_PER_SEC && pause <= 330 * NSEC_PER_SEC);
		before = pause * 10 / 11;
		assert_null(policy_due(p, policy_deadline(p) - 1));
		now = policy_deadline(p);
		assert_ptr_equal(policy_due(p, now), l);
		assert_int_equal(policy_deadline(p), NSEC_NEVER);
	}
	policy_came_up(p, l);
	assert_true(policy_failed(p, l, now, true));
	assert_int_equal(policy_deadline(p), now);
	policy_free(p);
}

static void tries_come_to_an_end(void **state)
{
	struct policy *p = database();
	struct connection *c = between("a", "192.0.2.1", NULL, "192.0.2.2", NULL);
	struct loaded *l;

	c->keying_tries = 3;
	l = load(p, c);
	l->want_up = true;
	assert_true(policy_failed(p, l, 1, false));
	assert_true(policy_failed(p, l, 1, false));
	assert_false(policy_failed(p, l, 1, false));
	policy_free(p);
}

struct loading {
	struct policy *p;
};

static bool load_once(void *ctx)
{
	static struct entropy_seeded seeded;
	struct entropy e = entropy_seed(&seeded, 1);
	struct policy *p = policy_new(&e);
	struct connection *c = p ? connection_new("a") : NULL;
	struct loaded *l = NULL;
	bool well = false;

	(void)ctx;
	if (c && policy_host_changed(p, &test_host) == CYG_OK) {
		c->end[0].host = (struct host){.kind = HOST_DEFAULTROUTE};
		c->end[1].host = (struct host){.kind = HOST_ADDR,
					       .addr = {IP_V4, {192, 0, 2, 9}}};
		well = policy_add(p, c, false, &l, NULL, NULL) == CYG_OK;
		c = well ? NULL : c;
	}
	connection_unref(c);
	policy_free(p);
	return well;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(load_once, NULL, true);
}

static void many_are_loaded(void **state)
{
	struct policy *p = database();
	char name[16], peer[16];

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		snprintf(peer, sizeof(peer), "10.9.%u.%u", i >> 8 & 127, i & 255);
		load(p, between(name, "192.0.2.1", NULL, peer, NULL));
	}
	assert_int_equal(policy_count(p), 20000);
	assert_non_null(policy_find(p, "c19999"));
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_loaded_once),
		cmocka_unit_test(replacing_swaps_the_version),
		cmocka_unit_test(aliases_name_several),
		cmocka_unit_test(orientation_finds_our_end),
		cmocka_unit_test(a_new_default_route_is_followed),
		cmocka_unit_test(names_are_resolved_when_asked),
		cmocka_unit_test(failures_are_retried_ever_later),
		cmocka_unit_test(tries_come_to_an_end),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(many_are_loaded),
	};

	return RUN_TESTS("policy/policy", tests);
}
