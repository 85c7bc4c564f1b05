/* SPDX-License-Identifier: Apache-2.0 */
#include "net/own.h"

#include "net/netlink.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static bool own_route(const struct nlmsghdr *m)
{
	struct rtmsg info;

	return netlink_record(m, &info, sizeof(info)) && info.rtm_protocol == NET_OWN_PROTOCOL;
}

/* An attribute of one octet behind a header of `len` octets. */
static bool own_attribute(const struct nlmsghdr *m, size_t len, uint16_t type)
{
	const struct nlattr *at[FRA_PROTOCOL + 1]; /* IFA_PROTO is less */

	if (mnl_nlmsg_get_payload_len(m) < len)
		return false;
	netlink_attrs(m, len, at, FRA_PROTOCOL);
	return netlink_u8(at[type]) == NET_OWN_PROTOCOL;
}

static bool own_link(const struct nlmsghdr *m)
{
	static const char ours[] = NET_OWN_ALIAS;
	const struct nlattr *at[IFLA_IFALIAS + 1];
	const struct nlattr *alias;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(struct ifinfomsg))
		return false;
	netlink_attrs(m, sizeof(struct ifinfomsg), at, IFLA_IFALIAS);
	alias = at[IFLA_IFALIAS];
	/* The kernel ends it with an octet of zero. */
	return alias && mnl_attr_get_payload_len(alias) == sizeof(ours) &&
	       !memcmp(mnl_attr_get_payload(alias), ours, sizeof(ours));
}

bool own_record(const struct nlmsghdr *m)
{
	switch (m->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return own_route(m);
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return own_attribute(m, sizeof(struct fib_rule_hdr), FRA_PROTOCOL);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return own_attribute(m, sizeof(struct ifaddrmsg), IFA_PROTO);
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return own_link(m);
	default:
		return false;
	}
}
