/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/nft.h"

#include "net/netlink.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h> /* before the kernel's headers, which then leave its names alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define MESSAGE_MAX 2048u  /* room for any one message of ours */
#define ELEMENTS_MAX 1536u /* one of elements takes no more of them from here on */
#define ANSWER_SECONDS 5

static bool reserve(struct nft_batch *b)
{
	uint8_t *bigger;

	if (b->bad)
		return false;
	if (b->cap - b->len >= MESSAGE_MAX)
		return true;
	bigger = realloc(b->octets, b->cap * 2 + 2 * MESSAGE_MAX);
	if (!bigger) {
		b->bad = true;
		return false;
	}
	b->octets = bigger;
	b->cap = b->cap * 2 + 2 * MESSAGE_MAX;
	return true;
}

/* Open a message; NULL once bad. Close it with end_message. */
static struct nlmsghdr *begin_message(struct nft_batch *b, uint16_t type, uint16_t flags,
				      uint16_t resource)
{
	struct nfgenmsg *g;

	b->message = NULL;
	b->elements = 0;
	if (!reserve(b))
		return NULL;
	b->message = mnl_nlmsg_put_header(b->octets + b->len);
	b->message->nlmsg_type = type;
	b->message->nlmsg_flags = NLM_F_REQUEST | flags;
	b->message->nlmsg_seq = ++b->sequence;
	g = mnl_nlmsg_put_extra_header(b->message, sizeof(*g));
	g->nfgen_family = NFPROTO_INET;
	g->version = NFNETLINK_V0;
	g->res_id = htons(resource);
	return b->message;
}

static void end_message(struct nft_batch *b)
{
	if (b->message)
		b->len += MNL_ALIGN(b->message->nlmsg_len);
	b->message = NULL;
}

static uint16_t command(uint16_t message)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message);
}

