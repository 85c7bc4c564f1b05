/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>

#define BUCKETS_FIRST 16

void map_done(struct map *m)
{
	free(m->buckets);
	*m = (struct map){0};
}

static struct map_node **bucket_of(const struct map *m, uint64_t hash)
{
	if (!m->buckets)
		return (struct map_node **)&m->only;
	return &m->buckets[hash & (m->bucket_count - 1)];
}

/* Put the first of its hash at the head of a bucket. */
static void link_in(struct map_node **bucket, struct map_node *n)
{
	n->next = *bucket;
	if (n->next)
		n->next->link = &n->next;
	n->link = bucket;
	*bucket = n;
}

static void move_chain(const struct map *to, struct map_node *n)
{
	while (n) {
		struct map_node *next = n->next;

		link_in(bucket_of(to, n->hash), n);
		n = next;
	}
}

/* Twice the buckets once there is a hash for each; without memory it stays as it is. */
static void grow(struct map *m)
{
	struct map wider = {.hashes = m->hashes};

	if (m->hashes < m->bucket_count)
		return;
	wider.bucket_count = m->bucket_count ? 2 * m->bucket_count : BUCKETS_FIRST;
	wider.buckets = calloc(wider.bucket_count, sizeof(struct map_node *));
	if (!wider.buckets)
		return;
	move_chain(&wider, m->only);
	for (size_t i = 0; i < m->bucket_count; i++)
		move_chain(&wider, m->buckets[i]);
	free(m->buckets);
	*m = wider;
}

struct map_node *map_first(const struct map *m, uint64_t hash)
{
	struct map_node *n = *bucket_of(m, hash);

	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct map_node *map_next(const struct map_node *n)
{
	struct map_node *next = CONTAINER_OF(n->same.next, struct map_node, same);

	return next->link ? NULL : next;
}

void map_add(struct map *m, struct map_node *n, uint64_t hash)
{
	struct map_node *first = map_first(m, hash);

	n->hash = hash;
	n->next = NULL;
	n->link = NULL;
	if (first) {
		list_append(&first->same, &n->same);
		return;
	}
	list_init(&n->same);
	grow(m);
	link_in(bucket_of(m, hash), n);
	m->hashes++;
}

/* The next of the ring takes the place of the first one. */
static void succeed(struct map_node *n, struct map_node *heir)
{
	heir->next = n->next;
	if (heir->next)
		heir->next->link = &heir->next;
	heir->link = n->link;
	*heir->link = heir;
}

void map_remove(struct map *m, struct map_node *n)
{
	if (!map_has(n))
		return;
	if (n->link && !list_empty(&n->same)) {
		succeed(n, CONTAINER_OF(n->same.next, struct map_node, same));
	} else if (n->link) {
		*n->link = n->next;
		if (n->next)
			n->next->link = n->link;
		m->hashes--;
	}
	list_remove(&n->same);
	*n = (struct map_node){0};
}
