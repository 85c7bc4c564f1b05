/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_INFO_H
#define NET_INFO_H

#include "base/diag.h"
#include "base/text.h"
#include "conn/event.h"

/*
 * RUNDIR/ipsec.info: what %defaultroute stands for, as assignments of a shell.
 *
 * pluto writes it for scripts, and knows its own by their first line. One that somebody else wrote
 * is an administrator's word on a host without a default route: for each family of which the kernel
 * has none, it counts. It is left as it is.
 */
#define INFO_NAME "ipsec.info"

/* The text of a file of ours. */
void info_text(const struct host_view *h, struct text *out);

/* What a file by somebody else says. */
struct info {
	struct host_default v4, v6; /* addr IP_NONE: nothing */
};

/*
 * Read the file of a folder (named `folder` in *why). CYG_NOTFOUND: there is none, or it is ours,
 * or has no address. CYG_PERM: others than its owner, us or root, may write it. CYG_MALFORMED: a
 * value is wrong; *why names the line. CYG_IO. But for CYG_NOTFOUND it is somebody else's.
 */
MUST_CHECK enum cyg_err info_read(int folder_fd, const char *folder, struct info *ret,
				  struct diag *why);

/*
 * Have it count in `v` for each family without a default route, if the address is one of the view's
 * (else *why, which is otherwise cleared, says so). Whether it counts for any.
 */
bool info_fill(const struct info *i, struct host_view *v, struct diag *why);

#endif
