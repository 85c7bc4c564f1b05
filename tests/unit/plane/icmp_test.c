/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/icmp.h"

#include "tests/unit/plane/fixture.h"

#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

/* Nobody is told about these (RFC 1122 3.2.2, RFC 4443 2.4). */
static struct ip_addr addresses[2];

static const struct ip_addr *own_address(const struct flow *f)
{
	addresses[0] = make_ip("192.0.2.77");
	addresses[1] = make_ip("2001:db8::77");
	return &addresses[f->family == IP_V6];
}

static const struct ip_addr *other_family(const struct flow *f)
{
	own_address(f);
	return &addresses[f->family == IP_V4];
}

static void some_packets_get_no_error(void **state)
{
	static const struct {
		const char *what;
		struct packet_spec spec;
		int icmp_type; /* -1: as made */
	} rows[] = {
		{"a later fragment",
		 {.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 17, .payload = 8, .offset = 8},
		 -1},
		{"to multicast", {.src = "10.0.0.1", .dst = "224.0.0.5", .proto = 17}, -1},
		{"to all", {.src = "10.0.0.1", .dst = "255.255.255.255", .proto = 17}, -1},
		{"from nobody", {.src = "0.0.0.0", .dst = "10.0.0.2", .proto = 17}, -1},
		{"from loopback", {.src = "127.0.0.1", .dst = "10.0.0.2", .proto = 17}, -1},
		{"from multicast", {.src = "239.1.1.1", .dst = "10.0.0.2", .proto = 17}, -1},
		{"unreachable",
		 {.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 1, .payload = 28},
		 3},
		{"redirect",
		 {.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 1, .payload = 28},
		 5},
		{"time exceeded",
		 {.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 1, .payload = 28},
		 11},
		{"to IPv6 multicast",
		 {.src = "2001:db8::1", .dst = "ff02::1", .proto = 17},
		 -1},
		{"from IPv6 nobody", {.src = "::", .dst = "2001:db8::1", .proto = 17}, -1},
		{"IPv6 too big",
		 {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 58, .payload = 48},
		 2},
		{"IPv6 redirect",
		 {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 58, .payload = 48},
		 137},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t packet[256], out[ICMP_ERROR_MAX];
		size_t len = make_packet(&rows[i].spec, packet, sizeof(packet));
		struct flow f;

		test_row(i, "%s", rows[i].what);
		if (rows[i].icmp_type >= 0)
			packet[rows[i].spec.proto == 1 ? 20 : 40] = (uint8_t)rows[i].icmp_type;
		assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
		assert_false(icmp_may_answer(&f));
		assert_int_equal(icmp_error(ICMP_TOO_BIG, view_of(packet, len), &f, 1300,
					    own_address(&f), out),
				 0);
		assert_int_equal(icmp_error(ICMP_PROHIBITED, view_of(packet, len), &f, 0,
					    own_address(&f), out),
				 0);
	}
}

static void errors_are_well_formed(void **state)
{
	static const struct {
		struct packet_spec spec;
		enum icmp_reason reason;
		uint8_t type, code;
		size_t len, mtu_at;
	} rows[] = {
		{{.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 17, .payload = 4},
		 ICMP_TOO_BIG,
		 3,
		 4,
		 28 + 32,
		 26},
		{{.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 6, .payload = 1400},
		 ICMP_TOO_BIG,
		 3,
		 4,
		 576,
		 26},
		{{.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 1, .payload = 5},
		 ICMP_PROHIBITED,
		 3,
		 13,
		 28 + 33,
		 0},
		{{.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 17, .payload = 5},
		 ICMP_TOO_BIG,
		 2,
		 0,
		 48 + 53,
		 46},
		{{.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 6, .payload = 1400},
		 ICMP_TOO_BIG,
		 2,
		 0,
		 1280,
		 46},
		{{.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 58, .payload = 8},
		 ICMP_PROHIBITED,
		 1,
		 1,
		 48 + 56,
		 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t packet[2048], out[ICMP_ERROR_MAX];
		size_t len = make_packet(&rows[i].spec, packet, sizeof(packet)), got, header;
		struct flow f, e;
		struct ip_addr to, source, from = make_ip(rows[i].spec.src);
		const struct ip_addr *own;

		test_row(i, "%s protocol %u", rows[i].spec.src, rows[i].spec.proto);
		assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
		own = own_address(&f);
		assert_true(icmp_may_answer(&f));
		assert_int_equal(icmp_error(rows[i].reason, view_of(packet, len), &f, 1234,
					    other_family(&f), out),
				 0);
		got = icmp_error(rows[i].reason, view_of(packet, len), &f, 1234, own, out);
		assert_int_equal(got, rows[i].len);
		assert_int_equal(inner_parse(view_of(out, got), &e), INNER_OK);
		to = inner_dst(&e);
		assert_true(ip_equal(&to, &from));
		source = inner_src(&e);
		assert_true(ip_equal(&source, own));
		assert_true(checksums_right(view_of(out, got)));
		header = e.header_len;
		assert_int_equal(out[header], rows[i].type);
		assert_int_equal(out[header + 1], rows[i].code);
		if (rows[i].mtu_at)
			assert_int_equal(out[rows[i].mtu_at] << 8 | out[rows[i].mtu_at + 1],
					 1234);
		assert_memory_equal(out + header + 8, packet, got - header - 8);
	}
}

static void the_limiter_limits(void **state)
{
	struct limiter l = {.rate = 10, .burst = 3};
	nsec now = 5 * NSEC_PER_SEC;
	int went = 0;

	for (int i = 0; i < 5; i++)
		assert_int_equal(limiter_take(&l, now), i < 3);
	assert_false(limiter_take(&l, now + 99 * NSEC_PER_MS));
	assert_true(limiter_take(&l, now + 100 * NSEC_PER_MS));
	assert_false(limiter_take(&l, now + 199 * NSEC_PER_MS));
	assert_true(limiter_take(&l, now + 200 * NSEC_PER_MS));
	/* A long rest fills it to the brim and no further. */
	now += 1000 * NSEC_PER_SEC;
	for (int i = 0; i < 5; i++)
		assert_int_equal(limiter_take(&l, now), i < 3);
	for (int ms = 1; ms <= 10000; ms++)
		went += limiter_take(&l, now + (nsec)ms * NSEC_PER_MS);
	assert_int_equal(went, 100);
}

static void *take_all(void *ctx)
{
	struct limiter *l = ctx;
	uintptr_t went = 0;

	for (int i = 0; i < 1000; i++)
		went += limiter_take(l, NSEC_PER_SEC);
	return (void *)went;
}

static void threads_share_the_limit(void **state)
{
	struct limiter l = {.rate = 1000, .burst = 700};
	pthread_t threads[4];
	uintptr_t went = 0;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, &l), 0);
	for (size_t i = 0; i < 4; i++) {
		void *some;

		assert_int_equal(pthread_join(threads[i], &some), 0);
		went += (uintptr_t)some;
	}
	assert_int_equal(went, 700);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_packets_get_no_error),
		cmocka_unit_test(errors_are_well_formed),
		cmocka_unit_test(the_limiter_limits),
		cmocka_unit_test(threads_share_the_limit),
	};

	return RUN_TESTS("plane/icmp", tests);
}
