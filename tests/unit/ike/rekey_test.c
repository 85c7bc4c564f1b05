/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <string.h>

/*
 * Rekeying of children and IKE SAs: from either end, from both at once, across
 * deletes, with answers late and in another order (RFC 7296 2.8, 2.25).
 */

/* Both ends hold one IKE SA and one child, with the same keys, and nothing is left over. */
static void assert_one_pair(struct world *w)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	assert_planes_match(west, east, 1);
	if (count_children(west) != 1 || count_sas(west, IKE_ESTABLISHED) != 1)
		print_error("west:\n%seast:\n%s", text_str(&west->log), text_str(&east->log));
	assert_int_equal(count_children(west), 1);
	assert_int_equal(count_children(east), 1);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	assert_int_equal(count_sas(west, IKE_REKEYED), 0);
	assert_int_equal(count_sas(east, IKE_REKEYED), 0);
}

static uint32_t spi_in_of(const struct node *h)
{
	struct child_info info;

	for (uint64_t at = 0; ike_child_next(h->ike, at, &info); at = info.serial)
		if (!strcmp(info.state, "CHILD_C1"))
			return info.spi_in;
	fail_msg("%s has no child", h->name);
	return 0;
}

static uint64_t spi_i_of(const struct node *h)
{
	struct ike_sa_info info;

	for (uint64_t at = 0; ike_sa_next(h->ike, at, &info); at = info.serial)
		if (info.phase == IKE_ESTABLISHED)
			return info.spi_initiator;
	fail_msg("%s has no IKE SA", h->name);
	return 0;
}

static void rekey_child_from(const char *name)
{
	struct world *w = world_pair_up(31);
	struct node *h = world_host(w, name);
	uint32_t before = spi_in_of(h);

	assert_int_equal(world_result(h, world_command(h, CMD_REKEY_CHILD, "net")), RC_COMMENT);
	world_settle(w);
	assert_one_pair(w);
	assert_int_not_equal(spi_in_of(h), before);
	assert_logged(h, "rekeyed");
	world_free(w);
}

/* Request and answer arrive, and what deletes the old child does not. */
static bool loses_the_delete(struct world *w, struct flight *f)
{
	unsigned *seen = w->ctx;

	(void)f;
	return ++*seen <= 2;
}

static void test_one_tunnel_is_counted_once(void **state)
{
	struct world *w = world_pair_up(31);
	unsigned seen = 0;

	(void)state;
	w->ctx = &seen;
	w->filter = loses_the_delete;
	world_command(world_host(w, "west"), CMD_REKEY_CHILD, "net");
	world_settle(w);
	for (int i = 0; i < 2; i++) {
		struct ike_counts n = ike_counts(w->hosts[i].ike);

		assert_int_equal(n.children, 2);
		assert_int_equal(n.tunnels, 1);
	}
	world_free(w);
}

static void test_child(void **state)
{
	(void)state;
	rekey_child_from("west");
	rekey_child_from("east");
}

static void rekey_ike_from(const char *name)
{
	struct world *w = world_pair_up(32);
	struct node *h = world_host(w, name);
	uint64_t before = spi_i_of(h);

	assert_int_equal(world_result(h, world_command(h, CMD_REKEY_IKE, "net")), RC_COMMENT);
	world_settle(w);
	world_run(w, 11 * NSEC_PER_SEC);
	assert_one_pair(w);
	assert_true(spi_i_of(h) != before);
	/* The new SA carries the child on. */
	world_command(h, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_one_pair(w);
	world_command(h, CMD_DOWN, "net");
	world_settle(w);
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 0);
	world_free(w);
}

static void test_ike(void **state)
{
	(void)state;
	rekey_ike_from("west");
	rekey_ike_from("east");
}

/* Both at once, for many seeds: the nonces decide differently each time. */
static void both_at_once(enum command_kind kind, uint64_t seed, uint32_t hold, bool last_first)
{
	struct world *w = world_pair_up(seed);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	w->hold = hold;
	w->answers_last_first = last_first;
	world_command(west, kind, "net");
	world_command(east, kind, "net");
	world_settle(w);
	world_release(w);
	world_run(w, 120 * NSEC_PER_SEC);
	assert_one_pair(w);
	assert_int_equal(count_sas(west, -1), 1);
	assert_int_equal(count_sas(east, -1), 1);
	world_free(w);
}

