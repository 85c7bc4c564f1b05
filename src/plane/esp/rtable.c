/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets are chains of small links that point at items. Growing makes a new
 * array with links of its own, so that a reader in the old one is undisturbed;
 * the old array goes, links and all, when its last reader has left.
 */
#include "plane/esp/rtable.h"

#include <stdlib.h>
#include <urcu-bp.h>

#define BUCKETS_FIRST 64u

struct link {
	struct rtable_link shown; /* first */
	struct rcu_head rcu;
};

struct rtable_array {
	struct rcu_head rcu;
	size_t mask;
	struct rtable_link *buckets[];
};

static struct rtable_array *array_new(size_t buckets)
{
	struct rtable_array *a = calloc(1, sizeof(*a) + buckets * sizeof(a->buckets[0]));

	if (a)
		a->mask = buckets - 1;
	return a;
}

static void array_free(struct rtable_array *a)
{
	if (!a)
		return;
	for (size_t i = 0; i <= a->mask; i++) {
		struct rtable_link *next;

		for (struct rtable_link *l = a->buckets[i]; l; l = next) {
			next = l->next;
			free(l);
		}
	}
	free(a);
}

static void array_free_later(struct rcu_head *rcu)
{
	array_free(caa_container_of(rcu, struct rtable_array, rcu));
}

static void link_free_later(struct rcu_head *rcu)
{
	free(caa_container_of(rcu, struct link, rcu));
}

static bool array_add(struct rtable_array *a, uint64_t hash, void *item)
{
	struct link *l = malloc(sizeof(*l));
	struct rtable_link **bucket = &a->buckets[hash & a->mask];

	if (!l)
		return false;
	l->shown = (struct rtable_link){*bucket, hash, item};
	rcu_assign_pointer(*bucket, &l->shown);
	return true;
}

bool rtable_init(struct rtable *t)
{
	*t = (struct rtable){.array = array_new(BUCKETS_FIRST)};
	return t->array;
}

void rtable_done(struct rtable *t)
{
	array_free(t->array);
	*t = (struct rtable){0};
}

/* Twice the buckets. When memory is short the table stays as it is, only slower. */
static void grow(struct rtable *t)
{
	struct rtable_array *old = t->array, *bigger = array_new((old->mask + 1) * 2);

	if (!bigger)
		return;
	for (size_t i = 0; i <= old->mask; i++) {
		for (const struct rtable_link *l = old->buckets[i]; l; l = l->next) {
			if (!array_add(bigger, l->hash, l->item)) {
				array_free(bigger);
				return;
			}
		}
	}
	rcu_assign_pointer(t->array, bigger);
	call_rcu(&old->rcu, array_free_later);
}

bool rtable_add(struct rtable *t, uint64_t hash, void *item)
{
	if (t->len > t->array->mask)
		grow(t);
	if (!array_add(t->array, hash, item))
		return false;
	t->len++;
	return true;
}

bool rtable_remove(struct rtable *t, uint64_t hash, const void *item)
{
	struct rtable_link **at = &t->array->buckets[hash & t->array->mask];
	struct link *gone;

	while (*at && (*at)->item != item)
		at = &(*at)->next;
	if (!*at)
		return false;
	gone = (struct link *)*at;
	rcu_assign_pointer(*at, gone->shown.next);
	call_rcu(&gone->rcu, link_free_later);
	t->len--;
	return true;
}

static const struct rtable_link *same_hash(const struct rtable_link *l, uint64_t hash)
{
	while (l && l->hash != hash)
		l = rcu_dereference(l->next);
	return l;
}

const struct rtable_link *rtable_first(const struct rtable *t, uint64_t hash)
{
	const struct rtable_array *a = rcu_dereference(t->array);

	return same_hash(rcu_dereference(a->buckets[hash & a->mask]), hash);
}

const struct rtable_link *rtable_next(const struct rtable_link *l)
{
	return same_hash(rcu_dereference(l->next), l->hash);
}

size_t rtable_memory(const struct rtable *t)
{
	return sizeof(*t->array) + (t->array->mask + 1) * sizeof(t->array->buckets[0]) +
	       t->len * sizeof(struct link);
}
