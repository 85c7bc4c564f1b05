/* SPDX-License-Identifier: Apache-2.0 */
/* SAs and policies as the kernel's records: what is in each, read back from the octets. */
#include "plane/xfrm/message.h"

#include "crypto/alg.h"

#include "tests/unit/support/test.h"

#include <netinet/in.h>
#include <string.h>

static const struct xfrm_kernel plain, directed = {.directions = true};

static struct plane_sa state(uint8_t dir)
{
	struct plane_sa sa = {
		.dir = dir,
		.protocol = PROTO_ESP,
		.mode = MODE_TUNNEL,
		.suite = {.protocol = PROTO_ESP, .encr = ALG_ENCR_AES_GCM_16, .key_bits = 128},
		.spi = 0x01020304,
		.reqid = 16388,
		.encr_key_len = 20,
		.replay_window = 32,
	};

	memset(sa.encr_key, 0x11, 20);
	assert_int_equal(ip_parse("192.0.2.1", &sa.local.addr), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.2", &sa.remote.addr), CYG_OK);
	return sa;
}

struct read_back {
	struct xfrm_usersa_info info;
	const struct nlattr *at[XFRMA_MAX + 1];
};

static void build_for(struct netlink_request *storage, const struct plane_sa *sa,
		      const struct xfrm_kernel *kernel, struct read_back *ret)
{
	struct nlmsghdr *m;

	memset(storage, 0xa5, sizeof(*storage));
	assert_int_equal(message_new_sa(storage, sa, 7, kernel, &m, NULL), CYG_OK);
	assert_int_equal(m->nlmsg_type, XFRM_MSG_NEWSA);
	assert_true(netlink_record(m, &ret->info, sizeof(ret->info)));
	netlink_attrs(m, sizeof(ret->info), ret->at, XFRMA_MAX);
}

static void build(struct netlink_request *storage, const struct plane_sa *sa,
		  struct read_back *ret)
{
	build_for(storage, sa, &plain, ret);
}

/* What a connection asks for beside the tunnel itself: flags and attributes that are there or not. */
static void what_is_asked_for_is_there_and_nothing_else(void **state_)
{
	static const struct {
		const char *what;
		bool no_pmtu, decap, plain;
		uint32_t tfc;
		uint8_t flags;
	} rows[] = {
		{"nothing", false, false, false, 0, XFRM_STATE_AF_UNSPEC},
		{"cut", true, false, false, 0, XFRM_STATE_AF_UNSPEC | XFRM_STATE_NOPMTUDISC},
		{"inward", false, true, false, 0, XFRM_STATE_AF_UNSPEC | XFRM_STATE_DECAP_DSCP},
		{"not outward", false, false, true, 0, XFRM_STATE_AF_UNSPEC},
		{"padded", false, false, false, 1000, XFRM_STATE_AF_UNSPEC},
		{"to the path's", false, false, false, UINT32_MAX, XFRM_STATE_AF_UNSPEC},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = state(rows[i].decap ? SA_IN : SA_OUT);
		struct netlink_request storage;
		struct read_back r;

		test_row(i, "%s", rows[i].what);
		sa.no_pmtu_discovery = rows[i].no_pmtu;
		sa.decap_dscp = rows[i].decap;
		sa.plain_dscp = rows[i].plain;
		sa.tfc = rows[i].tfc;
		build(&storage, &sa, &r);
		assert_int_equal(r.info.flags, rows[i].flags);
		assert_int_equal(r.at[XFRMA_TFCPAD] != NULL, rows[i].tfc != 0);
		assert_int_equal(netlink_u32(r.at[XFRMA_TFCPAD]), rows[i].tfc);
		assert_int_equal(netlink_u32(r.at[XFRMA_SA_EXTRA_FLAGS]),
				 rows[i].plain ? XFRM_SA_XFLAG_DONT_ENCAP_DSCP : 0);
	}
}

/* AH has a check value and no cipher, and a length of its own in IPv4 (RFC 4302 3.3.3.2.1). */
static void ah_is_integrity_alone(void **state_)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct plane_sa sa = state(SA_OUT);
		struct netlink_request storage;
		struct xfrm_algo_auth auth;
		struct read_back r;

