/* SPDX-License-Identifier: Apache-2.0 */
/* Routes and rules: setting, removing, and removing all that carry one mark of origin. */
#include "net/net.h"

#include "net/net_private.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct nlmsghdr *begin_route(struct netlink_request *storage, uint16_t type,
				    uint16_t flags, const struct net_route *r)
{
	struct nlmsghdr *m = netlink_begin(storage, type, flags);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->rtm_family = netlink_family(r->destination.addr.family);
	info->rtm_dst_len = r->destination.bits;
	info->rtm_table = RT_TABLE_UNSPEC; /* RTA_TABLE says it */
	info->rtm_protocol = r->protocol;
	info->rtm_type = r->kind;
	/* Of a wider scope than a link: the kernel looks for gateways in all tables, and none is behind a route of ours. */
	info->rtm_scope = RT_SCOPE_UNIVERSE;
	netlink_put_ip(m, RTA_DST, &r->destination.addr);
	mnl_attr_put_u32(m, RTA_TABLE, r->table ? r->table : RT_TABLE_MAIN);
	if (r->metric)
		mnl_attr_put_u32(m, RTA_PRIORITY, r->metric);
	return m;
}

static void put_mtu(struct nlmsghdr *m, uint32_t mtu)
{
	struct nlattr *metrics = mnl_attr_nest_start(m, RTA_METRICS);

	mnl_attr_put_u32(m, RTAX_MTU, mtu);
	mnl_attr_nest_end(m, metrics);
}

enum cyg_err net_route_set(struct net *n, const struct net_route *r, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = begin_route(&storage, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
					 r);
	char dest[IP_TEXT_MAX], what[128];
	enum cyg_err err;

	netlink_put_ip(m, RTA_PREFSRC, &r->source);
	netlink_put_ip(m, RTA_GATEWAY, &r->nexthop);
	if (r->ifindex)
		mnl_attr_put_u32(m, RTA_OIF, r->ifindex);
	if (r->mtu)
		put_mtu(m, r->mtu);
	snprintf(what, sizeof(what), "set the route to %s in table %u",
		 prefix_print(&r->destination, dest), r->table ? r->table : RT_TABLE_MAIN);
	err = netlink_ask(&n->requests, m, what, why);
	/* Without it the kernel takes a route for any that is well formed. */
	if (err == CYG_IO && ip_is_set(&r->source))
		diag_hint(why, "see whether this host has the address %s, its source",
			  ip_print(&r->source, dest));
	return err;
}

enum cyg_err net_route_remove(struct net *n, const struct net_route *r, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = begin_route(&storage, RTM_DELROUTE, 0, r);
	struct rtmsg *info = mnl_nlmsg_get_payload(m);
	char dest[IP_TEXT_MAX], what[128];

	info->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	snprintf(what, sizeof(what), "remove the route to %s from table %u",
		 prefix_print(&r->destination, dest), r->table ? r->table : RT_TABLE_MAIN);
	return netlink_ask(&n->requests, m, what, why);
}

static int take_way(const struct nlmsghdr *m, void *ctx)
{
	const struct nlattr *at[RTA_PREFSRC + 1];
	struct net_route *way = ctx;

	if (m->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(m) < sizeof(struct rtmsg))
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(struct rtmsg), at, RTA_PREFSRC);
	way->ifindex = netlink_u32(at[RTA_OIF]);
	way->nexthop = netlink_ip(at[RTA_GATEWAY]);
	way->source = netlink_ip(at[RTA_PREFSRC]);
	return MNL_CB_OK;
}

enum cyg_err net_route_lookup(struct net *n, const struct ip_addr *to, struct net_route *ret,
			      struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETROUTE, 0);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	struct net_route way = {.destination = prefix_of(to, ip_bits(to))};
	char text[IP_TEXT_MAX], what[128];
	enum cyg_err err;

	info->rtm_family = netlink_family(to->family);
	info->rtm_dst_len = (uint8_t)ip_bits(to);
	netlink_put_ip(m, RTA_DST, to);
	snprintf(what, sizeof(what), "find a route to %s", ip_print(to, text));
	err = netlink_ask_for(&n->requests, m, take_way, &way, what, why);
	if (!err)
		*ret = way;
	return err;
}

static struct nlmsghdr *begin_rule(struct netlink_request *storage, uint16_t type,
				   uint16_t flags, const struct net_rule *r)
{
	struct nlmsghdr *m = netlink_begin(storage, type, flags);
	struct fib_rule_hdr *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->family = netlink_family(r->family);
	info->action = r->go_to ? FR_ACT_GOTO : FR_ACT_TO_TBL;
	if (r->invert)
		info->flags |= FIB_RULE_INVERT;
	info->src_len = r->source_bits ? r->source_bits : (uint8_t)ip_bits(&r->source);
	netlink_put_ip(m, FRA_SRC, &r->source);
	info->dst_len = r->destination_bits ? r->destination_bits
					    : (uint8_t)ip_bits(&r->destination);
	netlink_put_ip(m, FRA_DST, &r->destination);
	mnl_attr_put_u32(m, FRA_PRIORITY, r->priority);
	if (r->go_to)
		mnl_attr_put_u32(m, FRA_GOTO, r->go_to);
	else
		mnl_attr_put_u32(m, FRA_TABLE, r->table ? r->table : RT_TABLE_MAIN);
	if (r->protocol)
		mnl_attr_put_u8(m, FRA_PROTOCOL, r->protocol);
	return m;
}

