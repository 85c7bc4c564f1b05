/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/child.h"
#include "ike/core.h"
#include "tests/unit/ike/world.h"
#include "wire/header.h"
#include "wire/ikev2_numbers.h"

#include <string.h>

/* SAs for single processors (RFC 9611): beside the first one, in either role, and never in its place. */

static struct world *pair(uint64_t seed, const char *west, const char *east)
{
	struct world *w = world_pair_with(seed, NULL, west, east);

	world_host(w, "west")->ike->settings.handling.processors = 4;
	world_host(w, "east")->ike->settings.handling.processors = 4;
	return w;
}

static struct world *up(uint64_t seed, const char *west, const char *east)
{
	struct world *w = pair(seed, west, east);

	world_up(world_host(w, "west"), "net");
	assert_planes_match(world_host(w, "west"), world_host(w, "east"), 1);
	return w;
}

static struct loaded *net_of(const struct node *h)
{
	return policy_find(ike_policy(h->ike), "net");
}

/* Packets of a processor (counted from 1) have no SA of their own. */
static void acquire(struct node *h, uint32_t processor)
{
	struct event ev = {.kind = EV_ACQUIRE};

	ev.acquire.policy_id = net_of(h)->policy_id;
	ev.acquire.processor = processor;
	ev.acquire.local = net_of(h)->ts_local.items[0];
	ev.acquire.remote = net_of(h)->ts_remote.items[0];
	world_event(h, &ev);
	world_run(h->world, 6 * NSEC_PER_SEC);
}

/* "0124": the processors of what the plane sends by, in their order. */
static const char *bound(const struct node *h)
{
	static char text[16];
	size_t n = 0;

	for (uint32_t p = 0; p < 10; p++)
		for (size_t i = 0; i < h->plane.sas_len; i++)
			if (h->plane.sas[i].dir == SA_OUT && h->plane.sas[i].processor == p)
				text[n++] = (char)('0' + p);
	text[n] = 0;
	return text;
}

static uint64_t serial_of(const struct node *h, uint32_t processor)
{
	struct child_info c = {0};

	while (ike_child_next(h->ike, c.serial, &c))
		if (c.processor == processor && !strcmp(c.state, "CHILD_C1"))
			return c.serial;
	return 0;
}

static void end_one(struct node *h, uint32_t processor)
{
	struct event ev = {.kind = EV_COMMAND, .cause = ++h->world->next_cause};

	ev.command.kind = CMD_DELETE_STATE;
	ev.command.serial = serial_of(h, processor);
	assert_true(ev.command.serial);
	world_event(h, &ev);
}

static void who_does_not_take_part_has_one_sa(void **state)
{
	static const struct {
		const char *west, *east;
		uint32_t west_has, east_has;
	} rows[] = {
		{"clones=4", "", 4, 4},
		{"", "clones=4", 4, 4},
		{"clones=4", "clones=4", 4, 0},
		{"clones=4", "clones=4", 0, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = pair(100 + i, rows[i].west, rows[i].east);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "%s / %s", rows[i].west, rows[i].east);
		west->ike->settings.handling.processors = rows[i].west_has;
		east->ike->settings.handling.processors = rows[i].east_has;
		world_up(west, "net");
		assert_false(net_of(west)->spread || net_of(east)->spread);
		acquire(west, 1);
		acquire(east, 1);
		assert_planes_match(west, east, 1);
		assert_string_equal(bound(west), "0");
		world_free(w);
	}
}

static void a_processor_that_sends_gets_its_own(void **state)
{
	struct world *w = up(200, "clones=4", "clones=4");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	assert_true(net_of(west)->spread && net_of(east)->spread);
	acquire(west, 3);
	/* The kernel asked twice: others of its processors are to be heard all the same. */
	acquire(west, 3);
	assert_true(net_of(west)->spread);
	assert_string_equal(bound(west), "03");
	assert_string_equal(bound(east), "01");
	acquire(east, 1);
	assert_string_equal(bound(east), "01");
	acquire(east, 2);
	assert_string_equal(bound(west), "013");
	assert_string_equal(bound(east), "012");
	assert_planes_match(west, east, 3);
	assert_int_equal(ike_counts(west->ike).tunnels, 1);
	assert_logged(west, "for processor 2");
	world_free(w);
}

