/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/url.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void only_some_urls_are_fetched(void **state)
{
	static const struct {
		const char *url;
		enum cyg_err err;
	} rows[] = {
		{"", CYG_UNSUPPORTED},
		{"file:///etc/shadow", CYG_UNSUPPORTED},
		{"gopher://host/", CYG_UNSUPPORTED},
		{"httpx://host/", CYG_UNSUPPORTED},
		{"host/a.crl", CYG_UNSUPPORTED},
		{"http://", CYG_MALFORMED},
		{"http:///a.crl", CYG_MALFORMED},
		{"http://:80/", CYG_MALFORMED},
		{"http://user:word@host/", CYG_MALFORMED},
		{"http://host/a b", CYG_MALFORMED},
		{"http://host/a\r\nX: y", CYG_MALFORMED},
		{"http://host/\xc3\xa4", CYG_MALFORMED},
		{"ldap:///cn=ca", CYG_MALFORMED},
		{"http://host", CYG_OK},
		{"HTTP://host/a.crl", CYG_OK},
		{"https://[2001:db8::1]:8443/a@b", CYG_OK},
		{"ldap://host/cn=ca?certificateRevocationList;binary", CYG_OK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct diag why;

		test_row(i, "%s", rows[i].url);
		diag_clear(&why);
		assert_int_equal(url_check(rows[i].url, &why), rows[i].err);
		assert_int_equal(diag_is_set(&why), rows[i].err != CYG_OK);
	}
}

static void a_long_url_is_refused(void **state)
{
	char url[URL_MAX + 2];
	struct diag why;

	memset(url, 'a', sizeof(url));
	memcpy(url, "http://h/", 9);
	url[URL_MAX + 1] = '\0';
	assert_int_equal(url_check(url, &why), CYG_LIMIT);
	url[URL_MAX] = '\0';
	assert_int_equal(url_check(url, &why), CYG_OK);
}

static void the_server_is_told(void **state)
{
	char host[64];

	assert_string_equal(url_host("http://a.example:8080/x?y", host, sizeof(host)),
			    "a.example:8080");
	assert_string_equal(url_host("LDAPS://b.example", host, sizeof(host)), "b.example");
	assert_string_equal(url_host("nothing", host, sizeof(host)), "");
	assert_true(url_is_ldap("LDAPS://b.example") && !url_is_ldap("http://ldap/"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_some_urls_are_fetched),
		cmocka_unit_test(a_long_url_is_refused),
		cmocka_unit_test(the_server_is_told),
	};

	return RUN_TESTS("fetch/url", tests);
}
