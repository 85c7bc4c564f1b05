/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/moved.h"

#include <string.h>

static int add_attr(const struct nlattr *a, void *ctx)
{
	struct nlmsghdr *m = ctx;
	static const uint16_t kept[] = {
		XFRMA_ALG_AEAD,       XFRMA_ALG_CRYPT, XFRMA_ALG_AUTH_TRUNC, XFRMA_TFCPAD,
		XFRMA_SA_EXTRA_FLAGS, XFRMA_ALG_COMP,  XFRMA_MARK,           XFRMA_SET_MARK,
		XFRMA_SET_MARK_MASK,  XFRMA_IF_ID,     ATTR_SA_DIR,          XFRMA_OFFLOAD_DEV,
		ATTR_SA_PCPU,
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (mnl_attr_get_type(a) == kept[i])
			mnl_attr_put(m, kept[i], mnl_attr_get_payload_len(a),
				     mnl_attr_get_payload(a));
	return MNL_CB_OK;
}

/* ---- numbers ---- */

static void go_ahead(struct xfrm_replay_state_esn *r, bool esn)
{
	uint32_t low = r->oseq + MOVED_AHEAD;
	bool over = low < r->oseq;

	if (over && esn)
		r->oseq_hi++;
	/* There are no more of them: the kernel sends nothing until it is rekeyed. */
	r->oseq = over && !esn ? UINT32_MAX : low;
}

static void put_long(struct nlmsghdr *m, const struct nlattr *a, uint8_t dir, bool esn)
{
	_Alignas(uint64_t) uint8_t octets[STATE_MAX];
	size_t len = mnl_attr_get_payload_len(a);

	if (len < sizeof(struct xfrm_replay_state_esn) || len > sizeof(octets))
		return;
	memcpy(octets, mnl_attr_get_payload(a), len);
	if (dir == SA_OUT)
		go_ahead((struct xfrm_replay_state_esn *)octets, esn);
	mnl_attr_put(m, XFRMA_REPLAY_ESN_VAL, len, octets);
}

static void put_short(struct nlmsghdr *m, const struct nlattr *a, uint8_t dir)
{
	struct xfrm_replay_state_esn numbers = {0};
	struct xfrm_replay_state r;

	if (mnl_attr_get_payload_len(a) < sizeof(r))
		return;
	memcpy(&r, mnl_attr_get_payload(a), sizeof(r));
	numbers.oseq = r.oseq;
	if (dir == SA_OUT)
		go_ahead(&numbers, false);
	r.oseq = numbers.oseq;
	mnl_attr_put(m, XFRMA_REPLAY_VAL, sizeof(r), &r);
}

static void put_numbers(struct nlmsghdr *m, struct xfrm_usersa_info *info,
			const struct nlmsghdr *state, uint8_t dir)
{
	const struct nlattr *at[XFRMA_REPLAY_ESN_VAL + 1];

	netlink_attrs(state, sizeof(*info), at, XFRMA_REPLAY_ESN_VAL);
	if (at[XFRMA_REPLAY_ESN_VAL]) {
		info->replay_window = 0; /* it is in the attribute */
		put_long(m, at[XFRMA_REPLAY_ESN_VAL], dir, info->flags & XFRM_STATE_ESN);
	} else if (at[XFRMA_REPLAY_VAL]) {
		put_short(m, at[XFRMA_REPLAY_VAL], dir);
	}
	/* The kernel passes over the record's own counters: limits are counted from these. */
	mnl_attr_put(m, XFRMA_LTIME_VAL, sizeof(info->curlft), &info->curlft);
}

/* ---- the whole ---- */

struct nlmsghdr *message_moved(struct moved_storage *storage, uint16_t type, uint16_t flags,
			       const struct nlmsghdr *state, const struct sa_ref *to)
{
	struct nlmsghdr *m = netlink_begin(&storage->request, type, flags);
	struct xfrm_usersa_info *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	bool out = to->dir == SA_OUT;

	memcpy(info, mnl_nlmsg_get_payload(state), sizeof(*info));
	info->id.daddr = xfrm_address(out ? &to->remote.addr : &to->local.addr);
	info->saddr = xfrm_address(out ? &to->local.addr : &to->remote.addr);
	info->family = netlink_family(to->local.addr.family);
	(void)mnl_attr_parse(state, sizeof(*info), add_attr, m);
	put_numbers(m, info, state, to->dir);
	if (to->encap)
		message_put_encap(m, to->dir, &to->local, &to->remote);
	return m;
}
