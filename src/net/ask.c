/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the kernel's routing that change nothing. */
#include "net/net.h"

#include "net/net_private.h"

#include <linux/rtnetlink.h>
#include <stdio.h>

struct asking {
	net_each_route each;
	void *ctx;
	uint8_t protocol;
};

bool route_read(const struct nlmsghdr *m, struct net_route *ret)
{
	const struct nlattr *at[RTA_TABLE + 1];
	struct rtmsg info;

	if (m->nlmsg_type != RTM_NEWROUTE || !netlink_record(m, &info, sizeof(info)))
		return false;
	netlink_attrs(m, sizeof(info), at, RTA_TABLE);
	*ret = (struct net_route){
		.destination = {.addr = netlink_ip(at[RTA_DST]), .bits = info.rtm_dst_len},
		.source = netlink_ip(at[RTA_PREFSRC]),
		.nexthop = netlink_ip(at[RTA_GATEWAY]),
		.table = at[RTA_TABLE] ? netlink_u32(at[RTA_TABLE]) : info.rtm_table,
		.metric = netlink_u32(at[RTA_PRIORITY]),
		.ifindex = netlink_u32(at[RTA_OIF]),
		.kind = info.rtm_type,
		.protocol = info.rtm_protocol,
	};
	if (!ip_is_set(&ret->destination.addr))
		ret->destination.addr = ip_lowest(info.rtm_family == AF_INET6 ? IP_V6 : IP_V4);
	return true;
}

static int take_route(const struct nlmsghdr *m, void *ctx)
{
	const struct asking *a = ctx;
	struct net_route r;
	struct rtmsg info;

	/* What was made of a route for one destination is no route of its own. */
	if (route_read(m, &r) && netlink_record(m, &info, sizeof(info)) &&
	    !(info.rtm_flags & RTM_F_CLONED) && (!a->protocol || r.protocol == a->protocol))
		a->each(a->ctx, &r);
	return MNL_CB_OK;
}

enum cyg_err net_routes_each(struct net *n, enum ip_family family, uint8_t protocol,
			     net_each_route each, void *ctx, struct diag *why)
{
	struct asking a = {each, ctx, protocol};
	const struct netlink_dump d = {.each = take_route, .ctx = &a};
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETROUTE, 0);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	info->rtm_family = netlink_family(family);
	/* Kernels before 4.20 tell of all. */
	info->rtm_protocol = protocol;
	return netlink_ask_all(&n->requests, m, &d, why);
}

static int take_answer(const struct nlmsghdr *m, void *ctx)
{
	struct net_route *ret = ctx;

	(void)route_read(m, ret);
	return MNL_CB_OK;
}

enum cyg_err net_route_to(struct net *n, const struct ip_addr *to, struct net_route *ret,
			  struct diag *why)
{
	struct net_route found = {0};
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETROUTE, 0);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char addr[IP_TEXT_MAX], what[128];
	enum cyg_err err;

	info->rtm_family = netlink_family(to->family);
	info->rtm_dst_len = (unsigned char)ip_bits(to);
	netlink_put_ip(m, RTA_DST, to);
	snprintf(what, sizeof(what), "find the route to %s", ip_print(to, addr));
	err = netlink_ask_for(&n->requests, m, take_answer, &found, what, why);
	if (!err)
		*ret = found;
	return err;
}
