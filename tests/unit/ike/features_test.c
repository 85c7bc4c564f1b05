/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/alg.h"
#include "tests/unit/ike/world.h"
#include "wire/ikev2_numbers.h"

#include <string.h>

/*
 * Road warriors, several children, groups, names that resolve: what a tunnel meets in its
 * life.
 */

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
	world_up(world_host(w, "west"), "road");
	world_up(world_host(w, "north"), "road");
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

/* West falls over, and starts again with its connection. */
static void start_again(struct world *w, const char *initial_contact)
{
	struct ike_settings s = ike_settings_default();
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_HOST};
	struct host_address a = {.addr = west->addr};
	struct connection *c;

	ike_free(west->ike);
	plane_done(&west->plane);
	west->plane.policies_len = west->plane.routes_len = 0;
	west->ike = ike_new(&s, w->crypto, &west->entropy);
	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(west, &ev);
	world_command(west, CMD_LISTEN, NULL);
	c = world_connection("road");
	c->end[0].subnets_len = 0;
	conn_set(c, "initial-contact", initial_contact);
	world_load(west, c);
	world_up(world_host(w, "west"), "road");
}

/* The same identity begins anew: INITIAL_CONTACT drops what stood (RFC 7296 2.4). */
static void test_initial_contact(void **state)
{
	struct world *w = road_world(78);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_up(world_host(w, "west"), "road");
	start_again(w, "yes");
	assert_logged(east, "began anew");
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* Who never says that it began anew, and never goes, fills no memory. */
static void test_sas_of_one_peer_are_bounded(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *east;
	struct connection *c;

	(void)state;
	assert_int_equal(s.peer_sas_max, 1024);
	s.peer_sas_max = 3;
	w = world_new(102, &s);
	east = world_host(w, "east");
	c = world_connection("road");
	conn_set(c, "left", "%any");
	c->end[0].subnets_len = 0;
	world_load(east, c);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(count_sas(east, IKE_ESTABLISHED), i < 3 ? i : 3);
		start_again(w, "no");
	}
	assert_logged(east,
		      "as it may with uniqueids=yes: its older IKE SA #1 is closed");
	assert_int_equal(count_sas(world_host(w, "west"), IKE_ESTABLISHED), 1);
	world_free(w);
}

/* What the peer takes down was no try of this host's, which only answered. */
static void what_the_peer_takes_down_is_no_failed_try(void **state)
{
	struct world *w = world_pair_up(101);
	const struct loaded *l = policy_find(ike_policy(world_host(w, "east")->ike), "net");

	(void)state;
	world_command(world_host(w, "west"), CMD_DOWN, "net");
	world_settle(w);
	assert_int_equal(count_children(world_host(w, "east")), 0);
	assert_int_equal(l->tries, 0);
	assert_int_equal(l->retry_at, NSEC_NEVER);
	world_free(w);
}

/*
 * One identity, two places: the older one is closed, unless uniqueids=no; and what says that it
 * began anew counts unless uniqueids=never.
 */
static void unique(const char *word, const char *contact, size_t stand)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *east;

	s.unique_ids = !strcmp(word, "yes");
	s.contact_ignored = !strcmp(word, "never");
	w = world_new(100, &s);
	east = world_host(w, "east");
	for (int i = 0; i < 3; i++) {
		struct connection *c = world_connection("road");

		conn_set(c, "left", i == 0 ? "%any" : i == 1 ? "192.0.2.1" : "192.0.2.3");
		conn_set(c, "leftid", i == 0 ? "%any" : "@roamer");
		conn_set(c, "initial-contact", contact);
		c->end[0].subnets_len = 0;
		world_load(world_host(w, i == 0 ? "east" : i == 1 ? "west" : "north"), c);
	}
	world_up(world_host(w, "west"), "road");
	world_up(world_host(w, "north"), "road");
	assert_int_equal(count_children(east), stand);
	assert_int_equal(count_children(world_host(w, "north")), 1);
	world_free(w);
}

