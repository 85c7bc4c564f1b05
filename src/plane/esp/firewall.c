/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/firewall.h"

#include "plane/esp/branch.h"
#include "plane/esp/nft.h"

#include <netinet/in.h> /* before the kernel's headers, which then leave its names alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#define PRIORITY_RAW (-300)
#define PRIORITY_MANGLE (-150)
#define CHAIN "inbound"
#define OUTBOUND "outbound"
#define UNMARK "unmark"
#define PASSES "passes"
#define LOST "lost"
#define REFUSED "refused"

struct rules {
	struct nft_batch batch;
	const struct firewall *f;
	char table[32];
};

void firewall_name(uint32_t instance, char out[32])
{
	snprintf(out, 32, "cygnet%u", instance);
}

static void begin(struct rules *r, const char *chain)
{
	nft_rule_begin(&r->batch, r->table, chain);
}

static void end(struct rules *r, int verdict)
{
	nft_verdict(&r->batch, verdict, NULL);
	nft_rule_end(&r->batch);
}

static void match_protocol(struct rules *r, uint8_t protocol)
{
	nft_meta(&r->batch, NFT_META_L4PROTO);
	nft_compare_u8(&r->batch, NFT_CMP_EQ, protocol);
}

static void match_own_address(struct rules *r)
{
	nft_fib(&r->batch, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, RTN_LOCAL);
}

/* What comes from this host itself, or out of the tunnel, has been looked at. */
static void accept_link(struct rules *r, const char *name)
{
	begin(r, CHAIN);
	nft_meta(&r->batch, NFT_META_IIFNAME);
	nft_compare_name(&r->batch, NFT_CMP_EQ, name);
	end(r, NF_ACCEPT);
}

/*
 * No peer has an address of this host's. The kernel would see to that, but that errors which
 * the plane itself sends come by the device, too: those are of ICMP.
 */
static void refuse_own_sources(struct rules *r)
{
	begin(r, CHAIN);
	nft_meta(&r->batch, NFT_META_IIFNAME);
	nft_compare_name(&r->batch, NFT_CMP_EQ, r->f->device);
	nft_meta(&r->batch, NFT_META_L4PROTO);
	nft_compare_u8(&r->batch, NFT_CMP_NEQ, IPPROTO_ICMP);
	nft_compare_u8(&r->batch, NFT_CMP_NEQ, IPPROTO_ICMPV6);
	nft_fib(&r->batch, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_SADDR);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, RTN_LOCAL);
	nft_counter(&r->batch);
	end(r, NF_DROP);
}

