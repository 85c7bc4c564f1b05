/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/xfrm.h"

#include "base/secret.h"
#include "net/setting.h"
#include "plane/xfrm/leftover.h"
#include "plane/xfrm/links.h"
#include "plane/xfrm/lock.h"
#include "plane/xfrm/notice.h"
#include "plane/xfrm/overrun.h"
#include "plane/xfrm/passes.h"
#include "plane/xfrm/probe.h"
#include "plane/xfrm/rest.h"
#include "plane/xfrm/routes.h"
#include "plane/xfrm/sad.h"
#include "plane/xfrm/spd.h"
#include "plane/xfrm/watch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLAY_WINDOW_MAX 4096 /* packets; the kernel's own limit */

struct xfrm_plane {
	struct plane plane; /* first */
	struct netlink requests, notices;
	struct xfrm_kernel kernel;
	struct xfrm_sad *sad;
	struct xfrm_spd *spd;
	struct xfrm_routes *routes;
	struct xfrm_left left; /* of an earlier run, until xfrm_settled */
	struct xfrm_watch watch;
	unsigned due; /* NOTICE_* and WATCH_*, to be looked at once the rest is over */
	bool mending; /* it failed, and somebody was told */
	bool handed_over;
	struct rest rest;
	int lock, poll; /* what the loop waits for: notices, who asks for the lock, the rest */
	struct xfrm_passes *passes;
	struct xfrm_links *links;
	struct net *net;
};

static struct xfrm_plane *self(struct plane *p)
{
	return (struct xfrm_plane *)p;
}

static const struct xfrm_plane *const_self(const struct plane *p)
{
	return (const struct xfrm_plane *)p;
}

/* ---- requests ---- */

/* ---- SAs, with the devices that may encrypt for them ---- */

/* *why may hold what the kernel says; *got of it stays. */
static enum cyg_err refuse_device(const char *device, bool packets, struct diag *why)
{
	char got[sizeof(why->got)];

	memcpy(got, why->got, sizeof(got));
	diag_set(why, "no-offload", NULL, "%s does not %s", device,
		 packets ? "do all that ESP is to whole packets" : "encrypt ESP");
	diag_wanted(why,
		    packets ? "Linux 6.2 or newer, and a device whose driver takes states and "
			      "policies of its own"
			    : "a device with esp-hw-offload, as ethtool -k shows it");
	if (*got)
		diag_got(why, "%s", got);
	diag_hint(why, packets ? "write nic-offload=crypto, auto or no"
			       : "write nic-offload=auto, or no");
	return CYG_UNSUPPORTED;
}

static bool is_devices_fault(enum cyg_err err)
{
	return err && err != CYG_EXISTS && err != CYG_NOMEM;
}

/* A kernel whose device can't do it takes the state all the same, and says nothing. */
static enum cyg_err check_offloaded(struct xfrm_plane *x, const struct plane_sa *sa,
				    const char *device, struct diag *why)
{
	const struct sa_ref ref = {
		.dir = sa->dir,
		.protocol = sa->protocol,
		.spi = sa->spi,
		.reqid = sa->reqid,
		.local = sa->local,
		.remote = sa->remote,
	};
	enum cyg_err unused;

	if (sa->device && xfrm_sad_is_offloaded(x->sad, &ref))
		return CYG_OK;
	unused = xfrm_sad_remove(x->sad, &ref);
	(void)unused;
	return refuse_device(device, sa->offload == OFFLOAD_PACKETS, why);
}

static enum cyg_err install(struct xfrm_plane *x, const struct plane_sa *sa, struct diag *why)
{
	struct net_link link = {.name = "the device"};
	bool packets = sa->offload == OFFLOAD_PACKETS;
	struct plane_sa with;
	enum cyg_err err;

	if (sa->offload == OFFLOAD_NO)
		return xfrm_sad_add(x->sad, sa, why);
	with = *sa;
	if (net_link_of(x->net, &sa->local.addr, &link))
		with.device = link.index;
	err = xfrm_sad_add(x->sad, &with, why);
	if (err && err != CYG_EXISTS && sa->offload == OFFLOAD_AUTO) {
		diag_clear(why);
		err = xfrm_sad_add(x->sad, sa, why);
	} else if (is_devices_fault(err)) {
		err = refuse_device(link.name, packets, why);
	} else if (!err && (packets || sa->offload == OFFLOAD_YES)) {
		err = check_offloaded(x, &with, link.name, why);
	}
	secret_wipe(&with, sizeof(with));
	return err;
}

