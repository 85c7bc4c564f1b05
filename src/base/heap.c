/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <stdlib.h>

/* Slots count from 1 in heap_node.slot; slots[0] holds slot 1. */
static void place(struct heap *h, struct heap_node *n, size_t slot)
{
	h->slots[slot - 1] = n;
	n->slot = slot;
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void sift_up(struct heap *h, struct heap_node *n)
{
	size_t slot = n->slot;

	for (; slot > 1; slot /= 2) {
		struct heap_node *parent = h->slots[slot / 2 - 1];

		if (!before(n, parent))
			break;
		place(h, parent, slot);
	}
	place(h, n, slot);
}

static void sift_down(struct heap *h, struct heap_node *n)
{
	size_t slot = n->slot;

	for (;;) {
		size_t child = 2 * slot;

		if (child > h->len)
			break;
		if (child < h->len && before(h->slots[child], h->slots[child - 1]))
			child++;
		if (!before(h->slots[child - 1], n))
			break;
		place(h, h->slots[child - 1], slot);
		slot = child;
	}
	place(h, n, slot);
}

void heap_done(struct heap *h)
{
	for (size_t i = 0; i < h->len; i++)
		h->slots[i]->slot = 0;
	free(h->slots);
	*h = (struct heap){0};
}

bool heap_reserve(struct heap *h, size_t n)
{
	struct heap_node **grown;

	if (n <= h->cap)
		return true;
	grown = reallocarray(h->slots, n, sizeof(struct heap_node *));
	if (!grown)
		return false;
	h->slots = grown;
	h->cap = n;
	return true;
}

bool heap_set(struct heap *h, struct heap_node *n, nsec at)
{
	if (at == NSEC_NEVER) {
		heap_remove(h, n);
		return true;
	}
	if (!n->slot) {
		if (h->len == h->cap && !heap_reserve(h, h->cap ? 2 * h->cap : 16))
			return false;
		place(h, n, ++h->len);
	}
	n->at = at;
	n->order = h->next_order++;
	sift_up(h, n);
	sift_down(h, n);
	return true;
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	struct heap_node *last;
	size_t slot = n->slot;

	if (!slot)
		return;
	n->slot = 0;
	last = h->slots[--h->len];
	if (last == n)
		return;
	place(h, last, slot);
	sift_up(h, last);
	sift_down(h, last);
}

struct heap_node *heap_first(const struct heap *h)
{
	return h->len ? h->slots[0] : NULL;
}
