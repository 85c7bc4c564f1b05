/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <stdlib.h>
#include <string.h>

/* Export and import: a tunnel outlives its engine; what is not an export is refused whole. */

static uint64_t serial_of(const struct node *h)
{
	struct ike_sa_info info;

	assert_true(ike_sa_next(h->ike, 0, &info));
	return info.serial;
}

static struct bytes export_of(const struct node *h)
{
	struct bytes b = {0};

	assert_int_equal(ike_export(h->ike, serial_of(h), &b), CYG_OK);
	return b;
}

/* A new engine in place of the old one, as after a restart; its plane goes on. */
static void restart(struct node *h)
{
	struct ike_settings s = ike_settings_default();
	struct host_address a = {.addr = h->addr, .interface = "eth0"};
	struct event ev = {.kind = EV_HOST};

	ike_free(h->ike);
	h->ike = ike_new(&s, h->world->crypto, &h->entropy);
	assert_non_null(h->ike);
	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(h, &ev);
	world_command(h, CMD_LISTEN, NULL);
	world_load(h, world_connection("net"));
}

static enum cyg_err import(struct node *h, struct view octets, bool install)
{
	enum cyg_err err;
	struct diag why;

	diag_clear(&why);
	actions_clear(&h->out);
	err = ike_import(h->ike, octets, h->world->now, install, &h->out, &why);
	world_actions(h);
	if (err)
		assert_true(diag_is_set(&why));
	return err;
}

static void test_refused(void **state)
{
	struct world *w = world_pair_up(50);
	struct node *west = world_host(w, "west");
	struct bytes b = export_of(west);
	struct bytes none = {0};

	(void)state;
	assert_int_equal(ike_export(west->ike, 9999, &none), CYG_NOTFOUND);
	/* It still stands: its SPI is in use. */
	assert_int_equal(import(west, view_bytes(&b), false), CYG_EXISTS);
	restart(west);
	for (size_t len = 0; len < b.len; len++)
		assert_int_not_equal(import(west, view_of(b.ptr, len), false), CYG_OK);
	b.ptr[0] ^= 1;
	assert_int_equal(import(west, view_bytes(&b), false), CYG_MALFORMED);
	b.ptr[0] ^= 1;
	assert_int_equal(count_sas(west, -1), 0);
	world_command(west, CMD_DELETE, "net");
	assert_int_equal(import(west, view_bytes(&b), false), CYG_NOTFOUND);
	bytes_wipe(&b);
	world_free(w);
}

static void test_busy(void **state)
{
	struct world *w = world_pair_up(51);
	struct node *west = world_host(w, "west");
	struct bytes none = {0};

	(void)state;
	world_command(west, CMD_REKEY_CHILD, "net");
	assert_int_equal(ike_export(west->ike, serial_of(west), &none), CYG_STATE);
	world_run(w, 6 * NSEC_PER_SEC); /* the old child's inbound half is gone by then */
	none = export_of(west);
	bytes_wipe(&none);
	world_free(w);
}

static void goes_on(const char *name, bool install)
{
	struct world *w = world_pair_up(52);
	struct node *h = world_host(w, name);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct bytes b = export_of(h);
	struct ike_sa_info sa_was, sa_now;
	struct child_info child_was, child_now;
	bool routed;

	assert_true(ike_sa_next(h->ike, 0, &sa_was) && ike_child_next(h->ike, 0, &child_was));
	routed = child_was.connection->routed;
	restart(h);
	if (install)
		plane_done(&h->plane); /* the plane died too */
	assert_int_equal(import(h, view_bytes(&b), install), CYG_OK);
	bytes_wipe(&b);
	/* Every deadline is at the moment it was before. */
	assert_true(ike_sa_next(h->ike, 0, &sa_now) && ike_child_next(h->ike, 0, &child_now));
	assert_string_equal(sa_now.peer_proof, "PSK");
	assert_int_equal(sa_now.rekey_at, sa_was.rekey_at);
	assert_int_equal(sa_now.expire_at, sa_was.expire_at);
	assert_int_equal(child_now.rekey_at, child_was.rekey_at);
	assert_int_equal(child_now.expire_at, child_was.expire_at);
	assert_true(child_now.rekey_at < child_now.expire_at);
	assert_int_equal(child_now.connection->routed, routed);
	if (install)
		for (size_t i = 0; i < h->plane.sas_len; i++)
			assert_true(h->plane.sas[i].dir == SA_IN ||
				    h->plane.sas[i].first_sequence > 1u << 20);
	world_settle(w);
	world_run(w, 10 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	/* It can still do all that an SA does, from both ends. */
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	world_command(east, CMD_REKEY_IKE, "net");
	world_run(w, 11 * NSEC_PER_SEC);
	world_command(west, CMD_REKEY_IKE, "net");
	world_run(w, 11 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_int_equal(count_sas(west, -1), 1);
	assert_int_equal(count_sas(east, -1), 1);
	/* What was proven stays so, whatever takes the SA's place. */
	assert_true(ike_sa_next(h->ike, sa_now.serial, &sa_now));
	assert_string_equal(sa_now.peer_proof, "PSK");
	assert_string_equal(sa_now.our_proof, "PSK");
	world_command(h, CMD_DOWN, "net");
	world_settle(w);
	assert_planes_match(west, east, 0);
	world_free(w);
}

static void test_round_trip(void **state)
{
	(void)state;
	goes_on("west", false);
	goes_on("east", false);
	goes_on("west", true);
	goes_on("east", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_round_trip),
	};

	return RUN_TESTS("ike/export", tests);
}
