/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/core.h"
#include "tests/unit/ike/world.h"

#include <string.h>

/*
 * What becomes of a connection's entry in the plane when its tunnel ends: ipsec_auto(8) has it
 * stay routed, so that no packet goes elsewhere.
 */

static void assert_trap(const struct node *h, bool stands)
{
	if (h->plane.policies_len != stands)
		fail_msg("%s has %zu policies", h->name, h->plane.policies_len);
	if (stands && h->plane.policies[0].kind != POLICY_TRAP)
		fail_msg("%s has a policy of kind %u", h->name, h->plane.policies[0].kind);
	assert_int_equal(h->plane.routes_len, stands);
}

/* A trap stands at both ends, whoever brought it up and whoever takes it down. */
static void test_down(void **state)
{
	static const char *const enders[] = {"west", "east"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(enders); i++) {
		struct world *w = world_pair(900 + i);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		world_up(world_host(w, "west"), "net");
		assert_int_equal(east->plane.policies[0].kind, POLICY_PROTECT);
		world_command(world_host(w, enders[i]), CMD_DOWN, "net");
		world_settle(w);
		assert_planes_match(west, east, 0);
		assert_trap(west, true);
		assert_trap(east, true);
		world_command(east, CMD_UNROUTE, "net");
		world_command(west, CMD_DELETE, "net");
		world_settle(w);
		assert_trap(west, false);
		assert_trap(east, false);
		world_free(w);
	}
}

/* What the host refuses of it is told to who asked, and nothing is said to be routed. */
static void test_refused_by_the_host(void **state)
{
	static const char *const refused[] = {"the entry", "its route"};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(refused); i++) {
		struct world *w = world_pair(905);
		struct node *west = world_host(w, "west");
		uint64_t cause;

		test_row(i, "%s", refused[i]);
		west->plane.refuse_nth = i + 1;
		cause = world_command(west, CMD_ROUTE, "net");
		world_settle(w);
		assert_int_equal(west->plane.refuse_nth, 0);
		assert_int_equal(world_result(west, cause), RC_ROUTE);
		assert_logged(west, "cannot route: ");
		/* Where the plane had no words there is a cure all the same. */
		assert_logged(west, "ipsec auto --route net");
		assert_trap(west, false);
		assert_false(policy_find(ike_policy(west->ike), "net")->routed);
		cause = world_command(west, CMD_ROUTE, "net");
		world_settle(w);
		assert_int_equal(world_result(west, cause), RC_COMMENT);
		assert_trap(west, true);
		world_free(w);
	}
}

