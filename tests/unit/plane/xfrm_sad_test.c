/* SPDX-License-Identifier: Apache-2.0 */
/* States of ours in a real kernel that has ESP: none stays there that we do not know of. */
#include "plane/xfrm/sad.h"
#include "plane/xfrm/xfrm.h"

#include "crypto/alg.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <string.h>

struct fixture {
	struct net *net;
	struct netlink nl;
	struct diag why;
};

static struct plane_sa state(void)
{
	struct plane_sa sa = {
		.dir = SA_IN,
		.protocol = PROTO_ESP,
		.suite = {.protocol = PROTO_ESP, .encr = ALG_ENCR_AES_GCM_16, .key_bits = 128},
		.spi = 0x1000,
		.reqid = 16384,
		.encr_key_len = 20,
		.replay_window = 32,
	};

	assert_int_equal(ip_parse("192.0.2.1", &sa.local.addr), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.2", &sa.remote.addr), CYG_OK);
	return sa;
}

static unsigned states(void)
{
	unsigned n = 0;

	for (const char *at = namespace_show("xfrm state"); (at = strstr(at, "proto ")); at++)
		n++;
	return n;
}

static bool add(struct fixture *f, struct xfrm_sad *s, const struct plane_sa *sa)
{
	return xfrm_sad_add(s, sa, &f->why) == CYG_OK;
}

static void open_fixture(struct fixture *f)
{
	struct plane_sa sa = state();
	struct xfrm_sad *s;

	f->net = namespace_enter();
	if (netlink_open(&f->nl, NETLINK_XFRM, 0, &f->why) != CYG_OK)
		test_skip("the kernel has no IPsec: %s", f->why.got);
	s = xfrm_sad_new(&f->nl, &(struct xfrm_kernel){0});
	assert_non_null(s);
	if (!add(f, s, &sa)) {
		xfrm_sad_free(s);
		netlink_close(&f->nl);
		net_close(f->net);
		test_skip("the kernel has no ESP: %s", f->why.got);
	}
	assert_int_equal(states(), 1);
	xfrm_sad_free(s);
	assert_int_equal(states(), 0);
}

static void close_fixture(struct fixture *f)
{
	netlink_close(&f->nl);
	net_close(f->net);
}

/* A state each way, and none left of either. */
static bool add_two(void *ctx)
{
	struct fixture *f = ctx;
	struct xfrm_sad *s = xfrm_sad_new(&f->nl, &(struct xfrm_kernel){0});
	struct plane_sa sa = state(), other = sa;
	bool first, second;

	if (!s)
		return false;
	other.dir = SA_OUT;
	first = add(f, s, &sa);
	second = add(f, s, &other);
	assert_int_equal(states(), first + second);
	assert_int_equal(xfrm_sad_count(s, SA_IN), first);
	assert_int_equal(xfrm_sad_count(s, SA_OUT), second);
	xfrm_sad_free(s);
	assert_int_equal(states(), 0);
	return first && second;
}

static void without_memory_no_state_is_left(void **state_)
{
	struct fixture f = {0};

	(void)state_;
	open_fixture(&f);
	/* What is removed in one datagram goes one by one where there is no room for that. */
	test_each_allocation_failing(add_two, &f, true);
	close_fixture(&f);
}

static void on_event(void *ctx, struct event *ev)
{
	(void)ctx;
	(void)ev;
}

static bool open_plane(void *ctx)
{
	struct fixture *f = ctx;
	struct plane_host host = {.event = on_event};
	struct plane *p = NULL;
	enum cyg_err err = xfrm_plane_open(&host, f->net, &p, &f->why);

	if (!err)
		p->ops->close(p);
	else
		assert_null(p);
	assert_int_equal(states(), 0);
	return !err;
}

static void without_memory_no_plane_is_opened(void **state_)
{
	struct fixture f = {0};

	(void)state_;
	open_fixture(&f);
	test_each_allocation_failing(open_plane, &f, true);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_no_state_is_left),
		cmocka_unit_test(without_memory_no_plane_is_opened),
	};

	return RUN_TESTS("plane/xfrm_sad", tests);
}
