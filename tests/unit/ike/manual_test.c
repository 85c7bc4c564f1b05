/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <stdlib.h>
#include <string.h>

/* Tunnels that people key: what goes to the plane, what is told, how they end. */

static struct connection *by_hand(const char *name)
{
	struct connection *c = world_connection(name);

	conn_set(c, "manual", "yes");
	conn_set(c, "esp", "aes256-sha2_256");
	return c;
}

static struct manual_keys some_keys(void)
{
	struct manual_keys k = {0};

	for (int i = 0; i < 2; i++) {
		struct manual_sa *sa = &k.toward[i];

		sa->spi = 0x301 + (uint32_t)i;
		sa->encr_len = sa->integ_len = 32;
		memset(sa->encr, 0x11 * (i + 1), 32);
		memset(sa->integ, 0x44 * (i + 1), 32);
	}
	return k;
}

static int key(struct world *w, struct node *h, const struct manual_keys *k)
{
	struct event ev = {.kind = EV_COMMAND, .cause = ++w->next_cause};

	ev.command.kind = CMD_KEY;
	ev.command.name = "net";
	ev.command.keys = k;
	world_event(h, &ev);
	world_run(w, NSEC_PER_SEC);
	return world_result(h, ev.cause);
}

static int command(struct world *w, struct node *h, enum command_kind kind)
{
	uint64_t cause = world_command(h, kind, "net");

	world_run(w, NSEC_PER_SEC);
	return world_result(h, cause);
}

static struct world *loaded(uint64_t seed)
{
	struct world *w = world_new(seed, NULL);

	world_load(world_host(w, "west"), by_hand("net"));
	world_load(world_host(w, "east"), by_hand("net"));
	return w;
}

static const struct loaded *net(const struct node *h)
{
	return policy_find(ike_policy(h->ike), "net");
}

static void what_does_not_do_is_refused(void **state)
{
	const struct manual_keys good = some_keys();
	struct manual_keys low = good, cut = good;
	struct world *w = world_new(1, NULL);
	struct node *west = world_host(w, "west");
	struct connection *gcm = by_hand("net");

	(void)state;
	low.toward[1].spi = 255;
	cut.toward[0].integ_len = 20;
	assert_int_equal(key(w, west, &good), RC_UNKNOWN_NAME);
	world_load(west, world_connection("net"));
	assert_int_equal(key(w, west, &good), RC_INITSHUNT);
	assert_logged(west, "write manual=yes");
	command(w, west, CMD_DELETE);
	conn_set(gcm, "esp", "aes_gcm256");
	world_load(west, gcm);
	assert_int_equal(key(w, west, &good), RC_NOALGO);
	command(w, west, CMD_DELETE);
	world_load(west, by_hand("net"));
	assert_int_equal(key(w, west, NULL), RC_NOKEY);
	assert_int_equal(key(w, west, &low), RC_NOKEY);
	assert_int_equal(key(w, west, &cut), RC_NOKEY);
	command(w, west, CMD_UNLISTEN);
	assert_int_equal(key(w, west, &good), RC_DEAF);
	assert_int_equal(west->plane.installs, 0);
	assert_int_equal(west->plane.policies_len, 0);
	world_free(w);
}

static void a_plane_that_refuses_leaves_nothing_but_a_drop(void **state)
{
	const struct manual_keys k = some_keys();

	(void)state;
	for (unsigned nth = 1; nth <= 4; nth++) {
		struct world *w = loaded(nth);
		struct node *west = world_host(w, "west");

		test_row(nth, "the %uth thing", nth);
		west->plane.refuse = CYG_EXISTS;
		west->plane.refuse_nth = nth;
		assert_int_equal(key(w, west, &k), RC_LOG_SERIOUS);
		assert_int_equal(west->plane.sas_len, 0);
		assert_int_equal(net(west)->spd, SPD_SHUNT);
		assert_null(net(west)->by_hand);
		world_free(w);
	}
}

static void both_ends(void **state)
{
	const struct manual_keys k = some_keys();
	struct world *w = loaded(11);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct child_info info;

	(void)state;
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	assert_int_equal(key(w, east, &k), RC_SUCCESS);
	assert_planes_match(west, east, 1);
	assert_int_equal(net(west)->spd, SPD_PROTECT);
	assert_logged(west, "established by hand");
	assert_true(ike_child_next(west->ike, 0, &info));
	assert_string_equal(info.state, "MANUAL");
	assert_int_equal(info.parent, 0);
	assert_int_equal(info.spi_in, 0x301);
	assert_int_equal(info.spi_out, 0x302);
	assert_false(ike_child_next(west->ike, info.serial, &info));

	/* Once more: the new ones take their place. */
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	assert_int_equal(west->plane.sas_len, 2);

	assert_int_equal(command(w, west, CMD_UP), RC_INITSHUNT);
	assert_int_equal(command(w, west, CMD_UNROUTE), RC_RTBUSY);
	assert_int_equal(command(w, west, CMD_DOWN), RC_COMMENT);
	assert_int_equal(west->plane.sas_len, 0);
	assert_int_equal(net(west)->spd, SPD_SHUNT);
	assert_int_equal(west->plane.policies[0].kind, POLICY_DROP);
	assert_int_equal(command(w, west, CMD_UNROUTE), RC_COMMENT);
	assert_int_equal(west->plane.policies_len, 0);
	assert_int_equal(command(w, east, CMD_DELETE), RC_COMMENT);
	assert_int_equal(east->plane.sas_len, 0);
	assert_int_equal(east->plane.policies_len, 0);
	world_free(w);
}

