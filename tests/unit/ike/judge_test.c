/* SPDX-License-Identifier: Apache-2.0 */
/* A child of a connection that asks for another proof: what the peer was believed by is held against it. */
#include "ike/judge.h"
#include "ike/sa.h"
#include "tests/unit/ike/world.h"
#include "wire/ikev2_numbers.h"

#include <stdio.h>
#include <string.h>

#define PROOF 7  /* of the IKE SA */
#define GROUPS 8 /* as a member of groups */

static struct {
	unsigned asked;
	bool valid;
	uint64_t proof;
	char connection[20];
} trust;

static void judge(struct node *h, const struct auth_request *r, struct answer *ret)
{
	static struct diag why;

	(void)h;
	assert_int_equal(r->proven, PROOF);
	assert_int_equal(r->way, AUTH_ECDSA_SHA2_256);
	assert_int_equal(r->data.len, 0);
	trust.asked++;
	snprintf(trust.connection, sizeof(trust.connection), "%s", r->connection->name);
	ret->auth.valid = trust.valid;
	ret->auth.proof = trust.proof;
	diag_set(&why, "not-in-group", NULL, "it is in no group");
	ret->why = trust.valid ? NULL : &why;
}

static struct connection *more(const char *words)
{
	struct connection *c = world_connection("more");

	conn_set(c, "leftsubnet", "10.0.11.0/24");
	conn_set_words(c, words);
	return c;
}

/* "net" is up, and west was believed at east by a certificate; "more" is alike at west. */
static struct world *begin(uint64_t seed, const char *words)
{
	struct world *w = world_pair_up(seed);
	struct node *east = world_host(w, "east");
	struct ike_sa *sa, *next;

	world_load(world_host(w, "west"), more(""));
	world_load(east, more(words));
	HASH_ITER(hh, east->ike->by_spi, sa, next) {
		sa->proofs[0] = PROOF;
		sa->peer_way = AUTH_ECDSA_SHA2_256;
	}
	memset(&trust, 0, sizeof(trust));
	trust.valid = true;
	trust.proof = PROOF;
	w->judge = judge;
	return w;
}

static struct ike_sa *sa_of(struct world *w)
{
	return world_host(w, "east")->ike->by_spi;
}

/* West asks by the IKE SA that stands. True: it has the child by that one. */
static bool has_child(struct world *w)
{
	struct node *west = world_host(w, "west");

	world_command(west, CMD_UP, "more");
	world_settle(w);
	return !strstr(text_str(&west->log), "negotiating an IKE SA of its own") &&
	       count_children(west) == 2;
}

static void by_what_was_proven(void **state)
{
	static const char *const words[] = {"leftca=C=CH", "leftcert=west.pem",
					    "leftauth=ecdsa", "authby=pubkey rightauth=secret"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct world *w = begin(800 + i, words[i]);

		test_row(i, "%s", words[i]);
		assert_true(has_child(w));
		assert_int_equal(trust.asked, 1);
		assert_string_equal(trust.connection, "more");
		assert_int_equal(sa_of(w)->proofs[1], 0);
		assert_planes_match(world_host(w, "west"), world_host(w, "east"), 2);
		world_free(w);
	}
}

/* Nobody is asked: an IKE_AUTH of its own would settle more than the peer's certificate. */
static void what_else_differs_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"ppk=insist", "wanted ppk= of conn more"},
		{"leftauth2=eap-mschapv2", "wanted leftauth2= of conn more"},
		{"rightca=C=CH", "wanted rightca= of conn more"},
		{"rightcert=east.pem", "wanted rightcert= of conn more"},
		{"rightauth=ecdsa", "wanted rightauth= of conn more"},
		{"leftsigkey=%dnsondemand", "wanted leftsigkey= of conn more"},
		{"rsa-min-bits=4096", "wanted rsa-min-bits= of conn more"},
		{"leftca=C=CH ike=aes256-sha2_512-modp4096", "wanted ike= of conn more"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = begin(810 + i, rows[i][0]);

		test_row(i, "%s", rows[i][0]);
		assert_false(has_child(w));
		assert_int_equal(trust.asked, 0);
		assert_logged(world_host(w, "east"), "conn more has these networks");
		assert_logged(world_host(w, "east"), rows[i][1]);
		world_free(w);
	}
}

/* Proven by a secret, by nothing, by EAP: there is nothing to be held against it. */
static void without_a_certificate_none(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct world *w = begin(820, "leftca=C=CH");

		if (i)
			sa_of(w)->peer_way = 0;
		else
			sa_of(w)->proofs[0] = 0;
		assert_false(has_child(w));
		assert_int_equal(trust.asked, 0);
		assert_logged(world_host(w, "east"), "wanted leftca= of conn more");
		world_free(w);
	}
	(void)state;
}

