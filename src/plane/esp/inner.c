/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/inner.h"

#include "base/reader.h"
#include "plane/esp/checksum.h"

#include <netinet/in.h>
#include <string.h>

#define V4_HEADER 20u
#define V6_HEADER 40u
#define V4_DF 0x4000u
#define V4_MF 0x2000u
#define V4_OFFSET 0x1fffu
#define EXTENSIONS_MAX 16 /* more extension headers than this in one packet are refused */
#define PORT_LAST 65535

struct addr_number addr_number_of(const struct ip_addr *a)
{
	struct reader r = reader_of(ip_view(a));
	struct addr_number n = {0};

	if (a->family == IP_V4) {
		n.lo = read_u32(&r);
	} else if (a->family == IP_V6) {
		n.hi = read_u64(&r);
		n.lo = read_u64(&r);
	}
	return n;
}

static struct ip_addr number_to_addr(uint8_t family, struct addr_number n)
{
	struct ip_addr a = ip_lowest(family);
	size_t len = ip_len(&a);

	for (size_t i = 0; i < len; i++)
		a.octets[len - 1 - i] = (uint8_t)((i < 8 ? n.lo : n.hi) >> 8 * (i % 8));
	return a;
}

struct ip_addr inner_src(const struct flow *f)
{
	return number_to_addr(f->family, f->src);
}

struct ip_addr inner_dst(const struct flow *f)
{
	return number_to_addr(f->family, f->dst);
}

static bool is_loopback(uint8_t family, struct addr_number a)
{
	return family == IP_V6 ? !a.hi && a.lo == 1 : a.lo >> 24 == 127;
}

/* Multicast, and all of IPv4 above it, where broadcast is. */
static bool is_group(uint8_t family, struct addr_number a)
{
	return family == IP_V6 ? a.hi >> 56 == 0xff : a.lo >> 28 >= 0xe;
}

static bool is_nobody(uint8_t family, struct addr_number a)
{
	return family == IP_V6 ? !a.hi && !a.lo : a.lo >> 24 == 0;
}

bool addr_is_single_host(uint8_t family, struct addr_number a)
{
	return !is_loopback(family, a) && !is_group(family, a) && !is_nobody(family, a);
}

bool inner_is_martian(const struct flow *f)
{
	if (is_loopback(f->family, f->src) || is_loopback(f->family, f->dst) ||
	    is_group(f->family, f->src))
		return true;
	return is_nobody(f->family, f->src) && !is_group(f->family, f->dst);
}

/* Ports, or what stands in their place. A packet cut off before them has none. */
static void take_ports(struct reader *r, struct flow *f)
{
	uint16_t first = 0, second = 0;

	switch (f->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		first = read_u16(r);
		second = read_u16(r);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		first = second = read_u16(r);
		break;
	case IPPROTO_MH: /* RFC 4301 4.4.1.1: its type, behind two octets */
		read_skip(r, 2);
		first = second = (uint16_t)(read_u8(r) << 8);
		break;
	default:
		return;
	}
	f->has_ports = !r->bad;
	f->src_port = first;
	f->dst_port = second;
}

static enum inner_verdict parse_v4(struct view packet, struct flow *f)
{
	struct reader r = reader_of(packet);
	size_t header = (read_u8(&r) & 15u) * 4u;
	uint16_t fragment;

	f->tos = read_u8(&r);
	f->total_len = read_u16(&r);
	f->fragment_id = read_u16(&r);
	fragment = read_u16(&r);
	read_skip(&r, 1);
	f->proto = read_u8(&r);
	read_skip(&r, 2);
	f->src.lo = read_u32(&r);
	f->dst.lo = read_u32(&r);
	if (r.bad)
		return INNER_SHORT;
	if (header < V4_HEADER || f->total_len < header)
		return INNER_MALFORMED;
	if (f->total_len > packet.len)
		return INNER_SHORT;
	f->header_len = header;
	f->dont_fragment = fragment & V4_DF;
	f->later_fragment = fragment & V4_OFFSET;
	f->first_fragment = !f->later_fragment && fragment & V4_MF;
	if (f->later_fragment)
		return INNER_OK;
	r = reader_of(view_of(packet.ptr + header, f->total_len - header));
	take_ports(&r, f);
	return INNER_OK;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT;
}

