/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/egress.h"

#include "base/array.h"
#include "plane/esp/rules.h"

#include <netinet/in.h> /* before the kernel's headers, which then leave its names alone */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRIORITY_MANGLE (-150) /* before sources are translated */
#define CHAIN "outward"
#define PASSES "passes"
#define PARTS "parts"
#define REFUSED "refused"
#define NAME_MAX_LEN 32
/* Changes in one step: what the kernel tells of them has room in the socket that listens. */
#define STEP_MAX 256
/* nft(8)'s numbers of types, of six bits each in a pair. */
#define TYPE_PAIR(type) ((type) << 6 | (type))
#define TYPE_V4 7u
#define TYPE_V6 8u

static void table_name(uint32_t instance, unsigned run, char out[NAME_MAX_LEN])
{
	char base[NAME_MAX_LEN];

	firewall_name(instance, base);
	snprintf(out, NAME_MAX_LEN, run ? "%.20s_out%u" : "%.20s_out", base, run + 1);
}

static enum cyg_err change_table(uint32_t instance, unsigned run,
				 void (*change)(struct nft_batch *b, const char *table),
				 struct nft_batch b, struct diag *why)
{
	char table[NAME_MAX_LEN];

	table_name(instance, run, table);
	nft_begin(&b);
	change(&b, table);
	return nft_commit(&b, why);
}

/* The first table that is free, or else, with CYG_EXISTS, the last one. */
static enum cyg_err find_table(struct egress *e, struct diag *why)
{
	enum cyg_err err = CYG_EXISTS;

	for (e->run = 0; err == CYG_EXISTS && e->run < EGRESS_TABLES; e->run++) {
		diag_clear(why);
		err = change_table(e->instance, e->run, nft_table_new, (struct nft_batch){0},
				   why);
	}
	e->run--;
	return err;
}

enum cyg_err egress_open(struct egress *e, uint32_t instance, struct diag *why)
{
	enum cyg_err err;

	e->instance = instance;
	e->anew = true;
	err = find_table(e, why);
	if (err == CYG_EXISTS) {
		diag_clear(why);
		err = CYG_OK;
	}
	e->open = !err;
	return err;
}

void egress_free(struct egress *e)
{
	free(e->changes);
	e->changes = NULL;
	e->len = e->cap = 0;
}

void egress_forget(struct egress *e)
{
	egress_free(e);
	e->anew = true;
	e->beside = e->lost = false;
	memset(e->shapes, 0, sizeof(e->shapes));
}

bool egress_is_due(const struct egress *e)
{
	return e->anew || e->due || e->lost || e->len;
}

void egress_change(struct egress *e, const struct ip_prefix *from, const struct ip_prefix *to,
		   enum egress_word was, enum egress_word now)
{
	struct egress_change *bigger;

	if (!e->open)
		return;
	bigger = array_grow(e->changes, e->len, &e->cap, sizeof(*bigger));
	if (!bigger) {
		e->lost = true;
		return;
	}
	e->changes = bigger;
	e->changes[e->len++] = (struct egress_change){*from, *to, (uint8_t)was, (uint8_t)now};
}

uint64_t egress_count(const struct egress *e)
{
	char table[NAME_MAX_LEN];

	table_name(e->instance, e->run, table);
	return e->open ? rules_count(table, RULES_CLEAR) : 0;
}

/* All but those of two runs. */
static unsigned remove_but(uint32_t instance, unsigned stays, unsigned too,
			   struct nft_batch like)
{
	unsigned found = 0;

	for (unsigned run = 0; run < EGRESS_TABLES; run++)
		found += run != stays && run != too &&
			 !change_table(instance, run, nft_table_remove, like, NULL);
	return found;
}

unsigned egress_remove(uint32_t instance)
{
	return remove_but(instance, EGRESS_TABLES, EGRESS_TABLES, (struct nft_batch){0});
}

unsigned egress_settled(struct egress *e, struct nft_socket *by)
{
	return remove_but(e->instance, e->run, e->old ? e->old - 1 : e->run,
			  (struct nft_batch){.by = by});
}

/* ---- rules ---- */

static void set_name(bool v6, unsigned from_bits, unsigned to_bits, unsigned word,
		     char out[NAME_MAX_LEN])
{
	static const char *const words[] = {
		[EGRESS_LEADS_ON] = "on",
		[EGRESS_STOPS] = "stop",
		[EGRESS_STOPS_PART] = "part",
	};

	snprintf(out, NAME_MAX_LEN, "ip%s_%u_%u_%s", v6 ? "6" : "", from_bits, to_bits,
		 words[word]);
}

