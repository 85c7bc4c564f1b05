/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/tamper.h"
#include "wire/ikev2_numbers.h"

#include <stdlib.h>
#include <string.h>

/*
 * EAP in IKE_AUTH (RFC 7296 2.16): west is the client, east the server, which proves itself by
 * the shared secret.
 */
static struct connection *by_eap(void)
{
	struct connection *c = world_connection("net");

	conn_set(c, "leftauth", "eap-mschapv2");
	conn_set(c, "rightauth", "secret");
	return c;
}

/* Each end has its connection and a password for @west; NULL: none. */
static struct world *between(struct connection *client, struct connection *server,
			     const char *theirs, const char *ours)
{
	struct world *w = world_new(7, NULL);

	world_load(world_host(w, "west"), client);
	world_load(world_host(w, "east"), server);
	world_password(world_host(w, "west"), "@west", theirs);
	world_password(world_host(w, "east"), "@west", ours);
	return w;
}

static int bring_up(struct world *w, const char *host)
{
	struct node *h = world_host(w, host);
	uint64_t up = world_command(h, CMD_UP, "net");

	world_settle(w);
	return world_result(h, up);
}

static void nothing_stands(struct world *w)
{
	assert_int_equal(count_sas(world_host(w, "west"), IKE_ESTABLISHED), 0);
	assert_int_equal(count_sas(world_host(w, "east"), IKE_ESTABLISHED), 0);
	assert_int_equal(count_children(world_host(w, "west")), 0);
	assert_int_equal(count_children(world_host(w, "east")), 0);
}

static void a_password_brings_it_up(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	assert_logged(world_host(w, "east"), "eap-mschapv2 stands on DES and MD4");
	world_free(w);
}

/* Whoever has a password may write any domain before its name, and is the same for it. */
static void a_domain_is_no_part_of_who_the_peer_is(void **state)
{
	struct connection *client = by_eap(), *server = by_eap();
	struct world *w;

	(void)state;
	conn_set(client, "eap_identity", "admin@corp\\west");
	conn_set(server, "leftid", "%any");
	conn_set(server, "eap_identity", "%any");
	w = between(client, server, "xylophone", "xylophone");
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(world_host(w, "east"), "established with @west at");
	world_free(w);
}

static void a_wrong_password_is_told_at_both_ends(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", "glockenspiel");

	(void)state;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	nothing_stands(w);
	assert_logged(world_host(w, "west"), "the name or the password is wrong");
	assert_logged(world_host(w, "west"), "test:7");
	assert_logged(world_host(w, "east"), "another password than ours for west");
	assert_not_logged(world_host(w, "west"), "xylophone");
	assert_not_logged(world_host(w, "east"), "glockenspiel");
	world_free(w);
}

/* It would be refused again, and have the account locked: only a person begins anew. */
static void a_wrong_password_is_not_tried_again(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", "glockenspiel");
	struct node *west = world_host(w, "west");

	(void)state;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(west, "not tried again by itself");
	assert_not_logged(west, "the next one begins in");
	world_run(w, 3600 * NSEC_PER_SEC);
	assert_int_equal(ike_counts(west->ike).auth_failures, 1);
	assert_int_equal(ike_tally(west->ike)->failed, 1);
	assert_int_equal(ike_tally(world_host(w, "east")->ike)->failed, 1);
	world_password(west, "@west", "glockenspiel");
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	world_free(w);
}

static void an_unknown_name_looks_the_same_to_the_client(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", NULL);

	(void)state;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	nothing_stands(w);
	assert_logged(world_host(w, "west"), "the name or the password is wrong");
	assert_logged(world_host(w, "east"), "no password of west is known here");
	world_free(w);
}

/* IKE_AUTH requests of west behind the first one: what it tells in EAP. */
static bool count_told(struct world *w, struct flight *f)
{
	unsigned *told = w->ctx;

	*told += f->from == world_host(w, "west") && f->data.ptr[18] == X_IKE_AUTH &&
		 f->data.ptr[23] > 1;
	return true;
}

