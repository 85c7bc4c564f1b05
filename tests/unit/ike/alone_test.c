/* SPDX-License-Identifier: Apache-2.0 */
/* A child that is refused by the IKE SA of another connection is asked for by one of its own, once. */
#include "tests/unit/ike/world.h"
#include "wire/ikev2_numbers.h"

/* "net" and "more" are alike at west; east says more of who may have "more". */
static struct world *net_is_up(uint64_t seed, const char *rule)
{
	struct world *w = world_pair_up(seed);
	struct connection *c = world_connection("more");

	conn_set(c, "leftsubnet", "10.0.11.0/24");
	world_load(world_host(w, "west"), c);
	if (!rule)
		return w;
	c = world_connection("more");
	conn_set(c, "leftsubnet", "10.0.11.0/24");
	conn_set(c, "leftca", rule);
	world_load(world_host(w, "east"), c);
	return w;
}

static int up(struct world *w, const char *name)
{
	uint64_t cause = world_command(world_host(w, "west"), CMD_UP, name);

	world_settle(w);
	return world_result(world_host(w, "west"), cause);
}

static void another_ike_sa_has_it(void **state)
{
	struct world *w = net_is_up(71, "C=CH");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	assert_logged(west, "with TS_UNACCEPTABLE by IKE SA #1, which conn net made: negotiating "
			    "an IKE SA of its own");
	assert_planes_match(west, east, 2);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 2);
	/* It is no first contact, and not from another address. */
	assert_not_logged(east, "its older IKE SA");
	world_free(w);
}

/* A command that comes again finds its own IKE SA. */
static void it_is_asked_again_itself(void **state)
{
	struct world *w = net_is_up(72, "C=CH");
	struct node *west = world_host(w, "west");

	(void)state;
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	world_command(west, CMD_DELETE_CHILD, "more");
	world_settle(w);
	text_clear(&west->log);
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	assert_not_logged(west, "TS_UNACCEPTABLE");
	world_free(w);
}

static void who_has_none_for_it_is_asked_twice(void **state)
{
	struct world *w = net_is_up(73, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	unsigned sent = west->sent;

	(void)state;
	assert_int_equal(up(w, "more"), RC_NOTIFICATION + N_TS_UNACCEPTABLE);
	/* CREATE_CHILD_SA, IKE_SA_INIT, IKE_AUTH, and the end of what that came to. */
	assert_int_equal(west->sent - sent, 4);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	assert_planes_match(west, east, 1);
	world_run(w, 3600 * NSEC_PER_SEC / 2);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	world_free(w);
}

/* Its own IKE SA is refused: there is nothing more to be tried. */
static void its_own_is_not_tried_anew(void **state)
{
	struct world *w = net_is_up(74, "C=CH");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *c = world_connection("more");
	unsigned sent;

	(void)state;
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	world_command(west, CMD_DELETE_CHILD, "more");
	world_settle(w);
	conn_set(c, "leftsubnet", "10.0.12.0/24");
	world_command(east, CMD_DELETE, "more");
	world_settle(w);
	world_load(east, c);
	sent = west->sent;
	assert_true(up(w, "more") >= RC_NOTIFICATION);
	assert_true(west->sent - sent <= 4);
	world_free(w);
}

/* East takes one child on each IKE SA. */
static void where_no_more_are_taken_another_one_is_made(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *west, *east;

	(void)state;
	s.children_max = 1;
	w = world_pair_with(75, &s, "", "");
	west = world_host(w, "west");
	east = world_host(w, "east");
	world_up(west, "net");
	world_load_more(w);
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	assert_logged(west, "with NO_ADDITIONAL_SAS by IKE SA #1, which conn net made: "
			    "negotiating an IKE SA of its own");
	assert_planes_match(west, east, 2);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 2);
	assert_not_logged(east, "its older IKE SA");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_ike_sa_has_it),
		cmocka_unit_test(it_is_asked_again_itself),
		cmocka_unit_test(who_has_none_for_it_is_asked_twice),
		cmocka_unit_test(its_own_is_not_tried_anew),
		cmocka_unit_test(where_no_more_are_taken_another_one_is_made),
	};

	return RUN_TESTS("ike/alone", tests);
}
