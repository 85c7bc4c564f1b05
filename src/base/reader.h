/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/view.h"

/*
 * The one way to read foreign bytes. A reader never passes its end: a read
 * that would gives zero, sets `bad` and moves to the end, so every loop ends.
 * Read a whole structure, then ask once with read_done or `bad`.
 */
struct reader {
	const uint8_t *at, *end, *base; /* base: where offsets count from */
	bool bad;
};

/* A reader over a view; offsets count from its first octet. */
struct reader reader_of(struct view v);

/* Big-endian integers; 0 and bad once short. */
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);

/* The next `len` octets, borrowed; the empty view and bad once short. */
struct view read_view(struct reader *r, size_t len);

/* Copy `len` octets to `out`; zeroes and bad once short. */
void read_copy(struct reader *r, uint8_t *out, size_t len);

/* A reader of exactly the next `len` octets with the same base; an empty bad one once short. */
struct reader read_carve(struct reader *r, size_t len);

/* Everything that is left, borrowed. */
struct view read_rest(struct reader *r);

/* Step over `len` octets; bad once short. */
void read_skip(struct reader *r, size_t len);

/* Octets from the cursor to the end. */
static inline size_t read_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* Octets from base to the cursor: what a diag names as its place. */
static inline size_t read_offset(const struct reader *r)
{
	return (size_t)(r->at - r->base);
}

/* Mark as bad and move to the end. */
void read_fail(struct reader *r);

/* All consumed and nothing missing. */
bool read_done(const struct reader *r);

#endif
