/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_NET_PRIVATE_H
#define NET_NET_PRIVATE_H

#include "net/snapshot.h"

struct net {
	struct netlink requests, changes;
	struct snapshot now;
	bool stale; /* something changed since the host was read */
};

/* The link that a message tells of; false when it tells of none. Also what the fuzzer calls. */
bool link_read(const struct nlmsghdr *m, struct net_virtual *ret);
/* The route of a message; false when it tells of none. */
bool route_read(const struct nlmsghdr *m, struct net_route *ret);
/* The rule of a message, of `family`, as net_rules_each. */
bool rule_read(const struct nlmsghdr *m, enum ip_family family, struct net_rule *ret);

#endif
