/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include <string.h>

/*
 * A connection that should be up, whose peer came from another address of its list: what is
 * wanted is up, by an instance.
 */

/* Nobody is at the address that west begins with. */
static bool loses_east(struct world *w, struct flight *f)
{
	struct ip_addr east = world_host(w, "east")->addr;

	return !ip_equal(&f->local.addr, &east) && !ip_equal(&f->remote.addr, &east);
}

static unsigned tries(const struct node *h)
{
	unsigned n = 0;

	for (const char *at = text_str(&h->log); (at = strstr(at, "initiate (to")); at++)
		n++;
	return n;
}

static struct world *begin(const char *more)
{
	struct world *w = world_new(5, NULL);
	struct connection *c = world_connection("net");

	conn_set_words(c, "right=192.0.2.2,192.0.2.3 rightid=@peer leftid=@west");
	conn_set_words(c, more);
	world_load(world_host(w, "west"), c);
	c = world_connection("net");
	conn_set_words(c, "right=192.0.2.3 rightid=@peer leftid=@west");
	world_load(world_host(w, "north"), c);
	w->filter = loses_east;
	return w;
}

/* It is not tried meanwhile, so it is not given up either, and comes again when the other goes. */
static void a_peer_from_elsewhere_puts_tries_off(void **state)
{
	struct world *w = begin("keyingtries=3");
	struct node *west = world_host(w, "west"), *north = world_host(w, "north");
	struct loaded *net = policy_find(ike_policy(west->ike), "net");
	unsigned before;

	(void)state;
	world_command(west, CMD_UP, "net");
	world_run(w, 64 * NSEC_PER_SEC);
	assert_int_equal(net->tries, 1);
	world_up(north, "net");
	assert_int_equal(count_children(west), 1);
	before = tries(west);
	world_run(w, 3600 * NSEC_PER_SEC);
	assert_int_equal(tries(west), before);
	assert_logged(west, "its peer is up from 192.0.2.3 (net[1]): not tried meanwhile");
	world_command(north, CMD_DOWN, "net");
	world_run(w, 20 * NSEC_PER_SEC);
	assert_int_equal(count_children(west), 0);
	assert_int_equal(tries(west), before + 1);
	world_free(w);
}

/* One that is asked for is tried all the same. */
static void a_command_tries_it(void **state)
{
	struct world *w = begin("");
	struct node *west = world_host(w, "west"), *north = world_host(w, "north");

	(void)state;
	world_up(north, "net");
	assert_int_equal(tries(west), 0);
	world_command(west, CMD_UP, "net");
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(tries(west), 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_from_elsewhere_puts_tries_off),
		cmocka_unit_test(a_command_tries_it),
	};

	return RUN_TESTS("ike/elsewhere", tests);
}
