/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_TURN_H
#define PLANE_ESP_TURN_H

#include "base/duration.h"

#include <stdbool.h>

/*
 * How long a packet thread's turns on a processor are. Where there are more threads than
 * processors, one that carries bulk keeps its processor to the end of its turn, and one that has
 * a single packet waits for it, for up to a tick of the clock (4 ms). The kernel lets one that
 * asks for shorter turns go first when it wakes (since 6.12; others take no notice). So a thread
 * that has little to do asks for short turns, which it does not use up, and one that has much for
 * long ones, in which bulk is cheap. Short ones for all would gain nothing and cost half the bulk.
 */
#define TURN_SHORT ((nsec)100000) /* the least that the kernel has */
#define TURN_LONG ((nsec)3000000)
#define TURN_LOOK ((nsec)10000000) /* how often a thread looks at itself */

struct turn {
	nsec looked, spent; /* the clock then, and the processor's time of the thread until then */
	nsec asked;         /* TURN_SHORT or TURN_LONG; 0: neither yet */
};

/* What to ask for when so much of the time that passed was spent on a processor. */
nsec turn_for(nsec spent, nsec passed);
/* Of the calling thread, after each round that began at `now`. Zeroed to begin with. */
void turn_look(struct turn *t, nsec now);

#endif
