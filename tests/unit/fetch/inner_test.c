/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/inner.h"

#include "tests/unit/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool is_inner(const char *text)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return address_is_inner((struct sockaddr *)&four, sizeof(four));
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return address_is_inner((struct sockaddr *)&six, sizeof(six));
}

static void addresses_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool inner;
	} rows[] = {
		{"0.0.0.0", true},
		{"10.255.0.1", true},
		{"100.64.0.1", true},
		{"100.127.255.255", true},
		{"127.0.0.1", true},
		{"169.254.169.254", true},
		{"172.16.0.1", true},
		{"172.31.255.255", true},
		{"192.168.1.1", true},
		{"::", true},
		{"::1", true},
		{"::ffff:127.0.0.1", true},
		{"fe80::1", true},
		{"febf::1", true},
		{"fd00::1", true},
		{"::ffff:10.0.0.1", true},
		{"9.255.255.255", false},
		{"11.0.0.0", false},
		{"100.63.255.255", false},
		{"100.128.0.0", false},
		{"126.255.255.255", false},
		{"172.15.255.255", false},
		{"172.32.0.0", false},
		{"192.0.2.1", false},
		{"192.169.0.1", false},
		{"2001:db8::1", false},
		{"fec0::1", false},
		{"::ffff:8.8.8.8", false},
		{"fbff::1", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].text);
		assert_int_equal(is_inner(rows[i].text), rows[i].inner);
	}
	assert_true(address_is_inner(&(struct sockaddr){.sa_family = AF_UNIX}, 2));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_are_told_apart)};

	return RUN_TESTS("fetch/inner", tests);
}
