/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pool.h"
#include "tests/unit/ike/tamper.h"
#include "tests/unit/ike/world.h"
#include "wire/ikev2_numbers.h"

#include <stdlib.h>
#include <string.h>

/*
 * Internal addresses (RFC 7296 2.19): west and north ask, east gives. All three
 * have the connection "net"; its right end is east.
 */
static struct connection *asking(const char *name, const char *id, const char *address)
{
	struct connection *c = world_connection(name);

	conn_set(c, "left", address);
	conn_set(c, "leftid", id);
	conn_set(c, "leftsubnet", "%dynamic");
	conn_set(c, "leftsourceip", "%config");
	return c;
}

static struct connection *giving(const char *name, const char *pools)
{
	struct connection *c = world_connection(name);

	conn_set(c, "left", "%any");
	conn_set(c, "leftid", "%any");
	conn_set(c, "leftsubnet", "%dynamic");
	if (pools)
		conn_set(c, "leftaddresspool", pools);
	return c;
}

/* West asks for what `sourceip` says, east gives from `pools` (NULL: none). */
static struct world *between(uint64_t seed, const char *sourceip, const char *pools)
{
	struct world *w = world_new(seed, NULL);
	struct connection *c = asking("net", "@west", "192.0.2.1");

	if (sourceip)
		conn_set(c, "leftsourceip", sourceip);
	conn_set(c, "rightsubnet", "10.0.2.0/24,2001:db8:2::/64");
	world_load(world_host(w, "west"), c);
	c = giving("net", pools);
	conn_set(c, "rightsubnet", "10.0.2.0/24,2001:db8:2::/64");
	world_load(world_host(w, "east"), c);
	return w;
}

static int bring_up(struct world *w, const char *host)
{
	struct node *h = world_host(w, host);
	uint64_t cause = world_command(h, CMD_UP, "net");

	world_run(w, NSEC_PER_SEC);
	return world_result(h, cause);
}

static size_t in_use(const struct node *h)
{
	struct pool_info pool;
	size_t n = 0;

	for (size_t i = 0; policy_pool_at(ike_policy(h->ike), i, &pool); i++)
		n += pool.in_use;
	return n;
}

/* The selectors of a host's one child, as "LOCAL === REMOTE". */
static void assert_child(const struct node *h, const char *want)
{
	struct child_info child;
	char local[200], remote[200];
	struct text t = {0};

	assert_true(ike_child_next(h->ike, 0, &child));
	text_add(&t, "%s === %s", ts_set_print(child.ts_local, local, sizeof(local)),
		 ts_set_print(child.ts_remote, remote, sizeof(remote)));
	assert_string_equal(text_str(&t), want);
	text_done(&t);
}

/* ---- what fails, and what both ends say of it ---- */

static void nothing_to_give(void **state)
{
	struct world *w = between(900, NULL, NULL);
	struct node *west = world_host(w, "west");

	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(west, "the peer gave us no internal address");
	assert_logged(west, "addresspool=");
	assert_int_equal(west->plane.addresses_len, 0);
	assert_int_equal(west->plane.sas_len, 0);
	assert_int_equal(world_host(w, "east")->plane.sas_len, 0);
	world_free(w);
}

static void the_pool_is_used_up(void **state)
{
	struct world *w = between(901, NULL, "10.9.0.7/32");
	struct node *east = world_host(w, "east"), *north = world_host(w, "north");

	world_load(north, asking("net", "@north", "192.0.2.3"));
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_int_equal(bring_up(w, "north"), RC_NOTIFICATION + 36);
	assert_logged(east, "all addresses of the pool 10.9.0.7/32 are in use");
	assert_logged(east, "give addresspool=");
	assert_logged(north, "INTERNAL_ADDRESS_FAILURE");
	assert_logged(north, "needs more addresses");
	assert_int_equal(in_use(east), 1);
	assert_int_equal(count_children(east), 1);
	/* Once it is free the other one has it. */
	world_command(world_host(w, "west"), CMD_DOWN, "net");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(in_use(east), 0);
	assert_int_equal(bring_up(w, "north"), RC_SUCCESS);
	assert_child(north, "10.9.0.7/32 === 10.0.2.0/24");
	world_free(w);
}

