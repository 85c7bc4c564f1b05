/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/thread.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum cyg_err thread_start(pthread_t *ret, void *(*body)(void *), void *ctx, const char *name)
{
	sigset_t all, before;
	int number;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	number = pthread_create(ret, NULL, body, ctx);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (number)
		return CYG_NOMEM;
	pthread_setname_np(*ret, name);
	return CYG_OK;
}

void thread_settle(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	/* Both are of the calling thread alone, and neither is needed to go on. */
	(void)setpriority(PRIO_PROCESS, 0, THREAD_NICE);
	(void)syscall(SYS_capset, &head, none);
}
