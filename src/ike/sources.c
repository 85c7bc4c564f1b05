/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/sources.h"

#include <stdlib.h>
#include <uthash.h>

struct source {
	UT_hash_handle hh;
	struct ip_addr key;
	uint32_t count;
};

static struct ip_addr key_of(const struct ip_addr *a)
{
	return a->family == IP_V6 ? prefix_of(a, 64).addr : *a;
}

static struct source *find(const struct sources *s, const struct ip_addr *key)
{
	struct source *row;

	HASH_FIND(hh, s->rows, key, sizeof(*key), row);
	return row;
}

uint32_t sources_count(const struct sources *s, const struct ip_addr *a)
{
	struct ip_addr key = key_of(a);
	struct source *row = find(s, &key);

	return row ? row->count : 0;
}

bool sources_add(struct sources *s, const struct ip_addr *a)
{
	struct ip_addr key = key_of(a);
	struct source *row = find(s, &key);

	if (!row) {
		row = calloc(1, sizeof(*row));
		if (!row)
			return false;
		row->key = key;
		HASH_ADD(hh, s->rows, key, sizeof(row->key), row);
		if (!row->hh.tbl) {
			free(row);
			return false;
		}
	}
	row->count++;
	return true;
}

void sources_remove(struct sources *s, const struct ip_addr *a)
{
	struct ip_addr key = key_of(a);
	struct source *row = find(s, &key);

	if (!row || --row->count)
		return;
	HASH_DEL(s->rows, row);
	free(row);
}

void sources_done(struct sources *s)
{
	struct source *row;

	while ((row = s->rows)) {
		HASH_DEL(s->rows, row);
		free(row);
	}
}
