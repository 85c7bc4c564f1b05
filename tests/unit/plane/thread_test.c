/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/thread.h"

#include "tests/unit/support/test.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a thread sees of itself. */
struct seen {
	uint32_t capabilities; /* all three sets, all words, in one */
	int nice;
	bool blocked;
};

static void look(struct seen *s)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];
	sigset_t mask;

	assert_int_equal(syscall(SYS_capget, &head, has), 0);
	s->capabilities = 0;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		s->capabilities |= has[i].effective | has[i].permitted | has[i].inheritable;
	s->nice = getpriority(PRIO_PROCESS, 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	s->blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGHUP);
}

static void *settle_and_look(void *ctx)
{
	thread_settle();
	look(ctx);
	return NULL;
}

static bool may_go_first(void)
{
	struct rlimit limit;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(getrlimit(RLIMIT_NICE, &limit), 0);
	assert_int_equal(syscall(SYS_capget, &head, has), 0);
	return limit.rlim_cur >= 20 - THREAD_NICE ||
	       has[0].effective & CAP_TO_MASK(CAP_SYS_NICE);
}

static void it_has_no_privilege_and_goes_first(void **state)
{
	struct seen before, inside, after;
	pthread_t t;

	look(&before);
	assert_int_equal(thread_start(&t, settle_and_look, &inside, "some"), CYG_OK);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(inside.capabilities, 0);
	assert_true(inside.blocked);
	assert_int_equal(inside.nice, may_go_first() ? THREAD_NICE : before.nice);
	/* All of it is the thread's alone. */
	look(&after);
	assert_int_equal(after.capabilities, before.capabilities);
	assert_int_equal(after.nice, before.nice);
	assert_int_equal(after.blocked, before.blocked);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_no_privilege_and_goes_first),
	};

	return RUN_TESTS("plane/thread", tests);
}
