/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <stdlib.h>
#include <string.h>

/* Files of policy groups with many networks: no step does all of the work. */

#define LINES 700
#define SLICE 256 /* networks that one step changes at most */

/* What the last step brought. */
static unsigned count(const struct node *h, enum action_kind kind)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->out.len; i++)
		n += h->out.items[i].kind == kind;
	return n;
}

static bool has_ended(const struct node *h, uint64_t cause)
{
	for (size_t i = 0; i < h->out.len; i++)
		if (h->out.items[i].kind == ACT_DONE && h->out.items[i].cause == cause)
			return true;
	return false;
}

/* What the host was asked for since add(), and has not answered. */
static struct {
	uint32_t ops[2 * LINES];
	size_t len;
	bool early; /* the last command ended before all of it was */
} unanswered;

/* The plane of the world is small: actions are looked at, and not carried out. */
static void step(struct node *h, struct event ev)
{
	actions_clear(&h->out);
	ev.now = ++h->world->now;
	ike_step(h->ike, &ev, &h->out);
	assert_false(h->out.bad);
	assert_true(count(h, ACT_POLICY_SET) <= SLICE);
	for (size_t i = 0; i < h->out.len; i++) {
		const struct action *a = &h->out.items[i];

		if (!a->op || (a->kind != ACT_POLICY_SET && a->kind != ACT_ROUTE_SET))
			continue;
		assert_true(unanswered.len < COUNT_OF(unanswered.ops));
		unanswered.ops[unanswered.len++] = a->op;
	}
}

static bool is_busy(const struct node *h)
{
	return ike_deadline(h->ike) <= h->world->now;
}

static void command(struct node *h, enum command_kind kind, uint64_t cause)
{
	step(h, (struct event){.kind = EV_COMMAND,
			       .cause = cause,
			       .command = {.kind = kind, .name = "grp"}});
}

/* The number of the operation that asks for the file. */
static uint32_t asked(const struct node *h)
{
	for (size_t i = 0; i < h->out.len; i++)
		if (h->out.items[i].kind == ACT_GROUP)
			return h->out.items[i].op;
	return 0;
}

static void answer(struct node *h, uint32_t op, size_t first, size_t len)
{
	struct group_line *lines = calloc(len, sizeof(*lines));
	struct event ev = {.kind = EV_ANSWER, .answer.op = op};

	assert_true(op != 0);
	for (size_t i = 0; i < len; i++) {
		size_t n = first + i;

		lines[i].net.addr.family = IP_V4;
		lines[i].net.addr.octets[0] = 30;
		lines[i].net.addr.octets[1] = (uint8_t)(n >> 8);
		lines[i].net.addr.octets[2] = (uint8_t)n;
		lines[i].net.bits = 24;
		lines[i].line = (uint32_t)i + 1;
	}
	ev.answer.group.lines = lines;
	ev.answer.group.len = len;
	step(h, ev);
	free(lines); /* they were borrowed for this step */
}

static const struct loaded *group(const struct node *h)
{
	return policy_find(ike_policy(h->ike), "grp");
}

static uint32_t add(struct node *h, uint64_t cause)
{
	struct connection *c = connection_new("grp");

	assert_non_null(c);
	unanswered.len = 0;
	conn_set(c, "left", "192.0.2.1");
	conn_set(c, "right", "%group");
	conn_set(c, "authby", "secret");
	step(h, (struct event){.kind = EV_COMMAND,
			       .cause = cause,
			       .command = {.kind = CMD_ADD, .name = "grp", .connection = c}});
	return asked(h);
}

/* Timers, until nothing is left to do. Returns how many it took; *ret_sets: policies. */
static unsigned work(struct node *h, uint64_t cause, unsigned *ret_sets)
{
	unsigned steps = 0;
	bool ended;

	*ret_sets = count(h, ACT_POLICY_SET);
	while (is_busy(h)) {
		assert_false(has_ended(h, cause));
		step(h, (struct event){.kind = EV_TIMER});
		*ret_sets += count(h, ACT_POLICY_SET);
		steps++;
	}
	ended = has_ended(h, cause);
	unanswered.early = ended && unanswered.len;
	while (unanswered.len) {
		step(h, (struct event){.kind = EV_ANSWER,
				       .answer.op = unanswered.ops[--unanswered.len]});
		ended |= has_ended(h, cause);
		unanswered.early |= ended && unanswered.len;
	}
	assert_true(ended);
	return steps;
}

static void test_many(void **state)
{
	struct world *w = world_new(1, NULL);
	struct node *h = world_host(w, "west");
	unsigned sets;

	(void)state;
	answer(h, add(h, 101), 0, LINES);
	assert_int_equal(policy_group_count(group(h)), SLICE);
	assert_int_equal(work(h, 101, &sets), 2);
	assert_int_equal(policy_group_count(group(h)), LINES);
	assert_int_equal(sets, 0);

	command(h, CMD_ROUTE, 102);
	assert_int_equal(work(h, 102, &sets), 2);
	assert_int_equal(sets, LINES);
	assert_false(unanswered.early);

	/* Read again, a hundred at each end differ: they alone change. */
	command(h, CMD_REREAD_GROUPS, 103);
	answer(h, asked(h), 100, LINES);
	work(h, 103, &sets);
	assert_int_equal(sets, 100);
	assert_int_equal(policy_group_count(group(h)), LINES);
	world_free(w);
}

/* A command that comes meanwhile is carried out meanwhile, one about the same group after it. */
static void test_in_turn(void **state)
{
	struct world *w = world_new(2, NULL);
	struct node *h = world_host(w, "west");
	unsigned sets;

	(void)state;
	answer(h, add(h, 101), 0, LINES);
	command(h, CMD_ROUTE, 102);
	assert_false(has_ended(h, 102));
	step(h, (struct event){.kind = EV_COMMAND,
			       .cause = 103,
			       .command = {.kind = CMD_ADD,
					   .name = "net",
					   .connection = world_connection("net")}});
	assert_true(has_ended(h, 103));
	assert_true(is_busy(h));
	work(h, 102, &sets);
	assert_int_equal(policy_group_count(group(h)), LINES);
	world_free(w);
}

/* What is gone meanwhile is no more worked on, and who waits is told. */
static void test_gone(void **state)
{
	struct world *w = world_new(3, NULL);
	struct node *h = world_host(w, "west");
	unsigned sets;

	(void)state;
	answer(h, add(h, 101), 0, LINES);
	command(h, CMD_DELETE, 102);
	assert_true(has_ended(h, 102));
	assert_null(group(h));
	assert_int_equal(work(h, 101, &sets), 1);
	/* Unrouted in the midst: the rest is not put in force. */
	answer(h, add(h, 103), 0, LINES);
	work(h, 103, &sets);
	command(h, CMD_ROUTE, 104);
	assert_int_equal(count(h, ACT_POLICY_SET), SLICE);
	command(h, CMD_UNROUTE, 105);
	assert_int_equal(count(h, ACT_POLICY_REMOVE), SLICE);
	work(h, 104, &sets);
	assert_int_equal(sets, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_in_turn),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests_name("ike/group", tests, NULL, NULL);
}
