/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/merge.h"

#include "plane/esp/checksum.h"
#include "plane/esp/segment.h"
#include "tests/unit/plane/fixture.h"

#include <netinet/in.h>
#include <string.h>

#define FIN 0x01u
#define SYN 0x02u
#define PSH 0x08u
#define ACK 0x10u
#define URG 0x20u
#define PACKETS_MAX 80
#define NONE SIZE_MAX

/* Packets that go in, and what came out, in order. */
struct scene {
	struct merge merge;
	uint8_t octets[PACKETS_MAX][1600];
	size_t lens[PACKETS_MAX], len;
	struct out {
		struct offload said;
		uint8_t octets[65536];
		size_t len;
	} out[PACKETS_MAX];
	size_t out_len;
};

static void on_deliver(void *ctx, const struct iovec *parts, size_t len)
{
	struct scene *s = ctx;
	struct out *o = &s->out[s->out_len++];
	size_t at = 0;

	assert_int_equal(parts[0].iov_len, OFFLOAD_HEADER);
	assert_true(offload_parse(parts[0].iov_base, &o->said));
	for (size_t i = 1; i < len; i++) {
		assert_true(at + parts[i].iov_len <= sizeof(o->octets));
		memcpy(o->octets + at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	o->len = at;
}

static struct scene *start(void)
{
	struct scene *s = test_calloc(1, sizeof(*s));

	s->merge = (struct merge){.udp = true, .deliver = on_deliver, .ctx = s};
	return s;
}

static void stop(struct scene *s)
{
	test_free(s);
}

static const struct packet_spec tcp4 = {.src = "10.1.0.5",
					.dst = "10.2.0.5",
					.proto = IPPROTO_TCP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 100,
					.tos = 0x02,
					.df = true};
static const struct packet_spec tcp6 = {.src = "2001:db8:1::5",
					.dst = "2001:db8:2::5",
					.proto = IPPROTO_TCP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 100};
static const struct packet_spec udp4 = {.src = "10.1.0.5",
					.dst = "10.2.0.5",
					.proto = IPPROTO_UDP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 100,
					.df = true};
static const struct packet_spec udp6 = {.src = "2001:db8:1::5",
					.dst = "2001:db8:2::5",
					.proto = IPPROTO_UDP,
					.src_port = 1000,
					.dst_port = 80,
					.payload = 100};

/* How a packet differs from its specification: for TCP sequence number and flags. */
struct change {
	uint32_t seq;
	uint8_t flags; /* 0: ACK alone */
	size_t flip;   /* an octet that is changed, the checksums as before; NONE */
	size_t set;    /* an octet that is changed, and the checksums follow; NONE */
};

static void mend(uint8_t *packet, const struct flow *f)
{
	size_t len = f->total_len - f->header_len;
	uint8_t *upper = packet + f->header_len;
	uint8_t *field = upper + (f->proto == IPPROTO_TCP ? 16 : 6);

	if (f->family == IP_V4) {
		put16(packet + 10, 0);
		put16(packet + 10,
		      checksum_fold(checksum_add(0, view_of(packet, f->header_len))));
	}
	put16(field, 0);
	put16(field, checksum_fold(checksum_add(checksum_pseudo(packet, f->proto, len),
						view_of(upper, len))));
}

static void put(struct scene *s, const struct packet_spec *spec, const struct change *c)
{
	uint8_t *packet = s->octets[s->len];
	size_t len = make_packet(spec, packet, sizeof(s->octets[0]));
	struct flow f;

	assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
	if (spec->proto == IPPROTO_TCP) {
		put32(packet + f.header_len + 4, c->seq);
		if (c->flags)
			packet[f.header_len + 13] = c->flags;
	}
	if (c->set != NONE)
		packet[c->set] ^= 1;
	if (spec->proto == IPPROTO_TCP || spec->proto == IPPROTO_UDP)
		mend(packet, &f);
	if (c->flip != NONE)
		packet[c->flip] ^= 1;
	s->lens[s->len++] = len;
	if (inner_parse(view_of(packet, len), &f) == INNER_OK)
		merge_add(&s->merge, view_of(packet, len), &f);
}

static void put_tcp(struct scene *s, const struct packet_spec *spec, uint32_t seq)
{
	put(s, spec, &(struct change){.seq = seq, .flip = NONE, .set = NONE});
}

static void what_differs_is_not_merged(void **state)
{
	static const struct {
		const char *name;
		const struct packet_spec *spec;
		struct change second;
	} rows[] = {
		{"a gap", &tcp4, {101, 0, NONE, NONE}},
		{"an overlap", &tcp4, {99, 0, NONE, NONE}},
		{"a repetition", &tcp4, {0, 0, NONE, NONE}},
		{"FIN", &tcp4, {100, ACK | FIN, NONE, NONE}},
		{"SYN", &tcp4, {100, ACK | SYN, NONE, NONE}},
		{"URG", &tcp4, {100, ACK | URG, NONE, NONE}},
		{"no ACK", &tcp4, {100, PSH, NONE, NONE}},
		{"a type of service", &tcp4, {100, 0, NONE, 1}},
		{"a time to live", &tcp4, {100, 0, NONE, 8}},
		{"an address", &tcp4, {100, 0, NONE, 15}},
		{"a port", &tcp4, {100, 0, NONE, 21}},
		{"what is acknowledged", &tcp4, {100, 0, NONE, 31}},
		{"a window", &tcp4, {100, 0, NONE, 35}},
		{"an urgent pointer", &tcp4, {100, 0, NONE, 39}},
		{"a damaged payload", &tcp4, {100, 0, 60, NONE}},
		{"a damaged header", &tcp4, {100, 0, 10, NONE}},
		{"a flow label", &tcp6, {100, 0, NONE, 3}},
		{"a hop limit", &tcp6, {100, 0, NONE, 7}},
		{"a traffic class", &tcp6, {100, 0, NONE, 1}},
		{"a damaged payload, IPv6", &tcp6, {100, 0, 90, NONE}},
		{"a damaged datagram", &udp4, {0, 0, 60, NONE}},
		{"another port of UDP", &udp6, {0, 0, NONE, 41}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene *s = start();

		put_tcp(s, rows[i].spec, 0);
		put(s, rows[i].spec, &rows[i].second);
		merge_flush(&s->merge);
		if (s->out_len != 2)
			fail_msg("%s: %zu packets came out", rows[i].name, s->out_len);
		for (size_t n = 0; n < 2; n++) {
			assert_int_equal(s->out[n].said.kind, OFFLOAD_NONE);
			assert_false(s->out[n].said.needs_checksum);
			assert_view_equal(view_of(s->out[n].octets, s->out[n].len),
					  view_of(s->octets[n], s->lens[n]));
		}
		stop(s);
	}
}

static void a_damaged_first_one_is_left_alone(void **state)
{
	struct scene *s = start();

	put(s, &tcp4, &(struct change){.flip = 70, .set = NONE});
	put_tcp(s, &tcp4, 100);
	put_tcp(s, &tcp4, 200);
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 2);
	assert_int_equal(s->out[0].len, 140);
	assert_int_equal(s->out[1].len, 240);
	stop(s);
}

/* All ones where a cut writes zero: right, but not what comes of a cut (RFC 1624 3). */
static void the_other_zero_is_left_alone(void **state)
{
	static const size_t fields[] = {10, 20 + 16}; /* of IP's header, of TCP's */

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct scene *s = start();
		size_t field = fields[i], word = i ? 40 : 4; /* payload, identification */

		for (size_t n = 0; n < 2; n++) {
			uint8_t *packet = s->octets[n];
			size_t len = make_packet(&tcp4, packet, sizeof(s->octets[n]));
			struct flow f;

			assert_int_equal(inner_parse(view_of(packet, len), &f), INNER_OK);
			put32(packet + 24, 1000 + 100 * (uint32_t)n);
			packet[20 + 13] = ACK;
			put16(packet + word, 0);
			mend(packet, &f);
			/* What the sum lacks to all ones, where it adds to it. */
			put16(packet + word, get16(packet + field));
			put16(packet + field, 0xffff);
			if (i == 0) {
				put16(packet + 36, 0);
				put16(packet + 36,
				      checksum_fold(checksum_add(
					      checksum_pseudo(packet, f.proto, len - 20),
					      view_of(packet + 20, len - 20))));
			}
			assert_true(checksums_right(view_of(packet, len)));
			merge_add(&s->merge, view_of(packet, len), &f);
		}
		merge_flush(&s->merge);
		assert_int_equal(s->out_len, 2);
		stop(s);
	}
}

static void odd_packets_go_alone(void **state)
{
	struct packet_spec rows[] = {tcp4, tcp4, udp4, udp4, udp4, tcp4};

	rows[0].options = 4;
	rows[1].more = true;
	rows[2].offset = 8;
	rows[3].payload = 0;
	rows[4].proto = IPPROTO_ICMP;
	rows[5].payload = 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene *s = start();

		put_tcp(s, &rows[i], 0);
		put_tcp(s, &rows[i], (uint32_t)rows[i].payload);
		assert_int_equal(s->out_len, 2);
		merge_flush(&s->merge);
		assert_int_equal(s->out_len, 2);
		stop(s);
	}
}

