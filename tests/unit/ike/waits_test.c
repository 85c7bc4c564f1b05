/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <stdio.h>

/* Connections that are brought up while an IKE SA with their peer is being negotiated wait for it. */

static const char *const names[] = {"net", "second", "third"};

static struct connection *connection(size_t i)
{
	struct connection *c = world_connection(names[i]);
	char net[32];

	snprintf(net, sizeof(net), "10.9.%zu.0/24", i);
	conn_set(c, "leftsubnet", net);
	return c;
}

static struct world *world_of_three(uint64_t seed)
{
	struct world *w = world_new(seed, NULL);

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		world_load(world_host(w, "west"), connection(i));
		world_load(world_host(w, "east"), connection(i));
	}
	return w;
}

static unsigned requests; /* IKE_SA_INIT */

static bool count_inits(struct world *w, struct flight *f)
{
	requests += f->data.ptr[18] == 34 && !(f->data.ptr[19] & 0x20);
	return true;
}

static void up_all(struct node *host, uint64_t *causes)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		causes[i] = world_command(host, CMD_UP, names[i]);
}

static void one_sa_serves_all(void **state)
{
	struct world *w = world_of_three(1);
	struct node *west = world_host(w, "west");
	uint64_t causes[3];

	requests = 0;
	w->filter = count_inits;
	up_all(west, causes);
	world_settle(w);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(world_result(west, causes[i]), RC_SUCCESS);
	assert_int_equal(requests, 1);
	world_free(w);
}

static void all_fail_with_it(void **state)
{
	struct world *w = world_of_three(2);
	struct node *west = world_host(w, "west");
	uint64_t causes[3];

	world_psk(world_host(w, "east"), "another");
	requests = 0;
	w->filter = count_inits;
	up_all(west, causes);
	world_settle(w);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(world_result(west, causes[i]), world_result(west, causes[0]));
	assert_true(world_result(west, causes[0]) > RC_SUCCESS);
	assert_int_equal(requests, 1);
	assert_logged(west, "which it waited for, was not established");
	world_free(w);
}

/* What began the SA goes; what waited begins another one. */
static void who_waits_begins_anew(void **state)
{
	static const enum command_kind ends[] = {CMD_DOWN, CMD_DELETE};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct world *w = world_of_three(3 + i);
		struct node *west = world_host(w, "west");
		uint64_t causes[3];

		up_all(west, causes);
		world_command(west, ends[i], "net");
		world_settle(w);
		assert_int_equal(world_result(west, causes[0]), RC_FATAL);
		assert_int_equal(world_result(west, causes[1]), RC_SUCCESS);
		assert_int_equal(world_result(west, causes[2]), RC_SUCCESS);
		world_free(w);
	}
}

/* It may wait no longer: the SA comes up without it. */
static void who_waits_may_go(void **state)
{
	struct world *w = world_of_three(5);
	struct node *west = world_host(w, "west");
	uint64_t causes[3];

	up_all(west, causes);
	world_command(west, CMD_DELETE, "second");
	world_settle(w);
	assert_int_equal(world_result(west, causes[0]), RC_SUCCESS);
	assert_int_equal(world_result(west, causes[1]), RC_FATAL);
	assert_int_equal(world_result(west, causes[2]), RC_SUCCESS);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sa_serves_all),
		cmocka_unit_test(all_fail_with_it),
		cmocka_unit_test(who_waits_begins_anew),
		cmocka_unit_test(who_waits_may_go),
	};

	return RUN_TESTS("ike/waits", tests);
}