/* Who forbids it with dpdaction=clear has nothing left; nor has an instance of a template. */
static void test_not_routed(void **state)
{
	struct world *w = world_new(910, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *c = world_connection("net");
	struct command crash = {.kind = CMD_CRASH, .addr = west->addr};
	struct event ev = {.kind = EV_COMMAND, .command = crash};

	(void)state;
	conn_set(c, "dpdaction", "clear");
	world_load(east, c);
	world_load(west, world_connection("net"));
	world_up(world_host(w, "west"), "net");
	world_event(east, &ev);
	world_settle(w);
	assert_trap(east, false);
	world_free(w);

	w = world_new(911, NULL);
	west = world_host(w, "west");
	east = world_host(w, "east");
	c = world_connection("net");
	conn_set(c, "left", "%any");
	world_load(east, c);
	world_load(west, world_connection("net"));
	world_up(world_host(w, "west"), "net");
	world_command(west, CMD_DOWN, "net");
	world_settle(w);
	assert_trap(west, true);
	assert_trap(east, false);
	world_free(w);
}

static uint64_t replace(struct node *h, const char *keyword, const char *value)
{
	struct connection *c = world_connection("net");
	struct event ev = {.kind = EV_COMMAND, .cause = ++h->world->next_cause};

	conn_set(c, keyword, value);
	ev.command = (struct command){.kind = CMD_REPLACE, .name = "net", .connection = c};
	world_event(h, &ev);
	world_settle(h->world);
	return ev.cause;
}

/* Another version has the entry of the one before, which never goes in between. */
static void test_replace(void **state)
{
	struct world *w = world_pair(920);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint32_t id;

	(void)state;
	world_up(world_host(w, "west"), "net");
	id = east->plane.policies[0].id;
	assert_int_equal(world_result(east, replace(east, "salifetime", "2h")), RC_COMMENT);
	assert_planes_match(west, east, 0);
	assert_trap(east, true);
	assert_int_equal(east->plane.policies[0].id, id);
	/* What is only routed, with other networks. */
	replace(east, "leftsubnet", "10.0.9.0/24");
	assert_trap(east, true);
	assert_int_equal(east->plane.policies[0].id, id);
	/* This host would be no end of it: that is refused, and what is held back stays so. */
	assert_int_equal(world_result(east, replace(east, "right", "203.0.113.9")), RC_ORIENT);
	assert_trap(east, true);
	replace(east, "salifetime", "3h");
	assert_trap(east, true);
	world_command(east, CMD_DELETE, "net");
	world_settle(w);
	assert_trap(east, false);
	/* What is neither routed nor up stays so. */
	world_load(east, world_connection("net"));
	replace(east, "salifetime", "2h");
	assert_trap(east, false);
	world_free(w);
}

/* The tunnel of the version before stands, until the peer's new name has an address. */
static void test_replace_by_a_name(void **state)
{
	struct world *w = world_pair(930);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_up(west, "net");
	assert_int_equal(world_result(west, replace(west, "right", "east.example")),
			 RC_COMMENT);
	world_run(w, 40 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_true(west->asked_names >= 2);
	west->names = &east->addr;
	world_run(w, 40 * NSEC_PER_SEC);
	assert_int_equal(policy_find(west->ike->policy, "net")->connection->end[1].host.kind,
			 HOST_NAME);
	assert_planes_match(west, east, 1);
	/* What is described as before again is all that is meant, and so is nothing at all. */
	west->names = NULL;
	replace(west, "right", "other.example");
	replace(west, "right", "east.example");
	assert_null(policy_awaited(policy_find(west->ike->policy, "net")));
	replace(west, "right", "other.example");
	assert_non_null(policy_awaited(policy_find(west->ike->policy, "net")));
	world_command(west, CMD_DELETE, "net");
	west->names = &east->addr;
	world_run(w, 40 * NSEC_PER_SEC);
	assert_null(policy_find(west->ike->policy, "net"));
	world_free(w);
}

/* While this host's address is away, what is held back stays so, and a new version waits. */
static void test_replace_away(void **state)
{
	struct world *w = world_pair(940);
	struct node *west = world_host(w, "west");
	struct host_address a = {.addr = west->addr};
	struct event ev = {.kind = EV_HOST};

	(void)state;
	world_command(west, CMD_ROUTE, "net");
	world_event(west, &ev);
	assert_int_equal(west->plane.policies_len, 1);
	assert_int_equal(world_result(west, replace(west, "rightsubnet", "10.0.9.0/24")),
			 RC_COMMENT);
	assert_int_equal(west->plane.policies_len, 1);
	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(west, &ev);
	world_settle(w);
	assert_int_equal(west->plane.policies_len, 1);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	assert_null(policy_awaited(policy_find(west->ike->policy, "net")));
	assert_int_equal(
		policy_find(west->ike->policy, "net")->ts_remote.items[0].range.first.octets[2],
		9);
	world_free(w);
}

/* auto= tells what pluto does with a tunnel, not which one it is. */
static void test_replace_auto(void **state)
{
	static const struct {
		const char *was, *is;
		bool again; /* comes back when the peer takes it down */
	} rows[] = {{"add", "start", true}, {"start", "add", false}, {"add", "route", true}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(960 + i, NULL);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		struct connection *c = world_connection("net");
		struct event ev = {.kind = EV_COMMAND};
		struct child_info before, after;

		test_row(i, "%s", rows[i].was);
		world_load(east, world_connection("net"));
		conn_set(c, "auto", rows[i].was);
		world_load(west, c);
		world_up(world_host(w, "west"), "net");
		assert_true(ike_child_next(west->ike, 0, &before));
		ev.command.kind = CMD_REPLACE;
		ev.command.connection = world_connection("net");
		conn_set(ev.command.connection, "auto", rows[i].is);
		world_event(west, &ev);
		world_run(w, NSEC_PER_SEC);
		assert_logged(west, "like this already, but for auto=; its tunnel stays");
		assert_true(ike_child_next(west->ike, 0, &after));
		assert_int_equal(after.spi_in, before.spi_in);
		world_command(east, CMD_DOWN, "net");
		world_run(w, 20 * NSEC_PER_SEC);
		assert_int_equal(count_children(west), rows[i].again);
		world_free(w);
	}
}

/* auto=keep: it is waited for, and once it was up it is to stay so. */
static void test_keep(void **state)
{
	static const char *const starts[] = {"add", "keep"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		struct world *w = world_new(980 + i, NULL);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		struct connection *c = world_connection("net");

		test_row(i, "%s", starts[i]);
		conn_set(c, "auto", starts[i]);
		world_load(east, c);
		world_load(west, world_connection("net"));
		world_up(world_host(w, "west"), "net");
		world_command(west, CMD_DOWN, "net");
		world_run(w, 20 * NSEC_PER_SEC);
		assert_int_equal(count_children(east), i);
		world_command(east, CMD_DOWN, "net");
		world_run(w, 20 * NSEC_PER_SEC);
		assert_int_equal(count_children(east), 0);
		world_free(w);
	}
}

/* Who waits for a connection is told why nothing comes of it; who takes it down, what that did. */
static void test_told(void **state)
{
	static const struct {
		enum command_kind kind;
		const char *says;
	} enders[] = {
		{CMD_DOWN, "037 - given up: it was taken down"},
		{CMD_DELETE, "given up: it was deleted"},
		{CMD_SHUTDOWN, "given up: pluto stops"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(enders); i++) {
		struct world *w = world_new(930 + i, NULL);
		struct node *west = world_host(w, "west");
		uint64_t cause;

		world_load(west, world_connection("net"));
		w->filter = world_loses_all;
		cause = world_command(west, CMD_UP, "net");
		world_settle(w);
		assert_int_equal(world_result(west, cause), -1);
		world_command(west, enders[i].kind, "net");
		world_settle(w);
		assert_int_equal(world_result(west, cause), RC_FATAL);
		assert_logged(west, enders[i].says);
		world_free(w);
	}
}

/* Who joins a try that is under way hears as well why it fails. */
static void test_joined(void **state)
{
	struct world *w = world_new(970, NULL);
	struct node *west = world_host(w, "west");
	struct connection *c = world_connection("net");
	const char *first, *second;
	uint64_t causes[2];

	(void)state;
	conn_set(c, "keyingtries", "1");
	world_load(west, c);
	w->filter = world_loses_all;
	for (int i = 0; i < 2; i++)
		causes[i] = world_command(west, CMD_UP, "net");
	world_run(w, 400 * NSEC_PER_SEC);
	assert_int_equal(world_result(west, causes[0]), world_result(west, causes[1]));
	first = strstr(text_str(&west->log), "no answer at all");
	assert_non_null(first);
	second = strstr(first + 1, "no answer at all");
	assert_non_null(second);
	assert_null(strstr(second + 1, "no answer at all"));
	world_free(w);
}

static void test_down_tells(void **state)
{
	struct world *w = world_pair(940);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_command(west, CMD_DOWN, "net");
	assert_logged(west, "nothing of it was up");
	world_up(world_host(w, "west"), "net");
	world_command(east, CMD_DOWN, "net");
	world_settle(w);
	assert_logged(east, "its tunnel is taken down; the peer had brought it up");
	world_run(w, 10 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	text_clear(&west->log);
	world_command(west, CMD_DOWN, "net");
	world_settle(w);
	assert_logged(west, "its tunnel is taken down\n");
	world_free(w);
}

/* What cannot come up is told when it is loaded. */
static void test_load_tells(void **state)
{
	struct ike_settings settings = ike_settings_default();
	struct connection *c = world_connection("net");
	struct node *north, *west;
	struct world *w;

	(void)state;
	settings.tunnel_only = true;
	w = world_new(950, &settings);
	north = world_host(w, "north");
	west = world_host(w, "west");
	world_load(north, world_connection("net"));
	assert_logged(north, "cannot be used here: neither end is an address of this host");
	c->end[0].subnets_len = c->end[1].subnets_len = 0;
	conn_set(c, "type", "transport");
	world_load(west, c);
	assert_logged(west, "tunnel mode only");
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "net")), RC_NOALGO);
	world_free(w);
}

static const struct plane_sa *only_sa(const struct node *h, enum sa_dir dir)
{
	for (size_t i = 0; i < h->plane.sas_len; i++)
		if (h->plane.sas[i].dir == dir)
			return &h->plane.sas[i];
	return NULL;
}

/* Marks and interfaces: refused where the plane knows none, and else each SA's and policy's own. */
static void test_scopes(void **state)
{
	struct ike_settings settings = ike_settings_default();

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct node *west, *east;
		struct packet_mark in, out;
		struct connection *c = world_connection("net");
		uint64_t cause;
		struct world *w;

		test_row(i, "%s", i ? "the plane knows none" : "well");
		settings.unscoped = i;
		w = world_new(940 + i, &settings);
		west = world_host(w, "west");
		east = world_host(w, "east");
		conn_set(c, "mark", "%unique-dir");
		conn_set(c, "if_id_out", "9");
		world_load(west, c);
		world_load(east, world_connection("net"));
		cause = world_command(west, CMD_UP, "net");
		world_run(w, NSEC_PER_SEC);
		if (i) {
			assert_int_equal(world_result(west, cause), RC_NOALGO);
			assert_logged(west, "leave them out");
			cause = world_command(west, CMD_ROUTE, "net");
			assert_int_equal(world_result(west, cause), RC_NOALGO);
			assert_logged(west, "cannot route: ");
			assert_int_equal(west->plane.policies_len, 0);
			assert_int_equal(west->plane.sas_len, 0);
			world_free(w);
			continue;
		}
		assert_int_equal(world_result(west, cause), RC_SUCCESS);
		in = only_sa(west, SA_IN)->scope.mark;
		out = only_sa(west, SA_OUT)->scope.mark;
		assert_int_equal(in.mask & out.mask, UINT32_MAX);
		assert_int_equal(in.value, out.value + 1);
		assert_int_equal(only_sa(west, SA_IN)->scope.if_id, 0);
		assert_int_equal(only_sa(west, SA_OUT)->scope.if_id, 9);
		assert_false(scope_narrows(&only_sa(east, SA_IN)->scope));
		/* The SAs that follow have the same ones: the policy stays. */
		world_command(west, CMD_REKEY_CHILD, "net");
		world_run(w, 30 * NSEC_PER_SEC);
		assert_int_equal(west->plane.sas_len, 2);
		assert_int_equal(only_sa(west, SA_IN)->scope.mark.value, in.value);
		world_free(w);
	}
}