/* Who asks for two families and gets one has that one; who gives says what was missing. */
static void half_of_what_is_asked_for(void **state)
{
	struct world *w = between(915, "%config4,%config6", "10.9.0.7/32,2001:db8:9::7/128");
	struct node *east = world_host(w, "east"), *north = world_host(w, "north");

	world_load(north, asking("net", "@north", "192.0.2.3"));
	assert_int_equal(bring_up(w, "north"), RC_SUCCESS);
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(east, "the peer gets only one of the two addresses that it asks for");
	assert_logged(east, "all addresses of the pool 10.9.0.7/32 are in use");
	assert_child(world_host(w, "west"), "2001:db8:9::7/128 === 2001:db8:2::/64");
	world_free(w);
}

/* East's answer of IKE_AUTH, with other selectors for west. */
static bool leave_address_out(struct world *w, struct flight *f)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_header h;
	struct letter l;
	int at;

	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	if (f->from != east || h.exchange != X_IKE_AUTH || !h.response)
		return true;
	l = letter_of(east, view_bytes(&f->data));
	at = letter_find(&l, PAYLOAD_TSI);
	assert_true(at >= 0);
	bytes_done(&l.payloads[at].body);
	assert_true(bytes_copy(&l.payloads[at].body,
			       test_hex("01000000070000100000ffff0a0900080a090008")));
	send_letter(west, newest_sa(east), &l, h.msgid);
	letter_done(&l);
	return false;
}

static void selectors_without_the_address_given(void **state)
{
	struct world *w = between(916, NULL, "10.9.0.7/32");
	struct node *west = world_host(w, "west");

	w->filter = leave_address_out;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(west, "the peer gave us the address 10.9.0.7, and selectors that leave it out");
	assert_int_equal(count_children(west), 0);
	assert_int_equal(west->plane.sas_len, 0);
	world_free(w);
}

static void who_does_not_ask_is_told_to(void **state)
{
	struct world *w = world_new(902, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	world_load(west, world_connection("net"));
	world_load(east, giving("net", "10.9.0.0/24"));
	assert_int_equal(bring_up(w, "west"), RC_NOTIFICATION + 37);
	assert_logged(west, "FAILED_CP_REQUIRED");
	assert_logged(west, "write leftsourceip=%config");
	assert_logged(east, "gives its peer an address, and the peer asks for none");
	assert_int_equal(in_use(east), 0);
	world_free(w);
}

/* No client can have what another one was given, or may be. */
static void nobody_takes_what_was_not_given(void **state)
{
	static const char *const rows[] = {"10.9.0.2/32", "10.9.0.0/25", "0.0.0.0/1",
					   "10.8.0.0/24"};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(903, NULL);
		struct connection *c = asking("net", "@west", "192.0.2.1");

		test_row(i, "%s", rows[i]);
		conn_set(c, "leftsubnet", rows[i]);
		world_load(world_host(w, "west"), c);
		world_load(world_host(w, "east"), giving("net", "10.9.0.0/24"));
		if (bring_up(w, "west") == RC_SUCCESS)
			assert_child(world_host(w, "east"), "10.0.2.0/24 === 10.9.0.1/32");
		else
			assert_int_equal(world_host(w, "east")->plane.sas_len, 0);
		world_free(w);
	}
}

/* At a known address anybody may answer: whom to expect is to be said first. */
static void whom_to_expect_must_be_known_to_begin(void **state)
{
	struct world *w = world_new(905, NULL);
	struct node *east = world_host(w, "east");
	struct connection *c = giving("net", "10.9.0.0/24");

	conn_set(c, "left", "192.0.2.1");
	conn_set(c, "leftid", "%any");
	world_load(east, c);
	assert_int_equal(bring_up(w, "east"), RC_WILDCARD);
	assert_logged(east, "whom to expect at 192.0.2.1 is not said (leftid= is %any or");
	world_free(w);
}

