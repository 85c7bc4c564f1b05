/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <string.h>

/*
 * The whole way: IKE_SA_INIT, IKE_AUTH, one child, and down again; and what is told when it
 * fails.
 */

static void test_up(void **state)
{
	struct world *w = world_pair(1);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t up = world_command(west, CMD_UP, "net");

	(void)state;
	assert_int_equal(world_result(west, up), -1);
	world_settle(w);
	assert_logged(west, "134 PARENT_I1");
	assert_logged(west, "135 PARENT_I2");
	assert_logged(west, "004 CHILD_C1 IPsec SA established tunnel mode");
	assert_int_equal(world_result(west, up), RC_SUCCESS);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	assert_int_equal(count_children(west), 1);
	assert_int_equal(count_children(east), 1);
	assert_planes_match(west, east, 1);
	assert_int_equal(west->plane.policies_len, 1);
	assert_int_equal(west->plane.policies[0].kind, POLICY_PROTECT);
	assert_int_equal(east->plane.policies_len, 1);
	world_free(w);
}

static void down_from(const char *here, const char *there, bool revives)
{
	struct world *w = world_pair_up(2);
	struct node *a = world_host(w, here), *b = world_host(w, there);
	uint64_t down = world_command(a, CMD_DOWN, "net");

	world_settle(w);
	assert_int_equal(world_result(a, down), RC_COMMENT);
	assert_int_equal(count_children(a), 0);
	assert_int_equal(count_children(b), 0);
	assert_planes_match(a, b, 0);
	assert_logged(b, "the peer deleted the IKE SA");
	assert_int_equal(count_sas(a, -1), 0);
	assert_int_equal(count_sas(b, IKE_DELETING), 1); /* lingers to answer again */
	world_run(w, 11 * NSEC_PER_SEC);
	/* West was told to be up: it comes again after a while when east hangs up. */
	assert_planes_match(a, b, revives ? 1 : 0);
	assert_int_equal(count_sas(a, -1), revives ? 1 : 0);
	assert_int_equal(count_sas(b, -1), revives ? 1 : 0);
	world_free(w);
}

static void test_down(void **state)
{
	(void)state;
	down_from("west", "east", false);
	down_from("east", "west", true);
}

/* A row changes the connection of one end; the try fails in the way told. */
struct failure {
	const char *name;
	const char *host, *keyword, *value; /* changed at this end */
	const char *psk;                    /* of east, when not NULL */
	int code;
	const char *west_says[4], *east_says[4];
};

static const struct failure failures[] = {
	{
		.name = "wrong secret",
		.psk = "another one",
		.code = RC_NOTIFICATION + 24,
		.west_says = {"AUTHENTICATION_FAILED", "shared secrets differ", "ipsec.secrets",
			      "@west"},
		.east_says = {"could not prove who it is", "ipsec.secrets"},
	},
	{
		.name = "responder has no key of its own",
		.host = "east",
		.keyword = "rightauth",
		.value = "pubkey",
		.code = RC_NOTIFICATION + 24,
		.west_says = {"AUTHENTICATION_FAILED"},
		.east_says = {"cannot prove that we are @east to @west", "no private key"},
	},
	{
		.name = "peer's id unknown",
		.host = "east",
		.keyword = "leftid",
		.value = "@wset",
		.code = RC_NOTIFICATION + 24,
		.west_says = {"AUTHENTICATION_FAILED"},
		.east_says = {"@wset", "@west"},
	},
	{
		.name = "no common IKE proposal",
		.host = "east",
		.keyword = "ike",
		.value = "aes256-sha2_512-modp4096",
		.code = RC_NOTIFICATION + 14,
		.west_says = {"NO_PROPOSAL_CHOSEN", "ike=", "we offered AES_GCM",
			      "carries no proof"},
		.east_says = {"no proposal in common", "MODP4096", "X25519"},
	},
	{
		.name = "no common ESP proposal",
		.host = "east",
		.keyword = "esp",
		.value = "aes128-sha2_256",
		.code = RC_NOTIFICATION + 14,
		.west_says = {"NO_PROPOSAL_CHOSEN", "ESP proposals", "esp="},
		.east_says = {"no proposal in common", "AES_CBC_128", "AES_GCM_16_256"},
	},
	{
		.name = "selectors that do not meet",
		.host = "east",
		.keyword = "rightsubnet",
		.value = "10.0.99.0/24",
		.code = RC_NOTIFICATION + 38,
		.west_says = {"TS_UNACCEPTABLE", "10.0.1.0/24 === 10.0.2.0/24", "leftsubnet"},
		.east_says = {"10.0.99.0/24", "10.0.2.0/24"},
	},
	{
		.name = "nobody for that address",
		.host = "east",
		.keyword = "left",
		.value = "192.0.2.77",
		.code = RC_NOTIFICATION + 14,
		.west_says = {"NO_PROPOSAL_CHOSEN", "no connection for our address"},
		.east_says = {"nobody is expected at that address",
			      "no connection is loaded for a peer at 192.0.2.1",
			      "right=192.0.2.1 (or %any) and left=192.0.2.2"},
	},
	{
		.name = "responder is not who was asked for",
		.host = "west",
		.keyword = "rightid",
		.value = "@else",
		.code = RC_NOTIFICATION + 24,
		.west_says = {"AUTHENTICATION_FAILED", "@else"},
		.east_says = {"@else"},
	},
};

