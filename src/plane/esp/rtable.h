/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_RTABLE_H
#define PLANE_ESP_RTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A hash table that threads read without locks while one thread, the loop's,
 * changes it (RCU). Readers are inside rcu_read_lock. The table holds
 * pointers; equal hashes may repeat, and the reader tells them apart. What it
 * points at is freed by its owner with call_rcu after rtable_remove.
 */
struct rtable_array;

struct rtable {
	struct rtable_array *array; /* RCU */
	size_t len;
};

struct rtable_link {
	struct rtable_link *next; /* RCU */
	uint64_t hash;
	void *item;
};

/* False when memory is short. */
bool rtable_init(struct rtable *t) __attribute__((warn_unused_result));
/* Nobody reads any more. The items stay their owners'. Zeroed storage is fine. */
void rtable_done(struct rtable *t);

/* `hash` is well mixed in all its bits: see hash_mix. False when memory is short. */
bool rtable_add(struct rtable *t, uint64_t hash, void *item)
	__attribute__((warn_unused_result));
/* False when it was not there. */
bool rtable_remove(struct rtable *t, uint64_t hash, const void *item);

/* Walk the items of one hash: NULL ends. */
const struct rtable_link *rtable_first(const struct rtable *t, uint64_t hash);
const struct rtable_link *rtable_next(const struct rtable_link *l);

/* Octets held. */
size_t rtable_memory(const struct rtable *t);

/* Spread a number over all bits. */
static inline uint64_t hash_mix(uint64_t x)
{
	x = (x ^ x >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 29) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

#endif
