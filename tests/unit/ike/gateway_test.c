/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <stdio.h>
#include <string.h>

/* Packets to a group whose peers are who the DNS says: nobody is asked before that is known. */

static void step(struct node *h, struct event ev)
{
	actions_clear(&h->out);
	ev.now = ++h->world->now;
	ike_step(h->ike, &ev, &h->out);
	assert_false(h->out.bad);
}

static const struct action *find(const struct node *h, enum action_kind kind)
{
	for (size_t i = 0; i < h->out.len; i++)
		if (h->out.items[i].kind == kind)
			return &h->out.items[i];
	return NULL;
}

static void command(struct node *h, enum command_kind kind, struct connection *c)
{
	step(h, (struct event){.kind = EV_COMMAND,
			       .cause = 100,
			       .command = {.kind = kind, .name = "grp", .connection = c}});
}

static const struct loaded *network(const struct node *h)
{
	return policy_group_next(policy_find(ike_policy(h->ike), "grp"), NULL);
}

static const struct loaded *peer(const struct node *h, unsigned n)
{
	char name[60];

	snprintf(name, sizeof(name), "%s[%u]", network(h)->connection->name, n);
	return policy_find(ike_policy(h->ike), name);
}

/* A group of one network, in force, with hosts behind us or without. */
static struct node *grouped(struct world *w, const char *failure, bool behind)
{
	struct node *h = world_host(w, "west");
	struct connection *c = connection_new("grp");
	struct group_line line = {.net = {.addr = {IP_V4, {10, 9, 0, 0}}, .bits = 16}};
	struct event ev = {.kind = EV_ANSWER};

	conn_set(c, "left", "192.0.2.1");
	conn_set(c, "right", "%opportunisticgroup");
	conn_set(c, "rightrsasigkey", "%dnsondemand");
	conn_set(c, "leftrsasigkey", "%dnsondemand");
	conn_set(c, "authby", "pubkey");
	conn_set(c, "failureshunt", failure);
	if (behind)
		conn_set(c, "leftsubnet", "10.1.0.0/24");
	command(h, CMD_ADD, c);
	ev.answer.op = find(h, ACT_GROUP)->op;
	ev.answer.group.lines = &line;
	ev.answer.group.len = 1;
	step(h, ev);
	command(h, CMD_LISTEN, NULL);
	while (find(h, ACT_GROUP) || ike_deadline(h->ike) <= w->now) {
		if (find(h, ACT_GROUP)) {
			ev.answer.op = find(h, ACT_GROUP)->op;
			step(h, ev);
		} else {
			step(h, (struct event){.kind = EV_TIMER});
		}
	}
	command(h, CMD_ROUTE, NULL);
	assert_non_null(network(h));
	return h;
}

static void packet(struct node *h, uint8_t from, uint8_t to)
{
	struct ip_addr local = {IP_V4, {10, 1, 0, from}}, own = {IP_V4, {192, 0, 2, 1}};
	struct ip_addr remote = {IP_V4, {10, 9, 0, to}};
	struct event ev = {.kind = EV_ACQUIRE};

	ev.acquire.policy_id = network(h)->policy_id;
	ev.acquire.local = ts_of_addr(from ? &local : &own);
	ev.acquire.remote = ts_of_addr(&remote);
	step(h, ev);
}

/* The number of the question who speaks for 10.9.0.to. */
static uint32_t asked(const struct node *h, uint8_t to)
{
	const struct action *a = find(h, ACT_GATEWAY);

	assert_non_null(a);
	assert_int_equal(a->address.octets[3], to);
	assert_null(find(h, ACT_KE_START));
	return a->op;
}

static void answer(struct node *h, uint32_t op, const char *gateway)
{
	struct event ev = {.kind = EV_ANSWER, .answer.op = op};
	struct diag why;

	diag_set(&why, "dns-key", NULL, "there is none");
	ev.answer.err = gateway ? CYG_OK : CYG_NOTFOUND;
	ev.answer.why = gateway ? NULL : &why;
	if (gateway)
		assert_int_equal(ip_parse(gateway, &ev.answer.gateway), CYG_OK);
	step(h, ev);
}

