/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static struct group_line line_of(const char *net)
{
	struct group_line l = {.line = 1};

	assert_int_equal(prefix_parse(net, &l.net, NULL), CYG_OK);
	return l;
}

static struct loaded *group(struct policy *p, const char *name, uint8_t type, const char *who)
{
	struct connection *c = between(name, "%defaultroute", NULL, who, NULL);

	c->type = type;
	c->auth = type > CONN_TRANSPORT ? AUTH_NEVER : AUTH_SECRET;
	return load(p, c);
}

static struct loaded *add(struct policy *p, struct loaded *g, const char *net)
{
	struct group_line line = line_of(net);
	struct loaded *l = NULL;

	assert_int_equal(policy_group_add(p, g, &line, &l), CYG_OK);
	return l;
}

/* A host that has a default route in both families. */
static struct policy *two_families(void)
{
	struct host_view host = test_host;
	struct policy *p = database();

	host.default_v6.addr = addr("2001:db8::1");
	assert_int_equal(policy_host_changed(p, &host), CYG_OK);
	return p;
}

static void a_network_is_a_connection(void **state)
{
	static const struct {
		const char *net;
		uint8_t proto;
		uint16_t local_port, remote_port;
		const char *name, *local, *remote;
	} rows[] = {
		{"10.0.0.0/8", 0, 0, 0, "clear#10.0.0.0/8", "192.0.2.1/32", "10.0.0.0/8"},
		{"192.0.2.7", 0, 0, 0, "clear#192.0.2.7/32", "192.0.2.1/32", "192.0.2.7/32"},
		{"10.0.0.0/8", 6, 0, 25, "clear#10.0.0.0/8-(0--6--25)", "192.0.2.1/32[tcp]",
		 "10.0.0.0/8[tcp/25]"},
		{"10.0.0.0/8", 17, 53, 0, "clear#10.0.0.0/8-(53--17--0)",
		 "192.0.2.1/32[udp/53]", "10.0.0.0/8[udp]"},
		{"2001:db8:7::/48", 0, 0, 0, "clear#2001:db8:7::/48", "2001:db8::1/128",
		 "2001:db8:7::/48"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = two_families();
		struct loaded *g = group(p, "clear", CONN_PASS, "%group"), *l;
		struct group_line line = line_of(rows[i].net);
		char text[200];

		test_row(i, "%s", rows[i].name);
		line.proto = rows[i].proto;
		line.local_port = rows[i].local_port;
		line.remote_port = rows[i].remote_port;
		assert_int_equal(policy_group_add(p, g, &line, &l), CYG_OK);
		assert_string_equal(l->connection->name, rows[i].name);
		assert_ptr_equal(policy_find(p, rows[i].name), l);
		assert_string_equal(ts_set_print(&l->ts_local, text, sizeof(text)),
				    rows[i].local);
		assert_string_equal(ts_set_print(&l->ts_remote, text, sizeof(text)),
				    rows[i].remote);
		assert_true(g->is_group && !l->is_group);
		assert_ptr_equal(l->group, g);
		policy_free(p);
	}
}

static void a_network_is_there_once(void **state)
{
	struct policy *p = database();
	struct loaded *g = group(p, "clear", CONN_PASS, "%group");
	struct loaded *other = group(p, "block", CONN_DROP, "%group");
	struct group_line line = line_of("10.0.0.0/8"), tcp = line;
	struct loaded *a = add(p, g, "10.0.0.0/8"), *b = NULL;
	struct actions out = {0};

	tcp.proto = 6;
	assert_int_equal(policy_group_add(p, g, &line, &b), CYG_EXISTS);
	assert_null(policy_group_find(p, g, &tcp));
	assert_null(policy_group_find(p, other, &line));
	assert_ptr_equal(policy_group_find(p, g, &line), a);
	assert_int_equal(policy_group_add(p, g, &tcp, &b), CYG_OK);
	add(p, other, "10.0.0.0/8");
	assert_int_equal(policy_group_count(g), 2);
	assert_ptr_equal(policy_group_next(g, a), b);
	assert_null(policy_group_next(g, b));
	policy_remove(p, a, &out);
	assert_null(policy_group_find(p, g, &line));
	assert_ptr_equal(policy_group_next(g, NULL), b);
	assert_int_equal(policy_group_count(g), 1);
	actions_done(&out);
	policy_free(p);
}

static void a_network_without_an_address_of_its_family_waits(void **state)
{
	struct policy *p = database();
	struct loaded *l = add(p, group(p, "clear", CONN_PASS, "%group"), "2001:db8:7::/48");
	struct host_view host = test_host;

	assert_int_equal(l->local, -1);
	host.default_v6.addr = addr("2001:db8::1");
	assert_int_equal(policy_host_changed(p, &host), CYG_OK);
	assert_int_equal(l->local, 0);
	assert_int_equal(l->ts_local.len, 1);
	policy_free(p);
}

static size_t candidates(struct policy *p, const char *remote, struct loaded *out[4])
{
	struct endpoint local = at("192.0.2.1", 500), peer = at(remote, 500);

	return policy_candidates(p, &local, &peer, out, 4);
}

/* Whoever is in several networks is what the most specific one says. */
static void the_most_specific_network_decides(void **state)
{
	static const struct {
		const char *peer, *is;
	} rows[] = {
		{"10.9.0.1", "private#10.0.0.0/8"},
		{"10.1.0.1", NULL},
		{"10.1.2.9", "private#10.1.2.0/24"},
		{"10.1.2.3", NULL},
		{"10.1.2.4", "private#10.1.2.4/32"},
		{"172.16.0.1", NULL},
		{"2001:db8::9", NULL},
	};
	struct policy *p = database();
	struct loaded *private = group(p, "private", CONN_TUNNEL, "%opportunisticgroup");
	struct loaded *clear = group(p, "clear", CONN_PASS, "%group");
	struct group_line mail = line_of("10.1.2.4");
	struct loaded *unused;

	add(p, private, "10.0.0.0/8");
	add(p, clear, "10.1.0.0/16");
	add(p, private, "10.1.2.0/24");
	add(p, clear, "10.1.2.3");
	/* What is said of one port leaves the rest to the next wider network, or to its equal. */
	mail.proto = 6;
	assert_int_equal(policy_group_add(p, clear, &mail, &unused), CYG_OK);
	add(p, private, "10.1.2.4");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct loaded *found[4];
		size_t n = candidates(p, rows[i].peer, found);

		test_row(i, "%s", rows[i].peer);
		assert_int_equal(n, rows[i].is != NULL);
		if (n)
			assert_string_equal(found[0]->connection->name, rows[i].is);
	}
	policy_free(p);
}