static void put_ports(struct nlmsghdr *m, uint16_t type, uint16_t first, uint16_t last)
{
	struct fib_rule_port_range ports = {first, last ? last : first};

	if (first)
		mnl_attr_put(m, type, sizeof(ports), &ports);
}

static void put_rule_matches(struct nlmsghdr *m, const struct net_rule *r)
{
	if (r->mark_mask) {
		mnl_attr_put_u32(m, FRA_FWMARK, r->mark);
		mnl_attr_put_u32(m, FRA_FWMASK, r->mark_mask);
	}
	if (r->suppress_prefixlen_plus1)
		mnl_attr_put_u32(m, FRA_SUPPRESS_PREFIXLEN, r->suppress_prefixlen_plus1 - 1u);
	if (r->ip_protocol)
		mnl_attr_put_u8(m, FRA_IP_PROTO, r->ip_protocol);
	put_ports(m, FRA_SPORT_RANGE, r->source_port, r->source_port_last);
	put_ports(m, FRA_DPORT_RANGE, r->port, r->port_last);
}

enum cyg_err net_rule_add(struct net *n, const struct net_rule *r, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = begin_rule(&storage, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, r);
	char what[96];

	put_rule_matches(m, r);
	snprintf(what, sizeof(what), "add an IPv%u rule for table %u at priority %u", r->family,
		 r->table, r->priority);
	return netlink_ask(&n->requests, m, what, why);
}

enum cyg_err net_rule_remove(struct net *n, const struct net_rule *r)
{
	struct netlink_request storage;
	struct nlmsghdr *m = begin_rule(&storage, RTM_DELRULE, 0, r);

	put_rule_matches(m, r);
	return netlink_ask(&n->requests, m, "remove a rule", NULL);
}

struct rule_listing {
	void (*each)(void *ctx, const struct net_rule *r);
	void *ctx;
	enum ip_family family;
};

bool rule_read(const struct nlmsghdr *m, enum ip_family family, struct net_rule *ret)
{
	const struct nlattr *at[FRA_PROTOCOL + 1];
	struct fib_rule_hdr info;

	if (m->nlmsg_type != RTM_NEWRULE || !netlink_record(m, &info, sizeof(info)))
		return false;
	netlink_attrs(m, sizeof(info), at, FRA_PROTOCOL);
	*ret = (struct net_rule){
		.priority = netlink_u32(at[FRA_PRIORITY]),
		.table = at[FRA_TABLE] ? netlink_u32(at[FRA_TABLE]) : info.table,
		.mark = netlink_u32(at[FRA_FWMARK]),
		.mark_mask = netlink_u32(at[FRA_FWMASK]),
		.go_to = netlink_u32(at[FRA_GOTO]),
		.family = (uint8_t)family,
		.invert = info.flags & FIB_RULE_INVERT,
		.protocol = netlink_u8(at[FRA_PROTOCOL]),
		.l3mdev = netlink_u8(at[FRA_L3MDEV]),
	};
	return true;
}

static int hand_out_rule(const struct nlmsghdr *m, void *listing)
{
	const struct rule_listing *l = listing;
	struct net_rule r;

	if (rule_read(m, l->family, &r))
		l->each(l->ctx, &r);
	return MNL_CB_OK;
}

enum cyg_err net_rules_each(struct net *n, enum ip_family family,
			    void (*each)(void *ctx, const struct net_rule *r), void *ctx,
			    struct diag *why)
{
	struct rule_listing l = {each, ctx, family};
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETRULE, 0);
	struct fib_rule_hdr *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->family = netlink_family(family);
	return netlink_ask_all(&n->requests, m, &(struct netlink_dump){hand_out_rule, NULL, &l},
			       why);
}

/*
 * What a listing found, to be removed once the listing
 * is over: copies of the kernel's own messages.
 */
struct doomed {
	uint32_t number, last; /* tables of routes, priority of rules */
	uint8_t protocol;
	bool spared; /* listed alone */
	int found;
	uint8_t *octets;
	size_t len, cap;
};

static int keep(struct doomed *d, const struct nlmsghdr *m)
{
	size_t size = MNL_ALIGN(m->nlmsg_len);

	d->found++;
	if (d->spared)
		return MNL_CB_OK;
	if (d->len + size > d->cap) {
		size_t cap = (d->len + size) * 2;
		uint8_t *bigger = realloc(d->octets, cap);

		if (!bigger)
			return MNL_CB_ERROR;
		d->octets = bigger;
		d->cap = cap;
	}
	memcpy(d->octets + d->len, m, m->nlmsg_len);
	d->len += size;
	return MNL_CB_OK;
}