/* Until the peer has surely installed its half, the first one carries what we send. */
static void who_answers_waits_before_it_sends(void **state)
{
	struct world *w = up(205, "clones=4", "clones=4");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_ACQUIRE};

	(void)state;
	ev.acquire.policy_id = net_of(west)->policy_id;
	ev.acquire.processor = 1;
	world_event(west, &ev);
	/* Meanwhile the kernel is to send by the first one. */
	assert_false(net_of(west)->spread);
	world_run(w, 2 * NSEC_PER_SEC);
	assert_string_equal(bound(west), "01");
	assert_string_equal(bound(east), "0");
	assert_true(net_of(west)->spread);
	world_run(w, 4 * NSEC_PER_SEC);
	assert_string_equal(bound(east), "01");
	world_free(w);
}

static void there_is_no_such_processor(void **state)
{
	struct world *w = up(210, "clones=9", "clones=9");
	struct node *west = world_host(w, "west");

	(void)state;
	acquire(west, 5);
	assert_string_equal(bound(west), "0");
	world_free(w);
}

static void each_end_has_its_bound(void **state)
{
	struct world *w = up(220, "clones=4", "clones=2");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	for (uint32_t p = 1; p <= 4; p++)
		acquire(west, p);
	assert_string_equal(bound(west), "012");
	assert_logged(east, "2 at most (clones=)");
	assert_logged(west, "no IPsec SA for processor 2 (TS_MAX_QUEUE)");
	assert_false(net_of(west)->spread || net_of(east)->spread);
	/* It is told once. */
	assert_not_logged(west, "no IPsec SA for processor 3");
	assert_planes_match(west, east, 3);
	/* Our own bound we keep by ourselves. */
	acquire(east, 3);
	assert_planes_match(west, east, 3);
	world_free(w);
}

/* What waits for its turn may be needed no more when that comes. */
static void a_wish_that_is_over_is_forgotten(void **state)
{
	struct world *w = up(225, "clones=4", "clones=4");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_ACQUIRE};

	(void)state;
	ev.acquire.policy_id = net_of(west)->policy_id;
	ev.acquire.processor = 1;
	w->hold = 1u << ACT_KE_START;
	world_command(west, CMD_REKEY_CHILD, "net");
	world_event(west, &ev);
	acquire(east, 1);
	w->hold = 0;
	world_release(w);
	world_run(w, 60 * NSEC_PER_SEC);
	assert_true(net_of(west)->spread && net_of(east)->spread);
	world_free(w);
}

static void both_ask_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 230; seed < 234; seed++) {
		struct world *w = up(seed, "clones=4", "clones=4");
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		w->hold = 1u << ACT_KE_START;
		acquire(west, 1);
		acquire(east, 1);
		w->hold = 0;
		world_release(w);
		world_run(w, 10 * NSEC_PER_SEC);
		assert_string_equal(bound(west), "012");
		assert_string_equal(bound(east), "012");
		assert_planes_match(west, east, 3);
		world_free(w);
	}
}

/* Each has counted its own wish, and refused the other's: neither is full. */
static void wishes_that_cross_at_the_bound(void **state)
{
	(void)state;
	for (uint64_t seed = 235; seed < 238; seed++) {
		struct world *w = up(seed, "clones=1", "clones=1");
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		w->hold = 1u << ACT_KE_START;
		acquire(west, 1);
		acquire(east, 1);
		w->hold = 0;
		world_release(w);
		assert_logged(west, "TS_MAX_QUEUE");
		assert_logged(east, "TS_MAX_QUEUE");
		assert_string_equal(bound(west), "0");
		assert_false(net_of(west)->spread || net_of(east)->spread);
		world_run(w, 2 * NSEC_PER_SEC);
		assert_true(net_of(west)->spread && net_of(east)->spread);
		acquire(east, 1);
		assert_string_equal(bound(west), "01");
		assert_string_equal(bound(east), "01");
		assert_planes_match(west, east, 2);
		assert_false(net_of(west)->spread || net_of(east)->spread);
		world_free(w);
	}
}

/* All but the first request. */
static bool loses_later_requests(struct world *w, struct flight *f)
{
	unsigned *requests = w->ctx;
	struct ike_header h;

	return header_parse(view_bytes(&f->data), &h, NULL) ||
	       h.exchange != X_CREATE_CHILD_SA || h.response || !(*requests)++;
}