/* RFC 7296 1.3.1: padded packets go only to a peer that did not say it takes none. */
static void test_padding(void **state)
{
	static const struct {
		bool west, east;          /* whose plane can */
		const char *mode, *asked; /* at west */
		uint32_t tfc;             /* of what west sends */
	} rows[] = {
		{true, false, "tunnel", "1000", 0},      {true, true, "tunnel", "1000", 1000},
		{true, true, "tunnel", "%mtu", TFC_MTU}, {true, true, "tunnel", "0", 0},
		{true, true, "transport", "1000", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(960 + i, NULL);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		uint64_t cause;

		test_row(i, "%s to %s", rows[i].asked,
			 rows[i].east ? "one that can" : "another");
		west->ike->settings.handling.tfc = rows[i].west;
		east->ike->settings.handling.tfc = rows[i].east;
		for (unsigned k = 0; k < 2; k++) {
			struct connection *c = world_connection("net");

			if (!strcmp(rows[i].mode, "transport"))
				c->end[0].subnets_len = c->end[1].subnets_len = 0;
			conn_set(c, "type", rows[i].mode);
			if (!k)
				conn_set(c, "tfc", rows[i].asked);
			world_load(k ? east : west, c);
		}
		cause = world_command(west, CMD_UP, "net");
		world_run(w, NSEC_PER_SEC);
		assert_int_equal(world_result(west, cause), RC_SUCCESS);
		assert_int_equal(only_sa(west, SA_OUT)->tfc, rows[i].tfc);
		assert_int_equal(only_sa(west, SA_IN)->tfc, 0);
		assert_int_equal(only_sa(east, SA_OUT)->tfc, 0);
		world_free(w);
	}
}

/* AH comes up, is renewed and goes by its own number (RFC 7296 3.3.1, 3.11). */
static void test_ah(void **state)
{
	struct ike_settings settings = ike_settings_default();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct world *w;
		struct node *west, *east;
		uint64_t cause;
		uint32_t spi;

		test_row(i, "%s", i == 1 ? "esp only" : i == 2 ? "nat" : "well");
		settings.esp_only = i == 1;
		settings.encap_always = i == 2;
		w = world_new(980 + i, &settings);
		west = world_host(w, "west");
		east = world_host(w, "east");
		for (unsigned k = 0; k < 2; k++) {
			struct connection *c = world_connection("net");

			conn_set(c, "ah", "sha512,sha256");
			world_load(k ? east : west, c);
		}
		cause = world_command(west, CMD_UP, "net");
		world_run(w, NSEC_PER_SEC);
		if (i) {
			assert_int_not_equal(world_result(west, cause), RC_SUCCESS);
			assert_logged(i == 1 ? west : east,
				      i == 1 ? "ESP only" : "AH does not survive");
			assert_int_equal(west->plane.sas_len, 0);
			assert_int_equal(east->plane.sas_len, 0);
			world_free(w);
			continue;
		}
		assert_int_equal(world_result(west, cause), RC_SUCCESS);
		assert_planes_match(west, east, 1);
		assert_int_equal(only_sa(west, SA_OUT)->protocol, PROTO_AH);
		assert_int_equal(only_sa(west, SA_OUT)->integ_key_len, 64);
		assert_int_equal(only_sa(west, SA_OUT)->encr_key_len, 0);
		assert_false(only_sa(west, SA_OUT)->encap);
		spi = only_sa(west, SA_IN)->spi;
		world_command(west, CMD_REKEY_CHILD, "net");
		world_run(w, 10 * NSEC_PER_SEC);
		assert_int_not_equal(only_sa(west, SA_IN)->spi, spi);
		assert_planes_match(west, east, 1);
		assert_int_equal(only_sa(west, SA_IN)->protocol, PROTO_AH);
		world_command(west, CMD_DOWN, "net");
		world_run(w, 10 * NSEC_PER_SEC);
		assert_int_equal(west->plane.sas_len + east->plane.sas_len, 0);
		world_free(w);
	}
}

