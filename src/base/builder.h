/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUILDER_H
#define BASE_BUILDER_H

#include "base/view.h"

/*
 * The one way to write packets. A builder fills storage of the caller's and
 * never passes its end: a write that would sets `bad` and writes nothing more.
 * Length fields are left as holes and closed once their content is written.
 */
struct builder {
	uint8_t *base, *at, *end;
	bool bad;
};

/* Where a length field waits for its value. */
struct hole {
	size_t offset;
	uint8_t width; /* octets: 2 or 4 */
};

/* An empty builder over `cap` octets of the caller's, which must outlive it. */
struct builder builder_of(uint8_t *storage, size_t cap);

/* Big-endian integers. */
void build_u8(struct builder *b, uint8_t v);
void build_u16(struct builder *b, uint16_t v);
void build_u32(struct builder *b, uint32_t v);
void build_u64(struct builder *b, uint64_t v);
/* The octets of `v`; `len` zeroes. */
void build_view(struct builder *b, struct view v);
void build_zero(struct builder *b, size_t len);

/* Room for `len` octets that the caller fills; NULL and bad when they do not fit. */
uint8_t *build_room(struct builder *b, size_t len);

/* Leave room for a big-endian length field. */
struct hole build_hole16(struct builder *b);
struct hole build_hole32(struct builder *b);

/*
 * Fill a hole with the count of octets from `before` octets in front of the hole to the
 * cursor: a payload's generic header has two octets before its length field, and they belong
 * to the length. Bad when the count does not fit the field.
 */
void build_close(struct builder *b, struct hole h, size_t before);

/* What is written so far, borrowed; the empty view once bad. */
struct view build_done(const struct builder *b);

/* Octets written so far. */
static inline size_t build_len(const struct builder *b)
{
	return (size_t)(b->at - b->base);
}

#endif