/* Not even a name is told to a server that has not proven itself (CVE-2015-4171). */
static void an_unproven_server_is_told_nothing(void **state)
{
	static const char *const secrets[] = {"not the one of them all",
					      "a secret for all of them"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(secrets); i++) {
		struct world *w = between(by_eap(), by_eap(), "xylophone", NULL);
		unsigned told = 0;

		test_row(i, "%s", secrets[i]);
		world_psk(world_host(w, "east"), secrets[i]);
		w->filter = count_told;
		w->ctx = &told;
		assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
		assert_int_equal(told != 0, i == 1);
		nothing_stands(w);
		world_free(w);
	}
}

static void take_out(struct letter *l, uint8_t type)
{
	int at = letter_find(l, type);

	assert_true(at >= 0);
	bytes_done(&l->payloads[at].body);
	l->payloads[at] = l->payloads[--l->len];
}

/* East's first answer of IKE_AUTH, without AUTH, or with EAP in the place of a child. */
static bool twist_answer(struct world *w, struct flight *f)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	bool eap = *(bool *)w->ctx;
	struct ike_header h;
	struct letter l;

	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	if (f->from != east || h.exchange != X_IKE_AUTH || !h.response || h.msgid != 1)
		return true;
	l = letter_of(east, view_bytes(&f->data));
	take_out(&l, eap ? PAYLOAD_SA : PAYLOAD_AUTH);
	if (eap) {
		take_out(&l, PAYLOAD_TSI);
		take_out(&l, PAYLOAD_TSR);
		l.payloads[l.len].type = PAYLOAD_EAP;
		l.payloads[l.len].body = (struct bytes){0};
		/* EAP-Request/Identity */
		assert_true(bytes_copy(&l.payloads[l.len++].body, test_hex("0107000501")));
	}
	send_letter(west, newest_sa(east), &l, h.msgid);
	letter_done(&l);
	return false;
}

/* Who begins EAP has proven itself, unless the connection lets EAP alone do (RFC 5998 3). */
static void a_server_without_its_proof_is_refused(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", "xylophone");
	bool eap = false;

	(void)state;
	w->filter = twist_answer;
	w->ctx = &eap;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(world_host(w, "west"), "begins EAP without having proven who it is");
	assert_int_equal(count_sas(world_host(w, "west"), IKE_ESTABLISHED), 0);
	assert_int_equal(count_children(world_host(w, "west")), 0);
	world_free(w);
}

static void eap_beside_our_proof_is_refused(void **state)
{
	struct world *w = between(world_connection("net"), world_connection("net"), "xylophone",
				  NULL);
	bool eap = true;

	(void)state;
	w->filter = twist_answer;
	w->ctx = &eap;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(world_host(w, "west"), "asks for EAP, though our AUTH payload was there");
	assert_int_equal(count_sas(world_host(w, "west"), IKE_ESTABLISHED), 0);
	assert_int_equal(count_children(world_host(w, "west")), 0);
	world_free(w);
}

static void a_client_without_password_does_not_begin(void **state)
{
	struct world *w = between(by_eap(), by_eap(), NULL, "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "west"), RC_NOKEY);
	nothing_stands(w);
	assert_not_logged(world_host(w, "east"), "EAP");
	world_free(w);
}

/* West takes its time for each step, and is never so late that the step alone would end it. */
static bool drag(struct world *w, struct flight *f)
{
	w->hold = f->from == world_host(w, "east") ? 1u << ACT_EAP : 0;
	return true;
}

/* A stranger holds a half-open SA for one span, however many steps he makes of it. */
static void there_is_one_deadline_for_all_of_eap(void **state)
{
	struct connection *client = by_eap(), *server = by_eap();
	struct node *east;
	struct world *w;
	nsec span = 0;

	(void)state;
	conn_set(client, "eap_identity", "west");
	conn_set(server, "eap_identity", "west");
	w = between(client, server, "xylophone", "xylophone");
	east = world_host(w, "east");
	w->filter = drag;
	world_command(world_host(w, "west"), CMD_UP, "net");
	world_settle(w);
	for (; span < 100 * NSEC_PER_SEC; span += 25 * NSEC_PER_SEC) {
		assert_int_equal(count_sas(east, -1), 1);
		world_run(w, 25 * NSEC_PER_SEC);
		world_release(w);
		world_settle(w);
	}
	world_run(w, 19 * NSEC_PER_SEC);
	assert_int_equal(count_sas(east, -1), 1);
	world_run(w, 2 * NSEC_PER_SEC);
	assert_int_equal(count_sas(east, -1), 0);
	world_release(w);
	world_settle(w);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 0);
	world_free(w);
}

