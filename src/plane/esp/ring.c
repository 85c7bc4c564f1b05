/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is a length word and its octets, rounded up to words. One that
 * would lie across the end is put at the start, and a length of SKIP says so.
 */
#include "plane/esp/ring.h"

#include <stdlib.h>
#include <string.h>

#define WORD sizeof(uint64_t)
#define SKIP UINT64_MAX

bool ring_init(struct ring *r, size_t size)
{
	*r = (struct ring){.octets = aligned_alloc(64, size), .size = size};
	return r->octets;
}

void ring_done(struct ring *r)
{
	free(r->octets);
	r->octets = NULL;
}

static size_t rounded(size_t len)
{
	return (len + WORD - 1) / WORD * WORD;
}

static void put_length(struct ring *r, size_t at, uint64_t len)
{
	memcpy(r->octets + (at & (r->size - 1)), &len, WORD);
}

static uint64_t get_length(const struct ring *r, size_t at)
{
	uint64_t len;

	memcpy(&len, r->octets + (at & (r->size - 1)), WORD);
	return len;
}

static void put_part(uint8_t *at, struct view part)
{
	if (part.len)
		memcpy(at, part.ptr, part.len);
}

bool ring_put(struct ring *r, struct view head, struct view body)
{
	size_t written = atomic_load_explicit(&r->written, memory_order_relaxed);
	size_t read = atomic_load_explicit(&r->read, memory_order_acquire);
	size_t len = head.len + body.len, need = WORD + rounded(len);
	size_t to_end = r->size - (written & (r->size - 1));
	size_t skip = need > to_end ? to_end : 0;
	uint8_t *at;

	if (need + skip > r->size - (written - read))
		return false;
	if (skip)
		put_length(r, written, SKIP);
	put_length(r, written + skip, len);
	at = r->octets + ((written + skip + WORD) & (r->size - 1));
	put_part(at, head);
	put_part(at + head.len, body);
	atomic_store_explicit(&r->written, written + skip + need, memory_order_release);
	return true;
}

bool ring_get(struct ring *r, struct view *ret)
{
	size_t read = atomic_load_explicit(&r->read, memory_order_relaxed);
	size_t written = atomic_load_explicit(&r->written, memory_order_acquire);

	if (read == written)
		return false;
	if (get_length(r, read) == SKIP) {
		read += r->size - (read & (r->size - 1));
		atomic_store_explicit(&r->read, read, memory_order_release);
	}
	*ret = view_of(r->octets + ((read + WORD) & (r->size - 1)), get_length(r, read));
	return true;
}

void ring_next(struct ring *r)
{
	size_t read = atomic_load_explicit(&r->read, memory_order_relaxed);

	atomic_store_explicit(&r->read, read + WORD + rounded(get_length(r, read)),
			      memory_order_release);
}
