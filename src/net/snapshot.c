/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host as the kernel lists it: links, then addresses, then the default
 * routes, from the first table with one that every packet is looked up in. What is our own
 * (own.h) is left out of it. The source address of a default route is worked out here and not
 * asked from the kernel, because a policy rule (our own, once 0.0.0.0/0 is protected) would
 * send the question elsewhere.
 */
#include "net/snapshot.h"

#include "base/array.h"
#include "net/own.h"
#include "net/tables.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Ranks of addresses as sources; an address may have several of these. */
#define RANK_SECONDARY 1u  /* IPv4: not the first of its subnet; IPv6: temporary */
#define RANK_UNIQUE 2u     /* IPv6 unique local (RFC 4193) */
#define RANK_DEPRECATED 4u /* RFC 4862 5.5.4 */
#define RANK_NARROW 8u     /* scope of link or host */

/* One more zeroed item at the end of a growing array; NULL when memory is short. */
static void *grow(void **items, size_t *len, size_t *cap, size_t size)
{
	void *bigger = array_grow(*items, *len, cap, size);

	if (!bigger)
		return NULL;
	*items = bigger;
	return memset((char *)*items + (*len)++ * size, 0, size);
}

/* At most 15 octets of a name, which may lack its end. */
static void copy_name(char out[16], const char *name, size_t len)
{
	size_t n = strnlen(name, len < 15 ? len : 15);

	memcpy(out, name, n);
	out[n] = '\0';
}

static int take_link(const struct nlmsghdr *m, void *ctx)
{
	struct snapshot *h = ctx;
	const struct nlattr *at[IFLA_MTU + 1];
	struct snapshot_link *l;
	struct ifinfomsg info;

	if (!netlink_record(m, &info, sizeof(info)))
		return MNL_CB_OK;
	l = grow((void **)&h->links, &h->links_len, &h->links_cap, sizeof(*l));
	if (!l)
		return MNL_CB_ERROR;
	netlink_attrs(m, sizeof(info), at, IFLA_MTU);
	l->link.index = (uint32_t)info.ifi_index;
	l->link.mtu = netlink_u32(at[IFLA_MTU]);
	if (at[IFLA_IFNAME])
		copy_name(l->link.name, mnl_attr_get_payload(at[IFLA_IFNAME]),
			  mnl_attr_get_payload_len(at[IFLA_IFNAME]));
	l->up = info.ifi_flags & IFF_UP;
	l->link.loopback = info.ifi_flags & IFF_LOOPBACK;
	l->own = own_record(m);
	return MNL_CB_OK;
}

const struct snapshot_link *snapshot_link(const struct snapshot *h, uint32_t index)
{
	for (size_t i = 0; i < h->links_len; i++)
		if (h->links[i].link.index == index)
			return &h->links[i];
	return NULL;
}

static bool is_link_local(const struct ip_addr *a)
{
	return a->family == IP_V6 && a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}

static uint8_t rank_of(const struct ip_addr *a, uint32_t flags, uint8_t scope)
{
	unsigned rank = 0;

	if (flags & IFA_F_SECONDARY)
		rank |= RANK_SECONDARY;
	if (flags & IFA_F_DEPRECATED)
		rank |= RANK_DEPRECATED;
	if (a->family == IP_V6 && (a->octets[0] & 0xfe) == 0xfc)
		rank |= RANK_UNIQUE;
	if (scope >= RT_SCOPE_LINK)
		rank |= RANK_NARROW;
	return (uint8_t)rank;
}

static int take_address(const struct nlmsghdr *m, void *ctx)
{
	struct snapshot *h = ctx;
	const struct nlattr *at[IFA_FLAGS + 1];
	const struct snapshot_link *l;
	struct snapshot_entry *e;
	struct ifaddrmsg info;
	uint32_t flags;

	/* What we gave this host is no address that it has by itself. */
	if (!netlink_record(m, &info, sizeof(info)) || own_record(m))
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(info), at, IFA_FLAGS);
	flags = at[IFA_FLAGS] ? netlink_u32(at[IFA_FLAGS]) : info.ifa_flags;
	l = snapshot_link(h, info.ifa_index);
	/* An optimistic address may be used before it is known to be unique (RFC 4429). */
	if (!l || !l->up || flags & IFA_F_DADFAILED ||
	    (flags & IFA_F_TENTATIVE && !(flags & IFA_F_OPTIMISTIC)))
		return MNL_CB_OK;
	e = grow((void **)&h->entries, &h->entries_len, &h->entries_cap, sizeof(*e));
	if (!e)
		return MNL_CB_ERROR;
	/* On a point-to-point link IFA_ADDRESS is the other side's. */
	e->shown.addr = netlink_ip(at[IFA_LOCAL] ? at[IFA_LOCAL] : at[IFA_ADDRESS]);
	memcpy(e->shown.interface, l->link.name, sizeof(e->shown.interface));
	e->ifindex = info.ifa_index;
	e->bits = info.ifa_prefixlen;
	e->rank = rank_of(&e->shown.addr, flags, info.ifa_scope);
	if (!ip_is_set(&e->shown.addr))
		h->entries_len--;
	return MNL_CB_OK;
}

