/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/dice.h"

void dice_make(struct dice *d, uint64_t seed, uint64_t stream)
{
	/*
	 * The generator spreads any number over its state; here seeds and streams must
	 * just not meet.
	 */
	d->source = entropy_seed(&d->state, seed * UINT64_C(1000003) + stream);
}

uint64_t dice_below(struct dice *d, uint64_t bound)
{
	return entropy_below(&d->source, bound);
}

uint64_t dice_between(struct dice *d, uint64_t low, uint64_t high)
{
	return low + dice_below(d, high - low + 1);
}

bool dice_percent(struct dice *d, unsigned percent)
{
	return dice_below(d, 100) < percent;
}
