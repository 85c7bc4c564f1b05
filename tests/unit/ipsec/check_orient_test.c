/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check_orient.h"

#include "conf/conf.h"
#include "tests/unit/support/test.h"

#include <stdio.h>

static struct host_address addresses[] = {{.interface = "lo"},
					  {.interface = "eth0"},
					  {.interface = "eth1"}};
static struct host_view host = {.addresses = addresses, .addresses_len = COUNT_OF(addresses)};

static int set_up(void **state)
{
	static const char *const text[] = {"127.0.0.1", "192.0.2.1", "2001:db8::1"};

	for (size_t i = 0; i < COUNT_OF(text); i++)
		assert_int_equal(ip_parse(text[i], &addresses[i].addr), CYG_OK);
	host.default_v4.addr = addresses[1].addr;
	return 0;
}

static void which_end_is_here(void **state)
{
	static const struct {
		const char *left, *right;
		int want;
	} cases[] = {
		{"192.0.2.1", "192.0.2.2", 0},
		{"192.0.2.2", "192.0.2.1", 1},
		{"192.0.2.2", "192.0.2.3", CHECK_NEITHER},
		{"192.0.2.1", "127.0.0.1", CHECK_BOTH},
		{"%defaultroute", "192.0.2.3", 0},
		{"%any", "%defaultroute", 1},
		{"%eth1", "2001:db8::2", 0},
		{"%eth7", "192.0.2.3", CHECK_NEITHER},
		{"gw.example", "192.0.2.3", CHECK_UNKNOWN},
		{"gw.example", "192.0.2.1", 1},
		{"192.0.2.0/24", "198.51.100.0/24", 0},
		{"198.51.100.1,198.51.100.7", "192.0.2.1-192.0.2.9", 1},
		{"2001:db8::/64", "2001:db8:1::9", 0},
		{"127.0.0.0/8", "198.51.100.0/24", CHECK_NEITHER},
		{"198.51.100.0/24", "203.0.113.0/24", CHECK_NEITHER},
		/* The closer one. */
		{"192.0.2.0/24", "192.0.2.1", 1},
		{"192.0.2.0/24", "192.0.2.0/28", 1},
		{"192.0.2.1,198.51.100.0/24", "192.0.2.0/24", 0},
		/* Of names nothing is known here. */
		{"gw.example,192.0.2.0/24", "198.51.100.0/24", 0},
		{"gw.example,203.0.113.0/24", "198.51.100.0/24", CHECK_UNKNOWN},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct connection *c;
		struct conf *conf;
		struct diag why;
		char text[256];

		test_row(i, "%s...%s", cases[i].left, cases[i].right);
		snprintf(text, sizeof(text), "conn a\n left=%s\n right=%s\n authby=secret\n",
			 cases[i].left, cases[i].right);
		assert_int_equal(conf_parse(view_str(text), "/x", &conf, NULL), CYG_OK);
		assert_int_equal(conf_connection(conf, "a", &c, NULL, &why), CYG_OK);
		assert_int_equal(check_orient(c, &host, NULL), cases[i].want);
		connection_unref(c);
		conf_free(conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_end_is_here),
	};

	return cmocka_run_group_tests_name("ipsec/check_orient", tests, set_up, NULL);
}
