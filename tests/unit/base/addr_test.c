/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include "tests/unit/support/test.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* An address from text that must be one. */
static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static void texts_that_are_no_address(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"1.2.3.-4",
		"01.2.3.4",
		"0x1.2.3.4",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4/32",
		"a.b.c.d",
		":",
		":::",
		"1::2::3",
		"2001:db8::g",
		"12345::",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"fe80::1%eth0",
		"[::1]",
		"::1.2.3",
		"%any",
		"localhost",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_addr a = ip("192.0.2.99"), before = a;

		test_row(i, "'%s'", rows[i]);
		assert_int_equal(ip_parse(rows[i], &a), CYG_MALFORMED);
		assert_true(ip_equal(&a, &before));
	}
}

static void texts_and_how_they_print(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"9.10.99.100", "9.10.99.100"},
		{"::", "::"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"2001:db8::192.0.2.1", "2001:db8::c000:201"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_addr a = ip(rows[i].text), again = ip(rows[i].printed);
		char buf[IP_TEXT_MAX];

		test_row(i, "%s", rows[i].text);
		assert_string_equal(ip_print(&a, buf), rows[i].printed);
		assert_true(ip_equal(&a, &again));
	}
}

static void the_unset_address(void **state)
{
	struct ip_addr none = {0};
	char buf[IP_TEXT_MAX];

	assert_false(ip_is_set(&none));
	assert_false(ip_is_any(&none));
	assert_false(ip_is_loopback(&none));
	assert_int_equal(ip_len(&none), 0);
	assert_int_equal(ip_bits(&none), 0);
	assert_int_equal(ip_view(&none).len, 0);
	assert_false(ip_next(&none));
	assert_string_equal(ip_print(&none, buf), "%none");
}

static void other_lengths_give_no_address(void **state)
{
	static const uint8_t octets[17];

	for (size_t len = 0; len <= 17; len++) {
		struct ip_addr a = ip_from_view(view_of(octets, len));

		test_row(len, "octets");
		assert_int_equal(a.family, len == 4 ? IP_V4 : len == 16 ? IP_V6 : IP_NONE);
	}
}

static void octets_round_trip(void **state)
{
	struct ip_addr v4 = ip("192.0.2.1"), v6 = ip("2001:db8::1"), back;

	assert_view_equal(ip_view(&v4), LITERAL("\xc0\0\x02\x01"));
	back = ip_from_view(ip_view(&v4));
	assert_true(ip_equal(&back, &v4));
	back = ip_from_view(ip_view(&v6));
	assert_true(ip_equal(&back, &v6));
	assert_int_equal(ip_bits(&v4), 32);
	assert_int_equal(ip_bits(&v6), 128);
}

static void order(void **state)
{
	static const char *const rising[] = {
		"0.0.0.0", "1.2.3.4", "1.2.4.0", "128.0.0.0", "255.255.255.255",
		"::",      "::1",     "1::",     "8000::",
	};

	for (size_t i = 0; i < COUNT_OF(rising); i++) {
		for (size_t j = 0; j < COUNT_OF(rising); j++) {
			struct ip_addr a = ip(rising[i]), b = ip(rising[j]);
			int got = ip_compare(&a, &b);

			assert_int_equal((got > 0) - (got < 0), (i > j) - (i < j));
			assert_int_equal(ip_equal(&a, &b), i == j);
		}
	}
}

static void special_addresses(void **state)
{
	static const struct {
		const char *text;
		bool any, loopback;
	} rows[] = {
		{"0.0.0.0", true, false},     {"0.0.0.1", false, false},
		{"::", true, false},          {"127.0.0.1", false, true},
		{"127.255.0.9", false, true}, {"128.0.0.1", false, false},
		{"::1", false, true},         {"::2", false, false},
		{"7f00::", false, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_addr a = ip(rows[i].text);

		test_row(i, "%s", rows[i].text);
		assert_int_equal(ip_is_any(&a), rows[i].any);
		assert_int_equal(ip_is_loopback(&a), rows[i].loopback);
	}
}

static void the_next_address(void **state)
{
	static const struct {
		const char *from, *to; /* NULL: there is none */
	} rows[] = {
		{"255.255.255.255", NULL},    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
		{"192.0.2.1", "192.0.2.2"},   {"192.0.2.255", "192.0.3.0"},
		{"0.255.255.255", "1.0.0.0"}, {"2001:db8::ffff", "2001:db8::1:0"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_addr a = ip(rows[i].from),
			       to = ip(rows[i].to ? rows[i].to : rows[i].from);

		test_row(i, "%s", rows[i].from);
		assert_int_equal(ip_next(&a), rows[i].to != NULL);
		assert_true(ip_equal(&a, &to));
	}
}

static void other_socket_families_give_no_address(void **state)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNIX};
	struct endpoint e = endpoint_from_sockaddr((struct sockaddr *)&ss), none = {0};

	assert_false(ip_is_set(&e.addr));
	assert_int_equal(endpoint_to_sockaddr(&none, &ss), 0);
	assert_int_equal(ss.ss_family, AF_UNSPEC);
}

static void endpoints(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
		const char *printed;
		unsigned len;
	} rows[] = {
		{"192.0.2.1", 500, "192.0.2.1:500", sizeof(struct sockaddr_in)},
		{"255.255.255.255", 65535, "255.255.255.255:65535", sizeof(struct sockaddr_in)},
		{"2001:db8::1", 4500, "[2001:db8::1]:4500", sizeof(struct sockaddr_in6)},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct endpoint e = {ip(rows[i].addr), rows[i].port}, back;
		struct sockaddr_storage ss;
		char buf[ENDPOINT_TEXT_MAX];

		test_row(i, "%s", rows[i].printed);
		assert_string_equal(endpoint_print(&e, buf), rows[i].printed);
		assert_int_equal(endpoint_to_sockaddr(&e, &ss), rows[i].len);
		back = endpoint_from_sockaddr((struct sockaddr *)&ss);
		assert_true(endpoint_equal(&back, &e));
		back.port++;
		assert_false(endpoint_equal(&back, &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_address),
		cmocka_unit_test(texts_and_how_they_print),
		cmocka_unit_test(the_unset_address),
		cmocka_unit_test(other_lengths_give_no_address),
		cmocka_unit_test(octets_round_trip),
		cmocka_unit_test(order),
		cmocka_unit_test(special_addresses),
		cmocka_unit_test(the_next_address),
		cmocka_unit_test(other_socket_families_give_no_address),
		cmocka_unit_test(endpoints),
	};

	return RUN_TESTS("base/addr", tests);
}
