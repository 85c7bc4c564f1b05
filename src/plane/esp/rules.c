/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/rules.h"

#include <netinet/in.h> /* before the kernel's headers, which then leave its names alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

void rules_begin(struct rules *r, const char *chain)
{
	nft_rule_begin(&r->batch, r->table, chain);
}

void rules_end(struct rules *r, int verdict)
{
	nft_verdict(&r->batch, verdict, NULL);
	nft_rule_end(&r->batch);
}

void rules_match_protocol(struct rules *r, uint8_t protocol)
{
	nft_meta(&r->batch, NFT_META_L4PROTO);
	nft_compare_u8(&r->batch, NFT_CMP_EQ, protocol);
}

void rules_match_own_address(struct rules *r)
{
	nft_fib(&r->batch, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, RTN_LOCAL);
}

void rules_accept_icmp(struct rules *r, const char *chain, uint8_t protocol, uint8_t first,
		       uint8_t last, bool to_us)
{
	rules_begin(r, chain);
	rules_match_protocol(r, protocol);
	nft_payload(&r->batch, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
	nft_range(&r->batch, view_of(&first, 1), view_of(&last, 1));
	if (to_us)
		rules_match_own_address(r);
	rules_end(r, NF_ACCEPT);
}

void rules_match_addresses(struct rules *r, const struct selector *s, bool source,
			   void (*match)(struct nft_batch *, struct view, struct view))
{
	bool v4 = s->family == IP_V4;
	uint8_t len = v4 ? 4 : 16;
	struct flow bounds = {.family = s->family, .src = s->first, .dst = s->last};
	struct ip_addr first = inner_src(&bounds), last = inner_dst(&bounds);

	nft_payload(&r->batch, NFT_PAYLOAD_NETWORK_HEADER, (v4 ? 12 : 8) + (source ? 0 : len),
		    len);
	match(&r->batch, ip_view(&first), ip_view(&last));
}

void rules_match_address(struct rules *r, const struct selector *s, bool source)
{
	rules_match_addresses(r, s, source, nft_range);
}

void rules_match_ports(struct rules *r, const struct selector *s, bool source)
{
	uint8_t first[2] = {(uint8_t)(s->port_first >> 8), (uint8_t)s->port_first};
	uint8_t last[2] = {(uint8_t)(s->port_last >> 8), (uint8_t)s->port_last};

	if (s->any_port || s->port_first > s->port_last)
		return;
	nft_payload(&r->batch, NFT_PAYLOAD_TRANSPORT_HEADER,
		    s->proto == IPPROTO_ICMP || s->proto == IPPROTO_ICMPV6 || source ? 0 : 2,
		    2);
	nft_range(&r->batch, view_of(first, 2), view_of(last, 2));
}

void rules_match_mark(struct rules *r, uint32_t mark)
{
	nft_meta(&r->batch, NFT_META_MARK);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, mark);
}

void rules_jump(struct rules *r, const char *chain)
{
	nft_verdict(&r->batch, NFT_JUMP, chain);
	nft_rule_end(&r->batch);
}

void rules_goto(struct rules *r, const char *chain)
{
	nft_verdict(&r->batch, NFT_GOTO, chain);
	nft_rule_end(&r->batch);
}

void rules_refuse(struct rules *r, const char *cause)
{
	rules_goto(r, cause);
}

static void count_name(const char *cause, char out[32])
{
	snprintf(out, 32, "%.20s_count", cause);
}

void rules_causes(struct rules *r, const char *const *causes, size_t len, bool anew)
{
	for (size_t i = 0; i < len; i++) {
		char count[32];

		count_name(causes[i], count);
		nft_chain_add(&r->batch, r->table, count, NULL, -1, 0);
		if (anew) {
			nft_chain_flush(&r->batch, r->table, count);
			rules_begin(r, count);
			nft_counter(&r->batch);
			nft_rule_end(&r->batch);
		}
		nft_chain_add(&r->batch, r->table, causes[i], NULL, -1, 0);
		nft_chain_flush(&r->batch, r->table, causes[i]);
		/* Dropped also where another hand took what counts. */
		rules_begin(r, causes[i]);
		rules_jump(r, count);
		rules_begin(r, causes[i]);
		rules_end(r, NF_DROP);
	}
}

uint64_t rules_count(const char *table, const char *cause)
{
	char count[32];

	count_name(cause, count);
	return nft_count(table, count);
}

void rules_match_device(struct rules *r, const char *name)
{
	nft_meta(&r->batch, NFT_META_IIFNAME);
	nft_compare_name(&r->batch, NFT_CMP_EQ, name);
}

void rules_match_family(struct rules *r, enum ip_family family)
{
	nft_meta(&r->batch, NFT_META_NFPROTO);
	nft_compare_u8(&r->batch, NFT_CMP_EQ, family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

static void match_fragment(struct rules *r, enum ip_family family, uint16_t v4, uint16_t v6)
{
	rules_match_family(r, family);
	if (family == IP_V4)
		nft_payload(&r->batch, NFT_PAYLOAD_NETWORK_HEADER, 6, 2);
	else
		nft_extension(&r->batch, IPPROTO_FRAGMENT, 2, 2);
	nft_mask_u16be(&r->batch, family == IP_V4 ? v4 : v6);
	nft_compare_u16be(&r->batch, NFT_CMP_NEQ, 0);
}

void rules_match_fragment(struct rules *r, enum ip_family family)
{
	match_fragment(r, family, 0x3fff, 0xfff9);
}

void rules_match_later(struct rules *r, enum ip_family family)
{
	match_fragment(r, family, 0x1fff, 0xfff8);
}

void rules_match_between(struct rules *r, const struct firewall_pass *p, bool out)
{
	rules_match_family(r, p->remote.family);
	rules_match_address(r, &p->remote, !out);
	rules_match_address(r, &p->local, out);
}

void rules_match_pass(struct rules *r, const struct firewall_pass *p, bool out)
{
	uint8_t proto = p->remote.proto ? p->remote.proto : p->local.proto;

	rules_match_between(r, p, out);
	if (proto) {
		rules_match_protocol(r, proto);
		rules_match_ports(r, &p->remote, !out);
		rules_match_ports(r, &p->local, out);
	}
}

void rules_leave_links_alone(struct rules *r, const char *chain)
{
	static const struct ip_range links[] = {
		{{IP_V4, {224}}, {IP_V4, {239, 255, 255, 255}}},
		{{IP_V4, {255, 255, 255, 255}}, {IP_V4, {255, 255, 255, 255}}},
		{{IP_V4, {169, 254}}, {IP_V4, {169, 254, 255, 255}}},
		{{IP_V6, {0xff}},
		 {IP_V6,
		  {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		   255}}},
		{{IP_V6, {0xfe, 0x80}},
		 {IP_V6,
		  {0xfe, 0xbf, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		   255}}},
	};

	rules_accept_icmp(r, chain, IPPROTO_ICMPV6, 133, 137, false);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct ts t = ts_of_range(&links[i]);
		struct selector to = selector_of(&t);

		rules_begin(r, chain);
		rules_match_family(r, to.family);
		rules_match_address(r, &to, false);
		rules_end(r, NF_ACCEPT);
	}
}
