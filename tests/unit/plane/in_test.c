/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/in.h"

#include "tests/unit/plane/fixture.h"
#include "tests/unit/support/crypto.h"

#include <netinet/in.h>
#include <string.h>

#define SPI 0x1234u

/* A receiver with one SA, and the sender's end of it. */
struct scene {
	struct sad sad;
	struct notices notices;
	struct spd spd;
	struct in in;
	struct plane_sa sa;
	struct esp_codec out;
	uint8_t octets[4096];
	size_t len;
	struct endpoint from;
	uint8_t tos;
	struct view got;
	struct flow flow;
};

static void start(struct scene *s, bool esn, uint32_t window, uint64_t hard_packets)
{
	memset(s, 0, sizeof(*s));
	s->sa = make_sa(SA_IN, SPI, MAKE_GCM128, "10.1.0.0/24",
			"10.2.0.0/24,10.3.0.0/24[udp/53]");
	s->sa.suite.esn = esn;
	s->sa.replay_window = window;
	s->sa.hard_packets = hard_packets;
	assert_int_equal(sad_init(&s->sad, crypto), CYG_OK);
	assert_int_equal(spd_init(&s->spd), CYG_OK);
	assert_int_equal(sad_install(&s->sad, &s->sa, NULL), CYG_OK);
	s->sa.dir = SA_OUT;
	assert_int_equal(esp_codec_init(&s->out, crypto, &s->sa, NULL), CYG_OK);
	assert_true(notices_init(&s->notices, -1));
	s->in = (struct in){.who = 1,
			    .sad = &s->sad,
			    .spd = &s->spd,
			    .notices = &s->notices,
			    .clamp_mss = true,
			    .now = 7};
	s->from = s->sa.remote;
}

static void stop(struct scene *s)
{
	esp_codec_done(&s->out);
	drop_sa(&s->sa);
	notices_done(&s->notices);
	spd_done(&s->spd);
	sad_done(&s->sad);
	rcu_barrier();
}

/* Lay an ESP packet around `len` octets into the scene. */
static void seal(struct scene *s, uint64_t sequence, uint8_t next, const uint8_t *inner,
		 size_t len)
{
	uint8_t packet[2048 + ESP_BEHIND];

	memcpy(packet, inner, len);
	assert_int_equal(esp_seal(&s->out, sequence, next, packet, len, s->octets), CYG_OK);
	s->len = esp_sealed_len(&s->out, len);
}

static void seal_spec(struct scene *s, uint64_t sequence, const struct packet_spec *spec)
{
	uint8_t inner[2048];
	size_t len = make_packet(spec, inner, sizeof(inner));

	seal(s, sequence, strchr(spec->src, ':') ? ESP_NEXT_IPV6 : ESP_NEXT_IPV4, inner, len);
}

static const struct packet_spec good = {.src = "10.2.0.9",
					.dst = "10.1.0.9",
					.proto = IPPROTO_UDP,
					.src_port = 5,
					.dst_port = 6,
					.payload = 33};

/* Let it arrive, in memory of exactly its size. */
static bool arrive(struct scene *s)
{
	struct in_datagram d = {.local = s->sa.local,
				.remote = s->from,
				.tos = s->tos,
				.len = s->len};
	bool kept;

	d.octets = test_malloc(s->len ? s->len : 1);
	memcpy(d.octets, s->octets, s->len);
	rcu_read_lock();
	kept = in_datagram(&s->in, &d, &s->got, &s->flow);
	in_release(&s->in);
	rcu_read_unlock();
	if (kept) {
		memcpy(s->octets, s->got.ptr, s->got.len);
		s->got.ptr = s->octets;
	}
	test_free(d.octets);
	return kept;
}

static bool heard(struct scene *s, struct notice *ret, struct view *ret_body)
{
	bool any = notice_get(&s->notices, ret, ret_body);

	if (any)
		notice_next(&s->notices);
	return any;
}

static struct plane_counters counters(struct scene *s)
{
	return sa_counters(sad_inbound(&s->sad, SPI));
}

