/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/merge.h"

#include "plane/esp/checksum.h"

#include <netinet/in.h>
#include <string.h>

#define V4_HEADER 20u
#define V6_HEADER 40u
#define UDP_HEADER 8u
#define TCP_HEADER 20u
#define TCP_ACK 0x10u
#define TCP_PSH 0x08u
#define TCP_REST 12u /* from header length and flags on */
#define TCP_FLAGS 13u
#define TCP_CHECKSUM 16u
#define UDP_CHECKSUM 6u
#define PACKET_LEN_MAX 65535u

enum { UNCHECKED, RIGHT, WRONG };

/* What a candidate is, once it is seen to be one. */
struct candidate {
	uint8_t *packet;
	const struct flow *flow;
	size_t header_len, payload;
	bool pushed;
};

/*
 * Plain headers only: what has options or extensions, or is a fragment, is rare
 * and goes alone.
 */
static bool has_plain_header(const struct flow *f)
{
	return !f->later_fragment && !f->first_fragment &&
	       f->header_len == (f->family == IP_V4 ? V4_HEADER : V6_HEADER);
}

static bool read_tcp(struct candidate *c, const uint8_t *tcp, size_t len)
{
	size_t header;

	if (len < TCP_HEADER || (tcp[TCP_FLAGS] & ~TCP_PSH) != TCP_ACK)
		return false;
	header = (size_t)(tcp[TCP_REST] >> 4) * 4;
	if (header < TCP_HEADER || header >= len)
		return false;
	c->header_len = c->flow->header_len + header;
	c->payload = len - header;
	c->pushed = tcp[TCP_FLAGS] & TCP_PSH;
	return true;
}

/* A datagram without checksum is none that could be merged: the merged one has one. */
static bool read_udp(struct candidate *c, const uint8_t *udp, size_t len)
{
	if (len <= UDP_HEADER || get16(udp + 4) != len || !get16(udp + UDP_CHECKSUM))
		return false;
	c->header_len = c->flow->header_len + UDP_HEADER;
	c->payload = len - UDP_HEADER;
	c->pushed = false;
	return true;
}

static bool read_candidate(const struct merge *m, struct candidate *c, struct view packet,
			   const struct flow *f)
{
	const uint8_t *upper = packet.ptr + f->header_len;
	size_t len = f->total_len - f->header_len;

	c->packet = (uint8_t *)(uintptr_t)packet.ptr;
	c->flow = f;
	if (!has_plain_header(f))
		return false;
	if (f->proto == IPPROTO_TCP)
		return read_tcp(c, upper, len);
	return m->udp && f->proto == IPPROTO_UDP && read_udp(c, upper, len);
}

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return a->src_port == b->src_port && a->dst_port == b->dst_port &&
	       a->src.lo == b->src.lo && a->dst.lo == b->dst.lo && a->proto == b->proto &&
	       a->family == b->family && a->src.hi == b->src.hi && a->dst.hi == b->dst.hi;
}

/*
 * Two fields make a sum right where zero does: a cut writes zero, for UDP its negative
 * (RFC 1624 3, RFC 768).
 */
static bool checksum_is_right(const uint8_t *packet, const struct flow *f)
{
	size_t len = f->total_len - f->header_len;
	const uint8_t *upper = packet + f->header_len;

	if (f->family == IP_V4 &&
	    (get16(packet + 10) == 0xffff ||
	     checksum_fold(checksum_add(0, view_of(packet, f->header_len))) != 0))
		return false;
	if (f->proto == IPPROTO_TCP && get16(upper + TCP_CHECKSUM) == 0xffff)
		return false;
	return checksum_fold(checksum_add(checksum_pseudo(packet, f->proto, len),
					  view_of(upper, len))) == 0;
}

/* Headers that a cut of the whole would repeat, but for what it counts up. */
static bool same_ip(const struct merge_flow *o, const struct candidate *c)
{
	const uint8_t *a = o->first, *b = c->packet;
	uint16_t nth = (uint16_t)(o->parts_len - 1);

	if (c->flow->family == IP_V6) /* all but the length, and the addresses, which are */
		return !memcmp(a, b, 4) && a[7] == b[7];
	/*
	 * Type of service, flags, time to live. Identifications count up, or may be
	 * anything where nobody may fragment (RFC 6864 4.1).
	 */
	return a[1] == b[1] && get16(a + 6) == get16(b + 6) && a[8] == b[8] &&
	       (c->flow->dont_fragment || (uint16_t)(get16(a + 4) + nth) == get16(b + 4));
}

static bool same_tcp(const struct merge_flow *o, const struct candidate *c)
{
	size_t at = c->flow->header_len;
	const uint8_t *a = o->first + at, *b = c->packet + at;

	/* Acknowledged number, header length, window, urgent pointer, options. */
	return get32(b + 4) == o->next && !memcmp(a + 8, b + 8, 5) &&
	       !memcmp(a + 14, b + 14, 2) && !memcmp(a + 18, b + 18, o->header_len - at - 18);
}

