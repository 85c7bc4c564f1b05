/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_HELD_H
#define PLANE_ESP_HELD_H

#include "base/duration.h"
#include "base/view.h"

#include <stdatomic.h>
#include <stdbool.h>

/*
 * Packets that wait for an SA, or for what is to become of their policy: the newest one of each
 * policy, of at most HELD_MAX policies, for at most HELD_TIME. What is lost that way is counted.
 *
 * One thread puts packets in and takes them out; any may count them.
 */
#define HELD_MAX 64                   /* policies that may hold a packet at once */
#define HELD_PACKET_MAX 9216u         /* octets; longer ones do not wait */
#define HELD_TIME (30 * NSEC_PER_SEC) /* what waited longer would only confuse its receiver */

struct held_packet {
	uint32_t policy_id;
	_Atomic uint32_t len; /* 0: the place is free */
	_Atomic nsec since;
	uint8_t octets[HELD_PACKET_MAX];
};

struct held {
	struct held_packet *places; /* HELD_MAX; owned */
	_Atomic uint64_t displaced; /* a newer packet took their place */
	_Atomic uint64_t expired;   /* waited for too long */
};

/* Packets. Those that have waited for too long are expired, whether their place was needed or not. */
struct held_counts {
	uint64_t waiting, displaced, expired;
};

/* False when memory is short; held_done then has nothing to do. */
MUST_CHECK bool held_init(struct held *h);
/* What waits may have been meant to be secret: it is wiped. */
void held_done(struct held *h);

/* Keep a copy. False when it is too long to wait. */
MUST_CHECK bool held_put(struct held *h, uint32_t policy_id, struct view packet, nsec now);
/*
 * What waits at `place`, below HELD_MAX, copied to `out`, which has room for HELD_PACKET_MAX
 * octets: its length, or 0 when there is nothing to try again. It goes on waiting.
 */
size_t held_look(struct held *h, size_t place, nsec now, uint8_t *out);
/* What waits at `place` now waits for that policy. */
void held_stays(struct held *h, size_t place, uint32_t policy_id);
/* It waits no longer. */
void held_leaves(struct held *h, size_t place);

/* How they stand at `now`; for any thread. */
struct held_counts held_count(const struct held *h, nsec now);

#endif
