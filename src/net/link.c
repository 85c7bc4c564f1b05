/* SPDX-License-Identifier: Apache-2.0 */
/* Changing links: up, MTU, addresses. */
#include "net/net.h"

#include "net/net_private.h"
#include "net/own.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#define V6_MTU_MIN 1280u

/* `flags` are all that `change` names; `mtu` is 0 for one that stays. */
static enum cyg_err set_link(struct net *n, uint32_t ifindex, unsigned change, unsigned flags,
			     uint32_t mtu, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char what[64];

	info->ifi_index = (int)ifindex;
	info->ifi_change = change;
	info->ifi_flags = flags;
	if (mtu)
		mnl_attr_put_u32(m, IFLA_MTU, mtu);
	snprintf(what, sizeof(what), "set up link %u with MTU %u", ifindex, mtu);
	return netlink_ask(&n->requests, m, what, why);
}

enum cyg_err net_link_up(struct net *n, uint32_t ifindex, uint32_t mtu, struct diag *why)
{
	return set_link(n, ifindex, IFF_UP, IFF_UP, mtu, why);
}

/* A kernel without IPv6 knows no such setting, and needs none. */
static enum cyg_err make_no_addresses(struct net *n, uint32_t ifindex, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	struct nlattr *families, *v6;
	enum cyg_err err;
	char what[64];

	info->ifi_index = (int)ifindex;
	families = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	v6 = mnl_attr_nest_start(m, AF_INET6);
	mnl_attr_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(m, v6);
	mnl_attr_nest_end(m, families);
	snprintf(what, sizeof(what), "have link %u without addresses of the kernel's", ifindex);
	err = netlink_ask(&n->requests, m, what, why);
	return err == CYG_UNSUPPORTED ? CYG_OK : err;
}

static enum cyg_err name_ours(struct net *n, uint32_t ifindex, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char what[64];

	info->ifi_index = (int)ifindex;
	mnl_attr_put_strz(m, IFLA_IFALIAS, NET_OWN_ALIAS);
	snprintf(what, sizeof(what), "give link %u an alias", ifindex);
	return netlink_ask(&n->requests, m, what, why);
}

/*
 * The kernel of a router joined a group as the link was made, and would report it. It leaves
 * all of IPv6 on a link that is too narrow for it (RFC 8200 5), and begins anew when it is not.
 */
enum cyg_err net_link_hush(struct net *n, uint32_t ifindex, struct diag *why)
{
	enum cyg_err err = name_ours(n, ifindex, why);

	if (!err)
		err = set_link(n, ifindex, IFF_MULTICAST, 0, V6_MTU_MIN - 1, why);
	if (!err)
		err = set_link(n, ifindex, IFF_MULTICAST, 0, V6_MTU_MIN, why);
	return err ? err : make_no_addresses(n, ifindex, why);
}

enum cyg_err net_link_gso(struct net *n, uint32_t ifindex, uint32_t octets, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char what[64];

	info->ifi_index = (int)ifindex;
	mnl_attr_put_u32(m, IFLA_GSO_MAX_SIZE, octets);
	snprintf(what, sizeof(what), "let link %u cut up to %u octets", ifindex, octets);
	return netlink_ask(&n->requests, m, what, why);
}

enum cyg_err net_address_set(struct net *n, uint32_t ifindex, const struct ip_prefix *p,
			     bool add, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, add ? RTM_NEWADDR : RTM_DELADDR,
					   add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char text[IP_TEXT_MAX], what[128];

	info->ifa_family = netlink_family(p->addr.family);
	info->ifa_prefixlen = p->bits;
	info->ifa_index = ifindex;
	/*
	 * An address we were given is ours: no duplicate
	 * detection, which would delay its use.
	 */
	if (p->addr.family == IP_V6)
		info->ifa_flags = IFA_F_NODAD;
	netlink_put_ip(m, IFA_LOCAL, &p->addr);
	netlink_put_ip(m, IFA_ADDRESS, &p->addr);
	if (add)
		mnl_attr_put_u8(m, IFA_PROTO, NET_OWN_PROTOCOL);
	snprintf(what, sizeof(what), "%s the address %s", add ? "add" : "remove",
		 prefix_print(p, text));
	return netlink_ask(&n->requests, m, what, why);
}
