/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/list.h"

#include <stdint.h>

/*
 * Look-up by hash, with the links inside the members. The caller hashes its
 * keys (hash_view, so that no stranger can pick values that meet) and compares
 * them; a member needs no key of its own beside what it is found by. Any number
 * of members may have one hash: they are walked in the order they came, so a
 * map also serves for "all that belong to this key".
 *
 * Adding never fails: when there is no memory for more buckets, look-ups only
 * become slower. Adding, removing and finding the first are O(1).
 */
struct map_node {
	struct map_node *next; /* another hash of the same bucket */
	struct map_node *
		*link;    /* what points here; NULL when it is not the first of its hash */
	struct list same; /* all of one hash, a ring without a head */
	uint64_t hash;
};

struct map {
	struct map_node **buckets; /* NULL as long as `only` serves */
	struct map_node *only;
	size_t bucket_count; /* a power of two, or 0 */
	size_t hashes;       /* different ones */
};

/* {0} is an empty map. Frees the table; members are their owners' and are not touched. */
void map_done(struct map *m);

/* Put a member in, after all others of its hash. It must be in no map. */
void map_add(struct map *m, struct map_node *n, uint64_t hash);

/* Take it out. A zeroed node, or one already taken out, is fine. */
void map_remove(struct map *m, struct map_node *n);

/* The first member of a hash, or NULL. */
struct map_node *map_first(const struct map *m, uint64_t hash);

/* The next member of the same hash, or NULL. */
struct map_node *map_next(const struct map_node *n);

/* Whether the member is in a map. */
static inline bool map_has(const struct map_node *n)
{
	return n->same.next != NULL;
}

#endif