static int doom_route(const struct nlmsghdr *m, void *ctx)
{
	struct doomed *d = ctx;
	const struct nlattr *at[RTA_TABLE + 1];
	struct rtmsg info;
	uint32_t table;

	if (m->nlmsg_type != RTM_NEWROUTE || !netlink_record(m, &info, sizeof(info)) ||
	    info.rtm_protocol != d->protocol)
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(info), at, RTA_TABLE);
	table = at[RTA_TABLE] ? netlink_u32(at[RTA_TABLE]) : info.rtm_table;
	if (table < d->number || table > d->last)
		return MNL_CB_OK;
	return keep(d, m);
}

static int doom_rule(const struct nlmsghdr *m, void *ctx)
{
	struct doomed *d = ctx;
	const struct nlattr *at[FRA_PROTOCOL + 1];

	if (m->nlmsg_type != RTM_NEWRULE)
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(struct fib_rule_hdr), at, FRA_PROTOCOL);
	if (netlink_u32(at[FRA_PRIORITY]) != d->number)
		return MNL_CB_OK;
	if (netlink_u8(at[FRA_PROTOCOL]) != d->protocol)
		return MNL_CB_OK;
	return keep(d, m);
}

static void forget(void *ctx)
{
	((struct doomed *)ctx)->len = 0;
	((struct doomed *)ctx)->found = 0;
}

struct removal {
	int removed;
	bool failed;
};

static void note_removal(void *removal, size_t at, enum cyg_err err, const struct diag *why)
{
	struct removal *r = removal;

	r->removed += !err;
	r->failed |= err && err != CYG_NOTFOUND;
}

/* Send each message back as a request of `type`. Returns how many were done, or -1. */
static int remove_all(struct net *n, const struct doomed *d, uint16_t type)
{
	struct removal done = {0};
	struct netlink_batch batch;

	if (netlink_batch_begin(&batch, &n->requests, "remove what an earlier run left"))
		return -1;
	batch.answer = note_removal;
	batch.ctx = &done;
	for (size_t at = 0; at < d->len;) {
		struct nlmsghdr *m = (struct nlmsghdr *)(void *)(d->octets + at);

		at += MNL_ALIGN(m->nlmsg_len);
		m->nlmsg_type = type;
		m->nlmsg_flags = NLM_F_REQUEST;
		netlink_batch_add(&batch, m);
	}
	netlink_batch_end(&batch);
	return done.failed ? -1 : done.removed;
}

static int flush_family(struct net *n, uint8_t family, bool rules, struct doomed *d)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, rules ? RTM_GETRULE : RTM_GETROUTE, 0);
	enum cyg_err err;
	int removed;

	/* The first octet of both family headers is the family. */
	*(uint8_t *)mnl_nlmsg_put_extra_header(m, rules ? sizeof(struct fib_rule_hdr)
							: sizeof(struct rtmsg)) = family;
	if (!rules)
		((struct rtmsg *)mnl_nlmsg_get_payload(m))->rtm_protocol = d->protocol;
	if (!rules && d->number == d->last)
		mnl_attr_put_u32(m, RTA_TABLE, d->number);
	err = netlink_ask_all(&n->requests, m,
			      &(struct netlink_dump){rules ? doom_rule : doom_route, forget, d},
			      NULL);
	/* A table that never was, or a family this kernel does not have, is empty. */
	if (err == CYG_NOTFOUND || err == CYG_UNSUPPORTED)
		return 0;
	if (err)
		return -1;
	removed = d->spared ? d->found : remove_all(n, d, rules ? RTM_DELRULE : RTM_DELROUTE);
	d->len = 0;
	d->found = 0;
	return removed;
}

static int flush(struct net *n, bool rules, uint32_t number, uint32_t last, uint8_t protocol,
		 bool spared)
{
	struct doomed d = {.number = number,
			   .last = last,
			   .protocol = protocol,
			   .spared = spared};
	int v4 = flush_family(n, netlink_family(IP_V4), rules, &d);
	int v6 = flush_family(n, netlink_family(IP_V6), rules, &d);

	free(d.octets);
	return v4 < 0 || v6 < 0 ? -1 : v4 + v6;
}

int net_routes_flush(struct net *n, uint32_t table, uint8_t protocol)
{
	return flush(n, false, table, table, protocol, false);
}

int net_tables_flush(struct net *n, uint32_t first, uint32_t last, uint8_t protocol)
{
	return flush(n, false, first, last, protocol, false);
}

int net_rules_flush(struct net *n, uint32_t priority, uint8_t protocol)
{
	return flush(n, true, priority, priority, protocol, false);
}

int net_rules_count(struct net *n, uint32_t priority, uint8_t protocol)
{
	return flush(n, true, priority, priority, protocol, true);
}
