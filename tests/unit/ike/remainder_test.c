/* SPDX-License-Identifier: Apache-2.0 */
/* What the peer leaves of what was offered is asked for when a packet needs it. */
#include "tests/unit/ike/world.h"

/* West offers two networks of east's, which has a connection for each of those in `theirs`. */
static struct world *narrowed(uint64_t seed, const char *const theirs[])
{
	struct world *w = world_new(seed, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *c = world_connection("net");

	conn_set(c, "rightsubnet", "10.0.2.0/24,10.0.3.0/24,10.0.4.0/24");
	world_load(west, c);
	for (size_t i = 0; theirs[i]; i++) {
		char name[8] = "net0";

		name[3] = (char)('0' + i);
		c = world_connection(name);
		conn_set(c, "rightsubnet", theirs[i]);
		world_load(east, c);
	}
	world_up(west, "net");
	assert_int_equal(count_children(west), 1);
	text_clear(&west->log);
	text_clear(&east->log);
	return w;
}

static struct loaded *net_of(struct node *h)
{
	return policy_find(ike_policy(h->ike), "net");
}

static struct ts addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return ts_of_addr(&a);
}

/* A packet met the trap for the rest. */
static void packet(struct world *w, const char *to)
{
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_ACQUIRE};

	ev.acquire.policy_id = net_of(west)->policy_id | 1;
	ev.acquire.local = addr("10.0.1.5");
	ev.acquire.remote = addr(to);
	world_event(west, &ev);
	world_settle(w);
}

static void each_packet_asks_for_its_network(void **state)
{
	static const char *const theirs[] = {"10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24", NULL};
	struct world *w = narrowed(1, theirs);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	packet(w, "10.0.3.7");
	assert_int_equal(count_children(west), 2);
	assert_logged(west, "10.0.1.0/24 === 10.0.3.0/24");
	assert_not_logged(west, "takes but a part");
	packet(w, "10.0.4.7");
	assert_int_equal(count_children(west), 3);
	assert_planes_match(west, east, 3);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	/* What a child carries asks for nothing. */
	unsigned sent = west->sent;

	packet(w, "10.0.2.7");
	packet(w, "10.0.3.8");
	packet(w, "10.0.9.1"); /* and none of ours */
	assert_int_equal(west->sent, sent);
	/* They live on by rekeys of their own. */
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(count_children(west), 3);
	world_free(w);
}

static void a_refusal_lasts_for_a_minute(void **state)
{
	static const char *const theirs[] = {"10.0.2.0/24", "10.0.4.0/24", NULL};
	struct world *w = narrowed(2, theirs);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	unsigned sent;

	(void)state;
	packet(w, "10.0.3.7");
	assert_logged(west, "TS_UNACCEPTABLE");
	assert_int_equal(count_children(west), 1);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	sent = west->sent;
	for (int i = 0; i < 50; i++) {
		packet(w, "10.0.3.8");
		world_run(w, NSEC_PER_SEC);
	}
	assert_int_equal(west->sent, sent);
	/* Others are asked for meanwhile. */
	packet(w, "10.0.4.8");
	assert_int_equal(count_children(west), 2);
	assert_planes_match(west, east, 2);
	sent = west->sent;
	world_run(w, 20 * NSEC_PER_SEC);
	packet(w, "10.0.3.8");
	assert_true(west->sent > sent);
	assert_int_equal(count_children(west), 2);
	world_free(w);
}

/* The peer has a part of the network alone, and a packet's part is not in it. */
static void an_answer_without_the_packet_is_given_back(void **state)
{
	static const char *const theirs[] = {"10.0.2.0/24", "10.0.3.0/25", NULL};
	struct world *w = narrowed(3, theirs);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	unsigned sent;

	(void)state;
	packet(w, "10.0.3.200");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(count_children(west), 1);
	assert_logged(west, "leave out the packet");
	assert_planes_match(west, east, 1);
	sent = west->sent;
	packet(w, "10.0.3.201");
	assert_int_equal(west->sent, sent);
	world_free(w);
}

/* A plane that has told of one packet is told to tell of others. */
static void the_trap_is_set_again(void **state)
{
	static const char *const theirs[] = {"10.0.2.0/24", NULL};
	struct world *w = narrowed(4, theirs);
	struct node *west = world_host(w, "west");
	unsigned sets;

	(void)state;
	packet(w, "10.0.3.7");
	sets = west->plane.policy_sets;
	world_run(w, 3 * NSEC_PER_SEC);
	assert_int_equal(west->plane.policy_sets, sets);
	world_run(w, 3 * NSEC_PER_SEC);
	assert_int_equal(west->plane.policy_sets, sets + 2);
	world_run(w, 120 * NSEC_PER_SEC);
	assert_int_equal(west->plane.policy_sets, sets + 2);
	world_free(w);
}

/* What is taken down, or anew, asks for all again. */
static void all_is_offered_anew(void **state)
{
	static const char *const theirs[] = {"10.0.2.0/24", "10.0.3.0/24", NULL};
	struct world *w = narrowed(5, theirs);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	packet(w, "10.0.3.7");
	assert_int_equal(count_children(west), 2);
	world_up(west, "net");
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(count_children(west), 1);
	packet(w, "10.0.3.7");
	assert_int_equal(count_children(west), 2);
	world_command(west, CMD_DOWN, "net");
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(count_children(west), 0);
	assert_planes_match(west, east, 0);
	world_free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_packet_asks_for_its_network),
		cmocka_unit_test(a_refusal_lasts_for_a_minute),
		cmocka_unit_test(an_answer_without_the_packet_is_given_back),
		cmocka_unit_test(the_trap_is_set_again),
		cmocka_unit_test(all_is_offered_anew),
	};

	return cmocka_run_group_tests_name("ike/remainder", tests, NULL, NULL);
}
