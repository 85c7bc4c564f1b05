/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables a packet to anywhere is looked up in, by the rules that hold for every
 * packet. A rule with a condition (a mark, an interface, a source ...) says nothing of
 * packets in general and is passed over, and so is one of our own.
 */
#include "net/tables.h"

#include "net/own.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define NO_SUPPRESSION UINT32_MAX

/* Attributes that make a rule hold for some packets only. */
static const uint16_t conditions[] = {
	FRA_DST,    FRA_SRC,       FRA_IIFNAME,  FRA_OIFNAME,     FRA_FWMARK,      FRA_FWMASK,
	FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_TUN_ID,
};

#define CONDITIONS_LEN (sizeof(conditions) / sizeof(conditions[0]))

static bool is_for_all(const struct fib_rule_hdr *rule, const struct nlattr *const *at)
{
	if (rule->action != FR_ACT_TO_TBL || rule->src_len || rule->dst_len || rule->tos ||
	    rule->flags & FIB_RULE_INVERT)
		return false;
	for (size_t i = 0; i < CONDITIONS_LEN; i++) {
		const struct nlattr *a = at[conditions[i]];
		bool is_zero_mask = conditions[i] == FRA_FWMASK && a && !netlink_u32(a);

		if (a && !is_zero_mask)
			return false;
	}
	/* "suppress_prefixlength 0" leaves out default routes, and any other value those too. */
	return !at[FRA_SUPPRESS_PREFIXLEN] ||
	       netlink_u32(at[FRA_SUPPRESS_PREFIXLEN]) == NO_SUPPRESSION;
}

int tables_take(const struct nlmsghdr *m, void *ctx)
{
	struct route_tables *t = ctx;
	const struct nlattr *at[FRA_DPORT_RANGE + 1];
	struct fib_rule_hdr rule;
	uint32_t table;

	if (m->nlmsg_type != RTM_NEWRULE || !netlink_record(m, &rule, sizeof(rule)) ||
	    own_record(m))
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(rule), at, FRA_DPORT_RANGE);
	if (!is_for_all(&rule, at))
		return MNL_CB_OK;
	table = at[FRA_TABLE] ? netlink_u32(at[FRA_TABLE]) : rule.table;
	if (table != RT_TABLE_LOCAL && t->len < ROUTE_TABLES_MAX)
		t->ids[t->len++] = table;
	return MNL_CB_OK;
}

static void restart(void *ctx)
{
	((struct route_tables *)ctx)->len = 0;
}

enum cyg_err route_tables_read(struct netlink *r, enum ip_family family,
			       struct route_tables *ret, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, RTM_GETRULE, 0);
	struct fib_rule_hdr *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	struct route_tables t = {0};
	enum cyg_err err;

	info->family = netlink_family(family);
	err = netlink_ask_all(r, m, &(struct netlink_dump){tables_take, restart, &t}, why);
	if (err == CYG_UNSUPPORTED) /* a kernel without policy routing has one table */
		t = (struct route_tables){.ids = {RT_TABLE_MAIN}, .len = 1};
	else if (err)
		return err;
	*ret = t;
	return CYG_OK;
}
