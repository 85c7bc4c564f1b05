/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <stdlib.h>

/* Which updown programs are called when, and what follows when one fails. */

#define BITS(verb) (1u << (verb))

static struct world *pair(uint64_t seed, const char *west, const char *east)
{
	struct world *w = world_new(seed, NULL);
	struct connection *cw = world_connection("net"), *ce = world_connection("net");

	/* The peer's end has one too: it is not ours to run. */
	conn_set(cw, "leftupdown", west);
	conn_set(cw, "rightupdown", "/bin/peers");
	conn_set(ce, "leftupdown", "/bin/peers");
	conn_set(ce, "rightupdown", east);
	world_load(world_host(w, "west"), cw);
	world_load(world_host(w, "east"), ce);
	return w;
}

static int command(struct world *w, struct node *h, enum command_kind kind)
{
	uint64_t cause = world_command(h, kind, "net");

	world_run(w, NSEC_PER_SEC);
	return world_result(h, cause);
}

static void test_none(void **state)
{
	struct world *w = pair(1, "%disabled", "");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	assert_int_equal(command(w, west, CMD_UP), RC_SUCCESS);
	assert_int_equal(command(w, west, CMD_DOWN), RC_COMMENT);
	assert_programs(west, "");
	assert_programs(east, "");
	world_free(w);
}

static void test_life(void **state)
{
	struct world *w = pair(2, "/bin/west", "/bin/east");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	assert_int_equal(command(w, west, CMD_UP), RC_SUCCESS);
	assert_programs(west, "prepare route up ");
	assert_programs(east, "prepare route up ");
	assert_planes_match(west, east, 1);
	/* Rekeying is nobody's business. */
	command(w, west, CMD_REKEY_CHILD);
	command(w, east, CMD_REKEY_IKE);
	command(w, west, CMD_UP);
	world_run(w, 120 * NSEC_PER_SEC);
	assert_programs(west, "");
	assert_programs(east, "");
	/* Both stay routed. */
	assert_int_equal(command(w, west, CMD_DOWN), RC_COMMENT);
	assert_programs(west, "down ");
	assert_programs(east, "down ");
	assert_int_equal(command(w, west, CMD_UNROUTE), RC_COMMENT);
	assert_programs(west, "unroute ");
	/* Once more, and all at once. */
	assert_int_equal(command(w, west, CMD_UP), RC_SUCCESS);
	assert_int_equal(command(w, west, CMD_DELETE), RC_COMMENT);
	assert_programs(west, "prepare route up down unroute ");
	assert_programs(east, "up down ");
	world_free(w);
}

static void test_route(void **state)
{
	struct world *w = pair(3, "/bin/west", "");
	struct node *west = world_host(w, "west");
	uint64_t cause;

	(void)state;
	w->hold = BITS(ACT_UPDOWN);
	cause = world_command(west, CMD_ROUTE, "net");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(world_result(west, cause), -1);
	assert_programs(west, "prepare ");
	assert_int_equal(west->plane.policies_len, 1); /* nothing leaves in clear meanwhile */
	world_release(w);
	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_COMMENT);
	assert_programs(west, "route ");
	/* Again is nothing new. */
	assert_int_equal(command(w, west, CMD_ROUTE), RC_COMMENT);
	assert_int_equal(command(w, west, CMD_UNROUTE), RC_COMMENT);
	assert_programs(west, "unroute ");
	world_free(w);
}