bool inner_hides_protocol(const struct flow *f)
{
	return f->family == IP_V6 && f->later_fragment && is_extension(f->proto);
}

/* Walk IPv6's extension headers (RFC 8200 4) to the upper layer. */
static enum inner_verdict walk_extensions(struct reader *r, struct flow *f)
{
	int seen = 0;

	while (is_extension(f->proto) && !f->later_fragment) {
		uint8_t kind = f->proto;
		uint8_t next, len;

		if (++seen > EXTENSIONS_MAX)
			return INNER_MALFORMED;
		next = read_u8(r);
		len = read_u8(r);
		if (kind == IPPROTO_FRAGMENT) {
			uint16_t fragment = read_u16(r);

			f->fragment_id = read_u32(r);
			f->later_fragment = fragment & 0xfff8;
			f->first_fragment = !f->later_fragment && fragment & 1;
		} else {
			read_skip(r, 6 + len * 8u);
		}
		if (r->bad)
			return INNER_SHORT;
		f->proto = next;
	}
	return INNER_OK;
}

static enum inner_verdict parse_v6(struct view packet, struct flow *f)
{
	struct reader r = reader_of(packet);
	enum inner_verdict v;
	size_t payload;

	f->tos = (uint8_t)(read_u32(&r) >> 20);
	payload = read_u16(&r);
	f->proto = read_u8(&r);
	read_skip(&r, 1);
	f->src.hi = read_u64(&r);
	f->src.lo = read_u64(&r);
	f->dst.hi = read_u64(&r);
	f->dst.lo = read_u64(&r);
	if (r.bad || payload > read_left(&r))
		return INNER_SHORT;
	f->dont_fragment = true;
	f->total_len = V6_HEADER + payload;
	r = reader_of(view_of(packet.ptr, f->total_len));
	read_skip(&r, V6_HEADER);
	v = walk_extensions(&r, f);
	if (v)
		return v;
	f->header_len = read_offset(&r);
	if (!f->later_fragment)
		take_ports(&r, f);
	return INNER_OK;
}

enum inner_verdict inner_parse(struct view packet, struct flow *ret)
{
	struct flow f = {0};
	enum inner_verdict v;

	if (!packet.len)
		return INNER_SHORT;
	switch (packet.ptr[0] >> 4) {
	case 4:
		f.family = IP_V4;
		v = parse_v4(packet, &f);
		break;
	case 6:
		f.family = IP_V6;
		v = parse_v6(packet, &f);
		break;
	default:
		return INNER_MALFORMED;
	}
	if (!v)
		*ret = f;
	return v;
}

struct selector selector_of(const struct ts *t)
{
	return (struct selector){
		.first = addr_number_of(&t->range.first),
		.last = addr_number_of(&t->range.last),
		.port_first = t->port_first,
		.port_last = t->port_last,
		.family = t->range.first.family,
		.proto = t->proto,
		.any_port = t->port_first == 0 && t->port_last == PORT_LAST,
	};
}

/* RFC 4301 4.4.1.1: ANY also means "can't be seen"; OPAQUE (65535 to 0) only that. */
static bool port_meets(const struct selector *s, const struct flow *f, uint16_t port)
{
	if (s->any_port)
		return true;
	if (s->port_first > s->port_last)
		return !f->has_ports || f->later_fragment;
	return f->has_ports && s->port_first <= port && port <= s->port_last;
}

static bool meets(const struct selector *s, const struct flow *f, struct addr_number a,
		  uint16_t port)
{
	return s->family == f->family && (!s->proto || s->proto == f->proto) &&
	       addr_number_le(s->first, a) && addr_number_le(a, s->last) &&
	       port_meets(s, f, port);
}

bool selector_has_src(const struct selector *s, const struct flow *f)
{
	return meets(s, f, f->src, f->src_port);
}

bool selector_has_dst(const struct selector *s, const struct flow *f)
{
	return meets(s, f, f->dst, f->dst_port);
}