static void a_packet_is_held_and_then_meets_the_failure_shunt(void **state)
{
	static const struct {
		const char *failure;
		uint8_t kind;
	} rows[] = {{"passthrough", POLICY_PASS}, {"drop", POLICY_DROP}, {"none", POLICY_DROP}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(1, NULL);
		struct node *h = grouped(w, rows[i].failure, false);
		uint32_t op;

		test_row(i, "%s", rows[i].failure);
		packet(h, 0, 7);
		op = asked(h, 7);
		assert_int_equal(peer(h, 1)->spd, SPD_HOLD);
		packet(h, 0, 7); /* another one asks nothing again */
		assert_null(find(h, ACT_GATEWAY));
		answer(h, op, NULL);
		assert_int_equal(find(h, ACT_POLICY_SET)->policy->kind, rows[i].kind);
		assert_int_equal(peer(h, 1)->spd, SPD_FAILED);
		assert_null(find(h, ACT_KE_START));
		world_free(w);
	}
}

static void the_gateway_is_negotiated_with(void **state)
{
	static const char *const rows[] = {"10.9.0.7", "198.51.100.9"};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(2, NULL);
		struct node *h = grouped(w, "passthrough", false);
		const struct loaded *l;
		char text[IP_TEXT_MAX];

		test_row(i, "%s", rows[i]);
		packet(h, 0, 7);
		answer(h, asked(h, 7), rows[i]);
		assert_non_null(find(h, ACT_KE_START));
		l = peer(h, 1);
		assert_string_equal(ip_print(&l->remote_addr, text), rows[i]);
		assert_int_equal(l->ts_remote.len, 1);
		assert_string_equal(ip_print(&l->ts_remote.items[0].range.first, text),
				    "10.9.0.7");
		packet(h, 0, 7); /* the same peer, whatever its address */
		assert_null(find(h, ACT_GATEWAY));
		assert_null(peer(h, 2));
		world_free(w);
	}
}

/* With hosts behind us each pair is one of its own, from the packet's own source. */
static void hosts_behind_us(void **state)
{
	struct world *w = world_new(3, NULL);
	struct node *h = grouped(w, "passthrough", true);
	uint32_t first, second;

	packet(h, 5, 7);
	first = asked(h, 7);
	packet(h, 6, 7);
	second = asked(h, 7);
	assert_int_equal(peer(h, 1)->ts_local.items[0].range.first.octets[3], 5);
	assert_int_equal(peer(h, 1)->ts_local.items[0].range.last.octets[3], 5);
	assert_int_equal(peer(h, 2)->ts_local.items[0].range.first.octets[3], 6);
	answer(h, second, "198.51.100.9");
	assert_non_null(find(h, ACT_KE_START));
	answer(h, first, NULL);
	assert_int_equal(peer(h, 1)->spd, SPD_FAILED);
	assert_int_equal(peer(h, 2)->spd, SPD_HOLD);
	world_free(w);
}

/* What is gone meanwhile is no more negotiated for. */
static void a_late_answer(void **state)
{
	static const enum command_kind kinds[] = {CMD_DELETE, CMD_DOWN};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct world *w = world_new(4, NULL);
		struct node *h = grouped(w, "passthrough", false);
		uint32_t op;

		test_row(i, "%d", kinds[i]);
		packet(h, 0, 7);
		op = asked(h, 7);
		command(h, kinds[i], NULL);
		answer(h, op, "198.51.100.9");
		assert_null(find(h, ACT_KE_START));
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_is_held_and_then_meets_the_failure_shunt),
		cmocka_unit_test(the_gateway_is_negotiated_with),
		cmocka_unit_test(hosts_behind_us),
		cmocka_unit_test(a_late_answer),
	};

	return cmocka_run_group_tests_name("ike/gateway", tests, NULL, NULL);
}
