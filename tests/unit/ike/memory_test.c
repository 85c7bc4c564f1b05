/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <malloc.h>
#include <stdlib.h>

/* What an SA costs, and what happens when memory runs out at any one moment. */

/*
 * Up, both rekeys, down, with one allocation failing somewhere in an engine.
 * Whatever comes of it, at the end nothing is left in engines or planes.
 */
static bool live_and_die(void *ctx)
{
	struct world *w;
	struct node *west, *east;
	bool good;

	test_allocations_count(false);
	w = world_new(110, NULL);
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		if (ctx)
			conn_set(c, "fragment-size", ctx);
		world_load(&w->hosts[i], c);
	}
	west = world_host(w, "west");
	east = world_host(w, "east");
	w->may_be_short = true;
	world_command(west, CMD_UP, "net");
	world_run(w, NSEC_PER_SEC);
	world_command(east, CMD_REKEY_CHILD, "net");
	world_settle(w);
	world_command(west, CMD_REKEY_IKE, "net");
	world_run(w, 8 * NSEC_PER_SEC);
	good = count_children(west) == 1 && count_children(east) == 1;
	world_command(west, CMD_DELETE, "net");
	world_run(w, 200 * NSEC_PER_SEC);
	world_command(east, CMD_DELETE, "net");
	world_run(w, 200 * NSEC_PER_SEC);
	if (!world_result(west, 5) || policy_count(ike_policy(west->ike)) == 0)
		assert_planes_match(west, east, 0);
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

/* The same with every message in fragments. */
static void test_short_in_fragments(void **state)
{
	char size[] = "256";

	(void)state;
	test_each_allocation_failing(live_and_die, size, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_of_memory),
		cmocka_unit_test(test_short_in_fragments),
	};

	return RUN_TESTS("ike/memory", tests);
}
