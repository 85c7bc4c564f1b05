/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/alg.h"
#include "tests/unit/ike/world.h"
#include "wire/header.h"
#include "wire/ikev2_numbers.h"

#include <stdlib.h>
#include <string.h>

/*
 * NAT, road warriors, several children, traps: what a tunnel meets in its
 * life.
 */

static struct world *pair_with(uint64_t seed, const struct ike_settings *settings,
			       const char *keyword, const char *west_value,
			       const char *east_value)
{
	struct world *w = world_new(seed, settings);
	struct connection *cw = world_connection("net"), *ce = world_connection("net");

	if (keyword) {
		conn_set(cw, keyword, west_value);
		conn_set(ce, keyword, east_value);
	}
	world_load(world_host(w, "west"), cw);
	world_load(world_host(w, "east"), ce);
	return w;
}

static void up(struct world *w, const char *host, const char *name)
{
	struct node *h = world_host(w, host);
	uint64_t cause = world_command(h, CMD_UP, name);

	world_run(w, NSEC_PER_SEC);
	if (world_result(h, cause) != RC_SUCCESS)
		fail_msg("%s: %d\n%s", name, world_result(h, cause), text_str(&h->log));
}

/* ---- NAT (RFC 7296 2.23) ---- */

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
	up(w, "west", "net");
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
	up(w, "west", "net");
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
	w = pair_with(73, &s, NULL, NULL, NULL);
	up(w, "west", "net");
	assert_true(world_host(w, "west")->plane.sas[0].encap);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	assert_int_equal(sa_of(world_host(w, "west")).remote.port, 4500);
	/* That IKE goes on on port 4500 is no move to tell of. */
	assert_int_equal(sa_of(world_host(w, "east")).remote.port, 4500);
	assert_not_logged(world_host(w, "east"), "moved");
	world_free(w);
	w = pair_with(74, NULL, "forceencaps", "no", "yes");
	up(w, "west", "net");
	assert_true(world_host(w, "west")->plane.sas[0].encap);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	world_free(w);
	w = pair_with(75, NULL, NULL, NULL, NULL);
	up(w, "west", "net");
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
		w = pair_with(170 + i, &s, NULL, NULL, NULL);
		for (size_t k = 0; k < 2; k++) {
			struct connection *c = world_connection("own");

			conn_set(c, "leftsubnet", "10.0.3.0/24");
			if (rows[i].left)
				conn_set(c, "leftikeport", rows[i].left);
			if (rows[i].right)
				conn_set(c, "rightikeport", rows[i].right);
			world_load(world_host(w, k ? "west" : "east"), c);
		}
		up(w, "west", "own");
		assert_int_equal(sa_of(world_host(w, "west")).local.port, rows[i].west);
		assert_int_equal(sa_of(world_host(w, "west")).remote.port, rows[i].east);
		assert_int_equal(sa_of(world_host(w, "east")).local.port, rows[i].east);
		assert_int_equal(sa_of(world_host(w, "east")).remote.port, rows[i].west);
		assert_int_equal(world_host(w, "west")->plane.sas[0].encap, rows[i].encap);
		assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
		world_free(w);
	}
}

/* ---- road warriors ---- */

static struct world *road_world(uint64_t seed)
{
	struct world *w = world_new(seed, NULL);
	struct connection *c = world_connection("road");

	conn_set(c, "left", "%any");
	conn_set(c, "leftid", "%any");
	c->end[0].subnets_len = 0;
	world_load(world_host(w, "east"), c);
	for (int i = 0; i < 2; i++) {
		struct node *h = world_host(w, i ? "north" : "west");

		c = world_connection("road");
		conn_set(c, "left", i ? "192.0.2.3" : "192.0.2.1");
		conn_set(c, "leftid", i ? "@north" : "@west");
		c->end[0].subnets_len = 0;
		world_load(h, c);
	}
	return w;
}

