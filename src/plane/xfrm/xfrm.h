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
 * fails closed. The next start removes its predecessor's states; its policies stand
 * until plane_ops.settled, but those that let packets pass, and those set anew.
 *
 * There is one such plane in a network namespace (lock.h).
 */

/*
 * Our table of routes, and the priority of the rule that leads to it: before all of the
 * userspace plane's, whose guards may still stand when this one takes over from it.
 */
#define XFRM_TABLE 15476

/*
 * Ask the kernel whether it takes an ESP state, and take over what an earlier daemon
 * left. `net` is borrowed and must outlive the plane; *host is copied. CYG_UNSUPPORTED
 * without ESP in the kernel, with what it lacks in *why; CYG_EXISTS when another daemon
 * of this namespace has such a plane, with its process in *why; CYG_PERM without
 * CAP_NET_ADMIN, CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err xfrm_plane_open(const struct plane_host *host, struct net *net,
					struct plane **ret, struct diag *why);

/* Whether the kernel takes an ESP state, as xfrm_plane_open asks; whoever has such a plane. */
MUST_CHECK enum cyg_err xfrm_plane_probe(struct diag *why);

/*
 * Remove what a killed daemon left behind: policies, SAs, routes and rules. *ret_found is
 * how many there were. CYG_EXISTS, and nothing is removed, while one is running; CYG_IO,
 * CYG_NOMEM, CYG_PERM.
 */
MUST_CHECK enum cyg_err xfrm_plane_cleanup(struct net *net, unsigned *ret_found,
					   struct diag *why);

#endif
