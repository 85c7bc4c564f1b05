/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/inner.h"

#include "plane/esp/checksum.h"

#include "tests/unit/plane/fixture.h"

#include <netinet/in.h>
#include <string.h>

/* Whole packets in hex whose headers lie. */
static void bad_packets_are_refused(void **state)
{
	static const struct {
		const char *what, *hex;
		enum inner_verdict verdict;
	} rows[] = {
		{"nothing", "", INNER_SHORT},
		{"version 0", "0500001400000000400000000a0000010a000002", INNER_MALFORMED},
		{"version 5", "5500001400000000400000000a0000010a000002", INNER_MALFORMED},
		{"IPv4 of one octet", "45", INNER_SHORT},
		{"IPv4 of 19 octets", "4500001400000000400000000a0000010a0000", INNER_SHORT},
		{"header length 4", "4100001400000000400000000a0000010a000002",
		 INNER_MALFORMED},
		{"header longer than the packet", "4f00001400000000400000000a0000010a000002",
		 INNER_MALFORMED},
		{"total length below the header's", "4500001300000000400000000a0000010a000002",
		 INNER_MALFORMED},
		{"total length 0", "4500000000000000400000000a0000010a000002", INNER_MALFORMED},
		{"total length too long", "4500001500000000400000000a0000010a000002",
		 INNER_SHORT},
		{"IPv4, no payload", "4500001400000000401100000a0000010a000002", INNER_OK},
		{"IPv6 without payload",
		 "60000000000011402001000000000000000000000000000120010000000000000000000000000000",
		 INNER_OK},
		{"IPv6 of 39 octets",
		 "600000000000114020010000000000000000000000000001200100000000000000000000000000",
		 INNER_SHORT},
		{"IPv6 payload too long",
		 "60000000000111402001000000000000000000000000000120010000000000000000000000000000",
		 INNER_SHORT},
		{"an extension header cut off",
		 "60000000000000402001000000000000000000000000000120010000000000000000000000000000",
		 INNER_SHORT},
		{"an extension header of too many octets",
		 "6000000000080040200100000000000000000000000000012001000000000000000000000000000011ff000000000000",
		 INNER_SHORT},
	};
	struct flow f;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		assert_int_equal(inner_parse(test_hex(rows[i].hex), &f), rows[i].verdict);
	}
}

static void every_cut_is_short(void **state)
{
	static const struct packet_spec specs[] = {
		{.src = "10.0.0.1",
		 .dst = "10.0.0.2",
		 .proto = IPPROTO_TCP,
		 .mss = 1400,
		 .payload = 9,
		 .options = 8},
		{.src = "2001:db8::1",
		 .dst = "2001:db8::2",
		 .proto = IPPROTO_UDP,
		 .payload = 9},
	};

	for (size_t i = 0; i < COUNT_OF(specs); i++) {
		uint8_t packet[256];
		size_t len = make_packet(&specs[i], packet, sizeof(packet));
		struct flow f;

		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *exact = cut ? memcpy(test_malloc(cut), packet, cut) : NULL;

			assert_int_equal(inner_parse(view_of(exact, cut), &f), INNER_SHORT);
			if (exact)
				test_free(exact);
		}
		assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
	}
}

static void a_chain_of_extensions_ends(void **state)
{
	uint8_t packet[40 + 17 * 8] = {0x60};
	struct flow f;

	packet[5] = 17 * 8;
	packet[6] = IPPROTO_DSTOPTS;
	for (int i = 0; i < 17; i++)
		packet[40 + 8 * i] = IPPROTO_DSTOPTS;
	assert_int_equal(inner_parse(view_of(packet, sizeof(packet)), &f), INNER_MALFORMED);
	packet[40 + 8 * 15] = IPPROTO_NONE;
	assert_int_equal(inner_parse(view_of(packet, sizeof(packet)), &f), INNER_OK);
	assert_int_equal(f.proto, IPPROTO_NONE);
	assert_int_equal(f.header_len, 40 + 16 * 8);
}

