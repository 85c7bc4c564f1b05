/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_FRAGMENTS_H
#define PLANE_ESP_FRAGMENTS_H

#include "base/duration.h"
#include "plane/esp/inner.h"

/*
 * The ports of datagrams whose first fragment has gone by, so that the later ones, which have
 * none, meet the policy that it met (RFC 4301 7.3). A later fragment that comes before its first
 * one, or after FRAGMENTS_TIME, stays without ports, and so does one whose place another datagram
 * took. Of IPv6 the first one tells the protocol, too: a later one has but the type of the header
 * behind the fragments', which may be an extension (RFC 8200 4.5). One thread's; nothing is allocated.
 */
#define FRAGMENTS_MAX 64u /* datagrams; a power of two */
#define FRAGMENTS_TIME \
	(30 * NSEC_PER_SEC) /* RFC 8200 4.5 gives them a minute to come together */

struct fragments {
	struct fragments_row {
		nsec until; /* 0: free */
		struct addr_number src, dst;
		uint32_t id, from;
		uint16_t src_port, dst_port;
		uint8_t family, proto;
		bool has_ports;
	} rows[FRAGMENTS_MAX];
};

/*
 * Remember a first fragment, or give a later one its ports; any other packet is left as it is.
 * `from` keeps datagrams apart whose senders must not speak for each other: an SPI, or 0.
 */
void fragments_follow(struct fragments *t, uint32_t from, struct flow *f, nsec now);

#endif
