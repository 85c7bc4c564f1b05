/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/segment.h"

#include "plane/esp/checksum.h"

#include <netinet/in.h>
#include <string.h>

#define UDP_HEADER 8u
#define TCP_HEADER 20u
#define TCP_FLAGS 12u /* the word of header length and flags */
#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u

/* The length of the transport header; 0 when there is no whole one. */
static size_t transport_len(const struct offload *o, const uint8_t *packet,
			    const struct flow *f)
{
	size_t room = f->total_len - f->header_len, len;

	if (o->kind == OFFLOAD_UDP)
		return f->proto == IPPROTO_UDP && room >= UDP_HEADER ? UDP_HEADER : 0;
	if (f->proto != IPPROTO_TCP || room < TCP_HEADER)
		return 0;
	len = (size_t)(packet[f->header_len + TCP_FLAGS] >> 4) * 4;
	return len >= TCP_HEADER && len <= room ? len : 0;
}

static bool is_of_kind(const struct offload *o, const struct flow *f)
{
	if (f->later_fragment || f->first_fragment || !o->each)
		return false;
	return o->kind == OFFLOAD_UDP ||
	       o->kind == (f->family == IP_V4 ? OFFLOAD_TCP4 : OFFLOAD_TCP6);
}

bool segments_begin(struct segments *s, const struct offload *o, uint8_t *packet,
		    const struct flow *f)
{
	size_t header = is_of_kind(o, f) ? transport_len(o, packet, f) : 0;

	if (!header || f->header_len + header > SEGMENT_HEADER_MAX)
		return false;
	s->transport = f->header_len;
	s->header_len = f->header_len + header;
	s->payload = packet + s->header_len;
	s->left = f->total_len - s->header_len;
	s->each = o->each;
	s->proto = f->proto;
	s->v4 = f->family == IP_V4;
	s->last_flags = 0;
	memcpy(s->header, packet, s->header_len);
	if (s->proto == IPPROTO_TCP) {
		uint8_t *flags = s->header + s->transport + TCP_FLAGS;

		s->last_flags = get16(flags) & (TCP_FIN | TCP_PSH);
		put16(flags, get16(flags) & ~(TCP_FIN | TCP_PSH));
	}
	return s->left;
}

size_t segments_count(const struct segments *s)
{
	return (s->left + s->each - 1) / s->each;
}

size_t segments_longest(const struct segments *s)
{
	return s->header_len + (s->left < s->each ? s->left : s->each);
}

/* What the IP header says of a packet of `len` octets. */
static void finish_ip(uint8_t *packet, const struct segments *s, size_t len)
{
	if (!s->v4) {
		put16(packet + 4, len - 40);
		return;
	}
	put16(packet + 2, len);
	put16(packet + 10, 0);
	put16(packet + 10, checksum_fold(checksum_add(0, view_of(packet, s->transport))));
}

static void finish_transport(uint8_t *packet, const struct segments *s, size_t len)
{
	uint8_t *transport = packet + s->transport;
	size_t upper = len - s->transport;
	uint8_t *field = transport + (s->proto == IPPROTO_TCP ? 16 : 6);
	uint16_t value;

	if (s->proto == IPPROTO_UDP)
		put16(transport + 4, upper);
	put16(field, 0);
	value = checksum_fold(checksum_add(checksum_pseudo(packet, s->proto, upper),
					   view_of(transport, upper)));
	/* RFC 768: zero would say that there is none. */
	put16(field, s->proto == IPPROTO_UDP && !value ? 0xffff : value);
}

/* The header of the one after a segment of `take` octets. */
static void advance(struct segments *s, size_t take)
{
	uint8_t *transport = s->header + s->transport;

	if (s->v4) /* each packet has an identification of its own (RFC 791 2.3) */
		put16(s->header + 4, get16(s->header + 4) + 1u);
	if (s->proto == IPPROTO_TCP) {
		put32(transport + 4, get32(transport + 4) + (uint32_t)take);
		/* RFC 3168 6.1.2: the window was reduced once. */
		put16(transport + TCP_FLAGS, get16(transport + TCP_FLAGS) & ~TCP_CWR);
	}
	s->payload += take;
	s->left -= take;
}

bool segments_next(struct segments *s, uint8_t **ret_packet, size_t *ret_len)
{
	size_t take = s->left < s->each ? s->left : s->each;
	uint8_t *packet = s->payload - s->header_len;
	uint8_t *flags = packet + s->transport + TCP_FLAGS;

	if (!s->left)
		return false;
	memcpy(packet, s->header, s->header_len);
	if (take == s->left && s->proto == IPPROTO_TCP)
		put16(flags, get16(flags) | s->last_flags);
	finish_ip(packet, s, s->header_len + take);
	finish_transport(packet, s, s->header_len + take);
	advance(s, take);
	*ret_packet = packet;
	*ret_len = s->header_len + take;
	return true;
}