static void test_unique(void **state)
{
	(void)state;
	unique("yes", "no", 1);
	unique("no", "no", 2);
	unique("no", "yes", 1);
	unique("never", "yes", 2);
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
	w->filter = world_loses_all;
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
	world_load_more(w);
	/* One IKE SA serves both. */
	world_up(world_host(w, "east"), "more");
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
	struct world *w = world_pair_with(80, NULL,
					  "leftsubnet={10.0.1.0/24,10.0.3.0/24,10.0.5.0/24}",
					  "leftsubnet={10.0.3.0/24,10.0.1.0/25}");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	char text[200];

	(void)state;
	world_up(world_host(w, "west"), "net");
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
	uint64_t cause;

	(void)state;
	s.children_max = 1;
	w = world_pair_with(81, &s, "", "");
	west = world_host(w, "west");
	east = world_host(w, "east");
	world_up(world_host(w, "west"), "net");
	world_load_more(w);
	/* Of one IKE SA: what it refuses has another one. */
	cause = world_command(west, CMD_UP, "more");
	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_SUCCESS);
	assert_logged(west, "refuses it with NO_ADDITIONAL_SAS by IKE SA #1");
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 2);
	assert_planes_match(west, east, 2);
	text_clear(&west->log);
	/* A rekey is no more children. */
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_not_logged(west, "NO_ADDITIONAL_SAS");
	assert_planes_match(west, east, 2);
	world_free(w);
}

/* ---- groups, plane ---- */

static void test_groups(void **state)
{
	static const char *const values[][2] = {
		/* The first of west's is not the one that east takes. */
		{"ike=aes_gcm_c_256-sha2_256-x25519,aes_gcm_c_256-sha2_256-ecp_256",
		 "ike=aes_gcm_c_256-sha2_256-ecp_256"},
		{"ike=aes256-sha2_256-modp2048", "ike=aes256-sha2_256-modp2048"},
		{"ike=aes128-sha2_512-ecp_521", "ike=aes128-sha2_512-ecp_521"},
		{"ike=chacha20_poly1305-sha2_384-x448", "ike=chacha20_poly1305-sha2_384-x448"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct world *w = world_pair_with(85 + i, NULL, values[i][0], values[i][1]);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "%s", values[i][0]);
		world_up(world_host(w, "west"), "net");
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
	struct world *w = world_pair_with(90, NULL,
					  "esp=aes_gcm_c_256-x25519,aes_gcm_c_256-modp2048",
					  "esp=aes_gcm_c_256-modp2048");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_up(world_host(w, "west"), "net");
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_logged(west, "MODP2048");
	assert_planes_match(west, east, 1);
	world_free(w);
	w = world_pair_with(91, NULL, "pfs=no", "pfs=no");
	west = world_host(w, "west");
	world_up(world_host(w, "west"), "net");
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_planes_match(west, world_host(w, "east"), 1);
	assert_int_equal(west->plane.installs, 4);
	world_free(w);
	/*
	 * One end without key exchange, the other one insists: the rekey fails, the tunnel
	 * stands.
	 */
	w = world_pair_with(92, NULL, "pfs=no", "pfs=yes");
	west = world_host(w, "west");
	world_up(world_host(w, "west"), "net");
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
	world_up(world_host(w, "west"), "net");
	assert_planes_match(west, east, 1);
	world_free(w);
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
	struct world *w = world_pair_with(71, NULL, "", "");
	const struct ike_tally *west = ike_tally(world_host(w, "west")->ike);
	const struct ike_tally *east = ike_tally(world_host(w, "east")->ike);

	(void)state;
	world_up(world_host(w, "west"), "net");
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

	w = world_pair_with(72, NULL, "ike=aes128-sha256-ecp256", "ike=aes256-sha512-ecp384");
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
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_plane_refuses),
		cmocka_unit_test(test_road_warriors),
		cmocka_unit_test(test_initial_contact),
		cmocka_unit_test(test_sas_of_one_peer_are_bounded),
		cmocka_unit_test(test_second_connection),
		cmocka_unit_test(test_many_subnets),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_child_groups),
		cmocka_unit_test(test_address_yet_to_come),
		cmocka_unit_test(test_both_ends_are_here),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(what_the_peer_takes_down_is_no_failed_try),
		cmocka_unit_test(test_keying_tries),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_address_gone),
	};

	return RUN_TESTS("ike/features", tests);
}
