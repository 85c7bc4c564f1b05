/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/field.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const char *selectors(const struct ts_set *s)
{
	static char text[512];

	return ts_set_print(s, text, sizeof(text));
}

static void selectors_follow_from_the_ends(void **state)
{
	static const struct {
		const char *leftnet, *rightnet;
		uint8_t left_proto, right_proto;
		uint16_t left_port, right_port;
		const char *local, *remote;
	} rows[] = {
		{NULL, NULL, 0, 0, 0, 0, "192.0.2.1/32", "192.0.2.8/32"},
		{"10.1.0.0/24", NULL, 0, 0, 0, 0, "10.1.0.0/24", "192.0.2.8/32"},
		{"10.1.0.0/24,10.3.0.0/16", "2001:db8:2::/48,10.2.0.0/24", 0, 0, 0, 0,
		 "10.1.0.0/24, 10.3.0.0/16", "2001:db8:2::/48, 10.2.0.0/24"},
		{NULL, NULL, 17, 17, 1701, 0, "192.0.2.1/32[udp/1701]", "192.0.2.8/32[udp]"},
		{NULL, NULL, 6, 0, 0, 0, "192.0.2.1/32[tcp]", "192.0.2.8/32[tcp]"},
		{NULL, NULL, 0, 6, 0, 443, "192.0.2.1/32[tcp]", "192.0.2.8/32[tcp/443]"},
		{NULL, NULL, 1, 1, 8, 8, "192.0.2.1/32[icmp/2048-2303]",
		 "192.0.2.8/32[icmp/2048-2303]"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", rows[i].leftnet, "192.0.2.8",
					       rows[i].rightnet);
		struct loaded *l;

		test_row(i, "%s === %s", rows[i].local, rows[i].remote);
		c->end[0].proto = rows[i].left_proto;
		c->end[1].proto = rows[i].right_proto;
		c->end[0].port = rows[i].left_port;
		c->end[1].port = rows[i].right_port;
		l = load(p, c);
		assert_string_equal(selectors(&l->ts_local), rows[i].local);
		assert_string_equal(selectors(&l->ts_remote), rows[i].remote);
		policy_free(p);
	}
}

/* %dynamic beside networks is the end itself, or what its pool has. */
static void an_end_goes_with_its_networks(void **state)
{
	static const struct {
		const char *pool, *local, *remote;
	} rows[] = {
		{NULL, "192.0.2.1/32, 10.1.0.0/24", "192.0.2.8/32, 224.0.0.0/4"},
		{"10.9.0.16/28", "192.0.2.1/32, 10.1.0.0/24", "10.9.0.16/28, 224.0.0.0/4"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", "10.1.0.0/24", "192.0.2.8",
					       "224.0.0.0/4");
		struct diag why;
		struct loaded *l;

		test_row(i, "%s", rows[i].remote);
		c->end[0].dynamic = c->end[1].dynamic = true;
		if (rows[i].pool)
			assert_int_equal(field_set(c, 1, field_by_keyword("addresspool", true),
						   rows[i].pool, &why),
					 CYG_OK);
		l = load(p, c);
		assert_string_equal(selectors(&l->ts_local), rows[i].local);
		assert_string_equal(selectors(&l->ts_remote), rows[i].remote);
		policy_free(p);
	}
}

/* Whoever a shunt says is anybody is so in the families that the other end has. */
static void anybody_is_every_address(void **state)
{
	static const struct {
		const char *left, *leftnet, *remote;
	} rows[] = {
		{"%any", NULL, "0.0.0.0/0, ::/0"},
		{"192.0.2.1", NULL, "0.0.0.0/0"},
		{"%any", "2001:db8:1::/48", "::/0"},
		{"192.0.2.1", "2001:db8:1::/48", "::/0"},
		{"192.0.2.1", "10.1.0.0/24,2001:db8:1::/48", "0.0.0.0/0, ::/0"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", rows[i].left, rows[i].leftnet, "%any",
					       NULL);

		test_row(i, "%s", rows[i].remote);
		c->type = CONN_PASS;
		assert_string_equal(selectors(&load(p, c)->ts_remote), rows[i].remote);
		policy_free(p);
	}
}

static void what_nobody_knows_is_empty(void **state)
{
	struct policy *p = database();
	struct loaded *road = load(p, between("road", "192.0.2.1", NULL, "%any", NULL));
	struct loaded *named = load(p,
				    between("named", "192.0.2.1", NULL, "peer.example", NULL));

	assert_int_equal(road->ts_remote.len, 0);
	assert_null(road->remote_id);
	assert_int_equal(named->ts_remote.len, 0);
	assert_null(named->remote_id);
	assert_false(named->is_template);
	policy_free(p);
}

static void ends_are_seen_from_our_side(void **state)
{
	struct policy *p = database();
	struct connection *c = between("a", "192.0.2.8", "10.2.0.0/24", "192.0.2.1",
				       "10.1.0.0/24");
	struct loaded *l;

	c->end[0].id = ident_ref(id("@peer"));
	c->end[0].ike_port = 1500;
	l = load(p, c);
	assert_int_equal(l->local, 1);
	assert_string_equal(selectors(&l->ts_local), "10.1.0.0/24");
	assert_string_equal(selectors(&l->ts_remote), "10.2.0.0/24");
	assert_true(ident_equal(l->remote_id, id("@peer")));
	assert_true(ident_equal(l->local_id, id("192.0.2.1")));
	assert_int_equal(l->remote_port, 1500);
	policy_free(p);
}

