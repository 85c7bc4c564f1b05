/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"
#include "wire/ikev2_numbers.h"

#include <stdio.h>
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

/* Which of a host's connections carry something now, by name. */
static const char *carrying(struct node *h, const char *const *names, size_t n)
{
	static char text[64];

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (!list_empty(&policy_find(ike_policy(h->ike), names[i])->children))
			strcat(strcat(text, " "), names[i]);
	return text;
}

/*
 * Networks that lie in one another: the child is that of the connection which is for what is asked, at
 * both ends, whichever of them the IKE SA was made for.
 */
static void networks_choose_where_several_have_some_of_them(void **state)
{
	static const char *const names[] = {"net", "wide", "host"};
	static const char *const nets[][2] = {{"10.0.1.0/24", "10.0.2.0/24"},
					      {"10.0.0.0/16", "10.0.2.0/24"},
					      {"10.0.1.7/32", "10.0.2.7/32"}};
	enum { N = COUNT_OF(names) };

	(void)state;
	for (size_t first = 0; first < N; first++) {
		for (size_t asked = 0; asked < N; asked++) {
			struct world *w = world_new(6, NULL);
			char want[16];

			test_row(first * N + asked, "%s first, %s asked", names[first], names[asked]);
			for (size_t i = 0; i < N; i++) {
				for (int h = 0; h < 2; h++) {
					size_t k = (first + i) % N;
					struct connection *c = world_connection(names[k]);

					conn_set(c, "leftsubnet", nets[k][0]);
					conn_set(c, "rightsubnet", nets[k][1]);
					world_load(world_host(w, h ? "east" : "west"), c);
				}
			}
			world_up(world_host(w, "west"), names[asked]);
			snprintf(want, sizeof(want), " %s", names[asked]);
			assert_string_equal(carrying(world_host(w, "east"), names, N), want);
			world_up(world_host(w, "west"), names[(asked + 1) % N]);
			world_up(world_host(w, "west"), names[(asked + 2) % N]);
			assert_string_equal(carrying(world_host(w, "east"), names, N),
					    " net wide host");
			assert_planes_match(world_host(w, "west"), world_host(w, "east"), N);
			world_free(w);
		}
	}
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
		cmocka_unit_test(networks_choose_where_several_have_some_of_them),
	};

	return RUN_TESTS("ike/who", tests);
}
