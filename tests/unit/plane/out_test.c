/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/out.h"

#include "crypto/crypto.h"
#include "tests/unit/plane/fixture.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define SPI 0x1234u
#define SENT_MAX 64

static struct crypto *crypto;

/* A sender with its tables, what it did to the world, and the receiver's end of its SA. */
struct scene {
	struct sad sad;
	struct spd spd;
	struct notices notices;
	struct icmp_limits limits;
	struct out out;
	struct esp_codec in;
	uint64_t received; /* sequence number of the last packet opened */
	uint32_t path_mtu, asked;
	bool homeless; /* there is no address to answer from */
	struct sent {
		uint8_t octets[2048];
		size_t len;
		uint8_t tos;
	} sent[SENT_MAX], reply, passed;
	size_t sent_len, replies, passes, bursts, messages;
	uint8_t buffer[16384];
};

static void keep(struct sent *to, struct view v)
{
	assert_true(v.len <= sizeof(to->octets));
	memcpy(to->octets, v.ptr, v.len);
	to->len = v.len;
}

/* Take a message apart as the kernel does. */
static void keep_message(struct scene *s, const struct burst *b, const struct burst_message *m)
{
	size_t count = 0;

	for (uint32_t at = 0; at < m->len; at += m->each, count++) {
		assert_true(s->sent_len < SENT_MAX);
		s->sent[s->sent_len].tos = m->tos;
		keep(&s->sent[s->sent_len++],
		     view_of(b->octets + m->at + at,
			     m->len - at < m->each ? m->len - at : m->each));
	}
	assert_int_equal(count, m->count);
}

static void on_send(void *ctx, const struct burst *b)
{
	struct scene *s = ctx;

	s->bursts++;
	s->messages += b->len;
	for (size_t i = 0; i < b->len; i++)
		keep_message(s, b, &b->messages[i]);
}

static void on_reply(void *ctx, struct view packet)
{
	struct scene *s = ctx;

	s->replies++;
	keep(&s->reply, packet);
}

static bool own_address(void *ctx, const struct ip_addr *toward, struct ip_addr *ret)
{
	struct scene *s = ctx;

	return !s->homeless &&
	       !ip_parse(toward->family == IP_V6 ? "2001:db8::77" : "192.0.2.77", ret);
}

static void on_pass(void *ctx, const struct flow *f, struct view packet)
{
	struct scene *s = ctx;

	s->passes++;
	keep(&s->passed, packet);
}

static uint32_t on_path_mtu(void *ctx, const struct esp_path *path)
{
	struct scene *s = ctx;

	s->asked++;
	return s->path_mtu;
}

/* Any port will do: it is not touched but handed on. */
static struct esp_port *some_port(void *ctx, const struct endpoint *local)
{
	return local->port == 4500 ? ctx : NULL;
}

static void start(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(sad_init(&s->sad, crypto), CYG_OK);
	s->sad.port_of = some_port;
	s->sad.ctx = s;
	assert_int_equal(spd_init(&s->spd), CYG_OK);
	assert_true(notices_init(&s->notices, -1));
	assert_int_equal(out_init(&s->out), CYG_OK);
	s->out.spd = &s->spd;
	s->out.notices = &s->notices;
	icmp_limits_init(&s->limits);
	s->out.limits = &s->limits;
	s->out.clamp_mss = true;
	s->out.now = NSEC_PER_SEC;
	s->out.world = (struct out_world){s,           on_send, on_reply,
					  own_address, on_pass, on_path_mtu};
}

static void stop(struct scene *s)
{
	out_done(&s->out);
	esp_codec_done(&s->in);
	notices_done(&s->notices);
	spd_done(&s->spd);
	sad_done(&s->sad);
	rcu_barrier();
}

static void set_policy(struct scene *s, uint32_t id, enum policy_kind kind, uint32_t priority,
		       const char *local, const char *remote)
{
	struct plane_policy p = make_policy(id, kind, priority, 1, local, remote);
	struct lane *old, *lane = lane_take(&s->sad, 1, 0);

	assert_int_equal(spd_set(&s->spd, &p, lane, &old), CYG_OK);
	lane_release(&s->sad, old);
	drop_policy(&p);
}

