/* SPDX-License-Identifier: Apache-2.0 */
/* A treap: in order from left to right, and by weight from the top down. */
#include "base/tree.h"

#include <stddef.h>

/* `n`, which may be NULL, takes the place of `old`. */
static void put_in_place(struct tree *t, const struct tree_node *old, struct tree_node *n)
{
	struct tree_node *up = old->up;

	if (up)
		up->down[up->down[1] == old] = n;
	else
		t->root = n;
	if (n)
		n->up = up;
}

/* Change places with the one above, so that the order from left to right stays. */
static void rise(struct tree *t, struct tree_node *n)
{
	struct tree_node *above = n->up, *between;
	bool right = above->down[1] == n;

	between = n->down[!right];
	put_in_place(t, above, n);
	n->down[!right] = above;
	above->up = n;
	above->down[right] = between;
	if (between)
		between->up = above;
}

void tree_add(struct tree *t, struct tree_node *n, uint64_t weight, const void *key,
	      tree_compare compare)
{
	struct tree_node **at = &t->root, *up = NULL;

	while (*at) {
		up = *at;
		at = &up->down[compare(key, up) >= 0];
	}
	*n = (struct tree_node){.up = up, .weight = weight, .is_in = true};
	*at = n;
	while (n->up && n->up->weight < weight)
		rise(t, n);
}

void tree_remove(struct tree *t, struct tree_node *n)
{
	if (!n->is_in)
		return;
	while (n->down[0] && n->down[1])
		rise(t, n->down[n->down[1]->weight > n->down[0]->weight]);
	put_in_place(t, n, n->down[!n->down[0]]);
	*n = (struct tree_node){0};
}

struct tree_node *tree_from(const struct tree *t, const void *key, tree_compare compare)
{
	struct tree_node *found = NULL;

	for (struct tree_node *n = t->root; n;) {
		bool is_before = compare(key, n) > 0;

		if (!is_before)
			found = n;
		n = n->down[is_before];
	}
	return found;
}

struct tree_node *tree_next(const struct tree_node *n)
{
	struct tree_node *next = n->down[1];

	if (next) {
		while (next->down[0])
			next = next->down[0];
		return next;
	}
	for (next = n->up; next && next->down[1] == n; next = n->up)
		n = next;
	return next;
}
