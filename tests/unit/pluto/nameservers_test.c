/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/nameservers.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void who_is_a_name_server(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} rows[] = {
		{"", false},
		{"nameserver", false},
		{"nameserver \n", false},
		{"nameserver 192.0.2.99\n", false},
		{"#nameserver 192.0.2.1\n", false},
		{"search 192.0.2.1\n", false},
		{"nameservers 192.0.2.1\n", false},
		{"nameserver 192.0.2.1", true},
		{"search example\nnameserver\t 192.0.2.1 \n", true},
		{"nameserver 192.0.2.99\r\nnameserver 192.0.2.1\r\n", true},
		{"nameserver 192.0.2.1%eth0\n", true},
	};
	static const struct ip_addr addr = {IP_V4, {192, 0, 2, 1}};
	char path[] = "/tmp/nameservers-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		FILE *f = fopen(path, "w");

		test_row(i, "%s", rows[i].text);
		assert_non_null(f);
		fputs(rows[i].text, f);
		fclose(f);
		assert_int_equal(nameservers_has(path, &addr), rows[i].yes);
	}
	unlink(path);
	assert_false(nameservers_has(path, &addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_is_a_name_server)};

	return cmocka_run_group_tests_name("pluto/nameservers", tests, NULL, NULL);
}
