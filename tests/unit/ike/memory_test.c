/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/core.h"
#include "tests/unit/ike/world.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* What an SA costs, and what happens when memory runs out at any one moment. */

/* Packets of a processor, where it wants an SA of its own. */
static void acquire(struct node *h)
{
	const struct loaded *l = policy_find(ike_policy(h->ike), "net");
	struct event ev = {.kind = EV_ACQUIRE};

	if (!l || !l->connection->clones || !l->spread)
		return;
	ev.acquire.policy_id = l->policy_id;
	ev.acquire.processor = 1;
	ev.acquire.local = l->ts_local.items[0];
	ev.acquire.remote = l->ts_remote.items[0];
	world_event(h, &ev);
	world_settle(h->world);
}

/*
 * Up, both rekeys, down, with one allocation failing somewhere in an engine.
 * Whatever comes of it, at the end nothing is left in engines or planes.
 */
static bool live_and_die(void *ctx)
{
	struct world *w;
	struct node *west, *east;
	size_t count = ctx && !strncmp(ctx, "clones", 6) ? 2 : 1;
	bool good;

	test_allocations_count(false);
	w = world_new(110, NULL);
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		if (ctx)
			conn_set_words(c, ctx);
		w->hosts[i].ike->settings.handling.processors = 2;
		world_load(&w->hosts[i], c);
	}
	west = world_host(w, "west");
	east = world_host(w, "east");
	w->may_be_short = true;
	world_command(west, CMD_UP, "net");
	world_run(w, NSEC_PER_SEC);
	acquire(east);
	world_command(east, CMD_REKEY_CHILD, "net");
	world_settle(w);
	world_command(west, CMD_REKEY_IKE, "net");
	world_run(w, 8 * NSEC_PER_SEC);
	good = count_children(west) == count && count_children(east) == count;
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
	char size[] = "fragment-size=256";

	(void)state;
	test_each_allocation_failing(live_and_die, size, true);
}

/* The same with an SA for a single processor beside the first. */
static void test_short_for_a_clone(void **state)
{
	char clones[] = "clones=2";

	(void)state;
	test_each_allocation_failing(live_and_die, clones, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_of_memory),
		cmocka_unit_test(test_short_in_fragments),
		cmocka_unit_test(test_short_for_a_clone),
	};

	return RUN_TESTS("ike/memory", tests);
}