/* The kernel finds a state by the addresses that its policies say. */
static enum cyg_err move(struct xfrm_plane *x, const struct sa_ref *ref, struct diag *why)
{
	enum cyg_err err = xfrm_sad_move(x->sad, ref, why);

	if (!err)
		return xfrm_spd_move(x->spd, ref->reqid, &ref->local.addr, &ref->remote.addr,
				     why);
	/* One that went and could not come is missed, and begins anew. */
	x->due |= NOTICE_LOST;
	rest_begin(&x->rest);
	return err;
}

/* ---- policies and routes, with their interfaces ---- */

/* One that protects, where a device is to do it, is the device's, too; a trap is the kernel's. */
static enum cyg_err set_entry(struct xfrm_plane *x, const struct plane_policy *p,
			      struct diag *why)
{
	struct net_link link = {.name = "the device"};
	struct plane_policy with = *p;
	enum cyg_err err;

	if (p->offload != OFFLOAD_PACKETS || p->kind != POLICY_PROTECT)
		return xfrm_spd_set(x->spd, p, why);
	if (!net_link_of(x->net, &p->local.addr, &link))
		return refuse_device(link.name, true, why);
	with.device = link.index;
	err = xfrm_spd_set(x->spd, &with, why);
	return is_devices_fault(err) && err != CYG_CONFLICT && err != CYG_LIMIT
		       ? refuse_device(link.name, true, why)
		       : err;
}

/*
 * What is on our side of a tunnel takes the host's own way, also where a network of the tunnel's
 * holds it, such as 0.0.0.0/0: else answers would take the tunnel's.
 */
#define INSIDE UINT32_C(0x40000000) /* set in the id of what passes for such a policy's sake */

static bool is_held(const struct ts_set *remote, const struct ip_range *range)
{
	for (size_t i = 0; i < remote->len; i++)
		if (range_contains(&remote->items[i].range, range) &&
		    !range_equal(&remote->items[i].range, range))
			return true;
	return false;
}

static enum cyg_err keep_inside(struct xfrm_plane *x, const struct plane_policy *p,
				struct diag *why)
{
	bool routes = p->kind == POLICY_PROTECT || p->kind == POLICY_TRAP ||
		      p->kind == POLICY_HOLD;
	struct plane_policy inside = {.id = p->id | INSIDE, .kind = POLICY_PASS};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; routes && !err && i < p->ts_local.len; i++)
		if (is_held(&p->ts_remote, &p->ts_local.items[i].range))
			err = ts_set_add(&inside.ts_remote, &p->ts_local.items[i]);
	if (!err)
		err = xfrm_passes_set(x->passes, &inside, why);
	ts_set_done(&inside.ts_remote);
	return err;
}

static enum cyg_err set_policy(struct xfrm_plane *x, const struct plane_policy *p,
			       struct diag *why)
{
	enum cyg_err err = xfrm_links_use(x->links, p->id, &p->link, why);

	if (err)
		return err;
	err = set_entry(x, p, why);
	if (err && !xfrm_spd_has(x->spd, p->id))
		xfrm_links_leave(x->links, p->id);
	if (!err)
		err = xfrm_passes_set(x->passes, p, why);
	return err ? err : keep_inside(x, p, why);
}

static enum cyg_err remove_policy(struct xfrm_plane *x, uint32_t id)
{
	enum cyg_err err = xfrm_spd_remove(x->spd, id);

	xfrm_passes_remove(x->passes, id);
	xfrm_passes_remove(x->passes, id | INSIDE);
	xfrm_links_leave(x->links, id);
	return err;
}

/*
 * ESP and IKE for the peer take the host's own way, also when its address is in a network that
 * goes through the interface: else they would come back to it.
 */
#define AROUND UINT32_C(0x80000000) /* set in the id of what passes for a route's sake */

static enum cyg_err pass_around(struct xfrm_plane *x, const struct plane_route *r,
				struct diag *why)
{
	struct ts peer = {.range = {r->remote, r->remote}, .port_last = UINT16_MAX};
	struct plane_policy around = {
		.id = r->id | AROUND,
		.kind = POLICY_PASS,
		.ts_remote = {&peer, 1},
	};

