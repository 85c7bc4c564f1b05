/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_NET_H
#define NET_NET_H

#include "conn/event.h"
#include "conn/sa.h"

/*
 * This host's addresses, links, routes and rules, by rtnetlink (libmnl).
 * conn/event.h's host_view is its product. One `struct net` belongs to one
 * thread, and to the network namespace it was opened in.
 */
struct net;

/*
 * Open two sockets, one for requests and one that hears of changes, and take
 * in the host as it stands. CYG_IO, CYG_NOMEM; CYG_PERM.
 */
MUST_CHECK enum cyg_err net_open(struct net **ret, struct diag *why);
/* NULL is fine. Routes, rules and addresses that were set stay. */
void net_close(struct net *n);

/* The descriptor to poll for reading: net_read when it is ready. */
int net_fd(const struct net *n);
/* The port of the socket that asks for changes: the kernel's notices of them name it (nlmsg_pid). */
uint32_t net_port(const struct net *n);

/*
 * Take in what changed, without waiting. *ret_changed: addresses or a default
 * route differ from before. Lost notices are recovered by asking anew. After
 * an error the view is the earlier one, and the next call tries again.
 */
MUST_CHECK enum cyg_err net_read(struct net *n, bool *ret_changed);

/*
 * The host as it stands; borrowed until the next net_read. Addresses of links
 * that are up, in the kernel's order: no tentative ones; link-local IPv6 ones
 * last. A default route is the best by metric of the first table that has one, of
 * those that the rules without a condition name. What is our own (net/own.h) is left out.
 */
const struct host_view *net_view(const struct net *n);

/* The link that an address of ours is on. */
struct net_link {
	uint32_t index, mtu;
	char name[16];
	bool loopback;
};
/* False (and *ret untouched) when no link that is up has the address. */
bool net_link_of(const struct net *n, const struct ip_addr *a, struct net_link *ret);
/* The largest MTU of the links that are up, loopback and our own left out; 0 without one. */
uint32_t net_mtu_max(const struct net *n);

/*
 * One route of table `table`. `kind` is RTN_UNICAST,
 * RTN_PROHIBIT, RTN_BLACKHOLE or RTN_THROW.
 */
struct net_route {
	struct ip_prefix destination;
	struct ip_addr source, nexthop; /* IP_NONE: none */
	uint32_t table, metric, mtu;    /* 0: main, none, none */
	uint32_t ifindex;               /* 0: none (prohibit, blackhole, throw) */
	uint8_t kind, protocol;         /* rtm_type, rtm_protocol */
};

/* Add it, or replace the one of the same destination, table and metric. */
MUST_CHECK enum cyg_err net_route_set(struct net *n, const struct net_route *r,
				      struct diag *why);
/* By destination, table, metric, kind and protocol. CYG_NOTFOUND is harmless. */
MUST_CHECK enum cyg_err net_route_remove(struct net *n, const struct net_route *r,
					 struct diag *why);
/*
 * The way that packets of this host to `to` would take: ifindex, nexthop, and the
 * source they would have. CYG_NOTFOUND when there is none.
 */
MUST_CHECK enum cyg_err net_route_lookup(struct net *n, const struct ip_addr *to,
					 struct net_route *ret, struct diag *why);
/*
 * Remove every route of a table with protocol `protocol`
 * (what an earlier run left). Returns how many, or -1.
 */
int net_routes_flush(struct net *n, uint32_t table, uint8_t protocol);
/* The same of all tables from `first` to `last`. */
int net_tables_flush(struct net *n, uint32_t first, uint32_t last, uint8_t protocol);

/* Called for one route; `mtu` is not filled in. */
typedef void (*net_each_route)(void *ctx, const struct net_route *r);
/*
 * Hand out the routes of a family, of all tables, in the kernel's order: those of `protocol`, which
 * costs little where others have many; 0: all. CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err net_routes_each(struct net *n, enum ip_family family, uint8_t protocol,
					net_each_route each, void *ctx, struct diag *why);
/*
 * How the kernel would send a packet of ours to an address: source, next hop
 * (IP_NONE: on link), interface, kind. CYG_IO when there is no way.
 */
MUST_CHECK enum cyg_err net_route_to(struct net *n, const struct ip_addr *to,
				     struct net_route *ret, struct diag *why);

