/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_PROBE_H
#define PLANE_XFRM_PROBE_H

#include "plane/xfrm/message.h"

/* Private to this room: what the kernel can do, asked by states that are put there and taken away. */

/*
 * Whether the kernel has ESP, and *ret what else. CYG_UNSUPPORTED without ESP, with what it
 * lacks in *why; CYG_PERM without CAP_NET_ADMIN; CYG_NOMEM.
 */
MUST_CHECK enum cyg_err xfrm_probe(struct netlink *nl, struct xfrm_kernel *ret,
				   struct diag *why);

#endif