void nft_begin(struct nft_batch *b)
{
	b->len = 0;
	b->bad = false;
	b->sequence = 0;
	(void)begin_message(b, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
	end_message(b);
}

static void add_table(struct nft_batch *b, const char *table, uint16_t flags)
{
	if (!begin_message(b, command(NFT_MSG_NEWTABLE), flags, 0))
		return;
	mnl_attr_put_strz(b->message, NFTA_TABLE_NAME, table);
	end_message(b);
}

void nft_table_add(struct nft_batch *b, const char *table)
{
	add_table(b, table, NLM_F_CREATE);
}

void nft_table_new(struct nft_batch *b, const char *table)
{
	add_table(b, table, NLM_F_CREATE | NLM_F_EXCL);
}

void nft_table_remove(struct nft_batch *b, const char *table)
{
	if (!begin_message(b, command(NFT_MSG_DELTABLE), 0, 0))
		return;
	mnl_attr_put_strz(b->message, NFTA_TABLE_NAME, table);
	end_message(b);
}

void nft_chain_add(struct nft_batch *b, const char *table, const char *chain, const char *type,
		   int hook, int priority)
{
	struct nlattr *nest;

	if (!begin_message(b, command(NFT_MSG_NEWCHAIN), NLM_F_CREATE, 0))
		return;
	mnl_attr_put_strz(b->message, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(b->message, NFTA_CHAIN_NAME, chain);
	if (hook >= 0) {
		nest = mnl_attr_nest_start(b->message, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(b->message, NFTA_HOOK_HOOKNUM, htonl((uint32_t)hook));
		mnl_attr_put_u32(b->message, NFTA_HOOK_PRIORITY, htonl((uint32_t)priority));
		mnl_attr_nest_end(b->message, nest);
		mnl_attr_put_strz(b->message, NFTA_CHAIN_TYPE, type);
	}
	end_message(b);
}

void nft_chain_flush(struct nft_batch *b, const char *table, const char *chain)
{
	if (!begin_message(b, command(NFT_MSG_DELRULE), 0, 0))
		return;
	mnl_attr_put_strz(b->message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(b->message, NFTA_RULE_CHAIN, chain);
	end_message(b);
}

void nft_rule_begin(struct nft_batch *b, const char *table, const char *chain)
{
	struct nlattr *list;

	if (!begin_message(b, command(NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_APPEND, 0))
		return;
	mnl_attr_put_strz(b->message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(b->message, NFTA_RULE_CHAIN, chain);
	list = mnl_attr_nest_start(b->message, NFTA_RULE_EXPRESSIONS);
	b->expressions = (size_t)((uint8_t *)list - (uint8_t *)b->message);
}

void nft_rule_end(struct nft_batch *b)
{
	if (b->message)
		mnl_attr_nest_end(b->message,
				  (struct nlattr *)((uint8_t *)b->message + b->expressions));
	end_message(b);
}

/* One expression: its name, and its own attributes between begin and end. */
struct expression {
	struct nlattr *element, *data;
};

static struct expression begin_expression(struct nft_batch *b, const char *name)
{
	struct expression e;

	e.element = mnl_attr_nest_start(b->message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(b->message, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(b->message, NFTA_EXPR_DATA);
	return e;
}

static void end_expression(struct nft_batch *b, struct expression e)
{
	mnl_attr_nest_end(b->message, e.data);
	mnl_attr_nest_end(b->message, e.element);
}

static void put_number(struct nft_batch *b, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(b->message, type, htonl(value));
}

static void put_value(struct nft_batch *b, uint16_t type, struct view value)
{
	struct nlattr *nest = mnl_attr_nest_start(b->message, type);

	mnl_attr_put(b->message, NFTA_DATA_VALUE, value.len, value.ptr);
	mnl_attr_nest_end(b->message, nest);
}

void nft_meta(struct nft_batch *b, uint32_t key)
{
	nft_meta_to(b, NFT_REG_1, key);
}

void nft_meta_to(struct nft_batch *b, uint32_t reg, uint32_t key)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "meta");
	put_number(b, NFTA_META_KEY, key);
	put_number(b, NFTA_META_DREG, reg);
	end_expression(b, e);
}

void nft_number_to(struct nft_batch *b, uint32_t reg, uint32_t value)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "immediate");
	put_number(b, NFTA_IMMEDIATE_DREG, reg);
	put_value(b, NFTA_IMMEDIATE_DATA, view_of(&value, sizeof(value)));
	end_expression(b, e);
}

void nft_meta_set(struct nft_batch *b, uint32_t key, uint32_t value)
{
	struct expression e;

	if (!b->message)
		return;
	nft_number_to(b, NFT_REG_1, value);
	e = begin_expression(b, "meta");
	put_number(b, NFTA_META_KEY, key);
	put_number(b, NFTA_META_SREG, NFT_REG_1);
	end_expression(b, e);
}

void nft_payload(struct nft_batch *b, uint32_t base, uint32_t offset, uint32_t len)
{
	nft_payload_to(b, NFT_REG_1, base, offset, len);
}

void nft_payload_to(struct nft_batch *b, uint32_t reg, uint32_t base, uint32_t offset,
		    uint32_t len)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "payload");
	put_number(b, NFTA_PAYLOAD_DREG, reg);
	put_number(b, NFTA_PAYLOAD_BASE, base);
	put_number(b, NFTA_PAYLOAD_OFFSET, offset);
	put_number(b, NFTA_PAYLOAD_LEN, len);
	end_expression(b, e);
}

void nft_extension(struct nft_batch *b, uint8_t type, uint32_t offset, uint32_t len)
{
	nft_extension_to(b, NFT_REG_1, type, offset, len);
}

void nft_extension_to(struct nft_batch *b, uint32_t reg, uint8_t type, uint32_t offset,
		      uint32_t len)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "exthdr");
	put_number(b, NFTA_EXTHDR_DREG, reg);
	mnl_attr_put_u8(b->message, NFTA_EXTHDR_TYPE, type);
	put_number(b, NFTA_EXTHDR_OFFSET, offset);
	put_number(b, NFTA_EXTHDR_LEN, len);
	end_expression(b, e);
}