		sa.protocol = sa.suite.protocol = PROTO_AH;
		sa.suite.encr = 0;
		sa.suite.integ = 12; /* HMAC_SHA2_256_128 */
		sa.encr_key_len = 0;
		sa.integ_key_len = 32;
		if (v6) {
			assert_int_equal(ip_parse("2001:db8::1", &sa.local.addr), CYG_OK);
			assert_int_equal(ip_parse("2001:db8::2", &sa.remote.addr), CYG_OK);
		}
		build(&storage, &sa, &r);
		assert_int_equal(r.info.id.proto, IPPROTO_AH);
		assert_int_equal((r.info.flags & XFRM_STATE_ALIGN4) != 0, !v6);
		assert_null(r.at[XFRMA_ALG_AEAD]);
		assert_null(r.at[XFRMA_ALG_CRYPT]);
		assert_non_null(r.at[XFRMA_ALG_AUTH_TRUNC]);
		memcpy(&auth, mnl_attr_get_payload(r.at[XFRMA_ALG_AUTH_TRUNC]), sizeof(auth));
		assert_string_equal(auth.alg_name, "hmac(sha256)");
		assert_int_equal(auth.alg_key_len, 256);
		assert_int_equal(auth.alg_trunc_len, 128);
	}
}

static void an_sa_is_of_its_direction(void **state_)
{
	for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++) {
		struct plane_sa sa = state(dir);
		struct netlink_request storage;
		struct read_back r;
		struct ip_addr from, to;

		build(&storage, &sa, &r);
		from = xfrm_ip(&r.info.saddr, r.info.family);
		to = xfrm_ip(&r.info.id.daddr, r.info.family);
		assert_true(ip_equal(&from, dir == SA_OUT ? &sa.local.addr : &sa.remote.addr));
		assert_true(ip_equal(&to, dir == SA_OUT ? &sa.remote.addr : &sa.local.addr));
		assert_int_equal(ntohl(r.info.id.spi), 0x01020304);
		assert_int_equal(r.info.id.proto, IPPROTO_ESP);
		assert_int_equal(r.info.reqid, 16388);
		assert_true(xfrm_is_ours(r.info.seq));
		assert_int_equal(r.info.replay_window, dir == SA_IN ? 32 : 0);
		assert_null(r.at[XFRMA_REPLAY_ESN_VAL]);
	}
}

static void inside_of_beet_are_two_addresses(void **state_)
{
	static const char *const inside[2][2] = {{"10.1.0.1", "10.2.0.1"},
						 {"2001:db8::1", "2001:db8::2"}};

	(void)state_;
	for (unsigned i = 0; i < 4; i++) {
		struct plane_sa sa = state(i & 1 ? SA_OUT : SA_IN);
		bool out = sa.dir == SA_OUT, v6 = i & 2;
		struct netlink_request storage;
		struct read_back r;
		struct ip_addr from, to;
		struct ts ours = {0}, theirs = {0};

		test_row(i, "%s, %s", out ? "out" : "in", v6 ? "v6" : "v4");
		assert_int_equal(ip_parse(inside[v6][0], &ours.range.first), CYG_OK);
		assert_int_equal(ip_parse(inside[v6][1], &theirs.range.first), CYG_OK);
		sa.mode = MODE_BEET;
		sa.ts_local = (struct ts_set){&ours, 1};
		sa.ts_remote = (struct ts_set){&theirs, 1};
		build(&storage, &sa, &r);
		assert_int_equal(r.info.mode, XFRM_MODE_BEET);
		assert_int_equal(r.info.family, AF_INET);
		assert_int_equal(r.info.sel.family, v6 ? AF_INET6 : AF_INET);
		assert_int_equal(r.info.sel.prefixlen_s, v6 ? 128 : 32);
		assert_int_equal(r.info.sel.prefixlen_d, v6 ? 128 : 32);
		from = xfrm_ip(&r.info.sel.saddr, r.info.sel.family);
		to = xfrm_ip(&r.info.sel.daddr, r.info.sel.family);
		assert_true(ip_equal(&from, out ? &ours.range.first : &theirs.range.first));
		assert_true(ip_equal(&to, out ? &theirs.range.first : &ours.range.first));
	}
}

