/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_LEFTOVER_H
#define PLANE_XFRM_LEFTOVER_H

#include "net/netlink.h"

/*
 * Remove the states and policies that a killed daemon left: those whose reqid is of
 * the range that policy numbers connections by. Other keying daemons use the same
 * range, but none can run beside us on ports 500 and 4500. What was keyed by hand
 * has other reqids, and is left alone. *ret_found is how many there were. CYG_IO, CYG_NOMEM,
 * CYG_PERM.
 */
MUST_CHECK enum cyg_err leftover_remove(struct netlink *nl, unsigned *ret_found,
					struct diag *why);

#endif
