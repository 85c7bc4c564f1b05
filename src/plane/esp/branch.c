/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/branch.h"

#include "plane/esp/esp.h"
#include "plane/esp/leftover.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN (offsetof(struct branch, table))

/* ICMP's types are no ports to a rule; nor is OPAQUE, which is of packets that show none. */
static bool has_ports(const struct ts *t)
{
	return t->proto && t->proto != 1 && t->proto != 58 && t->port_first <= t->port_last;
}

static struct branch key_of(const struct ip_prefix *from, const struct ts *local,
			    const struct ts *remote)
{
	struct branch key;

	memset(&key, 0, sizeof(key));
	key.local = *from;
	key.proto = remote->proto ? remote->proto : local->proto;
	key.local_first = has_ports(local) ? local->port_first : 0;
	key.local_last = has_ports(local) ? local->port_last : UINT16_MAX;
	key.remote_first = has_ports(remote) ? remote->port_first : 0;
	key.remote_last = has_ports(remote) ? remote->port_last : UINT16_MAX;
	return key;
}

static struct net_rule rule_of_senders(const struct branches *b, const struct branch *branch)
{
	return (struct net_rule){
		.priority = b->priority,
		.table = branch->table,
		.family = branch->local.addr.family,
		.protocol = ESP_ROUTE_PROTOCOL,
		.source = branch->local.bits ? branch->local.addr : (struct ip_addr){0},
		.source_bits = branch->local.bits,
		.ip_protocol = branch->proto,
		.source_port = branch->local_first,
		.source_port_last = branch->local_last,
		.port = branch->remote_first,
		.port_last = branch->remote_last,
	};
}

static struct net_rule rule_of_mark(const struct branches *b, const struct branch *branch)
{
	return (struct net_rule){
		.priority = b->priority,
		.table = branch->table,
		.family = branch->local.addr.family,
		.protocol = ESP_ROUTE_PROTOCOL,
		.mark = branch->mark,
		.mark_mask = UINT32_MAX,
	};
}

#define METRIC_LINKS 4 /* behind all others of steer.c */

enum cyg_err branch_except_links(struct net *net, uint32_t table, enum ip_family family,
				 struct diag *why)
{
	static const struct ip_prefix links[] = {
		{.addr = {IP_V4, {224}}, .bits = 4},
		{.addr = {IP_V4, {255, 255, 255, 255}}, .bits = 32},
		{.addr = {IP_V4, {169, 254}}, .bits = 16},
		{.addr = {IP_V6, {0xff}}, .bits = 8},
		{.addr = {IP_V6, {0xfe, 0x80}}, .bits = 10},
	};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && !err; i++) {
		struct net_route r = {.destination = links[i],
				      .table = table,
				      .metric = METRIC_LINKS,
				      .kind = RTN_THROW,
				      .protocol = ESP_ROUTE_PROTOCOL};

		if (links[i].addr.family == family)
			err = net_route_set(net, &r, why);
	}
	return err == CYG_UNSUPPORTED ? CYG_OK : err;
}

static enum cyg_err lead_there(const struct branches *b, const struct branch *branch,
			       struct diag *why)
{
	struct net_rule mark = rule_of_mark(b, branch), senders = rule_of_senders(b, branch);
	enum cyg_err err = branch_except_links(b->net, branch->table, branch->local.addr.family,
					       why);

	if (!err)
		err = net_rule_add(b->net, &mark, why);
	if (!err)
		err = net_rule_add(b->net, &senders, why);
	return err;
}

enum cyg_err branches_restore(const struct branches *b, size_t *added, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	for (const struct branch *branch = b->all; branch && !err; branch = branch->hh.next) {
		struct net_rule rules[] = {rule_of_mark(b, branch), rule_of_senders(b, branch)};

		err = branch_except_links(b->net, branch->table, branch->local.addr.family,
					  why);
		for (int i = 0; i < 2 && !err; i++) {
			err = net_rule_add(b->net, &rules[i], why);
			*added += !err;
			if (err == CYG_EXISTS)
				err = CYG_OK;
		}
	}
	return err;
}

/* False: routes stay in its table, which is for nobody else then. */
static bool lead_nowhere(const struct branches *b, const struct branch *branch)
{
	struct net_rule mark = rule_of_mark(b, branch), senders = rule_of_senders(b, branch);
	int err;

	/*
	 * The one of the mark first: asked for a rule without a mark, the kernel takes the first
	 * that fits but for that. What another hand took away is gone, which is as good.
	 */
	err = net_rule_remove(b->net, &mark) + net_rule_remove(b->net, &senders);
	(void)err;
	return net_routes_flush(b->net, branch->table, ESP_ROUTE_PROTOCOL) >= 0;
}

