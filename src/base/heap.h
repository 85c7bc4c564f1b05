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
/* One thing's deadline. Zeroed storage is a node that is in no heap. */
struct heap_node {
	nsec at;
	uint64_t order;
	size_t slot; /* 1-based place in the heap; 0: not in it */
};

/* Zeroed storage is an empty heap. */
struct heap {
	struct heap_node **slots;
	size_t len, cap;
	uint64_t next_order;
};

/* Free the heap; the nodes left in it are in none afterwards. */
void heap_done(struct heap *h);
/*
 * Put or move `n` to `at`; NSEC_NEVER removes it. False only when memory is short
 * (then nothing changed), which cannot be for a node that is in the heap.
 */
bool heap_set(struct heap *h, struct heap_node *n, nsec at) __attribute__((warn_unused_result));
/* Take `n` out; fine when it is not in. */
void heap_remove(struct heap *h, struct heap_node *n);
/* The earliest, or NULL. */
struct heap_node *heap_first(const struct heap *h);
/* Room for `n` nodes in all, so that later heap_set cannot fail. */
bool heap_reserve(struct heap *h, size_t n) __attribute__((warn_unused_result));

#endif
