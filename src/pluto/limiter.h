/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_LIMITER_H
#define PLUTO_LIMITER_H

#include "base/addr.h"
#include "base/duration.h"
#include "base/hash.h"

/*
 * How much strangers may make us write: a bucket of tokens for each source
 * (an IPv4 address, an IPv6 /64) and one for all of them. Memory is fixed;
 * sources that fall into one slot push each other out, which can only cost
 * lines of the table's oldest, and the bucket of all still holds.
 */
#define LIMITER_SLOTS 1024
#define LIMITER_BURST 20            /* lines of one source at once */
#define LIMITER_REFILL NSEC_PER_SEC /* for each further one */
#define LIMITER_ALL_BURST 400
#define LIMITER_ALL_REFILL (NSEC_PER_SEC / 100)

struct bucket {
	struct ip_prefix source;
	nsec filled_at; /* moment up to which tokens were counted */
	uint32_t tokens;
	uint32_t suppressed;
};

struct limiter {
	struct hash_key key;
	struct bucket all;
	struct bucket slots[LIMITER_SLOTS];
};

/* All buckets full at `now`; `key` spreads sources over the slots. */
void limiter_init(struct limiter *l, const struct hash_key *key, nsec now);

/*
 * May one more line about `source` be written? When it may, *ret_suppressed is
 * how many were swallowed since the last one that was.
 */
bool limiter_allow(struct limiter *l, const struct ip_addr *source, nsec now,
		   uint32_t *ret_suppressed);

#endif
