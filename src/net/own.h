/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_OWN_H
#define NET_OWN_H

#include <stdbool.h>

struct nlmsghdr;

/*
 * What of the kernel's routing is not the host's but ours: everything that a plane or the
 * daemon sets carries one of these marks, by which the kernel lists it. host_view is made
 * without it, because the way to a peer never leads through a tunnel: an address of ours is
 * none of the host's, a rule of ours names no table that a packet to anywhere is looked up in,
 * and a route of ours, or by a link of ours, is no default route. It makes no difference which
 * daemon of ours it is of. What asks the kernel for a decision (net_route_lookup, net_route_to)
 * does hear of our routes.
 */
#define NET_OWN_PROTOCOL 67 /* of routes, rules (Linux 4.17) and addresses (Linux 5.18) */
#define NET_OWN_ALIAS "made by cygnet" /* of links */

/*
 * Whether a link, address, rule or route that a message of the kernel's tells of, new or gone,
 * carries our mark. False for all else, and on a kernel that knows no mark for it.
 */
bool own_record(const struct nlmsghdr *m);

#endif
