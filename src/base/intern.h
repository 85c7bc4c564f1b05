/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "base/hash.h"

/*
 * Byte strings kept once: 100,000 tunnels that name the same identity hold one
 * copy of it. A pool belongs to its owner; there is no global one. Strings of
 * one pool are equal exactly when their pointers are. Not for secrets: what is
 * freed is not wiped. One thread at a time.
 */
struct interned;

struct intern_pool {
	struct hash_key key;
	struct interned **buckets; /* chains; the count is a power of two, or 0 */
	size_t bucket_count;
	size_t len; /* distinct strings */
};

/* An empty pool. The key keeps strangers' strings from meeting in one chain. */
void intern_init(struct intern_pool *pool, const struct hash_key *key);

/* Free the pool. Every reference must have been given back. */
void intern_done(struct intern_pool *pool);

/*
 * A new reference to the pool's copy of `v`, made when it is not there yet.
 * NULL when memory is short or `v` is longer than UINT32_MAX; give it back with intern_unref.
 */
const struct interned *intern_get(struct intern_pool *pool, struct view v)
	__attribute__((warn_unused_result));

/* The string if the pool holds it, without a reference of its own; else NULL. */
const struct interned *intern_find(const struct intern_pool *pool, struct view v);

/* One more reference to `s` (NULL gives NULL). */
const struct interned *intern_ref(const struct interned *s);

/* Give a reference back; the last one frees the string. NULL is fine. */
void intern_unref(struct intern_pool *pool, const struct interned *s);

/* The bytes, borrowed as long as a reference is held. NULL gives the empty view. */
struct view intern_view(const struct interned *s);

#endif
