/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/account.h"

#include <time.h>

static const char *const names[ACCOUNT_STEPS] = {
	[ACCOUNT_RECEIVE] = "receive", [ACCOUNT_STEP] = "step",   [ACCOUNT_KE] = "ke",
	[ACCOUNT_AUTH] = "auth",       [ACCOUNT_PLANE] = "plane", [ACCOUNT_SEND] = "send",
	[ACCOUNT_CONTROL] = "control", [ACCOUNT_LOG] = "log",
};

const char *account_name(enum account_step step)
{
	return step < ACCOUNT_STEPS ? names[step] : "?";
}

static nsec now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (nsec)ts.tv_sec * NSEC_PER_SEC + (nsec)ts.tv_nsec;
}

nsec account_start(const struct account *a)
{
	return a->on ? now() : 0;
}

void account_stop(struct account *a, enum account_step step, nsec start)
{
	if (a->on && start)
		account_add(a, step, now() - start);
}

void account_add(struct account *a, enum account_step step, nsec time)
{
	if (!a->on)
		return;
	a->steps[step].calls++;
	a->steps[step].time += time;
}

void account_reset(struct account *a, bool on)
{
	*a = (struct account){.on = on};
}
