/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_RACE_H
#define IKE_RACE_H

#include "base/view.h"

/*
 * Both ends rekey the same SA at once (RFC 7296 2.8.1, 2.8.2, 2.25): two
 * replacements stand, and the one whose exchange had the lowest of the four
 * nonces goes, deleted by the end that began it. Each end notes both outcomes
 * on the old SA as they come, in any order, and decides when both are there.
 */
struct rekey_race {
	uint64_t ours,
		theirs; /* serials of what our and the peer's exchange made; 0: not yet */
	uint8_t min_ours[32], min_theirs[32]; /* lower nonce of each exchange, cut or padded */
};

/* Note one outcome; the record is made when there is none. False when memory is short. */
bool race_note(struct rekey_race **race, bool ours, uint64_t serial, struct view ni,
	       struct view nr) __attribute__((warn_unused_result));

/* What our exchange made is the one to go. */
bool race_ours_loses(const struct rekey_race *race);

#endif