static void test_road_warriors(void **state)
{
	struct world *w = road_world(77);
	struct node *east = world_host(w, "east");

	(void)state;
	up(w, "west", "road");
	up(w, "north", "road");
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 2);
	assert_int_equal(east->plane.sas_len, 4);
	assert_int_equal(policy_count(ike_policy(east->ike)), 3);
	world_command(world_host(w, "west"), CMD_DOWN, "road");
	world_run(w, 11 * NSEC_PER_SEC);
	/* The instance has gone with its last SA. */
	assert_int_equal(policy_count(ike_policy(east->ike)), 2);
	assert_int_equal(east->plane.sas_len, 2);
	world_command(east, CMD_DELETE, "road");
	world_run(w, 3 * NSEC_PER_SEC);
	assert_int_equal(policy_count(ike_policy(east->ike)), 0);
	assert_int_equal(east->plane.sas_len, 0);
	assert_int_equal(east->plane.policies_len, 0);
	world_free(w);
}

/* The same identity begins anew: INITIAL_CONTACT drops what stood (RFC 7296 2.4). */
static void test_initial_contact(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w = road_world(78);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_HOST};
	struct host_address a = {.addr = west->addr};
	struct connection *c;

	(void)state;
	up(w, "west", "road");
	ike_free(west->ike); /* west falls over and starts again */
	plane_done(&west->plane);
	west->plane.policies_len = west->plane.routes_len = 0;
	west->ike = ike_new(&s, w->crypto, &west->entropy);
	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(west, &ev);
	world_command(west, CMD_LISTEN, NULL);
	c = world_connection("road");
	c->end[0].subnets_len = 0;
	world_load(west, c);
	up(w, "west", "road");
	assert_logged(east, "began anew");
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* One identity, two places: the older one is closed, unless uniqueids=no. */
static void unique(bool wanted, size_t stand)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *east;

	s.unique_ids = wanted;
	w = world_new(100, &s);
	east = world_host(w, "east");
	for (int i = 0; i < 3; i++) {
		struct connection *c = world_connection("road");

		conn_set(c, "left", i == 0 ? "%any" : i == 1 ? "192.0.2.1" : "192.0.2.3");
		conn_set(c, "leftid", i == 0 ? "%any" : "@roamer");
		conn_set(c, "initial-contact", "no"); /* so that the identity alone tells */
		c->end[0].subnets_len = 0;
		world_load(world_host(w, i == 0 ? "east" : i == 1 ? "west" : "north"), c);
	}
	up(w, "west", "road");
	up(w, "north", "road");
	assert_int_equal(count_children(east), stand);
	assert_int_equal(count_children(world_host(w, "north")), 1);
	world_free(w);
}

static void test_unique(void **state)
{
	(void)state;
	unique(true, 1);
	unique(false, 2);
}

static bool lose_all(struct world *w, struct flight *f)
{
	(void)w;
	(void)f;
	return false;
}

static void test_keying_tries(void **state)
{
	struct world *w = world_new(101, NULL);
	struct node *west = world_host(w, "west");
	struct connection *c = world_connection("net");
	uint64_t cause;

	(void)state;
	conn_set(c, "keyingtries", "3");
	world_load(west, c);
	w->filter = lose_all;
	cause = world_command(west, CMD_UP, "net");
	/* The command ends with the first try; the others follow by themselves. */
	world_run(w, 66 * NSEC_PER_SEC);
	assert_int_equal(world_result(west, cause), RC_NORETRANSMISSION);
	world_run(w, 600 * NSEC_PER_SEC);
	assert_int_equal(west->sent, 3 * 7);
	assert_int_equal(count_sas(west, -1), 0);
	/* It stays loaded and routed, and a packet would begin anew. */
	assert_int_equal(west->plane.policies_len, 1);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	world_free(w);
}

/* ---- several children ---- */

static void test_second_connection(void **state)
{
	struct world *w = world_pair_up(79);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("more");

		conn_set(c, "leftsubnet", "10.0.11.0/24");
		conn_set(c, "rightsubnet", "10.0.12.0/24");
		world_load(i ? east : west, c);
	}
	/* One IKE SA serves both. */
	up(w, "east", "more");
	assert_int_equal(count_sas(west, -1), 1);
	assert_planes_match(west, east, 2);
	world_command(west, CMD_DOWN, "net");
	world_settle(w);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	assert_planes_match(west, east, 1);
	world_command(west, CMD_DOWN, "more");
	world_settle(w);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 0);
	assert_planes_match(west, east, 0);
	world_free(w);
}

