/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WIRE_PCAP_H
#define TESTS_UNIT_WIRE_PCAP_H

#include "base/view.h"

/*
 * Packet captures, as far as tests need them: pcap and pcapng files in memory,
 * Ethernet, raw IP, null and Linux cooked frames, IPv4 and IPv6 without fragments.
 */

/* Called for each UDP datagram. */
typedef void (*pcap_take)(void *ctx, uint16_t port_from, uint16_t port_to, struct view payload);

/* Walk a capture; false when it is no capture or is cut off. Frames without UDP are left out. */
bool pcap_each_udp(struct view file, pcap_take take, void *ctx);

/* The UDP datagram in one frame of a link type (1 Ethernet, 101 raw IP); false if it holds none. */
bool pcap_udp_of(unsigned link, struct view frame, pcap_take take, void *ctx);

#endif
