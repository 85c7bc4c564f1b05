/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_NAMES_H
#define PLUTO_NAMES_H

#include "base/addr.h"

#include <uv.h>

/*
 * Looking up DNS names, with the system's resolver in libuv's threads. The
 * answer comes on the loop's thread, never within the call.
 */
#define NAMES_ADDRS_MAX 32

struct names {
	uv_loop_t *loop;
	/* `err` CYG_OK: at least one address. CYG_AGAIN: asking again may help. */
	void (*answer)(void *ctx, uint32_t op, enum cyg_err err, const struct ip_addr *addrs,
		       size_t len, const struct diag *why);
	void *ctx;
	unsigned pending;
	bool closed; /* answers that still come are dropped */
};

/* False when it could not even be asked (memory). */
bool names_resolve(struct names *n, uint32_t op, const char *name);

#endif