/* The defaults are many: they are not listed to who wrote none of them. */
static void test_defaults_refused(void **state)
{
	struct world *w = world_new(4, NULL);
	struct node *west = world_host(w, "west");
	struct connection *c = world_connection("net");

	(void)state;
	conn_set(c, "left", "192.0.2.77"); /* not who asks */
	world_load(world_host(w, "east"), c);
	world_load(west, world_connection("net"));
	world_command(west, CMD_UP, "net");
	world_run(w, NSEC_PER_SEC);
	assert_logged(west, "wanted we offered our defaults;");
	world_free(w);
}

static void fail_once(const struct failure *f)
{
	struct world *w = world_new(3, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *cw = world_connection("net"), *ce = world_connection("net");
	uint64_t up;

	if (f->host)
		conn_set(!strcmp(f->host, "west") ? cw : ce, f->keyword, f->value);
	conn_set(cw, "keyingtries", "1");
	conn_set(cw, "ike", "aes_gcm_c_256-sha2_512-x25519");
	conn_set(cw, "esp", "aes_gcm_c_256");
	world_load(west, cw);
	world_load(east, ce);
	if (f->psk)
		world_psk(east, f->psk);
	up = world_command(west, CMD_UP, "net");
	world_run(w, 5 * NSEC_PER_SEC);
	assert_int_equal(world_result(west, up), f->code);
	for (size_t i = 0; i < 4 && f->west_says[i]; i++)
		assert_logged(west, f->west_says[i]);
	for (size_t i = 0; i < 4 && f->east_says[i]; i++)
		assert_logged(east, f->east_says[i]);
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(count_sas(west, -1), 0);
	assert_int_equal(count_sas(east, -1), 0);
	assert_planes_match(west, east, 0);
	assert_int_equal(ike_counts(east->ike).half_open, 0);
	world_free(w);
}

static void test_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(failures); i++) {
		test_row(i, "%s", failures[i].name);
		fail_once(&failures[i]);
	}
}

static void test_no_answer(void **state)
{
	struct world *w = world_pair(4);
	struct node *west = world_host(w, "west");
	uint64_t up;

	(void)state;
	w->filter = world_loses_all;
	up = world_command(west, CMD_UP, "net");
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(world_result(west, up), -1);
	world_run(w, 4 * NSEC_PER_SEC);
	assert_int_equal(world_result(west, up), RC_NORETRANSMISSION);
	assert_int_equal(west->sent, 7);
	assert_logged(west, "010 PARENT_I1");
	assert_logged(west, "031 PARENT_I1");
	assert_logged(west, "UDP 500 and 4500");
	assert_logged(west, "192.0.2.2:500");
	assert_logged(west, "the next one begins in");
	world_free(w);
}

