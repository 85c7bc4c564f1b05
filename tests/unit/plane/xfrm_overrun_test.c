/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices that a real kernel had no room for, in a network namespace of its own: packets meet
 * a policy without states, faster than anybody reads of it.
 */
#include "plane/xfrm/overrun.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOWS 60

struct heard {
	unsigned acquires, others;
	bool flow[FLOWS + 1]; /* by the last octet of the destination, less one */
	uint32_t policy;
};

static void hear(void *ctx, struct event *ev)
{
	struct heard *h = ctx;
	unsigned last = ip_view(&ev->acquire.remote.range.first).ptr[3];

	if (ev->kind != EV_ACQUIRE || last > FLOWS) {
		h->others++;
		return;
	}
	h->acquires++;
	h->flow[last] = true;
	h->policy = ev->acquire.policy_id;
}

struct fixture {
	struct net *net;
	struct netlink requests, notices, other;
	struct xfrm_sad *sad;
	struct xfrm_spd *spd;
	struct heard heard;
	struct plane_host host;
	struct notice_taker taker;
};

static void add_policy(struct fixture *f, uint32_t id, const char *remote)
{
	struct plane_policy p = {.id = id,
				 .kind = POLICY_TRAP,
				 .priority = 7,
				 .reqid = 16384 + id};
	struct ip_prefix prefix;
	struct ts t;

	assert_int_equal(ip_parse("192.0.2.1", &p.local.addr), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.2", &p.remote.addr), CYG_OK);
	assert_int_equal(prefix_parse("192.0.2.1/32", &prefix, NULL), CYG_OK);
	t = ts_of_prefix(&prefix);
	assert_int_equal(ts_set_add(&p.ts_local, &t), CYG_OK);
	assert_int_equal(prefix_parse(remote, &prefix, NULL), CYG_OK);
	t = ts_of_prefix(&prefix);
	assert_int_equal(ts_set_add(&p.ts_remote, &t), CYG_OK);
	assert_int_equal(xfrm_spd_set(f->spd, &p, NULL), CYG_OK);
	ts_set_done(&p.ts_local);
	ts_set_done(&p.ts_remote);
}

static void open_fixture(struct fixture *f)
{
	struct diag why = {0};
	int small = 1;

	memset(f, 0, sizeof(*f));
	f->net = namespace_enter();
	if (netlink_open(&f->requests, NETLINK_XFRM, 0, &why) != CYG_OK ||
	    netlink_open(&f->notices, NETLINK_XFRM, NOTICE_GROUPS, &why) != CYG_OK)
		test_skip("the kernel has no IPsec policies: %s", why.got);
	/* A packet that nobody could be told of is asked for again; of these somebody hears. */
	assert_int_equal(netlink_open(&f->other, NETLINK_XFRM, NOTICE_GROUPS, NULL), CYG_OK);
	notice_spare(&f->other, netlink_port(&f->requests));
	notice_spare(&f->notices, netlink_port(&f->requests));
	assert_int_equal(setsockopt(mnl_socket_get_fd(f->notices.nl), SOL_SOCKET, SO_RCVBUF,
				    &small, sizeof(small)),
			 0);
	f->host = (struct plane_host){.ctx = &f->heard, .event = hear};
	f->sad = xfrm_sad_new(&f->requests, &(struct xfrm_kernel){0});
	f->spd = xfrm_spd_new(&f->requests, 0);
	assert_true(f->sad && f->spd);
	f->taker = (struct notice_taker){&f->host, f->sad, f->spd};
	namespace_ip("link add wire0 type veth peer name wire1");
	namespace_ip("addr add 192.0.2.1/24 dev wire0");
	namespace_ip("link set wire0 up");
	namespace_ip("link set wire1 up");
	namespace_ip("route add 10.2.0.0/16 dev wire0");
	for (uint32_t i = 1; i <= FLOWS; i++) {
		char remote[32];

		snprintf(remote, sizeof(remote), "10.2.0.%u/32", i);
		add_policy(f, i, remote);
	}
}

static void close_fixture(struct fixture *f)
{
	xfrm_sad_free(f->sad);
	xfrm_spd_free(f->spd);
	netlink_close(&f->requests);
	netlink_close(&f->notices);
	netlink_close(&f->other);
	net_close(f->net);
}

static void send_to_each(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	for (unsigned i = 1; i <= FLOWS; i++) {
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

		to.sin_addr.s_addr = htonl(0x0a020000 | i);
		/* It is held or refused, as the kernel likes; the policy has been met. */
		if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0 &&
		    errno != EAGAIN && errno != EPERM && errno != ESRCH && errno != ENETUNREACH)
			fail_msg("sendto: %s", strerror(errno));
	}
	close(fd);
}