/* What the plane has no way to do is told when it is loaded. */
static void test_no_effect(void **state)
{
	static const struct {
		const char *keyword, *value, *told;
	} rows[] = {
		{"tfc", "1000", "tfc= has no effect"},
		{"decap-dscp", "yes", "decap-dscp=yes has no effect"},
		{"encap-dscp", "no", "encap-dscp=no has no effect"},
		{"nopmtudisc", "yes", "nopmtudisc=yes has no effect"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (unsigned can = 0; can < 2; can++) {
			struct ike_settings settings = ike_settings_default();
			struct connection *c = world_connection("net");
			struct world *w;

			test_row(i, "%s=%s", rows[i].keyword, rows[i].value);
			settings.handling = (struct plane_handling){can, can, can, can};
			w = world_new(970 + i, &settings);
			conn_set(c, rows[i].keyword, rows[i].value);
			world_load(world_host(w, "west"), c);
			if (can)
				assert_not_logged(world_host(w, "west"), "no effect");
			else
				assert_logged(world_host(w, "west"), rows[i].told);
			world_free(w);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_refused_by_the_host),
		cmocka_unit_test(test_not_routed),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_down_tells),
		cmocka_unit_test(test_load_tells),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_no_effect),
		cmocka_unit_test(test_ah),
		cmocka_unit_test(test_replace_by_a_name),
		cmocka_unit_test(test_replace_away),
		cmocka_unit_test(test_replace_auto),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests_name("ike/rest", tests, NULL, NULL);
}