static void test_obstacles(void **state)
{
	struct world *w = world_new(5, NULL);
	struct node *west = world_host(w, "west");
	struct connection *c = world_connection("far");
	uint64_t cause;

	(void)state;
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "nobody")),
			 RC_UNKNOWN_NAME);
	conn_set(c, "left", "198.51.100.7");
	world_load(west, c);
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "far")), RC_ORIENT);
	c = world_connection("any");
	conn_set(c, "right", "%any");
	world_load(west, c);
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "any")), RC_NOPEERIP);
	c = world_connection("shunt");
	conn_set(c, "type", "passthrough");
	conn_set(c, "authby", "never");
	conn_set(c, "leftsubnet", "10.7.0.0/24");
	world_load(west, c);
	assert_int_equal(world_result(west, world_command(west, CMD_UP, "shunt")),
			 RC_INITSHUNT);
	cause = world_command(west, CMD_ROUTE, "shunt");
	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_COMMENT);
	assert_int_equal(west->plane.policies[0].kind, POLICY_PASS);
	assert_int_equal(world_result(west, world_command(west, CMD_UNROUTE, "shunt")),
			 RC_COMMENT);
	assert_int_equal(west->plane.policies_len, 0);
	assert_int_equal(world_result(west, world_command(west, CMD_DELETE, "nobody")),
			 RC_UNKNOWN_NAME);
	assert_int_equal(world_result(west, world_command(west, CMD_DELETE, "shunt")),
			 RC_COMMENT);
	world_free(w);
}

static void test_not_listening(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w = world_pair(6);
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_HOST};
	struct host_address a = {.addr = west->addr};
	uint64_t up;

	(void)state;
	ike_free(west->ike);
	west->ike = ike_new(&s, w->crypto, &west->entropy);
	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(west, &ev);
	world_load(west, world_connection("net"));
	up = world_command(west, CMD_UP, "net");
	assert_int_equal(world_result(west, up), RC_DEAF);
	world_free(w);
}

/* Every single datagram of the way up is lost once: it comes up all the same. */
static bool lose_nth(struct world *w, struct flight *f)
{
	unsigned *n = w->ctx;

	(void)f;
	return (*n)-- != 0;
}

static void test_each_message_lost(void **state)
{
	(void)state;
	for (unsigned nth = 0; nth < 4; nth++) {
		struct world *w = world_pair(7 + nth);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		unsigned left = nth;
		uint64_t up;

		w->filter = lose_nth;
		w->ctx = &left;
		up = world_command(west, CMD_UP, "net");
		world_run(w, 2 * NSEC_PER_SEC);
		assert_int_equal(w->dropped, 1);
		assert_int_equal(world_result(west, up), RC_SUCCESS);
		assert_planes_match(west, east, 1);
		assert_int_equal(count_sas(east, -1), 1);
		world_free(w);
	}
}

/* Down while it is coming up, at every point where the host computes. */
static void test_down_midway(void **state)
{
	static const uint8_t kinds[] = {ACT_KE_START,  ACT_KE_RESPOND, ACT_KE_FINISH,
					ACT_AUTH_MAKE, ACT_AUTH_CHECK, ACT_SA_INSTALL,
					ACT_POLICY_SET};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		for (int gone = 0; gone < 2; gone++) {
			struct world *w = world_pair(24);
			struct node *west = world_host(w, "west"),
				    *east = world_host(w, "east");
			uint64_t up, down;

			test_row(i, "answers to %u are held", kinds[i]);
			w->hold = 1u << kinds[i];
			up = world_command(west, CMD_UP, "net");
			world_settle(w);
			down = world_command(west, gone ? CMD_DELETE : CMD_DOWN, "net");
			assert_int_equal(world_result(west, up), RC_FATAL);
			world_settle(w);
			world_release(w);
			world_run(w, 70 * NSEC_PER_SEC);
			assert_int_equal(world_result(west, down), RC_COMMENT);
			assert_planes_match(west, east, 0);
			assert_int_equal(count_sas(west, -1) + count_sas(east, -1), 0);
			world_free(w);
		}
}

