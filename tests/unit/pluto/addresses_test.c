/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/addresses.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static struct rundir dir;
static struct net *net;

static int setup(void **state)
{
	strcpy(folder, "/tmp/cygnet-addresses-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return rundir_open(folder, &dir, NULL) || rundir_lock(&dir, NULL) ? -1 : 0;
}

static int teardown(void **state)
{
	net_close(net);
	net = NULL;
	rundir_close(&dir, false);
	return rmdir(folder);
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static bool on_lo(const char *text)
{
	return strstr(namespace_show("addr show lo"), text);
}

static void come_and_go(void **state)
{
	struct ip_addr v4 = ip("10.9.0.1"), v6 = ip("2001:db8:9::1");
	struct addresses a;
	bool changed;

	net = namespace_enter();
	namespace_ip("link set lo up");
	assert_int_equal(addresses_start(&a, net, &dir, NULL), 0);
	addresses_remove(&a, &v4); /* never ours */
	addresses_set(&a, &v4);
	addresses_set(&a, &v6);
	assert_true(on_lo("inet 10.9.0.1/32"));
	assert_true(on_lo("inet6 2001:db8:9::1/128"));
	/* The host by itself has neither. */
	assert_int_equal(net_read(net, &changed), CYG_OK);
	for (size_t i = 0; i < net_view(net)->addresses_len; i++)
		assert_true(ip_is_loopback(&net_view(net)->addresses[i].addr));
	addresses_remove(&a, &v4);
	assert_false(on_lo("10.9.0.1"));
	assert_true(on_lo("2001:db8:9::1"));
	addresses_stop(&a);
	assert_false(on_lo("2001:db8:9::1"));
}

static void what_somebody_else_put_there_stays(void **state)
{
	struct ip_addr theirs = ip("10.9.0.1");
	struct addresses a;

	net = namespace_enter();
	namespace_ip("link set lo up");
	namespace_ip("addr add 10.9.0.1/32 dev lo");
	addresses_start(&a, net, &dir, NULL);
	addresses_set(&a, &theirs);
	addresses_remove(&a, &theirs);
	assert_true(on_lo("10.9.0.1/32"));
	addresses_stop(&a);
	assert_true(on_lo("10.9.0.1/32"));
}

static void what_a_killed_one_left_is_removed(void **state)
{
	struct ip_addr v4 = ip("10.9.0.1"), v6 = ip("2001:db8:9::1");
	struct addresses killed, next;

	net = namespace_enter();
	namespace_ip("link set lo up");
	addresses_start(&killed, net, &dir, NULL);
	addresses_set(&killed, &v4);
	addresses_set(&killed, &v6);
	free(killed.own);
	assert_int_equal(addresses_start(&next, net, &dir, NULL), 2);
	assert_false(on_lo("10.9.0.1"));
	assert_false(on_lo("2001:db8:9::1"));
	addresses_stop(&next);
}

static void a_file_of_nonsense_harms_nothing(void **state)
{
	struct addresses a;

	net = namespace_enter();
	namespace_ip("link set lo up");
	assert_int_equal(rundir_write(&dir, RUNDIR_ADDRESSES, "\n\nx\n10.9.0\n127.0.0.1/8\n",
				      NULL),
			 CYG_OK);
	assert_int_equal(addresses_start(&a, net, &dir, NULL), 0);
	assert_true(on_lo("127.0.0.1/8"));
	addresses_stop(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(what_somebody_else_put_there_stays, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_a_killed_one_left_is_removed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_file_of_nonsense_harms_nothing, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
