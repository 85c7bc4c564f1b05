/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_RING_H
#define PLANE_ESP_RING_H

#include "base/view.h"

#include <stdatomic.h>

/*
 * A queue of octet records from one thread to another, without locks and
 * without allocation once it exists. A full ring refuses: the writer decides
 * what that means. Each record lies in one piece, so that the reader reads it
 * where it is.
 */
struct ring {
	uint8_t *octets; /* owned */
	size_t size;     /* a power of two */
	/* Counts of octets ever written and read; each is moved by one side alone. */
	_Alignas(64) _Atomic size_t written;
	_Alignas(64) _Atomic size_t read;
};

/* `size` is a power of two. False when memory is short. */
bool ring_init(struct ring *r, size_t size) __attribute__((warn_unused_result));
void ring_done(struct ring *r);

/*
 * Writer: one record made of two parts (either may be empty, not both). False
 * when it does not fit now.
 */
bool ring_put(struct ring *r, struct view head, struct view body)
	__attribute__((warn_unused_result));

/* Reader: the oldest record, borrowed until ring_next; false when there is none. */
bool ring_get(struct ring *r, struct view *ret);
/* Reader: drop the record that ring_get gave. */
void ring_next(struct ring *r);

#endif
