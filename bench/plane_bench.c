/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the userspace plane itself costs for a packet, without the kernel: from
 * the policy look-up to the burst, and from the datagram to what is merged, with
 * 1, 100 and 10,000 tunnels of which 64 are active in turn. plane_bench [COUNT]
 */
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/gcm_choice.h"
#include "plane/esp/checksum.h"
#include "plane/esp/in.h"
#include "plane/esp/merge.h"
#include "plane/esp/out.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ACTIVE 64u
#define PACKET 1400u /* octets of an inner one */
#define RUN 8u       /* packets of one flow that follow each other on the way in */
#define ROUNDS 60u   /* of which the quickest counts */
#define SPI 0x1000u

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "plane_bench: %s failed\n", what);
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct world {
	struct crypto *crypto;
	struct sad sad;
	struct spd spd;
	struct notices notices;
	struct icmp_limits limits;
	struct out out;
	struct in in;
	struct merge merge;
	uint32_t tunnels, active;
	struct esp_codec peers[ACTIVE]; /* seal what the inbound SAs open */
	uint64_t sequence;
	uint8_t packet[65536 + ESP_BEHIND];
	uint8_t sealed[ACTIVE * RUN][PACKET + 64];
};

static struct esp_port *some_port(void *ctx, const struct endpoint *local)
{
	return ctx;
}

static void on_send(void *ctx, const struct burst *b)
{
}

static uint32_t on_path_mtu(void *ctx, const struct esp_path *path)
{
	return 1500;
}

static void on_deliver(void *ctx, const struct iovec *parts, size_t len)
{
}

static struct ip_addr v4(uint32_t number)
{
	return (struct ip_addr){IP_V4,
				{(uint8_t)(number >> 24), (uint8_t)(number >> 16),
				 (uint8_t)(number >> 8), (uint8_t)number}};
}

/* Behind the i-th tunnel. The active ones are spread over all. */
static uint32_t far_of(uint32_t i)
{
	return (UINT32_C(20) << 24) + i * 256 + 1;
}

static uint32_t active(const struct world *w, uint32_t i)
{
	return (uint32_t)((uint64_t)i * w->tunnels / w->active);
}

static struct ts_set one(const struct ip_addr *a)
{
	struct ts t = ts_of_addr(a);
	struct ts_set set = {0};

	need(!ts_set_add(&set, &t), "ts_set_add");
	return set;
}

static struct plane_sa describe(uint32_t i, uint8_t dir)
{
	struct ip_addr near = v4(0x0a010005), far = v4(far_of(i));
	struct plane_sa sa = {.dir = dir,
			      .protocol = PROTO_ESP,
			      .mode = MODE_TUNNEL,
			      .encap = true,
			      .spi = SPI + i,
			      .reqid = i + 1,
			      .replay_window = 128,
			      .encr_key_len = 20,
			      .local = {v4(0xc0000201), 4500},
			      .remote = {v4(0xc0000202), 4500},
			      .ts_local = one(&near),
			      .ts_remote = one(&far)};

	sa.suite = (struct chosen){.protocol = PROTO_ESP,
				   .encr = ALG_ENCR_AES_GCM_16,
				   .key_bits = 128,
				   .esn = true};
	memcpy(sa.encr_key, &i, sizeof(i));
	return sa;
}

static void drop(struct plane_sa *sa)
{
	ts_set_done(&sa->ts_local);
	ts_set_done(&sa->ts_remote);
}

static void add_tunnel(struct world *w, uint32_t i)
{
	struct plane_sa in = describe(i, SA_IN), out = describe(i, SA_OUT);
	struct plane_policy p = {.id = i + 1,
				 .kind = POLICY_PROTECT,
				 .mode = MODE_TUNNEL,
				 .reqid = i + 1,
				 .priority = 1,
				 .ts_local = in.ts_local,
				 .ts_remote = in.ts_remote};
	struct lane *old, *lane = lane_take(&w->sad, i + 1, 0);

	need(lane && !spd_set(&w->spd, &p, lane, &old), "spd_set");
	need(!sad_install(&w->sad, &in, NULL) && !sad_install(&w->sad, &out, NULL),
	     "sad_install");
	drop(&in);
	drop(&out);
}

static void open_world(struct world *w, struct crypto *c, uint32_t tunnels)
{
	w->crypto = c;
	w->tunnels = tunnels;
	w->active = tunnels < ACTIVE ? tunnels : ACTIVE;
	need(!sad_init(&w->sad, c) && !spd_init(&w->spd) && notices_init(&w->notices, -1) &&
		     !out_init(&w->out),
	     "memory");
	w->sad.port_of = some_port;
	w->sad.ctx = w;
	for (uint32_t i = 0; i < tunnels; i++)
		add_tunnel(w, i);
	for (uint32_t i = 0; i < w->active; i++) {
		struct plane_sa sa = describe(active(w, i), SA_OUT);

		need(!esp_codec_init(&w->peers[i], c, &sa, NULL), "esp_codec_init");
		drop(&sa);
	}
	w->out.spd = &w->spd;
	w->out.notices = &w->notices;
	icmp_limits_init(&w->limits);
	w->out.limits = &w->limits;
	w->out.now = 1;
	w->out.world = (struct out_world){.ctx = w, .send = on_send, .path_mtu = on_path_mtu};
	w->in = (struct in){
		.who = 1, .sad = &w->sad, .spd = &w->spd, .notices = &w->notices, .now = 1};
	w->merge = (struct merge){.deliver = on_deliver};
}