/* A packet is put into its tunnel, compressed, and protected as it is then (RFC 3173). */
static void compression_has_a_state_of_its_own(void **state_)
{
	static const struct {
		uint8_t mode, comp, esp;
	} rows[] = {
		{MODE_TUNNEL, XFRM_MODE_TUNNEL, XFRM_MODE_TRANSPORT},
		{MODE_TRANSPORT, XFRM_MODE_TRANSPORT, XFRM_MODE_TRANSPORT},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = state(SA_OUT);
		bool tunnel = sa.plain_dscp = rows[i].mode == MODE_TUNNEL;
		struct netlink_request storage;
		struct xfrm_algo algo;
		struct nlmsghdr *m;
		struct read_back r;

		test_row(i, "%s", tunnel ? "tunnel" : "transport");
		sa.mode = rows[i].mode;
		sa.cpi = 0x1234;
		sa.hard_packets = 7;
		build(&storage, &sa, &r);
		assert_int_equal(r.info.mode, rows[i].esp);
		assert_int_equal(r.info.flags & XFRM_STATE_AF_UNSPEC, 0);
		assert_int_equal(r.info.lft.hard_packet_limit, 7);
		assert_null(r.at[XFRMA_SA_EXTRA_FLAGS]);

		m = message_new_ipcomp(&storage, &sa, 8, &plain);
		assert_true(netlink_record(m, &r.info, sizeof(r.info)));
		netlink_attrs(m, sizeof(r.info), r.at, XFRMA_MAX);
		assert_int_equal(r.info.mode, rows[i].comp);
		assert_int_equal(r.info.id.proto, IPPROTO_COMP);
		assert_int_equal(ntohl(r.info.id.spi), 0x1234);
		assert_true(xfrm_is_ours(r.info.seq));
		assert_true(r.info.lft.hard_packet_limit == XFRM_INF);
		assert_int_equal((r.info.flags & XFRM_STATE_AF_UNSPEC) != 0, tunnel);
		assert_int_equal(r.at[XFRMA_SA_EXTRA_FLAGS] != NULL, tunnel);
		memcpy(&algo, mnl_attr_get_payload(r.at[XFRMA_ALG_COMP]), sizeof(algo));
		assert_string_equal(algo.alg_name, "deflate");
		assert_int_equal(algo.alg_key_len, 0);
	}
}

/* What would not shrink comes as it is: only outward must there be an IPComp state. */
static void compression_is_a_template_inside(void **state_)
{
	struct xfrm_rule rule = {.kind = POLICY_PROTECT, .protocol = PROTO_ESP, .reqid = 7};
	const struct xfrm_pair pair = {0};

	(void)state_;
	assert_int_equal(ip_parse("192.0.2.1", &rule.local), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.2", &rule.remote), CYG_OK);
	for (unsigned i = 0; i < 4; i++) {
		uint8_t dir = i & 1 ? XFRM_POLICY_OUT : XFRM_POLICY_IN;
		const struct nlattr *at[XFRMA_TMPL + 1];
		struct xfrm_user_tmpl t[2];
		struct netlink_request storage;
		struct nlmsghdr *m;

		test_row(i, "%s", i & 1 ? "out" : "in");
		rule.compress = i & 2;
		m = message_new_policy(&storage, dir, &pair, &rule, message_index_of(1, dir));
		netlink_attrs(m, sizeof(struct xfrm_userpolicy_info), at, XFRMA_TMPL);
		assert_int_equal(mnl_attr_get_payload_len(at[XFRMA_TMPL]),
				 (rule.compress ? 2 : 1) * sizeof(t[0]));
		if (!rule.compress)
			continue;
		memcpy(t, mnl_attr_get_payload(at[XFRMA_TMPL]), sizeof(t));
		assert_int_equal(t[0].id.proto, IPPROTO_COMP);
		assert_int_equal(t[0].mode, XFRM_MODE_TUNNEL);
		assert_int_equal(t[0].optional, dir == XFRM_POLICY_IN);
		assert_int_equal(t[1].id.proto, IPPROTO_ESP);
		assert_int_equal(t[1].mode, XFRM_MODE_TRANSPORT);
		assert_int_equal(t[1].optional, 0);
	}
}

/* What goes out by a state may be one processor's alone; what comes in is of any. */
static void a_state_may_be_of_one_processor(void **state_)
{
	static const struct {
		uint8_t dir;
		uint32_t processor;
		bool bound;
	} rows[] = {
		{SA_OUT, 0, false}, {SA_OUT, 1, true}, {SA_OUT, 256, true},
		{SA_IN, 0, false},  {SA_IN, 1, false},
	};

	(void)state_;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = state(rows[i].dir);
		struct netlink_request storage;
		struct nlmsghdr *m;

		test_row(i, "direction %u, processor %u", rows[i].dir, rows[i].processor);
		sa.processor = rows[i].processor;
		sa.cpi = 300;
		for (unsigned comp = 0; comp < 2; comp++) {
			if (comp)
				m = message_new_ipcomp(&storage, &sa, 7, &plain);
			else
				assert_int_equal(message_new_sa(&storage, &sa, 7, &plain, &m,
								NULL),
						 CYG_OK);
			assert_int_equal(message_processor_of(m,
							      sizeof(struct xfrm_usersa_info)),
					 rows[i].bound ? rows[i].processor : 0);
		}
	}
}

