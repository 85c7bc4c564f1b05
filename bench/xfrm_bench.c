/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel's tables take: states added and removed one by one and in batches, and
 * whole tunnels by the plane. Each in a network namespace of its own.
 *
 *	xfrm_bench [COUNT]
 *
 * Where the kernel has no ESP (tests/booted/boot runs one that has it) it says so, and
 * measures policies alone.
 */
#include "bench/clock.h"

#include "base/text.h"
#include "crypto/alg.h"
#include "net/net.h"
#include "plane/xfrm/message.h"
#include "plane/xfrm/spd.h"
#include "plane/xfrm/xfrm.h"

#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void told(const char *what, unsigned n, double start)
{
	double took = wall_now() - start;

	printf("%-36s %8u in %7.3f s %9.0f a second\n", what, n, took, n / took);
}

static _Noreturn void give_up(const char *what, const struct diag *why)
{
	char text[1024];

	fprintf(stderr, "xfrm_bench: %s: %s\n", what, diag_print(why, text, sizeof(text)));
	exit(1);
}

static struct ip_addr address(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	uint8_t octets[] = {a, b, c, d};

	return ip_from_view(view_of(octets, sizeof(octets)));
}

static struct plane_sa state(unsigned i, uint8_t dir)
{
	struct plane_sa sa = {
		.dir = dir,
		.protocol = PROTO_ESP,
		.suite = {.protocol = PROTO_ESP, .encr = ALG_ENCR_AES_GCM_16, .key_bits = 128},
		.spi = 0x1000 + i,
		.reqid = 16384 + 4 * i,
		.local = {address(192, 0, 2, 1), 0},
		.remote = {address(192, 0, 2, 2), 0},
		.encr_key_len = 20,
		.replay_window = 32,
	};

	memcpy(sa.encr_key, &i, sizeof(i));
	return sa;
}

/* ---- states ---- */

static struct nlmsghdr *request(struct netlink_request *storage, unsigned i, bool add)
{
	struct plane_sa sa = state(i, SA_IN);
	struct nlmsghdr *m = NULL;
	struct diag why;

	if (!add)
		return message_sa_id(storage, XFRM_MSG_DELSA,
				     &(struct xfrm_state_id){.destination = &sa.local.addr,
							     .spi = sa.spi,
							     .protocol = sa.protocol});
	if (message_new_sa(storage, &sa, i, &(struct xfrm_kernel){0}, &m, &why))
		give_up("a state", &why);
	return m;
}

static void one_by_one(struct netlink *nl, unsigned n, bool add)
{
	double start = wall_now();
	struct diag why;

	for (unsigned i = 0; i < n; i++) {
		struct netlink_request storage;

		if (netlink_ask(nl, request(&storage, i, add), "change a state", &why))
			give_up("a state", &why);
	}
	told(add ? "states added one by one" : "states removed one by one", n, start);
}

static void refused(void *ctx, size_t at, enum cyg_err err, const struct diag *why)
{
	if (err)
		give_up("a state", why);
}

static void in_batches(struct netlink *nl, unsigned n, bool add)
{
	double start = wall_now();
	struct netlink_batch batch;

	if (netlink_batch_begin(&batch, nl, "change a state"))
		exit(1);
	batch.answer = refused;
	for (unsigned i = 0; i < n; i++) {
		struct netlink_request storage;

		netlink_batch_add(&batch, request(&storage, i, add));
	}
	netlink_batch_end(&batch);
	told(add ? "states added in batches" : "states removed in batches", n, start);
}

static void states(unsigned n)
{
	struct netlink nl;
	struct diag why;

	if (netlink_open(&nl, NETLINK_XFRM, 0, &why))
		give_up("netlink", &why);
	for (int way = 0; way < 2; way++) {
		(way ? in_batches : one_by_one)(&nl, n, true);
		(way ? in_batches : one_by_one)(&nl, n, false);
	}
	netlink_close(&nl);
}

/* ---- tunnels ---- */

static void on_answer(void *ctx, const struct answer *a)
{
	if (a->err)
		give_up("a request", a->why);
}

static struct plane_policy entry(unsigned i)
{
	struct plane_policy p = {
		.id = 1 + i,
		.kind = POLICY_PROTECT,
		.reqid = 16384 + 4 * i,
		.priority = 100,
		.local = {address(192, 0, 2, 1), 0},
		.remote = {address(192, 0, 2, 2), 0},
	};
	struct ip_prefix here, there;
	struct ip_addr net = address(10, (uint8_t)(i >> 8), (uint8_t)i, 0);
	struct ip_addr ours = address(172, 16, 0, 0);
	struct ts t;

