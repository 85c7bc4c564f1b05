/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/segment.h"

#include "plane/esp/checksum.h"
#include "tests/unit/plane/fixture.h"

#include <netinet/in.h>
#include <string.h>

#define FIN 0x01u
#define PSH 0x08u
#define ACK 0x10u
#define CWR 0x80u

static const struct packet_spec tcp4 = {.src = "10.1.0.5",
					.dst = "10.2.0.5",
					.proto = IPPROTO_TCP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 1000,
					.tos = 0x02,
					.df = true};
static const struct packet_spec tcp6 = {.src = "2001:db8:1::5",
					.dst = "2001:db8:2::5",
					.proto = IPPROTO_TCP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 1000};
static const struct packet_spec udp4 = {.src = "10.1.0.5",
					.dst = "10.2.0.5",
					.proto = IPPROTO_UDP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 1000,
					.options = 8};
static const struct packet_spec udp6 = {.src = "2001:db8:1::5",
					.dst = "2001:db8:2::5",
					.proto = IPPROTO_UDP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 1000};

/* A large packet and what is cut from it. */
struct whole {
	uint8_t octets[2048], before[2048];
	size_t len;
	struct flow flow;
	struct segments s;
};

static void make(struct whole *w, const struct packet_spec *spec)
{
	w->len = make_packet(spec, w->octets, sizeof(w->octets));
	assert_int_equal(inner_parse(view_of(w->octets, w->len), &w->flow), INNER_OK);
	memcpy(w->before, w->octets, w->len);
}

static bool begin(struct whole *w, enum offload_kind kind, uint16_t each)
{
	struct offload o = {.kind = (uint8_t)kind, .each = each};

	return segments_begin(&w->s, &o, w->octets, &w->flow);
}

static void what_is_not_as_announced_is_refused(void **state)
{
	static const struct {
		const struct packet_spec *spec;
		enum offload_kind kind;
	} rows[] = {
		{&tcp4, OFFLOAD_TCP6}, {&tcp4, OFFLOAD_UDP},  {&tcp6, OFFLOAD_TCP4},
		{&udp4, OFFLOAD_TCP4}, {&udp6, OFFLOAD_TCP6}, {&tcp4, OFFLOAD_NONE},
	};
	struct whole w;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		make(&w, rows[i].spec);
		assert_false(begin(&w, rows[i].kind, 100));
	}
	make(&w, &tcp4);
	assert_false(begin(&w, OFFLOAD_TCP4, 0));
}

static void broken_headers_are_refused(void **state)
{
	struct packet_spec spec = tcp4;
	struct whole w;

	make(&w, &tcp4);
	w.octets[32] = 0x40; /* a TCP header of 16 octets */
	assert_false(begin(&w, OFFLOAD_TCP4, 100));
	spec.payload = 0;
	make(&w, &spec);
	assert_false(begin(&w, OFFLOAD_TCP4, 100)); /* nothing to cut */
	w.octets[32] = 0x60;                        /* longer than the packet */
	assert_false(begin(&w, OFFLOAD_TCP4, 100));
	spec = tcp4;
	spec.more = true;
	make(&w, &spec);
	assert_false(begin(&w, OFFLOAD_TCP4, 100));
	spec.more = false;
	spec.offset = 800;
	make(&w, &spec);
	assert_false(begin(&w, OFFLOAD_TCP4, 100));
}

/* Whole packets with right sums, which together are the whole. */
static void check_cut(const struct packet_spec *spec, enum offload_kind kind, uint16_t each)
{
	struct whole w;
	uint8_t *packet;
	size_t len, done = 0, n = 0, count;

	make(&w, spec);
	assert_true(begin(&w, kind, each));
	count = segments_count(&w.s);
	assert_int_equal(count, (spec->payload + each - 1) / each);
	assert_int_equal(segments_longest(&w.s),
			 w.s.header_len + (each < spec->payload ? each : spec->payload));
	for (; segments_next(&w.s, &packet, &len); n++) {
		size_t take = len - w.s.header_len;
		struct flow f;

		assert_true(take == each || (n + 1 == count && take <= each));
		assert_true(checksums_right(view_of(packet, len)));
		assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
		assert_int_equal(f.total_len, len);
		assert_int_equal(f.tos, spec->tos);
		assert_view_equal(view_of(packet + w.s.header_len, take),
				  view_of(w.before + w.s.header_len + done, take));
		if (f.family == IP_V4)
			assert_int_equal(get16(packet + 4), 0x1234 + n);
		if (f.proto == IPPROTO_TCP)
			assert_int_equal(get32(packet + f.header_len + 4), done);
		done += take;
	}
	assert_int_equal(n, count);
	assert_int_equal(done, spec->payload);
}

static void segments_are_the_packet(void **state)
{
	static const uint16_t sizes[] = {1, 7, 19, 100, 333, 500, 999, 1000, 1001, 65535};

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		check_cut(&tcp4, OFFLOAD_TCP4, sizes[i]);
		check_cut(&tcp6, OFFLOAD_TCP6, sizes[i]);
		check_cut(&udp4, OFFLOAD_UDP, sizes[i]);
		check_cut(&udp6, OFFLOAD_UDP, sizes[i]);
	}
}

static void each_flag_is_said_once(void **state)
{
	static const uint8_t expected[] = {ACK | CWR, ACK, ACK | PSH | FIN};
	struct whole w;
	uint8_t *packet;
	size_t len;

	make(&w, &tcp4);
	w.octets[33] = ACK | CWR | PSH | FIN;
	assert_true(begin(&w, OFFLOAD_TCP4, 400));
	for (size_t i = 0; i < 3; i++) {
		assert_true(segments_next(&w.s, &packet, &len));
		assert_int_equal(packet[33], expected[i]);
		assert_true(checksums_right(view_of(packet, len)));
	}
	assert_false(segments_next(&w.s, &packet, &len));
}

static void sequence_numbers_wrap(void **state)
{
	struct whole w;
	uint8_t *packet;
	size_t len;

	make(&w, &tcp4);
	put32(w.octets + 24, UINT32_MAX - 99);
	put16(w.octets + 4, 0xffff);
	assert_true(begin(&w, OFFLOAD_TCP4, 100));
	assert_true(segments_next(&w.s, &packet, &len));
	assert_true(segments_next(&w.s, &packet, &len));
	assert_int_equal(get32(packet + 24), 0);
	assert_int_equal(get16(packet + 4), 0);
	assert_true(checksums_right(view_of(packet, len)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_as_announced_is_refused),
		cmocka_unit_test(broken_headers_are_refused),
		cmocka_unit_test(segments_are_the_packet),
		cmocka_unit_test(each_flag_is_said_once),
		cmocka_unit_test(sequence_numbers_wrap),
	};

	return RUN_TESTS("plane/segment", tests);
}
