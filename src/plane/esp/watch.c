/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/watch.h"

#include "plane/esp/esp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define GROUP(number) (1u << ((number) - 1))
/* The name of the table is the first attribute of a table, a chain and a rule. */
#define NFT_OWNER 1
#define REST_SECONDS 1

static bool is_our_table(const struct watch *w, uint32_t table)
{
	return table == w->table || table == w->unsourced ||
	       (table >= w->branches && table <= w->branches_last);
}

static void hear_route(struct watch *w, const struct nlmsghdr *m)
{
	const struct nlattr *at[RTA_TABLE + 1];
	struct rtmsg r;

	if (!netlink_record(m, &r, sizeof(r)) || r.rtm_protocol != ESP_ROUTE_PROTOCOL)
		return;
	netlink_attrs(m, sizeof(r), at, RTA_TABLE);
	if (is_our_table(w, at[RTA_TABLE] ? netlink_u32(at[RTA_TABLE]) : r.rtm_table))
		w->heard |= WATCH_ROUTES;
}

static void hear_link(struct watch *w, const struct nlmsghdr *m)
{
	struct ifinfomsg i;

	if (!netlink_record(m, &i, sizeof(i)) || i.ifi_index != (int)w->ifindex ||
	    i.ifi_family != AF_UNSPEC)
		return;
	if (m->nlmsg_type == RTM_DELLINK) {
		w->heard |= WATCH_GONE;
	} else if (w->down == !!(i.ifi_flags & IFF_UP)) {
		w->down = !w->down;
		w->heard |= w->down ? WATCH_DOWN : WATCH_UP;
	}
}

void watch_hear_route(struct watch *w, const struct nlmsghdr *m)
{
	bool own = w->own_port && m->nlmsg_pid == w->own_port;

	switch (m->nlmsg_type) {
	case RTM_DELRULE:
	case RTM_NEWRULE: /* it may stand before ours */
		if (!own)
			w->heard |= WATCH_RULES; /* whosoever: ours are looked for */
		break;
	case RTM_DELROUTE:
		if (!own)
			hear_route(w, m);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		hear_link(w, m);
		break;
	default:
		break;
	}
}

/* The table itself, or one of those beside it, which are called like it and more (egress.h). */
static bool is_our_firewall(const struct watch *w, const char *name, size_t len)
{
	size_t ours = strlen(w->firewall);

	return len > ours && !memcmp(name, w->firewall, ours) &&
	       (name[ours] == '_' || (!name[ours] && len == ours + 1));
}

void watch_hear_filter(struct watch *w, const struct nlmsghdr *m)
{
	const struct nlattr *at[NFT_OWNER + 1];
	const char *name;

	if (w->own_filter && m->nlmsg_pid == w->own_filter)
		return;
	switch (m->nlmsg_type & 0xff) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
		break;
	default:
		return;
	}
	netlink_attrs(m, sizeof(struct nfgenmsg), at, NFT_OWNER);
	if (!at[NFT_OWNER])
		return;
	name = mnl_attr_get_payload(at[NFT_OWNER]);
	if (is_our_firewall(w, name, mnl_attr_get_payload_len(at[NFT_OWNER])))
		w->heard |= WATCH_FIREWALL;
}

static int each_route(const struct nlmsghdr *m, void *watch)
{
	watch_hear_route(watch, m);
	return MNL_CB_OK;
}

static int each_filter(const struct nlmsghdr *m, void *watch)
{
	watch_hear_filter(watch, m);
	return MNL_CB_OK;
}

/* All that waits on a socket; `lost` is what may be amiss when the kernel could not tell all. */
static void read_all(const struct netlink *from, mnl_cb_t each, struct watch *w, unsigned lost)
{
	_Alignas(struct nlmsghdr) char octets[16384];

	while (from->nl) {
		ssize_t len = recv(mnl_socket_get_fd(from->nl), octets, sizeof(octets),
				   MSG_DONTWAIT);

		if (len > 0)
			(void)mnl_cb_run(octets, (size_t)len, 0, 0, each, w);
		else if (len < 0 && errno == ENOBUFS)
			w->heard |= lost;
		else if (len == 0 || errno != EINTR)
			return;
	}
}

static void rest(struct watch *w)
{
	const struct itimerspec second = {.it_value.tv_sec = REST_SECONDS};

	/* Without a timer each is told at once. */
	w->resting = !timerfd_settime(w->timer, 0, &second, NULL);
}

unsigned watch_read(struct watch *w)
{
	unsigned heard;
	uint64_t ends;

	read_all(&w->route, each_route, w, WATCH_RULES | WATCH_ROUTES);
	read_all(&w->filter, each_filter, w, WATCH_FIREWALL);
	if (read(w->timer, &ends, sizeof(ends)) == sizeof(ends))
		w->resting = false;
	if (w->resting || !w->heard)
		return 0;
	heard = w->heard;
	w->heard = 0;
	rest(w);
	return heard;
}

void watch_again(struct watch *w, unsigned what)
{
	w->heard |= what;
}

void watch_own_firewall(struct watch *w, uint32_t port)
{
	/* The kernel sends what one socket has asked for in messages of their own. */
	struct sock_filter rows[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {sizeof(rows) / sizeof(rows[0]), rows};

	/* Where it can't be attached, what comes is known by its port. */
	w->own_filter = port;
	if (w->filter.nl)
		setsockopt(mnl_socket_get_fd(w->filter.nl), SOL_SOCKET, SO_ATTACH_FILTER,
			   &program, sizeof(program));
}

static bool poll_for(const struct watch *w, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return !epoll_ctl(w->poll, EPOLL_CTL_ADD, fd, &ev);
}

static bool poll_all(struct watch *w, int wake)
{
	w->poll = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return w->poll >= 0 && w->timer >= 0 && poll_for(w, wake) && poll_for(w, w->timer) &&
	       poll_for(w, mnl_socket_get_fd(w->route.nl)) &&
	       (!w->filter.nl || poll_for(w, mnl_socket_get_fd(w->filter.nl)));
}

enum cyg_err watch_open(struct watch *w, int wake, struct diag *why)
{
	unsigned routes = GROUP(RTNLGRP_LINK) | GROUP(RTNLGRP_IPV4_ROUTE) |
			  GROUP(RTNLGRP_IPV6_ROUTE) | GROUP(RTNLGRP_IPV4_RULE) |
			  GROUP(RTNLGRP_IPV6_RULE);
	enum cyg_err err = netlink_open(&w->route, NETLINK_ROUTE, routes, why);

	if (!err && *w->firewall)
		err = netlink_open(&w->filter, NETLINK_NETFILTER, GROUP(NFNLGRP_NFTABLES), why);
	/* Without nf_tables there is no firewall to lose. */
	if (err == CYG_UNSUPPORTED && w->route.nl)
		err = CYG_OK;
	if (!err && !poll_all(w, wake))
		err = CYG_IO;
	return err;
}

void watch_close(struct watch *w)
{
	netlink_close(&w->route);
	netlink_close(&w->filter);
	if (w->poll >= 0)
		close(w->poll);
	if (w->timer >= 0)
		close(w->timer);
	w->poll = w->timer = -1;
}
