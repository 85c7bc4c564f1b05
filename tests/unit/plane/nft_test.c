/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/nft.h"

#include "net/netlink.h"
#include "tests/unit/support/test.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

/* The one message after the batch's beginning. */
static const struct nlmsghdr *said(const struct nft_batch *b, uint16_t type, uint16_t flags)
{
	const struct nlmsghdr *begin = (const struct nlmsghdr *)b->octets;
	const struct nlmsghdr *m = (const struct nlmsghdr *)(b->octets +
							     MNL_ALIGN(begin->nlmsg_len));

	assert_false(b->bad);
	assert_int_equal(b->len, MNL_ALIGN(begin->nlmsg_len) + MNL_ALIGN(m->nlmsg_len));
	assert_int_equal(m->nlmsg_type, NFNL_SUBSYS_NFTABLES << 8 | type);
	assert_int_equal(m->nlmsg_flags, NLM_F_REQUEST | flags);
	return m;
}

static const struct nlattr *attr(const struct nlmsghdr *m, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, m,
			  sizeof(struct nfgenmsg)) if (mnl_attr_get_type(a) == type) return a;
	fail_msg("attribute %u is missing", type);
	return NULL;
}

static const struct nlattr *within(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) if (mnl_attr_get_type(a) == type) return a;
	fail_msg("attribute %u is missing", type);
	return NULL;
}

static uint32_t number(const struct nlattr *a)
{
	return ntohl(mnl_attr_get_u32(a));
}

static void sets_say_what_they_hold(void **state)
{
	struct nft_batch b = {0};
	const struct nlmsghdr *m;

	nft_begin(&b);
	nft_set_add(&b, "t", "pairs", 32, 0x208, 9);
	m = said(&b, NFT_MSG_NEWSET, NLM_F_CREATE);
	assert_string_equal(mnl_attr_get_str(attr(m, NFTA_SET_TABLE)), "t");
	assert_string_equal(mnl_attr_get_str(attr(m, NFTA_SET_NAME)), "pairs");
	assert_int_equal(number(attr(m, NFTA_SET_KEY_LEN)), 32);
	assert_int_equal(number(attr(m, NFTA_SET_KEY_TYPE)), 0x208);
	assert_int_equal(number(attr(m, NFTA_SET_FLAGS)), 0);
	assert_int_equal(number(attr(m, NFTA_SET_ID)), 9);
	free(b.octets);
}

static void what_is_remembered_ends(void **state)
{
	struct nft_batch b = {0};
	const struct nlattr *e, *data;
	const struct nlmsghdr *m;

	nft_begin(&b);
	nft_memory_add(&b, "t", "seen", 20, 7, 3, 1000, 31);
	m = said(&b, NFT_MSG_NEWSET, NLM_F_CREATE);
	assert_int_equal(number(attr(m, NFTA_SET_FLAGS)), NFT_SET_EVAL | NFT_SET_TIMEOUT);
	assert_int_equal(be64toh(mnl_attr_get_u64(attr(m, NFTA_SET_TIMEOUT))), 31000);
	assert_int_equal(number(within(attr(m, NFTA_SET_DESC), NFTA_SET_DESC_SIZE)), 1000);
	nft_begin(&b);
	nft_rule_begin(&b, "t", "c");
	nft_number_to(&b, NFT_REG32_04, 1);
	nft_remember(&b, "seen");
	nft_rule_end(&b);
	m = said(&b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	mnl_attr_for_each_nested(e, attr(m, NFTA_RULE_EXPRESSIONS))
	{
		data = within(e, NFTA_EXPR_DATA);
		if (!strcmp(mnl_attr_get_str(within(e, NFTA_EXPR_NAME)), "immediate")) {
			assert_int_equal(number(within(data, NFTA_IMMEDIATE_DREG)),
					 NFT_REG32_04);
			continue;
		}
		assert_string_equal(mnl_attr_get_str(within(e, NFTA_EXPR_NAME)), "dynset");
		assert_string_equal(mnl_attr_get_str(within(data, NFTA_DYNSET_SET_NAME)),
				    "seen");
		assert_int_equal(number(within(data, NFTA_DYNSET_OP)), NFT_DYNSET_OP_UPDATE);
		assert_int_equal(number(within(data, NFTA_DYNSET_SREG_KEY)), NFT_REG_1);
	}
	free(b.octets);
}

static void elements_come_and_go(void **state)
{
	static const uint8_t key[8] = {10, 1, 0, 0, 10, 2, 0, 0};

	for (int add = 0; add < 2; add++) {
		struct nft_batch b = {0};
		const struct nlattr *value;
		const struct nlmsghdr *m;

		nft_begin(&b);
		(add ? nft_element_add : nft_element_remove)(&b, "t", "pairs",
							     view_of(key, sizeof(key)));
		m = add ? said(&b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL)
			: said(&b, NFT_MSG_DELSETELEM, 0);
		assert_string_equal(mnl_attr_get_str(attr(m, NFTA_SET_ELEM_LIST_SET)), "pairs");
		value = within(attr(m, NFTA_SET_ELEM_LIST_ELEMENTS), NFTA_LIST_ELEM);
		value = within(within(value, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
		assert_int_equal(mnl_attr_get_payload_len(value), sizeof(key));
		assert_memory_equal(mnl_attr_get_payload(value), key, sizeof(key));
		free(b.octets);
	}
}

/* Messages of a type, and how many elements they list. */
static size_t count_messages(const struct nft_batch *b, uint16_t type, size_t *ret_elements)
{
	size_t n = 0;

	*ret_elements = 0;
	for (size_t at = 0; at < b->len;) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)(void *)(b->octets + at);
		const struct nlattr *e;

		at += MNL_ALIGN(m->nlmsg_len);
		if (m->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type))
			continue;
		assert_in_range(m->nlmsg_len, 1, 2048);
		n++;
		mnl_attr_for_each_nested(e, attr(m, NFTA_SET_ELEM_LIST_ELEMENTS))
		{
			(*ret_elements)++;
		}
	}
	return n;
}

