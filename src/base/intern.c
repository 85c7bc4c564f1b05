/* SPDX-License-Identifier: Apache-2.0 */
#include "base/intern.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct interned {
	struct interned *next;
	uint32_t hash; /* the low half: enough for any table this side of 2^32 buckets */
	uint32_t refs;
	uint32_t len;
	uint8_t octets[];
};

void intern_init(struct intern_pool *pool, const struct hash_key *key)
{
	*pool = (struct intern_pool){.key = *key};
}

void intern_done(struct intern_pool *pool)
{
	assert(pool->len == 0);
	free(pool->buckets);
	*pool = (struct intern_pool){0};
}

static struct interned **bucket_of(const struct intern_pool *pool, uint32_t hash)
{
	return &pool->buckets[hash & (pool->bucket_count - 1)];
}

static struct interned *find(const struct intern_pool *pool, uint32_t hash, struct view v)
{
	if (!pool->bucket_count)
		return NULL;
	for (struct interned *s = *bucket_of(pool, hash); s; s = s->next)
		if (s->hash == hash && view_equal(intern_view(s), v))
			return s;
	return NULL;
}

static void link_in(struct intern_pool *pool, struct interned *s)
{
	struct interned **bucket = bucket_of(pool, s->hash);

	s->next = *bucket;
	*bucket = s;
}

/* Twice the buckets once there is a string for each. */
static bool grow(struct intern_pool *pool)
{
	struct interned **old = pool->buckets, **wider;
	size_t old_count = pool->bucket_count;
	size_t count = old_count ? 2 * old_count : 16;

	if (pool->len < old_count)
		return true;
	wider = calloc(count, sizeof(*wider));
	if (!wider)
		return false;
	pool->buckets = wider;
	pool->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (struct interned *s = old[i], *next; s; s = next) {
			next = s->next;
			link_in(pool, s);
		}
	}
	free(old);
	return true;
}

const struct interned *intern_get(struct intern_pool *pool, struct view v)
{
	uint32_t hash = (uint32_t)hash_view(&pool->key, v);
	struct interned *s = find(pool, hash, v);

	if (s)
		return intern_ref(s);
	if (v.len > UINT32_MAX || !grow(pool))
		return NULL;
	s = malloc(sizeof(*s) + v.len);
	if (!s)
		return NULL;
	*s = (struct interned){.hash = hash, .refs = 1, .len = (uint32_t)v.len};
	if (v.len)
		memcpy(s->octets, v.ptr, v.len);
	link_in(pool, s);
	pool->len++;
	return s;
}

const struct interned *intern_find(const struct intern_pool *pool, struct view v)
{
	return find(pool, (uint32_t)hash_view(&pool->key, v), v);
}

const struct interned *intern_ref(const struct interned *s)
{
	/* The count is the pool's business: users see strings that never change. */
	if (s)
		((struct interned *)s)->refs++;
	return s;
}

void intern_unref(struct intern_pool *pool, const struct interned *s)
{
	struct interned *own = (struct interned *)s, **at;

	if (!own || --own->refs)
		return;
	at = bucket_of(pool, own->hash);
	while (*at != own)
		at = &(*at)->next;
	*at = own->next;
	pool->len--;
	free(own);
}

struct view intern_view(const struct interned *s)
{
	return s ? view_of(s->octets, s->len) : view_of(NULL, 0);
}
