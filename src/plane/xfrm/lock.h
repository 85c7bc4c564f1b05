/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_LOCK_H
#define PLANE_XFRM_LOCK_H

#include "base/diag.h"
#include "base/err.h"

/*
 * The kernel has one table of states and one of policies for a network namespace, so one
 * daemon alone may keep them there. The lock is a name of the namespace (an abstract
 * socket), which the kernel gives back when its holder ends, however that comes about.
 */

/*
 * Take it; *ret_fd holds it until it is closed, and is -1 when somebody without our rights sits
 * on the name, who is no reason not to run. CYG_EXISTS with the holder's process in *why;
 * CYG_IO.
 */
MUST_CHECK enum cyg_err xfrm_lock(int *ret_fd, struct diag *why);
/* Let go of those who asked who holds it: call it when the descriptor is readable. */
void xfrm_lock_answer(int fd);

#endif
