/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnel, transport and BEET mode: both ends want the same one, or nothing comes up. */
#include "tests/unit/ike/world.h"

static struct world *host_pair(uint64_t seed, const char *west_type, const char *east_type)
{
	struct world *w = world_new(seed, NULL);

	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("host");

		c->end[0].subnets_len = c->end[1].subnets_len = 0;
		conn_set(c, "type", i ? east_type : west_type);
		world_load(&w->hosts[i], c);
	}
	return w;
}

static void test_transport(void **state)
{
	struct world *w = host_pair(82, "transport", "transport");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t cause;

	(void)state;
	world_command(west, CMD_UP, "host");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(west->plane.sas[0].mode, MODE_TRANSPORT);
	assert_planes_match(west, east, 1);
	world_free(w);
	w = host_pair(83, "tunnel", "transport");
	cause = world_command(world_host(w, "west"), CMD_UP, "host");
	world_settle(w);
	assert_int_equal(world_result(world_host(w, "west"), cause), RC_NOTIFICATION + 14);
	assert_logged(world_host(w, "east"), "the peer asks for tunnel mode");
	world_free(w);
	w = host_pair(84, "transport", "tunnel");
	world_command(world_host(w, "west"), CMD_UP, "host");
	world_run(w, 3 * NSEC_PER_SEC);
	assert_logged(world_host(w, "west"), "another mode");
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 0);
	world_free(w);
}

/* The other end's word for it is a notify of strongSwan's; nobody falls back to tunnel mode. */
static void test_beet(void **state)
{
	static const struct {
		const char *west, *east, *host, *says;
		unsigned both_have;
	} rows[] = {
		{"beet", "beet", "west", "BEET mode {", 1},
		{"tunnel", "beet", "east", "the peer asks for tunnel mode, we want BEET mode",
		 0},
		{"transport", "beet", "east",
		 "the peer asks for transport mode, we want BEET mode", 0},
		{"beet", "transport", "east",
		 "the peer asks for BEET mode, we want transport mode", 0},
		{"beet", "tunnel", "west", "another mode", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = host_pair(85 + i, rows[i].west, rows[i].east);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "%s and %s", rows[i].west, rows[i].east);
		world_command(west, CMD_UP, "host");
		world_run(w, 3 * NSEC_PER_SEC);
		assert_logged(world_host(w, rows[i].host), rows[i].says);
		assert_planes_match(west, east, rows[i].both_have);
		if (rows[i].both_have)
			assert_int_equal(west->plane.sas[0].mode, MODE_BEET);
		world_free(w);
	}
}

static void test_a_plane_without_beet_refuses_it(void **state)
{
	struct ike_settings settings = ike_settings_default();
	struct connection *c = world_connection("net");
	struct world *w;
	struct node *west;

	(void)state;
	settings.no_beet = true;
	w = world_new(951, &settings);
	west = world_host(w, "west");
	c->end[0].subnets_len = c->end[1].subnets_len = 0;
	conn_set(c, "type", "beet");
	world_load(west, c);
	assert_logged(west, "has no BEET mode, so it cannot come up; write type=tunnel");
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "net")), RC_NOALGO);
	world_free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plane_without_beet_refuses_it),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_beet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