/* A secret is of no authority, so that naming one tells nobody whom to expect. */
static void an_authority_is_of_certificates_alone(void **state)
{
	struct world *w = world_new(906, NULL);
	struct node *east = world_host(w, "east");
	struct connection *c = world_connection("net");

	(void)state;
	conn_set(c, "leftid", "%any");
	conn_set(c, "leftca", "CN=Root");
	world_load(east, c);
	assert_int_equal(bring_up(w, "east"), RC_WILDCARD);
	assert_logged(east, "authority of its certificate as leftca= with leftauth=pubkey");
	world_free(w);
}

static void who_gives_can_not_begin(void **state)
{
	struct world *w = world_new(904, NULL);
	struct node *east = world_host(w, "east");
	struct connection *c = giving("net", "10.9.0.0/24");

	conn_set(c, "left", "192.0.2.1");
	conn_set(c, "leftid", "@west");
	world_load(east, c);
	assert_int_equal(bring_up(w, "east"), RC_WILDCARD);
	assert_logged(east, "is given its internal address when it begins");
	world_free(w);
}

/* Who is to be given an address has none while the other end begins. */
static void who_asks_must_begin(void **state)
{
	struct world *w = world_new(905, NULL);
	struct node *west = world_host(w, "west");

	world_load(west, asking("net", "@west", "192.0.2.1"));
	world_load(world_host(w, "east"), world_connection("net"));
	conn_set((struct connection *)policy_find(ike_policy(world_host(w, "east")->ike), "net")
			 ->connection,
		 "leftid", "@west");
	bring_up(w, "east");
	assert_int_equal(count_children(west), 0);
	world_free(w);
}

/* ---- what works ---- */

static void addresses_are_given(void **state)
{
	static const struct {
		const char *asks, *pools, *west;
		size_t addresses;
	} rows[] = {
		{"%config4", "10.9.0.0/24", "10.9.0.1/32 === 10.0.2.0/24", 1},
		{"%config", "10.9.0.0/24", "10.9.0.1/32 === 10.0.2.0/24", 1},
		{"%config6", "2001:db8:9::/64", "2001:db8:9::1/128 === 2001:db8:2::/64", 1},
		{"%config4,%config6", "10.9.0.0/24,2001:db8:9::/64",
		 "10.9.0.1/32, 2001:db8:9::1/128 === 10.0.2.0/24, 2001:db8:2::/64", 2},
		{"%config4,%config6", "10.9.0.5-10.9.0.9", "10.9.0.5/32 === 10.0.2.0/24", 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = between(910 + i, rows[i].asks, rows[i].pools);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "%s of %s", rows[i].asks, rows[i].pools);
		if (bring_up(w, "west") != RC_SUCCESS)
			fail_msg("%s%s", text_str(&west->log), text_str(&east->log));
		assert_int_equal(west->plane.addresses_len, rows[i].addresses);
		assert_int_equal(in_use(east), rows[i].addresses);
		assert_planes_match(west, east, 1);
		world_command(west, CMD_DOWN, "net");
		world_run(w, NSEC_PER_SEC);
		assert_int_equal(west->plane.addresses_len, 0);
		assert_int_equal(in_use(east), 0);
		world_free(w);
	}
}

