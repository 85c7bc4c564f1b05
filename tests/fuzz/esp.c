/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams at a port of ESP in UDP, and packets at the tunnel device. An
 * input is a list of steps: a kind, an SA or policy, a number, a length of two
 * octets, and so many octets:
 *
 *	0	a datagram as it is
 *	1	a payload that an authenticated peer sealed, under a sequence number
 *	2	the same with one octet changed
 *	3	a packet from inside, on its way out
 *	4	the same, its offload header being the first octets
 *
 * What is delivered must be a packet within the SA's selectors; what is sent
 * must open at the other end and be within them too. Deliveries are merged, and
 * what comes of that must give the same packets when it is cut again.
 */
#include "base/reader.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "plane/esp/checksum.h"
#include "plane/esp/in.h"
#include "plane/esp/merge.h"
#include "plane/esp/out.h"
#include "plane/esp/segment.h"

#include <stdlib.h>
#include <string.h>

#define SAS 4u
#define PACKET_MAX 4096u
#define PADDED 300u     /* what we send is as long at least */
#define ARRIVED_MAX 80u /* packets that wait to be merged */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A packet that came out of ESP: the memory it lies in, and what it was. */
struct arrived {
	uint8_t *memory, *copy;
	size_t len;
	bool seen;
};

struct world {
	struct crypto *crypto;
	struct sad sad;
	struct spd spd;
	struct notices notices;
	struct in in;
	struct out out;
	struct icmp_limits limits;
	struct esp_codec peer_out[SAS], peer_in;
	uint64_t expected; /* the last number that we sent */
	struct merge merge;
	struct arrived arrived[ARRIVED_MAX];
	size_t arrived_len;
};

static void need(bool good)
{
	if (!good)
		abort();
}

static struct ts_set one_range(const char *first, const char *last)
{
	struct ip_range r;
	struct ts_set set = {0};
	struct ts t;

	need(!ip_parse(first, &r.first) && !ip_parse(last, &r.last));
	t = ts_of_range(&r);
	need(!ts_set_add(&set, &t));
	return set;
}

static struct plane_sa make_sa(uint8_t dir, uint32_t i)
{
	static const struct {
		uint16_t encr, bits, integ;
		uint8_t encr_len, integ_len;
		bool esn;
		uint32_t window;
	} kinds[SAS] = {
		{ALG_ENCR_AES_GCM_16, 128, 0, 20, 0, true, 64},
		{ALG_ENCR_CHACHA20_POLY1305, 0, 0, 36, 0, false, 0},
		{ALG_ENCR_AES_CBC, 128, ALG_INTEG_HMAC_SHA2_256_128, 16, 32, true, 4096},
		{ALG_ENCR_AES_GCM_16, 256, 0, 36, 0, false, 128},
	};
	struct plane_sa sa = {.dir = dir,
			      .protocol = PROTO_ESP,
			      .mode = MODE_TUNNEL,
			      .encap = true,
			      .spi = 0x100 + i,
			      .reqid = 1,
			      .replay_window = kinds[i].window,
			      .encr_key_len = kinds[i].encr_len,
			      .integ_key_len = kinds[i].integ_len,
			      .mtu = 700};
	bool v6 = i == 3;

	sa.tfc = PADDED;
	sa.plain_dscp = true;
	sa.decap_dscp = i % 2;
	sa.suite = (struct chosen){.protocol = PROTO_ESP,
				   .encr = kinds[i].encr,
				   .key_bits = kinds[i].bits,
				   .integ = kinds[i].integ,
				   .esn = kinds[i].esn};
	memset(sa.encr_key, (int)i + 1, sa.encr_key_len);
	memset(sa.integ_key, (int)i + 9, sa.integ_key_len);
	need(!ip_parse("192.0.2.1", &sa.local.addr) && !ip_parse("192.0.2.2", &sa.remote.addr));
	sa.local.port = sa.remote.port = 4500;
	sa.ts_local = one_range(v6 ? "2001:db8:1::" : "10.1.0.0",
				v6 ? "2001:db8:1::ffff" : "10.1.0.255");
	sa.ts_remote = one_range(v6 ? "2001:db8:2::" : "10.2.0.0",
				 v6 ? "2001:db8:2::ffff" : "10.2.0.99");
	return sa;
}

