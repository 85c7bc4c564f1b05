/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/privilege.h"

#include "plane/esp/thread.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const unsigned kept[] = {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW,
				CAP_DAC_READ_SEARCH, CAP_SYS_NICE};

#define KEPT (sizeof(kept) / sizeof(kept[0]))

/* The bounding set can be made smaller only with this. */
static capng_select_t what_to_apply(void)
{
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) ? CAPNG_SELECT_BOTH
								   : CAPNG_SELECT_CAPS;
}

/*
 * Packet threads go before what merely computes. A limit allows that, which is worth less
 * to others than CAP_SYS_NICE; who may not lift it keeps the capability, if it is there.
 */
static bool let_packets_go_first(void)
{
	struct rlimit limit = {.rlim_cur = 20 - THREAD_NICE, .rlim_max = 20 - THREAD_NICE};

	return setrlimit(RLIMIT_NICE, &limit) == 0;
}

/* Each address of the host takes two sockets, and more for the packet threads. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

enum cyg_err privilege_drop(struct diag *why)
{
	bool limit = let_packets_go_first(), had[KEPT];
	capng_select_t what;

	allow_descriptors();
	if (capng_get_caps_process()) {
		diag_set(why, "capabilities", NULL, "can't learn the process's capabilities");
		return CYG_IO;
	}
	what = what_to_apply();
	for (size_t i = 0; i < KEPT; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) &&
			 !(limit && kept[i] == CAP_SYS_NICE);
	capng_clear(what);
	for (size_t i = 0; i < KEPT; i++)
		if (had[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     kept[i]);
	if (capng_apply(what)) {
		diag_set(why, "capabilities", NULL, "can't give up capabilities");
		return CYG_PERM;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		diag_set(why, "capabilities", NULL, "can't set no_new_privs (%s)",
			 strerror(errno));
		return CYG_PERM;
	}
	return CYG_OK;
}
