/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"
#include "wire/header.h"

#include <string.h>

/* What the plane says: a packet met a trap, an SA expires, an install took its time. */

static void test_acquire(void **state)
{
	struct world *w = world_pair(94);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_ACQUIRE};
	struct ip_addr from, to;
	uint64_t cause = world_command(west, CMD_ROUTE, "net");

	(void)state;
	world_settle(w);
	assert_int_equal(world_result(west, cause), RC_COMMENT);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	assert_int_equal(ip_parse("10.0.1.7", &from), CYG_OK);
	assert_int_equal(ip_parse("10.0.2.9", &to), CYG_OK);
	ev.acquire.policy_id = west->plane.policies[0].id;
	ev.acquire.local = ts_of_addr(&from);
	ev.acquire.remote = ts_of_addr(&to);
	world_event(west, &ev);
	world_event(west, &ev); /* a second packet begins nothing more */
	world_settle(w);
	assert_planes_match(west, east, 1);
	assert_int_equal(count_sas(west, -1), 1);
	assert_int_equal(west->plane.policies[0].kind, POLICY_PROTECT);
	assert_int_equal(world_result(west, world_command(west, CMD_UNROUTE, "net")),
			 RC_RTBUSY);
	world_command(west, CMD_DOWN, "net");
	world_settle(w);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	assert_int_equal(world_result(west, world_command(west, CMD_UNROUTE, "net")),
			 RC_COMMENT);
	assert_int_equal(west->plane.policies_len, 0);
	ev.acquire.policy_id = 12345;
	world_event(west, &ev);
	world_free(w);
}

/*
 * A trap tells of one packet. Where its try failed, and the next packet came too soon for
 * another, it is set anew when the pause is over.
 */
static void test_trap_is_set_again(void **state)
{
	struct world *w = world_pair(102);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_ACQUIRE};
	struct ip_addr from, to;
	unsigned set;

	(void)state;
	world_psk(east, "another");
	world_command(west, CMD_ROUTE, "net");
	assert_int_equal(ip_parse("10.0.1.7", &from), CYG_OK);
	assert_int_equal(ip_parse("10.0.2.9", &to), CYG_OK);
	ev.acquire.policy_id = west->plane.policies[0].id;
	ev.acquire.local = ts_of_addr(&from);
	ev.acquire.remote = ts_of_addr(&to);
	world_event(west, &ev);
	world_settle(w);
	assert_logged(west, "AUTHENTICATION_FAILED");
	world_event(west, &ev);
	set = west->plane.policy_sets;
	world_run(w, 6 * NSEC_PER_SEC);
	assert_int_equal(west->plane.policy_sets, set + 1);
	assert_int_equal(west->plane.policies[0].kind, POLICY_TRAP);
	/* Without a packet nothing more happens. */
	world_run(w, 60 * NSEC_PER_SEC);
	assert_int_equal(west->plane.policy_sets, set + 1);
	assert_int_equal(count_sas(west, -1), 0);
	world_free(w);
}

static void test_expire_events(void **state)
{
	struct world *w = world_pair_up(95);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_EXPIRE};
	struct child_info child;

	(void)state;
	assert_true(ike_child_next(west->ike, 0, &child));
	ev.sa.dir = SA_OUT;
	ev.sa.spi = child.spi_out;
	world_event(west, &ev);
	world_run(w, 6 * NSEC_PER_SEC); /* the old child's inbound half is gone by then */
	assert_planes_match(west, east, 1);
	assert_true(ike_child_next(west->ike, 0, &child));
	assert_int_not_equal(child.spi_out, ev.sa.spi);
	/* The hard limit ends it; it was to be up, and comes again. */
	ev.sa.dir = SA_IN;
	ev.sa.spi = child.spi_in;
	ev.sa.hard = true;
	world_event(west, &ev);
	world_run(w, 2 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	world_free(w);
}

static bool loses_answers(struct world *w, struct flight *f)
{
	struct ike_header h;

	(void)w;
	return header_parse(view_bytes(&f->data), &h, NULL) || !h.response;
}

/*
 * Its SA ends while its rekey is under way: a try waits behind that, on the same IKE SA, and is
 * moot once the rekey has made a child.
 */