/* Only what protects, and only outward. */
static void a_policy_may_ask_for_each_processor(void **state_)
{
	const struct xfrm_pair pair = {0};

	(void)state_;
	for (unsigned i = 0; i < 16; i++) {
		static const uint8_t dirs[] = {XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_POLICY_FWD,
					       XFRM_POLICY_OUT};
		struct xfrm_rule rule = {.kind = i & 4 ? POLICY_PASS : POLICY_PROTECT,
					 .protocol = PROTO_ESP,
					 .reqid = 7,
					 .spread = i & 8};
		uint8_t dir = dirs[i & 3];
		struct xfrm_userpolicy_info info;
		struct netlink_request storage;

		test_row(i, "direction %u", dir);
		assert_int_equal(ip_parse("192.0.2.1", &rule.local), CYG_OK);
		assert_int_equal(ip_parse("192.0.2.2", &rule.remote), CYG_OK);
		assert_true(netlink_record(message_new_policy(&storage, dir, &pair, &rule,
							      message_index_of(1, dir)),
					   &info, sizeof(info)));
		assert_int_equal(info.flags,
				 i & 8 && !(i & 4) && dir == XFRM_POLICY_OUT ? 4 : 0);
	}
}

/* What goes out waits for its SA; what comes in clear meanwhile is let in where it may. */
static void a_trap_may_let_clear_text_in(void **state_)
{
	static const struct {
		uint8_t kind, dir;
		bool clear_in, known, allowed, templates;
	} rows[] = {
		{POLICY_TRAP, XFRM_POLICY_IN, true, true, true, false},
		{POLICY_TRAP, XFRM_POLICY_FWD, true, false, true, false},
		{POLICY_TRAP, XFRM_POLICY_OUT, true, true, true, true},
		{POLICY_TRAP, XFRM_POLICY_OUT, true, false, true, true},
		{POLICY_TRAP, XFRM_POLICY_OUT, false, false, true, true},
		{POLICY_HOLD, XFRM_POLICY_OUT, false, false, false, false},
		{POLICY_PROTECT, XFRM_POLICY_OUT, false, false, false, false},
		{POLICY_TRAP, XFRM_POLICY_IN, false, true, true, true},
		{POLICY_TRAP, XFRM_POLICY_IN, false, false, false, false},
		{POLICY_PASS, XFRM_POLICY_OUT, false, false, true, false},
	};
	struct xfrm_pair pair = {0};

	(void)state_;
	assert_int_equal(prefix_parse("192.0.2.1/32", &pair.local, NULL), CYG_OK);
	assert_int_equal(prefix_parse("192.0.2.0/24", &pair.remote, NULL), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct xfrm_rule rule = {.kind = rows[i].kind,
					 .protocol = PROTO_ESP,
					 .reqid = 7,
					 .clear_in = rows[i].clear_in};
		const struct nlattr *at[XFRMA_TMPL + 1];
		struct xfrm_userpolicy_info info;
		struct netlink_request storage;
		struct xfrm_user_tmpl t;
		struct nlmsghdr *m;

		test_row(i, "kind %u, direction %u", rows[i].kind, rows[i].dir);
		if (rows[i].known) {
			assert_int_equal(ip_parse("192.0.2.1", &rule.local), CYG_OK);
			assert_int_equal(ip_parse("192.0.2.2", &rule.remote), CYG_OK);
		}
		m = message_new_policy(&storage, rows[i].dir, &pair, &rule,
				       message_index_of(1, rows[i].dir));
		assert_true(netlink_record(m, &info, sizeof(info)));
		netlink_attrs(m, sizeof(info), at, XFRMA_TMPL);
		assert_int_equal(info.action,
				 rows[i].allowed ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK);
		assert_int_equal(at[XFRMA_TMPL] != NULL, rows[i].templates);
		if (!rows[i].templates)
			continue;
		memcpy(&t, mnl_attr_get_payload(at[XFRMA_TMPL]), sizeof(t));
		/* Of peers that nobody knows yet the kernel takes the packet's addresses. */
		assert_int_equal(t.mode,
				 rows[i].known ? XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT);
		assert_int_equal(t.id.daddr.a4 != 0, rows[i].known);
		assert_int_equal(t.family, AF_INET);
		assert_int_equal(t.reqid, 7);
	}
}

#define ATTR_SA_DIR 33

