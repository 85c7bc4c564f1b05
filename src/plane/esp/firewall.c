/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/firewall.h"

#include "plane/esp/branch.h"
#include "plane/esp/reassembly.h"

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
#define JUDGE "judge"
#define PASSES "passes"
#define LOST "lost"
#define REFUSED "refused"

void firewall_name(uint32_t instance, char out[32])
{
	snprintf(out, 32, "cygnet%u", instance);
}

/* What comes from this host itself, or out of the tunnel, has been looked at. */
static void accept_link(struct rules *r, const char *name)
{
	rules_begin(r, CHAIN);
	rules_match_device(r, name);
	rules_end(r, NF_ACCEPT);
}

/*
 * No peer has an address of this host's. The kernel would see to that, but that errors which
 * the plane itself sends come by the device, too: those are of ICMP.
 */
static void refuse_own_sources(struct rules *r)
{
	rules_begin(r, CHAIN);
	rules_match_device(r, r->f->device);
	nft_meta(&r->batch, NFT_META_L4PROTO);
	nft_compare_u8(&r->batch, NFT_CMP_NEQ, IPPROTO_ICMP);
	nft_compare_u8(&r->batch, NFT_CMP_NEQ, IPPROTO_ICMPV6);
	nft_fib(&r->batch, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_SADDR);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, RTN_LOCAL);
	rules_refuse(r, RULES_OWN);
}

/* IKE and ESP in UDP to ourselves: they are what brings protected traffic. */
static void begin_port(struct rules *r, const char *chain, uint16_t port)
{
	rules_begin(r, chain);
	rules_match_protocol(r, IPPROTO_UDP);
	nft_payload(&r->batch, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	nft_compare_u16be(&r->batch, NFT_CMP_EQ, port);
	rules_match_own_address(r);
}

/* They come in fragments, too. */
static void follow_ports(struct rules *r, enum ip_family family)
{
	rules_begin(r, PASSES);
	rules_match_later(r, family);
	rules_match_protocol(r, IPPROTO_UDP);
	rules_match_own_address(r);
	rules_jump(r, REASSEMBLY_FOLLOW);
}

static void say_ports(struct rules *r)
{
	for (size_t i = 0; i < r->f->ports_len; i++) {
		begin_port(r, CHAIN, r->f->ports[i]);
		rules_end(r, NF_ACCEPT);
		begin_port(r, PASSES, r->f->ports[i]);
		rules_goto(r, REASSEMBLY_ACCEPT);
	}
	follow_ports(r, IP_V4);
	follow_ports(r, IP_V6);
}

/*
 * What neighbours say to all of a link comes in as it leaves, past all tunnels. The kernel looks up its
 * way back without a source, and so among what is for this host's own packets.
 */
static void begin_refusing(struct rules *r, const char *chain)
{
	rules_leave_links_alone(r, chain);
	rules_begin(r, chain);
	rules_jump(r, PASSES);
}

static void refuse_protected_sources(struct rules *r)
{
	rules_begin(r, JUDGE);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIFNAME, NFTA_FIB_F_SADDR);
	nft_compare_name(&r->batch, NFT_CMP_EQ, r->f->device);
	rules_jump(r, REFUSED);
	begin_refusing(r, REFUSED);
	rules_begin(r, REFUSED);
	rules_refuse(r, RULES_CLEAR);
}

/*
 * A source without a way back: either nobody has one, which is not our
 * affair, or ours alone is forbidden. A look-up with our mark skips our table
 * and tells which. The mark is taken off again; such a packet seldom has one.
 */
static void refuse_forbidden_sources(struct rules *r)
{
	rules_begin(r, JUDGE);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, 0);
	rules_jump(r, LOST);
	begin_refusing(r, LOST);
	rules_begin(r, LOST);
	nft_meta_set(&r->batch, NFT_META_MARK, r->f->mark);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR | NFTA_FIB_F_MARK);
	nft_compare_u32(&r->batch, NFT_CMP_NEQ, 0);
	rules_refuse(r, RULES_CLEAR);
	rules_begin(r, LOST);
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

