/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that a kernel cuts short, over a real pair of sockets: libmnl's way into the kernel
 * is taken by the two functions below.
 */
#include "net/netlink.h"

#include "tests/unit/support/test.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2]; /* ours, the kernel's */

/* A kernel that answers each request as it comes; or what the test has put there already is all. */
static struct {
	bool answers;
	size_t quiet;    /* the first ones it says nothing to */
	unsigned lost;   /* bits: it has no room for the answer to that request, and says so */
	int errors[16];  /* what its answers are */
	size_t requests; /* so far */
	bool overrun;
} kernel;

static void put_into(const struct nlmsghdr *request, int error)
{
	_Alignas(struct nlmsghdr) char octets[256];
	struct nlmsghdr *m = mnl_nlmsg_put_header(octets);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(m, sizeof(*e));

	m->nlmsg_type = NLMSG_ERROR;
	m->nlmsg_flags = NLM_F_CAPPED;
	m->nlmsg_seq = request->nlmsg_seq;
	e->error = -error;
	assert_int_equal(send(ends[1], octets, m->nlmsg_len, 0), m->nlmsg_len);
}

static void take_request(const struct nlmsghdr *m)
{
	size_t at = kernel.requests++;

	if (at < kernel.quiet)
		return;
	if (kernel.lost & 1u << at)
		kernel.overrun = true;
	else
		put_into(m, kernel.errors[at]);
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *octets, size_t len)
{
	const struct nlmsghdr *m = octets;
	int left = (int)len;

	(void)nl;
	for (; kernel.answers && netlink_fits(m, left); m = mnl_nlmsg_next(m, &left))
		take_request(m);
	return send(ends[0], octets, len, 0);
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return ends[0];
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *octets, size_t len)
{
	ssize_t got;

	(void)nl;
	if (kernel.overrun) {
		kernel.overrun = false;
		errno = ENOBUFS;
		return -1;
	}
	got = recv(ends[0], octets, len, MSG_DONTWAIT);
	/* Whoever waits where nothing is to come waits for ever. */
	if (got < 0 && errno == EAGAIN)
		fail_msg("it waits for an answer that it has had");
	return got;
}

static void open_pair(void)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
}

static void close_pair(void)
{
	close(ends[0]);
	close(ends[1]);
	memset(&kernel, 0, sizeof(kernel));
}

struct octets {
	_Alignas(struct nlmsghdr) char all[512];
	size_t len;
};

/* The kernel's yes or no to a request, with words of its own. */
static void put_answer(struct octets *o, uint32_t sequence, int error, const char *words)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(o->all + o->len);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(m, sizeof(*e));

	m->nlmsg_type = NLMSG_ERROR;
	m->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	m->nlmsg_seq = sequence;
	e->error = -error;
	e->msg.nlmsg_len = sizeof(e->msg);
	mnl_attr_put_strz(m, NLMSGERR_ATTR_MSG, words);
	o->len += MNL_ALIGN(m->nlmsg_len);
}

static void put_item(struct octets *o, uint16_t type, uint32_t sequence, uint32_t number)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(o->all + o->len);

	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_MULTI;
	m->nlmsg_seq = sequence;
	memcpy(mnl_nlmsg_put_extra_header(m, sizeof(number)), &number, sizeof(number));
	o->len += MNL_ALIGN(m->nlmsg_len);
}

static void answer(const struct octets *o, size_t len)
{
	assert_int_equal(send(ends[1], o->all, len, 0), len);
}

