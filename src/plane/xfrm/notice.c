/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/notice.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* A packet met a policy for which there is no state (RFC 4301 5.1). */
static void take_acquire(const struct nlmsghdr *m, const struct notice_taker *t)
{
	struct event ev = {.kind = EV_ACQUIRE};
	struct xfrm_user_acquire a;
	struct packet_scope scope;
	struct xfrm_pair pair;

	if (!netlink_record(m, &a, sizeof(a)) ||
	    !message_pair_of(&a.policy.sel, XFRM_POLICY_OUT, &pair))
		return;
	scope = message_scope_of(m, sizeof(a));
	ev.acquire.policy_id = xfrm_spd_owner(t->spd, &pair, XFRM_POLICY_OUT, &scope);
	ev.acquire.processor = message_processor_of(m, sizeof(a));
	message_flow_of(&a.sel, &ev.acquire.local, &ev.acquire.remote);
	if (ev.acquire.policy_id)
		t->host->event(t->host->ctx, &ev);
}

struct event notice_event(enum event_kind kind, const struct xfrm_sa *sa)
{
	return (struct event){
		.kind = (uint8_t)kind,
		.sa = {.dir = sa->dir,
		       .protocol = sa->protocol,
		       .spi = sa->spi,
		       .remote = sa->remote},
	};
}

static void take_expire(const struct nlmsghdr *m, const struct notice_taker *t)
{
	struct xfrm_user_expire e;
	struct packet_scope scope;
	const struct xfrm_sa *sa;
	struct event ev;

	if (!netlink_record(m, &e, sizeof(e)))
		return;
	scope = message_scope_of(m, sizeof(e));
	sa = xfrm_sad_find(t->sad, &e.state.id, e.state.family, &scope.mark);
	if (!sa)
		return;
	ev = notice_event(EV_EXPIRE, sa);
	ev.sa.hard = e.hard;
	t->host->event(t->host->ctx, &ev);
}

/* Good ESP in UDP of an SA came from another address or port (RFC 7296 2.23). */
static void take_mapping(const struct nlmsghdr *m, const struct notice_taker *t)
{
	struct xfrm_user_mapping p;
	const struct xfrm_sa *sa;
	struct event ev;

	if (!netlink_record(m, &p, sizeof(p)))
		return;
	sa = xfrm_sad_find(t->sad, &(struct xfrm_id){p.id.daddr, p.id.spi, p.id.proto},
			   p.id.family, NULL);
	if (!sa || sa->dir != SA_IN)
		return;
	ev = notice_event(EV_MOVED, sa);
	ev.sa.remote.addr = xfrm_ip(&p.new_saddr, p.id.family);
	ev.sa.remote.port = ntohs(p.new_sport);
	t->host->event(t->host->ctx, &ev);
}

/* ---- what goes from the tables ---- */

static unsigned take_state_gone(const struct nlmsghdr *m, const struct notice_taker *t)
{
	struct packet_scope scope;
	struct xfrm_usersa_id id;

	if (!netlink_record(m, &id, sizeof(id)))
		return 0;
	scope = message_scope_of(m, sizeof(id));
	return xfrm_sad_find(t->sad, &(struct xfrm_id){id.daddr, id.spi, id.proto}, id.family,
			     &scope.mark)
		       ? NOTICE_STATES
		       : 0;
}

/* One that was named by its index is told of with its selector in an attribute. */
static unsigned take_policy_gone(const struct nlmsghdr *m, const struct notice_taker *t)
{
	const struct nlattr *at[XFRMA_POLICY + 1];
	struct xfrm_userpolicy_info info;
	struct xfrm_userpolicy_id id;
	struct packet_scope scope;
	struct xfrm_pair pair;

	if (!netlink_record(m, &id, sizeof(id)))
		return 0;
	netlink_attrs(m, sizeof(id), at, XFRMA_POLICY);
	if (at[XFRMA_POLICY] && mnl_attr_get_payload_len(at[XFRMA_POLICY]) >= sizeof(info)) {
		memcpy(&info, mnl_attr_get_payload(at[XFRMA_POLICY]), sizeof(info));
		id.sel = info.sel;
	}
	if (!message_pair_of(&id.sel, id.dir, &pair))
		return 0;
	scope = message_scope_of(m, sizeof(id));
	return xfrm_spd_owner(t->spd, &pair, id.dir, &scope) ? NOTICE_POLICIES : 0;
}

static unsigned take_removal(const struct nlmsghdr *m, const struct notice_taker *t)
{
	if (t->own_port && m->nlmsg_pid == t->own_port)
		return 0;
	switch (m->nlmsg_type) {
	case XFRM_MSG_DELSA:
		return take_state_gone(m, t);
	case XFRM_MSG_FLUSHSA:
		return NOTICE_STATES;
	case XFRM_MSG_DELPOLICY:
		return take_policy_gone(m, t);
	case XFRM_MSG_FLUSHPOLICY:
		return NOTICE_POLICIES;
	default:
		return 0;
	}
}

unsigned notice_take(const struct nlmsghdr *m, const struct notice_taker *t)
{
	switch (m->nlmsg_type) {
	case XFRM_MSG_ACQUIRE:
		take_acquire(m, t);
		return 0;
	case XFRM_MSG_EXPIRE:
		take_expire(m, t);
		return 0;
	case XFRM_MSG_MAPPING:
		take_mapping(m, t);
		return 0;
	default:
		return take_removal(m, t);
	}
}

void notice_spare(const struct netlink *nl, uint32_t own_port)
{
	/* The number is compared as it lies there, in the order of this machine. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog all = {sizeof(code) / sizeof(code[0]), code};

	(void)setsockopt(mnl_socket_get_fd(nl->nl), SOL_SOCKET, SO_ATTACH_FILTER, &all,
			 sizeof(all));
}

unsigned notice_read(struct netlink *nl, const struct notice_taker *t)
{
	_Alignas(struct nlmsghdr) char octets[16384];
	unsigned seen = 0;

	for (;;) {
		ssize_t got = recv(mnl_socket_get_fd(nl->nl), octets, sizeof(octets),
				   MSG_DONTWAIT);
		const struct nlmsghdr *m = (const struct nlmsghdr *)octets;
		int len = (int)got;

		if (got < 0 && errno == ENOBUFS)
			seen |= NOTICE_LOST;
		else if (got < 0 && errno != EINTR)
			return seen;
		for (; got > 0 && netlink_fits(m, len); m = mnl_nlmsg_next(m, &len))
			seen |= notice_take(m, t);
	}
}