	if (!*r->link || !prefix_contains(&r->destination, &r->remote)) {
		xfrm_passes_remove(x->passes, around.id);
		return CYG_OK;
	}
	if (r->destination.bits < ip_bits(&r->remote))
		return xfrm_passes_set(x->passes, &around, why);
	diag_set(why, "link-peer", NULL,
		 "what is sent to the peer itself can't go through %s: its ESP would, too",
		 r->link);
	diag_hint(why,
		  "write the networks behind it as its subnet=, or leave the interface out");
	return CYG_UNSUPPORTED;
}

static enum cyg_err set_route(struct xfrm_plane *x, const struct plane_route *r,
			      struct diag *why)
{
	uint32_t ifindex = *r->link ? xfrm_links_index(x->links, r->link) : 0;
	enum cyg_err err;

	if (*r->link && !ifindex) {
		diag_set(why, "link-unknown", NULL, "the interface %s is not there", r->link);
		return CYG_NOTFOUND;
	}
	err = pass_around(x, r, why);
	return err ? err : xfrm_routes_set(x->routes, r, ifindex, why);
}

static enum cyg_err remove_route(struct xfrm_plane *x, uint32_t id)
{
	xfrm_passes_remove(x->passes, id | AROUND);
	return xfrm_routes_remove(x->routes, id);
}

static enum cyg_err carry_out(struct xfrm_plane *x, const struct action *a, struct answer *n,
			      struct diag *why)
{
	enum cyg_err err;

	switch ((enum action_kind)a->kind) {
	case ACT_SA_INSTALL:
		err = install(x, a->sa, why);
		n->sa.spi_taken = err == CYG_EXISTS && a->sa->dir == SA_IN;
		return err;
	case ACT_SA_REMOVE:
		return xfrm_sad_remove(x->sad, &a->sa_ref);
	case ACT_SA_UPDATE:
		return move(x, &a->sa_ref, why);
	case ACT_SA_QUERY:
		return xfrm_sad_query(x->sad, &a->sa_ref, &n->counters);
	case ACT_POLICY_SET:
		return set_policy(x, a->policy, why);
	case ACT_POLICY_REMOVE:
		return remove_policy(x, a->remove_id);
	case ACT_ROUTE_SET:
		return set_route(x, a->route, why);
	case ACT_ROUTE_REMOVE:
		return remove_route(x, a->remove_id);
	default:
		return CYG_UNSUPPORTED;
	}
}

static void report(struct xfrm_plane *x, const char *event, const char *text,
		   const struct diag *why)
{
	struct report r = {
		.level = REPORT_WARNING,
		.code = RC_LOG_SERIOUS,
		.event = event,
		.text = text,
		.diag = why && diag_is_set(why) ? why : NULL,
	};

	if (x->plane.host.report)
		x->plane.host.report(x->plane.host.ctx, &r);
}

/* What nobody waits for and yet failed is told to people. */
static void report_failure(struct xfrm_plane *x, enum cyg_err err, const struct diag *why)
{
	report(x, "plane-failed", diag_is_set(why) ? why->sentence : cyg_err_text(err), why);
}

static void xfrm_request(struct plane *p, const struct action *a)
{
	struct xfrm_plane *x = self(p);
	struct answer n = {.op = a->op};
	struct diag why;

	diag_clear(&why);
	n.err = carry_out(x, a, &n, &why);
	n.why = n.err && diag_is_set(&why) ? &why : NULL;
	if (a->op && x->plane.host.answer)
		x->plane.host.answer(x->plane.host.ctx, &n);
	else if (n.err && n.err != CYG_NOTFOUND)
		report_failure(x, n.err, &why);
}

/* ---- sockets ---- */

/* Packets of the daemon's own sockets are protected by no policy. */
static void bypass(int fd, const struct endpoint *local)
{
	bool v4 = local->addr.family == IP_V4;
	struct xfrm_userpolicy_info info = {
		.sel.family = netlink_family(local->addr.family),
		.action = XFRM_POLICY_ALLOW,
	};

	for (uint8_t dir = XFRM_POLICY_IN; dir <= XFRM_POLICY_OUT; dir++) {
		info.dir = dir;
		(void)setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
				 v4 ? IP_XFRM_POLICY : IPV6_XFRM_POLICY, &info, sizeof(info));
	}
}