/* An outbound SA between 10.1/16 and 10.2/16 (and IPv6), as `change` makes it. */
static void add_sa(struct scene *s, void (*change)(struct plane_sa *))
{
	struct plane_sa sa = make_sa(SA_OUT, SPI, MAKE_GCM128, "10.1.0.0/16,2001:db8:1::/48",
				     "10.2.0.0/16,2001:db8:2::/48");
	struct diag why;

	if (change)
		change(&sa);
	assert_int_equal(sad_install(&s->sad, &sa, &why), CYG_OK);
	sa.dir = SA_IN;
	assert_int_equal(esp_codec_init(&s->in, crypto, &sa, &why), CYG_OK);
	s->received = sa.first_sequence;
	drop_sa(&sa);
}

static void protect(struct scene *s)
{
	set_policy(s, 1, POLICY_PROTECT, 1000, "10.1.0.0/16,2001:db8:1::/48",
		   "10.2.0.0/16,2001:db8:2::/48");
}

static const struct offload nothing = {.kind = OFFLOAD_NONE};

static void send_octets(struct scene *s, const struct offload *said, size_t len)
{
	rcu_read_lock();
	out_packet(&s->out, said, s->buffer, len);
	out_flush(&s->out);
	rcu_read_unlock();
}

static void retry(struct scene *s)
{
	out_retry(&s->out);
	out_flush(&s->out);
}

static size_t send_spec(struct scene *s, const struct packet_spec *spec)
{
	size_t len = make_packet(spec, s->buffer, sizeof(s->buffer) - ESP_BEHIND);

	send_octets(s, &nothing, len);
	return len;
}

/* Open the n-th packet sent; it must have the next number. */
static struct view opened(struct scene *s, size_t n, uint8_t expected_next)
{
	struct sent *sent = &s->sent[n];
	struct view payload;
	uint8_t next;

	assert_true(n < s->sent_len);
	assert_int_equal(esp_open(&s->in, ++s->received, sent->octets, sent->len, &payload,
				  &next),
			 ESP_OK);
	assert_int_equal(next, expected_next);
	return payload;
}

static bool heard(struct scene *s, struct notice *ret)
{
	struct view body;
	bool any = notice_get(&s->notices, ret, &body);

	if (any)
		notice_next(&s->notices);
	return any;
}

static const struct packet_spec udp = {.src = "10.1.0.5",
				       .dst = "10.2.0.5",
				       .proto = IPPROTO_UDP,
				       .src_port = 1,
				       .dst_port = 2,
				       .payload = 50};
static const struct packet_spec udp6 = {.src = "2001:db8:1::5",
					.dst = "2001:db8:2::5",
					.proto = IPPROTO_UDP,
					.payload = 50};

static void without_a_policy_nothing_goes(void **state)
{
	struct scene s;

	start(&s);
	send_spec(&s, &udp);
	assert_int_equal(s.sent_len + s.passes, 0);
	assert_int_equal(s.out.counts.no_policy, 1);
	assert_int_equal(s.replies, 1);
	assert_int_equal(s.reply.octets[20], 3);
	assert_int_equal(s.reply.octets[21], 13);
	/* RFC 1122 3.2.2: from an address of this host, not from the one that was asked for. */
	assert_memory_equal(s.reply.octets + 12, "\xc0\x00\x02\x4d", 4);
	s.homeless = true;
	send_spec(&s, &udp);
	assert_int_equal(s.out.counts.no_policy, 2);
	assert_int_equal(s.replies, 1);
	stop(&s);
}

static void junk_is_counted(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	memset(s.buffer, 0, 200);
	send_octets(&s, &nothing, 50);
	send_octets(&s, &nothing, 0);
	assert_int_equal(s.out.counts.malformed, 2);
	assert_int_equal(s.replies, 0);
	stop(&s);
}

