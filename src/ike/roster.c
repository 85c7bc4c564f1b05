/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/roster.h"

#include <stdlib.h>

/* Index of the first row whose serial is at least `serial`; len if none. */
static size_t lower(const struct roster *r, uint64_t serial)
{
	size_t lo = 0, hi = r->len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->rows[mid].serial < serial)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void compact(struct roster *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->len; i++)
		if (r->rows[i].item)
			r->rows[kept++] = r->rows[i];
	r->len = kept;
	r->gone = 0;
}

bool roster_add(struct roster *r, uint64_t serial, void *item)
{
	if (r->len == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct roster_row *rows = realloc(r->rows, cap * sizeof(*rows));

		if (!rows)
			return false;
		r->rows = rows;
		r->cap = cap;
	}
	r->rows[r->len++] = (struct roster_row){serial, item};
	return true;
}

void roster_remove(struct roster *r, uint64_t serial)
{
	size_t i = lower(r, serial);

	if (i == r->len || r->rows[i].serial != serial || !r->rows[i].item)
		return;
	r->rows[i].item = NULL;
	r->gone++;
	if (r->gone > 16 && r->gone > r->len / 2)
		compact(r);
}

void *roster_find(const struct roster *r, uint64_t serial)
{
	size_t i = lower(r, serial);

	return i < r->len && r->rows[i].serial == serial ? r->rows[i].item : NULL;
}

void *roster_after(const struct roster *r, uint64_t serial)
{
	for (size_t i = lower(r, serial + 1); i < r->len; i++)
		if (r->rows[i].item)
			return r->rows[i].item;
	return NULL;
}

size_t roster_len(const struct roster *r)
{
	return r->len - r->gone;
}

void roster_done(struct roster *r)
{
	free(r->rows);
	*r = (struct roster){0};
}
