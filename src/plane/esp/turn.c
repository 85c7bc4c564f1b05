/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/turn.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BUSY_SHARE 3 /* one part in so many of its time, and a thread has much to do */

/* The kernel's struct sched_attr in its first form, which C libraries have only lately. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

nsec turn_for(nsec spent, nsec passed)
{
	return spent < passed / BUSY_SHARE ? TURN_SHORT : TURN_LONG;
}

static nsec processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (nsec)t.tv_sec * NSEC_PER_SEC + (nsec)t.tv_nsec;
}

/* No privilege is needed for it; where the kernel knows none of it turns are what they were. */
static void ask(nsec turn)
{
	struct attributes a = {.size = sizeof(a),
			       .nice = getpriority(PRIO_PROCESS, 0),
			       .runtime = turn};

	(void)syscall(SYS_sched_setattr, 0, &a, 0);
}

void turn_look(struct turn *t, nsec now)
{
	nsec spent, turn;

	if (now < t->looked + TURN_LOOK)
		return;
	spent = processor_time();
	turn = turn_for(spent - t->spent, now - t->looked);
	if (turn != t->asked)
		ask(turn);
	*t = (struct turn){.looked = now, .spent = spent, .asked = turn};
}
