/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plane as its host sees it: requests (requests.c) become changes of the
 * tables and of the kernel's routes and rules; what the packet threads have to
 * tell becomes calls of plane_host. All on the loop's thread.
 */
#include "plane/esp/self.h"

#include "plane/esp/branch.h"
#include "plane/esp/reassembly.h"
#include "plane/esp/strict.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define DISPATCH_MAX 256 /* notices handled in one call: the loop has other things to do */

void esp_wake_loop(const struct esp_plane *e)
{
	uint64_t one = 1;

	/* It fails only when the counter is at its end, and then the loop is awake. */
	if (write(e->wake, &one, sizeof(one)) < 0)
		return;
}

void esp_report(const struct esp_plane *e, const char *event, const char *text,
		const struct diag *why)
{
	struct report r = {.level = REPORT_WARNING,
			   .code = RC_LOG_SERIOUS,
			   .event = event,
			   .text = text,
			   .diag = why};

	if (e->plane.host.report)
		e->plane.host.report(e->plane.host.ctx, &r);
}

/* ---- reports ---- */

static void report_cipher(struct esp_plane *e)
{
	char text[128];
	struct report r = {.level = REPORT_INFO,
			   .code = RC_COMMENT,
			   .event = "plane-cipher",
			   .text = text};

	if (e->cipher_told)
		return;
	e->cipher_told = true;
	if (e->gcm.why)
		snprintf(text, sizeof(text), "AES-GCM is libcrypto's: %s", e->gcm.why);
	else
		snprintf(
			text, sizeof(text),
			"AES-GCM is %s's: intel-ipsec-mb takes %u ns for a packet, libcrypto %u",
			e->gcm.name, e->gcm.library_ns, e->gcm.libcrypto_ns);
	if (e->plane.host.report)
		e->plane.host.report(e->plane.host.ctx, &r);
}

static void report_shortcomings(struct esp_plane *e)
{
	if (!e->firewall_told && !e->firewall_on && !e->config.no_firewall)
		esp_report(e, "plane-firewall",
			   "clear text for protected selectors is let in: nf_tables refuses",
			   &e->firewall_why);
	e->firewall_told = true;
	if (e->egress_due && !e->egress_told && e->firewall_on)
		esp_report(
			e, "plane-egress",
			"sockets that name a device may send protected traffic in clear: nf_tables "
			"refuses",
			&e->egress_why);
	e->egress_told = e->egress_due;
	if (steer_is_crowded(e->steer) && !e->crowd_told) {
		esp_report(
			e, "plane-crowded",
			"there are tunnels of more than 512 local networks: those of the rest are "
			"told by their destinations alone, and a narrower passthrough or local network "
			"of another connection lets packets out in clear",
			NULL);
		e->crowd_told = true;
	}
	if (!e->tuned)
		esp_report(e, "plane-sysctl",
			   "the device's rp_filter cannot be set: a strict one drops packets",
			   NULL);
	e->tuned = true;
}

/* ---- ports ---- */

static struct esp_port *port_of(void *ctx, const struct endpoint *local)
{
	const struct esp_plane *e = ctx;

	return ports_find(&e->ports, local);
}

static void let_cut(void *ctx, struct esp_port *port)
{
	const struct esp_plane *e = ctx;

	ports_let_cut(&e->ports, port);
}

static void rebind(void *ctx)
{
	struct esp_plane *e = ctx;

	sad_rebind(&e->sad);
}

/*
 * Our rule sends the kernel's look-up of the way back to a protected source to
 * the tunnel device. A second rule makes good for what comes to our own ports;
 * for ARP there is none, which matters where a protected peer, or the next hop
 * when everything is protected, is on the link.
 */
static enum cyg_err satisfy_strict_checks(struct esp_plane *e, const struct endpoint *local,
					  struct diag *why)
{
	struct diag shown = {0};