static void rekeying_keeps_the_address(void **state)
{
	static const struct {
		const char *host, *name;
		enum command_kind kind;
	} rows[] = {
		{"west", "net", CMD_REKEY_IKE},
		{"west", "net", CMD_REKEY_CHILD},
		{"east", "net[1]", CMD_REKEY_IKE},
		{"east", "net[1]", CMD_REKEY_CHILD},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = between(920 + i, "%config4", "10.9.0.0/24");
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "%s rekeys", rows[i].host);
		assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
		world_command(world_host(w, rows[i].host), rows[i].kind, rows[i].name);
		world_run(w, 60 * NSEC_PER_SEC);
		assert_child(west, "10.9.0.1/32 === 10.0.2.0/24");
		assert_child(east, "10.0.2.0/24 === 10.9.0.1/32");
		assert_int_equal(in_use(east), 1);
		assert_int_equal(west->plane.addresses_len, 1);
		assert_planes_match(west, east, 1);
		world_command(west, CMD_DOWN, "net");
		world_run(w, NSEC_PER_SEC);
		assert_int_equal(in_use(east), 0);
		world_free(w);
	}
}

static void who_comes_again_has_the_same(void **state)
{
	struct world *w = between(930, "%config4", "10.9.0.0/24");
	struct node *west = world_host(w, "west"), *north = world_host(w, "north");

	world_load(north, asking("net", "@north", "192.0.2.3"));
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_int_equal(bring_up(w, "north"), RC_SUCCESS);
	world_command(west, CMD_DOWN, "net");
	world_command(north, CMD_DOWN, "net");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(bring_up(w, "north"), RC_SUCCESS);
	assert_child(north, "10.9.0.2/32 === 10.0.2.0/24");
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_child(west, "10.9.0.1/32 === 10.0.2.0/24");
	/* Again while it stands: the new one has the address before the old one goes. */
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_child(west, "10.9.0.1/32 === 10.0.2.0/24");
	assert_int_equal(west->plane.addresses_len, 1);
	world_free(w);
}

/* East forgets all, as if it had been killed; west is given what it wishes for. */
static void an_old_address_is_wished_for(void **state)
{
	struct world *w = between(931, "%config4", "10.9.0.5-10.9.0.9");
	struct node *east = world_host(w, "east"), *north = world_host(w, "north");
	struct connection *c;

	world_load(north, asking("net", "@north", "192.0.2.3"));
	assert_int_equal(bring_up(w, "north"), RC_SUCCESS);
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_child(world_host(w, "west"), "10.9.0.6/32 === 10.0.2.0/24");
	world_command(world_host(w, "west"), CMD_DOWN, "net");
	world_command(north, CMD_DOWN, "net");
	world_run(w, NSEC_PER_SEC);
	world_command(east, CMD_DELETE, "net");
	world_run(w, NSEC_PER_SEC);
	c = giving("net", "10.9.0.0/24");
	world_load(east, c);
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_child(world_host(w, "west"), "10.9.0.6/32 === 10.0.2.0/24");
	world_free(w);
}

static void a_described_address_is_given(void **state)
{
	struct world *w = world_new(932, NULL);
	struct connection *c = giving("net", NULL);

	conn_set(c, "leftsourceip", "10.9.0.77");
	world_load(world_host(w, "east"), c);
	world_load(world_host(w, "west"), asking("net", "@west", "192.0.2.1"));
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_child(world_host(w, "west"), "10.9.0.77/32 === 10.0.2.0/24");
	world_free(w);
}

/* Networks beside a pool: those that have no address of it, whole, and the one address. */
static void networks_beside_a_pool(void **state)
{
	struct world *w = world_new(933, NULL);
	struct connection *c = giving("net", "10.9.0.0/24");

	conn_set(c, "leftsubnet", "10.0.0.0/8,172.16.0.0/24");
	world_load(world_host(w, "east"), c);
	c = asking("net", "@west", "192.0.2.1");
	conn_set(c, "leftsubnet", "0.0.0.0/0");
	world_load(world_host(w, "west"), c);
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_child(world_host(w, "east"), "10.0.2.0/24 === 172.16.0.0/24, 10.9.0.1/32");
	world_free(w);
}

