/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list a step fills, and the memory behind it. One block serves a usual
 * step; a step that needs more gets further blocks, each twice the last. When
 * the list is cleared only the newest block stays, which is as large as all
 * the older ones together, so that a daemon at work stops calling malloc after
 * a few steps. Blocks are wiped before they are used again: keys pass here.
 */
#include "conn/action.h"

#include "base/secret.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST ((size_t)16 << 10)
#define BLOCK_KEEP_MAX ((size_t)1 << 20) /* a larger one is given back at once */
#define ITEMS_FIRST 16
#define ITEMS_KEEP_MAX 4096

struct actions_block {
	struct actions_block *older;
	size_t cap, used;
	alignas(max_align_t) uint8_t octets[];
};

static void block_free(struct actions_block *b)
{
	secret_wipe(b->octets, b->used);
	free(b);
}

static void free_blocks(struct actions_block *b)
{
	while (b) {
		struct actions_block *older = b->older;

		block_free(b);
		b = older;
	}
}

static void clear_arena(struct actions *a)
{
	struct actions_block *b = a->arena;

	if (!b)
		return;
	free_blocks(b->older);
	b->older = NULL;
	secret_wipe(b->octets, b->used);
	b->used = 0;
	if (b->cap > BLOCK_KEEP_MAX) {
		free(b);
		a->arena = NULL;
	}
}

void actions_clear(struct actions *a)
{
	clear_arena(a);
	secret_wipe(a->items, a->len * sizeof(*a->items));
	if (a->cap > ITEMS_KEEP_MAX) {
		free(a->items);
		a->items = NULL;
		a->cap = 0;
	}
	a->len = 0;
	a->bad = false;
}

void actions_done(struct actions *a)
{
	actions_clear(a);
	free_blocks(a->arena);
	free(a->items);
	*a = (struct actions){0};
}

static bool grow_items(struct actions *a)
{
	size_t cap = a->cap ? 2 * a->cap : ITEMS_FIRST;
	struct action *items = realloc(a->items, cap * sizeof(*items));

	if (!items)
		return false;
	a->items = items;
	a->cap = cap;
	return true;
}

struct action *actions_add(struct actions *a, enum action_kind kind)
{
	struct action *item;

	if (a->len == a->cap && !grow_items(a)) {
		a->bad = true;
		return NULL;
	}
	item = &a->items[a->len++];
	memset(item, 0, sizeof(*item));
	item->kind = (uint8_t)kind;
	return item;
}

static bool grow_arena(struct actions *a, size_t len)
{
	size_t cap = a->arena ? 2 * a->arena->cap : BLOCK_FIRST;
	struct actions_block *b;

	while (cap < len && cap <= SIZE_MAX / 4)
		cap *= 2;
	if (cap < len)
		return false;
	b = malloc(sizeof(*b) + cap);
	if (!b)
		return false;
	b->older = a->arena;
	b->cap = cap;
	b->used = 0;
	a->arena = b;
	return true;
}

/* The next multiple of the strictest alignment; SIZE_MAX when that would wrap. */
static size_t rounded(size_t len)
{
	size_t mask = alignof(max_align_t) - 1;

	return len > SIZE_MAX - mask ? SIZE_MAX : (len + mask) & ~mask;
}

void *actions_alloc(struct actions *a, size_t len)
{
	size_t room = rounded(len);
	void *ptr;

	if ((!a->arena || room > a->arena->cap - a->arena->used) && !grow_arena(a, room)) {
		a->bad = true;
		return NULL;
	}
	ptr = a->arena->octets + a->arena->used;
	a->arena->used += room;
	memset(ptr, 0, room);
	return ptr;
}

struct view actions_copy(struct actions *a, struct view v)
{
	uint8_t *copy = v.len ? actions_alloc(a, v.len) : NULL;

	if (!copy)
		return (struct view){NULL, 0};
	memcpy(copy, v.ptr, v.len);
	return view_of(copy, v.len);
}

struct ts_set actions_ts_set(struct actions *a, const struct ts_set *s)
{
	/* Memory of the arena is fit for any record. */
	struct view copy = actions_copy(a, view_of(s->items, s->len * sizeof(*s->items)));

	return (struct ts_set){(struct ts *)copy.ptr, copy.ptr ? s->len : 0};
}

const char *actions_str(struct actions *a, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char *copy = size ? actions_alloc(a, size) : NULL;

	return copy ? memcpy(copy, text, size) : NULL;
}