/* The first next hop of a route that has several. */
static void take_multipath(const struct nlattr *a, struct snapshot_default *d)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(a);
	const struct nlattr *at;
	int left;

	if (mnl_attr_get_payload_len(a) < sizeof(*hop) ||
	    hop->rtnh_len > mnl_attr_get_payload_len(a))
		return;
	d->ifindex = (uint32_t)hop->rtnh_ifindex;
	at = (const struct nlattr *)(hop + 1);
	left = (int)hop->rtnh_len - (int)sizeof(*hop);
	for (; mnl_attr_ok(at, left); left -= MNL_ALIGN(at->nla_len), at = mnl_attr_next(at))
		if (mnl_attr_get_type(at) == RTA_GATEWAY)
			d->nexthop = netlink_ip(at);
}

static int take_route(const struct nlmsghdr *m, void *ctx)
{
	struct snapshot *h = ctx;
	const struct nlattr *at[RTA_TABLE + 1];
	struct snapshot_default d = {.found = true}, *best;
	const struct snapshot_link *l;
	struct rtmsg info;

	if (!netlink_record(m, &info, sizeof(info)) || info.rtm_dst_len ||
	    info.rtm_type != RTN_UNICAST || info.rtm_flags & RTM_F_CLONED || own_record(m))
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(info), at, RTA_TABLE);
	if ((at[RTA_TABLE] ? netlink_u32(at[RTA_TABLE]) : info.rtm_table) != h->table)
		return MNL_CB_OK; /* a kernel that does not filter */
	d.source = netlink_ip(at[RTA_PREFSRC]);
	d.nexthop = netlink_ip(at[RTA_GATEWAY]);
	d.ifindex = netlink_u32(at[RTA_OIF]);
	d.metric = netlink_u32(at[RTA_PRIORITY]);
	if (at[RTA_MULTIPATH])
		take_multipath(at[RTA_MULTIPATH], &d);
	l = snapshot_link(h, d.ifindex);
	if (!l || !l->up || l->own)
		return MNL_CB_OK;
	best = info.rtm_family == AF_INET ? &h->default_v4 : &h->default_v6;
	if (!best->found || d.metric < best->metric)
		*best = d;
	return MNL_CB_OK;
}

int snapshot_take(const struct nlmsghdr *m, void *snapshot)
{
	switch (m->nlmsg_type) {
	case RTM_NEWLINK:
		return take_link(m, snapshot);
	case RTM_NEWADDR:
		return take_address(m, snapshot);
	case RTM_NEWROUTE:
		return take_route(m, snapshot);
	default:
		return MNL_CB_OK;
	}
}

/* Whether `e` is the better source than `best` for what leaves by `d`. */
static bool better_source(const struct snapshot_default *d, const struct snapshot_entry *e,
			  const struct snapshot_entry *best)
{
	struct ip_prefix net = prefix_of(&e->shown.addr, e->bits);
	struct ip_prefix best_net;

	if (!best)
		return true;
	if ((e->ifindex == d->ifindex) != (best->ifindex == d->ifindex))
		return e->ifindex == d->ifindex;
	if (e->rank != best->rank)
		return e->rank < best->rank;
	best_net = prefix_of(&best->shown.addr, best->bits);
	return ip_is_set(&d->nexthop) && prefix_contains(&net, &d->nexthop) &&
	       !prefix_contains(&best_net, &d->nexthop);
}

static void choose_source(const struct snapshot *h, enum ip_family family,
			  struct snapshot_default *d)
{
	const struct snapshot_entry *best = NULL;

	if (!d->found || ip_is_set(&d->source))
		return;
	for (size_t i = 0; i < h->entries_len; i++) {
		const struct snapshot_entry *e = &h->entries[i];

		if (e->shown.addr.family != family || e->rank & RANK_NARROW ||
		    ip_is_loopback(&e->shown.addr))
			continue;
		if (better_source(d, e, best))
			best = e;
	}
	if (best)
		d->source = best->shown.addr;
}

/* Link-local IPv6 addresses go last: they serve only when nothing else does. */
static enum cyg_err make_view(struct snapshot *h)
{
	size_t n = 0;

	h->addresses = calloc(h->entries_len + 1, sizeof(*h->addresses));
	if (!h->addresses)
		return CYG_NOMEM;
	for (int last = 0; last < 2; last++)
		for (size_t i = 0; i < h->entries_len; i++)
			if (is_link_local(&h->entries[i].shown.addr) == last)
				h->addresses[n++] = h->entries[i].shown;
	h->view.addresses = h->addresses;
	h->view.addresses_len = n;
	return CYG_OK;
}