/*
 * The same at the other end: its connection goes while the peer's request is being worked
 * on.
 */
static void test_deleted_midway(void **state)
{
	static const uint8_t kinds[] = {ACT_KE_RESPOND, ACT_AUTH_MAKE, ACT_AUTH_CHECK,
					ACT_SA_INSTALL, ACT_POLICY_SET};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct world *w = world_pair(25);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "answers to %u are held", kinds[i]);
		w->hold = 1u << kinds[i];
		world_command(west, CMD_UP, "net");
		world_settle(w);
		world_command(east, CMD_DELETE, "net");
		world_release(w);
		world_command(west, CMD_DELETE, "net");
		world_run(w, 70 * NSEC_PER_SEC);
		assert_planes_match(west, east, 0);
		assert_int_equal(count_sas(west, -1) + count_sas(east, -1), 0);
		world_free(w);
	}
}

static void test_replace(void **state)
{
	struct world *w = world_pair_up(20);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_COMMAND, .cause = 900};
	struct connection *c;

	(void)state;
	ev.command.kind = CMD_REPLACE;
	c = world_connection("net");
	assert_int_equal(connection_check(c, NULL), CYG_OK);
	ev.command.connection = c;
	world_event(west, &ev);
	world_settle(w);
	assert_int_equal(world_result(west, 900), RC_COMMENT);
	assert_planes_match(west, east, 1); /* identical: nothing happens */
	ev.cause = 901;
	c = world_connection("net");
	conn_set(c, "salifetime", "2h");
	assert_int_equal(connection_check(c, NULL), CYG_OK);
	ev.command.connection = c;
	world_event(west, &ev);
	world_settle(w);
	assert_int_equal(world_result(west, 901), RC_COMMENT);
	assert_planes_match(west, east, 0);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 0);
	world_free(w);
}

static void test_delete_forgets(void **state)
{
	struct world *w = world_pair_up(21);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	assert_int_equal(world_result(west, world_command(west, CMD_DELETE, "net")),
			 RC_COMMENT);
	world_settle(w);
	assert_planes_match(west, east, 0);
	assert_int_equal(west->plane.policies_len, 0);
	assert_int_equal(west->plane.routes_len, 0);
	assert_int_equal(policy_count(ike_policy(west->ike)), 0);
	world_run(w, 11 * NSEC_PER_SEC);
	assert_int_equal(count_sas(west, -1), 0);
	world_free(w);
}

static void test_shutdown(void **state)
{
	struct world *w = world_pair_up(22);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t stop = world_command(west, CMD_SHUTDOWN, NULL);

	(void)state;
	world_settle(w);
	assert_int_equal(world_result(west, stop), RC_COMMENT);
	assert_int_equal(count_sas(west, -1), 0);
	assert_planes_match(west, east, 0);
	world_free(w);
	w = world_pair_up(23);
	west = world_host(w, "west");
	w->filter = world_loses_all;
	stop = world_command(west, CMD_SHUTDOWN, NULL);
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(world_result(west, stop), -1);
	world_run(w, 2 * NSEC_PER_SEC);
	assert_int_equal(world_result(west, stop), RC_COMMENT);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures),       cmocka_unit_test(test_defaults_refused),
		cmocka_unit_test(test_no_answer),      cmocka_unit_test(test_obstacles),
		cmocka_unit_test(test_not_listening),  cmocka_unit_test(test_up),
		cmocka_unit_test(test_down),           cmocka_unit_test(test_each_message_lost),
		cmocka_unit_test(test_replace),        cmocka_unit_test(test_down_midway),
		cmocka_unit_test(test_deleted_midway), cmocka_unit_test(test_delete_forgets),
		cmocka_unit_test(test_shutdown),
	};

	return RUN_TESTS("ike/ike", tests);
}
