/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/core.h"
#include "tests/unit/ike/world.h"

/* IPComp is agreed where both ends want it and can, and nothing fails where they do not. */

static struct connection *net(bool compress)
{
	struct connection *c = world_connection("net");

	conn_set(c, "compress", compress ? "yes" : "no");
	return c;
}

static struct world *pair(uint64_t seed, bool west, bool east)
{
	struct world *w = world_new(seed, NULL);

	world_host(w, "west")->ike->settings.handling.ipcomp = true;
	world_host(w, "east")->ike->settings.handling.ipcomp = true;
	world_load(world_host(w, "west"), net(west));
	world_load(world_host(w, "east"), net(east));
	return w;
}

static int command(struct world *w, enum command_kind kind)
{
	struct node *west = world_host(w, "west");
	uint64_t cause = world_command(west, kind, "net");

	world_run(w, NSEC_PER_SEC);
	return world_result(west, cause);
}

static uint16_t cpi(const struct node *h, enum sa_dir dir)
{
	for (size_t i = 0; i < h->plane.sas_len; i++)
		if (h->plane.sas[i].dir == dir)
			return h->plane.sas[i].cpi;
	return 0;
}

static bool compressed(const struct node *h)
{
	return policy_find(ike_policy(h->ike), "net")->compressed;
}

static void who_does_not_want_it_gets_none(void **state)
{
	(void)state;
	for (unsigned who = 0; who < 3; who++) {
		struct world *w = pair(1 + who, who & 1, who & 2);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(who, "%s", who == 1 ? "west" : who == 2 ? "east" : "nobody");
		assert_int_equal(command(w, CMD_UP), RC_SUCCESS);
		assert_planes_match(west, east, 1);
		assert_int_equal(cpi(west, SA_IN) | cpi(west, SA_OUT), 0);
		assert_int_equal(cpi(east, SA_IN) | cpi(east, SA_OUT), 0);
		assert_false(compressed(west) || compressed(east));
		world_free(w);
	}
}

static void a_plane_that_can_not_is_not_asked(void **state)
{
	struct world *w = pair(11, true, true);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	east->ike->settings.handling.ipcomp = false;
	assert_int_equal(command(w, CMD_UP), RC_SUCCESS);
	assert_int_equal(cpi(west, SA_OUT) | cpi(east, SA_IN), 0);
	world_free(w);
}

static void both_want_it(void **state)
{
	struct world *w = pair(21, true, true);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint16_t before;

	(void)state;
	assert_int_equal(command(w, CMD_UP), RC_SUCCESS);
	assert_planes_match(west, east, 1);
	assert_in_range(cpi(west, SA_IN), 256, 61439);
	assert_int_equal(cpi(west, SA_IN), cpi(east, SA_OUT));
	assert_int_equal(cpi(west, SA_OUT), cpi(east, SA_IN));
	assert_true(compressed(west) && compressed(east));
	assert_logged(west, " IPCOMP ");

	before = cpi(west, SA_IN);
	command(w, CMD_REKEY_CHILD);
	world_run(w, 60 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_int_not_equal(cpi(west, SA_IN), before);
	assert_int_equal(cpi(west, SA_IN), cpi(east, SA_OUT));
	assert_int_equal(cpi(west, SA_OUT), cpi(east, SA_IN));
	world_free(w);
}

static void the_peer_gives_it_up(void **state)
{
	struct world *w = pair(31, true, true);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	assert_int_equal(command(w, CMD_UP), RC_SUCCESS);
	east->ike->settings.handling.ipcomp = false;
	command(w, CMD_REKEY_CHILD);
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(cpi(west, SA_IN) | cpi(west, SA_OUT), 0);
	assert_false(compressed(west) || compressed(east));
	world_free(w);
}

static void a_number_that_is_taken_is_drawn_again(void **state)
{
	struct world *w = pair(41, true, true);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	east->plane.taken = 2;
	assert_int_equal(command(w, CMD_UP), RC_SUCCESS);
	assert_int_equal(cpi(west, SA_OUT), cpi(east, SA_IN));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_want_it_gets_none),
		cmocka_unit_test(a_plane_that_can_not_is_not_asked),
		cmocka_unit_test(both_want_it),
		cmocka_unit_test(the_peer_gives_it_up),
		cmocka_unit_test(a_number_that_is_taken_is_drawn_again),
	};

	return cmocka_run_group_tests_name("ike/ipcomp", tests, NULL, NULL);
}