static struct ts own_ts(const struct flow *f, const struct ip_addr *a, uint16_t port)
{
	struct ts t = ts_of_addr(a);

	t.proto = f->proto;
	if (f->has_ports)
		t.port_first = t.port_last = port;
	return t;
}

struct ts inner_src_ts(const struct flow *f)
{
	struct ip_addr a = inner_src(f);

	return own_ts(f, &a, f->src_port);
}

struct ts inner_dst_ts(const struct flow *f)
{
	struct ip_addr a = inner_dst(f);

	return own_ts(f, &a, f->dst_port);
}

uint8_t ecn_encapsulate(uint8_t inner_tos)
{
	return inner_tos;
}

bool ecn_decapsulate(uint8_t inner_tos, uint8_t outer_tos, uint8_t *ret_tos)
{
	enum ecn inner = inner_tos & ECN_MASK, outer = outer_tos & ECN_MASK;
	enum ecn out = inner;

	if (outer == ECN_CE && inner == ECN_NOT_ECT)
		return false;
	if (outer == ECN_CE)
		out = ECN_CE;
	else if (outer == ECN_ECT1 && inner == ECN_ECT0)
		out = ECN_ECT1;
	*ret_tos = (uint8_t)((inner_tos & ~ECN_MASK) | out);
	return true;
}

void inner_set_tos(uint8_t *packet, uint8_t tos)
{
	uint16_t old = get16(packet);

	if (packet[0] >> 4 == 4) {
		packet[1] = tos;
		checksum_mend(packet + 10, old, get16(packet));
	} else {
		packet[0] = (uint8_t)((packet[0] & 0xf0) | tos >> 4);
		packet[1] = (uint8_t)((packet[1] & 0x0f) | tos << 4);
	}
}

#define TCP_HEADER 20u
#define TCP_SYN 0x02u
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define TCP_MSS_LEN 4
#define MSS_LEAST 88u /* lower ones are left alone: such paths are broken anyway */

/* Where the value of the MSS option is, from the start of the TCP header; 0: nowhere. */
static size_t find_mss(const uint8_t *tcp, size_t len)
{
	size_t at = TCP_HEADER;

	while (at < len && tcp[at] != TCP_OPTION_END) {
		if (tcp[at] == TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= len || tcp[at + 1] < 2 || at + tcp[at + 1] > len)
			return 0;
		if (tcp[at] == TCP_OPTION_MSS)
			return tcp[at + 1] == TCP_MSS_LEN ? at + 2 : 0;
		at += tcp[at + 1];
	}
	return 0;
}

/* The value may stand at an odd place, where the checksum's words lie across it. */
static void set_mss(uint8_t *tcp, size_t at, uint16_t mss)
{
	size_t start = at & ~(size_t)1, end = (at + 3) & ~(size_t)1;
	uint16_t old[2];

	for (size_t i = start; i < end; i += 2)
		old[(i - start) / 2] = get16(tcp + i);
	put16(tcp + at, mss);
	for (size_t i = start; i < end; i += 2)
		checksum_mend(tcp + 16, old[(i - start) / 2], get16(tcp + i));
}

bool inner_begins_tcp(const uint8_t *packet, const struct flow *f)
{
	return f->proto == IPPROTO_TCP && !f->later_fragment &&
	       f->total_len - f->header_len >= TCP_HEADER &&
	       packet[f->header_len + 13] & TCP_SYN;
}

bool inner_clamp_mss(uint8_t *packet, const struct flow *f, uint32_t mtu)
{
	uint32_t headers = (f->family == IP_V4 ? V4_HEADER : V6_HEADER) + TCP_HEADER;
	uint8_t *tcp = packet + f->header_len;
	size_t len = f->total_len - f->header_len;
	size_t at, header;

	if (!inner_begins_tcp(packet, f))
		return false;
	header = (tcp[12] >> 4) * 4u;
	if (header > len || mtu < headers + MSS_LEAST)
		return false;
	at = find_mss(tcp, header);
	if (!at || get16(tcp + at) <= mtu - headers)
		return false;
	set_mss(tcp, at, (uint16_t)(mtu - headers));
	return true;
}
