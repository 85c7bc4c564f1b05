/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that a kernel cuts short, over a real pair of sockets: libmnl's way into the kernel
 * is taken by the two functions below.
 */
#include "net/netlink.h"

#include "tests/unit/support/test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2]; /* ours, the kernel's */

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *octets, size_t len)
{
	(void)nl;
	return send(ends[0], octets, len, 0);
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *octets, size_t len)
{
	ssize_t got = recv(ends[0], octets, len, MSG_DONTWAIT);

	(void)nl;
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

/* Of three answers in one datagram those that are whole count; what is lost shows by the next. */
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
		assert_int_equal(h.err[0], known > 0 ? CYG_OK : netlink_error(ENOBUFS));
		assert_int_equal(h.err[1], known > 1 ? CYG_NOTFOUND : netlink_error(ENOBUFS));
		assert_int_equal(h.err[2], known > 2 ? CYG_OK : CYG_PERM);
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
		cmocka_unit_test(a_table_goes_on_behind_what_was_cut),
	};

	return RUN_TESTS("net/netlink_answer", tests);
}