static struct esp_port *some_port(void *ctx, const struct endpoint *local)
{
	return ctx;
}

static void check_sent(struct world *w, struct view esp)
{
	static uint8_t copy[PACKET_MAX * 4];
	struct view payload;
	struct flow f;
	uint8_t next;

	need(esp.len <= sizeof(copy));
	memcpy(copy, esp.ptr, esp.len);
	need(esp_open(&w->peer_in, ++w->expected, copy, esp.len, &payload, &next) == ESP_OK);
	need(inner_parse(payload, &f) == INNER_OK);
	need(payload.len == (f.total_len < PADDED ? PADDED : f.total_len));
	need(f.family == IP_V4 ? next == ESP_NEXT_IPV4 : next == ESP_NEXT_IPV6);
	need(f.family == IP_V6 || payload.len <= 700 - 28);
}

static void on_send(void *ctx, const struct burst *b)
{
	size_t used = 0;

	for (size_t i = 0; i < b->len; i++) {
		const struct burst_message *m = &b->messages[i];
		size_t count = 0;

		need(m->at == used && m->len <= BURST_MESSAGE_MAX);
		for (uint32_t at = 0; at < m->len; at += m->each, count++)
			check_sent(ctx, view_of(b->octets + m->at + at,
						m->len - at < m->each ? m->len - at : m->each));
		need(count == m->count && count <= BURST_SEGMENTS);
		used += m->len;
	}
	need(used == b->used);
}

static void on_reply(void *ctx, struct view packet)
{
	struct flow f;

	need(inner_parse(packet, &f) == INNER_OK && f.total_len == packet.len);
}

static bool own_address(void *ctx, const struct ip_addr *toward, struct ip_addr *ret)
{
	return !ip_parse(toward->family == IP_V6 ? "2001:db8::77" : "192.0.2.77", ret);
}

static void on_pass(void *ctx, const struct flow *f, struct view packet)
{
	need(f->total_len == packet.len);
}

static uint32_t on_path_mtu(void *ctx, const struct esp_path *path)
{
	return 0;
}

/* Where nobody may fragment, identifications need not count up. */
static void forget_identification(uint8_t *packet)
{
	if (packet[0] >> 4 == 4 && packet[6] & 0x40) {
		put16(packet + 4, 0);
		put16(packet + 10, 0);
	}
}

/* One of those that arrived, each of which goes on once. */
static void check_delivered(struct world *w, uint8_t *packet, size_t len)
{
	forget_identification(packet);
	for (size_t i = 0; i < w->arrived_len; i++) {
		struct arrived *a = &w->arrived[i];

		if (!a->seen && view_equal(view_of(a->copy, a->len), view_of(packet, len))) {
			a->seen = true;
			return;
		}
	}
	need(false);
}

