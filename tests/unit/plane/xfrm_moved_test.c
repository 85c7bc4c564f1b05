/* SPDX-License-Identifier: Apache-2.0 */
/* A state of the kernel's at another address: nothing of it is lost, and no number comes twice. */
#include "plane/xfrm/moved.h"

#include "crypto/alg.h"

#include "tests/unit/support/test.h"

#include <netinet/in.h>
#include <string.h>

static struct endpoint at(const char *ip, uint16_t port)
{
	struct endpoint e = {.port = port};

	assert_int_equal(ip_parse(ip, &e.addr), CYG_OK);
	return e;
}

static struct plane_sa sa_of(uint8_t dir, bool esn, uint64_t sent)
{
	struct plane_sa sa = {
		.dir = dir,
		.protocol = PROTO_ESP,
		.mode = MODE_TUNNEL,
		.encap = true,
		.suite = {.protocol = PROTO_ESP,
			  .encr = ALG_ENCR_AES_GCM_16,
			  .key_bits = 128,
			  .esn = esn},
		.spi = 0x01020304,
		.reqid = 16388,
		.local = at("192.0.2.1", 4500),
		.remote = at("192.0.2.2", 4500),
		.encr_key_len = 20,
		.replay_window = 64,
		.first_sequence = sent,
		.scope = {.mark = {5, 0xff}, .if_id = 9, .set = {7, 0xf}},
	};

	memset(sa.encr_key, 0x11, 20);
	return sa;
}

struct told {
	struct netlink_request request;
	struct nlmsghdr *m;
};

static void tell(struct told *t, const struct plane_sa *sa)
{
	static const struct xfrm_kernel directed = {.directions = true};

	assert_int_equal(message_new_sa(&t->request, sa, 7, &directed, &t->m, NULL), CYG_OK);
}

#define ATTRS (ATTR_SA_DIR + 1)

static void all_goes_along_but_the_place(void **state)
{
	for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++) {
		struct plane_sa sa = sa_of(dir, true, 3);
		const struct sa_ref to = {.dir = dir,
					  .local = at("198.51.100.1", 4500),
					  .remote = at("198.51.100.2", 4600),
					  .encap = true};
		static const uint16_t same[] = {XFRMA_ALG_AEAD, XFRMA_MARK,
						XFRMA_SET_MARK, XFRMA_SET_MARK_MASK,
						XFRMA_IF_ID,    XFRMA_OFFLOAD_DEV,
						ATTR_SA_DIR};
		const struct nlattr *was[ATTRS], *is[ATTRS];
		struct xfrm_usersa_info info;
		struct xfrm_encap_tmpl encap;
		struct moved_storage storage;
		struct ip_addr source, destination;
		struct nlmsghdr *m;
		struct told t;

		test_row(dir, "%s", dir == SA_IN ? "in" : "out");
		sa.device = 4;
		tell(&t, &sa);
		m = message_moved(&storage, XFRM_MSG_UPDSA, 0, t.m, &to);
		assert_int_equal(m->nlmsg_type, XFRM_MSG_UPDSA);
		assert_true(netlink_record(m, &info, sizeof(info)));
		source = xfrm_ip(&info.saddr, info.family);
		destination = xfrm_ip(&info.id.daddr, info.family);
		assert_true(
			ip_equal(&source, dir == SA_OUT ? &to.local.addr : &to.remote.addr));
		assert_true(ip_equal(&destination,
				     dir == SA_OUT ? &to.remote.addr : &to.local.addr));
		assert_int_equal(ntohl(info.id.spi), sa.spi);
		assert_int_equal(info.reqid, sa.reqid);
		assert_true(xfrm_is_ours(info.seq));
		netlink_attrs(t.m, sizeof(info), was, ATTRS - 1);
		netlink_attrs(m, sizeof(info), is, ATTRS - 1);
		for (size_t i = 0; i < COUNT_OF(same); i++) {
			assert_non_null(is[same[i]]);
			assert_memory_equal(is[same[i]], was[same[i]], was[same[i]]->nla_len);
		}
		memcpy(&encap, mnl_attr_get_payload(is[XFRMA_ENCAP]), sizeof(encap));
		assert_int_equal(ntohs(encap.encap_sport), dir == SA_OUT ? 4500 : 4600);
		assert_int_equal(ntohs(encap.encap_dport), dir == SA_OUT ? 4600 : 4500);
	}
}