static void test_route_refused(void **state)
{
	static const struct {
		uint32_t fail;
		const char *programs, *words;
	} rows[] = {
		{BITS(UPDOWN_PREPARE), "prepare ", "no prepare today"},
		{BITS(UPDOWN_ROUTE), "prepare route unroute ", "no route today"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = pair(10 + i, "/bin/west", "");
		struct node *west = world_host(w, "west");

		west->programs_fail = rows[i].fail;
		assert_int_equal(command(w, west, CMD_ROUTE), RC_ROUTE);
		assert_programs(west, rows[i].programs);
		assert_logged(west, rows[i].words);
		assert_int_equal(west->plane.policies_len, 0);
		assert_int_equal(west->plane.routes_len, 0);
		assert_int_equal(command(w, west, CMD_UNROUTE), RC_COMMENT);
		assert_programs(west, "");
		west->programs_fail = 0;
		assert_int_equal(command(w, west, CMD_ROUTE), RC_COMMENT);
		assert_programs(west, "prepare route ");
		world_free(w);
	}
}

/* The side whose program refuses: its tunnel comes to nothing, at both ends, and is tried again. */
static void test_up_refused(void **state)
{
	static const struct {
		const char *host;
		uint32_t fail;
		const char *programs;
		bool late; /* the answer comes when the peer has made the child */
	} rows[] = {
		{"west", BITS(UPDOWN_PREPARE), "prepare ", false},
		{"west", BITS(UPDOWN_ROUTE), "prepare route unroute ", false},
		{"west", BITS(UPDOWN_PREPARE), "prepare ", true},
		{"east", BITS(UPDOWN_PREPARE), "prepare ", false},
		{"east", BITS(UPDOWN_ROUTE), "prepare route unroute ", false},
		{"east", BITS(UPDOWN_ROUTE), "prepare route unroute ", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = pair(20 + i, "/bin/west", "/bin/east");
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		struct node *h = world_host(w, rows[i].host);
		uint64_t cause;
		int code;

		h->programs_fail = rows[i].fail;
		w->hold = rows[i].late ? BITS(ACT_UPDOWN) : 0;
		cause = world_command(west, CMD_UP, "net");
		world_run(w, NSEC_PER_SEC / 4);
		w->hold = 0;
		world_run(w, NSEC_PER_SEC);
		code = world_result(west, cause);
		assert_true(code > 0 && code != RC_SUCCESS);
		if (h == west)
			assert_int_equal(code, RC_ROUTE);
		assert_programs(h, rows[i].programs);
		assert_logged(h, "cannot route: its updown program failed");
		assert_int_equal(count_children(west), 0);
		assert_int_equal(count_children(east), 0);
		assert_int_equal(h->plane.policies_len, 0);
		assert_int_equal(west->plane.sas_len + east->plane.sas_len, 0);
		/* What was wrong is mended: the next try finds it so. */
		west->programs_fail = east->programs_fail = 0;
		text_clear(&west->programs);
		text_clear(&east->programs);
		world_run(w, 30 * NSEC_PER_SEC);
		assert_planes_match(west, east, 1);
		assert_programs(h, "prepare route up ");
		assert_int_equal(command(w, west, CMD_DOWN), RC_COMMENT);
		assert_int_equal(west->plane.policies_len, 1); /* it is routed again */
		world_free(w);
	}
}

/* A program that fails at up is told of, to the command's exit status too; the tunnel stands. */
static void test_up_fails(void **state)
{
	struct world *w = pair(30, "/bin/west", "");
	struct node *west = world_host(w, "west");

	(void)state;
	west->programs_fail = BITS(UPDOWN_UP);
	assert_int_equal(command(w, west, CMD_UP), RC_LOG_SERIOUS);
	assert_logged(west, "003 - the tunnel is up, but its updown program failed at up");
	assert_logged(west, "no up today");
	assert_planes_match(west, world_host(w, "east"), 1);
	world_free(w);
}

/* --up waits for the program, and a tunnel that goes meanwhile does not leave it waiting. */
static void test_up_waits(void **state)
{
	struct world *w = pair(31, "/bin/west", "");
	struct node *west = world_host(w, "west");
	uint64_t cause = world_command(west, CMD_UP, "net");

	(void)state;
	world_settle(w);
	assert_programs(west, "prepare route up ");
	assert_int_equal(world_result(west, cause), RC_SUCCESS);
	command(w, west, CMD_DOWN);
	text_clear(&west->programs);
	cause = world_command(west, CMD_UP, "net");
	w->hold = BITS(ACT_UPDOWN);
	world_run(w, NSEC_PER_SEC);
	assert_programs(west, "up ");
	assert_int_equal(count_children(west), 1);
	assert_int_equal(world_result(west, cause), -1);
	world_command(world_host(w, "east"), CMD_DOWN, "net");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(world_result(west, cause), RC_SUCCESS);
	assert_programs(west, "down ");
	world_release(w);
	world_settle(w);
	world_free(w);
}

/* What is taken away while a program runs leaves nobody waiting. */
static void test_taken_away(void **state)
{
	static const enum command_kind kinds[] = {CMD_UNROUTE, CMD_DOWN, CMD_DELETE,
						  CMD_SHUTDOWN};
	static const unsigned releases[] = {0, 1};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds) * COUNT_OF(releases); i++) {
		struct world *w = pair(40 + i, "/bin/west", "/bin/east");
		struct node *west = world_host(w, "west");
		uint64_t route, up;

		w->hold = BITS(ACT_UPDOWN);
		route = world_command(west, CMD_ROUTE, "net");
		up = world_command(west, CMD_UP, "net");
		world_run(w, NSEC_PER_SEC);
		if (i % COUNT_OF(releases)) {
			world_release(w);
			w->hold = BITS(ACT_UPDOWN);
		}
		world_command(west, kinds[i / COUNT_OF(releases)], "net");
		world_run(w, 5 * NSEC_PER_SEC);
		world_release(w);
		world_run(w, 5 * NSEC_PER_SEC);
		assert_true(world_result(west, route) >= 0);
		assert_true(world_result(west, up) >= 0);
		world_free(w);
	}
}