static void stray_datagrams_are_counted(void **state)
{
	static const struct {
		const char *hex;
		uint64_t short_packets, keepalives, unknown;
	} rows[] = {
		{"", 1, 0, 0},
		{"ff", 0, 1, 0},
		{"fe", 1, 0, 0},
		{"ffff", 1, 0, 0},
		{"00", 1, 0, 0},
		{"00000000", 1, 0, 0},
		{"00001234", 1, 0, 0},
		{"00001234000000", 1, 0, 0},
		{"0000123400000001", 1, 0, 0},
		{"0000000100000001 00000000000000000000000000000000", 0, 0, 1},
		{"000000ff00000001 00000000000000000000000000000000", 0, 0, 1},
		{"0000010000000001 00000000000000000000000000000000", 0, 0, 1},
		{"ffffffff00000001 00000000000000000000000000000000", 0, 0, 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view v = test_hex(rows[i].hex);
		struct scene s;
		struct notice n;
		struct view body;

		test_row(i, "%s", rows[i].hex);
		start(&s, false, 64, 0);
		if (v.len)
			memcpy(s.octets, v.ptr, v.len);
		s.len = v.len;
		assert_false(arrive(&s));
		assert_int_equal(s.in.counts.short_packets, rows[i].short_packets);
		assert_int_equal(s.in.counts.keepalives, rows[i].keepalives);
		assert_int_equal(s.in.counts.unknown_spi, rows[i].unknown);
		assert_false(heard(&s, &n, &body));
		stop(&s);
	}
}

/* SPI 0 is IKE's marker, 1 to 255 are reserved (RFC 4303 2.1): whatever comes, nobody has them. */
static void reserved_spis_are_nobodys(void **state)
{
	struct scene s;
	struct notice n;
	struct view body;

	start(&s, false, 64, 0);
	for (uint32_t spi = 1; spi < 256; spi++) {
		seal_spec(&s, spi, &good);
		memset(s.octets, 0, 3);
		s.octets[3] = (uint8_t)spi;
		assert_false(arrive(&s));
		assert_int_equal(s.in.counts.unknown_spi, spi);
	}
	assert_false(heard(&s, &n, &body));
	assert_int_equal(counters(&s).packets, 0);
	stop(&s);
}

/* Each length that holds no packet, under an SPI that is there. */
static void tiny_packets_are_refused(void **state)
{
	for (int alg = 0; alg < MAKE_ALGS; alg++)
		for (size_t len = 0; len <= 40; len++) {
			struct scene s;
			struct plane_sa sa = make_sa(SA_IN, 0x5678, (enum make_alg)alg,
						     "10.1.0.0/24", "10.2.0.0/24");

			test_row(len, "algorithm %d, %zu octets", alg, len);
			start(&s, false, 64, 0);
			assert_int_equal(sad_install(&s.sad, &sa, NULL), CYG_OK);
			memset(s.octets, 0x5a, len);
			memcpy(s.octets, "\0\0\x56\x78\0\0\0\1", 8);
			s.len = len;
			assert_false(arrive(&s));
			assert_int_equal(sa_counters(sad_inbound(&s.sad, 0x5678)).packets, 0);
			drop_sa(&sa);
			stop(&s);
		}
}

static void ike_goes_to_the_loop(void **state)
{
	struct scene s;
	struct notice n;
	struct view body;

	start(&s, false, 64, 0);
	memcpy(s.octets, "\0\0\0\0an IKE message", 18);
	s.len = 18;
	assert_false(arrive(&s));
	assert_true(heard(&s, &n, &body));
	assert_int_equal(n.kind, NOTICE_DATAGRAM);
	assert_view_equal(body, LITERAL("an IKE message"));
	assert_true(endpoint_equal(&n.datagram.remote, &s.from));
	assert_true(endpoint_equal(&n.datagram.local, &s.sa.local));
	stop(&s);
}

static void a_full_queue_drops_ike_and_says_so(void **state)
{
	struct scene s;
	int kept = 0;

	start(&s, false, 64, 0);
	memset(s.octets, 0, 4);
	s.len = 4000;
	while (s.in.counts.queue_full == 0 && kept < 1000) {
		assert_false(arrive(&s));
		kept++;
	}
	assert_in_range(kept, 50, 200);
	stop(&s);
}

static void good_packets_are_delivered(void **state)
{
	struct scene s;
	uint8_t inner[256];
	size_t len = make_packet(&good, inner, sizeof(inner));

	start(&s, true, 64, 0);
	seal_spec(&s, 1, &good);
	assert_true(arrive(&s));
	assert_view_equal(s.got, view_of(inner, len));
	assert_int_equal(counters(&s).packets, 1);
	assert_int_equal(counters(&s).bytes, len);
	assert_int_equal(counters(&s).last_used, 7);
	stop(&s);
}

static void what_pads_for_secrecy_is_cut_off(void **state)
{
	uint8_t inner[256] = {0};
	size_t len = make_packet(&good, inner, sizeof(inner));
	struct scene s;

	start(&s, false, 64, 0);
	seal(&s, 1, ESP_NEXT_IPV4, inner, len + 100); /* RFC 4303 2.7 */
	assert_true(arrive(&s));
	assert_view_equal(s.got, view_of(inner, len));
	stop(&s);
}

static void replays_and_old_packets_are_refused(void **state)
{
	struct scene s;

	start(&s, false, 64, 0);
	seal_spec(&s, 0, &good);
	assert_false(arrive(&s));
	seal_spec(&s, 100, &good);
	assert_true(arrive(&s));
	seal_spec(&s, 100, &good);
	assert_false(arrive(&s));
	seal_spec(&s, 37, &good);
	assert_true(arrive(&s));
	seal_spec(&s, 36, &good);
	assert_false(arrive(&s));
	assert_int_equal(counters(&s).replayed, 3);
	assert_int_equal(counters(&s).packets, 2);
	stop(&s);
}

/* A forged packet must not move the window, or one could shut out all that is honest. */
static void forgeries_change_nothing(void **state)
{
	struct scene s;
	struct notice n;
	struct view body;

	start(&s, false, 64, 0);
	seal_spec(&s, 1, &good);
	assert_true(arrive(&s));
	s.from = make_endpoint("203.0.113.9", 4500);
	seal_spec(&s, 5000, &good);
	s.octets[20] ^= 1;
	assert_false(arrive(&s));
	assert_int_equal(counters(&s).bad_auth, 1);
	assert_false(heard(&s, &n, &body));
	s.from = s.sa.remote;
	seal_spec(&s, 2, &good);
	assert_true(arrive(&s));
	stop(&s);
}

static void wrong_contents_are_refused(void **state)
{
	static const struct {
		const char *what;
		struct packet_spec spec;
		uint8_t next;
		uint64_t bad_selector, other;
	} rows[] = {
		{"source outside",
		 {.src = "10.2.1.9", .dst = "10.1.0.9", .proto = 17},
		 ESP_NEXT_IPV4,
		 1,
		 0},
		{"destination outside",
		 {.src = "10.2.0.9", .dst = "10.1.1.9", .proto = 17},
		 ESP_NEXT_IPV4,
		 1,
		 0},
		{"the wrong way round",
		 {.src = "10.1.0.9", .dst = "10.2.0.9", .proto = 17},
		 ESP_NEXT_IPV4,
		 1,
		 0},
		{"protocol outside",
		 {.src = "10.3.0.9", .dst = "10.1.0.9", .proto = 6, .src_port = 53},
		 ESP_NEXT_IPV4,
		 1,
		 0},
		{"port outside",
		 {.src = "10.3.0.9", .dst = "10.1.0.9", .proto = 17, .src_port = 54},
		 ESP_NEXT_IPV4,
		 1,
		 0},
		{"a later fragment where ports count",
		 {.src = "10.3.0.9", .dst = "10.1.0.9", .proto = 17, .offset = 8, .payload = 8},
		 ESP_NEXT_IPV4,
		 1,
		 0},
		{"another family",
		 {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 17},
		 ESP_NEXT_IPV6,
		 1,
		 0},
		{"IPv4 said to be IPv6",
		 {.src = "10.2.0.9", .dst = "10.1.0.9", .proto = 17},
		 ESP_NEXT_IPV6,
		 0,
		 1},
		{"UDP, as in transport mode",
		 {.src = "10.2.0.9", .dst = "10.1.0.9", .proto = 17},
		 IPPROTO_UDP,
		 0,
		 1},
		{"no packet at all",
		 {.src = "10.2.0.9", .dst = "10.1.0.9", .proto = 17},
		 0,
		 0,
		 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene s;
		uint8_t inner[256];
		size_t len = make_packet(&rows[i].spec, inner, sizeof(inner));

		test_row(i, "%s", rows[i].what);
		start(&s, false, 64, 0);
		seal(&s, 1, rows[i].next, inner, len);
		assert_false(arrive(&s));
		assert_int_equal(counters(&s).bad_selector, rows[i].bad_selector);
		assert_int_equal(counters(&s).other_drops, rows[i].other);
		assert_int_equal(counters(&s).packets, 0);
		/* Its number is used up all the same. */
		seal_spec(&s, 1, &good);
		assert_false(arrive(&s));
		assert_int_equal(counters(&s).replayed, 1);
		stop(&s);
	}
}

static void port_selectors_let_their_port_in(void **state)
{
	static const struct packet_spec dns = {.src = "10.3.0.9",
					       .dst = "10.1.0.9",
					       .proto = 17,
					       .src_port = 53};
	struct scene s;

	start(&s, false, 64, 0);
	seal_spec(&s, 1, &dns);
	assert_true(arrive(&s));
	stop(&s);
}

static void truncated_packets_inside_are_refused(void **state)
{
	uint8_t inner[256];
	size_t len = make_packet(&good, inner, sizeof(inner));

	for (size_t cut = 0; cut < len; cut++) {
		struct scene s;

		start(&s, false, 64, 0);
		seal(&s, 1, ESP_NEXT_IPV4, inner, cut);
		assert_false(arrive(&s));
		assert_int_equal(counters(&s).other_drops, 1);
		stop(&s);
	}
}

static void dummies_vanish(void **state)
{
	uint8_t noise[100] = {1, 2, 3};
	struct scene s;

	start(&s, false, 64, 0);
	seal(&s, 1, ESP_NEXT_DUMMY, noise, sizeof(noise));
	assert_false(arrive(&s));
	assert_int_equal(counters(&s).other_drops, 0);
	assert_int_equal(counters(&s).last_used, 7);
	stop(&s);
}

static void congestion_is_carried_in(void **state)
{
	struct packet_spec capable = good;
	struct scene s;
	struct flow f;

	start(&s, false, 64, 0);
	s.tos = ECN_CE;
	seal_spec(&s, 1, &good);
	assert_false(arrive(&s));
	assert_int_equal(s.in.counts.ecn_drops, 1);
	capable.tos = 0xb8 | ECN_ECT0;
	seal_spec(&s, 2, &capable);
	assert_true(arrive(&s));
	assert_int_equal(inner_parse(s.got, &f), INNER_OK);
	assert_int_equal(f.tos, 0xb8 | ECN_CE);
	assert_true(checksums_right(s.got));
	stop(&s);
}

static void dscp_comes_in_as_asked(void **state)
{
	struct packet_spec capable = good;
	struct plane_sa sa = make_sa(SA_IN, 0x5678, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");
	struct scene s;
	struct flow f;

	capable.tos = 0xb8 | ECN_ECT0;
	start(&s, false, 64, 0);
	s.tos = 0x28 | ECN_CE;
	seal_spec(&s, 1, &capable);
	assert_true(arrive(&s));
	assert_int_equal(inner_parse(s.got, &f), INNER_OK);
	assert_int_equal(f.tos, 0xb8 | ECN_CE);
	sa.decap_dscp = true;
	assert_int_equal(sad_install(&s.sad, &sa, NULL), CYG_OK);
	sa.dir = SA_OUT;
	esp_codec_done(&s.out);
	assert_int_equal(esp_codec_init(&s.out, crypto, &sa, NULL), CYG_OK);
	seal_spec(&s, 1, &capable);
	assert_true(arrive(&s));
	assert_int_equal(inner_parse(s.got, &f), INNER_OK);
	assert_int_equal(f.tos, 0x28 | ECN_CE);
	assert_true(checksums_right(s.got));
	drop_sa(&sa);
	stop(&s);
}

static void only_the_newest_packet_moves_a_peer(void **state)
{
	struct endpoint home, away = make_endpoint("203.0.113.9", 1024),
			      later = make_endpoint("203.0.113.9", 1025);
	struct scene s;
	struct notice n;
	struct view body;

	start(&s, false, 64, 0);
	home = s.from;
	seal_spec(&s, 10, &good);
	assert_true(arrive(&s));
	/* Late, from elsewhere: perhaps the old place. */
	s.from = away;
	seal_spec(&s, 9, &good);
	assert_true(arrive(&s));
	assert_false(heard(&s, &n, &body));
	seal_spec(&s, 11, &good);
	assert_true(arrive(&s));
	assert_true(heard(&s, &n, &body));
	assert_int_equal(n.kind, NOTICE_MOVED);
	assert_int_equal(n.sa.spi, SPI);
	assert_true(endpoint_equal(&n.sa.remote, &away));
	/* Told once for each new place. */
	seal_spec(&s, 12, &good);
	assert_true(arrive(&s));
	assert_false(heard(&s, &n, &body));
	s.from = later;
	seal_spec(&s, 13, &good);
	assert_true(arrive(&s));
	assert_true(heard(&s, &n, &body) && endpoint_equal(&n.sa.remote, &later));
	s.from = home;
	seal_spec(&s, 14, &good);
	assert_true(arrive(&s));
	assert_false(heard(&s, &n, &body));
	s.from = later;
	seal_spec(&s, 15, &good);
	assert_true(arrive(&s));
	assert_true(heard(&s, &n, &body));
	stop(&s);
}

static void a_hard_limit_ends_it(void **state)
{
	struct scene s;
	struct notice n;
	struct view body;

	start(&s, false, 64, 2);
	for (uint64_t i = 1; i <= 4; i++) {
		seal_spec(&s, i, &good);
		assert_int_equal(arrive(&s), i <= 2);
	}
	assert_true(heard(&s, &n, &body));
	assert_true(n.kind == NOTICE_EXPIRE && n.sa.hard && n.sa.dir == SA_IN &&
		    n.sa.spi == SPI);
	assert_false(heard(&s, &n, &body));
	stop(&s);
}

/* Extended numbers through the wrap, as a stream with losses. */
static void extended_numbers_pass_the_wrap(void **state)
{
	struct scene s;
	uint64_t wrap = UINT64_C(1) << 32;

	start(&s, true, 64, 0);
	/* Come near in leaps, each inside half the space. */
	for (uint64_t n = UINT64_C(0x70000000); n < wrap - 10; n += UINT64_C(0x70000000)) {
		seal_spec(&s, n, &good);
		assert_true(arrive(&s));
	}
	for (uint64_t n = wrap - 10; n < wrap + 10; n += 2) {
		seal_spec(&s, n, &good);
		assert_true(arrive(&s));
	}
	/* Late ones from before and after, and a replay from the earlier subspace. */
	seal_spec(&s, wrap - 1, &good);
	assert_true(arrive(&s));
	seal_spec(&s, wrap + 1, &good);
	assert_true(arrive(&s));
	seal_spec(&s, wrap - 2, &good);
	assert_false(arrive(&s));
	assert_int_equal(counters(&s).bad_auth, 0);
	stop(&s);
}

static void segments_are_clamped_to_the_way_back(void **state)
{
	static const struct packet_spec syn = {.src = "10.2.0.9",
					       .dst = "10.1.0.9",
					       .proto = IPPROTO_TCP,
					       .mss = 1460};
	struct plane_sa back = make_sa(SA_OUT, 0x9999, MAKE_GCM128, "10.1.0.0/24",
				       "10.2.0.0/24");
	struct scene s;

	start(&s, false, 64, 0);
	seal_spec(&s, 1, &syn);
	assert_true(arrive(&s));
	assert_int_equal(s.got.ptr[42] << 8 | s.got.ptr[43], 1460);
	back.mtu = 1300;
	assert_int_equal(sad_install(&s.sad, &back, NULL), CYG_OK);
	seal_spec(&s, 2, &syn);
	assert_true(arrive(&s));
	assert_int_equal(s.got.ptr[42] << 8 | s.got.ptr[43], 1238 - 40);
	assert_true(checksums_right(s.got));
	drop_sa(&back);
	stop(&s);
}

static void set_policy(struct scene *s, uint32_t id, enum policy_kind kind, uint32_t priority,
		       uint32_t reqid, const char *remote)
{
	struct plane_policy p = make_policy(id, kind, priority, reqid, "10.1.0.0/24", remote);
	struct lane *old, *lane = reqid ? lane_take(&s->sad, reqid, 0) : NULL;

	assert_int_equal(spd_set(&s->spd, &p, lane, &old), CYG_OK);
	lane_release(&s->sad, old);
	drop_policy(&p);
}

static void forget_policy(struct scene *s, uint32_t id)
{
	struct lane *old;

	assert_int_equal(spd_remove(&s->spd, id, &old), CYG_OK);
	lane_release(&s->sad, old);
}

/* The SA's selectors hold 10.2.0.9; whose network that is, policies say. */
static void a_peer_does_not_speak_for_others(void **state)
{
	static const struct {
		const char *what;
		enum policy_kind kind;
		uint32_t priority, reqid;
		const char *remote;
		bool arrives;
	} rows[] = {
		{"another tunnel's, more exactly", POLICY_PROTECT, 50, 9, "10.2.0.8/29", false},
		{"another tunnel's, that is not up", POLICY_TRAP, 50, 9, "10.2.0.8/29", false},
		{"nobody's: it is dropped", POLICY_DROP, 50, 0, "10.2.0.8/29", false},
		{"anybody's: it may come in clear", POLICY_PASS, 50, 0, "10.2.0.8/29", true},
		{"another tunnel's, behind ours", POLICY_PROTECT, 150, 9, "10.2.0.8/29", true},
		{"another tunnel's, as good as ours", POLICY_PROTECT, 100, 9, "10.2.0.8/29",
		 true},
		{"another tunnel's, elsewhere", POLICY_PROTECT, 50, 9, "10.2.0.16/28", true},
		{"our own", POLICY_PROTECT, 50, 1, "10.2.0.8/29", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene s;

		test_row(i, "%s", rows[i].what);
		start(&s, false, 64, 0);
		set_policy(&s, 1, POLICY_PROTECT, 100, 1, "10.2.0.0/24");
		seal_spec(&s, 1, &good);
		assert_true(arrive(&s));
		/* In the middle of a flow, too. */
		set_policy(&s, 2, rows[i].kind, rows[i].priority, rows[i].reqid,
			   rows[i].remote);
		seal_spec(&s, 2, &good);
		assert_int_equal(arrive(&s), rows[i].arrives);
		assert_int_equal(counters(&s).bad_selector, !rows[i].arrives);
		forget_policy(&s, 2);
		seal_spec(&s, 3, &good);
		assert_true(arrive(&s));
		/* An SA whose policy is not there yet. */
		set_policy(&s, 2, rows[i].kind, rows[i].priority, rows[i].reqid,
			   rows[i].remote);
		forget_policy(&s, 1);
		seal_spec(&s, 4, &good);
		assert_true(arrive(&s));
		forget_policy(&s, 2);
		stop(&s);
	}
}

/* Behind a first fragment with the right port; each tunnel's on its own. */
static void later_fragments_follow_the_first(void **state)
{
	struct packet_spec first = {.src = "10.3.0.9",
				    .dst = "10.1.0.9",
				    .proto = IPPROTO_UDP,
				    .src_port = 53,
				    .payload = 40,
				    .more = true},
			   later = first;
	struct scene s;

	later.offset = 48;
	later.more = false;
	start(&s, false, 64, 0);
	seal_spec(&s, 1, &first);
	assert_true(arrive(&s));
	seal_spec(&s, 2, &later);
	assert_true(arrive(&s));
	first.src_port = 54;
	seal_spec(&s, 3, &first);
	assert_false(arrive(&s));
	seal_spec(&s, 4, &later);
	assert_false(arrive(&s));
	assert_int_equal(counters(&s).bad_selector, 2);
	stop(&s);
}

/* A tunnel for wide networks, of which our own one is a part. */
static void nobody_has_our_own_addresses(void **state)
{
	static const struct {
		const char *local, *remote, *src;
		bool arrives;
	} rows[] = {
		{"10.1.0.0/24", "0.0.0.0/0", "10.1.0.77", false},
		{"10.1.0.0/24", "0.0.0.0/0", "10.1.0.9", false},
		{"10.1.0.0/24", "0.0.0.0/0", "10.2.0.9", true},
		{"10.1.0.0/24", "10.0.0.0/8", "10.1.0.77", false},
		{"10.0.0.0/8", "10.1.0.64/26", "10.1.0.77", true},
		{"0.0.0.0/0", "0.0.0.0/0", "10.1.0.77", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet_spec spec = good;
		struct scene s;

		test_row(i, "%s from behind %s to %s", rows[i].src, rows[i].remote,
			 rows[i].local);
		start(&s, false, 64, 0);
		drop_sa(&s.sa);
		s.sa = make_sa(SA_IN, SPI + 1, MAKE_GCM128, rows[i].local, rows[i].remote);
		assert_int_equal(sad_install(&s.sad, &s.sa, NULL), CYG_OK);
		esp_codec_done(&s.out);
		s.sa.dir = SA_OUT;
		assert_int_equal(esp_codec_init(&s.out, crypto, &s.sa, NULL), CYG_OK);
		spec.src = rows[i].src;
		seal_spec(&s, 1, &spec);
		assert_int_equal(arrive(&s), rows[i].arrives);
		assert_int_equal(s.in.counts.bad_selector, !rows[i].arrives);
		stop(&s);
	}
}

/* Selectors may hold every address; no host has these. */
static void martians_are_dropped(void **state)
{
	static const char *ends[][2] = {
		{"127.0.0.1", "10.1.0.9"},       {"10.2.0.9", "127.0.0.9"},
		{"224.0.0.1", "10.1.0.9"},       {"0.0.0.0", "10.1.0.9"},
		{"255.255.255.255", "10.1.0.9"},
	};
	struct scene s;

	start(&s, false, 64, 0);
	drop_sa(&s.sa);
	s.sa = make_sa(SA_IN, SPI + 1, MAKE_GCM128, "0.0.0.0/0", "0.0.0.0/0");
	assert_int_equal(sad_install(&s.sad, &s.sa, NULL), CYG_OK);
	esp_codec_done(&s.out);
	s.sa.dir = SA_OUT;
	assert_int_equal(esp_codec_init(&s.out, crypto, &s.sa, NULL), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct packet_spec spec = good;

		spec.src = ends[i][0];
		spec.dst = ends[i][1];
		seal_spec(&s, i + 1, &spec);
		assert_false(arrive(&s));
		assert_int_equal(s.in.counts.martians, i + 1);
	}
	/* RFC 2131 4.1: a host without an address asks all. */
	seal_spec(&s, 99,
		  &(struct packet_spec){.src = "0.0.0.0",
					.dst = "255.255.255.255",
					.proto = 17});
	assert_true(arrive(&s));
	stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stray_datagrams_are_counted),
		cmocka_unit_test(reserved_spis_are_nobodys),
		cmocka_unit_test(tiny_packets_are_refused),
		cmocka_unit_test(ike_goes_to_the_loop),
		cmocka_unit_test(a_full_queue_drops_ike_and_says_so),
		cmocka_unit_test(good_packets_are_delivered),
		cmocka_unit_test(what_pads_for_secrecy_is_cut_off),
		cmocka_unit_test(replays_and_old_packets_are_refused),
		cmocka_unit_test(forgeries_change_nothing),
		cmocka_unit_test(wrong_contents_are_refused),
		cmocka_unit_test(port_selectors_let_their_port_in),
		cmocka_unit_test(truncated_packets_inside_are_refused),
		cmocka_unit_test(dummies_vanish),
		cmocka_unit_test(congestion_is_carried_in),
		cmocka_unit_test(dscp_comes_in_as_asked),
		cmocka_unit_test(only_the_newest_packet_moves_a_peer),
		cmocka_unit_test(a_hard_limit_ends_it),
		cmocka_unit_test(extended_numbers_pass_the_wrap),
		cmocka_unit_test(segments_are_clamped_to_the_way_back),
		cmocka_unit_test(a_peer_does_not_speak_for_others),
		cmocka_unit_test(later_fragments_follow_the_first),
		cmocka_unit_test(nobody_has_our_own_addresses),
		cmocka_unit_test(martians_are_dropped),
	};

	return cmocka_run_group_tests_name("plane/in", tests, crypto_set_up, crypto_tear_down);
}
