/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/overrun.h"

#include "base/array.h"

#include <netinet/in.h>
#include <stdlib.h>

/* What was missed. It is told once all is listed: who hears of it changes the tables. */
struct missed {
	struct event *all;
	size_t len, cap, gone;
	struct xfrm_sad *sad;
	const struct notice_taker *t;
};

static bool add(struct missed *m, const struct event *ev)
{
	struct event *bigger = array_grow(m->all, m->len, &m->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	m->all = bigger;
	m->all[m->len++] = *ev;
	return true;
}

static bool is_reached(uint64_t count, uint64_t limit)
{
	return limit && limit != XFRM_INF && count >= limit;
}

static bool is_worn(const struct xfrm_usersa_info *info)
{
	return is_reached(info->curlft.bytes, info->lft.soft_byte_limit) ||
	       is_reached(info->curlft.packets, info->lft.soft_packet_limit);
}

/* A packet waits for a state that some policy of ours asks for. */
static bool take_larval(struct missed *m, const struct nlmsghdr *msg,
			const struct xfrm_usersa_info *info)
{
	struct event ev = {.kind = EV_ACQUIRE};

	ev.acquire.policy_id = xfrm_spd_of_reqid(m->t->spd, info->reqid);
	if (!ev.acquire.policy_id)
		return true;
	ev.acquire.processor = message_processor_of(msg, sizeof(*info));
	message_flow_of(&info->sel, &ev.acquire.local, &ev.acquire.remote);
	return add(m, &ev);
}

static int take_state(const struct nlmsghdr *msg, void *ctx)
{
	struct missed *m = ctx;
	struct xfrm_usersa_info info;
	const struct xfrm_sa *sa;
	struct packet_scope scope;
	struct event ev;

	if (msg->nlmsg_type != XFRM_MSG_NEWSA || !netlink_record(msg, &info, sizeof(info)))
		return MNL_CB_OK;
	if (!info.id.spi)
		return take_larval(m, msg, &info) ? MNL_CB_OK : MNL_CB_ERROR;
	scope = message_scope_of(msg, sizeof(info));
	sa = xfrm_sad_find(m->sad, &info.id, info.family, &scope.mark);
	if (!sa)
		return MNL_CB_OK;
	xfrm_sad_mark(m->sad, sa);
	if (!is_worn(&info))
		return MNL_CB_OK;
	ev = notice_event(EV_EXPIRE, sa);
	return add(m, &ev) ? MNL_CB_OK : MNL_CB_ERROR;
}

static void restart(void *ctx)
{
	struct missed *m = ctx;

	m->len = 0;
	xfrm_sad_unmark(m->sad);
}

/* One of ours that the kernel has no longer came to its hard limit, or is as good as that. */
static bool take_gone(void *ctx, const struct xfrm_sa *sa)
{
	struct missed *m = ctx;
	struct event ev = notice_event(EV_EXPIRE, sa);

	ev.sa.hard = true;
	m->gone++;
	return add(m, &ev);
}

enum cyg_err overrun_recover(struct netlink *nl, struct xfrm_sad *sad,
			     const struct notice_taker *t, size_t *ret_gone, struct diag *why)
{
	struct missed m = {.sad = sad, .t = t};
	const struct netlink_dump dump = {take_state, restart, &m};
	struct netlink_request storage;
	enum cyg_err err = netlink_ask_all(nl, netlink_begin(&storage, XFRM_MSG_GETSA, 0),
					   &dump, why);

	if (!err && !xfrm_sad_each_unmarked(sad, take_gone, &m))
		err = CYG_NOMEM;
	for (size_t i = 0; !err && i < m.len; i++)
		t->host->event(t->host->ctx, &m.all[i]);
	if (!err)
		*ret_gone = m.gone;
	free(m.all);
	return err;
}
