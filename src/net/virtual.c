/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual links that packets of tunnels go through: xfrm interfaces and VTIs. */
#include "net/net.h"

#include "net/net_private.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The attributes of a kind's own, such as the kernel of a newer time knows them. */
#define XFRM_IF_ID 2 /* IFLA_XFRM_IF_ID */

/* What the kernel calls it: a VTI is of the family of its outer addresses. */
static const char *kind_of(const struct plane_link *l)
{
	return l->kind == LINK_XFRM ? "xfrm" : l->local.family == IP_V6 ? "vti6" : "vti";
}

static void put_vti(struct nlmsghdr *m, const struct plane_link *l)
{
	mnl_attr_put_u32(m, IFLA_VTI_IKEY, htonl(l->in_key));
	mnl_attr_put_u32(m, IFLA_VTI_OKEY, htonl(l->out_key));
	netlink_put_ip(m, IFLA_VTI_LOCAL, &l->local);
	netlink_put_ip(m, IFLA_VTI_REMOTE, &l->remote);
}

static void put_kind(struct nlmsghdr *m, const struct plane_link *l)
{
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(m, IFLA_INFO_KIND, kind_of(l));
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	if (l->kind == LINK_XFRM)
		mnl_attr_put_u32(m, XFRM_IF_ID, l->if_id);
	else
		put_vti(m, l);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

/* An alias is taken only of a link that is there. */
static enum cyg_err name_and_raise(struct net *n, const char *alias, uint32_t index,
				   struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char what[64];

	info->ifi_index = (int)index;
	info->ifi_flags = info->ifi_change = IFF_UP;
	mnl_attr_put_strz(m, IFLA_IFALIAS, alias);
	snprintf(what, sizeof(what), "set up link %u", index);
	return netlink_ask(&n->requests, m, what, why);
}

enum cyg_err net_link_change(struct net *n, const struct plane_link *l, uint32_t index,
			     struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char what[96];

	info->ifi_index = (int)index;
	put_kind(m, l);
	snprintf(what, sizeof(what), "change the %s interface %s", kind_of(l), l->name);
	return netlink_ask(&n->requests, m, what, why);
}

enum cyg_err net_link_make(struct net *n, const struct plane_link *l, const char *alias,
			   uint32_t *ret_index, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct net_virtual made;
	char what[96];
	enum cyg_err err;

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m, IFLA_IFNAME, l->name);
	put_kind(m, l);
	snprintf(what, sizeof(what), "make the %s interface %s", kind_of(l), l->name);
	err = netlink_ask(&n->requests, m, what, why);
	if (!err)
		err = net_link_find(n, l->name, &made, why);
	if (err)
		return err;
	err = name_and_raise(n, alias, made.index, why);
	if (err) {
		enum cyg_err unused = net_link_remove(n, made.index, NULL);

		(void)unused;
		return err;
	}
	*ret_index = made.index;
	return CYG_OK;
}

static void copy_str(char *to, size_t cap, const struct nlattr *a)
{
	size_t len = a ? strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a)) : 0;

	len = len < cap ? len : cap - 1;
	if (len)
		memcpy(to, mnl_attr_get_payload(a), len);
	to[len] = '\0';
}

/* The attributes inside another, as netlink_attrs. */
static void nested(const struct nlattr *in, const struct nlattr **out, uint16_t max)
{
	const struct nlattr *a;

	for (uint16_t i = 0; i <= max; i++)
		out[i] = NULL;
	if (!in)
		return;
	mnl_attr_for_each_nested(a, in) if (mnl_attr_get_type(a) <= max)
		out[mnl_attr_get_type(a)] = a;
}

static void read_kind(const struct nlattr *info, struct plane_link *ret)
{
	const struct nlattr *at[IFLA_INFO_DATA + 1], *data[IFLA_VTI_REMOTE + 1];
	char kind[16];

	nested(info, at, IFLA_INFO_DATA);
	copy_str(kind, sizeof(kind), at[IFLA_INFO_KIND]);
	nested(at[IFLA_INFO_DATA], data, IFLA_VTI_REMOTE);
	if (!strcmp(kind, "xfrm")) {
		ret->kind = LINK_XFRM;
		ret->if_id = netlink_u32(data[XFRM_IF_ID]);
	} else if (!strcmp(kind, "vti") || !strcmp(kind, "vti6")) {
		ret->kind = LINK_VTI;
		ret->in_key = ntohl(netlink_u32(data[IFLA_VTI_IKEY]));
		ret->out_key = ntohl(netlink_u32(data[IFLA_VTI_OKEY]));
		ret->local = netlink_ip(data[IFLA_VTI_LOCAL]);
		ret->remote = netlink_ip(data[IFLA_VTI_REMOTE]);
		/* The kernel tells what was not said as zeroes. */
		if (ip_equal(&ret->remote, &(struct ip_addr){.family = ret->remote.family}))
			ret->remote = (struct ip_addr){0};
	}
}

struct listing {
	void (*each)(void *ctx, const struct net_virtual *v);
	void *ctx;
};

bool link_read(const struct nlmsghdr *m, struct net_virtual *ret)
{
	const struct nlattr *at[IFLA_IFALIAS + 1];
	struct net_virtual v = {0};
	struct ifinfomsg info;

	if (m->nlmsg_type != RTM_NEWLINK || !netlink_record(m, &info, sizeof(info)))
		return false;
	netlink_attrs(m, sizeof(info), at, IFLA_IFALIAS);
	v.index = (uint32_t)info.ifi_index;
	copy_str(v.link.name, sizeof(v.link.name), at[IFLA_IFNAME]);
	copy_str(v.alias, sizeof(v.alias), at[IFLA_IFALIAS]);
	read_kind(at[IFLA_LINKINFO], &v.link);
	*ret = v;
	return true;
}

static int take_link(const struct nlmsghdr *m, void *ctx)
{
	const struct listing *to = ctx;
	struct net_virtual v;

	if (link_read(m, &v))
		to->each(to->ctx, &v);
	return MNL_CB_OK;
}

static void keep(void *ctx, const struct net_virtual *v)
{
	*(struct net_virtual *)ctx = *v;
}

enum cyg_err net_link_find(struct net *n, const char *name, struct net_virtual *ret,
			   struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETLINK, 0);
	struct net_virtual found = {0};
	struct listing to = {keep, &found};
	char what[64];
	enum cyg_err err;

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m, IFLA_IFNAME, name);
	snprintf(what, sizeof(what), "find the interface %s", name);
	err = netlink_ask_for(&n->requests, m, take_link, &to, what, why);
	if (err)
		return err;
	if (!found.index)
		return CYG_NOTFOUND;
	*ret = found;
	return CYG_OK;
}

enum cyg_err net_links_each(struct net *n, void (*each)(void *ctx, const struct net_virtual *v),
			    void *ctx, struct diag *why)
{
	struct listing to = {each, ctx};
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETLINK, 0);

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	return netlink_ask_all(&n->requests, m, &(struct netlink_dump){take_link, NULL, &to},
			       why);
}

enum cyg_err net_link_remove(struct net *n, uint32_t index, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_DELLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	char what[64];

	info->ifi_index = (int)index;
	snprintf(what, sizeof(what), "remove link %u", index);
	return netlink_ask(&n->requests, m, what, why);
}
