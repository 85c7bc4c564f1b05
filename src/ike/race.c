/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/race.h"

#include <stdlib.h>
#include <string.h>

static void keep_lower(uint8_t out[32], struct view a, struct view b)
{
	struct view low = view_compare(a, b) < 0 ? a : b;

	memset(out, 0, 32);
	memcpy(out, low.ptr, low.len < 32 ? low.len : 32);
}

bool race_note(struct rekey_race **race, bool ours, uint64_t serial, struct view ni,
	       struct view nr)
{
	if (!*race)
		*race = calloc(1, sizeof(**race));
	if (!*race)
		return false;
	if (ours) {
		(*race)->ours = serial;
		keep_lower((*race)->min_ours, ni, nr);
	} else {
		(*race)->theirs = serial;
		keep_lower((*race)->min_theirs, ni, nr);
	}
	return true;
}

bool race_ours_loses(const struct rekey_race *race)
{
	return memcmp(race->min_ours, race->min_theirs, 32) < 0;
}
