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

/* ---- alike in who the peer is, and not in ike= ---- */

#define OTHER_SUITE "aes128-sha2_256-ecp256"

static void load_more(struct node *n, const char *ike)
{
	struct connection *c = world_connection("more");

	conn_set(c, "leftsubnet", "10.0.11.0/24");
	if (ike)
		conn_set(c, "ike", ike);
	world_load(n, c);
}

static void a_suite_that_is_not_allowed_serves_nobody(void **state)
{
	struct world *w = world_pair_up(75);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	load_more(west, OTHER_SUITE);
	load_more(east, OTHER_SUITE);
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	assert_not_logged(west, "TS_UNACCEPTABLE");
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 2);
	assert_planes_match(west, east, 2);
	/* And that which was made for it has it again. */
	world_command(west, CMD_DELETE_CHILD, "more");
	world_settle(w);
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 2);
	world_free(w);
}

/* Its peer has not said so: it asks for that by what it has, and then in vain by one of its own. */
static void nor_at_who_is_asked(void **state)
{
	struct world *w = world_pair_up(76);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	load_more(west, NULL);
	load_more(east, OTHER_SUITE);
	assert_int_equal(up(w, "more"), RC_NOTIFICATION + N_TS_UNACCEPTABLE);
	assert_logged(east, "wanted ike= of conn more");
	assert_logged(east, "let ike= of its connection");
	assert_planes_match(west, east, 1);
	world_command(west, CMD_DELETE, "more");
	world_settle(w);
	load_more(west, OTHER_SUITE);
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 2);
	assert_planes_match(west, east, 2);
	world_free(w);
}

static void one_that_is_allowed_serves_both(void **state)
{
	struct world *w = world_pair_up(77);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	char suite[] = "aes256gcm16-sha2_512-curve25519,aes256gcm16-sha2_256-curve25519,"
		       "aes128gcm16-sha2_256-curve25519";

	(void)state;
	load_more(west, suite);
	load_more(east, suite);
	assert_int_equal(up(w, "more"), RC_SUCCESS);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	world_free(w);
}

/* Who waits for an IKE SA that comes to another suite begins one of its own. */
static void what_was_waited_for_in_vain(void **state)
{
	struct world *w = world_new(78, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t cause;

	(void)state;
	world_load(west, world_connection("net"));
	world_load(east, world_connection("net"));
	load_more(west, OTHER_SUITE);
	load_more(east, OTHER_SUITE);
	world_command(west, CMD_UP, "net");
	cause = world_command(west, CMD_UP, "more");
	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_SUCCESS);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 2);
	assert_planes_match(west, east, 2);
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
		cmocka_unit_test(a_suite_that_is_not_allowed_serves_nobody),
		cmocka_unit_test(nor_at_who_is_asked),
		cmocka_unit_test(one_that_is_allowed_serves_both),
		cmocka_unit_test(what_was_waited_for_in_vain),
	};

	return RUN_TESTS("ike/alone", tests);
}