/* What is of no use in a direction a kernel that knows of them refuses: windows above all. */
static void a_kernel_with_directions_is_told_the_direction(void **state_)
{
	(void)state_;
	for (unsigned i = 0; i < 8; i++) {
		struct plane_sa sa = state(i & 1 ? SA_OUT : SA_IN);
		bool knows = i & 2;
		const struct xfrm_kernel *kernel = knows ? &directed : &plain;
		const struct nlattr *at[ATTR_SA_DIR + 1];
		struct xfrm_replay_state_esn esn;
		struct netlink_request storage;
		struct nlmsghdr *m;
		struct read_back r;

		test_row(i, "%s, %s", i & 1 ? "out" : "in", knows ? "knows" : "does not");
		sa.suite.esn = true;
		sa.no_pmtu_discovery = sa.decap_dscp = sa.plain_dscp = true;
		sa.tfc = 1000;
		sa.cpi = i & 4 ? 0x1234 : 0;
		build_for(&storage, &sa, kernel, &r);
		m = (struct nlmsghdr *)storage.octets;
		assert_int_equal(message_direction_of(m), knows ? (int)sa.dir : -1);
		memcpy(&esn, mnl_attr_get_payload(r.at[XFRMA_REPLAY_ESN_VAL]), sizeof(esn));
		assert_int_equal(esn.bmp_len, knows && sa.dir == SA_OUT ? 0 : 1);
		assert_int_equal(esn.replay_window, knows && sa.dir == SA_OUT ? 0 : 32);
		assert_int_equal(r.at[XFRMA_TFCPAD] != NULL, sa.dir == SA_OUT);
		if (sa.cpi)
			m = message_new_ipcomp(&storage, &sa, 1, kernel);
		assert_int_equal(message_direction_of(m), knows ? (int)sa.dir : -1);
		assert_true(netlink_record(m, &r.info, sizeof(r.info)));
		netlink_attrs(m, sizeof(r.info), r.at, XFRMA_MAX);
		assert_int_equal(r.info.flags & (XFRM_STATE_NOPMTUDISC | XFRM_STATE_DECAP_DSCP),
				 sa.dir == SA_OUT ? XFRM_STATE_NOPMTUDISC
						  : XFRM_STATE_DECAP_DSCP);
		assert_int_equal(r.at[XFRMA_SA_EXTRA_FLAGS] != NULL, sa.dir == SA_OUT);
		netlink_attrs(m, sizeof(r.info), at, ATTR_SA_DIR);
		if (knows)
			assert_int_equal(mnl_attr_get_u8(at[ATTR_SA_DIR]),
					 sa.dir == SA_IN ? 1 : 2);
	}
}

/* A direction that a kernel tells is one of two. */
static void other_directions_are_none(void **state_)
{
	static const uint8_t octets[] = {0, 3, 255};

	(void)state_;
	for (size_t i = 0; i < COUNT_OF(octets); i++) {
		struct netlink_request storage;
		struct nlmsghdr *m = netlink_begin(&storage, XFRM_MSG_NEWSA, 0);

		test_row(i, "%u", octets[i]);
		mnl_nlmsg_put_extra_header(m, sizeof(struct xfrm_usersa_info));
		mnl_attr_put_u8(m, ATTR_SA_DIR, octets[i]);
		assert_int_equal(message_direction_of(m), -1);
	}
}

/* Windows beyond 32 packets and extended numbers need a record of their own (RFC 4303 2.2.1). */
static void windows_are_what_was_asked_for(void **state_)
{
	static const struct {
		uint32_t window;
		bool esn;
		uint64_t first;
		uint32_t words, kept; /* 0 words: in the plain record */
	} rows[] = {
		{0, false, 0, 0, 0},
		{32, false, 0, 0, 32},
		{33, false, 0, 2, 33},
		{32, true, 0, 1, 32},
		{0, true, 0, 1, 32},
		{4096, true, 0, 128, 4096},
		{32, true, UINT64_C(0x100000005), 1, 32},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = state(SA_IN);
		struct netlink_request storage;
		struct xfrm_replay_state_esn esn;
		struct read_back r;

		test_row(i, "window %u, esn %d", rows[i].window, rows[i].esn);
		sa.replay_window = rows[i].window;
		sa.suite.esn = rows[i].esn;
		sa.first_sequence = rows[i].first;
		build(&storage, &sa, &r);
		assert_int_equal((r.info.flags & XFRM_STATE_ESN) != 0, rows[i].esn);
		assert_int_equal(r.at[XFRMA_REPLAY_ESN_VAL] != NULL, rows[i].words != 0);
		if (!rows[i].words) {
			assert_int_equal(r.info.replay_window, rows[i].kept);
			continue;
		}
		memcpy(&esn, mnl_attr_get_payload(r.at[XFRMA_REPLAY_ESN_VAL]), sizeof(esn));
		assert_int_equal(esn.bmp_len, rows[i].words);
		assert_int_equal(esn.replay_window, rows[i].kept);
		assert_int_equal(esn.seq, (uint32_t)rows[i].first);
		assert_int_equal(esn.seq_hi, rows[i].first >> 32);
	}
}