	diag_set(&shown, "rp-filter-strict", "RFC 3704",
		 "the kernel checks the way back of what arrives strictly");
	diag_wanted(&shown, "net.ipv4.conf.*.rp_filter of 2 or 0");
	diag_got(&shown, "1");
	diag_hint(&shown, "set it to 2 on links to peers whose own addresses are protected");
	esp_report(
		e, "plane-rp-filter",
		"a neighbour on the link whose address is protected will not be found by ARP, and "
		"fragments of its IKE are dropped",
		&shown);
	return steer_bypass(e->steer, local, true, why);
}

static void report_port(const struct esp_plane *e, const struct endpoint *local,
			const struct diag *why)
{
	char text[64 + ENDPOINT_TEXT_MAX], where[ENDPOINT_TEXT_MAX];

	snprintf(text, sizeof(text), "the data plane cannot use the socket of %s",
		 endpoint_print(local, where));
	esp_report(e, "plane-port", text, why);
}

static bool esp_port_add(struct plane *p, const struct plane_port *port)
{
	struct esp_plane *e = esp_self(p);
	struct diag why = {0};
	enum cyg_err err;

	(void)ports_remove(&e->ports, &port->local, rebind, e);
	err = ports_add(&e->ports, port, &why);
	if (!err && strict_checks(e->net, &port->local))
		err = satisfy_strict_checks(e, &port->local, &why);
	if (err)
		report_port(e, &port->local, &why);
	esp_mtu_follows(e);
	if (port->encap) {
		rebind(e);
		crew_wake(&e->crew);
	}
	esp_firewall_is_due(e);
	return port->encap && ports_find(&e->ports, &port->local);
}

static void esp_port_remove(struct plane *p, const struct endpoint *local)
{
	struct esp_plane *e = esp_self(p);

	if (!ports_remove(&e->ports, local, rebind, e))
		return;
	/* Where none was put up, there is none to take down. */
	if (steer_bypass(e->steer, local, false, NULL))
		return;
	esp_firewall_is_due(e);
}

/* ---- notices ---- */

/* Long packets get lost and nobody says so: the daemon's log does, as a person may wonder. */
static void narrow(struct esp_plane *e, const struct notice *n)
{
	struct sa_ref ref = {.dir = SA_OUT, .spi = n->sa.spi, .remote = n->sa.remote};
	struct esp_sa *sa = sad_find(&e->sad, &ref);
	char peer[ENDPOINT_TEXT_MAX], text[256];

	if (!sa || !sad_stalled(&e->sad, sa, n->sa.at))
		return;
	snprintf(text, sizeof(text),
		 "long packets do not get to %s, and no ICMP error says that they are too "
		 "long: they get no longer than %u octets for %u s; mtu=%u in the connection "
		 "does so for good",
		 endpoint_print(&n->sa.remote, peer), ESP_NARROW,
		 (unsigned)(sa->narrow_for / NSEC_PER_SEC), ESP_NARROW);
	esp_report(e, "plane-path", text, NULL);
}

static void pass_on(struct esp_plane *e, const struct notice *n, struct view body)
{
	const struct plane_host *h = &e->plane.host;
	struct event ev = {0};

	switch ((enum notice_kind)n->kind) {
	case NOTICE_DATAGRAM:
		if (h->datagram)
			h->datagram(h->ctx, &n->datagram.local, &n->datagram.remote, body);
		return;
	case NOTICE_STALLED:
		narrow(e, n);
		return;
	case NOTICE_ACQUIRE:
		ev.kind = EV_ACQUIRE;
		ev.acquire.policy_id = n->acquire.policy_id;
		ev.acquire.local = n->acquire.local;
		ev.acquire.remote = n->acquire.remote;
		break;
	case NOTICE_EXPIRE:
	case NOTICE_MOVED:
		ev.kind = n->kind == NOTICE_EXPIRE ? EV_EXPIRE : EV_MOVED;
		ev.sa.dir = n->sa.dir;
		ev.sa.protocol = PROTO_ESP;
		ev.sa.spi = n->sa.spi;
		ev.sa.hard = n->sa.hard;
		ev.sa.remote = n->sa.remote;
		break;
	}
	if (h->event)
		h->event(h->ctx, &ev);
}

