/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/plane/fixture.h"

#include "base/builder.h"
#include "base/reader.h"
#include "crypto/alg.h"
#include "plane/esp/checksum.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ip_addr make_ip(const char *text)
{
	struct ip_addr a;

	if (ip_parse(text, &a))
		fail_msg("bad address %s", text);
	return a;
}

struct endpoint make_endpoint(const char *address, uint16_t port)
{
	return (struct endpoint){make_ip(address), port};
}

static void parse_ports(struct ts *t, const char *text)
{
	const char *slash = strchr(text, '/');

	t->proto = !strncmp(text, "tcp", 3)   ? IPPROTO_TCP
		   : !strncmp(text, "udp", 3) ? IPPROTO_UDP
					      : (uint8_t)atoi(text);
	if (!slash)
		return;
	if (!strncmp(slash + 1, "opaque", 6)) {
		t->port_first = 65535;
		t->port_last = 0;
	} else {
		t->port_first = t->port_last = (uint16_t)atoi(slash + 1);
	}
}

struct ts make_ts(const char *text)
{
	char copy[128], *dash, *bracket;
	struct ip_prefix p;
	struct ts t;

	snprintf(copy, sizeof(copy), "%s", text);
	bracket = strchr(copy, '[');
	if (bracket)
		*bracket++ = '\0';
	dash = strchr(copy, '-');
	if (dash) {
		*dash = '\0';
		t = ts_of_range(&(struct ip_range){make_ip(copy), make_ip(dash + 1)});
	} else {
		if (prefix_parse(copy, &p, NULL))
			fail_msg("bad prefix %s", copy);
		t = ts_of_prefix(&p);
	}
	if (bracket)
		parse_ports(&t, bracket);
	return t;
}

struct ts_set make_ts_set(const char *text)
{
	char copy[512], *save = NULL;
	struct ts_set set = {0};

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *one = strtok_r(copy, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
		struct ts t = make_ts(one);

		assert_int_equal(ts_set_add(&set, &t), CYG_OK);
	}
	return set;
}

static size_t transport_header(const struct packet_spec *s)
{
	if (s->offset)
		return 0;
	if (s->proto == IPPROTO_TCP)
		return s->mss ? 24 : 20;
	return s->proto == IPPROTO_UDP || s->proto == IPPROTO_ICMP || s->proto == IPPROTO_ICMPV6
		       ? 8
		       : 0;
}

static void build_transport(struct builder *b, const struct packet_spec *s)
{
	if (s->offset)
		return;
	switch (s->proto) {
	case IPPROTO_TCP:
		build_u16(b, s->src_port);
		build_u16(b, s->dst_port);
		build_u64(b, 7);
		build_u8(b, s->mss ? 0x60 : 0x50);
		build_u8(b, s->mss ? 0x02 : 0x10);
		build_u16(b, 1000);
		build_u32(b, 0);
		if (s->mss) {
			build_u16(b, 0x0204);
			build_u16(b, s->mss);
		}
		break;
	case IPPROTO_UDP:
		build_u16(b, s->src_port);
		build_u16(b, s->dst_port);
		build_u16(b, (uint16_t)(8 + s->payload));
		build_u16(b, 0);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		build_u8(b, s->proto == IPPROTO_ICMP ? 8 : 128);
		build_u8(b, 0);
		build_u16(b, 0);
		build_u32(b, 0x00010001);
		break;
	}
}

static uint16_t transport_sum(struct view packet, size_t header, uint8_t proto)
{
	struct view body = view_of(packet.ptr + header, packet.len - header);
	bool v4 = packet.ptr[0] >> 4 == 4;
	uint32_t sum = 0;

	if (proto != IPPROTO_ICMP) {
		sum = checksum_add(0, v4 ? view_of(packet.ptr + 12, 8)
					 : view_of(packet.ptr + 8, 32));
		sum += (uint32_t)body.len + proto;
	}
	return checksum_fold(checksum_add(sum, body));
}

static size_t checksum_place(uint8_t proto)
{
	return proto == IPPROTO_TCP ? 16 : proto == IPPROTO_UDP ? 6 : 2;
}

static bool has_checksum(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMP ||
	       proto == IPPROTO_ICMPV6;
}

static void build_v4(struct builder *b, const struct packet_spec *s, size_t len)
{
	struct ip_addr src = make_ip(s->src), dst = make_ip(s->dst);

	build_u8(b, (uint8_t)(0x45 + s->options / 4));
	build_u8(b, s->tos);
	build_u16(b, (uint16_t)len);
	build_u16(b, 0x1234);
	build_u16(b, (uint16_t)((s->df ? 0x4000 : 0) | (s->more ? 0x2000 : 0) | s->offset / 8));
	build_u8(b, 64);
	build_u8(b, s->proto);
	build_u16(b, 0);
	build_view(b, ip_view(&src));
	build_view(b, ip_view(&dst));
	for (size_t i = 0; i < s->options; i++)
		build_u8(b, 1);
	put16(b->base + 10, checksum_fold(checksum_add(0, view_of(b->base, build_len(b)))));
}

