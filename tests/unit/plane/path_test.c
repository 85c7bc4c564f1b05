/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way of packets from one host's tables to another's: out of a
 * device, into ESP, out of it, merged for a device again; and that nothing on
 * it asks for memory.
 */
#include "plane/esp/in.h"
#include "plane/esp/merge.h"
#include "plane/esp/out.h"
#include "tests/unit/plane/fixture.h"
#include "tests/unit/support/crypto.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define SPI 0x1000u
#define PAYLOAD 4000u
#define EACH 1000u
#define ROUNDS 20

struct scene {
	struct sad sad[2]; /* of the sender, and of the receiver */
	struct spd spd;
	struct notices notices[2];
	struct icmp_limits limits;
	struct out out;
	struct in in;
	struct merge merge;
	uint8_t wire[65536];
	size_t wire_len, each;
	size_t arrived, octets; /* what the receiver's device was given */
	uint32_t told_mtu;      /* what the sender was told last; 0 nothing */
};

static void on_send(void *ctx, const struct burst *b)
{
	struct scene *s = ctx;

	assert_int_equal(b->len, 1);
	s->wire_len = b->messages[0].len;
	s->each = b->messages[0].each;
	memcpy(s->wire, b->octets + b->messages[0].at, s->wire_len);
}

static void on_reply(void *ctx, struct view packet)
{
	struct scene *s = ctx;

	s->told_mtu = (uint32_t)(packet.ptr[26] << 8 | packet.ptr[27]);
}

static bool own_address(void *ctx, const struct ip_addr *toward, struct ip_addr *ret)
{
	*ret = make_ip("10.1.0.1");
	return true;
}

static uint32_t on_path_mtu(void *ctx, const struct esp_path *path)
{
	return 1500;
}

static void on_deliver(void *ctx, const struct iovec *parts, size_t len)
{
	struct scene *s = ctx;

	s->arrived++;
	for (size_t i = 1; i < len; i++)
		s->octets += parts[i].iov_len;
}

static struct esp_port *some_port(void *ctx, const struct endpoint *local)
{
	return ctx;
}

static void install(struct scene *s, size_t end, enum sa_dir dir, uint32_t tfc)
{
	struct plane_sa sa = make_sa(dir, SPI, MAKE_GCM128, end ? "10.2.0.0/16" : "10.1.0.0/16",
				     end ? "10.1.0.0/16" : "10.2.0.0/16");

	sa.tfc = tfc;
	sa.replay_window = 64;
	s->sad[end].port_of = some_port;
	s->sad[end].ctx = s;
	assert_int_equal(sad_install(&s->sad[end], &sa, NULL), CYG_OK);
	drop_sa(&sa);
}

static void protect(struct scene *s)
{
	struct plane_policy p = make_policy(1, POLICY_PROTECT, 1000, 1, "10.1.0.0/16",
					    "10.2.0.0/16");
	struct lane *old, *lane = lane_take(&s->sad[0], 1, 0);

	assert_int_equal(spd_set(&s->spd, &p, lane, &old), CYG_OK);
	drop_policy(&p);
}

static void start(struct scene *s, uint32_t tfc)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(sad_init(&s->sad[0], crypto), CYG_OK);
	assert_int_equal(sad_init(&s->sad[1], crypto), CYG_OK);
	assert_int_equal(spd_init(&s->spd), CYG_OK);
	assert_true(notices_init(&s->notices[0], -1) && notices_init(&s->notices[1], -1));
	assert_int_equal(out_init(&s->out), CYG_OK);
	icmp_limits_init(&s->limits);
	s->out.spd = &s->spd;
	s->out.notices = &s->notices[0];
	s->out.limits = &s->limits;
	s->out.clamp_mss = true;
	s->out.now = NSEC_PER_SEC;
	s->out.world = (struct out_world){.ctx = s,
					  .send = on_send,
					  .reply = on_reply,
					  .own_address = own_address,
					  .path_mtu = on_path_mtu};
	s->in = (struct in){.who = 1,
			    .sad = &s->sad[1],
			    .spd = &s->spd,
			    .notices = &s->notices[1],
			    .clamp_mss = true,
			    .now = NSEC_PER_SEC};
	s->merge = (struct merge){.udp = true, .deliver = on_deliver, .ctx = s};
	install(s, 0, SA_OUT, tfc);
	install(s, 1, SA_IN, 0);
	protect(s);
}

static void stop(struct scene *s)
{
	out_done(&s->out);
	notices_done(&s->notices[0]);
	notices_done(&s->notices[1]);
	spd_done(&s->spd);
	sad_done(&s->sad[0]);
	sad_done(&s->sad[1]);
	rcu_barrier();
}

