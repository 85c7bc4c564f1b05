/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_NET_H
#define NET_NET_H

#include "conn/event.h"

/*
 * This host's addresses, links, routes and rules, by rtnetlink (libmnl).
 * conn/event.h's host_view is its product.
 */
struct net;

/* Open two sockets: one for requests, one that hears of changes. */
MUST_CHECK enum cyg_err net_open(struct net **ret, struct diag *why);
void net_close(struct net *n);

/* The descriptor to poll for reading: net_read when it is ready. */
int net_fd(const struct net *n);

/* Take in what changed. *ret_changed: addresses or the default route differ from before. Overruns are recovered by a new dump. */
MUST_CHECK enum cyg_err net_read(struct net *n, bool *ret_changed);

/* The host as it stands; borrowed until the next net_read. Addresses of links that are up; no tentative or link-local IPv6 ones but for last. */
const struct host_view *net_view(const struct net *n);

/* One route of table `table`; replace when it is there. `kind` RTN_UNICAST, RTN_PROHIBIT, RTN_BLACKHOLE, RTN_THROW. */
struct net_route {
	struct ip_prefix destination;
	struct ip_addr source, nexthop; /* IP_NONE: none */
	uint32_t table, metric, mtu;    /* 0: main, none, none */
	uint32_t ifindex;               /* 0: none (prohibit, blackhole, throw) */
	uint8_t kind, protocol;         /* rtm_type, rtm_protocol */
};
MUST_CHECK enum cyg_err net_route_set(struct net *n, const struct net_route *r, struct diag *why);
/* CYG_NOTFOUND is harmless. */
MUST_CHECK enum cyg_err net_route_remove(struct net *n, const struct net_route *r, struct diag *why);
/* Remove every route of a table with protocol `protocol` (what an earlier run left). Returns how many, or -1. */
int net_routes_flush(struct net *n, uint32_t table, uint8_t protocol);

/* Policy rules: packets without mark `mark` look in `table` at `priority`; both families. */
struct net_rule {
	uint32_t priority, table, mark, mark_mask;
	bool invert; /* "not fwmark" */
	uint8_t family;
	uint8_t suppress_prefixlen_plus1; /* 0: none */
};
MUST_CHECK enum cyg_err net_rule_add(struct net *n, const struct net_rule *r, struct diag *why);
MUST_CHECK enum cyg_err net_rule_remove(struct net *n, const struct net_rule *r);

/* Set an interface up with an MTU, and give or take addresses. */
MUST_CHECK enum cyg_err net_link_up(struct net *n, uint32_t ifindex, uint32_t mtu, struct diag *why);
MUST_CHECK enum cyg_err net_address_set(struct net *n, uint32_t ifindex, const struct ip_prefix *p, bool add,
					struct diag *why);

#endif
