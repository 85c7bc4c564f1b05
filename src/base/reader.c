/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include <string.h>

/* An empty reader points here rather than at NULL, on which no arithmetic is allowed. */
static const uint8_t nothing[1];

struct reader reader_of(struct view v)
{
	const uint8_t *base = v.len ? v.ptr : nothing;

	return (struct reader){.at = base, .end = base + v.len, .base = base};
}

void read_fail(struct reader *r)
{
	r->bad = true;
	r->at = r->end;
}

/* Step over `len` octets and return where they start; NULL and bad once short. */
static const uint8_t *advance(struct reader *r, size_t len)
{
	const uint8_t *start = r->at;

	if (r->bad || read_left(r) < len) {
		read_fail(r);
		return NULL;
	}
	r->at += len;
	return start;
}

static uint64_t read_big_endian(struct reader *r, size_t width)
{
	const uint8_t *p = advance(r, width);
	uint64_t value = 0;

	if (!p)
		return 0;
	for (size_t i = 0; i < width; i++)
		value = value << 8 | p[i];
	return value;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_big_endian(r, 1);
}

uint16_t read_u16(struct reader *r)
{
	return (uint16_t)read_big_endian(r, 2);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)read_big_endian(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return read_big_endian(r, 8);
}

struct view read_view(struct reader *r, size_t len)
{
	const uint8_t *p = advance(r, len);

	return p ? view_of(p, len) : view_of(NULL, 0);
}

void read_copy(struct reader *r, uint8_t *out, size_t len)
{
	const uint8_t *p = advance(r, len);

	if (len == 0)
		return;
	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

struct reader read_carve(struct reader *r, size_t len)
{
	const uint8_t *p = advance(r, len);

	if (!p)
		return (struct reader){.at = r->end,
				       .end = r->end,
				       .base = r->base,
				       .bad = true};
	return (struct reader){.at = p, .end = p + len, .base = r->base};
}

struct view read_rest(struct reader *r)
{
	return read_view(r, read_left(r));
}

void read_skip(struct reader *r, size_t len)
{
	advance(r, len);
}

bool read_done(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}
