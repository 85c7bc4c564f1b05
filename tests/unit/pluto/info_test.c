/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/info.h"

#include "tests/unit/support/test.h"

#include <string.h>

static void the_default_route_becomes_shell_variables(void **state)
{
	struct host_view h = {0};
	struct text t = {0};

	strcpy(h.default_v4.interface, "eth'0");
	assert_int_equal(ip_parse("192.0.2.7", &h.default_v4.addr), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.254", &h.default_v4.nexthop), CYG_OK);
	info_text(&h, &t);
	assert_non_null(strstr(text_str(&t), "defaultroutephys='eth'\\''0'\n"));
	assert_non_null(strstr(text_str(&t), "defaultrouteaddr='192.0.2.7'\n"));
	assert_non_null(strstr(text_str(&t), "defaultroutenexthop='192.0.2.254'\n"));
	assert_non_null(strstr(text_str(&t), "defaultroute6addr=''\n"));
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_route_becomes_shell_variables),
	};

	return RUN_TESTS("pluto/info", tests);
}