/* One that is being rekeyed is one, not two. */
static void a_rekey_takes_no_room(void **state)
{
	struct world *w = up(245, "clones=2", "clones=2");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_ACQUIRE};
	unsigned requests = 0;
	uint64_t first, clone;

	(void)state;
	acquire(west, 1);
	first = serial_of(west, 0);
	clone = serial_of(west, 1);
	w->filter = loses_later_requests;
	w->ctx = &requests;
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w); /* the first one is rekeyed; now its clone is being */
	assert_int_not_equal(serial_of(west, 0), first);
	assert_int_equal(serial_of(west, 1), clone);
	assert_true(net_of(west)->spread);
	ev.acquire.policy_id = net_of(west)->policy_id;
	ev.acquire.processor = 2;
	world_event(west, &ev);
	assert_false(net_of(west)->spread);
	w->filter = NULL;
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_not_equal(serial_of(west, 1), clone);
	assert_string_equal(bound(west), "012");
	assert_string_equal(bound(east), "012");
	assert_planes_match(west, east, 3);
	world_free(w);
}

static bool loses_requests_of_east(struct world *w, struct flight *f)
{
	struct ike_header h;

	return f->from == world_host(w, "west") ||
	       header_parse(view_bytes(&f->data), &h, NULL) ||
	       h.exchange != X_CREATE_CHILD_SA || h.response;
}

/* Put off by TEMPORARY_FAILURE it is asked again: after a second or two, then twice that. */
static void who_is_put_off_asks_again(void **state)
{
	struct world *w = up(248, "clones=4", "clones=4");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	w->filter = loses_requests_of_east;
	world_command(east, CMD_REKEY_IKE, "net");
	for (unsigned i = 0; i < 3; i++) {
		struct event ev = {.kind = EV_ACQUIRE};

		ev.acquire.policy_id = net_of(west)->policy_id;
		ev.acquire.processor = 1;
		world_event(west, &ev);
		world_settle(w);
		assert_logged(west, "TEMPORARY_FAILURE");
		assert_false(net_of(west)->spread);
		world_run(w, ((NSEC_PER_SEC << i) - NSEC_PER_MS));
		assert_false(net_of(west)->spread);
		world_run(w, (NSEC_PER_SEC << i) + 2 * NSEC_PER_MS);
		assert_true(net_of(west)->spread);
	}
	w->filter = NULL;
	world_run(w, 60 * NSEC_PER_SEC);
	acquire(west, 1);
	assert_string_equal(bound(west), "01");
	assert_string_equal(bound(east), "01");
	assert_planes_match(west, east, 2);
	world_free(w);
}

static void a_rekey_keeps_the_processor(void **state)
{
	struct world *w = up(240, "clones=4", "clones=4");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t first, third;

	(void)state;
	acquire(west, 3);
	first = serial_of(west, 0);
	third = serial_of(west, 3);
	for (unsigned i = 0; i < 2; i++) {
		world_command(i ? east : west, CMD_REKEY_CHILD, "net");
		world_run(w, 60 * NSEC_PER_SEC);
		assert_string_equal(bound(west), "03");
		assert_string_equal(bound(east), "01");
		assert_planes_match(west, east, 2);
		assert_int_not_equal(serial_of(west, 0), first);
		assert_int_not_equal(serial_of(west, 3), third);
		assert_true(net_of(west)->spread && net_of(east)->spread);
	}
	acquire(east, 4);
	assert_planes_match(west, east, 3);
	world_command(west, CMD_REKEY_IKE, "net");
	world_run(w, 60 * NSEC_PER_SEC);
	acquire(east, 3);
	assert_planes_match(west, east, 4);
	world_free(w);
}

/* Its packets go by the first one again, whose entry and route stay. */
static void the_end_of_a_clone_is_its_own(void **state)
{
	(void)state;
	for (unsigned by_peer = 0; by_peer < 2; by_peer++) {
		struct world *w = up(250 + by_peer, "clones=4", "clones=4");
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(by_peer, "%s", by_peer ? "the peer deletes it" : "we do");
		acquire(west, 2);
		end_one(by_peer ? east : west, by_peer ? 1 : 2);
		world_run(w, 60 * NSEC_PER_SEC);
		assert_planes_match(west, east, 1);
		assert_int_equal(net_of(west)->spd, SPD_PROTECT);
		assert_int_equal(net_of(east)->spd, SPD_PROTECT);
		assert_int_equal(count_children(west), 1);
		acquire(west, 2);
		assert_string_equal(bound(west), "02");
		world_free(w);
	}
}

