/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/watch.h"

#include "plane/xfrm/routes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define GROUP(number) (1u << ((number)-1))

static unsigned hear_route(const struct xfrm_watch *w, const struct nlmsghdr *m)
{
	const struct nlattr *at[RTA_TABLE + 1];
	struct rtmsg r;

	if (!netlink_record(m, &r, sizeof(r)) || r.rtm_protocol != XFRM_ROUTE_PROTOCOL)
		return 0;
	netlink_attrs(m, sizeof(r), at, RTA_TABLE);
	return netlink_u32(at[RTA_TABLE]) == w->table ? WATCH_ROUTES : 0;
}

unsigned xfrm_watch_hear(struct xfrm_watch *w, const struct nlmsghdr *m)
{
	bool own = w->own_port && m->nlmsg_pid == w->own_port;

	switch (m->nlmsg_type) {
	case RTM_DELRULE:
		return own ? 0 : WATCH_ROUTES; /* whosoever: ours are looked for */
	case RTM_DELROUTE:
		return own ? 0 : hear_route(w, m);
	default:
		return xfrm_links_hear(w->links, m) ? WATCH_LINKS : 0;
	}
}

unsigned xfrm_watch_read(struct xfrm_watch *w)
{
	_Alignas(struct nlmsghdr) char octets[16384];
	unsigned heard = 0;

	for (;;) {
		ssize_t got = recv(mnl_socket_get_fd(w->nl.nl), octets, sizeof(octets),
				   MSG_DONTWAIT);
		const struct nlmsghdr *m = (const struct nlmsghdr *)octets;
		int len = (int)got;

		if (got < 0 && errno == ENOBUFS) {
			xfrm_links_doubt(w->links);
			heard |= WATCH_ROUTES | WATCH_LINKS;
		} else if (got <= 0 && errno != EINTR) {
			return heard;
		}
		for (; got > 0 && netlink_fits(m, len); m = mnl_nlmsg_next(m, &len))
			heard |= xfrm_watch_hear(w, m);
	}
}

enum cyg_err xfrm_watch_open(struct xfrm_watch *w, struct diag *why)
{
	return netlink_open(&w->nl, NETLINK_ROUTE,
			    GROUP(RTNLGRP_LINK) | GROUP(RTNLGRP_IPV4_ROUTE) |
				    GROUP(RTNLGRP_IPV6_ROUTE) | GROUP(RTNLGRP_IPV4_RULE) |
				    GROUP(RTNLGRP_IPV6_RULE),
			    why);
}

void xfrm_watch_close(struct xfrm_watch *w)
{
	netlink_close(&w->nl);
}