void nft_mask_u16be(struct nft_batch *b, uint16_t mask)
{
	uint16_t wire = htons(mask);

	nft_mask(b, NFT_REG_1, view_of(&wire, sizeof(wire)));
}

void nft_mask(struct nft_batch *b, uint32_t reg, struct view mask)
{
	static const uint8_t none[16];
	struct expression e;

	assert(mask.len <= sizeof(none));
	if (!b->message)
		return;
	e = begin_expression(b, "bitwise");
	put_number(b, NFTA_BITWISE_SREG, reg);
	put_number(b, NFTA_BITWISE_DREG, reg);
	put_number(b, NFTA_BITWISE_LEN, (uint32_t)mask.len);
	put_value(b, NFTA_BITWISE_MASK, mask);
	put_value(b, NFTA_BITWISE_XOR, view_of(none, mask.len));
	end_expression(b, e);
}

void nft_lookup(struct nft_batch *b, const char *set)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "lookup");
	mnl_attr_put_strz(b->message, NFTA_LOOKUP_SET, set);
	put_number(b, NFTA_LOOKUP_SREG, NFT_REG_1);
	end_expression(b, e);
}

void nft_remember(struct nft_batch *b, const char *set)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "dynset");
	mnl_attr_put_strz(b->message, NFTA_DYNSET_SET_NAME, set);
	put_number(b, NFTA_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	put_number(b, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	end_expression(b, e);
}

void nft_fib(struct nft_batch *b, uint32_t result, uint32_t flags)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "fib");
	put_number(b, NFTA_FIB_DREG, NFT_REG_1);
	put_number(b, NFTA_FIB_RESULT, result);
	put_number(b, NFTA_FIB_FLAGS, flags);
	end_expression(b, e);
}

void nft_compare(struct nft_batch *b, uint32_t op, struct view value)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "cmp");
	put_number(b, NFTA_CMP_SREG, NFT_REG_1);
	put_number(b, NFTA_CMP_OP, op);
	put_value(b, NFTA_CMP_DATA, value);
	end_expression(b, e);
}

void nft_compare_u8(struct nft_batch *b, uint32_t op, uint8_t value)
{
	nft_compare(b, op, view_of(&value, sizeof(value)));
}

void nft_compare_u16be(struct nft_batch *b, uint32_t op, uint16_t value)
{
	uint16_t wire = htons(value);

	nft_compare(b, op, view_of(&wire, sizeof(wire)));
}

void nft_compare_u32(struct nft_batch *b, uint32_t op, uint32_t value)
{
	nft_compare(b, op, view_of(&value, sizeof(value)));
}

void nft_compare_name(struct nft_batch *b, uint32_t op, const char *name)
{
	char whole[16] = {0};

	strncpy(whole, name, sizeof(whole) - 1);
	nft_compare(b, op, view_of(whole, sizeof(whole)));
}

static void add_range(struct nft_batch *b, uint32_t op, struct view first, struct view last)
{
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "range");
	put_number(b, NFTA_RANGE_SREG, NFT_REG_1);
	put_number(b, NFTA_RANGE_OP, op);
	put_value(b, NFTA_RANGE_FROM_DATA, first);
	put_value(b, NFTA_RANGE_TO_DATA, last);
	end_expression(b, e);
}

void nft_range(struct nft_batch *b, struct view first, struct view last)
{
	add_range(b, NFT_RANGE_EQ, first, last);
}

void nft_outside(struct nft_batch *b, struct view first, struct view last)
{
	add_range(b, NFT_RANGE_NEQ, first, last);
}