static void udp_without_checksum_goes_alone(void **state)
{
	struct scene *s = start();

	for (int i = 0; i < 2; i++) {
		struct flow f;
		size_t len = make_packet(&udp4, s->octets[i], sizeof(s->octets[i]));

		put16(s->octets[i] + 26, 0);
		assert_int_equal(inner_parse(view_of(s->octets[i], len), &f), INNER_OK);
		merge_add(&s->merge, view_of(s->octets[i], len), &f);
	}
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 2);
	stop(s);
}

static void a_device_without_udp_gets_none_merged(void **state)
{
	struct scene *s = start();

	s->merge.udp = false;
	put_tcp(s, &udp4, 0);
	put_tcp(s, &udp4, 0);
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 2);
	stop(s);
}

/* Cut again, what was merged is what went in. */
static void check_whole(struct scene *s, struct out *o, size_t first, size_t count)
{
	struct segments cut;
	struct flow f;
	uint8_t *packet;
	size_t len, n = 0;

	assert_true(o->said.needs_checksum);
	assert_int_equal(inner_parse(view_of(o->octets, o->len), &f), INNER_OK);
	assert_int_equal(f.total_len, o->len);
	assert_int_equal(o->said.checksum_start, f.header_len);
	assert_true(segments_begin(&cut, &o->said, o->octets, &f));
	assert_int_equal(o->said.header_len, cut.header_len);
	for (; segments_next(&cut, &packet, &len); n++) {
		assert_true(n < count);
		if (f.family == IP_V4 && f.dont_fragment) {
			put16(packet + 4, 0x1234);
			mend(packet, &(struct flow){.family = IP_V4,
						    .header_len = f.header_len,
						    .total_len = len,
						    .proto = f.proto});
		}
		assert_view_equal(view_of(packet, len),
				  view_of(s->octets[first + n], s->lens[first + n]));
	}
	assert_int_equal(n, count);
}