static bool take_number(struct branches *b, struct branch *branch)
{
	uint32_t n = 0;

	if (!b->taken)
		b->taken = calloc(BRANCHES_MAX, sizeof(*b->taken));
	while (b->taken && n < BRANCHES_MAX && b->taken[n])
		n++;
	if (!b->taken || n == BRANCHES_MAX)
		return false;
	b->taken[n] = true;
	branch->table = b->first_table + n;
	branch->mark = b->first_mark + n;
	return true;
}

static void forget(struct branches *b, struct branch *branch)
{
	HASH_DEL(b->all, branch);
	b->taken[branch->table - b->first_table] = !lead_nowhere(b, branch);
	b->version++;
	free(branch);
}

static enum cyg_err new_branch(struct branches *b, unsigned most, const struct branch *key,
			       struct branch **ret, struct diag *why)
{
	struct branch *branch;
	enum cyg_err err;

	if (HASH_COUNT(b->all) >= most) {
		diag_set(why, "plane-crowded", NULL,
			 "there are %u rules for networks, protocols and ports already", most);
		diag_hint(why,
			  "make one connection of several that drop or reject, or leave out "
			  "their protocols and ports");
		return CYG_LIMIT;
	}
	branch = malloc(sizeof(*branch));
	if (!branch)
		return CYG_NOMEM;
	*branch = *key;
	list_init(&branch->lent);
	if (!take_number(b, branch)) {
		free(branch);
		return b->taken ? CYG_LIMIT : CYG_NOMEM;
	}
	HASH_ADD(hh, b->all, local, KEY_LEN, branch);
	if (!branch->hh.tbl) {
		b->taken[branch->table - b->first_table] = false;
		free(branch);
		return CYG_NOMEM;
	}
	err = lead_there(b, branch, why);
	if (err) {
		forget(b, branch);
		return err;
	}
	b->version++;
	*ret = branch;
	return CYG_OK;
}

enum cyg_err branch_take(struct branches *b, unsigned most, const struct ip_prefix *from,
			 const struct ts *local, const struct ts *remote, struct branch **ret,
			 struct diag *why)
{
	struct branch key = key_of(from, local, remote), *known;
	enum cyg_err err = CYG_OK;

	HASH_FIND(hh, b->all, &key.local, KEY_LEN, known);
	if (!known)
		err = new_branch(b, most, &key, &known, why);
	if (err)
		return err;
	known->uses++;
	*ret = known;
	return CYG_OK;
}

void branch_leave(struct branches *b, struct branch *branch)
{
	if (!branch || --branch->uses)
		return;
	forget(b, branch);
}

void branches_done(struct branches *b)
{
	struct branch *branch, *next;

	HASH_ITER(hh, b->all, branch, next) {
		HASH_DEL(b->all, branch);
		free(branch);
	}
	free(b->taken);
	b->taken = NULL;
}

/* No packet goes there, and this leads on. */
static struct net_route word_of(uint32_t first_table)
{
	return (struct net_route){.destination = {.addr = {IP_V4, {0}}, .bits = 32},
				  .table = first_table + BRANCH_TABLES - 1,
				  .metric = METRIC_LINKS,
				  .kind = RTN_THROW,
				  .protocol = ESP_ROUTE_PROTOCOL};
}

enum cyg_err branches_mark_whole(struct net *net, uint32_t first_table, struct diag *why)
{
	struct net_route word = word_of(first_table);

	return net_route_set(net, &word, why);
}

bool branches_were_whole(struct net *net, uint32_t first_table)
{
	uint32_t last = first_table + BRANCH_TABLES - 1;
	struct leftovers found;
	bool whole;

	if (leftovers_find(net, (uint32_t[]){last, last}, &found))
		return false;
	whole = found.len;
	leftovers_done(&found);
	return whole;
}

int branches_flush(struct net *net, uint32_t first_table, uint32_t priority)
{
	int found = net_tables_flush(net, first_table, first_table + BRANCH_TABLES - 1,
				     ESP_ROUTE_PROTOCOL);
	int rules = net_rules_flush(net, priority, ESP_ROUTE_PROTOCOL);

	return found < 0 || rules < 0 ? -1 : found + rules;
}
