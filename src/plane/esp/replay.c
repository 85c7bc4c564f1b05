/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/replay.h"

#include <string.h>

#define WORD_BITS 64u
/* Without a window numbers are still inferred: the nearest one to the top is meant. */
#define INFER_WITHOUT_WINDOW (UINT32_C(1) << 31)

/* The window may begin anywhere in a word: one word more than it fills. */
static uint32_t words_of(uint32_t window)
{
	uint32_t need = (window + WORD_BITS - 1) / WORD_BITS + 1;
	uint32_t words = 2;

	while (words < need)
		words *= 2;
	return words;
}

size_t replay_size(uint32_t window)
{
	return sizeof(struct replay) + words_of(window) * sizeof(uint64_t);
}

static uint64_t *word_of(const struct replay *r, uint64_t sequence)
{
	return (uint64_t *)&r->bits[sequence / WORD_BITS & r->mask];
}

void replay_init(struct replay *r, uint32_t window, bool esn, uint64_t top)
{
	memset(r, 0, sizeof(*r));
	r->top = top;
	r->window = window;
	r->esn = esn;
	r->mask = words_of(window) - 1;
	/*
	 * The top's own word is the one that numbers after
	 * it share: only what is not above it was seen.
	 */
	memset(r->bits, 0xff, (r->mask + 1) * sizeof(r->bits[0]));
	*word_of(r, top) = UINT64_MAX >> (WORD_BITS - 1 - top % WORD_BITS);
}

/*
 * RFC 4303 A2.1, in other words: the window's bottom is top - W + 1. A number
 * whose low half is not below the bottom's is in the bottom's subspace, else
 * in the next one. While the bottom would lie before the first number at all,
 * low halves from there up mean a subspace that never was.
 */
bool replay_infer(const struct replay *r, uint32_t low, uint64_t *ret_sequence)
{
	uint32_t window = r->window ? r->window : INFER_WITHOUT_WINDOW;
	uint32_t bottom_low = (uint32_t)(r->top - window + 1);
	uint64_t high;

	if (!r->esn) {
		*ret_sequence = low;
		return true;
	}
	if (r->top < window - 1) {
		*ret_sequence = low;
		return low < bottom_low;
	}
	high = (r->top - window + 1) >> 32;
	if (low < bottom_low)
		high++;
	if (high > UINT32_MAX)
		return false;
	*ret_sequence = high << 32 | low;
	return true;
}

enum replay_verdict replay_check(const struct replay *r, uint64_t sequence)
{
	if (sequence == 0)
		return REPLAY_OLD;
	if (sequence > r->top)
		return REPLAY_NEW;
	if (!r->window)
		return REPLAY_FRESH;
	if (r->top - sequence >= r->window)
		return REPLAY_OLD;
	return *word_of(r, sequence) >> sequence % WORD_BITS & 1 ? REPLAY_SEEN : REPLAY_FRESH;
}

/*
 * Forget the words that come into the window:
 * those after the old top's, up to the new one's.
 */
static void slide(struct replay *r, uint64_t sequence)
{
	uint64_t from = r->top / WORD_BITS + 1, to = sequence / WORD_BITS;

	if (to >= from && to - from > r->mask)
		from = to - r->mask;
	for (uint64_t word = from; word <= to; word++)
		r->bits[word & r->mask] = 0;
	r->top = sequence;
}

bool replay_commit(struct replay *r, uint64_t sequence)
{
	bool newest = sequence > r->top;

	if (newest)
		slide(r, sequence);
	if (r->window)
		*word_of(r, sequence) |= UINT64_C(1) << sequence % WORD_BITS;
	return newest;
}
