/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/reassembly.h"

#include <netinet/in.h> /* before the kernel's headers, which then leave its names alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define PRIORITY (-450) /* connection tracking puts fragments together at -400 */
#define FRAGMENTS "fragments"
#define PARTS "parts"
#define INSIDE "of_tunnel"

/* As nft(8) numbers the types of keys, of six bits a part: addresses, and numbers of four octets. */
#define V4 7u
#define V6 8u
#define NUMBER 19u

enum way { WAY_TUNNEL, WAY_CLEAR };

/* How the kernel tells datagrams apart (and by the way it came), and how long it waits for the rest. */
static const struct memory {
	enum ip_family family;
	const char *set;
	uint32_t key_len, key_type, seconds;
} memories[] = {
	{IP_V4, "datagrams4", 20, (((V4 << 6 | V4) << 6 | NUMBER) << 6 | NUMBER) << 6 | NUMBER,
	 31},
	{IP_V6, "datagrams6", 40, ((V6 << 6 | V6) << 6 | NUMBER) << 6 | NUMBER, 61},
};
#define MEMORIES (sizeof(memories) / sizeof(memories[0]))

static void load_key(struct rules *r, const struct memory *m, enum way way)
{
	struct nft_batch *b = &r->batch;

	if (m->family == IP_V4) {
		nft_payload_to(b, NFT_REG32_00, NFT_PAYLOAD_NETWORK_HEADER, 12, 8);
		nft_payload_to(b, NFT_REG32_02, NFT_PAYLOAD_NETWORK_HEADER, 4, 2);
		nft_payload_to(b, NFT_REG32_03, NFT_PAYLOAD_NETWORK_HEADER, 9, 1);
		nft_number_to(b, NFT_REG32_04, way);
	} else {
		nft_payload_to(b, NFT_REG32_00, NFT_PAYLOAD_NETWORK_HEADER, 8, 32);
		nft_extension_to(b, NFT_REG32_08, IPPROTO_FRAGMENT, 4, 4);
		nft_number_to(b, NFT_REG32_09, way);
	}
}

/* Begin a rule for fragments of datagrams that came that way. */
static void begin_known(struct rules *r, const char *chain, const struct memory *m,
			enum way way)
{
	rules_begin(r, chain);
	rules_match_fragment(r, m->family);
	load_key(r, m, way);
	nft_lookup(&r->batch, m->set);
}

static void refuse_known(struct rules *r, const char *chain, enum way way)
{
	for (size_t i = 0; i < MEMORIES; i++) {
		begin_known(r, chain, &memories[i], way);
		rules_refuse(r, RULES_FRAGMENT);
	}
}

static void remember(struct rules *r, const char *chain, enum way way)
{
	for (size_t i = 0; i < MEMORIES; i++) {
		rules_begin(r, chain);
		rules_match_fragment(r, memories[i].family);
		load_key(r, &memories[i], way);
		nft_remember(&r->batch, memories[i].set);
		nft_rule_end(&r->batch);
	}
}

void reassembly_prepare(struct rules *r)
{
	static const char *const chains[] = {PARTS, INSIDE, REASSEMBLY_ACCEPT,
					     REASSEMBLY_FOLLOW};

	nft_chain_add(&r->batch, r->table, FRAGMENTS, "filter", NF_INET_PRE_ROUTING, PRIORITY);
	nft_chain_flush(&r->batch, r->table, FRAGMENTS);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		nft_chain_add(&r->batch, r->table, chains[i], NULL, -1, 0);
		nft_chain_flush(&r->batch, r->table, chains[i]);
	}
	for (size_t i = 0; i < MEMORIES; i++)
		nft_memory_add(&r->batch, r->table, memories[i].set, memories[i].key_len,
			       memories[i].key_type, r->batch.sequence + 1, REASSEMBLY_MAX,
			       memories[i].seconds);
}

void reassembly_say(struct rules *r, const char *judge)
{
	for (size_t i = 0; i < MEMORIES; i++) {
		rules_begin(r, FRAGMENTS);
		rules_match_fragment(r, memories[i].family);
		rules_jump(r, PARTS);
		begin_known(r, REASSEMBLY_FOLLOW, &memories[i], WAY_CLEAR);
		rules_end(r, NF_ACCEPT);
	}
	rules_begin(r, PARTS);
	rules_match_device(r, "lo");
	rules_end(r, NF_ACCEPT);
	rules_begin(r, PARTS);
	rules_match_device(r, r->f->device);
	rules_goto(r, INSIDE);
	refuse_known(r, PARTS, WAY_TUNNEL);
	rules_begin(r, PARTS);
	rules_jump(r, judge);

	refuse_known(r, INSIDE, WAY_CLEAR);
	remember(r, INSIDE, WAY_TUNNEL);

	remember(r, REASSEMBLY_ACCEPT, WAY_CLEAR);
	rules_begin(r, REASSEMBLY_ACCEPT);
	rules_end(r, NF_ACCEPT);
}
