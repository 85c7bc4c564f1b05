/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/ip_proto.h"

#include "tests/unit/support/test.h"

static void unknown_names_and_numbers(void **state)
{
	static const char *const rows[] = {"", "t", "tcpx", "6", "%any"};
	uint8_t proto = 77;
	uint16_t port = 7777;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_false(ip_proto_by_name(rows[i], &proto));
		assert_false(ip_service_by_name(rows[i], &port));
	}
	assert_int_equal(proto, 77);
	assert_int_equal(port, 7777);
	assert_null(ip_proto_name(0));
	assert_null(ip_proto_name(255));
	assert_null(ip_proto_nearest("zzzzzz"));
}

static void names_and_numbers_agree(void **state)
{
	unsigned named = 0;

	for (unsigned n = 0; n < 256; n++) {
		const char *name = ip_proto_name((uint8_t)n);
		uint8_t back;

		if (!name)
			continue;
		assert_true(ip_proto_by_name(name, &back));
		assert_int_equal(back, n);
		named++;
	}
	assert_true(named > 15);
}

static void well_known_ones(void **state)
{
	uint8_t proto;
	uint16_t port;

	assert_true(ip_proto_by_name("TCP", &proto));
	assert_int_equal(proto, 6);
	assert_true(ip_proto_by_name("ipv6-icmp", &proto));
	assert_int_equal(proto, 58);
	assert_true(ip_service_by_name("l2tp", &port));
	assert_int_equal(port, 1701);
	assert_true(ip_service_by_name("Https", &port));
	assert_int_equal(port, 443);
	assert_string_equal(ip_proto_nearest("upd"), "udp");
	assert_string_equal(ip_service_nearest("domian"), "domain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_names_and_numbers),
		cmocka_unit_test(names_and_numbers_agree),
		cmocka_unit_test(well_known_ones),
	};
	return RUN_TESTS("conn/ip_proto", tests);
}