static void the_server_can_not_begin(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "east"), RC_WILDCARD);
	assert_logged(world_host(w, "east"), "it must begin");
	nothing_stands(w);
	world_free(w);
}

static void who_is_not_to_use_eap_is_refused(void **state)
{
	struct world *w = between(by_eap(), world_connection("net"), "xylophone", "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "west"), RC_NOTIFICATION + 24);
	nothing_stands(w);
	assert_logged(world_host(w, "east"), "asks to be authenticated by EAP");
	world_free(w);
}

static void who_is_to_use_eap_can_not_do_without(void **state)
{
	struct world *w = between(world_connection("net"), by_eap(), "xylophone", "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "west"), RC_NOTIFICATION + 24);
	nothing_stands(w);
	assert_logged(world_host(w, "east"), "the connections for it want EAP");
	world_free(w);
}

static void methods_that_do_not_meet_are_named(void **state)
{
	struct connection *c = by_eap();
	struct world *w;

	(void)state;
	conn_set(c, "leftauth", "eap-tls");
	w = between(by_eap(), c, "xylophone", "xylophone");
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	nothing_stands(w);
	world_free(w);
}

/* ---- identities ---- */

static struct connection *for_anyone(const char *eap_identity)
{
	struct connection *c = by_eap();

	conn_set(c, "leftid", "%any");
	conn_set(c, "left", "%any");
	conn_set(c, "eap_identity", eap_identity);
	return c;
}

static struct connection *calling_itself(const char *name)
{
	struct connection *c = by_eap();

	conn_set(c, "leftid", "@another");
	conn_set(c, "eap_identity", name);
	return c;
}

/* Who is proven is the one of EAP, whatever IKE was told (docs/attacks.md P24). */
static void the_proven_name_counts(void **state)
{
	struct world *w = between(calling_itself("west"), for_anyone("%any"), "xylophone",
				  "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(world_host(w, "east"), "IKE SA established with @west");
	assert_not_logged(world_host(w, "east"), "established with @another");
	world_free(w);
}

static void another_name_than_the_connections_is_refused(void **state)
{
	struct world *w = between(calling_itself("west"), for_anyone("alice"), "xylophone",
				  "xylophone");

	(void)state;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(world_host(w, "east"), "another name in EAP than the connection allows");
	nothing_stands(w);
	world_free(w);
}

static void nobody_takes_the_place_of_a_named_peer(void **state)
{
	struct connection *c = by_eap();
	struct world *w;

	(void)state;
	conn_set(c, "leftid", "@another");
	conn_set(c, "eap_identity", "%any");
	w = between(calling_itself("west"), c, "xylophone", "xylophone");
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(world_host(w, "east"), "proved by EAP to be somebody else");
	nothing_stands(w);
	world_free(w);
}

static void a_connection_may_name_both(void **state)
{
	struct connection *c = by_eap();
	struct world *w;

	(void)state;
	conn_set(c, "leftid", "@another");
	conn_set(c, "eap_identity", "west");
	w = between(calling_itself("west"), c, "xylophone", "xylophone");
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_logged(world_host(w, "east"), "IKE SA established with @another");
	world_free(w);
}

/* ---- two proofs (RFC 4739) ---- */

static struct connection *twice(void)
{
	struct connection *c = world_connection("net");

	conn_set(c, "leftauth2", "eap-mschapv2");
	return c;
}

static void two_proofs_bring_it_up(void **state)
{
	struct world *w = between(twice(), twice(), "xylophone", "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "west"), RC_SUCCESS);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	assert_logged(world_host(w, "east"), "IKE SA established with @west");
	world_free(w);
}

static void the_second_proof_counts_as_well(void **state)
{
	struct world *w = between(twice(), twice(), "xylophone", "glockenspiel");

	(void)state;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	nothing_stands(w);
	assert_logged(world_host(w, "west"), "the name or the password is wrong");
	world_free(w);
}

static void one_proof_of_two_is_none(void **state)
{
	struct world *w = between(world_connection("net"), twice(), "xylophone", "xylophone");

	(void)state;
	assert_int_not_equal(bring_up(w, "west"), RC_SUCCESS);
	nothing_stands(w);
	assert_logged(world_host(w, "east"), "the connection wants it twice");
	world_free(w);
}

static void two_proofs_are_not_shown_to_who_takes_one(void **state)
{
	struct world *w = between(twice(), world_connection("net"), "xylophone", "xylophone");

	(void)state;
	assert_int_equal(bring_up(w, "west"), RC_NOKEY);
	nothing_stands(w);
	assert_logged(world_host(w, "west"), "the peer takes one proof only");
	world_free(w);
}

/* ---- the wire ---- */

static bool lose_some(struct world *w, struct flight *f)
{
	unsigned *n = w->ctx;

	return f->data.ptr[18] != X_IKE_AUTH || ++*n % 3 != 0;
}

static void lost_rounds_come_again(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", "xylophone");
	unsigned n = 0;
	uint64_t up;

	(void)state;
	w->filter = lose_some;
	w->ctx = &n;
	up = world_command(world_host(w, "west"), CMD_UP, "net");
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(world_result(world_host(w, "west"), up), RC_SUCCESS);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	world_free(w);
}

static bool lose_third(struct world *w, struct flight *f)
{
	/* IKE_AUTH with message ID 3 and more: in the midst of EAP. */
	(void)w;
	return f->data.ptr[18] != X_IKE_AUTH || f->data.ptr[23] < 3;
}

/* A server forgets a client that does not go on, and a client gives up. */
static void silence_ends_it(void **state)
{
	struct world *w = between(by_eap(), by_eap(), "xylophone", "xylophone");
	uint64_t up;

	(void)state;
	w->filter = lose_third;
	up = world_command(world_host(w, "west"), CMD_UP, "net");
	world_run(w, 400 * NSEC_PER_SEC);
	assert_int_not_equal(world_result(world_host(w, "west"), up), RC_SUCCESS);
	assert_int_equal(count_sas(world_host(w, "east"), -1), 0);
	world_free(w);
}

/* The connection goes, or the other end closes, while trust works at a step. */
static void what_is_deleted_meanwhile_comes_to_nothing(void **state)
{
	static const char *const who[] = {"west", "east"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = between(by_eap(), by_eap(), "xylophone", "xylophone");

		w->hold = 1u << ACT_EAP;
		world_command(world_host(w, "west"), CMD_UP, "net");
		world_settle(w);
		for (size_t rounds = 0; rounds < i * 3; rounds++) {
			world_release(w);
			world_settle(w);
		}
		world_command(world_host(w, who[i]), CMD_DELETE, "net");
		w->hold = 0;
		world_release(w);
		world_run(w, 400 * NSEC_PER_SEC);
		nothing_stands(w);
		world_free(w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_password_is_told_at_both_ends),
		cmocka_unit_test(a_wrong_password_is_not_tried_again),
		cmocka_unit_test(an_unknown_name_looks_the_same_to_the_client),
		cmocka_unit_test(an_unproven_server_is_told_nothing),
		cmocka_unit_test(a_server_without_its_proof_is_refused),
		cmocka_unit_test(eap_beside_our_proof_is_refused),
		cmocka_unit_test(a_client_without_password_does_not_begin),
		cmocka_unit_test(there_is_one_deadline_for_all_of_eap),
		cmocka_unit_test(the_server_can_not_begin),
		cmocka_unit_test(who_is_not_to_use_eap_is_refused),
		cmocka_unit_test(who_is_to_use_eap_can_not_do_without),
		cmocka_unit_test(methods_that_do_not_meet_are_named),
		cmocka_unit_test(another_name_than_the_connections_is_refused),
		cmocka_unit_test(nobody_takes_the_place_of_a_named_peer),
		cmocka_unit_test(what_is_deleted_meanwhile_comes_to_nothing),
		cmocka_unit_test(silence_ends_it),
		cmocka_unit_test(the_second_proof_counts_as_well),
		cmocka_unit_test(one_proof_of_two_is_none),
		cmocka_unit_test(two_proofs_are_not_shown_to_who_takes_one),
		cmocka_unit_test(two_proofs_bring_it_up),
		cmocka_unit_test(a_password_brings_it_up),
		cmocka_unit_test(a_domain_is_no_part_of_who_the_peer_is),
		cmocka_unit_test(the_proven_name_counts),
		cmocka_unit_test(a_connection_may_name_both),
		cmocka_unit_test(lost_rounds_come_again),
	};

	return RUN_TESTS("ike/eap", tests);
}
