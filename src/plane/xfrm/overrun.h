/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_OVERRUN_H
#define PLANE_XFRM_OVERRUN_H

#include "plane/xfrm/notice.h"

/*
 * The kernel drops notices that a reader has no room for, and says no more than that. What
 * they told of still shows in its table of states: one that is gone has expired; one beyond
 * its soft limit is to be replaced; a larval one is a packet that met a policy. A peer that
 * moved is told of again by its next packet. What another program removed is as if it had expired.
 */

/*
 * List the states by `nl`, a socket for requests, and tell of what was missed. Told again is
 * harmless. *ret_gone is how many are no longer there. When it fails nothing is told: CYG_NOMEM,
 * CYG_IO.
 */
MUST_CHECK enum cyg_err overrun_recover(struct netlink *nl, struct xfrm_sad *sad,
					const struct notice_taker *t, size_t *ret_gone,
					struct diag *why);

#endif