static bool xfrm_port_add(struct plane *p, const struct plane_port *port)
{
	int type = UDP_ENCAP_ESPINUDP;

	bypass(port->fd, &port->local);
	if (port->encap && setsockopt(port->fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof(type))) {
		struct diag why;

		diag_set(&why, "udp-encap", NULL,
			 "the kernel takes no ESP in UDP from one of our sockets: %s",
			 strerror(errno));
		report_failure(self(p), CYG_IO, &why);
	}
	return false;
}

static void xfrm_port_remove(struct plane *p, const struct endpoint *local)
{
}

/* ---- notices ---- */

static int xfrm_fd(const struct plane *p)
{
	return const_self(p)->poll;
}

/* What the kernel could not tell, or another program removed, is looked up. */
static enum cyg_err mend_states(struct xfrm_plane *x, const struct notice_taker *taker,
				struct diag *why)
{
	size_t gone = 0;
	enum cyg_err err = overrun_recover(&x->requests, x->sad, taker, &gone, why);

	if (!err && gone && x->due & NOTICE_STATES)
		report(x, "plane-taken",
		       "another program removed SAs of ours from the kernel: their connections "
		       "begin anew",
		       NULL);
	return err;
}

static enum cyg_err mend_policies(struct xfrm_plane *x, struct diag *why)
{
	size_t missing = 0;
	char text[160];
	enum cyg_err err = xfrm_spd_restore(x->spd, &missing, why);

	/* Another's in the place of ours stays, and is told of; when it goes we hear of it. */
	if (err == CYG_CONFLICT) {
		report_failure(x, err, why);
		diag_clear(why);
		return CYG_OK;
	}
	if (err || !missing)
		return err;
	snprintf(text, sizeof(text),
		 "another program removed %zu of our policies from the kernel: they are back; "
		 "until now packets may have left in clear",
		 missing);
	report(x, "plane-taken", text, NULL);
	return CYG_OK;
}

static void tell_link(void *ctx, const char *name, enum xfrm_link_news news)
{
	static const char *const sentences[] = {
		[LINK_NEWS_DOWN] = "was set down: its packets are refused until it is up again",
		[LINK_NEWS_UP] = "is up again, and has its routes back",
		[LINK_NEWS_GONE] =
			("was removed by another program: it is made anew, with its addresses "
			 "and routes"),
	};
	char text[160];

	snprintf(text, sizeof(text), "the interface %s %s", name, sentences[news]);
	report(ctx, "plane-device", text, NULL);
}

/* Interfaces, and what leads into them. */
static enum cyg_err mend_ways(struct xfrm_plane *x, struct diag *why)
{
	enum cyg_err err = xfrm_links_restore(x->links, tell_link, x, why);

	if (!err)
		err = xfrm_routes_restore(x->routes, x->links, why);
	if (!err && x->due & WATCH_ROUTES)
		report(x, "plane-taken",
		       "another program removed routes or rules of ours: they are back", NULL);
	return err;
}

/*
 * Policies come first: they stop clear text. At most once a second, so that two who mend against
 * each other do no more than that; what fails is tried again then.
 */
static void mend(struct xfrm_plane *x, const struct notice_taker *taker)
{
	/* Asked in any case: the end of a rest is to be read, or it wakes us for ever. */
	bool rests = rest_goes_on(&x->rest);
	enum cyg_err err = CYG_OK;
	struct diag why;

	if (!x->due || x->handed_over || rests)
		return;
	diag_clear(&why);
	if (x->due & (NOTICE_LOST | NOTICE_POLICIES))
		err = mend_policies(x, &why);
	if (!err && x->due & (WATCH_ROUTES | WATCH_LINKS))
		err = mend_ways(x, &why);
	if (!err && x->due & (NOTICE_LOST | NOTICE_STATES))
		err = mend_states(x, taker, &why);
	if (err && !x->mending)
		report_failure(x, err, &why);
	x->mending = err != CYG_OK;
	if (!err)
		x->due = 0;
	rest_begin(&x->rest);
}