static void test_many_subnets(void **state)
{
	struct world *w = pair_with(80, NULL, "leftsubnet",
				    "{10.0.1.0/24 10.0.3.0/24 10.0.5.0/24}",
				    "{10.0.3.0/24 10.0.1.0/25}");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	char text[200];

	(void)state;
	up(w, "west", "net");
	assert_planes_match(west, east, 1);
	ts_set_print(&east->plane.sas[0].ts_remote, text, sizeof(text));
	assert_string_equal(text, "10.0.3.0/24, 10.0.1.0/25");
	world_free(w);
}

static void test_cap(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *west, *east;

	(void)state;
	s.children_max = 1;
	w = pair_with(81, &s, NULL, NULL, NULL);
	west = world_host(w, "west");
	east = world_host(w, "east");
	up(w, "west", "net");
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("more");

		conn_set(c, "leftsubnet", "10.0.11.0/24");
		world_load(i ? east : west, c);
	}
	uint64_t cause = world_command(west, CMD_UP, "more");

	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_NOTIFICATION + 35);
	assert_planes_match(west, east, 1);
	/* A rekey is no more children. */
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* ---- groups, plane ---- */

static void test_groups(void **state)
{
	static const char *const values[][2] = {
		/* The first of west's is not the one that east takes. */
		{"aes_gcm_c_256-sha2_256-x25519,aes_gcm_c_256-sha2_256-ecp_256",
		 "aes_gcm_c_256-sha2_256-ecp_256"},
		{"aes256-sha2_256-modp2048", "aes256-sha2_256-modp2048"},
		{"aes128-sha2_512-ecp_521", "aes128-sha2_512-ecp_521"},
		{"chacha20_poly1305-sha2_384-x448", "chacha20_poly1305-sha2_384-x448"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct world *w = pair_with(85 + i, NULL, "ike", values[i][0], values[i][1]);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "%s", values[i][0]);
		up(w, "west", "net");
		world_command(west, CMD_REKEY_IKE, "net");
		world_settle(w);
		world_command(east, CMD_REKEY_CHILD, "net");
		world_run(w, 11 * NSEC_PER_SEC);
		assert_planes_match(west, east, 1);
		assert_int_equal(count_sas(west, -1), 1);
		if (!i)
			assert_logged(west, "beginning again with it");
		world_free(w);
	}
}

/* A child's own key exchange turns to another group as well (RFC 7296 1.3). */
static void test_child_groups(void **state)
{
	struct world *w = pair_with(90, NULL, "esp",
				    "aes_gcm_c_256-x25519,aes_gcm_c_256-modp2048",
				    "aes_gcm_c_256-modp2048");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	up(w, "west", "net");
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_logged(west, "MODP2048");
	assert_planes_match(west, east, 1);
	world_free(w);
	w = pair_with(91, NULL, "pfs", "no", "no");
	west = world_host(w, "west");
	up(w, "west", "net");
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_planes_match(west, world_host(w, "east"), 1);
	assert_int_equal(west->plane.installs, 4);
	world_free(w);
	/*
	 * One end without key exchange, the other one insists: the rekey fails, the tunnel
	 * stands.
	 */
	w = pair_with(92, NULL, "pfs", "no", "yes");
	west = world_host(w, "west");
	up(w, "west", "net");
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_logged(west, "NO_PROPOSAL_CHOSEN");
	assert_planes_match(west, world_host(w, "east"), 1);
	world_free(w);
}

static void test_plane_refuses(void **state)
{
	struct world *w = world_pair(93);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t cause;

	(void)state;
	east->plane.refuse = CYG_IO;
	cause = world_command(west, CMD_UP, "net");
	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_NOTIFICATION + 35);
	assert_logged(east, "the data plane refused an SA");
	assert_planes_match(west, east, 0);
	east->plane.refuse = 0;
	west->plane.refuse = CYG_IO;
	cause = world_command(west, CMD_UP, "net");
	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_INTERNALERR);
	assert_planes_match(west, east, 0);
	west->plane.refuse = 0;
	east->plane.taken = 3;
	up(w, "west", "net");
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* ---- traps ---- */

