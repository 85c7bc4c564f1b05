/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/reassembly.h"

#include <netinet/in.h> /* before the kernel's headers, which then leave its names alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>

#define PRIORITY (-450) /* connection tracking puts fragments together at -400 */
#define FRAGMENTS "fragments"
#define PARTS "parts"
#define INSIDE "of_tunnel"

/* As nft(8) numbers the types of keys, of six bits a part: addresses, and numbers of four octets. */
#define V4 7u
#define V6 8u
#define NUMBER 19u
#define SET_NAME_MAX 32

enum way { WAY_TUNNEL, WAY_CLEAR };

/* How the kernel tells datagrams apart (and by the way it came), and how long it usually waits for the rest. */
static const struct memory {
	enum ip_family family;
	uint32_t key_len, key_type, usual;
} memories[] = {
	{IP_V4, 20, (((V4 << 6 | V4) << 6 | NUMBER) << 6 | NUMBER) << 6 | NUMBER, 30},
	{IP_V6, 40, ((V6 << 6 | V6) << 6 | NUMBER) << 6 | NUMBER, 60},
};
#define MEMORIES (sizeof(memories) / sizeof(memories[0]))

static uint32_t read_seconds(const char *root, const char *name)
{
	char path[1024];
	long seconds = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/proc/sys/net/%s", root, name);
	in = fopen(path, "re");
	if (in && fscanf(in, "%ld", &seconds) != 1)
		seconds = 0;
	if (in)
		fclose(in);
	return seconds < 0                        ? 0
	       : seconds > REASSEMBLY_SECONDS_MAX ? REASSEMBLY_SECONDS_MAX
						  : (uint32_t)seconds;
}

struct firewall_patience reassembly_patience(const char *root)
{
	uint32_t v4 = read_seconds(root, "ipv4/ipfrag_time");
	uint32_t v6 = read_seconds(root, "ipv6/ip6frag_time");
	uint32_t tracking = read_seconds(root, "netfilter/nf_conntrack_frag6_timeout");

	return (struct firewall_patience){v4, v6 > tracking ? v6 : tracking};
}

/* A second more than the kernel waits. */
static uint32_t seconds_of(const struct rules *r, const struct memory *m)
{
	uint32_t told = m->family == IP_V4 ? r->f->patience.v4 : r->f->patience.v6;

	return (told ? told : m->usual) + 1;
}

/* Older kernels give a set that is there, such as an earlier run's, no other timeout: each has its own name. */
static void set_name(const struct rules *r, const struct memory *m, char out[SET_NAME_MAX])
{
	snprintf(out, SET_NAME_MAX, "datagrams%u_%u", m->family == IP_V4 ? 4 : 6,
		 seconds_of(r, m));
}

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
	char set[SET_NAME_MAX];

	set_name(r, m, set);
	rules_begin(r, chain);
	rules_match_fragment(r, m->family);
	load_key(r, m, way);
	nft_lookup(&r->batch, set);
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
		char set[SET_NAME_MAX];

		set_name(r, &memories[i], set);
		rules_begin(r, chain);
		rules_match_fragment(r, memories[i].family);
		load_key(r, &memories[i], way);
		nft_remember(&r->batch, set);
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
	for (size_t i = 0; i < MEMORIES; i++) {
		char set[SET_NAME_MAX];

		set_name(r, &memories[i], set);
		nft_memory_add(&r->batch, r->table, set, memories[i].key_len,
			       memories[i].key_type, r->batch.sequence + 1, REASSEMBLY_MAX,
			       seconds_of(r, &memories[i]));
	}
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