/* Up to `most` of a queue; returns how many are left to handle. */
static int drain(struct esp_plane *e, struct notices *from, int most)
{
	struct notice n;
	struct view body;

	while (most > 0 && notice_get(from, &n, &body)) {
		pass_on(e, &n, body);
		notice_next(from);
		most--;
	}
	return most;
}

static int esp_fd(const struct plane *p)
{
	return esp_const_self(p)->watch.poll;
}

static void esp_dispatch(struct plane *p)
{
	struct esp_plane *e = esp_self(p);
	bool all = true;
	uint64_t count;

	if (read(e->wake, &count, sizeof(count)) < 0)
		count = 0;
	esp_mend(e);
	if (esp_firewall_rests(e))
		esp_refresh_networks(e);
	else
		esp_requests_go_on(e);
	report_cipher(e);
	report_shortcomings(e);
	for (size_t i = 0; i < e->crew.len; i++) {
		all &= drain(e, &e->crew.in[i].notices, DISPATCH_MAX) > 0;
		all &= drain(e, &e->crew.out[i].notices, DISPATCH_MAX) > 0;
	}
	if (!all)
		esp_wake_loop(e);
}

static void esp_settled(struct plane *p)
{
	struct esp_plane *e = esp_self(p);
	struct diag why = {0};

	/* Ours is in force before what it takes the place of goes. */
	e->firewall_inherited = false;
	esp_requests_go_on(e);
	if (e->egress.open)
		egress_settled(&e->egress, &e->nft); /* there seldom is one */
	if (steer_settled(e->steer, &why))
		esp_report(e, "plane-leftover", "what an earlier run left may still stand",
			   &why);
	if (esp_lags(e))
		esp_wake_loop(e);
}

/* The device's routes go with it; the guards beneath them, the rules and the firewall stay. */
static void esp_hand_over(struct plane *p)
{
	struct esp_plane *e = esp_self(p);

	esp_requests_go_on(e);
	e->handed_over = true;
	steer_keep(e->steer);
}

/* ---- life ---- */

static size_t esp_memory(const struct plane *p)
{
	const struct esp_plane *e = esp_const_self(p);

	return sad_memory(&e->sad) + spd_memory(&e->spd) + steer_memory(e->steer);
}

static void esp_close(struct plane *p)
{
	struct esp_plane *e = esp_self(p);

	if (!e)
		return;
	crew_done(&e->crew);
	esp_requests_done(e);
	watch_close(&e->watch);
	steer_free(e->steer);
	/* One that never came to be is not found, which is as good. */
	if (e->firewall_on && !e->handed_over && firewall_remove(e->config.instance))
		e->firewall_on = false;
	if (e->egress.open && !e->handed_over)
		(void)egress_remove(e->config.instance);
	egress_free(&e->egress);
	nft_socket_close(&e->nft);
	passes_done(&e->parts);
	tun_close(&e->tun);
	ports_done(&e->ports);
	if (e->tables) {
		spd_done(&e->spd);
		sad_done(&e->sad);
	}
	rcu_barrier();
	if (e->wake >= 0)
		close(e->wake);
	if (e->rest >= 0)
		close(e->rest);
	free(e);
}

static enum cyg_err check_config(const struct esp_config *c, struct diag *why)
{
	if (c->crypto && c->instance <= ESP_INSTANCE_MAX &&
	    (!c->rule_priority || c->rule_priority > ESP_OWN_BEFORE) &&
	    (!c->mark || c->mark & ESP_MARK_MASK))
		return CYG_OK;
	diag_set(why, "esp-config", NULL,
		 "the configuration of the userspace plane is out of range");
	diag_got(why, "instance %u, rule priority %u, mark %#x", c->instance, c->rule_priority,
		 c->mark);
	return CYG_RANGE;
}