static void outbound_numbers_go_on_ahead(void **state)
{
	static const struct {
		uint8_t dir;
		bool esn;
		uint64_t sent, goes_on;
	} rows[] = {
		{SA_IN, true, UINT64_C(0x100000005), UINT64_C(0x100000005)},
		{SA_IN, false, 5, 5},
		{SA_OUT, true, 5, 5 + MOVED_AHEAD},
		{SA_OUT, true, UINT64_C(0x1fffffff0), UINT64_C(0x1fffffff0) + MOVED_AHEAD},
		{SA_OUT, false, 5, 5 + MOVED_AHEAD},
		{SA_OUT, false, UINT32_MAX - MOVED_AHEAD, UINT32_MAX},
		{SA_OUT, false, UINT32_MAX - 3, UINT32_MAX},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = sa_of(rows[i].dir, rows[i].esn, rows[i].sent);
		const struct sa_ref to = {.dir = rows[i].dir,
					  .local = at("198.51.100.1", 0),
					  .remote = at("198.51.100.2", 0)};
		const struct nlattr *is[ATTRS];
		struct xfrm_replay_state_esn r;
		struct moved_storage storage;
		struct nlmsghdr *m;
		uint64_t number;
		struct told t;

		test_row(i, "%s, sent %llu", rows[i].dir == SA_IN ? "in" : "out",
			 (unsigned long long)rows[i].sent);
		tell(&t, &sa);
		m = message_moved(&storage, XFRM_MSG_NEWSA, 0, t.m, &to);
		netlink_attrs(m, sizeof(struct xfrm_usersa_info), is, ATTRS - 1);
		assert_null(is[XFRMA_ENCAP]);
		memcpy(&r, mnl_attr_get_payload(is[XFRMA_REPLAY_ESN_VAL]), sizeof(r));
		number = rows[i].dir == SA_OUT ? (uint64_t)r.oseq_hi << 32 | r.oseq
					       : (uint64_t)r.seq_hi << 32 | r.seq;
		assert_true(number == rows[i].goes_on);
	}
}

/* A state with a small window is told with its numbers in a shorter record. */
static void short_numbers_go_on_ahead(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		uint8_t dir = i ? SA_OUT : SA_IN;
		const struct sa_ref to = {.dir = dir,
					  .local = at("198.51.100.1", 0),
					  .remote = at("198.51.100.2", 0)};
		struct xfrm_replay_state was = {.oseq = i == 2 ? UINT32_MAX - 1 : 6,
						.seq = 7,
						.bitmap = 1},
					 is;
		struct plane_sa sa = sa_of(dir, false, 0);
		const struct nlattr *found[ATTRS];
		struct xfrm_lifetime_cur carried;
		struct moved_storage storage;
		struct xfrm_usersa_info *info;
		struct nlmsghdr *m;
		struct told t;

		test_row(i, "%s", i ? "out" : "in");
		sa.replay_window = 32;
		tell(&t, &sa);
		/* Without it the kernel would check for no replays any more. */
		info = mnl_nlmsg_get_payload(t.m);
		info->curlft = (struct xfrm_lifetime_cur){1680, 20, 3, 4};
		mnl_attr_put(t.m, XFRMA_REPLAY_VAL, sizeof(was), &was);
		m = message_moved(&storage, XFRM_MSG_NEWSA, 0, t.m, &to);
		netlink_attrs(m, sizeof(struct xfrm_usersa_info), found, ATTRS - 1);
		memcpy(&is, mnl_attr_get_payload(found[XFRMA_REPLAY_VAL]), sizeof(is));
		assert_int_equal(is.oseq, i == 0 ? 6 : i == 1 ? 6 + MOVED_AHEAD : UINT32_MAX);
		assert_int_equal(is.seq, 7);
		assert_int_equal(is.bitmap, 1);
		info = mnl_nlmsg_get_payload(m);
		assert_int_equal(info->replay_window, dir == SA_IN ? 32 : 0);
		memcpy(&carried, mnl_attr_get_payload(found[XFRMA_LTIME_VAL]), sizeof(carried));
		assert_int_equal(carried.bytes, 1680);
		assert_int_equal(carried.packets, 20);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_numbers_go_on_ahead),
		cmocka_unit_test(outbound_numbers_go_on_ahead),
		cmocka_unit_test(all_goes_along_but_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