static void replacing_the_connection_keeps_leases(void **state)
{
	struct world *w = between(934, "%config4", "10.9.0.0/24");
	struct node *east = world_host(w, "east"), *north = world_host(w, "north");
	struct event ev = {.kind = EV_COMMAND, .cause = 4711};

	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	ev.command.kind = CMD_REPLACE;
	ev.command.connection = giving("net", "10.9.0.0/24");
	conn_set(ev.command.connection, "mtu", "1300");
	ev.command.name = "net";
	world_event(east, &ev);
	world_run(w, NSEC_PER_SEC);
	world_load(north, asking("net", "@north", "192.0.2.3"));
	assert_int_equal(bring_up(w, "north"), RC_SUCCESS);
	assert_child(north, "10.9.0.2/32 === 10.0.2.0/24");
	world_free(w);
}

/* Two connections for anybody: the peer has the one that suits what it asks for. */
static void who_asks_finds_the_pool(void **state)
{
	static const struct {
		bool asks;
		const char *want;
	} rows[] = {{true, "10.9.0.1/32 === 10.0.2.0/24"},
		    {false, "10.0.1.0/24 === 10.0.2.0/24"}};

	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		struct world *w = world_new(980 + i, NULL);
		struct node *east = world_host(w, "east");
		struct connection *plain = giving("plain", NULL);

		test_row(i, "%s", rows[i / 2].want);
		conn_set(plain, "leftsubnet", "10.0.1.0/24");
		if (i % 2)
			world_load(east, plain);
		world_load(east, giving("pool", "10.9.0.0/24"));
		if (!(i % 2))
			world_load(east, plain);
		world_load(world_host(w, "west"), rows[i / 2].asks
							  ? asking("net", "@west", "192.0.2.1")
							  : world_connection("net"));
		if (bring_up(w, "west") != RC_SUCCESS)
			fail_msg("%s", text_str(&east->log));
		assert_child(world_host(w, "west"), rows[i / 2].want);
		world_free(w);
	}
}

static void servers_and_domains_come_along(void **state)
{
	struct world *w = world_new(935, NULL);
	struct connection *c = giving("net", "10.9.0.0/24");
	const struct internal *got;

	conn_set(c, "leftdns", "10.0.2.53");
	conn_set(c, "modecfgdns", "10.0.2.54,2001:db8::53");
	conn_set(c, "modecfgwins", "10.0.2.55");
	conn_set(c, "modecfgdomains", "example.org,corp.example");
	conn_set(c, "modecfgbanner", "Welcome");
	world_load(world_host(w, "east"), c);
	world_load(world_host(w, "west"), asking("net", "@west", "192.0.2.1"));
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	got = policy_find(ike_policy(world_host(w, "west")->ike), "net")->internal;
	assert_non_null(got);
	assert_int_equal(got->dns_len, 3);
	assert_int_equal(got->wins_len, 1);
	assert_string_equal(got->domains, "example.org corp.example");
	assert_string_equal(got->banner, "Welcome");
	assert_logged(world_host(w, "west"), "10.9.0.1");
	assert_logged(world_host(w, "west"), "Welcome");
	world_free(w);
}

/* ---- peers that claim their network by themselves ---- */