/* The first packet's header became the whole's: keep what it was, to compare. */
static void put_run(struct scene *s, const struct packet_spec *spec, size_t count, size_t last)
{
	uint8_t before[200];
	size_t first = s->len;

	for (size_t i = 0; i < count; i++) {
		struct packet_spec one = *spec;

		if (i + 1 == count)
			one.payload = last;
		put(s, &one,
		    &(struct change){.seq = (uint32_t)(i * spec->payload),
				     .flags = i + 1 == count ? ACK | PSH : ACK,
				     .flip = NONE,
				     .set = NONE});
	}
	memcpy(before, s->octets[first], s->lens[first]);
	merge_flush(&s->merge);
	memcpy(s->octets[first], before, s->lens[first]);
}

static void runs_become_one(void **state)
{
	static const struct packet_spec *specs[] = {&tcp4, &tcp6, &udp4, &udp6};
	static const uint8_t kinds[] = {OFFLOAD_TCP4, OFFLOAD_TCP6, OFFLOAD_UDP, OFFLOAD_UDP};

	for (size_t i = 0; i < COUNT_OF(specs); i++)
		for (size_t last = 1; last <= 100; last += 33) {
			struct scene *s = start();

			put_run(s, specs[i], 10, last);
			assert_int_equal(s->out_len, 1);
			assert_int_equal(s->out[0].said.kind, kinds[i]);
			assert_int_equal(s->out[0].said.each, 100);
			check_whole(s, &s->out[0], 0, 10);
			stop(s);
		}
}

/* Where fragmenting is allowed, identifications tell datagrams apart. */
static void identifications_count_up_or_do_not_matter(void **state)
{
	struct packet_spec may = tcp4;
	struct scene *s = start();

	may.df = false;
	put_tcp(s, &may, 0);
	put_tcp(s, &may, 100); /* the same again: would come out counted up */
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 2);
	s->len = s->out_len = 0;
	put_tcp(s, &may, 0);
	put(s, &may, &(struct change){.seq = 100, .flip = NONE, .set = 5}); /* 0x1235 */
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 1);
	stop(s);
}