static void trust_says_no(void **state)
{
	struct world *w = begin(830, "leftgroups=sales");

	(void)state;
	trust.valid = false;
	assert_false(has_child(w));
	assert_int_equal(trust.asked, 1);
	assert_logged(world_host(w, "east"), "conn more has these networks: it is in no group");
	assert_not_logged(world_host(w, "east"), "selectors do not meet");
	world_free(w);
}

/* What lets a member in is watched, and once it has gone the IKE SA goes. */
static void members_are_watched(void **state)
{
	struct world *w = begin(831, "leftgroups=sales");
	struct event ev = {.kind = EV_UNTRUSTED, .untrusted = {GROUPS, &(struct diag){0}}};

	(void)state;
	trust.proof = GROUPS;
	assert_true(has_child(w));
	assert_int_equal(sa_of(w)->proofs[1], GROUPS);
	world_event(world_host(w, "east"), &ev);
	world_settle(w);
	assert_int_equal(world_host(w, "east")->plane.sas_len, 0);
	world_free(w);
}

/* And so none that can't be watched is let in. */
static void members_that_are_not_watched_are_not_let_in(void **state)
{
	static const uint64_t proofs[][2] = {{9, GROUPS}, {0, 0}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = begin(832, "leftgroups=sales");

		sa_of(w)->proofs[1] = proofs[i][0];
		trust.proof = proofs[i][1];
		assert_false(has_child(w));
		assert_int_equal(trust.asked, 1);
		world_free(w);
	}
}

/* The IKE SA that follows has all that this one stands by. */
static void its_successor_is_watched(void **state)
{
	struct world *w = begin(833, "leftgroups=sales");
	struct node *east = world_host(w, "east");
	struct ike_sa *sa, *next;

	(void)state;
	trust.proof = GROUPS;
	assert_true(has_child(w));
	world_command(east, CMD_REKEY_IKE, "net");
	world_settle(w);
	HASH_ITER(hh, east->ike->by_spi, sa, next)
		if (sa->state == SA_UP) {
			assert_true(sa->predecessor);
			assert_int_equal(sa->proofs[0], PROOF);
			assert_int_equal(sa->proofs[1], GROUPS);
			assert_int_equal(sa->peer_way, AUTH_ECDSA_SHA2_256);
		}
	world_free(w);
}

/* Much may happen before trust answers. */
static void meanwhile(void **state)
{
	static const enum command_kind kinds[] = {CMD_DELETE, CMD_DOWN, CMD_DELETE_IKE};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct world *w = begin(840 + i, "leftca=C=CH");
		struct node *east = world_host(w, "east");

		test_row(i, "command %d", kinds[i]);
		w->hold = 1U << ACT_AUTH_CHECK;
		world_command(world_host(w, "west"), CMD_UP, "more");
		world_settle(w);
		assert_int_equal(trust.asked, 1);
		world_command(east, kinds[i], i ? "net" : "more");
		world_settle(w);
		w->hold = 0;
		world_release(w);
		world_settle(w);
		assert_true(count_children(east) <= 2);
		world_free(w);
	}
}

/* One that was replaced while trust looked at it is another one. */
static void a_new_version_is_judged_anew(void **state)
{
	struct world *w = begin(850, "leftca=C=CH");
	struct node *east = world_host(w, "east");
	struct event ev = {.kind = EV_COMMAND, .cause = 9000};

	(void)state;
	w->hold = 1U << ACT_AUTH_CHECK;
	world_command(world_host(w, "west"), CMD_UP, "more");
	world_settle(w);
	ev.command = (struct command){.kind = CMD_REPLACE, .name = "more"};
	ev.command.connection = more("leftca=C=DE");
	world_event(east, &ev);
	world_release(w);
	world_settle(w);
	assert_int_equal(trust.asked, 2);
	w->hold = 0;
	world_release(w);
	world_settle(w);
	assert_int_equal(count_children(east), 2);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_what_was_proven),
		cmocka_unit_test(what_else_differs_is_refused),
		cmocka_unit_test(without_a_certificate_none),
		cmocka_unit_test(trust_says_no),
		cmocka_unit_test(members_are_watched),
		cmocka_unit_test(members_that_are_not_watched_are_not_let_in),
		cmocka_unit_test(its_successor_is_watched),
		cmocka_unit_test(meanwhile),
		cmocka_unit_test(a_new_version_is_judged_anew),
	};

	return RUN_TESTS("ike/judge", tests);
}