/* Those this process may run on. */
static uint32_t processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > (int)TUN_QUEUES_MAX ? TUN_QUEUES_MAX : (uint32_t)n;
}

/* Marks of different instances differ in the bits that are compared. */
static struct esp_config with_defaults(const struct esp_config *c)
{
	struct esp_config f = *c;

	if (!f.table)
		f.table = ESP_TABLE + f.instance;
	if (!f.rule_priority)
		f.rule_priority = ESP_TABLE + f.instance;
	if (!f.queues)
		f.queues = processors();
	if (!f.mark)
		f.mark = ESP_MARK + (f.instance << 16);
	return f;
}

static int flush_all(const struct esp_config *c, struct net *net)
{
	int found = steer_flush(net, c->table, c->rule_priority);

	if (found >= 0 && firewall_remove(c->instance) == CYG_OK)
		found++;
	return found < 0 ? found : found + (int)egress_remove(c->instance);
}

static enum cyg_err open_tables(struct esp_plane *e)
{
	enum cyg_err err = sad_init(&e->sad, e->config.crypto);

	if (err)
		return err;
	err = spd_init(&e->spd);
	if (err) {
		sad_done(&e->sad);
		return err;
	}
	e->sad.port_of = port_of;
	e->sad.let_cut = let_cut;
	e->sad.ctx = e;
	e->tables = true;
	return CYG_OK;
}

static enum cyg_err open_workers(struct esp_plane *e)
{
	struct worker_config c = {.udp_offload = e->tun.udp_offload,
				  .wake_loop = e->wake,
				  .mark = e->config.mark,
				  .clamp_mss = !e->config.no_mss_clamp,
				  .spd = &e->spd,
				  .sad = &e->sad,
				  .ports = &e->ports,
				  .limits = &e->limits};
	enum cyg_err err = crew_init(&e->crew, &c, &e->tun);

	icmp_limits_init(&e->limits);
	ports_init(&e->ports, e->config.mark);
	for (size_t i = 0; !err && i < e->crew.len; i++)
		ports_watch(&e->ports, e->crew.in[i].epoll);
	return err ? err : crew_start(&e->crew);
}

static enum cyg_err open_watch(struct esp_plane *e, struct diag *why)
{
	struct watch *w = &e->watch;
	enum cyg_err err;

	w->own_port = net_port(e->net);
	w->table = e->config.table;
	w->unsourced = ESP_UNSOURCED_TABLE(e->config.table);
	w->branches = ESP_BRANCH_TABLE(e->config.table, 0);
	w->branches_last = ESP_BRANCH_TABLE(e->config.table, 1) + BRANCH_TABLES - 1;
	w->ifindex = e->tun.ifindex;
	if (!e->config.no_firewall)
		firewall_name(e->config.instance, w->firewall);
	err = watch_open(w, e->wake, why);
	return err ? err : esp_firewall_timer(e);
}

static enum cyg_err open_steering(struct esp_plane *e, struct diag *why)
{
	struct steer_config c = {.net = e->net,
				 .egress = e->config.no_firewall ? NULL : &e->egress,
				 .table = e->config.table,
				 .rule_priority = e->config.rule_priority,
				 .mark = e->config.mark,
				 .ifindex = e->tun.ifindex,
				 .only_free = e->config.only_free};
	enum cyg_err err;