/* IKE and ESP in UDP to ourselves: they are what brings protected traffic. */
static void accept_port(struct rules *r, uint16_t port)
{
	begin(r, CHAIN);
	match_protocol(r, IPPROTO_UDP);
	nft_payload(&r->batch, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	nft_compare_u16be(&r->batch, NFT_CMP_EQ, port);
	match_own_address(r);
	end(r, NF_ACCEPT);
}

/*
 * Later fragments of UDP to ourselves: they have no ports to match, and come
 * to nothing without a first one. Often they are whole again before this hook.
 */
static void accept_fragments(struct rules *r, enum ip_family family)
{
	begin(r, CHAIN);
	match_protocol(r, IPPROTO_UDP);
	nft_meta(&r->batch, NFT_META_NFPROTO);
	nft_compare_u8(&r->batch, NFT_CMP_EQ, family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	if (family == IP_V4)
		nft_payload(&r->batch, NFT_PAYLOAD_NETWORK_HEADER, 6, 2);
	else
		nft_extension(&r->batch, IPPROTO_FRAGMENT, 2, 2);
	nft_mask_u16be(&r->batch, family == IP_V4 ? 0x1fff : 0xfff8);
	nft_compare_u16be(&r->batch, NFT_CMP_NEQ, 0);
	match_own_address(r);
	end(r, NF_ACCEPT);
}

/*
 * ICMP of types first to last; errors about our own ESP must
 * reach us (RFC 4301 8.2.1), and IPv6's links need theirs.
 */
static void accept_icmp(struct rules *r, const char *chain, uint8_t protocol, uint8_t first,
			uint8_t last, bool to_us)
{
	begin(r, chain);
	match_protocol(r, protocol);
	nft_payload(&r->batch, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
	nft_range(&r->batch, view_of(&first, 1), view_of(&last, 1));
	if (to_us)
		match_own_address(r);
	end(r, NF_ACCEPT);
}

static void match_addresses(struct rules *r, const struct selector *s, bool source,
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

static void match_address(struct rules *r, const struct selector *s, bool source)
{
	match_addresses(r, s, source, nft_range);
}

static void match_ports(struct rules *r, const struct selector *s, bool source)
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

/* What passes or does not, on its way in, or from behind us on its way `out`. */
static void say_pass(struct rules *r, const struct firewall_pass *p, bool out)
{
	uint8_t proto = p->remote.proto ? p->remote.proto : p->local.proto;

	begin(r, PASSES);
	nft_meta(&r->batch, NFT_META_NFPROTO);
	nft_compare_u8(&r->batch, NFT_CMP_EQ,
		       p->remote.family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	match_address(r, &p->remote, !out);
	match_address(r, &p->local, out);
	if (proto) {
		match_protocol(r, proto);
		match_ports(r, &p->remote, !out);
		match_ports(r, &p->local, out);
	}
	end(r, p->stops ? NFT_RETURN : NF_ACCEPT);
}

static void jump(struct rules *r, const char *chain)
{
	nft_verdict(&r->batch, NFT_JUMP, chain);
	nft_rule_end(&r->batch);
}

static void refuse_protected_sources(struct rules *r)
{
	begin(r, CHAIN);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIFNAME, NFTA_FIB_F_SADDR);
	nft_compare_name(&r->batch, NFT_CMP_EQ, r->f->device);
	jump(r, REFUSED);
	begin(r, REFUSED);
	jump(r, PASSES);
	begin(r, REFUSED);
	nft_counter(&r->batch);
	end(r, NF_DROP);
}

/*
 * A source without a way back: either nobody has one, which is not our
 * affair, or ours alone is forbidden. A look-up with our mark skips our table
 * and tells which. The mark is taken off again; such a packet seldom has one.
 */
static void refuse_forbidden_sources(struct rules *r)
{
	begin(r, CHAIN);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, 0);
	jump(r, LOST);
	begin(r, LOST);
	jump(r, PASSES);
	begin(r, LOST);
	nft_meta_set(&r->batch, NFT_META_MARK, r->f->mark);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR | NFTA_FIB_F_MARK);
	nft_compare_u32(&r->batch, NFT_CMP_NEQ, 0);
	nft_counter(&r->batch);
	end(r, NF_DROP);
	begin(r, LOST);
	nft_meta_set(&r->batch, NFT_META_MARK, 0);
	nft_rule_end(&r->batch);
}

/* ---- branches ---- */

static struct ts ts_of_branch(const struct branch *b, bool local)
{
	static const struct ip_range all[] = {
		{{IP_V4, {0}}, {IP_V4, {255, 255, 255, 255}}},
		{{IP_V6, {0}},
		 {IP_V6,
		  {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		   255}}},
	};
	struct ip_range own = prefix_range(&b->local);
	struct ts t = ts_of_range(local ? &own : &all[b->local.addr.family == IP_V6]);

	t.proto = b->proto;
	t.port_first = local ? b->local_first : b->remote_first;
	t.port_last = local ? b->local_last : b->remote_last;
	return t;
}

static void match_mark(struct rules *r, uint32_t mark)
{
	nft_meta(&r->batch, NFT_META_MARK);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, mark);
}

/* Packets of a branch, on their way out or in, that have no mark get its own. */
static void mark_branch(struct rules *r, const char *chain, const struct branch *b, bool out)
{
	struct ts own = ts_of_branch(b, true), far = ts_of_branch(b, false);
	struct selector local = selector_of(&own), remote = selector_of(&far);

	begin(r, chain);
	match_mark(r, 0);
	nft_meta(&r->batch, NFT_META_NFPROTO);
	nft_compare_u8(&r->batch, NFT_CMP_EQ,
		       local.family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	match_address(r, &local, out);
	/* That way it goes in any case: it is not to be looked up once more. */
	if (b->spares_itself)
		match_addresses(r, &local, !out, nft_outside);
	if (b->proto) {
		match_protocol(r, b->proto);
		match_ports(r, &local, out);
		match_ports(r, &remote, !out);
	}
	nft_meta_set(&r->batch, NFT_META_MARK, b->mark);
	nft_rule_end(&r->batch);
}

static void unmark(struct rules *r, const char *chain, const struct branch *b)
{
	begin(r, chain);
	match_mark(r, b->mark);
	nft_meta_set(&r->batch, NFT_META_MARK, 0);
	nft_rule_end(&r->batch);
}

static void refuse_for_branches(struct rules *r)
{
	for (const struct branch *b = r->f->branches; b; b = b->hh.next)
		if (b->proto)
			mark_branch(r, CHAIN, b, false);
	begin(r, CHAIN);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIFNAME, NFTA_FIB_F_SADDR | NFTA_FIB_F_MARK);
	nft_compare_name(&r->batch, NFT_CMP_EQ, r->f->device);
	jump(r, REFUSED);
	for (const struct branch *b = r->f->branches; b; b = b->hh.next)
		if (b->proto)
			unmark(r, CHAIN, b);
}

/*
 * No branch is for what belongs to a link, and another look-up
 * would lose what link that is: neighbours, multicast, broadcasts.
 */
static void leave_links_alone(struct rules *r)
{
	static const struct ip_range links[] = {
		{{IP_V4, {224}}, {IP_V4, {255, 255, 255, 255}}},
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

	accept_icmp(r, OUTBOUND, IPPROTO_ICMPV6, 133, 137, false);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct ts t = ts_of_range(&links[i]);
		struct selector to = selector_of(&t);

		begin(r, OUTBOUND);
		nft_meta(&r->batch, NFT_META_NFPROTO);
		nft_compare_u8(&r->batch, NFT_CMP_EQ,
			       to.family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
		match_address(r, &to, false);
		end(r, NF_ACCEPT);
	}
}

static void route_branches(struct rules *r)
{
	bool some = false;

	if (r->f->branches)
		leave_links_alone(r);
	for (const struct branch *b = r->f->branches; b; b = b->hh.next) {
		/* Packets without a source are looked at by the rule already. */
		if (!b->local.bits && !b->proto)
			continue;
		mark_branch(r, OUTBOUND, b, true);
		unmark(r, UNMARK, b);
		some |= b->proto != 0;
	}
	if (some)
		refuse_for_branches(r);
}

static void say_rules(struct rules *r)
{
	const struct firewall *f = r->f;

	accept_link(r, "lo");
	refuse_own_sources(r);
	accept_link(r, f->device);
	accept_icmp(r, CHAIN, IPPROTO_ICMPV6, 133, 137, false);
	accept_icmp(r, CHAIN, IPPROTO_ICMPV6, 1, 4, true);
	accept_icmp(r, CHAIN, IPPROTO_ICMP, 3, 3, true);
	accept_icmp(r, CHAIN, IPPROTO_ICMP, 11, 12, true);
	accept_fragments(r, IP_V4);
	accept_fragments(r, IP_V6);
	for (size_t i = 0; i < f->ports_len; i++)
		accept_port(r, f->ports[i]);
	route_branches(r);
	/* Only what would be refused is held against the exceptions, which may be many. */
	refuse_protected_sources(r);
	refuse_forbidden_sources(r);
	for (size_t i = 0; i < 2 * f->passes_len; i++)
		if (i % 2 == 0 || !f->passes[i / 2].in_only)
			say_pass(r, &f->passes[i / 2], i % 2);
}

enum cyg_err firewall_set(const struct firewall *f, struct diag *why)
{
	struct rules r = {.f = f, .batch = {.asks = f->asks, .ctx = f->ctx}};

	firewall_name(f->instance, r.table);
	nft_begin(&r.batch);
	/* Adding first makes removing succeed when there was none. */
	nft_table_add(&r.batch, r.table);
	nft_table_remove(&r.batch, r.table);
	nft_table_add(&r.batch, r.table);
	nft_chain_add(&r.batch, r.table, CHAIN, "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW);
	nft_chain_add(&r.batch, r.table, OUTBOUND, "route", NF_INET_LOCAL_OUT, PRIORITY_MANGLE);
	nft_chain_add(&r.batch, r.table, UNMARK, "filter", NF_INET_LOCAL_OUT,
		      PRIORITY_MANGLE + 1);
	nft_chain_add(&r.batch, r.table, PASSES, NULL, -1, 0);
	nft_chain_add(&r.batch, r.table, LOST, NULL, -1, 0);
	nft_chain_add(&r.batch, r.table, REFUSED, NULL, -1, 0);
	say_rules(&r);
	return nft_commit(&r.batch, why);
}

static enum cyg_err change_table(uint32_t instance,
				 void (*change)(struct nft_batch *b, const char *table))
{
	struct nft_batch b = {0};
	char table[32];

	firewall_name(instance, table);
	nft_begin(&b);
	change(&b, table);
	return nft_commit(&b, NULL);
}

enum cyg_err firewall_begin(uint32_t instance)
{
	return change_table(instance, nft_table_new);
}

enum cyg_err firewall_remove(uint32_t instance)
{
	return change_table(instance, nft_table_remove);
}
