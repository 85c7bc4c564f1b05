/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/pace.h"

bool pace_rests(struct pace *p, nsec now, size_t packets)
{
	nsec round = now - p->last;

	p->last = now;
	if (!packets || round >= packets * PACE_APART)
		p->hasty = 0;
	else if (p->hasty < PACE_HASTY)
		p->hasty++;
	return p->hasty == PACE_HASTY && packets < PACE_ENOUGH;
}
