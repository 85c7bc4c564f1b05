/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"
#include "wire/ikev2_numbers.h"

#include <stdlib.h>
#include <string.h>

/*
 * Which connection a peer is judged by when several are for its address and identity, and one
 * wants it in a group: who proves itself by a secret is in none (tests/interop has those who are).
 */

static struct connection *named(const char *name, const char *groups, const char *net)
{
	struct connection *c = world_connection(name);

	if (groups)
		conn_set(c, "leftgroups", groups);
	conn_set(c, "rightsubnet", net);
	return c;
}

static int up(struct world *w)
{
	uint64_t cause = world_command(world_host(w, "west"), CMD_UP, "net");

	world_settle(w);
	return world_result(world_host(w, "west"), cause);
}

static struct world *west_calls(const char *net)
{
	struct world *w = world_new(5, NULL);

	world_load(world_host(w, "west"), named("net", NULL, net));
	return w;
}

static void a_stranger_hears_the_groups_of_all(void **state)
{
	struct world *w = west_calls("10.0.2.0/24");
	struct node *east = world_host(w, "east");

	(void)state;
	world_load(east, named("one", "admins, root", "10.0.2.0/24"));
	world_load(east, named("two", "users", "10.0.3.0/24"));
	assert_int_equal(up(w), RC_NOTIFICATION + N_AUTHENTICATION_FAILED);
	assert_logged(east, "wanted admins, root (conn one), or users (conn two)");
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 0);
	world_free(w);
}

static void one_alone_is_named_as_it_is(void **state)
{
	struct world *w = west_calls("10.0.2.0/24");

	(void)state;
	world_load(world_host(w, "east"), named("one", "admins", "10.0.2.0/24"));
	assert_int_equal(up(w), RC_NOTIFICATION + N_AUTHENTICATION_FAILED);
	assert_logged(world_host(w, "east"), "wanted a certificate of a member of admins");
	world_free(w);
}

/* Another way to prove oneself twice, or another key to be mixed in, is no place to go to. */
static void what_was_agreed_on_stands(void **state)
{
	static const char *const words[][2] = {{"ppk", "insist"},
					       {"leftauth2", "eap-mschapv2"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = west_calls("10.0.2.0/24");
		struct connection *other = named("two", NULL, "10.0.2.0/24");

		conn_set(other, words[i][0], words[i][1]);
		world_load(world_host(w, "east"), named("one", "admins", "10.0.2.0/24"));
		world_load(world_host(w, "east"), other);
		assert_int_equal(up(w), RC_NOTIFICATION + N_AUTHENTICATION_FAILED);
		assert_int_equal(count_children(world_host(w, "east")), 0);
		world_free(w);
	}
}

static void a_wrong_secret_is_tried_once(void **state)
{
	struct world *w = west_calls("10.0.2.0/24");
	struct node *east = world_host(w, "east");

	(void)state;
	world_psk(world_host(w, "west"), "another secret than east's");
	world_load(east, named("one", NULL, "10.0.2.0/24"));
	world_load(east, named("two", NULL, "10.0.3.0/24"));
	assert_int_equal(up(w), RC_NOTIFICATION + N_AUTHENTICATION_FAILED);
	assert_not_logged(east, "is looked at");
	world_free(w);
}

static void the_next_one_takes_who_is_in_no_group(void **state)
{
	/* Both orders of loading, and both networks. */
	for (int i = 0; i < 4; i++) {
		const char *net = i & 1 ? "10.0.2.0/24" : "10.0.3.0/24";
		struct world *w = west_calls(net);
		struct node *east = world_host(w, "east");
		struct connection *one = named("one", "admins", "10.0.2.0/24"),
				  *two = named("two", NULL, net);

		world_load(east, i & 2 ? one : two);
		world_load(east, i & 2 ? two : one);
		assert_int_equal(up(w), RC_SUCCESS);
		assert_planes_match(world_host(w, "west"), east, 1);
		assert_true(list_empty(&policy_find(ike_policy(east->ike), "one")->ike_sas));
		assert_false(list_empty(&policy_find(ike_policy(east->ike), "two")->ike_sas));
		world_free(w);
	}
	(void)state;
}

/* Whoever fulfils the rules of both has the one with the networks that it asks for. */
static void networks_choose_where_rules_differ(void **state)
{
	/* Both orders of loading, and both networks. */
	for (int i = 0; i < 4; i++) {
		const char *net = i & 1 ? "10.0.2.0/24" : "10.0.3.0/24";
		struct world *w = west_calls(net);
		struct node *east = world_host(w, "east");
		struct connection *one = named("one", NULL, "10.0.2.0/24"),
				  *two = named("two", NULL, "10.0.3.0/24");

		conn_set(two, "leftca", "C=CH"); /* a secret is of no authority */
		world_load(east, i & 2 ? one : two);
		world_load(east, i & 2 ? two : one);
		assert_int_equal(up(w), RC_SUCCESS);
		assert_planes_match(world_host(w, "west"), east, 1);
		world_free(w);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_hears_the_groups_of_all),
		cmocka_unit_test(one_alone_is_named_as_it_is),
		cmocka_unit_test(what_was_agreed_on_stands),
		cmocka_unit_test(a_wrong_secret_is_tried_once),
		cmocka_unit_test(the_next_one_takes_who_is_in_no_group),
		cmocka_unit_test(networks_choose_where_rules_differ),
	};

	return RUN_TESTS("ike/who", tests);
}