static void flows_are_read(void **state)
{
	static const struct {
		struct packet_spec spec;
		uint16_t src_port, dst_port;
		bool has_ports, later, first;
	} rows[] = {
		{{.src = "10.1.2.3",
		  .dst = "10.4.5.6",
		  .proto = IPPROTO_TCP,
		  .src_port = 1000,
		  .dst_port = 80,
		  .payload = 5,
		  .tos = 0xb8,
		  .df = true},
		 1000,
		 80,
		 true,
		 false,
		 false},
		{{.src = "10.1.2.3",
		  .dst = "10.4.5.6",
		  .proto = IPPROTO_UDP,
		  .src_port = 53,
		  .dst_port = 5353,
		  .options = 40},
		 53,
		 5353,
		 true,
		 false,
		 false},
		{{.src = "10.1.2.3", .dst = "10.4.5.6", .proto = IPPROTO_ICMP, .payload = 8},
		 0x800,
		 0x800,
		 true,
		 false,
		 false},
		{{.src = "10.1.2.3", .dst = "10.4.5.6", .proto = 47, .payload = 8},
		 0,
		 0,
		 false,
		 false,
		 false},
		{{.src = "10.1.2.3",
		  .dst = "10.4.5.6",
		  .proto = IPPROTO_UDP,
		  .src_port = 1,
		  .dst_port = 2,
		  .payload = 8,
		  .more = true},
		 1,
		 2,
		 true,
		 false,
		 true},
		{{.src = "10.1.2.3",
		  .dst = "10.4.5.6",
		  .proto = IPPROTO_UDP,
		  .payload = 16,
		  .offset = 16,
		  .more = true},
		 0,
		 0,
		 false,
		 true,
		 false},
		{{.src = "10.1.2.3",
		  .dst = "10.4.5.6",
		  .proto = IPPROTO_UDP,
		  .payload = 16,
		  .offset = 65528},
		 0,
		 0,
		 false,
		 true,
		 false},
		{{.src = "2001:db8::1",
		  .dst = "2001:db8:ffff::2",
		  .proto = IPPROTO_TCP,
		  .src_port = 9,
		  .dst_port = 10,
		  .tos = 0x2e},
		 9,
		 10,
		 true,
		 false,
		 false},
		{{.src = "2001:db8::1",
		  .dst = "2001:db8:ffff::2",
		  .proto = IPPROTO_ICMPV6,
		  .payload = 8},
		 0x8000,
		 0x8000,
		 true,
		 false,
		 false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t packet[512];
		size_t len = make_packet(&rows[i].spec, packet, sizeof(packet));
		struct ip_addr src = make_ip(rows[i].spec.src), dst = make_ip(rows[i].spec.dst),
			       got;
		struct flow f;

		test_row(i, "%s protocol %u", rows[i].spec.src, rows[i].spec.proto);
		/* What follows the packet is padding (RFC 4303 2.7). */
		memset(packet + len, 0xee, 20);
		assert_int_equal(inner_parse(view_of(packet, len + 20), &f), INNER_OK);
		assert_int_equal(f.total_len, len);
		assert_int_equal(f.proto, rows[i].spec.proto);
		assert_int_equal(f.tos, rows[i].spec.tos);
		assert_int_equal(f.src_port, rows[i].src_port);
		assert_int_equal(f.dst_port, rows[i].dst_port);
		assert_int_equal(f.has_ports, rows[i].has_ports);
		assert_int_equal(f.later_fragment, rows[i].later);
		assert_int_equal(f.first_fragment, rows[i].first);
		assert_int_equal(f.dont_fragment, f.family == IP_V6 || rows[i].spec.df);
		got = inner_src(&f);
		assert_true(ip_equal(&got, &src));
		got = inner_dst(&f);
		assert_true(ip_equal(&got, &dst));
	}
}

static void ipv6_fragments_are_seen(void **state)
{
	/*
	 * Hop-by-hop options, then a fragment header with
	 * offset 8 (1 << 3) or 0 and more, then UDP.
	 */
	static const char later[] =
		"60000000 0018 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
		"2c00000000000000 1100000800000001 0001000200080000";
	static const char first[] =
		"60000000 0018 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
		"2c00000000000000 1100000100000001 0001000200080000";
	struct flow f;

	assert_int_equal(inner_parse(test_hex(later), &f), INNER_OK);
	assert_true(f.later_fragment && !f.has_ports && !f.first_fragment);
	assert_int_equal(f.proto, IPPROTO_UDP);
	assert_int_equal(inner_parse(test_hex(first), &f), INNER_OK);
	assert_true(!f.later_fragment && f.has_ports && f.first_fragment);
	assert_int_equal(f.dst_port, 2);
	assert_int_equal(f.header_len, 56);
}

static void selectors_hold_what_they_say(void **state)
{
	static const struct packet_spec tcp = {.src = "10.1.0.5",
					       .dst = "10.2.0.6",
					       .proto = IPPROTO_TCP,
					       .src_port = 1000,
					       .dst_port = 80};
	static const struct packet_spec later = {.src = "10.1.0.5",
						 .dst = "10.2.0.6",
						 .proto = IPPROTO_TCP,
						 .offset = 64,
						 .payload = 8};
	static const struct packet_spec icmp = {.src = "10.1.0.5",
						.dst = "10.2.0.6",
						.proto = IPPROTO_ICMP};
	static const struct packet_spec six = {.src = "2001:db8::5",
					       .dst = "2001:db8:1::6",
					       .proto = IPPROTO_UDP,
					       .src_port = 7,
					       .dst_port = 8};
	static const struct {
		const struct packet_spec *spec;
		const char *ts;
		bool dst, src;
	} rows[] = {
		{&tcp, "0.0.0.0/0", true, true},
		{&tcp, "::/0", false, false},
		{&tcp, "10.2.0.0/24", true, false},
		{&tcp, "10.2.0.6/32", true, false},
		{&tcp, "10.2.0.7/32", false, false},
		{&tcp, "10.2.0.1-10.2.0.6", true, false},
		{&tcp, "10.2.0.7-10.2.0.9", false, false},
		{&tcp, "10.1.0.1-10.1.0.5", false, true},
		{&tcp, "0.0.0.0/0[tcp/80]", true, false},
		{&tcp, "0.0.0.0/0[tcp/1000]", false, true},
		{&tcp, "0.0.0.0/0[udp/80]", false, false},
		{&tcp, "0.0.0.0/0[tcp]", true, true},
		{&tcp, "0.0.0.0/0[tcp/opaque]", false, false},
		{&later, "0.0.0.0/0[tcp]", true, true},
		{&later, "0.0.0.0/0[tcp/80]", false, false},
		{&later, "0.0.0.0/0[tcp/opaque]", true, true},
		{&icmp, "0.0.0.0/0[1/2048]", true, true},
		{&icmp, "0.0.0.0/0[1/0]", false, false},
		{&six, "::/0", true, true},
		{&six, "2001:db8:1::/48", true, false},
		{&six, "2001:db8::/48", false, true},
		{&six, "2001:db8::6-2001:db8::ffff", false, false},
		{&six, "0.0.0.0/0", false, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ts t = make_ts(rows[i].ts);
		struct selector s = selector_of(&t);
		uint8_t packet[256];
		struct flow f;

		test_row(i, "%s", rows[i].ts);
		assert_int_equal(inner_parse(view_of(packet, make_packet(rows[i].spec, packet,
									 sizeof(packet))),
					     &f),
				 INNER_OK);
		assert_int_equal(selector_has_dst(&s, &f), rows[i].dst);
		assert_int_equal(selector_has_src(&s, &f), rows[i].src);
	}
}

static void a_packets_own_selectors(void **state)
{
	static const struct packet_spec spec = {.src = "10.1.0.5",
						.dst = "10.2.0.6",
						.proto = IPPROTO_TCP,
						.src_port = 1000,
						.dst_port = 80};
	struct ts want_src = make_ts("10.1.0.5/32[tcp/1000]"),
		  want_dst = make_ts("10.2.0.6/32[tcp/80]"), got;
	uint8_t packet[256];
	struct flow f;

	assert_int_equal(
		inner_parse(view_of(packet, make_packet(&spec, packet, sizeof(packet))), &f),
		INNER_OK);
	got = inner_src_ts(&f);
	assert_true(ts_equal(&got, &want_src));
	got = inner_dst_ts(&f);
	assert_true(ts_equal(&got, &want_dst));
}

/* RFC 6040 4.2, figure 4; rows are the inner field, columns the outer one. */
static void congestion_marks_follow_the_table(void **state)
{
	enum { N = ECN_NOT_ECT, E0 = ECN_ECT0, E1 = ECN_ECT1, CE = ECN_CE, DROP = 9 };
	static const uint8_t fields[] = {N, E0, E1, CE};
	static const uint8_t table[4][4] = {
		{N, N, N, DROP},
		{E0, E0, E1, CE},
		{E1, E1, E1, CE},
		{CE, CE, CE, CE},
	};

	for (int in = 0; in < 4; in++) {
		for (int out = 0; out < 4; out++) {
			uint8_t tos = 0;
			bool kept = ecn_decapsulate(0xb8 | fields[in], 0x20 | fields[out],
						    &tos);

			test_row((size_t)(in * 4 + out), "inner %u, outer %u", fields[in],
				 fields[out]);
			assert_int_equal(kept, table[in][out] != DROP);
			if (kept)
				assert_int_equal(tos, 0xb8 | table[in][out]);
		}
	}
	for (int in = 0; in < 4; in++)
		assert_int_equal(ecn_encapsulate(0xb8 | fields[in]), 0xb8 | fields[in]);
}

static void setting_the_octet_keeps_the_checksum(void **state)
{
	static const struct packet_spec specs[] = {
		{.src = "10.1.0.5",
		 .dst = "10.2.0.6",
		 .proto = IPPROTO_UDP,
		 .payload = 3,
		 .tos = 0xfe},
		{.src = "2001:db8::5",
		 .dst = "2001:db8::6",
		 .proto = IPPROTO_UDP,
		 .payload = 3,
		 .tos = 0xfe},
	};

	for (size_t i = 0; i < COUNT_OF(specs); i++) {
		for (int tos = 0; tos < 256; tos++) {
			uint8_t packet[128];
			size_t len = make_packet(&specs[i], packet, sizeof(packet));
			struct flow f;

			inner_set_tos(packet, (uint8_t)tos);
			assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
			assert_int_equal(f.tos, tos);
			assert_true(checksums_right(view_of(packet, len)));
			if (f.family == IP_V6)
				assert_int_equal(packet[0] >> 4, 6);
		}
	}
}

static void segment_sizes_are_clamped(void **state)
{
	static const struct {
		const char *src, *dst;
		uint16_t mss;
		uint32_t mtu;
		uint16_t expected;
	} rows[] = {
		{"10.0.0.1", "10.0.0.2", 1460, 1400, 1360},
		{"10.0.0.1", "10.0.0.2", 1360, 1400, 1360},
		{"10.0.0.1", "10.0.0.2", 1361, 1400, 1360},
		{"10.0.0.1", "10.0.0.2", 536, 1400, 536},
		{"10.0.0.1", "10.0.0.2", 65535, 1400, 1360},
		{"10.0.0.1", "10.0.0.2", 1460, 100, 1460}, /* no such path works anyway */
		{"10.0.0.1", "10.0.0.2", 1460, 0, 1460},
		{"2001:db8::1", "2001:db8::2", 1440, 1400, 1340},
		{"2001:db8::1", "2001:db8::2", 1340, 1400, 1340},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet_spec spec = {.src = rows[i].src,
					   .dst = rows[i].dst,
					   .proto = IPPROTO_TCP,
					   .mss = rows[i].mss};
		uint8_t packet[128];
		size_t len = make_packet(&spec, packet, sizeof(packet));
		struct flow f;

		test_row(i, "%u at %u", rows[i].mss, rows[i].mtu);
		assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
		assert_int_equal(inner_clamp_mss(packet, &f, rows[i].mtu),
				 rows[i].mss != rows[i].expected);
		assert_int_equal(packet[len - 2] << 8 | packet[len - 1], rows[i].expected);
		assert_true(checksums_right(view_of(packet, len)));
	}
}

/*
 * Options of a SYN, at odd places and broken. The
 * checksum stays what it was to what it covers.
 */
static void options_are_walked_with_care(void **state)
{
	static const struct {
		const char *what, *options;
		bool clamped;
	} rows[] = {
		{"after a no-operation, at an odd place", "01020405b4000000", true},
		{"after two", "0101020405b40000", true},
		{"after another option", "0303070101020405b4000000", true},
		{"behind the end of the list", "00020405b4000000", false},
		{"a length of 0", "02000000", false},
		{"a length of 1", "02010000", false},
		{"a length of 3", "0203050101010101", false},
		{"a length past the end", "01010204", false},
		{"an option that ends without length", "01010102", false},
		{"another option's length past the end", "0350000000000000", false},
		{"none", "", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet_spec spec = {.src = "10.0.0.1",
					   .dst = "10.0.0.2",
					   .proto = IPPROTO_TCP};
		struct view options = test_hex(rows[i].options);
		uint8_t packet[128];
		size_t len = make_packet(&spec, packet, sizeof(packet));
		uint32_t before, after;
		struct flow f;

		test_row(i, "%s", rows[i].what);
		if (options.len)
			memcpy(packet + 40, options.ptr, options.len);
		len += options.len;
		packet[3] = (uint8_t)len;
		packet[32] = (uint8_t)((5 + options.len / 4) << 4);
		packet[33] = 0x02;
		assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
		before = checksum_fold(checksum_add(0, view_of(packet + 20, len - 20)));
		assert_int_equal(inner_clamp_mss(packet, &f, 1400), rows[i].clamped);
		after = checksum_fold(checksum_add(0, view_of(packet + 20, len - 20)));
		assert_true(before == after || before % 0xffff == after % 0xffff);
	}
}

static void only_syns_are_clamped(void **state)
{
	struct packet_spec spec = {.src = "10.0.0.1",
				   .dst = "10.0.0.2",
				   .proto = IPPROTO_TCP,
				   .mss = 1460};
	uint8_t packet[128];
	size_t len = make_packet(&spec, packet, sizeof(packet));
	struct flow f;

	assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
	packet[33] = 0x10;
	assert_false(inner_clamp_mss(packet, &f, 1000));
	packet[33] = 0x12; /* SYN and ACK */
	assert_true(inner_clamp_mss(packet, &f, 1000));
	packet[33] = 0x02;
	f.proto = IPPROTO_UDP;
	assert_false(inner_clamp_mss(packet, &f, 900));
	f.proto = IPPROTO_TCP;
	f.later_fragment = true;
	assert_false(inner_clamp_mss(packet, &f, 900));
	f.later_fragment = false;
	f.total_len = f.header_len + 19;
	assert_false(inner_clamp_mss(packet, &f, 900));
	f.total_len = f.header_len + 20; /* the header says 24 */
	assert_false(inner_clamp_mss(packet, &f, 900));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_packets_are_refused),
		cmocka_unit_test(every_cut_is_short),
		cmocka_unit_test(a_chain_of_extensions_ends),
		cmocka_unit_test(flows_are_read),
		cmocka_unit_test(ipv6_fragments_are_seen),
		cmocka_unit_test(selectors_hold_what_they_say),
		cmocka_unit_test(a_packets_own_selectors),
		cmocka_unit_test(congestion_marks_follow_the_table),
		cmocka_unit_test(setting_the_octet_keeps_the_checksum),
		cmocka_unit_test(segment_sizes_are_clamped),
		cmocka_unit_test(options_are_walked_with_care),
		cmocka_unit_test(only_syns_are_clamped),
	};

	return RUN_TESTS("plane/inner", tests);
}
