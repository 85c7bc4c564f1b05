/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_OUT_H
#define PLANE_ESP_OUT_H

#include "plane/esp/burst.h"
#include "plane/esp/fragments.h"
#include "plane/esp/held.h"
#include "plane/esp/icmp.h"
#include "plane/esp/notice.h"
#include "plane/esp/offload.h"
#include "plane/esp/sad.h"
#include "plane/esp/spd.h"

/*
 * The outbound path (RFC 4301 5.1): a packet from inside meets its policy and
 * leaves as ESP, in clear, as an ICMP error back to its sender, later, or not
 * at all. One that stands for many (segmentation offload) meets policy and SA
 * once and is cut on its way into ESP. What it does to the world goes through `struct out_world`, so that
 * tests need no device. One `struct out` belongs to one thread, which calls
 * inside rcu_read_lock.
 */
struct out_world {
	void *ctx;
	/* Send ESP packets along their paths; those whose port has just gone are lost. */
	void (*send)(void *ctx, const struct burst *b);
	/* Give a packet back to the inside. */
	void (*reply)(void *ctx, struct view packet);
	/* An address of this host to answer another from; false when there is none. */
	bool (*own_address)(void *ctx, const struct ip_addr *toward, struct ip_addr *ret);
	/* Let a packet go in clear. */
	void (*pass)(void *ctx, const struct flow *f, struct view packet);
	/* The MTU of the path, outer headers included; 0 when it is not known. */
	uint32_t (*path_mtu)(void *ctx, const struct esp_path *path);
};

/* Each counts packets. */
struct out_counts {
	_Atomic uint64_t malformed, no_policy, dropped_by_policy, rejected, no_sa, too_big,
		queue_full;
};

#define OUT_CLAIMS_MAX 64u             /* SAs claimed for one burst */
#define OUT_PACKET_MAX HELD_PACKET_MAX /* longer ones are neither held nor fragmented */
#define OUT_OFFLOAD_MAX 65536u         /* the longest that is many in one */

struct out {
	const struct spd *spd;
	struct notices *notices;
	struct out_world world;
	struct out_counts counts;
	bool clamp_mss;
	nsec now;                               /* set by the caller before each batch */
	struct icmp_limits *limits;             /* borrowed; of all threads together */
	uint32_t who;                           /* takes claims; from 1 on */
	struct burst burst;                     /* sealed, and not sent yet */
	struct esp_sa *claimed[OUT_CLAIMS_MAX]; /* until the burst is sent */
	size_t claimed_len;
	struct held held;
	struct fragments fragments;
	/* Room for one packet and ESP_BEHIND each; owned. */
	uint8_t *fragment, *waking, *padded;
};

/* Set spd, notices, limits, world, who and clamp_mss afterwards. CYG_NOMEM. */
MUST_CHECK enum cyg_err out_init(struct out *o);
void out_done(struct out *o);

/*
 * Carry one packet, of which the device said `said`. ESP_BEHIND octets behind
 * it may be overwritten, as the packet is. What becomes ESP is sent by out_flush
 * at the latest, which must be called before rcu_read_unlock.
 */
void out_packet(struct out *o, const struct offload *said, uint8_t *packet, size_t len);
void out_flush(struct out *o);

/* SAs or policies have changed: try again what is held. */
void out_retry(struct out *o);

#endif