static void a_peer_that_anyone_can_be_is_a_template(void **state)
{
	static const struct {
		const char *right, *rightid;
		uint8_t type;
		bool is_template;
	} rows[] = {
		{"192.0.2.8", NULL, CONN_TUNNEL, false},
		{"192.0.2.8", "@peer", CONN_TUNNEL, false},
		{"%any", "@peer", CONN_TUNNEL, true},
		{"192.0.2.8", "%any", CONN_TUNNEL, true},
		{"192.0.2.8", "C=CH, O=x, CN=*", CONN_TRANSPORT, true},
		{"%any", NULL, CONN_PASS, false},
		{"%any", NULL, CONN_DROP, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", "192.0.2.1", NULL, rows[i].right, NULL);

		test_row(i, "%s %s", rows[i].right, rows[i].rightid ? rows[i].rightid : "-");
		c->end[1].id = rows[i].rightid ? ident_ref(id(rows[i].rightid)) : NULL;
		c->type = rows[i].type;
		assert_int_equal(load(p, c)->is_template, rows[i].is_template);
		policy_free(p);
	}
}

/* ---- this host changes ---- */

static void a_new_default_route_is_followed(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "%defaultroute", NULL, "192.0.2.8",
					   "10.2.0.0/24"));
	struct host_view moved = test_host;
	struct endpoint peer = at("192.0.2.8", 500), before = at("192.0.2.1", 500),
			now = at("10.1.0.1", 500);
	struct loaded *out[2];

	moved.default_v4.addr = now.addr;
	assert_int_equal(policy_host_changed(p, &moved), CYG_OK);
	assert_true(ip_equal(&l->local_addr, &now.addr));
	assert_string_equal(selectors(&l->ts_local), "10.1.0.1/32");
	assert_true(ident_equal(l->local_id, id("10.1.0.1")));
	assert_int_equal(policy_candidates(p, &now, &peer, out, 2), 1);
	assert_int_equal(policy_candidates(p, &before, &peer, out, 2), 0);
	moved.default_v4.addr = (struct ip_addr){0};
	assert_int_equal(policy_host_changed(p, &moved), CYG_OK);
	assert_int_equal(l->local, -1);
	assert_int_equal(policy_candidates(p, &now, &peer, out, 2), 0);
	assert_int_equal(policy_host_changed(p, &test_host), CYG_OK);
	assert_int_equal(l->local, 0);
	policy_free(p);
}

static void an_address_that_goes_and_comes(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "10.1.0.1", NULL, "192.0.2.8", NULL));
	struct loaded *other = load(p, between("b", "192.0.2.1", NULL, "192.0.2.8", NULL));
	struct host_view fewer = test_host;

	fewer.addresses_len = 1;
	assert_int_equal(l->local, 0);
	assert_int_equal(policy_host_changed(p, &fewer), CYG_OK);
	assert_int_equal(l->local, -1);
	assert_int_equal(policy_stray_count(p), 1);
	assert_int_equal(other->local, 0);
	assert_int_equal(policy_host_changed(p, &fewer), CYG_OK); /* nothing is new */
	assert_int_equal(l->local, -1);
	assert_int_equal(policy_host_changed(p, &test_host), CYG_OK);
	assert_int_equal(l->local, 0);
	assert_int_equal(policy_stray_count(p), 0);
	policy_free(p);
}

static void instances_move_with_their_template(void **state)
{
	struct policy *p = database();
	struct loaded *t = load(p, between("t", "%defaultroute", NULL, "%any", NULL)), *l;
	struct host_view moved = test_host;
	struct endpoint remote = at("198.51.100.1", 4500);

	assert_int_equal(policy_instantiate(p, t, &t->local_addr, &remote, id("@carol"), &l),
			 CYG_OK);
	moved.default_v4.addr = addr("10.1.0.1");
	assert_int_equal(policy_host_changed(p, &moved), CYG_OK);
	assert_true(ip_equal(&l->local_addr, &moved.default_v4.addr));
	assert_string_equal(selectors(&l->ts_local), "10.1.0.1/32");
	assert_true(ident_equal(l->remote_id, id("@carol")));
	assert_true(ip_equal(&l->remote_addr, &remote.addr));
	/* While there is no way out it stays where it was. */
	moved.default_v4.addr = (struct ip_addr){0};
	assert_int_equal(policy_host_changed(p, &moved), CYG_OK);
	assert_int_equal(t->local, -1);
	assert_int_equal(l->local, 0);
	policy_free(p);
}

struct moving {
	struct policy *p;
	struct loaded *l;
};

static bool move_once(void *ctx)
{
	struct moving *m = ctx;
	struct host_view moved = test_host;
	bool well;

	moved.default_v4.addr = addr("10.1.0.1");
	well = policy_host_changed(m->p, &moved) == CYG_OK;
	if (well)
		assert_true(ip_equal(&m->l->local_addr, &moved.default_v4.addr));
	return well;
}

/* Each try goes on where the one before left off, so that the last one succeeds. */
static void a_move_without_memory_is_made_good(void **state)
{
	struct moving m = {.p = database()};

	m.l = load(m.p, between("a", "%defaultroute", NULL, "192.0.2.8", NULL));
	test_each_allocation_failing(move_once, &m, true);
	policy_free(m.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_goes_with_its_networks),
		cmocka_unit_test(anybody_is_every_address),
		cmocka_unit_test(what_nobody_knows_is_empty),
		cmocka_unit_test(a_move_without_memory_is_made_good),
		cmocka_unit_test(selectors_follow_from_the_ends),
		cmocka_unit_test(ends_are_seen_from_our_side),
		cmocka_unit_test(a_peer_that_anyone_can_be_is_a_template),
		cmocka_unit_test(a_new_default_route_is_followed),
		cmocka_unit_test(an_address_that_goes_and_comes),
		cmocka_unit_test(instances_move_with_their_template),
	};

	return RUN_TESTS("policy/orient", tests);
}
