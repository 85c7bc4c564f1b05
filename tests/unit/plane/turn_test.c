/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/turn.h"

#include "plane/esp/worker.h"
#include "tests/unit/support/test.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void little_work_takes_short_turns(void **state)
{
	static const struct {
		nsec spent, passed, turn;
	} rows[] = {
		{0, 0, TURN_LONG}, /* nothing is known: as bulk */
		{0, TURN_LOOK, TURN_SHORT},
		{3300000, TURN_LOOK, TURN_SHORT},
		{3400000, TURN_LOOK, TURN_LONG},
		{TURN_LOOK, TURN_LOOK, TURN_LONG},
		/* It slept for an hour, and then had a packet. */
		{40000, 3600 * NSEC_PER_SEC, TURN_SHORT},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%llu of %llu", (unsigned long long)rows[i].spent,
			 (unsigned long long)rows[i].passed);
		assert_int_equal(turn_for(rows[i].spent, rows[i].passed), rows[i].turn);
	}
}

struct seen {
	nsec asked_early, idle, busy; /* what was in force */
	int nice;
};

/* 0 where the kernel has none to ask for. */
static nsec turn_in_force(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a;

	return syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) ? 0 : a.runtime;
}

static void compute(nsec span)
{
	nsec start = worker_now();

	while (worker_now() < start + span)
		;
}

static void *look_at_itself(void *ctx)
{
	struct seen *seen = ctx;
	struct turn t = {.looked = 1};

	turn_look(&t, TURN_LOOK);
	seen->asked_early = t.asked;
	turn_look(&t, NSEC_PER_SEC);
	seen->idle = turn_in_force();
	while (t.asked != TURN_LONG) {
		compute(TURN_LOOK / 2);
		turn_look(&t, t.looked + TURN_LOOK);
	}
	seen->busy = turn_in_force();
	seen->nice = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

static void the_kernel_is_asked(void **state)
{
	nsec ours = turn_in_force();
	struct seen seen;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, look_at_itself, &seen), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(seen.asked_early, 0);
	assert_int_equal(seen.nice, getpriority(PRIO_PROCESS, 0));
	/* What a thread asks for is its own. */
	assert_int_equal(turn_in_force(), ours);
	if (!ours)
		test_skip("this kernel has no turns to ask for");
	assert_int_equal(seen.idle, TURN_SHORT);
	assert_int_equal(seen.busy, TURN_LONG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_work_takes_short_turns),
		cmocka_unit_test(the_kernel_is_asked),
	};

	return RUN_TESTS("plane/turn", tests);
}
