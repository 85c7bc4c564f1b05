/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_PASSES_H
#define PLANE_XFRM_PASSES_H

#include "conn/sa.h"
#include "net/net.h"

/*
 * What a policy lets pass in clear takes the host's own way, also where a wider
 * tunnel's route (routes.h) would lead it to the peer: for each of its destinations
 * there is a throw route in the same table, by which the kernel looks on in the others.
 */
struct xfrm_passes;

/* Empty; `net` is borrowed. NULL when memory is short. */
struct xfrm_passes *xfrm_passes_new(struct net *net, uint32_t table);
/* Remove all, and free. NULL is fine. */
void xfrm_passes_free(struct xfrm_passes *p);

/*
 * Take note of a policy, in place of the earlier one of its id: one of POLICY_PASS keeps
 * its destinations out of tunnels' routes, any other kind keeps none. CYG_NOMEM, and what
 * net_route_set says: then the earlier one is forgotten, too.
 */
MUST_CHECK enum cyg_err xfrm_passes_set(struct xfrm_passes *p,
					const struct plane_policy *policy, struct diag *why);
/* The policy of this id has gone. One that is not known had none. */
void xfrm_passes_remove(struct xfrm_passes *p, uint32_t id);

/* How many destinations there are, and the octets held. */
size_t xfrm_passes_count(const struct xfrm_passes *p);
size_t xfrm_passes_memory(const struct xfrm_passes *p);

#endif
