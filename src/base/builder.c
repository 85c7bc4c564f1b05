/* SPDX-License-Identifier: Apache-2.0 */
#include "base/builder.h"

#include <string.h>

struct builder builder_of(uint8_t *storage, size_t cap)
{
	return (struct builder){.base = storage,
				.at = storage,
				.end = cap ? storage + cap : storage};
}

uint8_t *build_room(struct builder *b, size_t len)
{
	uint8_t *start = b->at;

	if (b->bad || (size_t)(b->end - b->at) < len) {
		b->bad = true;
		return NULL;
	}
	if (len) /* no arithmetic on the NULL of an empty builder */
		b->at += len;
	return start;
}

static void store_big_endian(uint8_t *out, uint64_t v, size_t width)
{
	for (size_t i = width; i-- > 0; v >>= 8)
		out[i] = (uint8_t)v;
}

static void build_big_endian(struct builder *b, uint64_t v, size_t width)
{
	uint8_t *room = build_room(b, width);

	if (room)
		store_big_endian(room, v, width);
}

void build_u8(struct builder *b, uint8_t v)
{
	build_big_endian(b, v, 1);
}

void build_u16(struct builder *b, uint16_t v)
{
	build_big_endian(b, v, 2);
}

void build_u32(struct builder *b, uint32_t v)
{
	build_big_endian(b, v, 4);
}

void build_u64(struct builder *b, uint64_t v)
{
	build_big_endian(b, v, 8);
}

void build_view(struct builder *b, struct view v)
{
	uint8_t *room = build_room(b, v.len);

	if (room && v.len)
		memcpy(room, v.ptr, v.len);
}

void build_zero(struct builder *b, size_t len)
{
	uint8_t *room = build_room(b, len);

	if (room && len)
		memset(room, 0, len);
}

static struct hole leave_hole(struct builder *b, uint8_t width)
{
	struct hole h = {.offset = build_len(b), .width = width};

	build_zero(b, width);
	return h;
}

struct hole build_hole16(struct builder *b)
{
	return leave_hole(b, 2);
}

struct hole build_hole32(struct builder *b)
{
	return leave_hole(b, 4);
}

void build_close(struct builder *b, struct hole h, size_t before)
{
	size_t len;

	if (b->bad)
		return;
	if (before > h.offset) {
		b->bad = true;
		return;
	}
	len = build_len(b) - h.offset + before;
	if ((uint64_t)len >> (8 * h.width)) {
		b->bad = true;
		return;
	}
	store_big_endian(b->base + h.offset, len, h.width);
}

struct view build_done(const struct builder *b)
{
	return b->bad ? view_of(NULL, 0) : view_of(b->base, build_len(b));
}
