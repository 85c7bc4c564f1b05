/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/stall.h"

#include "plane/esp/checksum.h"
#include "tests/unit/plane/fixture.h"

#include <netinet/in.h>
#include <string.h>

#define MS (NSEC_PER_SEC / 1000)

/* What a connection sends, and when. */
struct sent {
	nsec at;
	uint32_t segment;
	uint16_t port; /* whose connection; 0: the same one */
	bool stalls;   /* what is to be seen in it */
};

static void write_segment(uint8_t packet[60], struct flow *f, const struct sent *s)
{
	memset(packet, 0, 60);
	put32(packet + 20 + 4, s->segment);
	*f = (struct flow){.family = IP_V4,
			   .proto = IPPROTO_TCP,
			   .src_port = s->port ? s->port : 1000,
			   .dst_port = 5201,
			   .src = {0, 1},
			   .dst = {0, 2},
			   .header_len = 20,
			   .total_len = 1400};
}

static void check(const struct sent *sent, size_t len)
{
	struct stall stall = {0};

	for (size_t i = 0; i < len; i++) {
		uint8_t packet[60];
		struct flow f;

		write_segment(packet, &f, &sent[i]);
		if (stall_seen(&stall, packet, &f, sent[i].at) != sent[i].stalls)
			fail_msg("segment %zu of %zu", i, len);
	}
}

#define CHECK(...) \
	check((const struct sent[]){__VA_ARGS__}, \
	      sizeof((const struct sent[]){__VA_ARGS__}) / sizeof(struct sent))

static void what_goes_on_does_not_stall(void **state)
{
	CHECK({0, 1}, {200 * MS, 1}, {300 * MS, 9}, {1100 * MS, 20}, {1600 * MS, 30});
	/* Its number is that of long ago again, but something else was sent in between. */
	CHECK({0, 1}, {200 * MS, 1}, {1100 * MS, 20}, {1200 * MS, 1}, {1300 * MS, 1});
}

static void duplicates_in_a_row_are_no_stall(void **state)
{
	/* Three ACKs ask for one segment: it was lost, others were not. */
	CHECK({0, 1}, {10 * MS, 1}, {20 * MS, 1}, {30 * MS, 1}, {99 * MS, 1});
}

static void the_same_segment_again_and_again_is_one(void **state)
{
	CHECK({0, 1}, {200 * MS, 1}, {600 * MS, 1, .stalls = true}, {1400 * MS, 1},
	      {3000 * MS, 1}, {6200 * MS, 1, .stalls = true});
	/* What TCP probes its tail with (RFC 8985 7) hides none. */
	CHECK({0, 1}, {50 * MS, 9}, {200 * MS, 1}, {600 * MS, 1, .stalls = true});
}

static void others_wait_for_their_turn(void **state)
{
	CHECK({0, 1}, {100 * MS, 5, 7}, {300 * MS, 5, 7}, {700 * MS, 5, 7});
	/* The one that was watched has ended. */
	CHECK({0, 1}, {4100 * MS, 5, 7}, {4300 * MS, 5, 7}, {4700 * MS, 5, 7, .stalls = true});
}

static void only_whole_tcp_tells(void **state)
{
	static const struct {
		uint8_t proto;
		bool first, later;
		size_t len;
	} rows[] = {
		{IPPROTO_UDP, false, false, 1400},
		{IPPROTO_TCP, true, false, 1400},
		{IPPROTO_TCP, false, true, 1400},
		{IPPROTO_TCP, false, false, 39},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stall stall = {0};

		for (nsec at = 0; at < 10 * NSEC_PER_SEC; at += 200 * MS) {
			uint8_t packet[60];
			struct flow f;

			write_segment(packet, &f, &(struct sent){.segment = 1});
			f.proto = rows[i].proto;
			f.first_fragment = rows[i].first;
			f.later_fragment = rows[i].later;
			f.total_len = rows[i].len;
			assert_false(stall_seen(&stall, packet, &f, at));
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_tcp_tells),
		cmocka_unit_test(what_goes_on_does_not_stall),
		cmocka_unit_test(duplicates_in_a_row_are_no_stall),
		cmocka_unit_test(the_same_segment_again_and_again_is_one),
		cmocka_unit_test(others_wait_for_their_turn),
	};

	return RUN_TESTS("plane/stall", tests);
}
