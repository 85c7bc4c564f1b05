/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_REPLAY_H
#define PLANE_ESP_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The anti-replay window of one inbound SA (RFC 4303 3.4.3) and the inference
 * of extended sequence numbers (RFC 4303 2.2.1, Appendix A).
 *
 * The bitmap is a ring of words (the idea of RFC 6479): sequence number n owns
 * bit n mod the ring's size. The ring is one word longer than the window, so
 * that sliding clears whole words and shifts nothing.
 *
 * For one thread. Check first, authenticate the packet, then commit.
 */
struct replay {
	uint64_t top;    /* the highest number that was authentic; 0: none yet */
	uint32_t window; /* packets; 0: no anti-replay */
	uint32_t mask;   /* number of words less one; words are a power of two */
	bool esn;
	uint64_t bits[];
};

/* Octets of a window, for its owner to allocate. */
size_t replay_size(uint32_t window);
/*
 * `r` has replay_size(window) octets. `top` is the highest number that a
 * restored SA may have taken, 0 for a new one; none up to it is taken again.
 */
void replay_init(struct replay *r, uint32_t window, bool esn, uint64_t top);

/*
 * The whole sequence number behind the 32 bits of a packet. Without extended
 * numbers it is those. False when no number can be meant (Appendix A's case of
 * a subspace before the first).
 */
bool replay_infer(const struct replay *r, uint32_t low, uint64_t *ret_sequence);

enum replay_verdict {
	REPLAY_NEW,   /* to the right of the window's top */
	REPLAY_FRESH, /* inside the window and not seen */
	REPLAY_SEEN,  /* inside the window and seen */
	REPLAY_OLD,   /* to the left of the window, or zero, which is never sent */
};
enum replay_verdict replay_check(const struct replay *r, uint64_t sequence);

/*
 * The packet was authentic; replay_check had said
 * NEW or FRESH. True when it is the newest so far.
 */
bool replay_commit(struct replay *r, uint64_t sequence);

#endif