static const uint32_t holds[] = {
	0,
	1u << ACT_KE_START,
	1u << ACT_KE_RESPOND,
	1u << ACT_KE_FINISH,
	1u << ACT_SA_INSTALL,
	1u << ACT_POLICY_SET,
	1u << ACT_KE_FINISH | 1u << ACT_KE_RESPOND,
	1u << ACT_AUTH_MAKE,
	1u << ACT_AUTH_CHECK,
};

static void test_both_children(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed < 108; seed++)
		for (size_t i = 0; i < COUNT_OF(holds); i++) {
			test_row(i, "seed %u, hold 0x%x", (unsigned)seed, holds[i]);
			both_at_once(CMD_REKEY_CHILD, seed, holds[i], seed & 1);
		}
}

static void test_both_ikes(void **state)
{
	(void)state;
	for (uint64_t seed = 200; seed < 208; seed++)
		for (size_t i = 0; i < COUNT_OF(holds); i++) {
			test_row(i, "seed %u, hold 0x%x", (unsigned)seed, holds[i]);
			both_at_once(CMD_REKEY_IKE, seed, holds[i], seed & 1);
		}
}

/* Every pair of things done at once by the two ends, with every kind of answer held back. */
static void cross(enum command_kind here, enum command_kind there, uint64_t seed, uint32_t hold)
{
	struct world *w = world_pair_up(seed);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	bool down = here == CMD_DOWN || there == CMD_DOWN;

	world_command(west, CMD_UP,
		      "net"); /* a second one replaces the first, in the midst of it all */
	w->hold = hold;
	world_command(west, here, "net");
	world_command(east, there, "net");
	world_settle(w);
	world_release(w);
	world_run(w, 3 * NSEC_PER_SEC);
	if (!down) {
		world_run(w, 200 * NSEC_PER_SEC);
		/* Two that were begun at once from both ends may both stand. */
		if (there != CMD_UP)
			assert_one_pair(w);
	}
	world_command(west, CMD_DELETE, "net");
	world_command(east, CMD_DELETE, "net");
	world_run(w, 200 * NSEC_PER_SEC);
	assert_planes_match(west, east, 0);
	assert_int_equal(count_sas(west, -1), 0);
	assert_int_equal(count_sas(east, -1), 0);
	world_free(w);
}

static void test_crossing(void **state)
{
	static const enum command_kind kinds[] = {CMD_REKEY_CHILD, CMD_REKEY_IKE, CMD_DOWN,
						  CMD_UP};

	(void)state;
	for (size_t a = 0; a < COUNT_OF(kinds); a++)
		for (size_t b = 0; b < COUNT_OF(kinds); b++)
			for (size_t i = 0; i < COUNT_OF(holds); i++) {
				test_row(a * 100 + b * 10 + i, "%d with %d, hold 0x%x",
					 kinds[a], kinds[b], holds[i]);
				cross(kinds[a], kinds[b], 300 + a * 10 + b, holds[i]);
			}
}

/* A day of lifetimes: rekeys come by themselves, both ends stay alike. */
static void test_lifetimes(void **state)
{
	struct world *w = world_new(40, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct connection *c;

	(void)state;
	for (int i = 0; i < 2; i++) {
		c = world_connection("net");
		conn_set(c, "ikelifetime", "3h");
		conn_set(c, "salifetime", "1h");
		conn_set(c, "rekeymargin", "9m");
		world_load(i ? east : west, c);
	}
	world_command(west, CMD_UP, "net");
	world_settle(w);
	for (int hour = 0; hour < 24; hour++) {
		world_run(w, 3600 * NSEC_PER_SEC);
		assert_one_pair(w);
	}
	assert_logged(west, "rekeyed as");
	assert_not_logged(west, "lifetime");
	assert_not_logged(east, "lifetime");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_tunnel_is_counted_once),
		cmocka_unit_test(test_child),         cmocka_unit_test(test_ike),
		cmocka_unit_test(test_both_children), cmocka_unit_test(test_both_ikes),
		cmocka_unit_test(test_crossing),      cmocka_unit_test(test_lifetimes),
	};

	return RUN_TESTS("ike/rekey", tests);
}