static void test_acquire(void **state)
{
	struct world *w = world_pair(94);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_ACQUIRE};
	struct ip_addr from, to;

	(void)state;
	assert_int_equal(world_result(west, world_command(west, CMD_ROUTE, "net")), RC_COMMENT);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	assert_int_equal(ip_parse("10.0.1.7", &from), CYG_OK);
	assert_int_equal(ip_parse("10.0.2.9", &to), CYG_OK);
	ev.acquire.policy_id = west->plane.policies[0].id;
	ev.acquire.local = ts_of_addr(&from);
	ev.acquire.remote = ts_of_addr(&to);
	world_event(west, &ev);
	world_event(west, &ev); /* a second packet begins nothing more */
	world_settle(w);
	assert_planes_match(west, east, 1);
	assert_int_equal(count_sas(west, -1), 1);
	assert_int_equal(west->plane.policies[0].kind, POLICY_PROTECT);
	assert_int_equal(world_result(west, world_command(west, CMD_UNROUTE, "net")),
			 RC_RTBUSY);
	world_command(west, CMD_DOWN, "net");
	world_settle(w);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	assert_int_equal(world_result(west, world_command(west, CMD_UNROUTE, "net")),
			 RC_COMMENT);
	assert_int_equal(west->plane.policies_len, 0);
	ev.acquire.policy_id = 12345;
	world_event(west, &ev);
	world_free(w);
}

/*
 * A trap tells of one packet. Where its try failed, and the next packet came too soon for
 * another, it is set anew when the pause is over.
 */
static void test_trap_is_set_again(void **state)
{
	struct world *w = world_pair(102);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_ACQUIRE};
	struct ip_addr from, to;
	unsigned set;

	(void)state;
	world_psk(east, "another");
	world_command(west, CMD_ROUTE, "net");
	assert_int_equal(ip_parse("10.0.1.7", &from), CYG_OK);
	assert_int_equal(ip_parse("10.0.2.9", &to), CYG_OK);
	ev.acquire.policy_id = west->plane.policies[0].id;
	ev.acquire.local = ts_of_addr(&from);
	ev.acquire.remote = ts_of_addr(&to);
	world_event(west, &ev);
	world_settle(w);
	assert_logged(west, "AUTHENTICATION_FAILED");
	world_event(west, &ev);
	set = west->plane.policy_sets;
	world_run(w, 6 * NSEC_PER_SEC);
	assert_int_equal(west->plane.policy_sets, set + 1);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	/* Without a packet nothing more happens. */
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(west->plane.policy_sets, set + 1);
	assert_int_equal(count_sas(west, -1), 0);
	world_free(w);
}

static void test_expire_events(void **state)
{
	struct world *w = world_pair_up(95);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_EXPIRE};
	struct child_info child;

	(void)state;
	assert_true(ike_child_next(west->ike, 0, &child));
	ev.sa.dir = SA_OUT;
	ev.sa.spi = child.spi_out;
	world_event(west, &ev);
	world_run(w, 6 * NSEC_PER_SEC); /* the old child's inbound half is gone by then */
	assert_planes_match(west, east, 1);
	assert_true(ike_child_next(west->ike, 0, &child));
	assert_int_not_equal(child.spi_out, ev.sa.spi);
	/* The hard limit ends it; it was to be up, and comes again. */
	ev.sa.dir = SA_IN;
	ev.sa.spi = child.spi_in;
	ev.sa.hard = true;
	world_event(west, &ev);
	world_run(w, 2 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	world_free(w);
}

static bool loses_answers(struct world *w, struct flight *f)
{
	struct ike_header h;

	(void)w;
	return header_parse(view_bytes(&f->data), &h, NULL) || !h.response;
}

/*
 * Its SA ends while its rekey is under way: a try waits behind that, on the same IKE SA, and is
 * moot once the rekey has made a child.
 */
static void test_rekeyed_in_time(void **state)
{
	struct world *w = world_pair_up(98);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_EXPIRE};
	struct child_info child;

	(void)state;
	assert_true(ike_child_next(west->ike, 0, &child));
	ev.sa.dir = SA_OUT;
	ev.sa.spi = child.spi_out;
	w->filter = loses_answers;
	world_event(west, &ev);
	ev.sa.hard = true;
	world_event(west, &ev);
	world_run(w, NSEC_PER_SEC / 10);
	assert_int_equal(count_children(west), 0);
	assert_logged(west, "starting again at once");
	w->filter = NULL;
	world_run(w, 10 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_int_equal(count_children(west), 1);
	world_free(w);
}

/* From east's answer on west's plane takes its time. */
static bool holds_installs_after_answer(struct world *w, struct flight *f)
{
	struct ike_header h;

	if (!strcmp(f->from->name, "east") && !header_parse(view_bytes(&f->data), &h, NULL) &&
	    h.response)
		w->hold = 1u << ACT_SA_INSTALL;
	return true;
}