static void from_name(bool v6, unsigned from_bits, char out[NAME_MAX_LEN])
{
	snprintf(out, NAME_MAX_LEN, "ip%s_from_%u", v6 ? "6" : "", from_bits);
}

/* A field of the packet's header, but for what lies outside the prefix. */
static void load_prefix(struct rules *r, bool v6, bool source, unsigned bits)
{
	struct ip_addr all = ip_highest(v6 ? IP_V6 : IP_V4);
	struct ip_prefix mask = prefix_of(&all, bits);
	uint32_t len = v6 ? 16 : 4, reg = NFT_REG32_00 + (source ? 0 : len / 4);

	nft_payload_to(&r->batch, reg, NFT_PAYLOAD_NETWORK_HEADER,
		       (v6 ? 8 : 12) + (source ? 0 : len), len);
	if (bits < len * 8)
		nft_mask(&r->batch, reg, ip_view(&mask.addr));
}

static void look_up(struct rules *r, bool v6, unsigned from_bits, unsigned to_bits,
		    unsigned word)
{
	char set[NAME_MAX_LEN], chain[NAME_MAX_LEN];

	from_name(v6, from_bits, chain);
	set_name(v6, from_bits, to_bits, word, set);
	rules_begin(r, chain);
	load_prefix(r, v6, true, from_bits);
	load_prefix(r, v6, false, to_bits);
	nft_lookup(&r->batch, set);
	if (word == EGRESS_LEADS_ON)
		rules_end(r, NFT_RETURN);
	else
		rules_jump(r, word == EGRESS_STOPS ? REFUSED : PARTS);
}

/* All that is said of sources of one length, the longest destination first. */
static bool look_up_sources(struct rules *r, const struct egress *e, bool v6,
			    unsigned from_bits)
{
	bool some = false;

	for (unsigned to_bits = v6 ? 129 : 33; to_bits-- > 0;) {
		for (unsigned word = EGRESS_LEADS_ON; word <= EGRESS_STOPS_PART; word++) {
			char chain[NAME_MAX_LEN];

			if (!(e->shapes[v6][from_bits][to_bits] & 1u << word))
				continue;
			if (!some) {
				from_name(v6, from_bits, chain);
				nft_chain_add(&r->batch, r->table, chain, NULL, -1, 0);
				nft_chain_flush(&r->batch, r->table, chain);
			}
			some = true;
			look_up(r, v6, from_bits, to_bits, word);
		}
	}
	return some;
}

static void hold_against_sets(struct rules *r, const struct egress *e, bool v6)
{
	for (unsigned from_bits = 0; from_bits <= (v6 ? 128 : 32); from_bits++) {
		char chain[NAME_MAX_LEN];

		if (!look_up_sources(r, e, v6, from_bits))
			continue;
		from_name(v6, from_bits, chain);
		rules_begin(r, CHAIN);
		rules_match_family(r, v6 ? IP_V6 : IP_V4);
		rules_jump(r, chain);
	}
}

static void accept_device(struct rules *r, const char *name)
{
	rules_begin(r, CHAIN);
	nft_meta(&r->batch, NFT_META_OIFNAME);
	nft_compare_name(&r->batch, NFT_CMP_EQ, name);
	rules_end(r, NF_ACCEPT);
}

static void accept_own(struct rules *r)
{
	rules_begin(r, CHAIN);
	rules_match_mark(r, r->f->mark);
	rules_end(r, NF_ACCEPT);
}

static void accept_broadcasts(struct rules *r)
{
	rules_begin(r, REFUSED);
	nft_fib(&r->batch, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR);
	nft_compare_u32(&r->batch, NFT_CMP_EQ, RTN_BROADCAST);
	rules_end(r, NF_ACCEPT);
}

static void refuse(struct rules *r)
{
	accept_broadcasts(r);
	rules_begin(r, REFUSED);
	rules_jump(r, PASSES);
	rules_begin(r, REFUSED);
	rules_refuse(r, RULES_CLEAR);
	for (size_t i = 0; i < r->f->passes_len; i++) {
		const struct firewall_pass *p = &r->f->passes[i];

		if (p->in_only && !p->stops)
			continue;
		rules_begin(r, PASSES);
		rules_match_pass(r, p, true);
		rules_end(r, p->stops ? NFT_RETURN : NF_ACCEPT);
	}
	for (size_t i = 0; i < r->f->parts_len; i++) {
		rules_begin(r, PARTS);
		rules_match_pass(r, &r->f->parts[i], true);
		rules_jump(r, REFUSED);
	}
}