void nft_verdict(struct nft_batch *b, int verdict, const char *chain)
{
	struct nlattr *data, *inner;
	struct expression e;

	if (!b->message)
		return;
	e = begin_expression(b, "immediate");
	put_number(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(b->message, NFTA_IMMEDIATE_DATA);
	inner = mnl_attr_nest_start(b->message, NFTA_DATA_VERDICT);
	put_number(b, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		mnl_attr_put_strz(b->message, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(b->message, inner);
	mnl_attr_nest_end(b->message, data);
	end_expression(b, e);
}

static bool begin_set(struct nft_batch *b, const char *table, const char *set, uint32_t key_len,
		      uint32_t key_type, uint32_t id, uint32_t flags)
{
	if (!begin_message(b, command(NFT_MSG_NEWSET), NLM_F_CREATE, 0))
		return false;
	mnl_attr_put_strz(b->message, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(b->message, NFTA_SET_NAME, set);
	put_number(b, NFTA_SET_ID, id);
	put_number(b, NFTA_SET_FLAGS, flags);
	put_number(b, NFTA_SET_KEY_TYPE, key_type);
	put_number(b, NFTA_SET_KEY_LEN, key_len);
	return true;
}

void nft_set_add(struct nft_batch *b, const char *table, const char *set, uint32_t key_len,
		 uint32_t key_type, uint32_t id)
{
	if (begin_set(b, table, set, key_len, key_type, id, 0))
		end_message(b);
}

void nft_memory_add(struct nft_batch *b, const char *table, const char *set, uint32_t key_len,
		    uint32_t key_type, uint32_t id, uint32_t most, uint32_t seconds)
{
	struct nlattr *nest;

	if (!begin_set(b, table, set, key_len, key_type, id, NFT_SET_EVAL | NFT_SET_TIMEOUT))
		return;
	mnl_attr_put_u64(b->message, NFTA_SET_TIMEOUT, htobe64(UINT64_C(1000) * seconds));
	nest = mnl_attr_nest_start(b->message, NFTA_SET_DESC);
	put_number(b, NFTA_SET_DESC_SIZE, most);
	mnl_attr_nest_end(b->message, nest);
	end_message(b);
}

static bool is_string(const struct nlattr *a, const char *text)
{
	return mnl_attr_get_payload_len(a) == strlen(text) + 1 &&
	       !strcmp(mnl_attr_get_str(a), text);
}

/* Whether the last message does the same with elements of the same set, and has room. Goes on with it. */
static bool go_on_with_elements(struct nft_batch *b, uint16_t type, const char *table,
				const char *set)
{
	struct nlmsghdr *m = (struct nlmsghdr *)(void *)(b->octets + b->elements);
	const struct nlattr *of_table, *of_set;

	if (!b->elements || b->bad || m->nlmsg_type != type || m->nlmsg_len > ELEMENTS_MAX)
		return false;
	of_table = mnl_nlmsg_get_payload_offset(m, sizeof(struct nfgenmsg));
	of_set = mnl_attr_next(of_table);
	if (!is_string(of_table, table) || !is_string(of_set, set))
		return false;
	b->message = m;
	b->len = b->elements;
	return true;
}

static bool begin_elements(struct nft_batch *b, uint16_t type, uint16_t flags,
			   const char *table, const char *set)
{
	struct nlattr *list;

	if (!begin_message(b, type, flags, 0))
		return false;
	mnl_attr_put_strz(b->message, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(b->message, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(b->message, NFTA_SET_ELEM_LIST_ELEMENTS);
	b->elements = b->len;
	b->list = (size_t)((uint8_t *)list - (uint8_t *)b->message);
	return true;
}

/* Those of one set share messages: each alone would take four times the octets. */
static void change_element(struct nft_batch *b, uint16_t type, uint16_t flags,
			   const char *table, const char *set, struct view key)
{
	struct nlattr *element;

	if (!go_on_with_elements(b, command(type), table, set) &&
	    !begin_elements(b, command(type), flags, table, set))
		return;
	element = mnl_attr_nest_start(b->message, NFTA_LIST_ELEM);
	put_value(b, NFTA_SET_ELEM_KEY, key);
	mnl_attr_nest_end(b->message, element);
	mnl_attr_nest_end(b->message, (struct nlattr *)((uint8_t *)b->message + b->list));
	end_message(b);
}

void nft_element_add(struct nft_batch *b, const char *table, const char *set, struct view key)
{
	change_element(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, table, set, key);
}

void nft_element_remove(struct nft_batch *b, const char *table, const char *set,
			struct view key)
{
	change_element(b, NFT_MSG_DELSETELEM, 0, table, set, key);
}

void nft_counter(struct nft_batch *b)
{
	if (b->message)
		end_expression(b, begin_expression(b, "counter"));
}

/* ---- counters ---- */

static const struct nlattr *part_of(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a, *found = NULL;

	mnl_attr_for_each_nested(a, nest) if (mnl_attr_get_type(a) == type) found = a;
	return found;
}

static uint64_t count_of(const struct nlattr *expression)
{
	const struct nlattr *name = part_of(expression, NFTA_EXPR_NAME),
			    *data = part_of(expression, NFTA_EXPR_DATA), *packets;

	if (!name || !data || mnl_attr_validate(name, MNL_TYPE_NUL_STRING) < 0 ||
	    strcmp(mnl_attr_get_str(name), "counter"))
		return 0;
	packets = part_of(data, NFTA_COUNTER_PACKETS);
	return packets && mnl_attr_get_payload_len(packets) >= sizeof(uint64_t)
		       ? be64toh(mnl_attr_get_u64(packets))
		       : 0;
}

int nft_add_counts(const struct nlmsghdr *m, void *sum)
{
	const struct nlattr *at[NFTA_RULE_EXPRESSIONS + 1], *e;

	if (m->nlmsg_type != command(NFT_MSG_NEWRULE) ||
	    mnl_nlmsg_get_payload_len(m) < sizeof(struct nfgenmsg))
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(struct nfgenmsg), at, NFTA_RULE_EXPRESSIONS);
	if (!at[NFTA_RULE_EXPRESSIONS])
		return MNL_CB_OK;
	mnl_attr_for_each_nested(e, at[NFTA_RULE_EXPRESSIONS])
	{
		*(uint64_t *)sum += count_of(e);
	}
	return MNL_CB_OK;
}

static void count_again(void *sum)
{
	*(uint64_t *)sum = 0;
}

uint64_t nft_count(const char *table, const char *chain)
{
	struct netlink nl = {0};
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, command(NFT_MSG_GETRULE), 0);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(m, sizeof(*g));
	uint64_t sum = 0;
	enum cyg_err err = netlink_open(&nl, NETLINK_NETFILTER, 0, NULL);

	g->nfgen_family = NFPROTO_INET;
	g->version = NFNETLINK_V0;
	mnl_attr_put_strz(m, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, chain);
	if (!err)
		err = netlink_ask_all(&nl, m,
				      &(struct netlink_dump){nft_add_counts, count_again, &sum},
				      NULL);
	netlink_close(&nl);
	return err ? 0 : sum;
}

/* ---- sending ---- */

#define LACKING "modprobe nf_tables; modprobe nft_fib_inet (on a container's host)"

static enum cyg_err refuse(struct diag *why, int number)
{
	diag_set(why, "nftables", NULL, "the kernel refused the nf_tables ruleset");
	diag_got(why, "%s", strerror(number));
	switch (number) {
	case EPERM:
		diag_hint(why, "run it as root, or with CAP_NET_ADMIN");
		return CYG_PERM;
	case ENOENT:
		diag_hint(why, LACKING);
		return CYG_NOTFOUND;
	case EEXIST:
		return CYG_EXISTS;
	case EMSGSIZE:
		diag_hint(why, "raise net.core.wmem_max by sysctl(8), on a container's host");
		return CYG_LIMIT;
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
	case EINVAL:
		diag_hint(why, LACKING);
		return CYG_UNSUPPORTED;
	default:
		return CYG_IO;
	}
}

/*
 * Read answers until the last message's, which alone asked for one. A message
 * that fails is answered whether it asked or not, and the first such is what
 * went wrong. Returns an errno value or 0.
 */
static int read_answers(struct mnl_socket *nl, uint32_t last)
{
	_Alignas(struct nlmsghdr) char octets[16384];
	int first_error = 0;

	for (;;) {
		ssize_t got = mnl_socket_recvfrom(nl, octets, sizeof(octets));
		const struct nlmsghdr *m = (const struct nlmsghdr *)octets;
		int len = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return first_error ? first_error : errno;
		for (; netlink_fits(m, len); m = mnl_nlmsg_next(m, &len)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

			if (m->nlmsg_type != NLMSG_ERROR ||
			    mnl_nlmsg_get_payload_len(m) < sizeof(*e))
				continue;
			if (e->error && !first_error)
				first_error = -e->error;
			/* An error about the batch as a whole is about its first message. */
			if (m->nlmsg_seq == last || (e->error && m->nlmsg_seq == 1))
				return first_error;
		}
	}
}

bool nft_socket_open(struct nft_socket *s)
{
	struct timeval patience = {.tv_sec = ANSWER_SECONDS};

	s->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!s->nl)
		return false;
	setsockopt(mnl_socket_get_fd(s->nl), SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	if (mnl_socket_bind(s->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int number = errno;

		nft_socket_close(s);
		errno = number;
	}
	return s->nl;
}

void nft_socket_close(struct nft_socket *s)
{
	if (s->nl)
		mnl_socket_close(s->nl);
	s->nl = NULL;
}

uint32_t nft_socket_port(const struct nft_socket *s)
{
	return s->nl ? mnl_socket_get_portid(s->nl) : 0;
}

/* Answers to an earlier batch that nobody read: an error ends the reading. */
static void forget_answers(struct mnl_socket *nl)
{
	char octet;

	while (recv(mnl_socket_get_fd(nl), &octet, 1, MSG_DONTWAIT) >= 0 || errno == EINTR ||
	       errno == ENOBUFS)
		continue;
}

/* A batch is one datagram. Who has rights in a container alone has as much as any program may have. */
static void make_room(struct mnl_socket *nl, size_t len)
{
	int fd = mnl_socket_get_fd(nl), size = (int)len + 65536;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static int send_by(struct nft_socket *s, struct nft_batch *b, uint32_t last)
{
	if (s->most && b->len > s->most)
		return EMSGSIZE;
	forget_answers(s->nl);
	make_room(s->nl, b->len);
	return mnl_socket_sendto(s->nl, b->octets, b->len) < 0 ? errno
							       : read_answers(s->nl, last);
}

static int exchange(struct nft_batch *b, uint32_t last)
{
	struct nft_socket own = {0};
	int number;

	if (b->by && b->by->nl)
		return send_by(b->by, b, last);
	if (!nft_socket_open(&own))
		return errno;
	number = send_by(&own, b, last);
	nft_socket_close(&own);
	return number;
}

enum cyg_err nft_commit(struct nft_batch *b, struct diag *why)
{
	enum cyg_err err = CYG_OK;
	uint32_t last = b->sequence;
	int number;

	/* The last message before the end of the batch asks for an answer. */
	for (size_t at = 0; at < b->len;) {
		struct nlmsghdr *m = (struct nlmsghdr *)(void *)(b->octets + at);

		if (m->nlmsg_seq == last)
			m->nlmsg_flags |= NLM_F_ACK;
		at += MNL_ALIGN(m->nlmsg_len);
	}
	(void)begin_message(b, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES);
	end_message(b);
	if (b->bad) {
		err = CYG_NOMEM;
	} else {
		number = exchange(b, last);
		if (number)
			err = refuse(why, number);
	}
	free(b->octets);
	*b = (struct nft_batch){0};
	return err;
}
