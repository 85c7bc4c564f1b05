/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include "base/entropy.h"

/*
 * Chance from a seed. Each user (the network, the scenario, each life of each
 * host) throws dice of its own, so that one more throw here does not change
 * what falls there. Must not be copied or moved once made.
 *
 * Never throw twice within one expression or argument list: C does not say which
 * falls first, and the same seed would tell gcc and clang two stories.
 */
struct dice {
	struct entropy_seeded state;
	struct entropy source;
};

/* Fresh dice of one seed; `stream` tells users apart. */
void dice_make(struct dice *d, uint64_t seed, uint64_t stream);

/* In [0, bound); bound 0 gives 0. */
uint64_t dice_below(struct dice *d, uint64_t bound);
/* From `low` to `high`, both included. */
uint64_t dice_between(struct dice *d, uint64_t low, uint64_t high);
/* True in so many of a hundred cases. */
bool dice_percent(struct dice *d, unsigned percent);

#endif