static void one_request_is_answered_by_what_is_whole(void **state)
{
	struct octets whole = {.len = 0};

	put_answer(&whole, 1, EPERM, "the kernel's words");
	for (size_t cut = 1; cut <= whole.len; cut++) {
		struct netlink nl = {0};
		struct netlink_request storage;
		struct octets last = {.len = 0};
		struct diag why;
		enum cyg_err err;

		test_row(cut, "%zu octets of %zu", cut, whole.len);
		open_pair();
		put_answer(&last, 1, EEXIST, "another");
		answer(&whole, cut);
		answer(&last, last.len);
		err = netlink_ask(&nl, netlink_begin(&storage, 20, 0), "do it", &why);
		/* What is cut is no answer: the next one is. */
		assert_int_equal(err, cut == whole.len ? CYG_PERM : CYG_EXISTS);
		assert_true(diag_is_set(&why));
		close_pair();
	}
}

/* An answer without the record that says yes or no. */
static void an_answer_without_its_record_is_an_error(void **state)
{
	struct netlink nl = {0};
	struct netlink_request storage;
	struct octets o = {.len = 0};
	struct diag why;

	open_pair();
	put_item(&o, NLMSG_ERROR, 1, 0);
	answer(&o, o.len);
	assert_int_equal(netlink_ask(&nl, netlink_begin(&storage, 20, 0), "do it", &why),
			 CYG_IO);
	close_pair();
}

struct heard {
	size_t done;
	enum cyg_err err[3];
};

static void hear(void *ctx, size_t at, enum cyg_err err, const struct diag *why)
{
	struct heard *h = ctx;

	assert_int_equal(at, h->done);
	h->err[h->done++] = err;
}

/*
 * Of three answers in one datagram those that are whole count; what is lost shows by the next, and
 * is asked again.
 */
static void each_of_a_batch_has_one_answer(void **state)
{
	struct octets whole = {.len = 0};

	for (uint32_t i = 1; i <= 3; i++)
		put_answer(&whole, i, i == 2 ? ENOENT : 0, "words");
	for (size_t cut = 1; cut <= whole.len; cut++) {
		struct netlink nl = {0};
		struct netlink_batch batch;
		struct heard h = {0};
		struct octets last = {.len = 0};
		size_t known = cut / (whole.len / 3);

		test_row(cut, "%zu octets of %zu", cut, whole.len);
		open_pair();
		kernel.answers = true;
		kernel.quiet = 3;
		kernel.errors[3] = kernel.errors[4] = kernel.errors[5] = EOPNOTSUPP;
		put_answer(&last, 3, EPERM, "the last");
		answer(&whole, cut);
		if (known < 3)
			answer(&last, last.len);
		assert_int_equal(netlink_batch_begin(&batch, &nl, "do them"), CYG_OK);
		batch.answer = hear;
		batch.ctx = &h;
		for (uint32_t i = 1; i <= 3; i++) {
			struct netlink_request storage;

			netlink_batch_add(&batch, netlink_begin(&storage, 20, 0));
		}
		netlink_batch_end(&batch);
		assert_int_equal(h.done, 3);
		assert_int_equal(h.err[0], known > 0 ? CYG_OK : CYG_UNSUPPORTED);
		assert_int_equal(h.err[1], known > 1 ? CYG_NOTFOUND : CYG_UNSUPPORTED);
		/* That of the last one did come where it is the next. */
		assert_int_equal(h.err[2], known > 2    ? CYG_OK
					   : known == 2 ? CYG_PERM
							: CYG_UNSUPPORTED);
		close_pair();
	}
}