/* One packet of the device, which may be many in one. */
static void leave_as(struct scene *s, uint8_t proto, size_t payload, const struct offload *said)
{
	struct packet_spec spec = {.src = "10.1.0.5",
				   .dst = "10.2.0.5",
				   .proto = proto,
				   .src_port = 1,
				   .dst_port = 2,
				   .payload = payload,
				   .df = true};
	uint8_t packet[PAYLOAD + 100];
	size_t len = make_packet(&spec, packet, sizeof(packet) - ESP_BEHIND);

	rcu_read_lock();
	out_packet(&s->out, said, packet, len);
	out_flush(&s->out);
	rcu_read_unlock();
}

static void leave(struct scene *s, bool many)
{
	struct offload said = {.kind = many ? OFFLOAD_UDP : OFFLOAD_NONE, .each = EACH};

	leave_as(s, IPPROTO_UDP, many ? PAYLOAD : EACH, &said);
}

/* A segment of TCP, or two of them in one: each time the same ones, half a second later. */
static bool stalls(struct scene *s, bool two, uint16_t each)
{
	struct offload said = {.kind = two ? OFFLOAD_TCP4 : OFFLOAD_NONE,
			       .needs_checksum = two,
			       .each = each,
			       .checksum_start = 20,
			       .checksum_offset = 16};
	struct notice n;
	struct view body;

	leave_as(s, IPPROTO_TCP, two ? each * 2 : each, &said);
	s->out.now += NSEC_PER_SEC / 2;
	if (!notice_get(&s->notices[0], &n, &body))
		return false;
	assert_int_equal(n.kind, NOTICE_STALLED);
	assert_int_equal(n.sa.spi, SPI);
	notice_next(&s->notices[0]);
	return true;
}

static void arrive(struct scene *s)
{
	struct in_datagram d = {.local = make_endpoint("192.0.2.2", 4500),
				.remote = make_endpoint("192.0.2.1", 4500)};
	struct view packet;
	struct flow f;

	rcu_read_lock();
	for (size_t at = 0; at < s->wire_len; at += d.len) {
		d.octets = s->wire + at;
		d.len = s->wire_len - at < s->each ? s->wire_len - at : s->each;
		if (in_datagram(&s->in, &d, &packet, &f))
			merge_add(&s->merge, packet, &f);
	}
	in_release(&s->in);
	rcu_read_unlock();
	merge_flush(&s->merge);
}

/*
 * The first allocation is its own, so that there is one; any other that failed
 * would be a fault, because it never says so.
 */
static bool carry(void *ctx)
{
	struct scene *s = ctx;
	void *volatile own = malloc(1); /* kept by the compiler */

	free(own);
	if (!own)
		return false;
	for (int i = 0; i < ROUNDS; i++) {
		leave(s, i % 2);
		arrive(s);
	}
	return true;
}

static void nothing_on_the_way_asks_for_memory(void **state)
{
	static const uint32_t padded_to[] = {0, 1300};

	for (size_t i = 0; i < COUNT_OF(padded_to); i++) {
		static struct scene s;

		test_row(i, "padded to %u", padded_to[i]);
		start(&s, padded_to[i]);
		test_each_allocation_failing(carry, &s, false);
		/* What left as one came as one; each has its own header. */
		assert_int_equal(s.arrived, ROUNDS);
		assert_int_equal(s.octets, ROUNDS / 2 * (EACH + 28 + PAYLOAD + 28));
		stop(&s);
	}
}

/* TCP's own retransmissions are what tells. */
static void a_stall_is_told_and_makes_packets_shorter(void **state)
{
	struct esp_sa *sa;
	struct scene s;

	start(&s, 0);
	sa = sad_find(&s.sad[0], &(struct sa_ref){.dir = SA_OUT, .spi = SPI, .reqid = 1});
	/* Packets of a length that every path carries get lost for other reasons. */
	for (size_t i = 0; i < 6; i++)
		assert_false(stalls(&s, i % 2, 1100));
	assert_false(stalls(&s, true, 1380));
	assert_false(stalls(&s, false, 1380));
	assert_true(stalls(&s, false, 1380));
	assert_int_equal(s.told_mtu, 0);
	sa->narrow_until = s.out.now + 60 * NSEC_PER_SEC;
	s.out.now += NSEC_PER_SEC;
	assert_false(stalls(&s, false, 1380));
	assert_int_equal(s.told_mtu, 1218);
	/* Then longer ones are tried again. */
	s.told_mtu = 0;
	s.out.now += 61 * NSEC_PER_SEC;
	assert_false(stalls(&s, true, 1380));
	assert_int_equal(s.told_mtu, 0);
	stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_on_the_way_asks_for_memory),
		cmocka_unit_test(a_stall_is_told_and_makes_packets_shorter),
	};

	return cmocka_run_group_tests_name("plane/path", tests, crypto_set_up,
					   crypto_tear_down);
}