static void elements_of_a_set_share_messages(void **state)
{
	struct nft_batch b = {0};
	uint8_t key[32] = {0};
	struct view v = view_of(key, sizeof(key));
	size_t elements;

	nft_begin(&b);
	for (size_t i = 0; i < 1000; i++) {
		key[0] = (uint8_t)i;
		nft_element_add(&b, "t", "pairs", v);
	}
	assert_in_range(count_messages(&b, NFT_MSG_NEWSETELEM, &elements), 20, 40);
	assert_int_equal(elements, 1000);
	nft_begin(&b);
	nft_element_add(&b, "t", "pairs", v);
	nft_element_add(&b, "t", "pairs2", v);
	nft_element_add(&b, "t2", "pairs2", v);
	nft_element_remove(&b, "t2", "pairs2", v);
	nft_element_remove(&b, "t2", "pairs2", v);
	nft_chain_flush(&b, "t2", "c");
	nft_element_remove(&b, "t2", "pairs2", v);
	assert_int_equal(count_messages(&b, NFT_MSG_NEWSETELEM, &elements), 3);
	assert_int_equal(elements, 3);
	assert_int_equal(count_messages(&b, NFT_MSG_DELSETELEM, &elements), 2);
	assert_int_equal(elements, 3);
	free(b.octets);
}

static void long_masks_and_look_ups(void **state)
{
	static const uint8_t mask[16] = {255, 255, 255, 255, 255, 255};
	struct nft_batch b = {0};
	const struct nlattr *e, *data;
	const struct nlmsghdr *m;
	int at = 0;

	nft_begin(&b);
	nft_rule_begin(&b, "t", "c");
	nft_payload_to(&b, NFT_REG32_04, NFT_PAYLOAD_NETWORK_HEADER, 24, 16);
	nft_mask(&b, NFT_REG32_04, view_of(mask, sizeof(mask)));
	nft_lookup(&b, "pairs");
	nft_rule_end(&b);
	m = said(&b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	mnl_attr_for_each_nested(e, attr(m, NFTA_RULE_EXPRESSIONS))
	{
		static const char *const names[] = {"payload", "bitwise", "lookup"};

		assert_string_equal(mnl_attr_get_str(within(e, NFTA_EXPR_NAME)), names[at]);
		data = within(e, NFTA_EXPR_DATA);
		if (at == 0)
			assert_int_equal(number(within(data, NFTA_PAYLOAD_DREG)), NFT_REG32_04);
		if (at == 1) {
			assert_int_equal(number(within(data, NFTA_BITWISE_SREG)), NFT_REG32_04);
			assert_int_equal(number(within(data, NFTA_BITWISE_DREG)), NFT_REG32_04);
			assert_int_equal(number(within(data, NFTA_BITWISE_LEN)), 16);
			data = within(within(data, NFTA_BITWISE_MASK), NFTA_DATA_VALUE);
			assert_memory_equal(mnl_attr_get_payload(data), mask, sizeof(mask));
		}
		if (at == 2) {
			assert_string_equal(mnl_attr_get_str(within(data, NFTA_LOOKUP_SET)),
					    "pairs");
			assert_int_equal(number(within(data, NFTA_LOOKUP_SREG)), NFT_REG_1);
		}
		at++;
	}
	assert_int_equal(at, 3);
	free(b.octets);
}

static void a_chain_is_emptied(void **state)
{
	struct nft_batch b = {0};
	const struct nlmsghdr *m;

	nft_begin(&b);
	nft_chain_flush(&b, "t", "c");
	m = said(&b, NFT_MSG_DELRULE, 0);
	assert_string_equal(mnl_attr_get_str(attr(m, NFTA_RULE_CHAIN)), "c");
	free(b.octets);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_say_what_they_hold),
		cmocka_unit_test(what_is_remembered_ends),
		cmocka_unit_test(elements_come_and_go),
		cmocka_unit_test(elements_of_a_set_share_messages),
		cmocka_unit_test(long_masks_and_look_ups),
		cmocka_unit_test(a_chain_is_emptied),
	};

	return RUN_TESTS("plane/nft", tests);
}