static void a_window_that_the_kernel_lacks_is_refused(void **state_)
{
	struct plane_sa sa = state(SA_IN);
	struct netlink_request storage;
	struct nlmsghdr *m;
	struct diag why;

	sa.replay_window = 4097;
	assert_int_equal(message_new_sa(&storage, &sa, 0, &plain, &m, &why), CYG_RANGE);
	assert_non_null(strstr(why.got, "replay-window=4097"));
	assert_non_null(strstr(why.wanted, "4096"));
}

/* The kernel compares selectors with their gaps, whatever lay in our memory before. */
static void selectors_have_no_remains_of_others(void **state_)
{
	static const uint8_t dirs[] = {XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_POLICY_FWD};
	const struct xfrm_rule rule = {.kind = POLICY_DROP, .priority = 7};

	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		struct netlink_request storage;
		struct xfrm_userpolicy_info info;
		struct xfrm_userpolicy_id id;
		struct xfrm_pair pair, back;
		struct ip_addr net;

		memset(&pair, 0, sizeof(pair));
		assert_int_equal(ip_parse("10.1.0.0", &net), CYG_OK);
		pair.local = prefix_of(&net, 24);
		assert_int_equal(ip_parse("10.2.0.0", &net), CYG_OK);
		pair.remote = prefix_of(&net, 16);
		pair.remote_port = 443;
		pair.remote_mask = 0xffff;
		pair.proto = 6;
		memset(&storage, 0xa5, sizeof(storage));
		assert_true(netlink_record(message_new_policy(&storage, dirs[i], &pair, &rule,
							      message_index_of(3, dirs[i])),
					   &info, sizeof(info)));
		assert_true(xfrm_is_ours(info.index));
		assert_int_equal(info.index & 7, dirs[i]);
		memset(&storage, 0x5a, sizeof(storage));
		assert_true(
			netlink_record(message_policy_id(&storage, XFRM_MSG_DELPOLICY, dirs[i],
							 &pair, &rule.scope[SA_IN]),
				       &id, sizeof(id)));
		assert_memory_equal(&info.sel, &id.sel, sizeof(id.sel));
		assert_true(message_pair_of(&id.sel, dirs[i], &back));
		assert_memory_equal(&back, &pair, sizeof(pair));
	}
}

struct scope_row {
	const char *what;
	struct packet_scope scope;
};

static const struct scope_row scopes[] = {
	{"any", {{0}}},
	{"a mark", {.mark = {0x10, 0xf0}}},
	{"no mark", {.mark = {0, UINT32_MAX}}},
	{"a mark of its own", {.set = {7, 0xff}}},
	{"an interface", {.if_id = 9}},
	{"all", {{1, 1}, {2, 2}, 3}},
};

/* A message carries what a scope says, and nothing of what it does not. */
static void check_scope(const struct nlmsghdr *m, size_t record, const struct packet_scope *s)
{
	struct packet_scope back = message_scope_of(m, record);
	const struct nlattr *at[XFRMA_IF_ID + 1];

	netlink_attrs(m, record, at, XFRMA_IF_ID);
	assert_true(scope_equal(&back, s));
	assert_int_equal(at[XFRMA_MARK] != NULL, s->mark.mask != 0);
	assert_int_equal(at[XFRMA_IF_ID] != NULL, s->if_id != 0);
}

static void states_are_of_their_scope(void **state_)
{
	for (size_t i = 0; i < COUNT_OF(scopes); i++) {
		const struct packet_scope *s = &scopes[i].scope;
		struct plane_sa sa = state(SA_OUT);
		struct xfrm_state_id id = {&sa.remote.addr, sa.spi, sa.protocol, s->mark};
		struct netlink_request storage;
		const struct nlattr *at[XFRMA_MAX + 1];
		struct nlmsghdr *m;

		test_row(i, "%s", scopes[i].what);
		sa.scope = *s;
		for (int comp = 0; comp < 2; comp++) {
			sa.cpi = comp ? 300 : 0;
			if (comp)
				m = message_new_ipcomp(&storage, &sa, 1, &plain);
			else
				assert_int_equal(message_new_sa(&storage, &sa, 1, &plain, &m,
								NULL),
						 CYG_OK);
			check_scope(m, sizeof(struct xfrm_usersa_info), s);
			netlink_attrs(m, sizeof(struct xfrm_usersa_info), at, XFRMA_MAX);
			assert_int_equal(at[XFRMA_SET_MARK] != NULL, s->set.mask != 0);
			assert_int_equal(netlink_u32(at[XFRMA_SET_MARK]), s->set.value);
			assert_int_equal(netlink_u32(at[XFRMA_SET_MARK_MASK]), s->set.mask);
		}
		/* The kernel finds a state by its mark, too. */
		m = message_sa_id(&storage, XFRM_MSG_DELSA, &id);
		check_scope(m, sizeof(struct xfrm_usersa_id),
			    &(struct packet_scope){.mark = s->mark});
	}
}