/* A policy rule: packets that match everything given look in `table`. */
struct net_rule {
	uint32_t priority, table, mark, mark_mask; /* mark_mask 0: any mark */
	bool invert;                               /* those that do not match */
	uint8_t family;                            /* enum ip_family */
	uint8_t suppress_prefixlen_plus1; /* 0: none; n: ignore prefixes shorter than n */
	uint8_t protocol;                 /* who made it, as rtm_protocol; 0 none */
	struct ip_addr source;            /* packets from this address; IP_NONE: any */
	uint8_t source_bits;              /* from this network; 0: from the address alone */
	struct ip_addr destination;       /* likewise */
	uint8_t destination_bits;
	uint8_t ip_protocol;              /* 0: any */
	uint16_t source_port, source_port_last; /* first 0: any; last 0: the first alone */
	uint16_t port, port_last;               /* of the destination, likewise */
	uint32_t go_to; /* on with the rules of this priority, which is higher; no table then */
	bool l3mdev;    /* told by net_rules_each alone: to the table of the VRF of a link */
};

/* CYG_EXISTS when there is the same one. */
MUST_CHECK enum cyg_err net_rule_add(struct net *n, const struct net_rule *r, struct diag *why);
/* CYG_NOTFOUND is harmless. */
MUST_CHECK enum cyg_err net_rule_remove(struct net *n, const struct net_rule *r);
/*
 * Hand out the rules of a family in the kernel's order; of what they match, the mark alone.
 * CYG_IO, CYG_NOMEM, CYG_UNSUPPORTED.
 */
MUST_CHECK enum cyg_err net_rules_each(struct net *n, enum ip_family family,
				       void (*each)(void *ctx, const struct net_rule *r),
				       void *ctx, struct diag *why);
/*
 * Remove every rule of both families at `priority`
 * made by `protocol`. Returns how many, or -1.
 */
int net_rules_flush(struct net *n, uint32_t priority, uint8_t protocol);
/* How many net_rules_flush would remove, or -1. */
int net_rules_count(struct net *n, uint32_t priority, uint8_t protocol);

/* A link as the kernel tells of it. */
struct net_virtual {
	struct plane_link link; /* kind LINK_NONE: neither an xfrm interface nor a VTI */
	uint32_t index;
	char alias[32]; /* "": none */
};

/*
 * Make a virtual link (its address is left out), give it an alias and set it up. CYG_EXISTS
 * when there is a link of that name; CYG_UNSUPPORTED when the kernel has none of the kind.
 */
MUST_CHECK enum cyg_err net_link_make(struct net *n, const struct plane_link *l,
				      const char *alias, uint32_t *ret_index, struct diag *why);
/* Have one of the same kind know other packets: keys and ends, or the if_id. */
MUST_CHECK enum cyg_err net_link_change(struct net *n, const struct plane_link *l,
					uint32_t index, struct diag *why);
/* The link of a name. CYG_NOTFOUND. */
MUST_CHECK enum cyg_err net_link_find(struct net *n, const char *name, struct net_virtual *ret,
				      struct diag *why);
/* Hand out all links; after a change meanwhile some are told twice. CYG_IO, CYG_NOMEM. */
MUST_CHECK enum cyg_err net_links_each(struct net *n,
				       void (*each)(void *ctx, const struct net_virtual *v),
				       void *ctx, struct diag *why);
/* Remove a virtual link, with its addresses and routes. CYG_NOTFOUND. */
MUST_CHECK enum cyg_err net_link_remove(struct net *n, uint32_t index, struct diag *why);

/* Set an interface up with an MTU (0: as it is). */
MUST_CHECK enum cyg_err net_link_up(struct net *n, uint32_t ifindex, uint32_t mtu,
				    struct diag *why);
/*
 * Before a device of ours is up: mark it (net/own.h), and have the kernel send nothing of its
 * own into it. Without multicast it joins no groups there and reports none (MLD), and without an
 * address of its own it asks for no router.
 * Its MTU is 1,280 afterwards. CYG_NOTFOUND.
 */
MUST_CHECK enum cyg_err net_link_hush(struct net *n, uint32_t ifindex, struct diag *why);
/*
 * The longest packet that a link is given to cut itself (segmentation offload).
 * A wish: one that fails may be passed over.
 */
enum cyg_err net_link_gso(struct net *n, uint32_t ifindex, uint32_t octets, struct diag *why);
/*
 * Give or take an address with its prefix length. One that is given is marked as ours (from
 * Linux 5.18 on) and is then not in net_view. CYG_EXISTS, CYG_NOTFOUND.
 */
MUST_CHECK enum cyg_err net_address_set(struct net *n, uint32_t ifindex,
					const struct ip_prefix *p, bool add, struct diag *why);

#endif
