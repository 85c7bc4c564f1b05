/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells, as events; and what is too short or about nothing of ours. */
#include "plane/xfrm/notice.h"

#include "tests/unit/support/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct heard {
	unsigned events;
	struct event last;
};

static void hear(void *ctx, struct event *ev)
{
	struct heard *h = ctx;

	h->events++;
	h->last = *ev;
}

/* A message of a type with a payload of `len` octets, which may be less than its record. */
static struct nlmsghdr *message(struct netlink_request *storage, uint16_t type,
				const void *payload, size_t len)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);

	memcpy(mnl_nlmsg_put_extra_header(m, len), payload, len);
	return m;
}

struct fixture {
	struct heard heard;
	struct plane_host host;
	struct netlink nl;
	struct xfrm_sad *sad;
	struct xfrm_spd *spd;
	struct notice_taker taker;
};

static void open_fixture(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->host = (struct plane_host){.ctx = &f->heard, .event = hear};
	f->sad = xfrm_sad_new(&f->nl, &(struct xfrm_kernel){0});
	f->spd = xfrm_spd_new(&f->nl, 0);
	assert_true(f->sad && f->spd);
	f->taker = (struct notice_taker){&f->host, f->sad, f->spd};
}

static void close_fixture(struct fixture *f)
{
	xfrm_sad_free(f->sad);
	xfrm_spd_free(f->spd);
}

/* Nothing is loaded: whatever is told is about nothing of ours, however long it is. */
static void nothing_of_ours_is_no_event(void **state)
{
	static const uint16_t types[] = {XFRM_MSG_ACQUIRE,
					 XFRM_MSG_EXPIRE,
					 XFRM_MSG_MAPPING,
					 XFRM_MSG_NEWSA,
					 XFRM_MSG_DELSA,
					 XFRM_MSG_DELPOLICY,
					 0,
					 NLMSG_ERROR};
	uint8_t payload[1024] = {0};
	struct netlink_request storage;
	struct fixture f;

	open_fixture(&f);
	for (size_t i = 0; i < COUNT_OF(types); i++)
		for (unsigned fill = 0; fill < 256; fill += 85)
			for (size_t len = 0; len < sizeof(payload); len += 4) {
				memset(payload, (int)fill, sizeof(payload));
				assert_int_equal(notice_take(message(&storage, types[i],
								     payload, len),
							     &f.taker),
						 0);
			}
	assert_int_equal(f.heard.events, 0);
	close_fixture(&f);
}

/* They may hold some of ours, unless it was we who asked for it. */
static void flushes_by_others_are_noticed(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t own_port, asker;
		unsigned seen;
	} rows[] = {
		{XFRM_MSG_FLUSHSA, 7, 7, 0},
		{XFRM_MSG_FLUSHPOLICY, 7, 7, 0},
		{XFRM_MSG_FLUSHSA, 7, 8, NOTICE_STATES},
		{XFRM_MSG_FLUSHPOLICY, 7, 8, NOTICE_POLICIES},
		{XFRM_MSG_FLUSHSA, 7, 0, NOTICE_STATES},
		{XFRM_MSG_FLUSHPOLICY, 0, 0, NOTICE_POLICIES},
	};
	struct xfrm_usersa_flush all = {0};
	struct netlink_request storage;
	struct nlmsghdr *m;
	struct fixture f;

	open_fixture(&f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		f.taker.own_port = rows[i].own_port;
		m = message(&storage, rows[i].type, &all, sizeof(all));
		m->nlmsg_pid = rows[i].asker;
		assert_int_equal(notice_take(m, &f.taker), rows[i].seen);
	}
	close_fixture(&f);
}

/* Datagrams that are cut, lie about their length, or hold more than one message. */
static void any_octets_are_read_to_their_end(void **state)
{
	static const struct {
		uint32_t claims; /* nlmsg_len */
		size_t len;      /* octets that come */
	} rows[] = {
		{0, 0},   {0, 1},      {0, 16},        {15, 16},         {16, 15},
		{17, 16}, {16, 16},    {4096, 64},     {UINT32_MAX, 64}, {64, 64},
		{0, 64},  {60, 20000}, {20000, 20000},
	};
	static uint8_t octets[20000];
	struct mnl_socket *nl;
	struct fixture f;
	int pair[2];

	open_fixture(&f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	nl = mnl_socket_fdopen(pair[0]);
	assert_non_null(nl);
	f.nl.nl = nl;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (uint16_t type = XFRM_MSG_NEWSA; type <= XFRM_MSG_MAX; type++) {
			struct nlmsghdr h = {.nlmsg_len = rows[i].claims, .nlmsg_type = type};

			memset(octets, 0xa5, sizeof(octets));
			memcpy(octets, &h, sizeof(h));
			assert_int_equal(write(pair[1], octets, rows[i].len), rows[i].len);
			assert_int_equal(write(pair[1], octets, rows[i].len), rows[i].len);
			assert_false(notice_read(&f.nl, &f.taker) & NOTICE_LOST);
			/* Both have been read. */
			assert_int_equal(recv(pair[0], octets, 1, MSG_DONTWAIT), -1);
			assert_int_equal(errno, EAGAIN);
		}
	}
	assert_int_equal(f.heard.events, 0);
	f.nl.nl = NULL;
	mnl_socket_close(nl);
	close(pair[1]);
	close_fixture(&f);
}

static void a_selector_is_one_of_our_pairs_or_none(void **state)
{
	struct xfrm_selector s = {
		.family = AF_INET,
		.prefixlen_s = 24,
		.prefixlen_d = 32,
		.proto = 6,
		.dport = htons(443),
		.dport_mask = htons(0xffff),
	};
	struct xfrm_pair pair;
	struct ts local, remote;
	char a[128], b[128];

	memcpy(&s.saddr, (uint8_t[]){10, 1, 0, 0}, 4);
	memcpy(&s.daddr, (uint8_t[]){10, 2, 0, 9}, 4);
	assert_true(message_pair_of(&s, XFRM_POLICY_OUT, &pair));
	assert_string_equal(prefix_print(&pair.local, a), "10.1.0.0/24");
	assert_string_equal(prefix_print(&pair.remote, b), "10.2.0.9/32");
	assert_int_equal(pair.remote_port, 443);
	assert_int_equal(pair.local_mask, 0);
	message_flow_of(&s, &local, &remote);
	assert_int_equal(remote.port_first, 443);
	assert_int_equal(remote.port_last, 443);
	assert_int_equal(local.port_last, 65535);
	assert_int_equal(local.proto, 6);
	s.prefixlen_s = 33;
	assert_false(message_pair_of(&s, XFRM_POLICY_OUT, &pair));
	s.family = AF_INET6;
	assert_true(message_pair_of(&s, XFRM_POLICY_OUT, &pair));
	s.prefixlen_d = 129;
	assert_false(message_pair_of(&s, XFRM_POLICY_OUT, &pair));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_ours_is_no_event),
		cmocka_unit_test(flushes_by_others_are_noticed),
		cmocka_unit_test(any_octets_are_read_to_their_end),
		cmocka_unit_test(a_selector_is_one_of_our_pairs_or_none),
	};

	return RUN_TESTS("plane/xfrm_notice", tests);
}
