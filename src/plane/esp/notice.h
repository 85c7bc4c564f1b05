/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_NOTICE_H
#define PLANE_ESP_NOTICE_H

#include "base/duration.h"
#include "conn/ts.h"
#include "plane/esp/ring.h"

/*
 * What a worker thread tells the loop's: one queue
 * for each worker, one descriptor to wake by.
 */

enum notice_kind { NOTICE_ACQUIRE, NOTICE_EXPIRE, NOTICE_MOVED, NOTICE_DATAGRAM, NOTICE_STALLED };

struct notice {
	uint8_t kind; /* enum notice_kind */
	union {
		struct {
			uint32_t policy_id;
			struct ts local, remote;
		} acquire;
		struct {
			uint8_t dir;
			bool hard; /* EXPIRE */
			uint32_t spi;
			struct endpoint remote;
			nsec at; /* STALLED */
		} sa; /* EXPIRE, MOVED, STALLED */
		struct {
			struct endpoint local, remote;
		} datagram; /* its octets follow the record */
	};
};

struct notices {
	struct ring ring;
	int wake;    /* an eventfd, borrowed */
	bool unsaid; /* something was put and the loop not woken for it yet */
};

/* `wake` is -1 for none. False when memory is short. */
bool notices_init(struct notices *n, int wake) __attribute__((warn_unused_result));
void notices_done(struct notices *n);

/* Worker: put one; false when the queue is full. `body` goes with NOTICE_DATAGRAM. */
bool notice_put(struct notices *n, const struct notice *what, struct view body)
	__attribute__((warn_unused_result));
/* Worker: wake the loop if anything was put since. At the end of each batch. */
void notices_flush(struct notices *n);

/*
 * Loop: the oldest notice and its body, which is
 * borrowed until notice_next; false when there is none.
 */
bool notice_get(struct notices *n, struct notice *ret, struct view *ret_body);
void notice_next(struct notices *n);

#endif
