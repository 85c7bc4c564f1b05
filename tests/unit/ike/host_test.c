/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/tamper.h"

/*
 * What the host may get wrong: an object that the plane refuses, events about
 * what is no longer there, answers to what was never asked.
 */

/* At `name`, one of the objects of a new tunnel or of a rekey is refused: all or nothing. */
static bool refuse_one(const char *name, unsigned nth, bool rekey)
{
	struct world *w = world_pair(700 + nth);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct node *h = world_host(w, name);
	bool refused;

	if (rekey) {
		world_command(west, CMD_UP, "net");
		world_settle(w);
	}
	h->plane.refuse_nth = nth;
	world_command(west, rekey ? CMD_REKEY_CHILD : CMD_UP, "net");
	world_settle(w);
	refused = !h->plane.refuse_nth;
	h->plane.refuse_nth = 0;
	/* Of a rekey, the new child may linger to take what is on its way. */
	if (!rekey)
		assert_planes_match(west, east, refused ? 0 : 1);
	world_run(w, 120 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	world_command(west, CMD_DELETE, "net");
	world_command(east, CMD_DELETE, "net");
	world_run(w, 30 * NSEC_PER_SEC);
	assert_planes_match(west, east, 0);
	assert_int_equal(west->plane.policies_len + east->plane.policies_len, 0);
	assert_int_equal(west->plane.routes_len + east->plane.routes_len, 0);
	world_free(w);
	return refused;
}

static void test_half_installs(void **state)
{
	static const char *const hosts[] = {"west", "east"};

	(void)state;
	for (int rekey = 0; rekey < 2; rekey++)
		for (size_t i = 0; i < COUNT_OF(hosts); i++) {
			unsigned nth = 1;

			do {
				test_row(nth, "%s, %s", hosts[i], rekey ? "rekey" : "up");
			} while (refuse_one(hosts[i], nth, rekey) && nth++ < 10);
			/* Two SAs, and a policy when it is new. */
			assert_in_range(nth, rekey ? 3 : 4, 9);
		}
}

/* Events about SAs, policies and operations that are not there. */
static void test_strays(void **state)
{
	struct world *w = world_pair_up(710);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	static const uint32_t spis[] = {0, 1, 255, 0xc1020304, 0xffffffff};
	size_t octets = ike_counts(west->ike).octets;
	unsigned sent = west->sent;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(spis); i++) {
		struct event expire = {.kind = EV_EXPIRE}, moved = {.kind = EV_MOVED};
		struct event acquire = {.kind = EV_ACQUIRE}, answer = {.kind = EV_ANSWER};

		for (int dir = 0; dir < 2; dir++) {
			expire.sa.dir = moved.sa.dir = dir ? SA_IN : SA_OUT;
			expire.sa.spi = moved.sa.spi = spis[i];
			expire.sa.hard = i & 1;
			moved.sa.remote = (struct endpoint){east->addr, 4500};
			world_event(west, &expire);
			world_event(west, &moved);
		}
		acquire.acquire.policy_id = 1000 + spis[i] / 2;
		acquire.acquire.local = ts_of_addr(&west->addr);
		acquire.acquire.remote = ts_of_addr(&east->addr);
		world_event(west, &acquire);
		answer.answer.op = 1000000 + spis[i] / 2;
		world_event(west, &answer);
	}
	world_settle(w);
	assert_int_equal(ike_counts(west->ike).octets, octets);
	assert_int_equal(count_sas(west, -1), 1);
	assert_int_equal(west->sent, sent);
	assert_planes_match(west, east, 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_installs),
		cmocka_unit_test(test_strays),
	};

	return RUN_TESTS("ike/host", tests);
}