/* Each peer of a template has programs of its own. */
static void test_instances(void **state)
{
	struct world *w = world_new(50, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *c = world_connection("net");

	(void)state;
	conn_set(c, "left", "%any");
	conn_set(c, "rightupdown", "/bin/east");
	world_load(east, c);
	world_load(west, world_connection("net"));
	assert_int_equal(command(w, west, CMD_UP), RC_SUCCESS);
	assert_programs(east, "prepare route up ");
	assert_int_equal(command(w, west, CMD_DOWN), RC_COMMENT);
	assert_programs(east, "down unroute ");
	world_free(w);
}

/* The host stops: programs are told, though the plane is simply closed then. */
static void test_shutdown(void **state)
{
	struct world *w = pair(60, "/bin/west", "/bin/east");
	struct node *west = world_host(w, "west");

	(void)state;
	assert_int_equal(command(w, west, CMD_UP), RC_SUCCESS);
	text_clear(&west->programs);
	world_command(west, CMD_SHUTDOWN, NULL);
	world_run(w, 3 * NSEC_PER_SEC);
	assert_programs(west, "down unroute ");
	world_free(w);
}

/* One allocation fails somewhere: nobody is left waiting, and nothing is left over. */
static bool live_and_die(void *ctx)
{
	struct node *west, *east;
	struct world *w;
	uint64_t up;
	bool good;

	(void)ctx;
	test_allocations_count(false);
	w = pair(70, "/bin/west", "/bin/east");
	west = world_host(w, "west");
	east = world_host(w, "east");
	w->may_be_short = true;
	up = world_command(west, CMD_UP, "net");
	world_run(w, NSEC_PER_SEC);
	good = count_children(west) == 1 && count_children(east) == 1;
	world_command(west, CMD_DELETE, "net");
	world_run(w, 200 * NSEC_PER_SEC);
	world_command(east, CMD_DELETE, "net");
	world_run(w, 200 * NSEC_PER_SEC);
	if (policy_count(ike_policy(west->ike)) == 0)
		assert_true(world_result(west, up) != -1 || !good);
	assert_int_equal(count_sas(west, -1) + count_sas(east, -1), 0);
	world_free(w);
	test_allocations_count(true);
	return good;
}

static void test_short_of_memory(void **state)
{
	(void)state;
	test_each_allocation_failing(live_and_die, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_route_refused),
		cmocka_unit_test(test_up_refused),
		cmocka_unit_test(test_up_fails),
		cmocka_unit_test(test_up_waits),
		cmocka_unit_test(test_taken_away),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_short_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