/* Taken down while the plane installs its child: what the SPD had for that child is undone. */
static void test_down_in_the_making(void **state)
{
	struct world *w = world_new(96, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("more");

		conn_set(c, "leftsubnet", "10.0.11.0/24");
		conn_set(c, "rightsubnet", "10.0.12.0/24");
		world_load(&w->hosts[i], world_connection("net"));
		world_load(&w->hosts[i], c);
	}
	up(w, "west", "net");
	world_command(west, CMD_UP, "more");
	w->filter = holds_installs_after_answer;
	world_settle(w);
	assert_int_equal(west->plane.policies[1].kind, POLICY_PROTECT);
	world_command(west, CMD_DOWN, "more");
	w->filter = NULL;
	world_release(w);
	assert_int_equal(west->plane.policies_len, 2);
	assert_int_equal(west->plane.policies[1].kind, POLICY_TRAP);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* Peers choose their SPIs, and two may choose the same: the address tells them apart. */
static void test_expire_of_one(void **state)
{
	struct world *w = world_pair_up(97);
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_EXPIRE};
	struct child_info child;

	(void)state;
	assert_true(ike_child_next(west->ike, 0, &child));
	ev.sa.dir = SA_OUT;
	ev.sa.spi = child.spi_out;
	ev.sa.remote.addr = world_host(w, "north")->addr;
	ev.sa.hard = true;
	world_event(west, &ev);
	assert_int_equal(count_children(west), 1);
	ev.sa.remote.addr = world_host(w, "east")->addr;
	ev.sa.spi++;
	world_event(west, &ev);
	assert_int_equal(count_children(west), 1);
	ev.sa.spi--;
	world_event(west, &ev);
	assert_logged(west, "its lifetime is over");
	world_free(w);
}

/*
 * rekey=no: who began it replaces it only while it is in use; the other end waits for its
 * end.
 */
static void test_no_rekey(void **state)
{
	(void)state;
	for (int used = 0; used < 2; used++) {
		struct world *w = world_new(98, NULL);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		for (int i = 0; i < 2; i++) {
			struct connection *c = world_connection("net");

			conn_set(c, "rekey", "no");
			conn_set(c, "ikelifetime", "8h");
			conn_set(c, "salifetime", "1h");
			conn_set(c, "rekeymargin", "5m");
			world_load(&w->hosts[i], c);
		}
		up(w, "west", "net");
		west->in_use = east->in_use = used;
		world_run(w, 3590 * NSEC_PER_SEC);
		if (used)
			assert_logged(west, "rekeyed");
		else
			assert_not_logged(west, "rekeyed");
		assert_not_logged(east, "lifetime is over");
		/* Unused it ends; as it is to be up, another one comes. */
		world_run(w, 60 * NSEC_PER_SEC);
		if (!used)
			assert_logged(west, "lifetime is over");
		assert_planes_match(west, east, 1);
		world_free(w);
	}
}

/* ---- names ---- */

static void test_names(void **state)
{
	struct world *w = world_new(96, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *c = world_connection("net");

	(void)state;
	world_load(east, world_connection("net"));
	conn_set(c, "right", "east.example");
	world_load(west, c);
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "net")), RC_NOPEERIP);
	world_run(w, NSEC_PER_SEC);
	assert_logged(west, "east.example could not be resolved");
	/* It was told to be up: it begins by itself once the name has an address. */
	west->names = &east->addr;
	world_run(w, 20 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_true(west->asked_names >= 2);
	world_free(w);
}

