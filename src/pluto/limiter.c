/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/limiter.h"

#define IPV6_SOURCE_BITS 64 /* one subscriber */

void limiter_init(struct limiter *l, const struct hash_key *key, nsec now)
{
	*l = (struct limiter){
		.key = *key,
		.all = {.filled_at = now, .tokens = LIMITER_ALL_BURST},
	};
}

static void refill(struct bucket *b, nsec now, nsec span, uint32_t burst)
{
	uint64_t more;

	if (now <= b->filled_at)
		return;
	more = (now - b->filled_at) / span;
	if (more >= burst - b->tokens) {
		b->tokens = burst;
		b->filled_at = now;
	} else {
		b->tokens += (uint32_t)more;
		b->filled_at += more * span;
	}
}

static struct bucket *slot_of(struct limiter *l, const struct ip_prefix *source, nsec now)
{
	uint64_t hash = hash_view(&l->key, ip_view(&source->addr));
	struct bucket *b = &l->slots[hash % LIMITER_SLOTS];

	if (!prefix_equal(&b->source, source))
		*b = (struct bucket){.source = *source,
				     .filled_at = now,
				     .tokens = LIMITER_BURST};
	return b;
}

bool limiter_allow(struct limiter *l, const struct ip_addr *source, nsec now,
		   uint32_t *ret_suppressed)
{
	unsigned bits = source->family == IP_V6 ? IPV6_SOURCE_BITS : ip_bits(source);
	struct ip_prefix prefix = prefix_of(source, bits);
	struct bucket *b = slot_of(l, &prefix, now);

	refill(b, now, LIMITER_REFILL, LIMITER_BURST);
	refill(&l->all, now, LIMITER_ALL_REFILL, LIMITER_ALL_BURST);
	if (!b->tokens || !l->all.tokens) {
		b->suppressed++;
		return false;
	}
	b->tokens--;
	l->all.tokens--;
	*ret_suppressed = b->suppressed;
	b->suppressed = 0;
	return true;
}