static void on_deliver(void *ctx, const struct iovec *parts, size_t len)
{
	static uint8_t whole[65536 + OFFLOAD_HEADER];
	uint8_t *packet = whole + OFFLOAD_HEADER;
	struct offload said;
	struct segments s;
	struct flow f;
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		need(at + parts[i].iov_len <= sizeof(whole));
		memcpy(whole + at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	at -= OFFLOAD_HEADER;
	need(offload_parse(whole, &said));
	need(inner_parse(view_of(packet, at), &f) == INNER_OK && f.total_len == at);
	if (said.kind == OFFLOAD_NONE) {
		check_delivered(ctx, packet, at);
		return;
	}
	need(said.needs_checksum && segments_begin(&s, &said, packet, &f));
	while (segments_next(&s, &packet, &at))
		check_delivered(ctx, packet, at);
}

/* All that arrived has gone on, and its memory is free. */
static void deliver_all(struct world *w)
{
	merge_flush(&w->merge);
	for (size_t i = 0; i < w->arrived_len; i++) {
		need(w->arrived[i].seen);
		free(w->arrived[i].memory);
		free(w->arrived[i].copy);
	}
	w->arrived_len = 0;
}

static void add_policy(struct world *w, uint32_t id, uint8_t kind, const char *first,
		       const char *last)
{
	struct plane_policy p = {.id = id,
				 .kind = kind,
				 .mode = MODE_TUNNEL,
				 .reqid = 1,
				 .priority = id,
				 .ts_local = one_range("0.0.0.0", "255.255.255.255"),
				 .ts_remote = one_range(first, last)};
	struct lane *old, *lane = lane_take(&w->sad, 1, 0);

	need(lane && !spd_set(&w->spd, &p, lane, &old));
	ts_set_done(&p.ts_local);
	ts_set_done(&p.ts_remote);
}

static void add_sas(struct world *w)
{
	for (uint32_t i = 0; i < SAS; i++) {
		struct plane_sa sa = make_sa(SA_IN, i);

		need(!sad_install(&w->sad, &sa, NULL));
		sa.dir = SA_OUT;
		need(!esp_codec_init(&w->peer_out[i], w->crypto, &sa, NULL));
		if (i == 0) {
			sa.dir = SA_IN;
			need(!esp_codec_init(&w->peer_in, w->crypto, &sa, NULL));
			sa.dir = SA_OUT;
			need(!sad_install(&w->sad, &sa, NULL));
		}
		ts_set_done(&sa.ts_local);
		ts_set_done(&sa.ts_remote);
	}
}

static struct world *open_world(void)
{
	struct world *w = calloc(1, sizeof(*w));

	need(w && (w->crypto = crypto_new(NULL)));
	need(!sad_init(&w->sad, w->crypto) && !spd_init(&w->spd) &&
	     notices_init(&w->notices, -1) && !out_init(&w->out));
	w->sad.port_of = some_port;
	w->sad.ctx = w;
	add_sas(w);
	add_policy(w, 5, POLICY_PROTECT, "10.2.0.0", "10.2.0.255");
	add_policy(w, 2, POLICY_REJECT, "10.2.0.1", "10.2.0.3");
	add_policy(w, 3, POLICY_TRAP, "10.2.0.4", "10.2.0.7");
	add_policy(w, 4, POLICY_PASS, "10.2.0.8", "10.2.0.11");
	w->in = (struct in){.who = 1,
			    .sad = &w->sad,
			    .spd = &w->spd,
			    .notices = &w->notices,
			    .clamp_mss = true,
			    .now = 1};
	w->out.spd = &w->spd;
	w->out.notices = &w->notices;
	icmp_limits_init(&w->limits);
	w->out.limits = &w->limits;
	w->out.clamp_mss = true;
	w->merge.udp = true;
	w->merge.deliver = on_deliver;
	w->merge.ctx = w;
	w->out.world = (struct out_world){w,           on_send, on_reply,
					  own_address, on_pass, on_path_mtu};
	return w;
}

/* Each input begins with windows that have seen nothing. */
static void reset(struct world *w)
{
	struct notice n;
	struct view body;

	for (uint32_t i = 0; i < SAS; i++) {
		struct esp_sa *sa = sad_inbound(&w->sad, 0x100 + i);

		replay_init(sa->replay, sa->replay->window, sa->replay->esn, 0);
	}
	while (notice_get(&w->notices, &n, &body))
		notice_next(&w->notices);
	for (size_t i = 0; i < HELD_MAX; i++)
		held_leaves(&w->out.held, i);
	w->out.now += NSEC_PER_SEC;
}

static void keep(struct world *w, uint8_t *memory, struct view packet, const struct flow *f)
{
	struct arrived *a = &w->arrived[w->arrived_len++];

	*a = (struct arrived){.memory = memory, .copy = malloc(packet.len), .len = packet.len};
	need(a->copy);
	memcpy(a->copy, packet.ptr, packet.len);
	forget_identification(a->copy);
	merge_add(&w->merge, packet, f);
}

/* Takes `memory`, in which the octets lie. */
static void arrive(struct world *w, uint8_t *memory, uint8_t *octets, size_t len,
		   const struct sa_ref *from)
{
	struct in_datagram d = {.tos = (uint8_t)len,
				.octets = octets,
				.len = len,
				.remote = from->remote,
				.local = from->local};
	const struct esp_sa *sa;
	struct view packet;
	uint32_t spi, low;
	struct flow f, again;
	bool known = esp_peek(view_of(octets, len), &spi, &low);

	if (w->arrived_len == ARRIVED_MAX)
		deliver_all(w);
	if (!in_datagram(&w->in, &d, &packet, &f)) {
		free(memory);
		return;
	}
	need(known && packet.ptr >= octets && packet.ptr + packet.len <= octets + len);
	sa = sad_inbound(&w->sad, spi);
	need(inner_parse(packet, &again) == INNER_OK && again.total_len == packet.len &&
	     again.tos == f.tos && f.total_len == packet.len && sa_holds_inbound(sa, &again));
	keep(w, memory, packet, &f);
}

/* Seal as a peer does, and let it arrive. */
static void arrive_sealed(struct world *w, uint8_t kind, uint8_t which, uint64_t number,
			  uint8_t *packet, size_t len, const struct sa_ref *from)
{
	struct esp_codec *peer = &w->peer_out[which % SAS];
	size_t sealed = esp_sealed_len(peer, len);
	uint8_t *esp = malloc(sealed);
	uint8_t next = which & 8 ? ESP_NEXT_IPV6 : which & 16 ? ESP_NEXT_DUMMY : ESP_NEXT_IPV4;

	need(esp &&
	     !esp_seal(peer, peer->esn ? number : (uint32_t)number, next, packet, len, esp));
	if (kind == 2)
		esp[number % sealed] ^= which | 1;
	arrive(w, esp, esp, sealed, from);
}

static void leave(struct world *w, uint8_t kind, uint8_t *packet, size_t len)
{
	struct offload said = {.kind = OFFLOAD_NONE};

	if (kind == 4) {
		if (len < OFFLOAD_HEADER || !offload_parse(packet, &said))
			return;
		packet += OFFLOAD_HEADER;
		len -= OFFLOAD_HEADER;
	}
	out_packet(&w->out, &said, packet, len);
	out_flush(&w->out);
}

/*
 * One step; the octets lie in memory of their own
 * size, so that every step past the end shows.
 */
static void step(struct world *w, uint8_t kind, uint8_t which, uint64_t number, struct view v)
{
	uint8_t *memory = calloc(1, v.len + ESP_BEHIND);
	struct sa_ref from = {.remote = sad_inbound(&w->sad, 0x100)->path->remote};

	need(memory);
	if (v.len)
		memcpy(memory, v.ptr, v.len);
	from.remote.port += which / 64;
	if (kind == 0) {
		arrive(w, memory, memory, v.len, &from);
		return;
	}
	if (kind >= 3)
		leave(w, kind, memory, v.len);
	else
		arrive_sealed(w, kind, which, number, memory, v.len, &from);
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world *w;
	struct reader r = reader_of(view_of(data, size));

	if (!w)
		w = open_world();
	rcu_read_lock();
	reset(w);
	while (read_left(&r)) {
		uint8_t kind = read_u8(&r) % 5, which = read_u8(&r);
		uint64_t number = (uint64_t)read_u8(&r) << 28 | read_u32(&r);
		size_t len = read_u16(&r) % PACKET_MAX;
		struct view v = read_view(&r, len < read_left(&r) ? len : read_left(&r));

		step(w, kind, which, number, v);
	}
	out_retry(&w->out);
	out_flush(&w->out);
	in_release(&w->in);
	rcu_read_unlock();
	deliver_all(w);
	return 0;
}