static void protected_packets_are_sealed(void **state)
{
	static const struct packet_spec *specs[] = {&udp, &udp6};
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	for (size_t i = 0; i < COUNT_OF(specs); i++) {
		struct packet_spec spec = *specs[i];
		uint8_t plain[256];
		size_t len;

		spec.tos = 0xb8 | ECN_ECT0;
		len = make_packet(&spec, plain, sizeof(plain));
		send_spec(&s, &spec);
		assert_int_equal(s.sent_len, i + 1);
		assert_int_equal(s.sent[i].tos, 0xb8 | ECN_ECT0);
		assert_view_equal(opened(&s, i, i ? ESP_NEXT_IPV6 : ESP_NEXT_IPV4),
				  view_of(plain, len));
	}
	assert_int_equal(s.replies + s.passes, 0);
	stop(&s);
}

static void each_policy_does_as_it_is_called(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	set_policy(&s, 2, POLICY_DROP, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_spec(&s, &udp);
	assert_int_equal(s.out.counts.dropped_by_policy, 1);
	set_policy(&s, 2, POLICY_REJECT, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_spec(&s, &udp);
	assert_int_equal(s.out.counts.rejected, 1);
	assert_int_equal(s.replies, 1);
	set_policy(&s, 2, POLICY_PASS, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_spec(&s, &udp);
	assert_int_equal(s.passes, 1);
	assert_int_equal(s.passed.len, 78);
	assert_int_equal(s.sent_len, 0);
	assert_int_equal(s.replies, 1);
	stop(&s);
}

/* What passes does so both ways, unless something better stops it. */
static void what_passes_comes_back(void **state)
{
	struct scene s;

	start(&s);
	set_policy(&s, 1, POLICY_DROP, 100, "0.0.0.0/0", "0.0.0.0/0");
	set_policy(&s, 2, POLICY_PASS, 10, "10.2.0.5/32[udp]", "10.1.0.0/16");
	send_spec(&s, &udp);
	assert_int_equal(s.passes, 1);
	set_policy(&s, 3, POLICY_REJECT, 5, "10.1.0.0/16", "10.2.0.5/32");
	send_spec(&s, &udp);
	assert_int_equal(s.passes, 1);
	assert_int_equal(s.out.counts.rejected, 1);
	stop(&s);
}

static void errors_to_senders_are_limited(void **state)
{
	struct scene s;

	start(&s);
	set_policy(&s, 2, POLICY_REJECT, 10, "10.1.0.0/16", "10.2.0.0/16");
	for (int i = 0; i < 1000; i++)
		send_spec(&s, &udp);
	assert_int_equal(s.out.counts.rejected, 1000);
	assert_int_equal(s.replies, 20);
	stop(&s);
}

static void a_trap_tells_once_and_holds_the_newest(void **state)
{
	struct packet_spec other = udp;
	struct scene s;
	struct notice n;

	start(&s);
	set_policy(&s, 1, POLICY_TRAP, 1000, "10.1.0.0/16", "10.2.0.0/16");
	send_spec(&s, &udp);
	other.dst = "10.2.0.77";
	other.payload = 60;
	send_spec(&s, &other);
	assert_true(heard(&s, &n));
	assert_int_equal(n.kind, NOTICE_ACQUIRE);
	assert_int_equal(n.acquire.policy_id, 1);
	assert_true(n.acquire.local.proto == IPPROTO_UDP && n.acquire.local.port_first == 1 &&
		    n.acquire.remote.port_last == 2);
	assert_false(heard(&s, &n));
	assert_int_equal(s.out.counts.held, 2);
	assert_int_equal(s.sent_len, 0);

	/* Nothing yet; then the SA; then it goes, once. */
	retry(&s);
	assert_int_equal(s.sent_len, 0);
	add_sa(&s, NULL);
	retry(&s);
	assert_int_equal(s.sent_len, 0);
	protect(&s);
	retry(&s);
	assert_int_equal(s.sent_len, 1);
	assert_int_equal(opened(&s, 0, ESP_NEXT_IPV4).len, 88);
	retry(&s);
	assert_int_equal(s.sent_len, 1);
	/* A trap that is set anew tells anew. */
	set_policy(&s, 1, POLICY_TRAP, 1000, "10.1.0.0/16", "10.2.0.0/16");
	send_spec(&s, &udp);
	assert_true(heard(&s, &n));
	stop(&s);
}

static void what_is_held_too_long_is_dropped(void **state)
{
	struct scene s;

	start(&s);
	protect(&s); /* without an SA: as hold */
	send_spec(&s, &udp);
	assert_int_equal(s.out.counts.held, 1);
	add_sa(&s, NULL);
	s.out.now += 31 * NSEC_PER_SEC;
	retry(&s);
	assert_int_equal(s.sent_len, 0);
	stop(&s);
}

static void held_packets_meet_the_policy_of_their_end(void **state)
{
	struct scene s;

	start(&s);
	set_policy(&s, 1, POLICY_HOLD, 1000, "10.1.0.0/16", "10.2.0.0/16");
	send_spec(&s, &udp);
	set_policy(&s, 1, POLICY_REJECT, 1000, "10.1.0.0/16", "10.2.0.0/16");
	retry(&s);
	assert_int_equal(s.replies, 1);
	retry(&s);
	assert_int_equal(s.replies, 1);
	stop(&s);
}

static void more_policies_than_places_hold_the_latest(void **state)
{
	struct scene s;
	char remote[32];

	start(&s);
	for (uint32_t i = 0; i < OUT_HELD_MAX + 10; i++) {
		struct packet_spec spec = udp;

		snprintf(remote, sizeof(remote), "10.2.0.%u/32", i);
		set_policy(&s, i + 1, POLICY_HOLD, 100, "10.1.0.0/16", remote);
		snprintf(remote, sizeof(remote), "10.2.0.%u", i);
		spec.dst = remote;
		s.out.now++;
		send_spec(&s, &spec);
	}
	set_policy(&s, 999, POLICY_PASS, 1, "10.1.0.0/16", "10.2.0.0/16");
	retry(&s);
	assert_int_equal(s.passes, OUT_HELD_MAX);
	stop(&s);
}

static void no_fragmenting(struct plane_sa *sa)
{
	sa->mtu = 600;
}

/* Inner MTU of a path of 600: 538. */
static void what_is_too_big_is_told_or_cut(void **state)
{
	struct packet_spec big = udp;
	struct scene s;
	size_t len;

	start(&s);
	protect(&s);
	add_sa(&s, no_fragmenting);
	big.payload = 538 - 28;
	big.df = true;
	send_spec(&s, &big);
	assert_int_equal(s.sent_len, 1);
	assert_int_equal(opened(&s, 0, ESP_NEXT_IPV4).len, 538);

	big.payload++;
	send_spec(&s, &big);
	assert_int_equal(s.sent_len, 1);
	assert_int_equal(s.replies, 1);
	assert_int_equal(s.reply.octets[21], 4);
	assert_int_equal(s.reply.octets[26] << 8 | s.reply.octets[27], 538);

	big.df = false;
	big.options = 12;
	big.payload = 1500;
	len = send_spec(&s, &big);
	assert_int_equal(s.sent_len, 1 + 3); /* 1,508 octets by 504 */
	assert_int_equal(s.replies, 1);
	assert_int_equal(len, 32 + 8 + 1500);
	stop(&s);
}

/* What the fragments carry is what the packet did. */
static void fragments_come_together_again(void **state)
{
	static const uint16_t lens[] = {511, 512, 1015, 1016, 1017, 1500};

	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		struct packet_spec big = udp;
		uint8_t plain[2048], together[2048];
		size_t len, at = 0;
		struct scene s;

		test_row(i, "payload %u", lens[i]);
		start(&s);
		protect(&s);
		add_sa(&s, no_fragmenting);
		big.payload = lens[i];
		len = make_packet(&big, plain, sizeof(plain));
		send_spec(&s, &big);
		for (size_t n = 0; n < s.sent_len; n++) {
			struct view v = opened(&s, n, ESP_NEXT_IPV4);
			struct flow f;

			assert_true(v.len <= 538);
			assert_int_equal(inner_parse(v, &f), INNER_OK);
			assert_true(checksums_right(v));
			assert_int_equal(((v.ptr[6] << 8 | v.ptr[7]) & 0x1fff) * 8, at);
			assert_int_equal(!(v.ptr[6] & 0x20), n == s.sent_len - 1);
			memcpy(together + at, v.ptr + f.header_len, v.len - f.header_len);
			at += v.len - f.header_len;
		}
		assert_view_equal(view_of(together, at), view_of(plain + 20, len - 20));
		stop(&s);
	}
}

/*
 * A fragment is cut further: offsets go on from its
 * own, and only a last one's last piece is last.
 */
static void a_fragment_of_a_fragment(void **state)
{
	for (int more = 0; more < 2; more++) {
		struct packet_spec part = {.src = "10.1.0.5",
					   .dst = "10.2.0.5",
					   .proto = IPPROTO_UDP,
					   .offset = 800,
					   .more = more,
					   .payload = 1000};
		struct scene s;

		start(&s);
		protect(&s);
		add_sa(&s, no_fragmenting);
		send_spec(&s, &part);
		assert_int_equal(s.sent_len, 2);
		for (size_t n = 0; n < 2; n++) {
			struct view v = opened(&s, n, ESP_NEXT_IPV4);

			assert_int_equal(((v.ptr[6] << 8 | v.ptr[7]) & 0x1fff) * 8,
					 800 + n * 512);
			assert_int_equal((v.ptr[6] & 0x20) != 0, n == 0 || more);
			assert_true(checksums_right(v));
		}
		stop(&s);
	}
}

/* RFC 8200 5: no IPv6 path is said to carry less than 1,280 octets. */
static void ipv6_is_never_told_less_than_its_least(void **state)
{
	struct packet_spec big = udp6;
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, no_fragmenting);
	big.payload = 1280 - 48;
	send_spec(&s, &big);
	assert_int_equal(s.sent_len, 1);
	big.payload++;
	send_spec(&s, &big);
	assert_int_equal(s.sent_len, 1);
	assert_int_equal(s.replies, 1);
	assert_int_equal(s.reply.octets[40], 2);
	assert_int_equal(s.reply.octets[46] << 8 | s.reply.octets[47], 1280);
	stop(&s);
}

static void the_path_is_asked_once_a_second(void **state)
{
	struct packet_spec big = udp;
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	big.df = true;
	big.payload = 1410; /* 1,438 in all */
	s.path_mtu = 1500;
	send_spec(&s, &big);
	send_spec(&s, &big);
	assert_int_equal(s.asked, 1);
	assert_int_equal(s.sent_len, 2);
	s.path_mtu = 1400;
	s.out.now += NSEC_PER_SEC;
	send_spec(&s, &big);
	assert_int_equal(s.asked, 2);
	assert_int_equal(s.sent_len, 2);
	assert_int_equal(s.reply.octets[26] << 8 | s.reply.octets[27], 1338);
	/* When the kernel cannot say, what was known stays. */
	s.path_mtu = 0;
	s.out.now += NSEC_PER_SEC;
	send_spec(&s, &big);
	assert_int_equal(s.sent_len, 2);
	stop(&s);
}

static void segments_are_clamped(void **state)
{
	static const struct packet_spec syn = {.src = "10.1.0.5",
					       .dst = "10.2.0.5",
					       .proto = IPPROTO_TCP,
					       .mss = 1460};
	struct scene s;
	struct view v;

	start(&s);
	protect(&s);
	add_sa(&s, no_fragmenting);
	send_spec(&s, &syn);
	v = opened(&s, 0, ESP_NEXT_IPV4);
	assert_int_equal(v.ptr[42] << 8 | v.ptr[43], 538 - 40);
	assert_true(checksums_right(v));
	s.out.clamp_mss = false;
	send_spec(&s, &syn);
	v = opened(&s, 1, ESP_NEXT_IPV4);
	assert_int_equal(v.ptr[42] << 8 | v.ptr[43], 1460);
	stop(&s);
}

static void near_the_end(struct plane_sa *sa)
{
	sa->first_sequence = UINT32_MAX - 2;
}

static void near_the_end_with_esn(struct plane_sa *sa)
{
	sa->first_sequence = UINT64_MAX - 2;
	sa->suite.esn = true;
}

static void across_with_esn(struct plane_sa *sa)
{
	sa->first_sequence = UINT32_MAX - 2;
	sa->suite.esn = true;
}

/* RFC 4303 3.3.3: the number of a packet never repeats. */
static void pad_to_300(struct plane_sa *sa)
{
	sa->tfc = 300;
}

static void pad_to_path(struct plane_sa *sa)
{
	sa->tfc = TFC_MTU;
}

static void lengths_are_hidden_as_asked(void **state)
{
	static const struct {
		void (*change)(struct plane_sa *);
		uint32_t path_mtu;
		size_t payload, len; /* of what is sealed */
	} rows[] = {
		{NULL, 1500, 50, 78},          {pad_to_300, 1500, 50, 300},
		{pad_to_300, 1500, 272, 300},  {pad_to_300, 1500, 273, 301},
		{pad_to_300, 250, 50, 186}, /* as much as the path takes */
		{pad_to_path, 1500, 50, 1438},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet_spec p = udp;
		struct scene s;
		struct view got;
		size_t len;

		start(&s);
		protect(&s);
		add_sa(&s, rows[i].change);
		s.path_mtu = rows[i].path_mtu;
		p.payload = rows[i].payload;
		len = send_spec(&s, &p);
		got = opened(&s, 0, ESP_NEXT_IPV4);
		assert_int_equal(got.len, rows[i].len);
		assert_memory_equal(got.ptr, s.buffer, len);
		for (size_t k = len; k < got.len; k++)
			assert_int_equal(got.ptr[k], 0);
		stop(&s);
	}
}

static void hide_dscp(struct plane_sa *sa)
{
	sa->plain_dscp = true;
}

static void the_outer_header_is_marked_as_asked(void **state)
{
	struct packet_spec p = udp;
	struct scene s;

	p.tos = 0xb8 | ECN_ECT0;
	for (int hidden = 0; hidden < 2; hidden++) {
		start(&s);
		protect(&s);
		add_sa(&s, hidden ? hide_dscp : NULL);
		send_spec(&s, &p);
		assert_int_equal(s.sent[0].tos, hidden ? ECN_ECT0 : 0xb8 | ECN_ECT0);
		stop(&s);
	}
}

static void sequence_numbers_end(void **state)
{
	static const struct {
		void (*change)(struct plane_sa *);
		size_t expected;
	} rows[] = {{near_the_end, 2}, {near_the_end_with_esn, 2}, {across_with_esn, 6}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene s;
		struct notice n;
		bool hard = false;

		test_row(i, "%zu packets go", rows[i].expected);
		start(&s);
		protect(&s);
		add_sa(&s, rows[i].change);
		for (int k = 0; k < 6; k++)
			send_spec(&s, &udp);
		assert_int_equal(s.sent_len, rows[i].expected);
		for (size_t k = 0; k < s.sent_len; k++)
			opened(&s, k, ESP_NEXT_IPV4);
		while (heard(&s, &n)) {
			assert_int_equal(n.kind, NOTICE_EXPIRE);
			assert_false(hard);
			hard = n.sa.hard;
		}
		assert_int_equal(hard, rows[i].expected == 2);
		assert_int_equal(s.out.counts.no_sa, rows[i].expected == 2 ? 3 : 0);
		stop(&s);
	}
}

static void two_then_four(struct plane_sa *sa)
{
	sa->soft_packets = 2;
	sa->hard_packets = 4;
}

static void lifetimes_are_told_and_kept(void **state)
{
	struct scene s;
	struct notice n;

	start(&s);
	protect(&s);
	add_sa(&s, two_then_four);
	for (int k = 0; k < 7; k++)
		send_spec(&s, &udp);
	assert_int_equal(s.sent_len, 4);
	assert_true(heard(&s, &n) && n.kind == NOTICE_EXPIRE && !n.sa.hard && n.sa.spi == SPI &&
		    n.sa.dir == SA_OUT);
	assert_true(heard(&s, &n) && n.kind == NOTICE_EXPIRE && n.sa.hard);
	assert_false(heard(&s, &n));
	stop(&s);
}

static void a_full_queue_tells_later(void **state)
{
	struct notice junk = {.kind = NOTICE_MOVED}, n;
	struct scene s;
	bool soft = false;

	start(&s);
	protect(&s);
	add_sa(&s, two_then_four);
	while (notice_put(&s.notices, &junk, view_of(s.buffer, 1024)))
		;
	while (notice_put(&s.notices, &junk, view_of(NULL, 0)))
		;
	send_spec(&s, &udp);
	send_spec(&s, &udp);
	assert_int_equal(s.out.counts.queue_full, 1);
	while (heard(&s, &n))
		assert_int_equal(n.kind, NOTICE_MOVED);
	send_spec(&s, &udp);
	while (heard(&s, &n))
		soft = n.kind == NOTICE_EXPIRE && !n.sa.hard;
	assert_true(soft);
	stop(&s);
}

static struct esp_port *no_port(void *ctx, const struct endpoint *local)
{
	return NULL;
}

static void without_a_socket_nothing_goes(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	s.sad.port_of = no_port;
	sad_rebind(&s.sad);
	send_spec(&s, &udp);
	assert_int_equal(s.sent_len, 0);
	assert_int_equal(s.out.counts.no_sa, 1);
	stop(&s);
}

/* A packet that is many in one, as the device gives it: its checksum is not complete. */
static void send_many(struct scene *s, size_t payload, uint16_t each)
{
	struct packet_spec spec = udp;
	struct offload said = {.kind = OFFLOAD_TCP4,
			       .needs_checksum = true,
			       .each = each,
			       .checksum_start = 20,
			       .checksum_offset = 16};

	spec.proto = IPPROTO_TCP;
	spec.payload = payload;
	spec.df = true;
	send_octets(s, &said, make_packet(&spec, s->buffer, sizeof(s->buffer) - ESP_BEHIND));
}

static void many_in_one_are_cut_and_sealed_together(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	send_many(&s, 12345, 1000);
	assert_int_equal(s.sent_len, 13);
	assert_int_equal(s.bursts, 1);
	assert_int_equal(s.messages, 1);
	for (size_t i = 0; i < s.sent_len; i++) {
		struct view v = opened(&s, i, ESP_NEXT_IPV4);

		assert_true(checksums_right(v));
		assert_int_equal(v.len, i < 12 ? 1040 : 385);
	}
	assert_int_equal(s.replies, 0);
	stop(&s);
}

static void many_in_one_meet_their_policy(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	set_policy(&s, 2, POLICY_DROP, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_many(&s, 3000, 1000);
	assert_int_equal(s.out.counts.dropped_by_policy, 3);
	set_policy(&s, 2, POLICY_PASS, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_many(&s, 3000, 1000);
	assert_int_equal(s.passes, 3);
	assert_int_equal(s.passed.len, 1040);
	assert_true(checksums_right(view_of(s.passed.octets, s.passed.len)));
	set_policy(&s, 2, POLICY_TRAP, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_many(&s, 3000, 1000);
	assert_int_equal(s.out.counts.held, 3);
	assert_int_equal(s.sent_len, 0);
	stop(&s);
}

static void lies_about_many_in_one_are_counted(void **state)
{
	static const struct offload lies[] = {
		{.kind = OFFLOAD_TCP4, .each = 10},
		{.kind = OFFLOAD_TCP6, .each = 10},
		{.kind = OFFLOAD_UDP},
		{.needs_checksum = true, .checksum_start = 70, .checksum_offset = 7},
		{.needs_checksum = true, .checksum_start = 65535, .checksum_offset = 65535},
	};
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		send_octets(&s, &lies[i],
			    make_packet(&udp, s.buffer, sizeof(s.buffer) - ESP_BEHIND));
		assert_int_equal(s.out.counts.malformed, i + 1);
	}
	assert_int_equal(s.sent_len, 0);
	stop(&s);
}

static void many_in_one_longer_than_the_path_are_told_to_their_sender(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	s.path_mtu = 1000;
	send_many(&s, 2400, 1200);
	assert_int_equal(s.sent_len, 0);
	assert_int_equal(s.out.counts.too_big, 2);
	assert_int_equal(s.reply.octets[20], 3);
	assert_int_equal(s.reply.octets[21], 4);
	/* The packet that is quoted is one that was cut, not the whole. */
	assert_int_equal(s.reply.octets[28 + 2] << 8 | s.reply.octets[28 + 3], 1240);
	stop(&s);
}

/* RFC 4303 3.3.3, in the middle of a packet. */
static void numbers_end_within_many_in_one(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	s.out.now += NSEC_PER_SEC;
	atomic_store(&sad_find(&s.sad, &(struct sa_ref){.dir = SA_OUT, .spi = SPI, .reqid = 1})
			      ->sequence,
		     UINT32_MAX - 2);
	s.received = UINT32_MAX - 2;
	send_many(&s, 5000, 1000);
	assert_int_equal(s.sent_len, 2);
	opened(&s, 0, ESP_NEXT_IPV4);
	opened(&s, 1, ESP_NEXT_IPV4);
	assert_true(s.out.counts.no_sa > 0);
	stop(&s);
}

static void many_small_packets_are_one_message(void **state)
{
	struct scene s;

	start(&s);
	protect(&s);
	add_sa(&s, NULL);
	rcu_read_lock();
	for (size_t i = 0; i < 20; i++) {
		size_t len = make_packet(&udp, s.buffer, sizeof(s.buffer) - ESP_BEHIND);

		out_packet(&s.out, &nothing, s.buffer, len);
	}
	assert_int_equal(s.sent_len, 0);
	out_flush(&s.out);
	rcu_read_unlock();
	assert_int_equal(s.sent_len, 20);
	assert_int_equal(s.messages, 1);
	for (size_t i = 0; i < 20; i++)
		opened(&s, i, ESP_NEXT_IPV4);
	stop(&s);
}

static bool init_only(void *ctx)
{
	struct out o;
	bool good = out_init(&o) == CYG_OK;

	if (good)
		out_done(&o);
	return good;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(init_only, NULL, false);
}

static int open_crypto(void **state)
{
	crypto = crypto_new(NULL);
	return !crypto;
}

static int close_crypto(void **state)
{
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_policy_nothing_goes),
		cmocka_unit_test(junk_is_counted),
		cmocka_unit_test(protected_packets_are_sealed),
		cmocka_unit_test(each_policy_does_as_it_is_called),
		cmocka_unit_test(what_passes_comes_back),
		cmocka_unit_test(errors_to_senders_are_limited),
		cmocka_unit_test(a_trap_tells_once_and_holds_the_newest),
		cmocka_unit_test(what_is_held_too_long_is_dropped),
		cmocka_unit_test(held_packets_meet_the_policy_of_their_end),
		cmocka_unit_test(more_policies_than_places_hold_the_latest),
		cmocka_unit_test(what_is_too_big_is_told_or_cut),
		cmocka_unit_test(fragments_come_together_again),
		cmocka_unit_test(a_fragment_of_a_fragment),
		cmocka_unit_test(ipv6_is_never_told_less_than_its_least),
		cmocka_unit_test(the_path_is_asked_once_a_second),
		cmocka_unit_test(segments_are_clamped),
		cmocka_unit_test(lengths_are_hidden_as_asked),
		cmocka_unit_test(the_outer_header_is_marked_as_asked),
		cmocka_unit_test(sequence_numbers_end),
		cmocka_unit_test(lifetimes_are_told_and_kept),
		cmocka_unit_test(a_full_queue_tells_later),
		cmocka_unit_test(without_a_socket_nothing_goes),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(many_in_one_are_cut_and_sealed_together),
		cmocka_unit_test(many_in_one_meet_their_policy),
		cmocka_unit_test(lies_about_many_in_one_are_counted),
		cmocka_unit_test(many_in_one_longer_than_the_path_are_told_to_their_sender),
		cmocka_unit_test(numbers_end_within_many_in_one),
		cmocka_unit_test(many_small_packets_are_one_message),
	};

	return cmocka_run_group_tests_name("plane/out", tests, open_crypto, close_crypto);
}
