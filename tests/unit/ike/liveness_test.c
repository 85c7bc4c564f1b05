/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/tamper.h"
#include "wire/ikev2_numbers.h"

/*
 * Is the peer still there (RFC 7296 2.4)? With dpddelay, without it, and when packets say so.
 */

static struct world *dpd_pair(uint64_t seed, const char *action)
{
	struct world *w = world_new(seed, NULL);

	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		conn_set(c, "dpddelay", "10s");
		conn_set(c, "dpdtimeout", "30s");
		conn_set(c, "dpdaction", action);
		world_load(&w->hosts[i], c);
	}
	return w;
}

static void test_liveness(void **state)
{
	struct world *w = dpd_pair(76, "hold");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	unsigned sent;

	(void)state;
	world_up(world_host(w, "west"), "net");
	sent = west->sent + east->sent;
	world_run(w, 100 * NSEC_PER_SEC);
	assert_true(west->sent + east->sent > sent + 10);
	assert_planes_match(west, east, 1);
	w->filter = world_loses_all;
	world_run(w, 60 * NSEC_PER_SEC);
	/* West is meant to be up and tries again; east has let go. */
	assert_int_equal(east->plane.sas_len, 0);
	assert_int_equal(west->plane.sas_len, 0);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 0);
	assert_logged(east, "no answer at all");
	w->filter = NULL;
	world_run(w, 100 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	world_free(w);
}

static bool lose_auth_answers(struct world *w, struct flight *f)
{
	return f->from != world_host(w, "east") || f->data.ptr[18] != X_IKE_AUTH;
}

/*
 * docs/attacks.md P11: who began may never have heard that it is up. Without dpddelay
 * the responder asks once; one that lives says so, by a message or by packets.
 */
static void test_first_word(void **state)
{
	struct world *w = world_pair(761);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	unsigned sent;

	(void)state;
	w->filter = lose_auth_answers;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	w->filter = world_loses_all;
	world_run(w, 80 * NSEC_PER_SEC);
	assert_int_equal(count_sas(east, -1), 0);
	assert_int_equal(east->plane.sas_len, 0);
	assert_logged(east, "no answer at all");
	world_free(w);
	for (int uses = 0; uses < 2; uses++) {
		w = world_pair(762);
		east = world_host(w, "east");
		east->packets[SA_IN] = (uint64_t)uses;
		world_up(world_host(w, "west"), "net");
		sent = east->sent;
		world_run(w, 100 * NSEC_PER_SEC);
		assert_int_equal(east->sent, sent + (uses ? 0 : 1));
		assert_planes_match(world_host(w, "west"), east, 1);
		world_free(w);
	}
}

/*
 * RFC 7296 2.4: packets that only leave are reason to ask, whatever dpddelay says. Nobody is
 * asked about a tunnel that is idle, or that has packets from both ends.
 */
static void test_one_sided(void **state)
{
	static const struct {
		bool in, out, asks;
	} cases[] = {{false, false, false},
		     {true, true, false},
		     {true, false, false},
		     {false, true, true}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = world_pair(763);
		struct node *west = world_host(w, "west");
		unsigned sent;

		world_up(world_host(w, "west"), "net");
		world_run(w, 20 * NSEC_PER_SEC);
		sent = west->sent;
		for (unsigned k = 0; k < 30; k++) {
			west->packets[SA_IN] += cases[i].in;
			west->packets[SA_OUT] += cases[i].out;
			world_run(w, 10 * NSEC_PER_SEC);
		}
		/* About every half minute, not at every packet. */
		if (cases[i].asks)
			assert_in_range(west->sent - sent, 6, 10);
		else
			assert_int_equal(west->sent, sent);
		assert_planes_match(west, world_host(w, "east"), 1);
		world_free(w);
	}
}

/* The peer has lost all: what was wanted is given up and tried again, soon after packets leave. */
static void test_black_hole(void **state)
{
	struct world *w = world_pair(764);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_up(world_host(w, "west"), "net");
	/* Idle for long: the looks are far apart by then, and still not too far. */
	world_run(w, 1000 * NSEC_PER_SEC);
	w->filter = world_loses_all;
	world_run(w, 500 * NSEC_PER_SEC);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	for (unsigned k = 0; k < 20; k++) {
		west->packets[SA_OUT]++;
		east->packets[SA_OUT]++;
		world_run(w, 10 * NSEC_PER_SEC);
	}
	assert_logged(west, "no answer at all");
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 0);
	assert_int_equal(east->plane.sas_len, 0);
	w->filter = NULL;
	world_run(w, 300 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* ESP that comes says enough: no liveness check is sent. */
static void test_esp_is_life(void **state)
{
	struct world *w = dpd_pair(99, "hold");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	unsigned sent;

	(void)state;
	world_up(world_host(w, "west"), "net");
	west->in_use = east->in_use = true;
	sent = west->sent + east->sent;
	world_run(w, 100 * NSEC_PER_SEC);
	assert_int_equal(west->sent + east->sent, sent);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_liveness),    cmocka_unit_test(test_first_word),
		cmocka_unit_test(test_one_sided),   cmocka_unit_test(test_black_hole),
		cmocka_unit_test(test_esp_is_life),
	};

	return cmocka_run_group_tests_name("ike/liveness", tests, NULL, NULL);
}