/* What west says is behind it, and what east makes of that; NULL: nothing. */
static void networks_are_claimed(void **state)
{
	static const struct {
		const char *allowed, *west, *remote;
	} rows[] = {
		{"vhost:%priv,%no", "192.168.7.5/32", "192.168.7.5/32"},
		{"vhost:%priv,%no", NULL, "192.0.2.1/32"},
		{"vhost:%priv,%no", "192.168.7.0/24", NULL},
		{"vnet:%priv", "192.168.7.0/24", "192.168.7.0/24"},
		{"vnet:%priv", "10.7.0.0/24", NULL},
		{"vnet:%priv,%v4:10.0.0.0/8", "10.7.0.0/24", "10.7.0.0/24"},
		{"vnet:%priv,%v4:10.0.0.0/8", "10.0.0.0/16", NULL}, /* has east's own */
		{"vnet:%all", "0.0.0.0/0", NULL},
	};
	struct ike_settings s = ike_settings_default();
	struct virtual_net *list;

	assert_int_equal(virtual_list_read("%v4:192.168.0.0/16", &list, NULL), CYG_OK);
	s.private_nets = list;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(940 + i, &s);
		struct connection *c = world_connection("net");
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		struct text want = {0};
		int result;

		test_row(i, "%s: %s", rows[i].allowed, rows[i].west);
		conn_set(c, "leftsubnet", rows[i].west ? rows[i].west : "%dynamic");
		world_load(west, c);
		c = world_connection("net");
		conn_set(c, "left", "%any");
		conn_set(c, "leftsubnet", rows[i].allowed);
		world_load(east, c);
		result = bring_up(w, "west");
		if (!rows[i].remote) {
			assert_int_not_equal(result, RC_SUCCESS);
			assert_logged(east, "claims a network that it may not have");
		} else {
			if (result != RC_SUCCESS)
				fail_msg("%s", text_str(&east->log));
			text_add(&want, "10.0.2.0/24 === %s", rows[i].remote);
			assert_child(east, text_str(&want));
			world_command(east, CMD_REKEY_CHILD, "net[1]");
			world_run(w, 60 * NSEC_PER_SEC);
			assert_child(east, text_str(&want));
			assert_planes_match(west, east, 1);
		}
		text_done(&want);
		world_free(w);
	}
	free(list);
}

static void who_is_claimed_from_can_not_begin(void **state)
{
	struct world *w = world_new(960, NULL);
	struct connection *c = world_connection("net");

	conn_set(c, "leftsubnet", "vhost:%no");
	world_load(world_host(w, "east"), c);
	assert_int_equal(bring_up(w, "east"), RC_WILDCARD);
	assert_logged(world_host(w, "east"), "claims its network by itself");
	world_free(w);
}

/* ---- export, import, and memory that runs out ---- */

static struct bytes export_of(const struct node *h)
{
	struct ike_sa_info info;
	struct bytes b = {0};

	assert_true(ike_sa_next(h->ike, 0, &info));
	if (ike_export(h->ike, info.serial, &b))
		fail_msg("%s: %s", h->name, text_str(&h->log));
	return b;
}

/* A new engine with the connection takes up what the old one had. */
static void restart(struct node *h, struct connection *c)
{
	struct ike_settings s = ike_settings_default();
	struct host_address a = {.addr = h->addr, .interface = "eth0"};
	struct event ev = {.kind = EV_HOST};
	struct bytes b = export_of(h);
	struct diag why;

	ike_free(h->ike);
	h->ike = ike_new(&s, h->world->crypto, &h->entropy);
	assert_non_null(h->ike);
	h->plane.addresses_len = 0; /* the next start takes them away */
	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(h, &ev);
	world_command(h, CMD_LISTEN, NULL);
	world_load(h, c);
	actions_clear(&h->out);
	for (size_t len = 0; len < b.len; len += 7)
		assert_int_not_equal(ike_import(h->ike, view_of(b.ptr, len), h->world->now,
						false, &h->out, &why),
				     CYG_OK);
	actions_clear(&h->out);
	assert_int_equal(ike_import(h->ike, view_bytes(&b), h->world->now, false, &h->out,
				    &why),
			 CYG_OK);
	world_actions(h);
	world_run(h->world, 10 * NSEC_PER_SEC); /* what was rekeyed has drained by then */
	bytes_wipe(&b);
}