/* The second answer is to what the first request may have done. */
static void a_lost_answer_is_asked_for_again(void **state)
{
	static const struct {
		int protocol;
		uint16_t type;
		int error;
		enum cyg_err wanted;
	} rows[] = {
		{NETLINK_ROUTE, RTM_NEWROUTE, 0, CYG_OK},
		{NETLINK_ROUTE, RTM_NEWROUTE, EPERM, CYG_PERM},
		{NETLINK_ROUTE, RTM_NEWROUTE, ENETUNREACH, CYG_NOTFOUND},
		{NETLINK_ROUTE, RTM_NEWRULE, EEXIST, CYG_EXISTS},
		{NETLINK_ROUTE, RTM_DELROUTE, ESRCH, CYG_OK},
		{NETLINK_ROUTE, RTM_DELRULE, ENOENT, CYG_OK},
		{NETLINK_ROUTE, RTM_DELADDR, EADDRNOTAVAIL, CYG_OK},
		{NETLINK_ROUTE, RTM_DELLINK, ENODEV, CYG_OK},
		{NETLINK_XFRM, XFRM_MSG_NEWSA, EEXIST, CYG_OK},
		{NETLINK_XFRM, XFRM_MSG_UPDSA, ESRCH, CYG_NOTFOUND},
		{NETLINK_XFRM, XFRM_MSG_DELSA, ESRCH, CYG_OK},
		{NETLINK_XFRM, XFRM_MSG_NEWPOLICY, EEXIST, CYG_EXISTS},
		{NETLINK_XFRM, XFRM_MSG_DELPOLICY, ENOENT, CYG_OK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct netlink nl = {.protocol = rows[i].protocol};
		struct netlink_request storage;
		struct diag why;

		test_row(i, "message %u", rows[i].type);
		open_pair();
		kernel.answers = true;
		kernel.lost = 1;
		kernel.errors[1] = rows[i].error;
		diag_clear(&why);
		assert_int_equal(netlink_ask(&nl, netlink_begin(&storage, rows[i].type, 0),
					     "do it", &why),
				 rows[i].wanted);
		assert_int_equal(kernel.requests, 2);
		assert_int_equal(diag_is_set(&why), rows[i].wanted != CYG_OK);
		close_pair();
	}
}

/* The socket had no room for something else. */
static void an_answer_behind_an_overrun_counts(void **state)
{
	struct netlink nl = {.protocol = NETLINK_ROUTE};
	struct netlink_request storage;

	open_pair();
	kernel.answers = kernel.overrun = true;
	kernel.errors[0] = ESRCH;
	assert_int_equal(netlink_ask(&nl, netlink_begin(&storage, RTM_DELROUTE, 0), "do it",
				     NULL),
			 CYG_NOTFOUND);
	assert_int_equal(kernel.requests, 1);
	close_pair();
}

static void a_socket_that_never_has_room_is_an_error(void **state)
{
	struct netlink nl = {.protocol = NETLINK_ROUTE};
	struct netlink_request storage;

	open_pair();
	kernel.answers = true;
	kernel.lost = UINT32_MAX;
	assert_int_equal(netlink_ask(&nl, netlink_begin(&storage, RTM_NEWROUTE, 0), "do it",
				     NULL),
			 netlink_error(ENOBUFS));
	close_pair();
}

/* Whichever of three answers is lost, each is told once, and as it is. */
static void a_batch_has_each_answer_after_an_overrun(void **state)
{
	static const uint16_t types[] = {RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWROUTE};

	for (unsigned lost = 0; lost < 1u << COUNT_OF(types); lost++) {
		struct netlink nl = {.protocol = NETLINK_ROUTE};
		struct netlink_batch batch;
		struct heard h = {0};

		test_row(lost, "answers lost: %x", lost);
		open_pair();
		kernel.answers = true;
		kernel.lost = lost;
		/* Asked anew, the second is gone already. */
		for (size_t i = 3; i < COUNT_OF(kernel.errors); i++)
			kernel.errors[i] = i == 4 ? ESRCH : 0;
		assert_int_equal(netlink_batch_begin(&batch, &nl, "do them"), CYG_OK);
		batch.answer = hear;
		batch.ctx = &h;
		for (size_t i = 0; i < COUNT_OF(types); i++) {
			struct netlink_request storage;

			netlink_batch_add(&batch, netlink_begin(&storage, types[i], 0));
		}
		netlink_batch_end(&batch);
		assert_int_equal(h.done, COUNT_OF(types));
		for (size_t i = 0; i < COUNT_OF(types); i++)
			assert_int_equal(h.err[i], CYG_OK);
		close_pair();
	}
}

static int count(const struct nlmsghdr *m, void *ctx)
{
	uint32_t number;

	if (netlink_record(m, &number, sizeof(number)))
		*(uint32_t *)ctx += number;
	return MNL_CB_OK;
}

static void a_table_goes_on_behind_what_was_cut(void **state)
{
	struct octets whole = {.len = 0};

	for (uint32_t i = 0; i < 3; i++)
		put_item(&whole, 20, 1, 1u << i);
	for (size_t cut = 1; cut <= whole.len; cut++) {
		struct netlink nl = {0};
		struct netlink_request storage;
		struct octets last = {.len = 0};
		uint32_t sum = 0;
		const struct netlink_dump dump = {count, NULL, &sum};
		size_t known = cut / (whole.len / 3);

		test_row(cut, "%zu octets of %zu", cut, whole.len);
		open_pair();
		put_item(&last, NLMSG_DONE, 1, 0);
		answer(&whole, cut);
		answer(&last, last.len);
		assert_int_equal(netlink_ask_all(&nl, netlink_begin(&storage, 20, 0), &dump,
						 NULL),
				 CYG_OK);
		assert_int_equal(sum, (1u << known) - 1);
		close_pair();
	}
}

static void forget_sum(void *ctx)
{
	*(uint32_t *)ctx = 0;
}

static void a_table_is_listed_anew_after_an_overrun(void **state)
{
	struct octets first = {.len = 0}, second = {.len = 0};
	struct netlink nl = {0};
	struct netlink_request storage;
	uint32_t sum = 0;
	const struct netlink_dump dump = {count, forget_sum, &sum};

	open_pair();
	kernel.overrun = true;
	put_item(&first, 20, 1, 1);
	put_item(&first, NLMSG_DONE, 1, 0);
	put_item(&second, 20, 2, 1);
	put_item(&second, 20, 2, 2);
	put_item(&second, NLMSG_DONE, 2, 0);
	answer(&first, first.len);
	answer(&second, second.len);
	assert_int_equal(netlink_ask_all(&nl, netlink_begin(&storage, 20, 0), &dump, NULL),
			 CYG_OK);
	assert_int_equal(sum, 3);
	close_pair();
}

/* Also when a message says that it is longer than all there is. */
static void lengths_that_lie_end_nothing_else(void **state)
{
	static const uint32_t lengths[] = {0, 1, 15, 100, 0x7fffffff, 0x80000000, UINT32_MAX};

	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct netlink nl = {0};
		struct netlink_request storage;
		struct octets liar = {.len = 0}, last = {.len = 0};

		test_row(i, "%u", lengths[i]);
		open_pair();
		put_answer(&liar, 1, EPERM, "words");
		((struct nlmsghdr *)liar.all)->nlmsg_len = lengths[i];
		put_answer(&last, 1, 0, "words");
		answer(&liar, liar.len);
		answer(&last, last.len);
		assert_int_equal(netlink_ask(&nl, netlink_begin(&storage, 20, 0), "do it",
					     NULL),
				 CYG_OK);
		close_pair();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_is_answered_by_what_is_whole),
		cmocka_unit_test(an_answer_without_its_record_is_an_error),
		cmocka_unit_test(lengths_that_lie_end_nothing_else),
		cmocka_unit_test(each_of_a_batch_has_one_answer),
		cmocka_unit_test(a_lost_answer_is_asked_for_again),
		cmocka_unit_test(an_answer_behind_an_overrun_counts),
		cmocka_unit_test(a_socket_that_never_has_room_is_an_error),
		cmocka_unit_test(a_batch_has_each_answer_after_an_overrun),
		cmocka_unit_test(a_table_is_listed_anew_after_an_overrun),
		cmocka_unit_test(a_table_goes_on_behind_what_was_cut),
	};

	return RUN_TESTS("net/netlink_answer", tests);
}
