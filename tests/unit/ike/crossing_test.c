/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"
#include "wire/header.h"
#include "wire/ikev2_numbers.h"

#include <string.h>

/* Both ends bring the same connection up at once: one tunnel is left, and each end says which. */

struct both {
	struct world *w;
	struct node *west, *east;
	uint64_t up_west, up_east;
};

static struct both begin_both(uint64_t seed)
{
	struct both b = {.w = world_pair(seed)};

	b.west = world_host(b.w, "west");
	b.east = world_host(b.w, "east");
	b.up_west = world_command(b.west, CMD_UP, "net");
	b.up_east = world_command(b.east, CMD_UP, "net");
	return b;
}

static void assert_both_succeeded(const struct both *b)
{
	assert_int_equal(world_result(b->west, b->up_west), RC_SUCCESS);
	assert_int_equal(world_result(b->east, b->up_east), RC_SUCCESS);
}

static void assert_one_left(const struct both *b)
{
	assert_int_equal(count_sas(b->west, -1), 1);
	assert_int_equal(count_sas(b->east, -1), 1);
	assert_planes_match(b->west, b->east, 1);
}

static bool says(const struct node *h, const char *text)
{
	return strstr(text_str(&h->log), text);
}

/* The end whose tunnel is to go. */
static struct node *loser_of(const struct both *b)
{
	bool west = says(b->west, "begun by the peer, is the one that stays");

	assert_true(west != says(b->east, "begun by the peer, is the one that stays"));
	return west ? b->west : b->east;
}

static void test_both(void **state)
{
	unsigned west_loses = 0;

	(void)state;
	for (uint64_t seed = 400; seed < 416; seed++) {
		struct both b = begin_both(seed);

		world_settle(b.w);
		assert_both_succeeded(&b);
		assert_planes_match(b.west, b.east, 2);
		west_loses += loser_of(&b) == b.west;
		world_run(b.w, 20 * NSEC_PER_SEC);
		assert_one_left(&b);
		world_free(b.w);
	}
	/* Chance decides, not who is who. */
	assert_in_range(west_loses, 2, 14);
}

/* ---- one is first ---- */

static bool holds_init_of_east(struct world *w, struct flight *f)
{
	struct ike_header h;

	(void)w;
	return strcmp(f->from->name, "east") || header_parse(view_bytes(&f->data), &h, NULL) ||
	       h.exchange != X_IKE_SA_INIT || h.response;
}

/* East's first message is lost; west's tunnel is up meanwhile, and is what east wanted. */
static void test_dropped(void **state)
{
	struct both b = begin_both(420);

	(void)state;
	b.w->filter = holds_init_of_east;
	world_settle(b.w);
	assert_both_succeeded(&b);
	assert_logged(b.east, "was first: our own try #");
	assert_logged(b.east, "004 CHILD_C1 IPsec SA #");
	b.w->filter = NULL;
	assert_one_left(&b);
	world_run(b.w, 20 * NSEC_PER_SEC);
	assert_one_left(&b);
	world_free(b.w);
}

static bool refuses_auth_of_east(struct world *w, struct flight *f)
{
	struct ike_header h;

	(void)w;
	return strcmp(f->from->name, "east") || header_parse(view_bytes(&f->data), &h, NULL) ||
	       h.exchange != X_IKE_AUTH || h.response;
}

/* East's IKE_AUTH is never answered: west's tunnel is what east's command has in the end. */
static void test_unanswered(void **state)
{
	struct both b = begin_both(421);

	(void)state;
	b.w->filter = refuses_auth_of_east;
	world_settle(b.w);
	assert_int_equal(world_result(b.east, b.up_east), -1);
	world_run(b.w, 100 * NSEC_PER_SEC);
	assert_both_succeeded(&b);
	assert_logged(b.east, "no answer at all");
	assert_logged(b.east, "004 CHILD_C1 IPsec SA #");
	assert_one_left(&b);
	world_free(b.w);
}

/* ---- a peer with rules of its own ---- */

/* What was to stay is deleted by its end: what was to go stays. */
static void test_winner_goes(void **state)
{
	struct both b = begin_both(422);
	struct child_info child, last = {0};
	struct event ev = {.kind = EV_COMMAND};
	struct node *loser, *winner;

	(void)state;
	world_settle(b.w);
	loser = loser_of(&b);
	winner = loser == b.west ? b.east : b.west;
	/* The later of the two at the end that began it is the one of its own. */
	for (uint64_t at = 0; ike_child_next(winner->ike, at, &child); at = child.serial) {
		struct ike_sa_info sa;

		for (uint64_t s = 0; ike_sa_next(winner->ike, s, &sa); s = sa.serial)
			if (sa.serial == child.parent && sa.initiator)
				last = child;
	}
	ev.command.kind = CMD_DELETE_STATE;
	ev.command.serial = last.serial;
	ev.cause = ++b.w->next_cause;
	world_event(winner, &ev);
	world_settle(b.w);
	world_run(b.w, 4 * NSEC_PER_SEC);
	assert_int_equal(count_children(loser), 1);
	assert_int_equal(count_children(winner), 1);
	world_free(b.w);
}

/* ---- twice from one end ---- */

static void test_again(void **state)
{
	struct world *w = world_pair_up(423);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t first = world_command(west, CMD_UP, "net"), second;

	(void)state;
	assert_logged(west, "is up already: negotiating anew");
	second = world_command(west, CMD_UP, "net");
	assert_logged(west, "negotiation is under way already");
	world_settle(w);
	assert_int_equal(world_result(west, first), RC_SUCCESS);
	assert_int_equal(world_result(west, second), RC_SUCCESS);
	assert_logged(west, "004 CHILD_C1 IPsec SA #");
	assert_int_equal(count_sas(west, -1), 2); /* the older one takes what is on its way */
	world_run(w, 20 * NSEC_PER_SEC);
	assert_int_equal(count_sas(west, -1), 1);
	assert_int_equal(count_sas(east, -1), 1);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* ---- memory ---- */

static bool cross_and_die(void *ctx)
{
	struct both b;
	bool good;

	(void)ctx;
	test_allocations_count(false);
	b = begin_both(424);
	b.w->may_be_short = true;
	world_run(b.w, 30 * NSEC_PER_SEC);
	good = count_children(b.west) == 1 && count_children(b.east) == 1;
	world_command(b.west, CMD_DELETE, "net");
	world_run(b.w, 200 * NSEC_PER_SEC);
	world_command(b.east, CMD_DELETE, "net");
	world_run(b.w, 200 * NSEC_PER_SEC);
	assert_int_equal(count_sas(b.west, -1) + count_sas(b.east, -1), 0);
	world_free(b.w);
	test_allocations_count(true);
	return good;
}

static void test_short_of_memory(void **state)
{
	(void)state;
	test_each_allocation_failing(cross_and_die, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both),       cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_unanswered), cmocka_unit_test(test_winner_goes),
		cmocka_unit_test(test_again),      cmocka_unit_test(test_short_of_memory),
	};

	return RUN_TESTS("ike/crossing", tests);
}
