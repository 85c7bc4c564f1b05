/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_INNER_H
#define PLANE_ESP_INNER_H

#include "conn/ts.h"

/*
 * The packets inside the tunnel: what policy must know of them, and the few
 * changes a tunnel makes to them. Nothing is trusted: a packet comes from a
 * local program or from a peer that is authenticated but may be hostile.
 */

/* An address as a number: IPv4 in the low 32 bits. Compares faster than octets. */
struct addr_number {
	uint64_t hi, lo;
};

/* IP_NONE gives zero. */
struct addr_number addr_number_of(const struct ip_addr *a);
/* a <= b. */
static inline bool addr_number_le(struct addr_number a, struct addr_number b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo <= b.lo);
}

/* What selectors look at (RFC 4301 4.4.1.1), and where things are. */
struct flow {
	uint8_t family; /* enum ip_family */
	uint8_t proto;  /* the upper layer's; of IPv6, behind its extension headers */
	uint8_t tos;    /* DSCP and ECN */
	bool has_ports; /* false in later fragments (but fragments.h), and where the protocol has none */
	bool later_fragment, first_fragment; /* neither: a whole packet */
	bool dont_fragment;                  /* IPv4's flag; true for all of IPv6 */
	uint32_t fragment_id; /* what the fragments of a datagram have in common */
	struct addr_number src, dst;
	uint16_t src_port, dst_port; /* of ICMP: both are type << 8 | code (RFC 7296 3.13.1) */
	size_t header_len;           /* IP header with options or extension headers */
	size_t total_len;            /* the packet's own length; what follows it is padding */
};

enum inner_verdict {
	INNER_OK,
	INNER_SHORT,     /* shorter than its headers say */
	INNER_MALFORMED, /* not IP, or headers that contradict themselves */
};

/* Read a packet's headers. *ret is written only with INNER_OK. */
enum inner_verdict inner_parse(struct view packet, struct flow *ret);

/* Whether an address may be that of one host, on another one (RFC 1122 3.2.1.3, RFC 4291 2.5). */
bool addr_is_single_host(uint8_t family, struct addr_number a);
/*
 * Whether it is a later fragment of IPv6 of which nobody knows the protocol: its own header tells
 * an extension's type.
 */
bool inner_hides_protocol(const struct flow *f);
/*
 * Whether no host on a network may send such a packet: one from or to this very
 * host (127/8, ::1), from a group, or from nobody unless to a group (as DHCP
 * and neighbour discovery do).
 */
bool inner_is_martian(const struct flow *f);

/* Addresses of a flow, for those who need them as such. */
struct ip_addr inner_src(const struct flow *f);
struct ip_addr inner_dst(const struct flow *f);

/* One side of an SA or a policy, made ready for the packet path. */
struct selector {
	struct addr_number first, last;
	uint16_t port_first, port_last;
	uint8_t family, proto;
	bool any_port;
};

/* Copies all it needs. */
struct selector selector_of(const struct ts *t);

/* Whether the packet's source (or destination) side meets the selector. */
bool selector_has_src(const struct selector *s, const struct flow *f);
bool selector_has_dst(const struct selector *s, const struct flow *f);

/*
 * The packet's own selectors: single addresses and
 * ports, as the first ones of an offer (RFC 7296 2.9).
 */
struct ts inner_src_ts(const struct flow *f);
struct ts inner_dst_ts(const struct flow *f);

/* Explicit congestion notification through tunnels (RFC 6040). */
#define ECN_MASK 3u
enum ecn { ECN_NOT_ECT = 0, ECN_ECT1 = 1, ECN_ECT0 = 2, ECN_CE = 3 };

/* The outer DSCP and ECN of a packet: the inner ones (RFC 6040 4.1, normal mode). */
uint8_t ecn_encapsulate(uint8_t inner_tos);
/* The inner octet after decapsulation (RFC 6040 4.2); false: the packet must be dropped. */
bool ecn_decapsulate(uint8_t inner_tos, uint8_t outer_tos, uint8_t *ret_tos);

/* Write DSCP and ECN; the IPv4 header checksum follows. `packet` was parsed well. */
void inner_set_tos(uint8_t *packet, uint8_t tos);

/* Whether it is a TCP SYN, of which inner_clamp_mss may lower the segment size. */
bool inner_begins_tcp(const uint8_t *packet, const struct flow *f);

/*
 * Lower the maximum segment size that a TCP SYN announces to what `mtu` can
 * carry. The packet was parsed well, with this flow. True when it was changed.
 */
bool inner_clamp_mss(uint8_t *packet, const struct flow *f, uint32_t mtu);

#endif