static void show_default(const struct snapshot *h, const struct snapshot_default *d,
			 struct ip_addr *addr, struct ip_addr *nexthop, char interface[16])
{
	const struct snapshot_link *l = snapshot_link(h, d->ifindex);

	if (!d->found || !ip_is_set(&d->source))
		return;
	*addr = d->source;
	*nexthop = d->nexthop;
	if (l)
		copy_name(interface, l->link.name, sizeof(l->link.name));
}

static void restart_links(void *ctx)
{
	((struct snapshot *)ctx)->links_len = 0;
}

static void restart_addresses(void *ctx)
{
	((struct snapshot *)ctx)->entries_len = 0;
}

static void restart_v4(void *ctx)
{
	((struct snapshot *)ctx)->default_v4 = (struct snapshot_default){0};
}

static void restart_v6(void *ctx)
{
	((struct snapshot *)ctx)->default_v6 = (struct snapshot_default){0};
}

static enum cyg_err list_links(struct netlink *r, struct snapshot *h, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETLINK, 0);

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	return netlink_ask_all(r, m, &(struct netlink_dump){snapshot_take, restart_links, h}, why);
}

static enum cyg_err list_addresses(struct netlink *r, struct snapshot *h, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETADDR, 0);

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifaddrmsg));
	return netlink_ask_all(r, m, &(struct netlink_dump){snapshot_take, restart_addresses, h},
			       why);
}

static enum cyg_err list_routes(struct netlink *r, struct snapshot *h, enum ip_family family,
				uint32_t table, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETROUTE, 0);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	struct netlink_dump d = {snapshot_take, family == IP_V4 ? restart_v4 : restart_v6, h};

	info->rtm_family = netlink_family(family);
	mnl_attr_put_u32(m, RTA_TABLE, table);
	h->table = table;
	return netlink_ask_all(r, m, &d, why);
}

/* The default route of a family; that there is none is no error. */
static enum cyg_err list_default(struct netlink *r, struct snapshot *h, enum ip_family family,
				 struct diag *why)
{
	const struct snapshot_default *d = family == IP_V4 ? &h->default_v4 : &h->default_v6;
	struct route_tables tables;
	enum cyg_err err = route_tables_read(r, family, &tables, why);

	for (size_t i = 0; !err && !d->found && i < tables.len; i++) {
		err = list_routes(r, h, family, tables.ids[i], why);
		if (err == CYG_NOTFOUND) /* a table that a rule names, and no route is in */
			err = CYG_OK;
	}
	return err;
}

static enum cyg_err fill(struct netlink *r, struct snapshot *h, struct diag *why)
{
	enum cyg_err err = list_links(r, h, why);

	if (!err)
		err = list_addresses(r, h, why);
	if (!err)
		err = list_default(r, h, IP_V4, why);
	if (!err)
		err = list_default(r, h, IP_V6, why);
	/* A kernel built without IPv6 has no such table. */
	if (err == CYG_UNSUPPORTED)
		err = CYG_OK;
	if (err)
		return err;
	choose_source(h, IP_V4, &h->default_v4);
	choose_source(h, IP_V6, &h->default_v6);
	return make_view(h);
}

enum cyg_err snapshot_read(struct netlink *r, struct snapshot *ret, struct diag *why)
{
	struct snapshot h = {0};
	enum cyg_err err = fill(r, &h, why);

	if (err) {
		snapshot_done(&h);
		return err;
	}
	show_default(&h, &h.default_v4, &h.view.default_v4.addr, &h.view.default_v4.nexthop,
		     h.view.default_v4.interface);
	show_default(&h, &h.default_v6, &h.view.default_v6.addr, &h.view.default_v6.nexthop,
		     h.view.default_v6.interface);
	*ret = h;
	return CYG_OK;
}

void snapshot_done(struct snapshot *h)
{
	free(h->links);
	free(h->entries);
	free(h->addresses);
	*h = (struct snapshot){0};
}

static bool same_address(const struct host_address *a, const struct host_address *b)
{
	return ip_equal(&a->addr, &b->addr) && !strcmp(a->interface, b->interface) &&
	       a->realm == b->realm;
}

bool snapshot_same(const struct snapshot *a, const struct snapshot *b)
{
	const struct host_view *x = &a->view, *y = &b->view;

	if (x->addresses_len != y->addresses_len)
		return false;
	for (size_t i = 0; i < x->addresses_len; i++)
		if (!same_address(&x->addresses[i], &y->addresses[i]))
			return false;
	return ip_equal(&x->default_v4.addr, &y->default_v4.addr) &&
	       ip_equal(&x->default_v4.nexthop, &y->default_v4.nexthop) &&
	       !strcmp(x->default_v4.interface, y->default_v4.interface) &&
	       ip_equal(&x->default_v6.addr, &y->default_v6.addr) &&
	       ip_equal(&x->default_v6.nexthop, &y->default_v6.nexthop) &&
	       !strcmp(x->default_v6.interface, y->default_v6.interface);
}