static void addresses_outlive_their_engine(void **state)
{
	struct world *w = between(970, "%config4,%config6", "10.9.0.0/24,2001:db8:9::/64");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *c;

	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	c = giving("net", "10.9.0.0/24,2001:db8:9::/64");
	conn_set(c, "rightsubnet", "10.0.2.0/24,2001:db8:2::/64");
	restart(east, c);
	assert_int_equal(in_use(east), 2);
	c = asking("net", "@west", "192.0.2.1");
	conn_set(c, "leftsourceip", "%config4,%config6");
	conn_set(c, "rightsubnet", "10.0.2.0/24,2001:db8:2::/64");
	restart(west, c);
	assert_int_equal(west->plane.addresses_len, 2);
	assert_child(west, "10.9.0.1/32, 2001:db8:9::1/128 === 10.0.2.0/24, 2001:db8:2::/64");
	/* Nobody else has them meanwhile; and they go back. */
	c = asking("net", "@north", "192.0.2.3");
	world_load(world_host(w, "north"), c);
	assert_int_equal(bring_up(w, "north"), RC_SUCCESS);
	assert_child(world_host(w, "north"), "10.9.0.2/32 === 10.0.2.0/24");
	world_command(west, CMD_DOWN, "net");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(in_use(east), 1);
	assert_int_equal(west->plane.addresses_len, 0);
	world_free(w);
}

/* With one allocation failing somewhere in an engine; at the end nothing is held. */
static bool live_and_die(void *ctx)
{
	struct world *w;
	struct node *west, *east;
	bool good;

	(void)ctx;
	test_allocations_count(false);
	w = between(971, "%config4,%config6", "10.9.0.0/24,2001:db8:9::/64");
	west = world_host(w, "west");
	east = world_host(w, "east");
	w->may_be_short = true;
	world_command(west, CMD_UP, "net");
	world_run(w, NSEC_PER_SEC);
	world_command(west, CMD_REKEY_IKE, "net");
	world_run(w, 8 * NSEC_PER_SEC);
	good = count_children(west) == 1 && count_children(east) == 1 &&
	       west->plane.addresses_len == 2 && in_use(east) == 2;
	world_command(west, CMD_DELETE, "net");
	world_run(w, 200 * NSEC_PER_SEC);
	world_command(east, CMD_DELETE, "net");
	world_run(w, 200 * NSEC_PER_SEC);
	assert_int_equal(count_sas(west, -1) + count_sas(east, -1), 0);
	if (policy_count(ike_policy(west->ike)) == 0)
		assert_int_equal(west->plane.addresses_len, 0);
	assert_int_equal(in_use(east), 0);
	world_free(w);
	test_allocations_count(true);
	return good;
}

static void short_of_memory(void **state)
{
	test_each_allocation_failing(live_and_die, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_give),
		cmocka_unit_test(the_pool_is_used_up),
		cmocka_unit_test(half_of_what_is_asked_for),
		cmocka_unit_test(selectors_without_the_address_given),
		cmocka_unit_test(who_does_not_ask_is_told_to),
		cmocka_unit_test(nobody_takes_what_was_not_given),
		cmocka_unit_test(whom_to_expect_must_be_known_to_begin),
		cmocka_unit_test(an_authority_is_of_certificates_alone),
		cmocka_unit_test(who_gives_can_not_begin),
		cmocka_unit_test(who_asks_must_begin),
		cmocka_unit_test(addresses_are_given),
		cmocka_unit_test(rekeying_keeps_the_address),
		cmocka_unit_test(who_comes_again_has_the_same),
		cmocka_unit_test(an_old_address_is_wished_for),
		cmocka_unit_test(a_described_address_is_given),
		cmocka_unit_test(networks_beside_a_pool),
		cmocka_unit_test(replacing_the_connection_keeps_leases),
		cmocka_unit_test(who_asks_finds_the_pool),
		cmocka_unit_test(servers_and_domains_come_along),
		cmocka_unit_test(networks_are_claimed),
		cmocka_unit_test(addresses_outlive_their_engine),
		cmocka_unit_test(short_of_memory),
		cmocka_unit_test(who_is_claimed_from_can_not_begin),
	};

	return RUN_TESTS("ike/internal", tests);
}
