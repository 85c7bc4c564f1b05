/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_NFT_H
#define PLANE_ESP_NFT_H

#include "base/addr.h"

/*
 * A socket to nf_tables that stays. To close one waits in the kernel until whatever was removed
 * has been freed, 12 ms: whoever changes things again and again keeps his. {0} is one that is
 * not open.
 */
struct nft_socket {
	struct mnl_socket *nl;
	size_t most; /* octets that it sends at a time, for tests; 0: as many as the kernel lets it */
};

/* False where it can't be opened: batches then say why. */
bool nft_socket_open(struct nft_socket *s);
/* One that is not open is fine. */
void nft_socket_close(struct nft_socket *s);
/* What the kernel's notices of its changes name (nlmsg_pid); 0: it is not open. */
uint32_t nft_socket_port(const struct nft_socket *s);

/*
 * Just enough of nf_tables' netlink language to say a small ruleset in one
 * transaction: tables, chains, rules, the expressions of rules, and sets. Values
 * meet in register 1. A batch that ran out of memory says so when it is sent.
 */
struct nft_batch {
	uint8_t *octets; /* owned */
	size_t len, cap;
	uint32_t sequence;
	bool bad;
	struct nft_socket *by;    /* what sends it; NULL or not open: one for this batch */
	struct nlmsghdr *message; /* the one being built */
	size_t expressions;       /* where its list of expressions starts; 0: none */
	size_t elements; /* where the last message is, if one of elements; 0: it is none */
	size_t list;     /* where its list of them starts in it */
};

/* {0} is a fine storage. Family inet throughout. */
void nft_begin(struct nft_batch *b);
/*
 * Send it and wait for the kernel's answer. The batch is empty afterwards.
 * CYG_UNSUPPORTED without nf_tables; CYG_LIMIT where this process may send no message so long.
 */
MUST_CHECK enum cyg_err nft_commit(struct nft_batch *b, struct diag *why);

void nft_table_add(struct nft_batch *b, const char *table);
/* It must not be there: nft_commit then says CYG_EXISTS. */
void nft_table_new(struct nft_batch *b, const char *table);
/* It must be there: add it first. */
void nft_table_remove(struct nft_batch *b, const char *table);
/*
 * `hook` is NF_INET_*; -1: a chain to jump to. `type` is "filter" or "route",
 * after which packets whose mark changed are routed anew.
 */
void nft_chain_add(struct nft_batch *b, const char *table, const char *chain, const char *type,
		   int hook, int priority);

/* Remove all rules of a chain, which must be there: add it first. */
void nft_chain_flush(struct nft_batch *b, const char *table, const char *chain);

/*
 * A set of keys of `key_len` octets (64 at most), a hash that grows; one that is there already
 * stays. `id` is any number that no other set of the batch has; `key_type` is for nft(8), which
 * shows keys by it: a number of its own, of six bits a part.
 */
void nft_set_add(struct nft_batch *b, const char *table, const char *set, uint32_t key_len,
		 uint32_t key_type, uint32_t id);
/*
 * Likewise a set that rules put keys into (nft_remember): `most` of them, each for `seconds` after
 * it was put there last.
 */
void nft_memory_add(struct nft_batch *b, const char *table, const char *set, uint32_t key_len,
		    uint32_t key_type, uint32_t id, uint32_t most, uint32_t seconds);
/* A key of a set that is there, or added before; nft_commit says CYG_EXISTS of one that is in it. */
void nft_element_add(struct nft_batch *b, const char *table, const char *set, struct view key);
/* It must be in it: nft_commit then says CYG_NOTFOUND. */
void nft_element_remove(struct nft_batch *b, const char *table, const char *set,
			struct view key);

/* A rule at the end of a chain: begin, expressions, end. */
void nft_rule_begin(struct nft_batch *b, const char *table, const char *chain);
void nft_rule_end(struct nft_batch *b);

/* Load into the register. `key` NFT_META_*. */
void nft_meta(struct nft_batch *b, uint32_t key);
void nft_meta_set(struct nft_batch *b, uint32_t key, uint32_t value);
/* `base` NFT_PAYLOAD_NETWORK_HEADER or _TRANSPORT_HEADER. */
void nft_payload(struct nft_batch *b, uint32_t base, uint32_t offset, uint32_t len);
/* Of the first IPv6 extension header of this type; the rule ends where there is none. */
void nft_extension(struct nft_batch *b, uint8_t type, uint32_t offset, uint32_t len);
/* Keep only these two octets' bits of the register. */
void nft_mask_u16be(struct nft_batch *b, uint16_t mask);
/* The same into the registers from `reg` (NFT_REG32_*) on, of four octets each; and a number. */
void nft_meta_to(struct nft_batch *b, uint32_t reg, uint32_t key);
void nft_number_to(struct nft_batch *b, uint32_t reg, uint32_t value);
void nft_extension_to(struct nft_batch *b, uint32_t reg, uint8_t type, uint32_t offset,
		      uint32_t len);
void nft_payload_to(struct nft_batch *b, uint32_t reg, uint32_t base, uint32_t offset,
		    uint32_t len);
/* Keep only the bits of `mask` (16 octets at most) in the registers from `reg` on. */
void nft_mask(struct nft_batch *b, uint32_t reg, struct view mask);
/* Go on only when the key that begins in the register is in a set of the same table. */
void nft_lookup(struct nft_batch *b, const char *set);
/* Put it into one of nft_memory_add, or there it is for that long from now; the rule ends if that is full. */
void nft_remember(struct nft_batch *b, const char *set);
/* `result` NFT_FIB_RESULT_*, `flags` NFTA_FIB_F_*. */
void nft_fib(struct nft_batch *b, uint32_t result, uint32_t flags);

/* Go on only when the register compares so with `value`; `op` NFT_CMP_*. */
void nft_compare(struct nft_batch *b, uint32_t op, struct view value);
void nft_compare_u8(struct nft_batch *b, uint32_t op, uint8_t value);
void nft_compare_u16be(struct nft_batch *b, uint32_t op, uint16_t value);
/* A number as the kernel keeps it (meta, fib). */
void nft_compare_u32(struct nft_batch *b, uint32_t op, uint32_t value);
/* An interface name, whole. */
void nft_compare_name(struct nft_batch *b, uint32_t op, const char *name);
/* Only within first..last, both included. */
void nft_range(struct nft_batch *b, struct view first, struct view last);
/* Only outside them. */
void nft_outside(struct nft_batch *b, struct view first, struct view last);

/* NF_ACCEPT, NF_DROP, NFT_RETURN, or NFT_JUMP or NFT_GOTO to `chain`. */
void nft_verdict(struct nft_batch *b, int verdict, const char *chain);
void nft_counter(struct nft_batch *b);

/* What the counters in the rules of a chain have counted in all; 0 where there is none. */
uint64_t nft_count(const char *table, const char *chain);
/* For the fuzzer: add what one rule of the kernel's has counted to *sum, an uint64_t. */
int nft_add_counts(const struct nlmsghdr *m, void *sum);

#endif