static void test_rekeyed_in_time(void **state)
{
	struct world *w = world_pair_up(98);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct event ev = {.kind = EV_EXPIRE};
	struct child_info child;

	(void)state;
	assert_true(ike_child_next(west->ike, 0, &child));
	ev.sa.dir = SA_OUT;
	ev.sa.spi = child.spi_out;
	w->filter = loses_answers;
	world_event(west, &ev);
	ev.sa.hard = true;
	world_event(west, &ev);
	world_run(w, NSEC_PER_SEC / 10);
	assert_int_equal(count_children(west), 0);
	assert_logged(west, "starting again at once");
	w->filter = NULL;
	world_run(w, 10 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_int_equal(count_children(west), 1);
	world_free(w);
}

/* From east's answer on west's plane takes its time. */
static bool holds_installs_after_answer(struct world *w, struct flight *f)
{
	struct ike_header h;

	if (!strcmp(f->from->name, "east") && !header_parse(view_bytes(&f->data), &h, NULL) &&
	    h.response)
		w->hold = 1u << ACT_SA_INSTALL;
	return true;
}

/* Taken down while the plane installs its child: what the SPD had for that child is undone. */
static void test_down_in_the_making(void **state)
{
	struct world *w = world_pair_up(96);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_load_more(w);
	world_command(west, CMD_UP, "more");
	w->filter = holds_installs_after_answer;
	world_settle(w);
	assert_int_equal(west->plane.policies[1].kind, POLICY_PROTECT);
	world_command(west, CMD_DOWN, "more");
	w->filter = NULL;
	world_release(w);
	assert_int_equal(west->plane.policies_len, 2);
	assert_int_equal(west->plane.policies[1].kind, POLICY_TRAP);
	assert_planes_match(west, east, 1);
	world_free(w);
}

/* Peers choose their SPIs, and two may choose the same: the address tells them apart. */
static void test_expire_of_one(void **state)
{
	struct world *w = world_pair_up(97);
	struct node *west = world_host(w, "west");
	struct event ev = {.kind = EV_EXPIRE};
	struct child_info child;

	(void)state;
	assert_true(ike_child_next(west->ike, 0, &child));
	ev.sa.dir = SA_OUT;
	ev.sa.spi = child.spi_out;
	ev.sa.remote.addr = world_host(w, "north")->addr;
	ev.sa.hard = true;
	world_event(west, &ev);
	assert_int_equal(count_children(west), 1);
	ev.sa.remote.addr = world_host(w, "east")->addr;
	ev.sa.spi++;
	world_event(west, &ev);
	assert_int_equal(count_children(west), 1);
	ev.sa.spi--;
	world_event(west, &ev);
	assert_logged(west, "its lifetime is over");
	world_free(w);
}

/*
 * rekey=no: who began it replaces it only while it is in use; the other end waits for its
 * end.
 */
static void test_no_rekey(void **state)
{
	(void)state;
	for (int used = 0; used < 2; used++) {
		struct world *w = world_new(98, NULL);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		for (int i = 0; i < 2; i++) {
			struct connection *c = world_connection("net");

			conn_set(c, "rekey", "no");
			conn_set(c, "ikelifetime", "8h");
			conn_set(c, "salifetime", "1h");
			conn_set(c, "rekeymargin", "5m");
			world_load(&w->hosts[i], c);
		}
		world_up(world_host(w, "west"), "net");
		west->in_use = east->in_use = used;
		world_run(w, 3590 * NSEC_PER_SEC);
		if (used)
			assert_logged(west, "rekeyed");
		else
			assert_not_logged(west, "rekeyed");
		assert_not_logged(east, "lifetime is over");
		/* Unused it ends; as it is to be up, another one comes. */
		world_run(w, 60 * NSEC_PER_SEC);
		if (!used)
			assert_logged(west, "lifetime is over");
		assert_planes_match(west, east, 1);
		world_free(w);
	}
}

/* rekey=no: at its end an IKE SA goes with its children, and what is to be up comes again. */
static void test_ike_lifetime(void **state)
{
	struct world *w = world_new(99, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		conn_set(c, "rekey", "no");
		conn_set(c, "ikelifetime", "1h");
		conn_set(c, "salifetime", "8h");
		conn_set(c, "rekeymargin", "5m");
		world_load(&w->hosts[i], c);
	}
	world_up(west, "net");
	world_run(w, 3590 * NSEC_PER_SEC);
	assert_not_logged(west, "lifetime");
	assert_not_logged(east, "lifetime");
	world_run(w, 20 * NSEC_PER_SEC);
	assert_logged(west, "the IKE SA has reached its lifetime");
	assert_not_logged(west, "rekeyed");
	assert_int_equal(count_sas(west, -1), 1);
	assert_int_equal(count_sas(east, -1), 1);
	assert_planes_match(west, east, 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acquire),
		cmocka_unit_test(test_trap_is_set_again),
		cmocka_unit_test(test_expire_events),
		cmocka_unit_test(test_rekeyed_in_time),
		cmocka_unit_test(test_down_in_the_making),
		cmocka_unit_test(test_expire_of_one),
		cmocka_unit_test(test_no_rekey),
		cmocka_unit_test(test_ike_lifetime),
	};

	return RUN_TESTS("ike/expire", tests);
}