static void xfrm_dispatch(struct plane *p)
{
	struct xfrm_plane *x = self(p);
	struct notice_taker taker = {&x->plane.host, x->sad, x->spd,
				     netlink_port(&x->requests)};

	x->due |= notice_read(&x->notices, &taker) | xfrm_watch_read(&x->watch);
	if (x->due & (NOTICE_LOST | NOTICE_POLICIES))
		xfrm_spd_doubt(x->spd);
	mend(x, &taker);
	if (x->lock >= 0)
		xfrm_lock_answer(x->lock);
}

/* ---- between two runs ---- */

/* The kernel does as it is told, and says nothing. */
static void report_exempt(struct xfrm_plane *x, const char *setting, const char *what)
{
	struct text names = {0}, said = {0};

	if (net_settings_on("", setting, &names)) {
		text_add(&said, "%s: %s; type sysctl -w NAME=0 for each (ipsec verify %s)",
			 text_str(&names), what, setting);
		report(x, "plane-sysctl", text_str(&said), NULL);
	}
	text_done(&names);
	text_done(&said);
}

static void xfrm_settled(struct plane *p)
{
	struct xfrm_plane *x = self(p);
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = xfrm_left_settle(&x->left, &x->requests, x->spd, &why);
	if (err)
		report_failure(x, err, &why);
	report_exempt(x, NET_DISABLE_XFRM, "packets of tunnels leave in clear there");
	report_exempt(x, NET_DISABLE_POLICY,
		      "clear text that should have come through a tunnel is let in there");
	xfrm_routes_settle(x->routes, x->links);
	xfrm_links_settle(x->links);
}

static void xfrm_hand_over(struct plane *p)
{
	struct xfrm_plane *x = self(p);

	x->handed_over = true;
	xfrm_spd_keep(x->spd);
	xfrm_routes_keep(x->routes);
	xfrm_links_keep(x->links);
	xfrm_left_done(&x->left);
}

/* ---- opening and closing ---- */

static void xfrm_close(struct plane *p)
{
	struct xfrm_plane *x = self(p);

	xfrm_sad_free(x->sad);
	xfrm_spd_free(x->spd);
	xfrm_left_clear(&x->left, &x->requests);
	xfrm_passes_free(x->passes);
	xfrm_routes_free(x->routes);
	xfrm_links_free(x->links);
	netlink_close(&x->requests);
	netlink_close(&x->notices);
	xfrm_watch_close(&x->watch);
	rest_close(&x->rest);
	if (x->poll >= 0)
		close(x->poll);
	if (x->lock >= 0)
		close(x->lock);
	free(x);
}

static size_t xfrm_memory(const struct plane *p)
{
	const struct xfrm_plane *x = const_self(p);

	return xfrm_sad_memory(x->sad) + xfrm_spd_memory(x->spd) +
	       xfrm_routes_memory(x->routes) + xfrm_passes_memory(x->passes) +
	       xfrm_links_memory(x->links);
}

static enum cyg_err watch(struct xfrm_plane *x, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return fd < 0 || !epoll_ctl(x->poll, EPOLL_CTL_ADD, fd, &ev) ? CYG_OK : CYG_IO;
}

static enum cyg_err open_sockets(struct xfrm_plane *x, struct diag *why)
{
	enum cyg_err err = netlink_open(&x->requests, NETLINK_XFRM, 0, why);

	if (!err)
		err = xfrm_lock(&x->lock, why);
	if (!err)
		err = xfrm_probe(&x->requests, &x->kernel, why);
	if (!err)
		err = netlink_open(&x->notices, NETLINK_XFRM, NOTICE_GROUPS, why);
	if (err)
		return err;
	notice_spare(&x->notices, netlink_port(&x->requests));
	x->poll = epoll_create1(EPOLL_CLOEXEC);
	err = x->poll < 0 ? CYG_IO : rest_open(&x->rest);
	if (!err)
		err = watch(x, x->rest.timer);
	if (!err)
		err = watch(x, mnl_socket_get_fd(x->notices.nl));
	return err ? err : watch(x, x->lock);
}

static enum cyg_err open_watch(struct xfrm_plane *x, const struct net *net, struct diag *why)
{
	enum cyg_err err;