static void close_world(struct world *w)
{
	for (uint32_t i = 0; i < w->active; i++)
		esp_codec_done(&w->peers[i]);
	out_done(&w->out);
	notices_done(&w->notices);
	spd_done(&w->spd);
	sad_done(&w->sad);
	rcu_barrier();
	free(w);
}

/* A TCP segment; its own checksum is for finish. */
static void build(uint8_t *at, uint32_t src, uint32_t dst, uint32_t number, size_t len)
{
	memset(at, 0, 40);
	at[0] = 0x45;
	put16(at + 2, len);
	at[6] = 0x40;
	at[8] = 64;
	at[9] = IPPROTO_TCP;
	put32(at + 12, src);
	put32(at + 16, dst);
	put16(at + 10, checksum_fold(checksum_add(0, view_of(at, 20))));
	put16(at + 20, 1000);
	put16(at + 22, 80);
	put32(at + 24, number);
	at[32] = 0x50;
	at[33] = 0x10;
}

static void finish(uint8_t *at, size_t len)
{
	put16(at + 36, checksum_fold(checksum_add(checksum_pseudo(at, IPPROTO_TCP, len - 20),
						  view_of(at + 20, len - 20))));
}

static void leave(struct world *w, const struct offload *said, size_t len)
{
	for (uint32_t i = 0; i < ACTIVE; i++) {
		build(w->packet, 0x0a010005, far_of(active(w, i % w->active)), 0, len);
		out_packet(&w->out, said, w->packet, len);
	}
	out_flush(&w->out);
}

/* Nanoseconds for a packet on its way out: one by one, or cut from what is many in one. */
static double time_out(struct world *w, bool many)
{
	struct offload said = {.kind = many ? OFFLOAD_TCP4 : OFFLOAD_NONE, .each = PACKET - 40};
	size_t each = many ? 43 : 1, len = 40 + each * (PACKET - 40);
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t begin = cpu_ns();

		leave(w, &said, len);
		begin = cpu_ns() - begin;
		if (begin < best)
			best = begin;
	}
	return (double)best / (double)(each * ACTIVE);
}

static void seal_all(struct world *w)
{
	for (uint32_t i = 0; i < w->active; i++)
		for (uint32_t k = 0; k < RUN; k++) {
			build(w->packet, far_of(active(w, i)), 0x0a010005, k * (PACKET - 40),
			      PACKET);
			finish(w->packet, PACKET);
			need(!esp_seal(&w->peers[i], w->sequence + k + 1, ESP_NEXT_IPV4,
				       w->packet, PACKET, w->sealed[i * RUN + k]),
			     "esp_seal");
		}
	w->sequence += RUN;
}

static void arrive_all(struct world *w)
{
	struct in_datagram d = {.remote = {v4(0xc0000202), 4500},
				.len = esp_sealed_len(&w->peers[0], PACKET)};
	struct view packet;
	struct flow f;

	for (uint32_t i = 0; i < w->active * RUN; i++) {
		d.octets = w->sealed[i];
		need(in_datagram(&w->in, &d, &packet, &f), "in_datagram");
		merge_add(&w->merge, packet, &f);
	}
	in_release(&w->in);
	merge_flush(&w->merge);
}

static double time_in(struct world *w)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t begin;

		seal_all(w);
		begin = cpu_ns();
		arrive_all(w);
		begin = cpu_ns() - begin;
		if (begin < best)
			best = begin;
	}
	return (double)best / (double)(w->active * RUN);
}

static void measure(struct crypto *c, uint32_t tunnels)
{
	struct world *w = calloc(1, sizeof(*w));
	double out, cut, in;

	need(w, "memory");
	open_world(w, c, tunnels);
	rcu_read_lock();
	out = time_out(w, false);
	cut = time_out(w, true);
	in = time_in(w);
	rcu_read_unlock();
	printf("%6u tunnels, %2u active: out %4.0f ns a packet, cut from many %4.0f, in and merged %4.0f\n",
	       tunnels, w->active, out, cut, in);
	close_world(w);
}

int main(int argc, char **argv)
{
	static const uint32_t counts[] = {1, 64, 100, 10000};
	uint32_t most = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : UINT32_MAX;
	struct crypto *c = crypto_new(NULL);
	struct gcm_choice g;

	need(c && !crypto_choose_gcm(c, &g), "crypto");
	printf("AES-GCM by %s: intel-ipsec-mb %u ns a packet, libcrypto %u\n", g.name,
	       g.library_ns, g.libcrypto_ns);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i] <= most)
			measure(c, counts[i]);
	crypto_free(c);
	return 0;
}
