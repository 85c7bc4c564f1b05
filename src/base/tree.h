/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Things in order, with the links inside the members: for what lies between two keys. Adding,
 * removing and finding are O(log n) however the keys come, because each member has a weight that
 * whoever picks the keys can't tell (hash_view of the key), and the heavier one stands above.
 * Nothing here fails.
 */
struct tree_node {
	struct tree_node *up, *down[2];
	uint64_t weight;
	bool is_in;
};

/* Zeroed storage is an empty tree; so is a node that is in none. */
struct tree {
	struct tree_node *root;
};

/* Below 0 when the key comes before the member, 0 when they are equal, else above. */
typedef int (*tree_compare)(const void *key, const struct tree_node *n);

/* Put in a member that is in no tree, behind all that its key does not come before. */
void tree_add(struct tree *t, struct tree_node *n, uint64_t weight, const void *key,
	      tree_compare compare);
/* Take it out; fine when it is in none. */
void tree_remove(struct tree *t, struct tree_node *n);
/* The first member that does not come before the key, or NULL. */
struct tree_node *tree_from(const struct tree *t, const void *key, tree_compare compare);
/* The one behind it, or NULL. */
struct tree_node *tree_next(const struct tree_node *n);

#endif
