/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/store.h"

#include "base/secret.h"

#include <stdlib.h>

#define CHUNK_SIZE 65536

struct chunk {
	struct chunk *next;
	size_t used, cap;
	char room[];
};

char *store_room(struct chunk **store, size_t size)
{
	struct chunk *c = *store;

	if (!c || c->cap - c->used < size) {
		size_t cap = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		c = malloc(sizeof(*c) + cap);
		if (!c)
			return NULL;
		c->used = 0;
		c->cap = cap;
		c->next = *store;
		*store = c;
	}
	return c->room + c->used;
}

void store_take(struct chunk *store, size_t size)
{
	store->used += size;
}

void store_done(struct chunk **store)
{
	while (*store) {
		struct chunk *next = (*store)->next;

		secret_wipe((*store)->room, (*store)->used);
		free(*store);
		*store = next;
	}
}
