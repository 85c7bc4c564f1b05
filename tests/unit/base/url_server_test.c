/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url_server.h"

#include "tests/unit/support/test.h"

#include <string.h>

static void one_server_is_one_text(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"nothing", "nothing"},
		{"gopher://Host/x", "gopher://host"},
		{"http://", "http://:80"},
		{"http://a.example/x:9/y", "http://a.example:80"},
		{"HTTP://A.Example:/x", "http://a.example:80"},
		{"http://a.example:80", "http://a.example:80"},
		{"http://a.example:8080?q=1", "http://a.example:8080"},
		{"https://a.example#x", "https://a.example:443"},
		{"ldap://a.example/cn=A", "ldap://a.example:389"},
		{"LDAPS://a.example/cn=A", "ldaps://a.example:636"},
		{"http://[2001:DB8::1]/x", "http://[2001:db8::1]:80"},
		{"http://[2001:db8::1]:81/x", "http://[2001:db8::1]:81"},
	};
	char buf[URL_SERVER_MAX];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i][0]);
		assert_string_equal(url_server(rows[i][0], buf, sizeof(buf)), rows[i][1]);
	}
}

static void a_long_one_is_cut(void **state)
{
	char buf[12];

	assert_string_equal(url_server("http://a.example/", buf, sizeof(buf)), "http://a.ex");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_server_is_one_text),
		cmocka_unit_test(a_long_one_is_cut),
	};

	return RUN_TESTS("base/url_server", tests);
}