	x->watch = (struct xfrm_watch){
		.links = x->links,
		.table = XFRM_TABLE,
		.own_port = net_port(net),
	};
	err = xfrm_watch_open(&x->watch, why);
	return err ? err : watch(x, mnl_socket_get_fd(x->watch.nl.nl));
}

/* What an earlier daemon left, and tables of ours. */
static enum cyg_err open_tables(struct xfrm_plane *x, struct net *net, struct diag *why)
{
	enum cyg_err err = xfrm_left_inherit(&x->requests, &x->left, why);

	if (err)
		return err;
	x->plane.caps.reqid_last = x->left.reqid_last;
	x->links = xfrm_links_new(net);
	err = x->links ? xfrm_links_inherit(x->links, why) : CYG_NOMEM;
	if (err)
		return err;
	/* Policies guard, and need no routes to do so, but those of interfaces. */
	xfrm_routes_inherit(net, XFRM_TABLE, x->links);
	x->sad = xfrm_sad_new(&x->requests, &x->kernel);
	x->spd = xfrm_spd_new(&x->requests, x->left.number_next);
	x->passes = xfrm_passes_new(net, XFRM_TABLE);
	err = x->sad && x->spd && x->passes ? xfrm_routes_new(net, XFRM_TABLE, &x->routes, why)
					    : CYG_NOMEM;
	return err ? err : open_watch(x, net, why);
}

enum cyg_err xfrm_plane_open(const struct plane_host *host, struct net *net, struct plane **ret,
			     struct diag *why)
{
	static const struct plane_ops ops = {
		.request = xfrm_request,
		.port_add = xfrm_port_add,
		.port_remove = xfrm_port_remove,
		.fd = xfrm_fd,
		.dispatch = xfrm_dispatch,
		.settled = xfrm_settled,
		.hand_over = xfrm_hand_over,
		.close = xfrm_close,
		.memory = xfrm_memory,
	};
	struct xfrm_plane *x = calloc(1, sizeof(*x));
	enum cyg_err err;

	if (!x)
		return CYG_NOMEM;
	x->plane = (struct plane){
		.ops = &ops,
		.host = *host,
		.caps = {.name = "xfrm",
			 .transport = true,
			 .beet = true,
			 .ah = true,
			 .scopes = true,
			 .esn = true,
			 .handling =
				 {.tfc = true, .dscp = true, .no_pmtu = true, .offload = true},
			 .replay_window_max = REPLAY_WINDOW_MAX},
	};
	x->net = net;
	x->lock = x->poll = x->rest.timer = -1;
	err = open_sockets(x, why);
	if (!err) {
		x->plane.caps.handling.ipcomp = x->kernel.ipcomp;
		x->plane.caps.handling.processors = x->kernel.processors;
	}
	if (!err)
		err = open_tables(x, net, why);
	if (err) {
		/* What stood before us stands after us. */
		xfrm_left_done(&x->left);
		if (x->links)
			xfrm_links_keep(x->links);
		if (x->routes)
			xfrm_routes_keep(x->routes);
		xfrm_close(&x->plane);
		return err;
	}
	*ret = &x->plane;
	return CYG_OK;
}

enum cyg_err xfrm_plane_cleanup(struct net *net, unsigned *ret_found, struct diag *why)
{
	struct netlink nl = {0};
	unsigned found = 0;
	int routes, links, lock;
	enum cyg_err err = xfrm_lock(&lock, why);

	if (err)
		return err;
	err = netlink_open(&nl, NETLINK_XFRM, 0, why);
	if (!err)
		err = xfrm_left_remove(&nl, &found, why);
	netlink_close(&nl);
	routes = err ? 0 : xfrm_routes_flush(net, XFRM_TABLE);
	links = err ? 0 : xfrm_links_flush(net);
	if (lock >= 0)
		close(lock);
	if (err)
		return err;
	if (routes < 0) {
		diag_set(why, "plane-flush", NULL,
			 "cannot remove what an earlier run left in routing table %u",
			 XFRM_TABLE);
		return CYG_IO;
	}
	if (links < 0) {
		diag_set(
			why, "plane-flush", NULL,
			"cannot remove an interface that an earlier run left (ip -d link shows "
			"its alias, %s)",
			XFRM_LINK_ALIAS);
		return CYG_IO;
	}
	*ret_found = found + (unsigned)routes + (unsigned)links;
	return CYG_OK;
}