/* Packets of a branch, on their way out or in, that have no mark get its own. */
static void mark_branch(struct rules *r, const char *chain, const struct branch *b, bool out)
{
	struct ts own = ts_of_branch(b, true), far = ts_of_branch(b, false);
	struct selector local = selector_of(&own), remote = selector_of(&far);

	rules_begin(r, chain);
	rules_match_mark(r, 0);
	nft_meta(&r->batch, NFT_META_NFPROTO);
	nft_compare_u8(&r->batch, NFT_CMP_EQ,
		       local.family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	rules_match_address(r, &local, out);
	/* That way it goes in any case: it is not to be looked up once more. */
	if (b->spares_itself)
		rules_match_addresses(r, &local, !out, nft_outside);
	if (b->proto) {
		rules_match_protocol(r, b->proto);
		rules_match_ports(r, &local, out);
		rules_match_ports(r, &remote, !out);
	}
	nft_meta_set(&r->batch, NFT_META_MARK, b->mark);
	nft_rule_end(&r->batch);
}

static void unmark(struct rules *r, const char *chain, const struct branch *b)
{
	rules_begin(r, chain);
	rules_match_mark(r, b->mark);
	nft_meta_set(&r->batch, NFT_META_MARK, 0);
	nft_rule_end(&r->batch);
}

static void refuse_for_branches(struct rules *r)
{
	for (const struct branch *b = r->f->branches; b; b = b->hh.next)
		if (b->proto)
			mark_branch(r, JUDGE, b, false);
	rules_begin(r, JUDGE);
	nft_fib(&r->batch, NFT_FIB_RESULT_OIFNAME, NFTA_FIB_F_SADDR | NFTA_FIB_F_MARK);
	nft_compare_name(&r->batch, NFT_CMP_EQ, r->f->device);
	rules_jump(r, REFUSED);
	for (const struct branch *b = r->f->branches; b; b = b->hh.next)
		if (b->proto)
			unmark(r, JUDGE, b);
}

static void route_branches(struct rules *r)
{
	bool some = false;

	if (r->f->branches)
		rules_leave_links_alone(r, OUTBOUND);
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

/* Whether a later fragment does not show if it is meant. Of IPv6 it may have but an extension's number. */
static bool wants_first(const struct firewall_pass *p)
{
	bool v6 = p->remote.family == IP_V6, proto = p->remote.proto || p->local.proto;

	return proto && (v6 || !p->remote.any_port || !p->local.any_port);
}

/* What passes or does not, on its way in, or from behind us on its way `out`. */
static void say_pass(struct rules *r, const struct firewall_pass *p, bool out, bool remembers)
{
	if (wants_first(p)) {
		rules_begin(r, PASSES);
		rules_match_between(r, p, out);
		rules_match_later(r, p->remote.family);
		if (p->stops)
			rules_goto(r, REASSEMBLY_FOLLOW);
		else
			rules_jump(r, REASSEMBLY_FOLLOW);
	}
	rules_begin(r, PASSES);
	rules_match_pass(r, p, out);
	if (p->stops)
		rules_end(r, NFT_RETURN);
	else if (remembers || wants_first(p))
		rules_goto(r, REASSEMBLY_ACCEPT);
	else
		rules_end(r, NF_ACCEPT);
}

static void say_passes(struct rules *r)
{
	const struct firewall *f = r->f;
	bool stopped = false;

	for (size_t i = 0; i < f->passes_len; i++) {
		const struct firewall_pass *p = &f->passes[i];

		/* What a tunnel brings and what comes in clear are both as they should be. */
		say_pass(r, p, false, stopped || p->in_only);
		if (!p->in_only)
			say_pass(r, p, true, stopped);
		/* Later fragments of what does pass are told from those of this by the first one. */
		stopped |= p->stops && wants_first(p);
	}
}

static void say_rules(struct rules *r)
{
	accept_link(r, "lo");
	refuse_own_sources(r);
	accept_link(r, r->f->device);
	rules_accept_icmp(r, CHAIN, IPPROTO_ICMPV6, 133, 137, false);
	rules_accept_icmp(r, CHAIN, IPPROTO_ICMPV6, 1, 4, true);
	rules_accept_icmp(r, CHAIN, IPPROTO_ICMP, 3, 3, true);
	rules_accept_icmp(r, CHAIN, IPPROTO_ICMP, 11, 12, true);
	say_ports(r);
	rules_begin(r, CHAIN);
	rules_jump(r, JUDGE);
	reassembly_say(r, JUDGE);
	route_branches(r);
	/* Only what would be refused is held against the exceptions, which may be many. */
	refuse_protected_sources(r);
	refuse_forbidden_sources(r);
	say_passes(r);
}

static const char *const causes[] = {RULES_CLEAR, RULES_FRAGMENT, RULES_OWN};

/* As it stood it stays until all is said, and so does what is remembered of fragments. */
static void add_chains(struct rules *r)
{
	static const struct {
		const char *name, *type;
		int hook, priority;
	} chains[] = {
		{CHAIN, "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW},
		{OUTBOUND, "route", NF_INET_LOCAL_OUT, PRIORITY_MANGLE},
		{UNMARK, "filter", NF_INET_LOCAL_OUT, PRIORITY_MANGLE + 1},
		{JUDGE, NULL, -1, 0},
		{PASSES, NULL, -1, 0},
		{LOST, NULL, -1, 0},
		{REFUSED, NULL, -1, 0},
	};

	nft_table_add(&r->batch, r->table);
	rules_causes(r, causes, sizeof(causes) / sizeof(causes[0]), r->f->anew);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		nft_chain_add(&r->batch, r->table, chains[i].name, chains[i].type,
			      chains[i].hook, chains[i].priority);
		nft_chain_flush(&r->batch, r->table, chains[i].name);
	}
	reassembly_prepare(r);
}

void firewall_say(const struct firewall *f, struct nft_batch *b)
{
	struct rules r = {.f = f, .batch = *b};

	firewall_name(f->instance, r.table);
	add_chains(&r);
	say_rules(&r);
	*b = r.batch;
}

enum cyg_err firewall_set(const struct firewall *f, struct diag *why)
{
	struct nft_batch b = {.by = f->by};

	nft_begin(&b);
	firewall_say(f, &b);
	return nft_commit(&b, why);
}

struct firewall_counts firewall_count(uint32_t instance)
{
	char table[32];

	firewall_name(instance, table);
	return (struct firewall_counts){rules_count(table, RULES_CLEAR),
					rules_count(table, RULES_FRAGMENT),
					rules_count(table, RULES_OWN)};
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
