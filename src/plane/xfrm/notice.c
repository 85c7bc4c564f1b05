/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/notice.h"

#include <errno.h>
#include <netinet/in.h>
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

void notice_take(const struct nlmsghdr *m, const struct notice_taker *t)
{
	switch (m->nlmsg_type) {
	case XFRM_MSG_ACQUIRE:
		take_acquire(m, t);
		break;
	case XFRM_MSG_EXPIRE:
		take_expire(m, t);
		break;
	case XFRM_MSG_MAPPING:
		take_mapping(m, t);
		break;
	}
}

bool notice_read(struct netlink *nl, const struct notice_taker *t)
{
	_Alignas(struct nlmsghdr) char octets[16384];
	bool lost = false;

	for (;;) {
		ssize_t got = recv(mnl_socket_get_fd(nl->nl), octets, sizeof(octets),
				   MSG_DONTWAIT);
		const struct nlmsghdr *m = (const struct nlmsghdr *)octets;
		int len = (int)got;

		if (got < 0 && errno == ENOBUFS)
			lost = true;
		else if (got < 0 && errno != EINTR)
			return lost;
		for (; got > 0 && netlink_fits(m, len); m = mnl_nlmsg_next(m, &len))
			notice_take(m, t);
	}
}