/* The host's address goes, and comes back. */
static void test_address_gone(void **state)
{
	struct world *w = world_pair_up(97);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_HOST};
	struct host_address a = {.addr = west->addr};

	(void)state;
	world_event(west, &ev);
	assert_int_equal(west->plane.sas_len, 0);
	world_run(w, 20 * NSEC_PER_SEC);
	assert_int_equal(count_sas(west, -1), 0);
	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(west, &ev);
	world_run(w, 2 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* Asked for before the address is there, as when the machine starts: done when it comes. */
static void test_address_yet_to_come(void **state)
{
	static const struct {
		const char *type;
		enum command_kind asked;
		uint8_t policy;
	} rows[] = {
		{"tunnel", CMD_UP, POLICY_PROTECT},
		{"tunnel", CMD_ROUTE, POLICY_TRAP},
		{"drop", CMD_ROUTE, POLICY_DROP},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(99, NULL);
		struct node *west = world_host(w, "west");
		struct event ev = {.kind = EV_HOST};
		struct host_address a = {.addr = west->addr};
		struct connection *c = world_connection("net");

		test_row(i, "%s", rows[i].type);
		conn_set(c, "type", rows[i].type);
		world_load(world_host(w, "east"), world_connection("net"));
		world_event(west, &ev);
		world_load(west, c);
		assert_int_equal(world_result(west, world_command(west, rows[i].asked, "net")),
				 RC_ORIENT);
		assert_logged(west, "as soon as this host has the address of one end");
		world_run(w, 20 * NSEC_PER_SEC);
		assert_int_equal(west->plane.policies_len, 0);
		ev.host.addresses = &a;
		ev.host.addresses_len = 1;
		world_event(west, &ev);
		world_run(w, 2 * NSEC_PER_SEC);
		assert_int_equal(west->plane.policies_len, 1);
		assert_int_equal(west->plane.policies[0].kind, rows[i].policy);
		world_free(w);
	}
}

/* Two ends that are both this host's: no address that comes will change that. */
static void test_both_ends_are_here(void **state)
{
	struct world *w = world_new(100, NULL);
	struct node *west = world_host(w, "west");
	struct host_address both[] = {{.addr = west->addr},
				      {.addr = world_host(w, "east")->addr}};
	struct event ev = {.kind = EV_HOST, .host = {.addresses = both, .addresses_len = 2}};

	(void)state;
	world_event(west, &ev);
	world_load(west, world_connection("net"));
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "net")), RC_ORIENT);
	assert_not_logged(west, "as soon as");
	world_free(w);
}

/* ---- counts ---- */

static void test_tally(void **state)
{
	struct world *w = pair_with(71, NULL, NULL, NULL, NULL);
	const struct ike_tally *west = ike_tally(world_host(w, "west")->ike);
	const struct ike_tally *east = ike_tally(world_host(w, "east")->ike);

	(void)state;
	up(w, "west", "net");
	assert_int_equal(west->established, 1);
	assert_int_equal(east->established, 1);
	assert_int_equal(west->failed + east->failed, 0);
	assert_int_equal(west->esp, 1);
	assert_int_equal(west->esn, 1);
	assert_int_equal(west->ah + west->encap + west->tfc, 0);
	assert_int_equal(west->ike[ALG_ENCR][ALG_ENCR_AES_GCM_16], 1);
	assert_int_equal(west->ike[ALG_KE][ALG_KE_X25519], 1);
	assert_int_equal(west->child[ALG_ENCR][ALG_ENCR_AES_GCM_16], 1);
	world_free(w);

	w = pair_with(72, NULL, "ike", "aes128-sha256-ecp256", "aes256-sha512-ecp384");
	world_command(world_host(w, "west"), CMD_UP, "net");
	world_run(w, 5 * NSEC_PER_SEC);
	west = ike_tally(world_host(w, "west")->ike);
	east = ike_tally(world_host(w, "east")->ike);
	assert_int_equal(west->established + west->esp, 0);
	assert_true(west->failed > 0);
	assert_true(east->errors_sent[N_NO_PROPOSAL_CHOSEN] > 0);
	assert_int_equal(west->errors_received[N_NO_PROPOSAL_CHOSEN],
			 east->errors_sent[N_NO_PROPOSAL_CHOSEN]);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_not_moved),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_plane_refuses),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_encap),
		cmocka_unit_test(test_own_ports),
		cmocka_unit_test(test_road_warriors),
		cmocka_unit_test(test_initial_contact),
		cmocka_unit_test(test_second_connection),
		cmocka_unit_test(test_many_subnets),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_child_groups),
		cmocka_unit_test(test_acquire),
		cmocka_unit_test(test_trap_is_set_again),
		cmocka_unit_test(test_expire_events),
		cmocka_unit_test(test_rekeyed_in_time),
		cmocka_unit_test(test_address_yet_to_come),
		cmocka_unit_test(test_both_ends_are_here),
		cmocka_unit_test(test_down_in_the_making),
		cmocka_unit_test(test_expire_of_one),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_keying_tries),
		cmocka_unit_test(test_no_rekey),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_address_gone),
	};

	return RUN_TESTS("ike/features", tests);
}