static void build_v6(struct builder *b, const struct packet_spec *s, size_t len)
{
	struct ip_addr src = make_ip(s->src), dst = make_ip(s->dst);

	build_u32(b, UINT32_C(0x60012345) | (uint32_t)s->tos << 20);
	build_u16(b, (uint16_t)(len - 40));
	build_u8(b, s->proto);
	build_u8(b, 64);
	build_view(b, ip_view(&src));
	build_view(b, ip_view(&dst));
}

size_t make_packet(const struct packet_spec *s, uint8_t *out, size_t cap)
{
	bool v4 = !strchr(s->src, ':');
	size_t header = v4 ? 20 + s->options : 40,
	       len = header + transport_header(s) + s->payload;
	struct builder b = builder_of(out, cap);

	if (v4)
		build_v4(&b, s, len);
	else
		build_v6(&b, s, len);
	build_transport(&b, s);
	for (size_t i = 0; i < s->payload; i++)
		build_u8(&b, (uint8_t)(i * 7 + 1));
	assert_false(b.bad);
	assert_int_equal(build_len(&b), len);
	if (has_checksum(s->proto) && !s->offset)
		put16(out + header + checksum_place(s->proto),
		      transport_sum(view_of(out, len), header, s->proto));
	return len;
}

bool checksums_right(struct view packet)
{
	struct flow f;

	if (inner_parse(packet, &f) != INNER_OK)
		return false;
	if (f.family == IP_V4 &&
	    checksum_fold(checksum_add(0, view_of(packet.ptr, f.header_len))) != 0)
		return false;
	return f.later_fragment || f.first_fragment || !has_checksum(f.proto) ||
	       transport_sum(view_of(packet.ptr, f.total_len), f.header_len, f.proto) == 0;
}

struct plane_sa make_sa(enum sa_dir dir, uint32_t spi, enum make_alg alg, const char *ts_local,
			const char *ts_remote)
{
	static const struct {
		uint16_t encr, bits, integ;
		uint8_t encr_len, integ_len;
	} algs[MAKE_ALGS] = {
		[MAKE_GCM128] = {ALG_ENCR_AES_GCM_16, 128, 0, 20, 0},
		[MAKE_GCM256] = {ALG_ENCR_AES_GCM_16, 256, 0, 36, 0},
		[MAKE_CHACHA] = {ALG_ENCR_CHACHA20_POLY1305, 0, 0, 36, 0},
		[MAKE_CBC256] = {ALG_ENCR_AES_CBC, 256, ALG_INTEG_HMAC_SHA2_256_128, 32, 32},
		[MAKE_CBC512] = {ALG_ENCR_AES_CBC, 128, ALG_INTEG_HMAC_SHA2_512_256, 16, 64},
	};
	struct plane_sa sa = {
		.dir = (uint8_t)dir,
		.protocol = PROTO_ESP,
		.mode = MODE_TUNNEL,
		.encap = true,
		.suite = {.protocol = PROTO_ESP,
			  .encr = algs[alg].encr,
			  .key_bits = algs[alg].bits,
			  .integ = algs[alg].integ},
		.spi = spi,
		.reqid = 1,
		.local = make_endpoint("192.0.2.1", 4500),
		.remote = make_endpoint("192.0.2.2", 4500),
		.encr_key_len = algs[alg].encr_len,
		.integ_key_len = algs[alg].integ_len,
		.replay_window = 128,
		.ts_local = make_ts_set(ts_local),
		.ts_remote = make_ts_set(ts_remote),
	};

	for (size_t i = 0; i < sa.encr_key_len; i++)
		sa.encr_key[i] = (uint8_t)(spi + 3 * i);
	for (size_t i = 0; i < sa.integ_key_len; i++)
		sa.integ_key[i] = (uint8_t)(spi + 5 * i + 1);
	return sa;
}

void drop_sa(struct plane_sa *sa)
{
	ts_set_done(&sa->ts_local);
	ts_set_done(&sa->ts_remote);
}

struct plane_policy make_policy(uint32_t id, enum policy_kind kind, uint32_t priority,
				uint32_t reqid, const char *ts_local, const char *ts_remote)
{
	return (struct plane_policy){
		.id = id,
		.kind = (uint8_t)kind,
		.mode = MODE_TUNNEL,
		.reqid = reqid,
		.priority = priority,
		.ts_local = make_ts_set(ts_local),
		.ts_remote = make_ts_set(ts_remote),
	};
}

void drop_policy(struct plane_policy *p)
{
	ts_set_done(&p->ts_local);
	ts_set_done(&p->ts_remote);
}