static void say_rules(struct rules *r, const struct egress *e)
{
	static const char *const chains[] = {REFUSED, PASSES, PARTS};
	static const char *const cause = RULES_CLEAR;

	nft_chain_add(&r->batch, r->table, CHAIN, "filter", NF_INET_POST_ROUTING,
		      PRIORITY_MANGLE);
	nft_chain_flush(&r->batch, r->table, CHAIN);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		nft_chain_add(&r->batch, r->table, chains[i], NULL, -1, 0);
		nft_chain_flush(&r->batch, r->table, chains[i]);
	}
	rules_causes(r, &cause, 1, e->anew);
	accept_own(r);
	accept_device(r, "lo");
	accept_device(r, r->f->device);
	rules_leave_links_alone(r, CHAIN);
	hold_against_sets(r, e, false);
	hold_against_sets(r, e, true);
	refuse(r);
}

/* ---- elements ---- */

/* The set of what is said, made when it is the first of its shape, which the rules then look at. */
static bool take_set(struct rules *r, struct egress *e, const struct egress_change *c,
		     unsigned word, char set[NAME_MAX_LEN])
{
	bool v6 = c->from.addr.family == IP_V6;
	uint8_t *shape = &e->shapes[v6][c->from.bits][c->to.bits];
	bool is_new = !(*shape & 1u << word);

	set_name(v6, c->from.bits, c->to.bits, word, set);
	if (is_new)
		nft_set_add(&r->batch, r->table, set, v6 ? 32 : 8,
			    TYPE_PAIR(v6 ? TYPE_V6 : TYPE_V4), r->batch.sequence + 1);
	*shape |= (uint8_t)(1u << word);
	return is_new;
}

static struct view key_of(const struct egress_change *c, uint8_t key[32])
{
	struct view from = ip_view(&c->from.addr), to = ip_view(&c->to.addr);

	memcpy(key, from.ptr, from.len);
	memcpy(key + from.len, to.ptr, to.len);
	return view_of(key, from.len + to.len);
}

static void say_change(struct rules *r, struct egress *e, const struct egress_change *c)
{
	char set[NAME_MAX_LEN];
	uint8_t key[32];

	if (c->was) {
		(void)take_set(r, e, c, c->was, set);
		nft_element_remove(&r->batch, r->table, set, key_of(c, key));
	}
	if (c->now) {
		e->due |= take_set(r, e, c, c->now, set);
		nft_element_add(&r->batch, r->table, set, key_of(c, key));
	}
}

/* A new table, unless there is one of a try that failed on the way: what stood before stays. */
static enum cyg_err begin_beside(struct egress *e, struct diag *why)
{
	unsigned run = e->run;

	memset(e->shapes, 0, sizeof(e->shapes));
	e->beside = true;
	if (e->old)
		return CYG_OK;
	if (find_table(e, why)) {
		e->run = run;
		return CYG_LIMIT;
	}
	e->old = run + 1;
	return CYG_OK;
}

static void remove_old(struct rules *r, const struct egress *e)
{
	char table[NAME_MAX_LEN];

	if (!e->old)
		return;
	table_name(e->instance, e->old - 1, table);
	nft_table_add(&r->batch, table);
	nft_table_remove(&r->batch, table);
}

static enum cyg_err commit_step(struct egress *e, const struct firewall *f, bool with_firewall,
				struct diag *why)
{
	size_t step = (e->anew && !e->beside) || e->len < STEP_MAX ? e->len : STEP_MAX;
	struct rules r = {.f = f, .batch = {.by = f->by}};
	enum cyg_err err;

	table_name(e->instance, e->run, r.table);
	nft_begin(&r.batch);
	nft_table_add(&r.batch, r.table);
	if (e->anew) {
		/* Adding first made removing succeed when there was none. */
		nft_table_remove(&r.batch, r.table);
		nft_table_add(&r.batch, r.table);
		e->due = true;
	}
	for (size_t i = 0; i < step; i++)
		say_change(&r, e, &e->changes[i]);
	if (e->due)
		say_rules(&r, e);
	if (step == e->len) {
		remove_old(&r, e);
		if (with_firewall)
			firewall_say(f, &r.batch);
	}
	err = nft_commit(&r.batch, why);
	if (err)
		return err;
	e->anew = e->due = false;
	e->len -= step;
	if (e->len) {
		memmove(e->changes, e->changes + step, e->len * sizeof(*e->changes));
	} else {
		e->old = 0;
		e->beside = false;
	}
	return CYG_OK;
}

enum cyg_err egress_commit(struct egress *e, const struct firewall *f, bool with_firewall,
			   struct diag *why)
{
	enum cyg_err err = e->lost ? CYG_NOMEM : commit_step(e, f, with_firewall, why);

	if (err != CYG_LIMIT || !e->anew || e->beside || e->len <= STEP_MAX ||
	    begin_beside(e, NULL))
		return err;
	diag_clear(why);
	return commit_step(e, f, with_firewall, why);
}
