/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/listen.h"

#include "policy/policy.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void bad_lists_are_refused(void **state)
{
	static const char *const rows[] = {
		"eth0",         "192.0.2.1,", "192.0.2.1;192.0.2.2", "192.0.2.1, 192.0.2.2",
		"192.0.2.0/24", ",",          "192.0.2.1,,192.0.2.2"};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i]);
		if (i == 1) /* a comma at the end does no harm */
			assert_true(listen_valid(rows[i]));
		else
			assert_false(listen_valid(rows[i]));
	}
}

static void only_what_is_listed_is_kept(void **state)
{
	struct host_address addresses[3] = {{.interface = "a"},
					    {.interface = "b"},
					    {.interface = "c"}};
	struct host_view from = {.addresses = addresses, .addresses_len = 3}, got;

	assert_int_equal(ip_parse("192.0.2.1", &addresses[0].addr), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.2", &addresses[1].addr), CYG_OK);
	assert_int_equal(ip_parse("2001:db8::1", &addresses[2].addr), CYG_OK);
	from.default_v4.addr = addresses[0].addr;
	from.default_v6.addr = addresses[2].addr;

	assert_int_equal(listen_filter(NULL, &from, &got), CYG_OK);
	assert_int_equal(got.addresses_len, 3);
	free((void *)got.addresses);

	assert_int_equal(listen_filter("192.0.2.2,2001:db8::1", &from, &got), CYG_OK);
	assert_int_equal(got.addresses_len, 2);
	assert_string_equal(got.addresses[0].interface, "b");
	assert_false(ip_is_set(&got.default_v4.addr));
	assert_true(ip_is_set(&got.default_v6.addr));
	free((void *)got.addresses);
}

static void ports_of_ones_own(void **state)
{
	static const struct {
		int local;
		uint16_t left, right, want; /* want 0: none */
	} rows[] = {
		{-1, 2500, 2600, 0}, {0, 0, 2600, 0},       {0, 500, 0, 0},
		{0, 4500, 0, 0},     {0, 2500, 2600, 2500}, {1, 2500, 2600, 2600},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = connection_new("x");
		struct loaded l = {.connection = c, .local = (int8_t)rows[i].local};
		struct endpoint e = {.port = 0};

		test_row(i, "%d %u %u", rows[i].local, rows[i].left, rows[i].right);
		assert_int_equal(ip_parse("192.0.2.1", &l.local_addr), CYG_OK);
		c->end[0].ike_port = rows[i].left;
		c->end[1].ike_port = rows[i].right;
		assert_int_equal(listen_own_port(&l, &e), rows[i].want != 0);
		assert_int_equal(e.port, rows[i].want);
		connection_unref(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_lists_are_refused),
		cmocka_unit_test(only_what_is_listed_is_kept),
		cmocka_unit_test(ports_of_ones_own),
	};

	return RUN_TESTS("pluto/listen", tests);
}