static bool fits(struct merge_flow *o, const struct candidate *c)
{
	if (o->closed || c->header_len != o->header_len || c->payload > o->each ||
	    o->len + c->payload > PACKET_LEN_MAX || o->parts_len > MERGE_PACKETS ||
	    !same_ip(o, c) || (c->flow->proto == IPPROTO_TCP && !same_tcp(o, c)))
		return false;
	if (o->checked == UNCHECKED)
		o->checked = checksum_is_right(o->first, &o->flow) ? RIGHT : WRONG;
	return o->checked == RIGHT && checksum_is_right(c->packet, c->flow);
}

static void append(struct merge_flow *o, const struct candidate *c)
{
	o->parts[o->parts_len++] = (struct iovec){c->packet + c->header_len, c->payload};
	o->len += c->payload;
	o->next += (uint32_t)c->payload;
	o->pushed = c->pushed;
	o->closed = c->pushed || c->payload < o->each;
}

static void begin(struct merge_flow *o, const struct candidate *c)
{
	size_t at = c->flow->header_len;

	o->flow = *c->flow;
	o->first = c->packet;
	o->header_len = c->header_len;
	o->each = c->payload;
	o->len = c->flow->total_len;
	o->next = c->flow->proto == IPPROTO_TCP
			  ? get32(c->packet + at + 4) + (uint32_t)c->payload
			  : 0;
	o->pushed = c->pushed;
	o->closed = c->pushed;
	o->checked = UNCHECKED;
	o->parts[1] = (struct iovec){c->packet, c->flow->total_len};
	o->parts_len = 2;
}

/* The first packet's header becomes that of the whole, its checksum the device's work. */
static struct offload head_of_all(struct merge_flow *o)
{
	size_t at = o->flow.header_len, upper = o->len - at;
	bool tcp = o->flow.proto == IPPROTO_TCP, v4 = o->flow.family == IP_V4;
	uint8_t *transport = o->first + at;
	size_t field = tcp ? TCP_CHECKSUM : UDP_CHECKSUM;

	if (v4) {
		put16(o->first + 2, o->len);
		put16(o->first + 10, 0);
		put16(o->first + 10, checksum_fold(checksum_add(0, view_of(o->first, at))));
	} else {
		put16(o->first + 4, upper);
	}
	if (!tcp)
		put16(transport + 4, upper);
	else if (o->pushed)
		transport[TCP_FLAGS] |= TCP_PSH;
	put16(transport + field,
	      (uint16_t)~checksum_fold(checksum_pseudo(o->first, o->flow.proto, upper)));
	return (struct offload){.kind = !tcp ? OFFLOAD_UDP
					: v4 ? OFFLOAD_TCP4
					     : OFFLOAD_TCP6,
				.needs_checksum = true,
				.each = (uint16_t)o->each,
				.header_len = (uint16_t)o->header_len,
				.checksum_start = (uint16_t)at,
				.checksum_offset = (uint16_t)field};
}

static void deliver(struct merge *m, struct merge_flow *o)
{
	struct offload said = {.kind = OFFLOAD_NONE};

	if (o->parts_len > 2)
		said = head_of_all(o);
	offload_build(&said, o->header);
	o->parts[0] = (struct iovec){o->header, OFFLOAD_HEADER};
	m->deliver(m->ctx, o->parts, o->parts_len);
}

static void deliver_alone(struct merge *m, struct view packet)
{
	static const struct offload nothing = {.kind = OFFLOAD_NONE};
	uint8_t header[OFFLOAD_HEADER];
	struct iovec parts[] = {{header, OFFLOAD_HEADER},
				{(void *)(uintptr_t)packet.ptr, packet.len}};

	offload_build(&nothing, header);
	m->deliver(m->ctx, parts, 2);
}

void merge_flush(struct merge *m)
{
	for (size_t i = 0; i < m->len; i++)
		deliver(m, &m->flows[i]);
	m->len = 0;
}

static struct merge_flow *find(struct merge *m, const struct flow *f)
{
	for (size_t i = m->len; i > 0; i--)
		if (same_flow(&m->flows[i - 1].flow, f))
			return &m->flows[i - 1];
	return NULL;
}

void merge_add(struct merge *m, struct view packet, const struct flow *f)
{
	struct merge_flow *o = find(m, f);
	struct candidate c;
	bool candidate = read_candidate(m, &c, packet, f);

	if (o && candidate && fits(o, &c)) {
		append(o, &c);
		return;
	}
	/* It must not overtake what went before it. */
	if (o)
		deliver(m, o);
	if (candidate && !o && m->len == MERGE_FLOWS)
		merge_flush(m);
	if (candidate)
		begin(o ? o : &m->flows[m->len++], &c);
	else if (o)
		*o = m->flows[--m->len];
	if (!candidate)
		deliver_alone(m, packet);
}
