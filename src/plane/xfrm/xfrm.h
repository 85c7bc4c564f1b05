/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_XFRM_H
#define PLANE_XFRM_XFRM_H

#include "plane/plane.h"

struct net;

/*
 * The Linux kernel's IPsec, by NETLINK_XFRM: states are SAs, policies entries of
 * the SPD. Packets never pass through this process. What is on port 4500 is told
 * apart by the kernel, which hands IKE to the daemon's socket.
 *
 * Policies stay in force when the daemon is killed, so that what was protected
 * fails closed; the next start takes down what its predecessor left.
 */
struct xfrm_config {
	uint32_t
		instance; /* daemons of one namespace differ in it, and in their tables of routes */
};

#define XFRM_TABLE 16500 /* + instance */

/*
 * Ask the kernel whether it takes an ESP state, and begin with what an earlier
 * daemon of this instance left removed. `net` is borrowed and must outlive the
 * plane; *host is copied. CYG_UNSUPPORTED without ESP in the kernel, with what
 * it lacks in *why; CYG_PERM without CAP_NET_ADMIN, CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err xfrm_plane_open(const struct xfrm_config *c,
					const struct plane_host *host, struct net *net,
					struct plane **ret, struct diag *why);

/*
 * Remove what a killed daemon of this instance left behind: policies, SAs, routes and rules.
 * *ret_found is how many there were. Not while one is running. CYG_IO, CYG_NOMEM, CYG_PERM.
 */
MUST_CHECK enum cyg_err xfrm_plane_cleanup(const struct xfrm_config *c, struct net *net,
					   unsigned *ret_found, struct diag *why);

#endif
