/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

/* NAT between the ends, and ports of our own (RFC 7296 2.23). */

static struct ike_sa_info sa_of(const struct node *h)
{
	struct ike_sa_info info;

	for (uint64_t at = 0; ike_sa_next(h->ike, at, &info); at = info.serial)
		if (info.phase == IKE_ESTABLISHED)
			return info;
	fail_msg("%s has no IKE SA", h->name);
	return info;
}

/* West stands behind a NAT that shows it as 203.0.113.5 with other ports. */
static struct world *nat_world(uint64_t seed)
{
	struct world *w = world_new(seed, NULL);
	struct connection *c = world_connection("net");

	assert_int_equal(ip_parse("192.0.2.1", &w->nat_inside.addr), CYG_OK);
	assert_int_equal(ip_parse("203.0.113.5", &w->nat_outside.addr), CYG_OK);
	w->nat_outside.port = 20000;
	world_load(world_host(w, "west"), world_connection("net"));
	conn_set(c, "left", "%any");
	world_load(world_host(w, "east"), c);
	return w;
}

static void test_nat(void **state)
{
	struct world *w = nat_world(70);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_sa_info info;
	unsigned sent;

	(void)state;
	world_up(world_host(w, "west"), "net");
	info = sa_of(west);
	assert_true(info.nat_local);
	assert_false(info.nat_remote);
	assert_int_equal(info.remote.port, 4500);
	assert_int_equal(info.local.port, 4500);
	info = sa_of(east);
	assert_true(info.nat_remote);
	assert_false(info.nat_local);
	assert_int_equal(info.remote.port, 24500);
	assert_true(east->plane.sas[0].encap);
	assert_int_equal(east->plane.sas[0].remote.port, 24500);
	assert_planes_match(west, east, 1);
	assert_logged(west, "ESPinUDP");
	/* The one behind the NAT keeps its mapping alive; the other one need not. */
	sent = west->sent;
	world_run(w, 100 * NSEC_PER_SEC);
	assert_in_range(west->sent - sent, 4, 6);
	/* The NAT gives it another port: east follows once a good message came from there. */
	w->nat_outside.port = 30000;
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_int_equal(sa_of(east).remote.port, 34500);
	assert_logged(east, "moved from");
	assert_true(east->plane.updates >= 2);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/*
 * A good ESP packet from a new port moves the peer as well; from an unknown SPI nothing
 * follows.
 */
static void test_moved(void **state)
{
	struct world *w = nat_world(71);
	struct node *east = world_host(w, "east");
	struct event ev = {.kind = EV_MOVED};
	struct child_info child;

	(void)state;
	world_up(world_host(w, "west"), "net");
	assert_true(ike_child_next(east->ike, 0, &child));
	ev.sa.dir = SA_IN;
	ev.sa.protocol = PROTO_ESP;
	ev.sa.spi = child.spi_in ^ 1;
	ev.sa.remote = (struct endpoint){w->nat_outside.addr, 40000};
	world_event(east, &ev);
	assert_int_equal(sa_of(east).remote.port, 24500);
	ev.sa.spi = child.spi_in;
	world_event(east, &ev);
	assert_int_equal(sa_of(east).remote.port, 40000);
	assert_int_equal(east->plane.updates, 2);
	world_free(w);
}

/* Without a NAT nobody follows a stray source. */
static void test_not_moved(void **state)
{
	struct world *w = world_pair_up(72);
	struct node *east = world_host(w, "east");
	struct event ev = {.kind = EV_MOVED};
	struct ike_sa_info info;
	struct child_info child;

	(void)state;
	assert_true(ike_child_next(east->ike, 0, &child));
	ev.sa.dir = SA_IN;
	ev.sa.spi = child.spi_in;
	ev.sa.remote = (struct endpoint){world_host(w, "north")->addr, 4500};
	world_event(east, &ev);
	info = sa_of(east);
	assert_true(ip_equal(&info.remote.addr, &world_host(w, "west")->addr));
	assert_int_equal(east->plane.updates, 0);
	world_free(w);
}

/* A plane that has ESP in UDP only makes both ends use it, with one end or both such. */
static void test_encap(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;

	(void)state;
	s.encap_always = true;
	w = world_pair_with(73, &s, "", "");
	world_up(world_host(w, "west"), "net");
	assert_true(world_host(w, "west")->plane.sas[0].encap);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	assert_int_equal(sa_of(world_host(w, "west")).remote.port, 4500);
	/* That IKE goes on on port 4500 is no move to tell of. */
	assert_int_equal(sa_of(world_host(w, "east")).remote.port, 4500);
	assert_not_logged(world_host(w, "east"), "moved");
	world_free(w);
	w = world_pair_with(74, NULL, "forceencaps=no", "forceencaps=yes");
	world_up(world_host(w, "west"), "net");
	assert_true(world_host(w, "west")->plane.sas[0].encap);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	world_free(w);
	w = world_pair_with(75, NULL, "", "");
	world_up(world_host(w, "west"), "net");
	assert_false(world_host(w, "west")->plane.sas[0].encap);
	assert_int_equal(sa_of(world_host(w, "west")).remote.port, 500);
	world_free(w);
}

/* RFC 3948 2.2: either both ends are on port 500, or none is; what floats goes to 4500. */
static void test_own_ports(void **state)
{
	static const struct {
		const char *left, *right;
		bool encap;
		uint16_t west, east;
	} rows[] = {
		{NULL, NULL, false, 500, 500},     {NULL, NULL, true, 4500, 4500},
		{"500", "500", true, 4500, 4500},  {"2500", NULL, false, 2500, 4500},
		{"2500", NULL, true, 2500, 4500},  {NULL, "2600", false, 4500, 2600},
		{NULL, "2600", true, 4500, 2600},  {"2500", "2600", true, 2500, 2600},
		{"4500", NULL, false, 4500, 4500},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ike_settings s = ike_settings_default();
		struct world *w;

		test_row(i, "%s, %s", rows[i].left ? rows[i].left : "-",
			 rows[i].right ? rows[i].right : "-");
		s.encap_always = rows[i].encap;
		w = world_pair_with(170 + i, &s, "", "");
		for (size_t k = 0; k < 2; k++) {
			struct connection *c = world_connection("own");

			conn_set(c, "leftsubnet", "10.0.3.0/24");
			if (rows[i].left)
				conn_set(c, "leftikeport", rows[i].left);
			if (rows[i].right)
				conn_set(c, "rightikeport", rows[i].right);
			world_load(world_host(w, k ? "west" : "east"), c);
		}
		world_up(world_host(w, "west"), "own");
		assert_int_equal(sa_of(world_host(w, "west")).local.port, rows[i].west);
		assert_int_equal(sa_of(world_host(w, "west")).remote.port, rows[i].east);
		assert_int_equal(sa_of(world_host(w, "east")).local.port, rows[i].east);
		assert_int_equal(sa_of(world_host(w, "east")).remote.port, rows[i].west);
		assert_int_equal(world_host(w, "west")->plane.sas[0].encap, rows[i].encap);
		assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nat),       cmocka_unit_test(test_moved),
		cmocka_unit_test(test_not_moved), cmocka_unit_test(test_encap),
		cmocka_unit_test(test_own_ports),
	};

	return RUN_TESTS("ike/nat", tests);
}
