/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/duration.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Deadlines of 100,000 things: a binary heap of nodes that live inside their
 * owners. Insert, move and remove are O(log n); the earliest is O(1). Equal
 * deadlines come out in the order they were set, so that runs replay.
 */
struct heap_node {
	nsec at;
	uint64_t order;
	size_t slot; /* 1-based place in the heap; 0: not in it */
};

struct heap {
	struct heap_node **slots;
	size_t len, cap;
	uint64_t next_order;
};

void heap_done(struct heap *h);
/* Put or move `n` to `at`; NSEC_NEVER removes it. False only when memory is short (then nothing changed). */
bool heap_set(struct heap *h, struct heap_node *n, nsec at) __attribute__((warn_unused_result));
void heap_remove(struct heap *h, struct heap_node *n);
/* The earliest, or NULL. */
struct heap_node *heap_first(const struct heap *h);
/* Room for `n` nodes in all, so that later heap_set cannot fail. */
bool heap_reserve(struct heap *h, size_t n) __attribute__((warn_unused_result));

#endif
