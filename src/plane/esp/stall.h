/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_STALL_H
#define PLANE_ESP_STALL_H

#include "base/duration.h"
#include "plane/esp/inner.h"

/*
 * Whether long packets get lost on their way while nobody says that they are too
 * long: ICMP is swallowed by many a firewall. ESP has no acknowledgements of its
 * own, but TCP inside tells: it sends the same long segment again and again
 * (RFC 4821 7.7, RFC 8899 4.4). One connection of an SA is watched at a time.
 */
#define STALL_TIMES 3u                /* the same segment: at first, and twice again */
#define STALL_SPACE (NSEC_PER_SEC / 10) /* less lies between duplicates that ACKs asked for */
#define STALL_GOES_ON NSEC_PER_SEC    /* who sends something else then has been answered */
#define STALL_OTHERS (4 * NSEC_PER_SEC) /* how long others wait to be watched */

struct stall {
	uint64_t flow; /* addresses and ports, mixed */
	uint32_t segment; /* its sequence number */
	uint32_t times;   /* 0: none is watched */
	nsec since, last; /* when it was seen first, and last */
};

/*
 * A long packet is sent, or the first of many in one. True when its connection
 * stalls: at most once in STALL_TIMES packets. Zeroed to begin with.
 */
bool stall_seen(struct stall *s, const uint8_t *packet, const struct flow *f, nsec now);

#endif
