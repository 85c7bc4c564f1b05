/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_FRAME_H
#define WHACK_FRAME_H

#include "base/err.h"
#include "base/view.h"

/*
 * Cutting a stream of octets into messages that end with a NUL (varlink's
 * framing). Holds at most one message of `max` octets and what one read
 * brought after it. {.max = n} is a fresh one.
 */
struct frame_reader {
	uint8_t *buf;
	size_t at, len, cap; /* unread octets are buf[at..len) */
	size_t scanned;      /* octets from `at` known to hold no NUL */
	size_t max;
};

/*
 * Room to read into: *ret and *ret_len (at least 1). CYG_LIMIT once an
 * unfinished message has grown beyond max: the stream can't be used any more.
 */
MUST_CHECK enum cyg_err frame_room(struct frame_reader *f, uint8_t **ret, size_t *ret_len);

/* `len` octets were read into that room. */
void frame_commit(struct frame_reader *f, size_t len);

/*
 * The next whole message without its NUL, borrowed until the next frame_room; false when there
 * is none yet.
 */
bool frame_next(struct frame_reader *f, struct view *ret);

/* A message has begun and not ended. */
bool frame_partial(const struct frame_reader *f);

/* Free its memory; it is fresh again. */
void frame_done(struct frame_reader *f);

#endif