static void policies_are_of_their_directions_scope(void **state_)
{
	static const uint8_t dirs[] = {XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_POLICY_FWD};
	const struct xfrm_pair pair = {0};

	for (size_t i = 0; i < COUNT_OF(scopes) * COUNT_OF(dirs); i++) {
		uint8_t dir = dirs[i % COUNT_OF(dirs)];
		const struct packet_scope *s = &scopes[i / COUNT_OF(dirs)].scope;
		struct xfrm_rule rule = {.kind = POLICY_DROP, .priority = 7};
		struct netlink_request storage;

		test_row(i, "%s, %u", scopes[i / COUNT_OF(dirs)].what, dir);
		rule.scope[dir == XFRM_POLICY_OUT ? SA_OUT : SA_IN] = *s;
		check_scope(message_new_policy(&storage, dir, &pair, &rule,
					       message_index_of(3, dir)),
			    sizeof(struct xfrm_userpolicy_info), s);
		check_scope(message_policy_id(&storage, XFRM_MSG_DELPOLICY, dir, &pair, s),
			    sizeof(struct xfrm_userpolicy_id), s);
	}
}

/* Only where a device is to do it, which is told the direction and the family. */
static void a_device_is_asked_to_encrypt(void **state_)
{
	static const struct {
		uint32_t device;
		uint8_t dir, flags;
		bool v6;
		uint8_t offload;
	} rows[] = {
		{0, SA_OUT, 0, false},
		{7, SA_OUT, 0, false},
		{7, SA_IN, XFRM_OFFLOAD_INBOUND, false},
		{7, SA_OUT, XFRM_OFFLOAD_IPV6, true},
		{7, SA_IN, XFRM_OFFLOAD_INBOUND | XFRM_OFFLOAD_IPV6, true},
		{7, SA_OUT, OFFLOAD_WHOLE_PACKETS, false, OFFLOAD_PACKETS},
		{7, SA_IN, XFRM_OFFLOAD_INBOUND | OFFLOAD_WHOLE_PACKETS, false,
		 OFFLOAD_PACKETS},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = state(rows[i].dir);
		struct netlink_request storage;
		struct xfrm_user_offload o;
		struct read_back r;

		test_row(i, "device %u, %u", rows[i].device, rows[i].dir);
		sa.device = rows[i].device;
		sa.offload = rows[i].offload;
		if (rows[i].v6) {
			assert_int_equal(ip_parse("2001:db8::1", &sa.local.addr), CYG_OK);
			assert_int_equal(ip_parse("2001:db8::2", &sa.remote.addr), CYG_OK);
		}
		build(&storage, &sa, &r);
		assert_int_equal(r.at[XFRMA_OFFLOAD_DEV] != NULL, rows[i].device != 0);
		if (!rows[i].device)
			continue;
		assert_int_equal(mnl_attr_get_payload_len(r.at[XFRMA_OFFLOAD_DEV]), sizeof(o));
		memcpy(&o, mnl_attr_get_payload(r.at[XFRMA_OFFLOAD_DEV]), sizeof(o));
		assert_int_equal(o.ifindex, 7);
		assert_int_equal(o.flags, rows[i].flags);
	}
}

