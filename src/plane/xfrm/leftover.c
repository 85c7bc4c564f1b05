/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/leftover.h"

#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>

#define REQID_FIRST 16384
#define REQID_LAST (REQID_FIRST + (4 << 20))

/* What is to go, as the requests that remove it. */
struct doomed {
	struct xfrm_usersa_id *sas;
	struct xfrm_userpolicy_id *policies;
	size_t sas_len, policies_len;
};

static bool is_ours(uint32_t reqid)
{
	return reqid >= REQID_FIRST && reqid < REQID_LAST;
}

static int doom_sa(const struct nlmsghdr *m, void *ctx)
{
	const struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(m);
	struct xfrm_usersa_id *bigger;
	struct doomed *d = ctx;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(*info) || !is_ours(info->reqid))
		return MNL_CB_OK;
	bigger = reallocarray(d->sas, d->sas_len + 1, sizeof(*bigger));
	if (!bigger)
		return MNL_CB_ERROR;
	d->sas = bigger;
	bigger[d->sas_len++] = (struct xfrm_usersa_id){
		.daddr = info->id.daddr,
		.spi = info->id.spi,
		.family = info->family,
		.proto = info->id.proto,
	};
	return MNL_CB_OK;
}

/* Whether the first transformation that a policy asks for is by a state of ours. */
static bool wants_ours(const struct nlmsghdr *m)
{
	const struct nlattr *at[XFRMA_TMPL + 1];
	const struct xfrm_user_tmpl *t;

	netlink_attrs(m, sizeof(struct xfrm_userpolicy_info), at, XFRMA_TMPL);
	if (!at[XFRMA_TMPL] || mnl_attr_get_payload_len(at[XFRMA_TMPL]) < sizeof(*t))
		return false;
	t = mnl_attr_get_payload(at[XFRMA_TMPL]);
	return is_ours(t->reqid);
}

static int doom_policy(const struct nlmsghdr *m, void *ctx)
{
	const struct xfrm_userpolicy_info *info = mnl_nlmsg_get_payload(m);
	struct xfrm_userpolicy_id *bigger;
	struct doomed *d = ctx;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(*info) || !wants_ours(m))
		return MNL_CB_OK;
	bigger = reallocarray(d->policies, d->policies_len + 1, sizeof(*bigger));
	if (!bigger)
		return MNL_CB_ERROR;
	d->policies = bigger;
	bigger[d->policies_len++] = (struct xfrm_userpolicy_id){
		.index = info->index,
		.dir = info->dir,
	};
	return MNL_CB_OK;
}

static void spare_sas(void *ctx)
{
	((struct doomed *)ctx)->sas_len = 0;
}

static void spare_policies(void *ctx)
{
	((struct doomed *)ctx)->policies_len = 0;
}

static void remove_one(struct netlink *nl, uint16_t type, const void *id, size_t len)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, type, 0);
	enum cyg_err unused;

	memcpy(mnl_nlmsg_put_extra_header(m, len), id, len);
	/* What has gone meanwhile need not be removed. */
	unused = netlink_ask(nl, m, "remove what a predecessor left", NULL);
	(void)unused;
}

static void remove_all(struct netlink *nl, const struct doomed *d)
{
	for (size_t i = 0; i < d->sas_len; i++)
		remove_one(nl, XFRM_MSG_DELSA, &d->sas[i], sizeof(d->sas[i]));
	for (size_t i = 0; i < d->policies_len; i++)
		remove_one(nl, XFRM_MSG_DELPOLICY, &d->policies[i], sizeof(d->policies[i]));
}

static enum cyg_err list(struct netlink *nl, uint16_t type, const struct netlink_dump *dump,
			 struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, type, 0);

	return netlink_ask_all(nl, m, dump, why);
}

enum cyg_err leftover_remove(struct netlink *nl, unsigned *ret_found, struct diag *why)
{
	struct doomed d = {0};
	enum cyg_err err = list(nl, XFRM_MSG_GETSA,
				&(struct netlink_dump){doom_sa, spare_sas, &d}, why);

	if (!err)
		err = list(nl, XFRM_MSG_GETPOLICY,
			   &(struct netlink_dump){doom_policy, spare_policies, &d}, why);
	if (!err) {
		remove_all(nl, &d);
		*ret_found = (unsigned)(d.sas_len + d.policies_len);
	}
	free(d.sas);
	free(d.policies);
	return err;
}
