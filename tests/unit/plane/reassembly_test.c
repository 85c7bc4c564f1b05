/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/reassembly.h"

#include "net/netlink.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define V4 "ipv4/ipfrag_time"
#define V6 "ipv6/ip6frag_time"
#define TRACKING "netfilter/nf_conntrack_frag6_timeout"

static void put(const char *root, const char *name, const char *text)
{
	static const char *const folders[] = {"",
					      "/proc",
					      "/proc/sys",
					      "/proc/sys/net",
					      "/proc/sys/net/ipv4",
					      "/proc/sys/net/ipv6",
					      "/proc/sys/net/netfilter"};
	char path[256];
	FILE *out;

	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		(void)mkdir(path, 0755);
	}
	snprintf(path, sizeof(path), "%s/proc/sys/net/%s", root, name);
	if (!text) {
		(void)remove(path);
		return;
	}
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void the_kernel_says_how_long_it_waits(void **state)
{
	static const struct {
		const char *v4, *v6, *tracking;
		uint32_t wanted4, wanted6;
	} rows[] = {
		{NULL, NULL, NULL, 0, 0},
		{"30\n", "60\n", NULL, 30, 60},
		{"5\n", "120\n", "60\n", 5, 120},
		{"90\n", "10\n", "60\n", 90, 60},
		{"86400\n", "601\n", NULL, REASSEMBLY_SECONDS_MAX, REASSEMBLY_SECONDS_MAX},
		{"-1\n", "\n", "soon\n", 0, 0},
	};
	char root[] = "/tmp/reassembly.XXXXXX", line[64];

	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct firewall_patience p;

		put(root, V4, rows[i].v4);
		put(root, V6, rows[i].v6);
		put(root, TRACKING, rows[i].tracking);
		p = reassembly_patience(root);
		test_row(i, "%s", rows[i].v4 ? rows[i].v4 : "-");
		assert_int_equal(p.v4, rows[i].wanted4);
		assert_int_equal(p.v6, rows[i].wanted6);
	}
	snprintf(line, sizeof(line), "rm -r %s", root);
	assert_int_equal(system(line), 0);
}

/* The timeouts of the sets of a batch, in seconds, in their order. */
static size_t timeouts(const struct nft_batch *b, uint64_t out[4])
{
	size_t n = 0;

	for (size_t at = 0; at < b->len && n < 4;) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)(void *)(b->octets + at);
		const struct nlattr *attr[NFTA_SET_TIMEOUT + 1];

		at += MNL_ALIGN(m->nlmsg_len);
		if (m->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSET))
			continue;
		netlink_attrs(m, sizeof(struct nfgenmsg), attr, NFTA_SET_TIMEOUT);
		assert_non_null(attr[NFTA_SET_TIMEOUT]);
		out[n++] = be64toh(mnl_attr_get_u64(attr[NFTA_SET_TIMEOUT])) / 1000;
	}
	return n;
}

static void what_is_remembered_is_so_for_a_second_more(void **state)
{
	static const struct {
		struct firewall_patience patience;
		uint64_t wanted4, wanted6;
	} rows[] = {
		{{0, 0}, 31, 61},
		{{90, 120}, 91, 121},
		{{5, 0}, 6, 61},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct firewall f = {.patience = rows[i].patience};
		struct rules r = {.f = &f, .table = "t"};
		uint64_t got[4];

		test_row(i, "%u and %u", rows[i].patience.v4, rows[i].patience.v6);
		nft_begin(&r.batch);
		reassembly_prepare(&r);
		assert_int_equal(timeouts(&r.batch, got), 2);
		assert_int_equal(got[0], rows[i].wanted4);
		assert_int_equal(got[1], rows[i].wanted6);
		free(r.batch.octets);
	}
}

/* What an earlier run, of another time, left is no hindrance. */
static void another_time_follows_in_the_same_table(void **state)
{
	static const uint32_t seconds[] = {0, 90, 5, 90};
	struct net *net = namespace_enter();

	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		const struct firewall f = {.instance = 7,
					   .mark = 1,
					   .device = "tun0",
					   .patience = {seconds[i], 2 * seconds[i]}};
		enum cyg_err err = firewall_set(&f, NULL);

		if (err == CYG_UNSUPPORTED && i == 0) {
			net_close(net);
			skip();
		}
		assert_int_equal(err, CYG_OK);
	}
	assert_int_equal(firewall_remove(7), CYG_OK);
	net_close(net);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_says_how_long_it_waits),
		cmocka_unit_test(what_is_remembered_is_so_for_a_second_more),
		cmocka_unit_test(another_time_follows_in_the_same_table),
	};

	return RUN_TESTS("plane/reassembly", tests);
}