	/*
	 * The device is ours, so nobody lives who made what an earlier run left; but its
	 * guards still stop what was protected, until esp_settled. Its firewall is replaced.
	 */
	if (e->config.no_firewall && firewall_remove(e->config.instance) == CYG_IO)
		return CYG_IO;
	esp_mtu_begin(e);
	err = esp_set_up_device(e, why);
	if (!err)
		err = open_watch(e, why);
	if (!err)
		err = steer_new(&c, &e->steer, why);
	if (err)
		return err;
	/* A rule of another's that can't be overtaken is told with the first look. */
	watch_again(&e->watch, WATCH_RULES);
	e->firewall_due = true;
	/* That of an earlier run marks packets for the branches that it left. */
	e->firewall_inherited = e->firewall_on = steer_has_earlier_branches(e->steer) &&
						 !e->config.no_firewall &&
						 firewall_begin(e->config.instance) ==
							 CYG_EXISTS;
	esp_refresh(e);
	steer_by_source(e->steer, e->firewall_on);
	if (e->config.no_firewall)
		(void)egress_remove(e->config.instance);
	else if (egress_open(&e->egress, e->config.instance, &e->egress_why))
		e->egress_due = true;
	esp_refresh(e);
	return CYG_OK;
}

static enum cyg_err open_all(struct esp_plane *e, struct diag *why)
{
	enum cyg_err err;

	e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->wake < 0)
		return CYG_IO;
	err = tun_open(e->config.device, e->config.queues, &e->tun, why);
	/* The quicker one for this processor, before there is an SA. */
	if (!err && crypto_choose_gcm(e->config.crypto, &e->gcm))
		e->gcm.why = "the measurement failed";
	if (!err)
		err = open_tables(e);
	if (!err)
		err = open_steering(e, why);
	if (!err)
		err = open_workers(e);
	if (!err)
		esp_wake_loop(e); /* what is amiss is reported from the first dispatch */
	return err;
}

enum cyg_err esp_plane_open(const struct esp_config *c, const struct plane_host *host,
			    struct net *net, struct plane **ret, struct diag *why)
{
	static const struct plane_ops ops = {
		.request = esp_request,
		.port_add = esp_port_add,
		.port_remove = esp_port_remove,
		.fd = esp_fd,
		.dispatch = esp_dispatch,
		.settled = esp_settled,
		.hand_over = esp_hand_over,
		.close = esp_close,
		.memory = esp_memory,
	};
	enum cyg_err err = check_config(c, why);
	struct esp_plane *e;

	if (err)
		return err;
	e = calloc(1, sizeof(*e));
	if (!e)
		return CYG_NOMEM;
	e->plane.ops = &ops;
	e->plane.host = *host;
	e->plane.caps =
		(struct plane_caps){.name = "esp",
				    .needs_encap = true,
				    .esn = true,
				    .handling = {.tfc = true, .dscp = true, .no_pmtu = true},
				    .replay_window_max = ESP_REPLAY_WINDOW_MAX};
	e->config = with_defaults(c);
	snprintf(e->device, sizeof(e->device), "ipsec%u", c->instance);
	if (!e->config.device)
		e->config.device = e->device;
	e->net = net;
	e->patience = reassembly_patience("");
	e->wake = e->rest = e->watch.poll = e->watch.timer = -1;
	list_init(&e->waiting);
	err = open_all(e, why);
	/* A start that fails leaves what stops clear text as it was. */
	if (err && e->steer && steer_has_left(e->steer))
		esp_hand_over(&e->plane);
	if (err)
		esp_close(&e->plane);
	else
		*ret = &e->plane;
	return err;
}

enum cyg_err esp_plane_cleanup(const struct esp_config *c, struct net *net, unsigned *ret_found,
			       struct diag *why)
{
	struct esp_config whole = with_defaults(c);
	struct tun tun = {0};
	char device[16];
	int found;

	snprintf(device, sizeof(device), "ipsec%u", c->instance);
	if (!whole.device)
		whole.device = device;
	/* Whoever has the device lives. Where none can be made nobody has one. */
	if (tun_open(whole.device, 1, &tun, why) == CYG_EXISTS && tun_is_named(whole.device))
		return CYG_EXISTS;
	found = flush_all(&whole, net);
	tun_close(&tun);
	if (found < 0) {
		diag_set(why, "plane-flush", NULL,
			 "cannot remove what an earlier run left in routing table %u",
			 whole.table);
		return CYG_IO;
	}
	if (ret_found)
		*ret_found = (unsigned)found;
	return CYG_OK;
}
