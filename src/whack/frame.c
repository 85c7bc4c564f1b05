/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/frame.h"

#include <stdlib.h>
#include <string.h>

#define READ_STEP 4096

/* Move what is unread to the front, so that offsets stay small. */
static void compact(struct frame_reader *f)
{
	if (f->at == 0)
		return;
	memmove(f->buf, f->buf + f->at, f->len - f->at);
	f->len -= f->at;
	f->at = 0;
}

static enum cyg_err grow(struct frame_reader *f)
{
	size_t cap = f->cap ? f->cap * 2 : READ_STEP;
	uint8_t *buf;

	if (cap > f->max + READ_STEP)
		cap = f->max + READ_STEP;
	buf = realloc(f->buf, cap);
	if (!buf)
		return CYG_NOMEM;
	f->buf = buf;
	f->cap = cap;
	return CYG_OK;
}

enum cyg_err frame_room(struct frame_reader *f, uint8_t **ret, size_t *ret_len)
{
	enum cyg_err err;

	compact(f);
	if (f->scanned > f->max)
		return CYG_LIMIT;
	if (f->cap - f->len < READ_STEP / 2 && f->cap < f->max + READ_STEP) {
		err = grow(f);
		if (err)
			return err;
	}
	if (f->cap == f->len)
		return CYG_LIMIT;
	*ret = f->buf + f->len;
	*ret_len = f->cap - f->len;
	return CYG_OK;
}

void frame_commit(struct frame_reader *f, size_t len)
{
	f->len += len;
}

bool frame_next(struct frame_reader *f, struct view *ret)
{
	const uint8_t *start, *nul;
	size_t unread = f->len - f->at;

	if (unread == f->scanned)
		return false;
	start = f->buf + f->at;
	nul = memchr(start + f->scanned, '\0', unread - f->scanned);
	if (!nul) {
		f->scanned = unread;
		return false;
	}
	if ((size_t)(nul - start) > f->max) {
		f->scanned = unread; /* frame_room refuses from here on */
		return false;
	}
	*ret = view_of(start, (size_t)(nul - start));
	f->at += ret->len + 1;
	f->scanned = 0;
	return true;
}

bool frame_partial(const struct frame_reader *f)
{
	return f->len > f->at;
}

void frame_done(struct frame_reader *f)
{
	free(f->buf);
	*f = (struct frame_reader){.max = f->max};
}