	here = prefix_of(&ours, 16);
	there = prefix_of(&net, 24);
	t = ts_of_prefix(&here);
	if (ts_set_add(&p.ts_local, &t))
		exit(1);
	t = ts_of_prefix(&there);
	if (ts_set_add(&p.ts_remote, &t))
		exit(1);
	return p;
}

static void ask(struct plane *p, struct action *a)
{
	a->op = 1;
	p->ops->request(p, a);
}

static void add_tunnel(struct plane *p, unsigned i)
{
	struct plane_policy policy = entry(i);
	struct plane_route route = {
		.id = 1 + i,
		.destination = prefix_of(&policy.ts_remote.items[0].range.first, 24),
		.remote = address(192, 0, 2, 2),
	};

	for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++) {
		struct plane_sa sa = state(i, dir);

		ask(p, &(struct action){.kind = ACT_SA_INSTALL, .sa = &sa});
	}
	ask(p, &(struct action){.kind = ACT_POLICY_SET, .policy = &policy});
	ask(p, &(struct action){.kind = ACT_ROUTE_SET, .route = &route});
	ts_set_done(&policy.ts_local);
	ts_set_done(&policy.ts_remote);
}

static void remove_tunnel(struct plane *p, unsigned i)
{
	ask(p, &(struct action){.kind = ACT_ROUTE_REMOVE, .remove_id = 1 + i});
	ask(p, &(struct action){.kind = ACT_POLICY_REMOVE, .remove_id = 1 + i});
	for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++) {
		struct plane_sa sa = state(i, dir);
		struct sa_ref ref = {.dir = dir, .protocol = PROTO_ESP, .spi = sa.spi};

		ref.reqid = sa.reqid;
		ref.local = sa.local;
		ref.remote = sa.remote;
		ask(p, &(struct action){.kind = ACT_SA_REMOVE, .sa_ref = ref});
	}
}

/* False when the kernel has no ESP. */
static bool tunnels(struct net *net, unsigned n)
{
	struct plane_host host = {.answer = on_answer};
	struct plane *p;
	struct diag why;
	double start;

	if (xfrm_plane_open(&host, net, &p, &why)) {
		printf("no tunnels: %s: %s\n", why.sentence, why.got);
		return false;
	}
	start = wall_now();
	for (unsigned i = 0; i < n; i++)
		add_tunnel(p, i);
	told("tunnels added", n, start);
	start = wall_now();
	for (unsigned i = 0; i < n; i++)
		remove_tunnel(p, i);
	told("tunnels removed", n, start);
	for (unsigned i = 0; i < n; i++)
		add_tunnel(p, i);
	start = wall_now();
	p->ops->close(p);
	told("tunnels ended with the plane", n, start);
	return true;
}

static void policies(unsigned n)
{
	struct netlink nl;
	struct xfrm_spd *spd;
	struct diag why;
	double start = wall_now();

	if (netlink_open(&nl, NETLINK_XFRM, 0, &why))
		give_up("netlink", &why);
	spd = xfrm_spd_new(&nl, 0);
	for (unsigned i = 0; i < n && spd; i++) {
		struct plane_policy p = entry(i);

		if (xfrm_spd_set(spd, &p, &why))
			give_up("a policy", &why);
		ts_set_done(&p.ts_local);
		ts_set_done(&p.ts_remote);
	}
	told("entries of three policies added", n, start);
	start = wall_now();
	xfrm_spd_free(spd);
	told("entries removed together", n, start);
	netlink_close(&nl);
}

/* Have iproute2 do something; true when it did. */
static bool ip(const char *const *words)
{
	pid_t pid;
	int status;

	return !posix_spawnp(&pid, "ip", NULL, NULL, (char *const *)words, environ) &&
	       waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* A namespace of its own, with one link that has an address. */
static bool enter(void)
{
	static const char *const lines[][12] = {
		{"ip", "link", "set", "lo", "up"},
		{"ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1"},
		{"ip", "addr", "add", "192.0.2.1/24", "dev", "wire0"},
		{"ip", "link", "set", "wire0", "up"},
		{"ip", "link", "set", "wire1", "up"},
	};

	if (unshare(CLONE_NEWNET))
		return false;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!ip(lines[i]))
			return false;
	return true;
}

#define TUNNELS_MAX 65536 /* their networks are told apart by two octets */

int main(int argc, char **argv)
{
	unsigned n = count_argument(argc, argv, 1, 10000, TUNNELS_MAX);
	struct net *net;
	struct diag why;

	if (!enter()) {
		fprintf(stderr, "xfrm_bench: it needs root, iproute2 and veth\n");
		return 1;
	}
	if (net_open(&net, &why))
		give_up("net", &why);
	policies(n);
	if (tunnels(net, n))
		states(n);
	net_close(net);
	return 0;
}
