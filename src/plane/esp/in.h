/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_IN_H
#define PLANE_ESP_IN_H

#include "plane/esp/fragments.h"
#include "plane/esp/notice.h"
#include "plane/esp/sad.h"
#include "plane/esp/spd.h"

/*
 * The inbound path (RFC 4301 5.2): a datagram from a port of ESP in UDP is a
 * keep-alive, IKE, or ESP (RFC 3948 2); good ESP becomes a packet for the
 * inside. Reads policies, touches nothing but SAs and the queue to the loop, so that a fuzzer
 * can run it. One `struct in` belongs to one thread, which calls inside
 * rcu_read_lock.
 */

/* Each counts datagrams. */
struct in_counts {
	_Atomic uint64_t short_packets, keepalives, unknown_spi, malformed, ecn_drops,
		queue_full;
	/* Of all SAs together; each counts its own too. */
	_Atomic uint64_t replayed, bad_auth, bad_selector, bad_padding, martians;
};

struct in {
	const struct sad *sad;
	const struct spd *spd;
	struct notices *notices;
	bool clamp_mss;
	uint32_t who; /* takes claims; from 1 on */
	struct fragments fragments;
	struct esp_sa *claimed; /* the SA of the last datagram; NULL: none */
	nsec now;               /* set by the caller before each batch */
	struct in_counts counts;
};

/* A datagram and where it came from. `octets` is changed. */
struct in_datagram {
	struct endpoint local, remote;
	uint8_t tos; /* of the outer IP header */
	uint8_t *octets;
	size_t len;
};

/*
 * True when *ret_packet, inside the datagram's memory, is to be delivered;
 * *ret_flow is its flow, DSCP and ECN as they are now.
 */
bool in_datagram(struct in *i, const struct in_datagram *d, struct view *ret_packet,
		 struct flow *ret_flow);
/* After a batch, before rcu_read_unlock: give up what was claimed. */
void in_release(struct in *i);

#endif