static void a_push_or_a_short_one_ends_a_run(void **state)
{
	struct packet_spec shorter = tcp4;
	struct scene *s = start();

	shorter.payload = 50;
	put_tcp(s, &tcp4, 0);
	put_tcp(s, &shorter, 100);
	put_tcp(s, &tcp4, 150);
	put(s, &tcp4,
	    &(struct change){.seq = 250, .flags = ACK | PSH, .flip = NONE, .set = NONE});
	put_tcp(s, &tcp4, 350);
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 3);
	assert_int_equal(s->out[0].len, 190);
	assert_int_equal(s->out[1].len, 240);
	assert_int_equal(s->out[1].octets[33], ACK | PSH);
	assert_int_equal(s->out[2].len, 140);
	stop(s);
}

static void a_longer_one_begins_another_run(void **state)
{
	struct packet_spec longer = tcp4;
	struct scene *s = start();

	longer.payload = 101;
	put_tcp(s, &tcp4, 0);
	put_tcp(s, &longer, 100);
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 2);
	stop(s);
}

static void the_limits_of_a_packet_hold(void **state)
{
	struct packet_spec large = tcp4;
	struct scene *s = start();

	large.payload = 1500;
	for (uint32_t i = 0; i < 50; i++)
		put_tcp(s, &large, i * 1500);
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 2);
	assert_int_equal(s->out[0].len, 40 + 43 * 1500);
	s->len = s->out_len = 0;
	for (uint32_t i = 0; i < 70; i++)
		put_tcp(s, &tcp4, i * 100);
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 2);
	assert_int_equal(s->out[0].len, 40 + MERGE_PACKETS * 100);
	stop(s);
}

/* Of one flow nothing overtakes; flows mix as they come. */
static void flows_are_told_apart_and_stay_in_order(void **state)
{
	struct packet_spec other = tcp4, empty = tcp4;
	struct scene *s = start();

	other.src_port = 1001;
	empty.payload = 0;
	put_tcp(s, &tcp4, 0);
	put_tcp(s, &other, 0);
	put_tcp(s, &tcp4, 100);
	put_tcp(s, &other, 100);
	put_tcp(s, &empty, 200); /* cannot be merged, and must come behind the first two */
	put_tcp(s, &tcp4, 200);
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 4);
	assert_int_equal(s->out[0].len, 240);
	assert_int_equal(get16(s->out[0].octets + 20), 1000);
	assert_int_equal(s->out[1].len, 40);
	assert_int_equal(s->out[2].len, 240);
	assert_int_equal(get16(s->out[2].octets + 20), 1001);
	assert_int_equal(s->out[3].len, 140);
	stop(s);
}

static void more_flows_than_places_are_all_delivered(void **state)
{
	struct packet_spec spec = tcp4;
	struct scene *s = start();

	for (uint16_t round = 0; round < 2; round++)
		for (uint16_t i = 0; i < 3 * MERGE_FLOWS; i++) {
			spec.src_port = (uint16_t)(2000 + i);
			put_tcp(s, &spec, round * 100u);
		}
	merge_flush(&s->merge);
	assert_int_equal(s->out_len, 6 * MERGE_FLOWS);
	stop(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_is_not_merged),
		cmocka_unit_test(a_damaged_first_one_is_left_alone),
		cmocka_unit_test(the_other_zero_is_left_alone),
		cmocka_unit_test(odd_packets_go_alone),
		cmocka_unit_test(udp_without_checksum_goes_alone),
		cmocka_unit_test(a_device_without_udp_gets_none_merged),
		cmocka_unit_test(runs_become_one),
		cmocka_unit_test(identifications_count_up_or_do_not_matter),
		cmocka_unit_test(a_push_or_a_short_one_ends_a_run),
		cmocka_unit_test(a_longer_one_begins_another_run),
		cmocka_unit_test(the_limits_of_a_packet_hold),
		cmocka_unit_test(flows_are_told_apart_and_stay_in_order),
		cmocka_unit_test(more_flows_than_places_are_all_delivered),
	};

	return RUN_TESTS("plane/merge", tests);
}