/* Passing what an opportunistic group sends is no refusal of those who ask for more. */
static void who_may_ask_depends_on_the_kind(void **state)
{
	static const struct {
		uint8_t type, auth;
		const char *who;
		bool may;
	} rows[] = {
		{CONN_TUNNEL, AUTH_SECRET, "%group", true},
		{CONN_TUNNEL, AUTH_SECRET, "%opportunistic", true},
		{CONN_PASS, AUTH_SECRET, "%opportunisticgroup", true},
		{CONN_PASS, AUTH_NEVER, "%opportunisticgroup", false},
		{CONN_PASS, AUTH_SECRET, "%group", false},
		{CONN_DROP, AUTH_SECRET, "%opportunisticgroup", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("g", "%defaultroute", NULL, rows[i].who, NULL);
		struct loaded *found[4];

		test_row(i, "type %u of %s", rows[i].type, rows[i].who);
		c->type = rows[i].type;
		c->auth = rows[i].auth;
		add(p, load(p, c), "10.0.0.0/8");
		assert_int_equal(candidates(p, "10.0.0.7", found), rows[i].may);
		policy_free(p);
	}
}

static struct loaded *peer(struct policy *p, struct loaded *net, const char *address,
			   const char *who)
{
	struct endpoint remote = at(address, 500);
	struct loaded *l;

	assert_int_equal(policy_instantiate(p, net, &net->local_addr, &remote, id(who), &l),
			 CYG_OK);
	return l;
}

static void a_peer_is_for_its_own_address(void **state)
{
	struct policy *p = database();
	struct loaded *net = add(p, group(p, "private", CONN_TUNNEL, "%opportunisticgroup"),
				 "10.0.0.0/8");
	struct loaded *a = peer(p, net, "10.0.0.7", "10.0.0.7"), *again;
	struct loaded *b = peer(p, net, "10.0.0.8", "10.0.0.8");
	struct actions out = {0};
	struct table table = {0};
	char text[100];

	assert_true(policy_is_group_peer(a) && !policy_is_group_peer(net));
	assert_string_equal(ts_set_print(&a->ts_remote, text, sizeof(text)), "10.0.0.7/32");
	assert_int_equal(policy_claim(p, net, &net->ts_local, &net->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, net, SPD_TRAP, 0, &out);
	assert_int_equal(policy_claim(p, a, &a->ts_local, &a->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, a, SPD_HOLD, 0, &out);
	assert_int_equal(policy_claim(p, b, &b->ts_local, &b->ts_remote, NULL), CYG_OK);
	/* Who is expected at an address, and who then comes from there, are one. */
	again = peer(p, net, "10.0.0.7", "@somebody");
	assert_int_equal(policy_claim(p, again, &a->ts_local, &a->ts_remote, NULL), CYG_OK);
	policy_set_spd(p, again, SPD_PROTECT, 0, &out);
	table_apply(&table, &out);
	assert_int_equal(table_meets(&table, "192.0.2.1", "10.0.0.7")->kind, POLICY_PROTECT);
	assert_int_equal(table_meets(&table, "192.0.2.1", "10.0.0.9")->kind, POLICY_TRAP);
	/* It failed: also without a failure shunt nothing of it leaves for a while. */
	a->routed = true;
	assert_int_equal(policy_resting(a, true), SPD_FAILED);
	assert_int_equal(policy_resting(a, false), SPD_TRAP);
	policy_come_back(p, a, 5);
	policy_release(p, a, &out);
	assert_ptr_equal(policy_find(p, "private#10.0.0.0/8[1]"), a);
	assert_ptr_equal(policy_due(p, 5), a);
	policy_release(p, a, &out);
	assert_null(policy_find(p, "private#10.0.0.0/8[1]"));
	table_apply(&table, &out);
	actions_done(&out);
	policy_free(p);
	for (size_t i = 0; i < table.entries_len; i++) {
		ts_set_done(&table.entries[i].ts_local);
		ts_set_done(&table.entries[i].ts_remote);
	}
}

static bool a_group_of_two(void *ctx)
{
	struct policy *p;
	struct loaded *g, *l;
	struct group_line lines[] = {line_of("10.0.0.0/8"), line_of("10.1.0.0/16")};
	bool well = true;
	size_t made = 0;

	test_allocations_count(false);
	p = database();
	g = group(p, "private", CONN_TUNNEL, "%opportunisticgroup");
	test_allocations_count(true);
	for (size_t i = 0; i < 2 && well; i++) {
		well = policy_group_add(p, g, &lines[i], &l) == CYG_OK;
		made += well;
	}
	assert_int_equal(policy_group_count(g), made);
	policy_free(p);
	return well;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(a_group_of_two, NULL, true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_there_once),
		cmocka_unit_test(a_network_without_an_address_of_its_family_waits),
		cmocka_unit_test(a_network_is_a_connection),
		cmocka_unit_test(the_most_specific_network_decides),
		cmocka_unit_test(who_may_ask_depends_on_the_kind),
		cmocka_unit_test(a_peer_is_for_its_own_address),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("policy/group", tests);
}