static void lost_acquires_are_told_of(void **state)
{
	struct fixture f;
	size_t gone;

	open_fixture(&f);
	send_to_each();
	assert_int_equal(notice_read(&f.notices, &f.taker) & NOTICE_LOST, NOTICE_LOST);
	assert_true(f.heard.acquires < FLOWS);
	assert_int_equal(overrun_recover(&f.requests, f.sad, &f.taker, &gone, NULL), CYG_OK);
	for (unsigned i = 1; i <= FLOWS; i++)
		assert_true(f.heard.flow[i]);
	assert_int_equal(f.heard.others, 0);
	assert_int_equal(gone, 0);
	/* Nothing is lost any more. */
	assert_int_equal(notice_read(&f.notices, &f.taker), 0);
	close_fixture(&f);
}

/* A larval state of a reqid that is nobody's here, such as another program's. */
static void what_is_not_ours_is_not_told_of(void **state)
{
	struct fixture f;
	size_t gone;

	open_fixture(&f);
	for (uint32_t i = 1; i <= FLOWS; i++)
		assert_int_equal(xfrm_spd_remove(f.spd, i), CYG_OK);
	namespace_ip(
		"xfrm policy add src 192.0.2.1/32 dst 10.2.0.0/16 dir out tmpl src 192.0.2.1 "
		"dst 192.0.2.2 proto esp reqid 77 mode tunnel");
	send_to_each();
	assert_int_equal(overrun_recover(&f.requests, f.sad, &f.taker, &gone, NULL), CYG_OK);
	assert_int_equal(f.heard.acquires, 0);
	assert_int_equal(f.heard.others, 0);
	close_fixture(&f);
}

/* ---- what other programs remove ---- */

static void removals_by_others_are_noticed_and_mended(void **state)
{
	static const struct {
		const char *command;
		unsigned seen;
		size_t missing;
	} rows[] = {
		{"xfrm policy add src 10.7.0.0/24 dst 10.8.0.0/24 dir out action block", 0, 0},
		{"xfrm policy delete src 10.7.0.0/24 dst 10.8.0.0/24 dir out", 0, 0},
		{"xfrm policy delete src 192.0.2.1/32 dst 10.2.0.7/32 dir out", NOTICE_POLICIES,
		 1},
		{"xfrm policy delete src 10.2.0.7/32 dst 192.0.2.1/32 dir fwd", NOTICE_POLICIES,
		 1},
		{"xfrm policy flush", NOTICE_POLICIES, (size_t)3 * FLOWS},
	};
	size_t missing;
	struct fixture f;

	open_fixture(&f);
	assert_int_equal(notice_read(&f.notices, &f.taker), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		namespace_ip("%s", rows[i].command);
		assert_int_equal(notice_read(&f.notices, &f.taker), rows[i].seen);
		assert_int_equal(xfrm_spd_restore(f.spd, &missing, NULL), CYG_OK);
		assert_int_equal(missing, rows[i].missing);
		/* What was put back is our own doing, and does not even come. */
		assert_int_equal(notice_read(&f.notices, &f.taker), 0);
		assert_int_equal(xfrm_spd_restore(f.spd, &missing, NULL), CYG_OK);
		assert_int_equal(missing, 0);
	}
	close_fixture(&f);
}

/* Where the kernel does not keep them from us they are known by who asked. */
static void our_own_removals_are_no_news(void **state)
{
	struct netlink all = {0};
	struct fixture f;

	open_fixture(&f);
	assert_int_equal(netlink_open(&all, NETLINK_XFRM, NOTICE_GROUPS, NULL), CYG_OK);
	f.taker.own_port = netlink_port(&f.requests);
	add_policy(&f, 1, "10.9.0.0/16");
	assert_int_equal(xfrm_spd_remove(f.spd, 1), CYG_OK);
	assert_int_equal(notice_read(&all, &f.taker), 0);
	netlink_close(&all);
	close_fixture(&f);
}

static bool recover(void *ctx)
{
	struct fixture *f = ctx;
	enum cyg_err err;
	size_t gone;

	f->heard.acquires = 0;
	err = overrun_recover(&f->requests, f->sad, &f->taker, &gone, NULL);
	/* All or nothing. */
	assert_true(err ? !f->heard.acquires : f->heard.acquires >= FLOWS);
	return !err;
}

static void short_memory_tells_nothing(void **state)
{
	struct fixture f;

	open_fixture(&f);
	send_to_each();
	test_each_allocation_failing(recover, &f, false);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_ours_is_not_told_of),
		cmocka_unit_test(removals_by_others_are_noticed_and_mended),
		cmocka_unit_test(our_own_removals_are_no_news),
		cmocka_unit_test(lost_acquires_are_told_of),
		cmocka_unit_test(short_memory_tells_nothing),
	};

	return RUN_TESTS("plane/xfrm_overrun", tests);
}
