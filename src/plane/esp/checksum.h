/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_CHECKSUM_H
#define PLANE_ESP_CHECKSUM_H

#include "base/view.h"

/*
 * The Internet checksum (RFC 1071), summed many octets at a time: it is the
 * only thing beside the cipher that looks at every octet of a packet.
 */

/* Add some octets to `sum`, which begins as 0; an odd number only at the end. */
uint32_t checksum_add(uint32_t sum, struct view octets);
/* The value for a checksum field; over a packet whose field is right, 0. */
uint16_t checksum_fold(uint32_t sum);

/*
 * The sum of the pseudo header of TCP, UDP or ICMPv6 (RFC 9293 3.1, RFC 8200
 * 8.1) of an IP packet whose headers were parsed well; `len` is from the upper
 * layer's header on.
 */
uint32_t checksum_pseudo(const uint8_t *packet, uint8_t proto, size_t len);

/* A 16-bit word under the checksum at `field` changed: mend it (RFC 1624 eqn. 3). */
void checksum_mend(uint8_t *field, uint16_t old, uint16_t new);

/* 16 bits in network order. */
static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* 32 bits in network order. */
static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

#endif