/* What is for one processor alone is no tunnel: it does not outlive the one for all. */
static void clones_end_with_the_first(void **state)
{
	(void)state;
	for (unsigned by_peer = 0; by_peer < 2; by_peer++) {
		struct world *w = up(260 + by_peer, "clones=4", "clones=4");
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(by_peer, "%s", by_peer ? "the peer deletes it" : "we do");
		acquire(west, 1);
		acquire(west, 2);
		end_one(by_peer ? east : west, 0);
		world_run(w, 5 * NSEC_PER_SEC);
		assert_int_equal(count_children(west), 0);
		assert_planes_match(west, east, 0);
		assert_int_not_equal(net_of(west)->spd, SPD_PROTECT);
		assert_logged(west, "the one that all processors shared has ended");
		world_free(w);
	}
}

static void down_takes_all(void **state)
{
	struct world *w = up(270, "clones=yes", "clones=yes");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	for (uint32_t p = 1; p <= 4; p++)
		acquire(west, p);
	assert_planes_match(west, east, 5);
	world_command(west, CMD_DOWN, "net");
	world_run(w, 60 * NSEC_PER_SEC);
	assert_planes_match(west, east, 0);
	world_up(east, "net");
	assert_planes_match(west, east, 1);
	acquire(west, 1);
	assert_planes_match(west, east, 2);
	world_free(w);
}

/* --up again: clones of the tunnel before go with it. */
static void a_new_tunnel_has_none(void **state)
{
	struct world *w = up(280, "clones=4", "clones=4");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	acquire(west, 1);
	world_up(west, "net");
	world_run(w, 60 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_string_equal(bound(west), "0");
	assert_true(net_of(west)->spread);
	world_free(w);
}

static void the_plane_refuses_one(void **state)
{
	struct world *w = up(290, "clones=4", "clones=4");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	for (unsigned nth = 1; nth <= 2; nth++) {
		west->plane.refuse_nth = nth;
		acquire(west, nth);
		west->plane.refuse_nth = 0;
		world_run(w, 60 * NSEC_PER_SEC);
		assert_planes_match(west, east, 1);
		assert_int_equal(net_of(west)->spd, SPD_PROTECT);
		assert_int_equal(net_of(east)->spd, SPD_PROTECT);
	}
	/* That was not the peer's fault, and is no reason not to ask it again. */
	assert_true(net_of(west)->spread);
	acquire(west, 3);
	assert_string_equal(bound(west), "03");
	assert_planes_match(west, east, 2);
	world_free(w);
}

static bool loses_child_requests(struct world *w, struct flight *f)
{
	struct ike_header h;

	(void)w;
	return header_parse(view_bytes(&f->data), &h, NULL) ||
	       h.exchange != X_CREATE_CHILD_SA || h.response;
}

/* A request that is never answered ends the IKE SA, as any other does; nothing is left behind. */
static void no_answer(void **state)
{
	struct world *w = up(300, "clones=4", "clones=4");
	struct node *west = world_host(w, "west");

	(void)state;
	w->filter = loses_child_requests;
	acquire(west, 1);
	world_run(w, 200 * NSEC_PER_SEC);
	assert_logged(west, "no answer");
	w->filter = NULL;
	world_run(w, 200 * NSEC_PER_SEC);
	world_up(west, "net");
	assert_true(serial_of(west, 0));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_take_part_has_one_sa),
		cmocka_unit_test(a_processor_that_sends_gets_its_own),
		cmocka_unit_test(who_answers_waits_before_it_sends),
		cmocka_unit_test(there_is_no_such_processor),
		cmocka_unit_test(each_end_has_its_bound),
		cmocka_unit_test(a_wish_that_is_over_is_forgotten),
		cmocka_unit_test(both_ask_at_once),
		cmocka_unit_test(wishes_that_cross_at_the_bound),
		cmocka_unit_test(a_rekey_takes_no_room),
		cmocka_unit_test(who_is_put_off_asks_again),
		cmocka_unit_test(a_rekey_keeps_the_processor),
		cmocka_unit_test(the_end_of_a_clone_is_its_own),
		cmocka_unit_test(clones_end_with_the_first),
		cmocka_unit_test(down_takes_all),
		cmocka_unit_test(a_new_tunnel_has_none),
		cmocka_unit_test(the_plane_refuses_one),
		cmocka_unit_test(no_answer),
	};

	return cmocka_run_group_tests_name("ike/clone", tests, NULL, NULL);
}
