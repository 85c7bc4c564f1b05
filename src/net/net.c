/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearing of changes. A notice is only a reason to ask the kernel anew: the
 * view is always one whole listing and never patched together, so that lost
 * or reordered notices cannot make it wrong.
 */
#include "net/net.h"

#include "net/net_private.h"
#include "net/own.h"
#include "net/snapshot.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CHANGES_BUFFER (1024 * 1024)
#define RTMGRP_IPV6_RULE (1u << (RTNLGRP_IPV6_RULE - 1))

static enum cyg_err open_sockets(struct net *n, struct diag *why)
{
	unsigned groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
			  RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE |
			  RTMGRP_IPV6_RULE;
	int size = CHANGES_BUFFER;
	enum cyg_err err = netlink_open(&n->requests, NETLINK_ROUTE, 0, why);

	if (!err)
		err = netlink_open(&n->changes, NETLINK_ROUTE, groups, why);
	if (err)
		return err;
	/* A larger buffer is welcome, not needed: overruns are noticed. */
	(void)setsockopt(mnl_socket_get_fd(n->changes.nl), SOL_SOCKET, SO_RCVBUFFORCE, &size,
			 sizeof(size));
	return CYG_OK;
}

enum cyg_err net_open(struct net **ret, struct diag *why)
{
	struct net *n = calloc(1, sizeof(*n));
	enum cyg_err err;

	if (!n)
		return CYG_NOMEM;
	err = open_sockets(n, why);
	if (!err)
		err = snapshot_read(&n->requests, &n->now, why);
	if (err) {
		net_close(n);
		return err;
	}
	*ret = n;
	return CYG_OK;
}

void net_close(struct net *n)
{
	if (!n)
		return;
	netlink_close(&n->requests);
	netlink_close(&n->changes);
	snapshot_done(&n->now);
	free(n);
}

int net_fd(const struct net *n)
{
	return mnl_socket_get_fd(n->changes.nl);
}

uint32_t net_port(const struct net *n)
{
	return netlink_port(&n->requests);
}

/* Of routes, only default routes matter to the view, and nothing of our own but links. */
static int note_change(const struct nlmsghdr *m, void *ctx)
{
	struct net *n = ctx;
	const struct rtmsg *route = mnl_nlmsg_get_payload(m);

	if (m->nlmsg_type != RTM_NEWLINK && m->nlmsg_type != RTM_DELLINK && own_record(m))
		return MNL_CB_OK;
	if (m->nlmsg_type != RTM_NEWROUTE && m->nlmsg_type != RTM_DELROUTE)
		n->stale = true;
	else if (mnl_nlmsg_get_payload_len(m) >= sizeof(*route) && !route->rtm_dst_len)
		n->stale = true;
	return MNL_CB_OK;
}

static void read_notices(struct net *n)
{
	_Alignas(struct nlmsghdr) char octets[16384];

	for (;;) {
		ssize_t len = recv(net_fd(n), octets, sizeof(octets), MSG_DONTWAIT);

		if (len > 0)
			(void)mnl_cb_run(octets, (size_t)len, 0, 0, note_change, n);
		else if (len < 0 && errno == ENOBUFS)
			n->stale = true; /* some were lost */
		else if (len == 0 || errno != EINTR)
			return;
	}
}

enum cyg_err net_read(struct net *n, bool *ret_changed)
{
	struct snapshot fresh;
	enum cyg_err err;

	read_notices(n);
	if (!n->stale) {
		*ret_changed = false;
		return CYG_OK;
	}
	err = snapshot_read(&n->requests, &fresh, NULL);
	if (err)
		return err;
	*ret_changed = !snapshot_same(&n->now, &fresh);
	snapshot_done(&n->now);
	n->now = fresh;
	n->stale = false;
	return CYG_OK;
}

const struct host_view *net_view(const struct net *n)
{
	return &n->now.view;
}

bool net_link_of(const struct net *n, const struct ip_addr *a, struct net_link *ret)
{
	for (size_t i = 0; i < n->now.entries_len; i++) {
		const struct snapshot_entry *e = &n->now.entries[i];
		const struct snapshot_link *l = snapshot_link(&n->now, e->ifindex);

		if (l && ip_equal(&e->shown.addr, a)) {
			*ret = l->link;
			return true;
		}
	}
	return false;
}

uint32_t net_mtu_max(const struct net *n)
{
	uint32_t max = 0;

	for (size_t i = 0; i < n->now.links_len; i++) {
		const struct snapshot_link *l = &n->now.links[i];

		if (l->up && !l->link.loopback && !l->own && l->link.mtu > max)
			max = l->link.mtu;
	}
	return max;
}