/* What a device does to whole packets it does by policies of its own; it forwards nothing. */
static void a_device_has_policies_of_its_own(void **state_)
{
	static const struct {
		uint8_t kind, dir;
		uint32_t device;
		bool told;
	} rows[] = {
		{POLICY_PROTECT, XFRM_POLICY_OUT, 0, false},
		{POLICY_DROP, XFRM_POLICY_OUT, 7, false},
		{POLICY_PROTECT, XFRM_POLICY_FWD, 7, false},
		{POLICY_PROTECT, XFRM_POLICY_IN, 7, true},
		{POLICY_PROTECT, XFRM_POLICY_OUT, 7, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct plane_sa sa = state(SA_OUT);
		struct xfrm_rule rule = {.kind = rows[i].kind,
					 .protocol = PROTO_ESP,
					 .device = rows[i].device,
					 .local = sa.local.addr,
					 .remote = sa.remote.addr};
		const struct nlattr *at[XFRMA_OFFLOAD_DEV + 1];
		struct netlink_request storage;
		struct xfrm_user_offload o;
		struct xfrm_pair pair = {.local = prefix_of(&sa.local.addr, 24),
					 .remote = prefix_of(&sa.remote.addr, 24)};

		test_row(i, "kind %u, direction %u", rows[i].kind, rows[i].dir);
		netlink_attrs(message_new_policy(&storage, rows[i].dir, &pair, &rule,
						 0x40000009),
			      sizeof(struct xfrm_userpolicy_info), at, XFRMA_OFFLOAD_DEV);
		assert_int_equal(at[XFRMA_OFFLOAD_DEV] != NULL, rows[i].told);
		if (!rows[i].told)
			continue;
		memcpy(&o, mnl_attr_get_payload(at[XFRMA_OFFLOAD_DEV]), sizeof(o));
		assert_int_equal(o.ifindex, 7);
		assert_int_equal(o.flags, OFFLOAD_WHOLE_PACKETS);
	}
}

/* A mark that is cut short is none. */
static void a_short_mark_is_no_mark(void **state_)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, XFRM_MSG_NEWSA, 0);
	struct packet_scope s;

	mnl_attr_put_u32(m, XFRMA_MARK, 5);
	mnl_attr_put_u16(m, XFRMA_IF_ID, 5);
	s = message_scope_of(m, 0);
	assert_false(scope_narrows(&s));
}

/* An outbound state without ESN ends before its numbers do (RFC 4303 3.3.3). */
static void numbers_that_run_out_are_a_limit(void **state_)
{
	static const struct {
		const char *what;
		uint8_t dir;
		bool esn;
		uint64_t first, soft, hard, want_soft, want_hard;
	} rows[] = {
		{"outbound", SA_OUT, false, 0, 0, 0, 0xe0000000, UINT32_MAX},
		{"some used", SA_OUT, false, 5, 0, 0, 0xe0000000 - 5, UINT32_MAX - 5},
		{"lower ones count", SA_OUT, false, 0, 3, 7, 3, 7},
		{"higher ones do not", SA_OUT, false, 0, UINT64_C(1) << 40, UINT64_C(1) << 41,
		 0xe0000000, UINT32_MAX},
		{"inbound", SA_IN, false, 0, 0, 0, XFRM_INF, XFRM_INF},
		{"extended", SA_OUT, true, 0, 0, 0, XFRM_INF, XFRM_INF},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = state(rows[i].dir);
		struct netlink_request storage;
		struct read_back r;

		test_row(i, "%s", rows[i].what);
		sa.suite.esn = rows[i].esn;
		sa.first_sequence = rows[i].first;
		sa.soft_packets = rows[i].soft;
		sa.hard_packets = rows[i].hard;
		build(&storage, &sa, &r);
		assert_true(r.info.lft.soft_packet_limit == rows[i].want_soft);
		assert_true(r.info.lft.hard_packet_limit == rows[i].want_hard);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_directions_are_none),
		cmocka_unit_test(a_window_that_the_kernel_lacks_is_refused),
		cmocka_unit_test(a_kernel_with_directions_is_told_the_direction),
		cmocka_unit_test(selectors_have_no_remains_of_others),
		cmocka_unit_test(a_device_is_asked_to_encrypt),
		cmocka_unit_test(a_device_has_policies_of_its_own),
		cmocka_unit_test(a_short_mark_is_no_mark),
		cmocka_unit_test(states_are_of_their_scope),
		cmocka_unit_test(policies_are_of_their_directions_scope),
		cmocka_unit_test(ah_is_integrity_alone),
		cmocka_unit_test(compression_has_a_state_of_its_own),
		cmocka_unit_test(compression_is_a_template_inside),
		cmocka_unit_test(a_trap_may_let_clear_text_in),
		cmocka_unit_test(a_state_may_be_of_one_processor),
		cmocka_unit_test(a_policy_may_ask_for_each_processor),
		cmocka_unit_test(inside_of_beet_are_two_addresses),
		cmocka_unit_test(an_sa_is_of_its_direction),
		cmocka_unit_test(windows_are_what_was_asked_for),
		cmocka_unit_test(numbers_that_run_out_are_a_limit),
		cmocka_unit_test(what_is_asked_for_is_there_and_nothing_else),
	};

	return RUN_TESTS("plane/xfrm_message", tests);
}
