/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/offload.h"

#include "plane/esp/checksum.h"
#include "tests/unit/plane/fixture.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>

static bool parse(const struct virtio_net_hdr *h, struct offload *ret)
{
	uint8_t octets[OFFLOAD_HEADER];

	memcpy(octets, h, sizeof(octets));
	return offload_parse(octets, ret);
}

static void what_was_not_asked_for_is_refused(void **state)
{
	static const struct virtio_net_hdr rows[] = {
		{.gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 1000}, /* fragments */
		{.gso_type = VIRTIO_NET_HDR_GSO_TCPV4},                 /* of no size */
		{.gso_type = 0x7f, .gso_size = 1000},
		{.gso_type = 2, .gso_size = 1000},
	};
	struct offload o;

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_false(parse(&rows[i], &o));
}

static void headers_are_read_as_they_are_written(void **state)
{
	struct offload o = {.each = 1400,
			    .header_len = 54,
			    .needs_checksum = true,
			    .checksum_start = 34,
			    .checksum_offset = 16};
	uint8_t octets[OFFLOAD_HEADER];

	for (int kind = OFFLOAD_NONE; kind <= OFFLOAD_UDP; kind++) {
		struct offload got;

		o.kind = (uint8_t)kind;
		offload_build(&o, octets);
		assert_true(offload_parse(octets, &got));
		assert_int_equal(got.kind, kind);
		assert_int_equal(got.each, 1400);
		assert_int_equal(got.header_len, 54);
		assert_true(got.needs_checksum);
		assert_int_equal(got.checksum_start, 34);
		assert_int_equal(got.checksum_offset, 16);
	}
}

static void ecn_of_tcp_is_no_kind_of_its_own(void **state)
{
	struct virtio_net_hdr h = {.gso_type = VIRTIO_NET_HDR_GSO_TCPV6 |
					       VIRTIO_NET_HDR_GSO_ECN,
				   .gso_size = 9};
	struct offload o;

	assert_true(parse(&h, &o));
	assert_int_equal(o.kind, OFFLOAD_TCP6);
}

static void a_checksum_outside_the_payload_is_refused(void **state)
{
	static const struct {
		uint16_t start, offset;
	} rows[] = {{100, 0}, {20, 79}, {65535, 65535}, {99, 0},
		    {98, 1},  {0, 0},   {0, 26},        {19, 7}};
	static const struct flow f = {.family = IP_V4, .header_len = 20, .total_len = 100};
	uint8_t packet[100] = {0x45};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct offload o = {.needs_checksum = true,
				    .checksum_start = rows[i].start,
				    .checksum_offset = rows[i].offset};

		assert_false(offload_complete(&o, packet, &f));
	}
}

static void what_is_missing_is_completed(void **state)
{
	static const char *ends[][2] = {{"10.1.0.5", "10.2.0.5"},
					{"2001:db8:1::5", "2001:db8:2::5"}};
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};

	for (size_t i = 0; i < 4; i++) {
		struct packet_spec spec = {.src = ends[i / 2][0],
					   .dst = ends[i / 2][1],
					   .proto = protos[i % 2],
					   .src_port = 1,
					   .dst_port = 2,
					   .payload = 99};
		struct offload o = {.needs_checksum = true};
		uint8_t packet[300];
		size_t len = make_packet(&spec, packet, sizeof(packet));
		struct flow f;

		assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
		o.checksum_start = i / 2 ? 40 : 20;
		o.checksum_offset = spec.proto == IPPROTO_TCP ? 16 : 6;
		put16(packet + o.checksum_start + o.checksum_offset,
		      (uint16_t)~checksum_fold(
			      checksum_pseudo(packet, spec.proto, len - o.checksum_start)));
		assert_false(checksums_right(view_of(packet, len)));
		assert_true(offload_complete(&o, packet, &f));
		assert_true(checksums_right(view_of(packet, len)));
		o.needs_checksum = false;
		packet[len - 1] ^= 1;
		assert_true(offload_complete(&o, packet, &f));
		assert_false(checksums_right(view_of(packet, len)));
	}
}

/* RFC 768: a sum of zero is sent as all ones. */
static void a_udp_sum_of_zero_is_all_ones(void **state)
{
	struct offload o = {.needs_checksum = true, .checksum_start = 20, .checksum_offset = 6};
	struct flow f = {.header_len = 20, .total_len = 30, .proto = IPPROTO_UDP};
	uint8_t packet[30] = {0x45};

	put16(packet + 28, 0xffff);
	assert_true(offload_complete(&o, packet, &f));
	assert_int_equal(get16(packet + 26), 0xffff);
	f.proto = IPPROTO_TCP;
	put16(packet + 26, 0);
	assert_true(offload_complete(&o, packet, &f));
	assert_int_equal(get16(packet + 26), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_asked_for_is_refused),
		cmocka_unit_test(headers_are_read_as_they_are_written),
		cmocka_unit_test(ecn_of_tcp_is_no_kind_of_its_own),
		cmocka_unit_test(a_checksum_outside_the_payload_is_refused),
		cmocka_unit_test(what_is_missing_is_completed),
		cmocka_unit_test(a_udp_sum_of_zero_is_all_ones),
	};

	return RUN_TESTS("plane/offload", tests);
}