static void nobody_negotiates_it(void **state)
{
	const struct manual_keys k = some_keys();
	struct world *w = world_new(21, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_load(west, by_hand("net"));
	world_load(east, world_connection("net"));
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	command(w, east, CMD_UP);
	assert_int_equal(count_children(east), 0);
	assert_int_equal(west->plane.sas_len, 2);
	world_free(w);
}

static void replacing_the_description(void **state)
{
	const struct manual_keys k = some_keys();
	struct world *w = loaded(31);
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_COMMAND, .cause = ++w->next_cause};
	struct connection *other = by_hand("net");
	struct diag why;

	(void)state;
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	conn_set(other, "mtu", "1400");
	assert_int_equal(connection_check(other, &why), CYG_OK);
	ev.command.kind = CMD_REPLACE;
	ev.command.connection = other;
	world_event(west, &ev);
	assert_int_equal(world_result(west, ev.cause), RC_COMMENT);
	assert_int_equal(west->plane.sas_len, 0);
	assert_int_equal(net(west)->spd, SPD_SHUNT);
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	world_free(w);
}

static void an_end_that_moves(void **state)
{
	const struct manual_keys k = some_keys();
	struct world *w = loaded(41);
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_HOST};

	(void)state;
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	world_event(west, &ev); /* this host has no address any more */
	assert_int_equal(west->plane.sas_len, 0);
	assert_logged(west, "ipsec manual --up net");
	world_free(w);
}

static void numbers_run_out(void **state)
{
	const struct manual_keys k = some_keys();
	struct world *w = loaded(51);
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_EXPIRE};

	(void)state;
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	ev.sa.dir = SA_OUT;
	ev.sa.protocol = PROTO_ESP;
	ev.sa.spi = 0x302;
	world_event(west, &ev);
	assert_logged(west, "nearly used up");
	assert_int_equal(west->plane.sas_len, 2);
	ev.sa.hard = true;
	world_event(west, &ev);
	assert_int_equal(west->plane.sas_len, 0);
	assert_int_equal(net(west)->spd, SPD_SHUNT);
	world_free(w);
}

static void programs(void **state)
{
	const struct manual_keys k = some_keys();
	struct world *w = world_new(61, NULL);
	struct node *west = world_host(w, "west");
	struct connection *c = by_hand("net");

	(void)state;
	conn_set(c, "leftupdown", "/bin/west");
	world_load(west, c);
	assert_int_equal(key(w, west, &k), RC_SUCCESS);
	assert_programs(west, "prepare route up ");
	command(w, west, CMD_DOWN);
	assert_programs(west, "down ");
	command(w, west, CMD_UNROUTE);
	assert_programs(west, "unroute ");
	west->programs_fail = 1u << UPDOWN_ROUTE;
	assert_int_equal(key(w, west, &k), RC_ROUTE);
	assert_int_equal(west->plane.sas_len, 0);
	assert_int_equal(west->plane.policies_len, 0);
	world_free(w);
}

/* Whatever fails: nothing crashes, and the connection can be deleted. */
static bool live_and_die(void *ctx)
{
	const struct manual_keys k = some_keys();
	struct world *w;
	struct node *west;
	bool good;

	(void)ctx;
	test_allocations_count(false);
	w = loaded(71);
	w->may_be_short = true;
	west = world_host(w, "west");
	good = key(w, west, &k) == RC_SUCCESS;
	w->may_be_short = false;
	command(w, west, CMD_DELETE);
	if (good)
		assert_int_equal(west->plane.sas_len, 0);
	assert_int_equal(policy_count(ike_policy(west->ike)), 0);
	world_free(w);
	test_allocations_count(true);
	return good;
}

static void short_memory(void **state)
{
	(void)state;
	test_each_allocation_failing(live_and_die, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_do_is_refused),
		cmocka_unit_test(a_plane_that_refuses_leaves_nothing_but_a_drop),
		cmocka_unit_test(both_ends),
		cmocka_unit_test(nobody_negotiates_it),
		cmocka_unit_test(replacing_the_description),
		cmocka_unit_test(an_end_that_moves),
		cmocka_unit_test(numbers_run_out),
		cmocka_unit_test(programs),
		cmocka_unit_test(short_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
