/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_PACE_H
#define PLANE_ESP_PACE_H

#include "base/duration.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * When a packet thread rests. One that sleeps in the kernel is woken by the next
 * packet, which is right for what is seldom, and for what is large. A flood of
 * small packets would wake it for each, and a wake-up costs as much as several
 * of them: a thread that has seen some in a row come closer than PACE_APART
 * rests for PACE_REST before it looks again, as cards moderate their interrupts.
 * One that has nothing to do never rests, it sleeps.
 */
#define PACE_APART ((nsec)25000) /* 40,000 packets a second */
#define PACE_REST ((nsec)50000)
#define PACE_ENOUGH 32u /* packets at once: resting would gain little more */
#define PACE_HASTY 8u   /* quick rounds in a row before the first rest */

struct pace {
	nsec last;      /* when the last round began */
	uint32_t hasty; /* how many quick ones there were in a row */
};

/*
 * A round of `packets`, which began at `now`, has left nothing: whether to rest
 * before looking again. Zeroed to begin with.
 */
bool pace_rests(struct pace *p, nsec now, size_t packets);

#endif
