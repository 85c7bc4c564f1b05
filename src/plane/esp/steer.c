/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/steer.h"

#include "plane/esp/bands.h"
#include "plane/esp/esp.h"
#include "plane/esp/leftover.h"
#include "plane/esp/places.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct steer {
	struct steer_config c;
	struct bands bands; /* where our rules stand */
	struct places places;
	struct leftovers left; /* of an earlier run, until steer_settled */
	bool by_source, crowded, unmarked;
	uint64_t next_order;
	bool kept;           /* all stays in the kernel at the end */
	unsigned run;        /* whose branches are ours: 0 or 1 */
	bool in_front;       /* with their rules, of run 0, until steer_settled */
	bool earlier;        /* the other one's are there, until steer_settled */
	uint32_t earlier_at; /* the priority of their rules */
	struct owner *routes, *policies;
};

/* Where destination alone decides: in the main table, and for packets that have no source yet. */
static enum cyg_err claim_for_all(struct steer *s, struct owner *o,
				  const struct ip_prefix *prefix, const struct claim *like,
				  struct diag *why)
{
	struct claim unsourced = *like;
	enum cyg_err err = claim_add(&s->places, o, prefix, like, why);

	unsourced.unsourced = true;
	/* A route without a source gives them none that its tunnel is known to be for. */
	if (!err && (like->kind != CLAIM_TUNNEL || ip_is_set(&like->source)))
		err = claim_add(&s->places, o, prefix, &unsourced, why);
	return err;
}

enum cyg_err steer_route_set(struct steer *s, const struct plane_route *r, struct diag *why)
{
	/* Next hop and metric of the request mean nothing in a table that leads into a TUN. */
	struct claim like = {.kind = CLAIM_TUNNEL,
			     .route_kind = RTN_UNICAST,
			     .mtu = r->mtu,
			     .source = r->source};
	struct owner *o = owner_new(r->id), *old;
	enum cyg_err err, guarded;

	if (!o)
		return CYG_NOMEM;
	err = claim_for_all(s, o, &r->destination, &like, why);
	HASH_FIND_INT(s->routes, &r->id, old);
	if (!err || old)
		return owner_swap(&s->places, &s->routes, o, err);
	/* What the route is for may be in force: nothing of it leaves in clear. */
	like.guard_alone = true;
	guarded = owner_swap(&s->places, &s->routes, o,
			     claim_for_all(s, o, &r->destination, &like, NULL));
	(void)guarded; /* what the kernel refused first is told */
	return err;
}

enum cyg_err steer_route_remove(struct steer *s, uint32_t id)
{
	struct owner *o;

	HASH_FIND_INT(s->routes, &id, o);
	if (!o)
		return CYG_NOTFOUND;
	HASH_DEL(s->routes, o);
	owner_free(&s->places, o);
	return CYG_OK;
}

static enum cyg_err claim_range(struct steer *s, struct owner *o, const struct ts *t,
				const struct claim *like, struct diag *why)
{
	struct ip_prefix prefixes[PREFIXES_MAX];
	size_t n = range_prefixes(&t->range, prefixes, PREFIXES_MAX);
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < n && !err; i++)
		/* All of a family is nobody's inside in particular. */
		if (like->kind != CLAIM_INSIDE || prefixes[i].bits)
			err = claim_for_all(s, o, &prefixes[i], like, why);
	return err;
}

static enum cyg_err claim_ranges(struct steer *s, struct owner *o, const struct ts_set *set,
				 const struct claim *like, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < set->len && !err; i++)
		err = claim_range(s, o, &set->items[i], like, why);
	return err;
}

static bool any_port(const struct ts *t)
{
	return !t->proto && t->port_first == 0 && t->port_last == 65535;
}

/* Whether `t` lets through everything of its family. */
static bool is_everything(const struct ts *t)
{
	struct ip_addr lowest = ip_lowest(t->range.first.family),
		       highest = ip_highest(t->range.first.family);

	return any_port(t) && ip_equal(&t->range.first, &lowest) &&
	       ip_equal(&t->range.last, &highest);
}

/*
 * Whether destination alone decides: every local selector
 * that can go with this remote one is everything.
 */
static bool by_destination(const struct plane_policy *p, const struct ts *remote)
{
	bool any = false;

	if (!any_port(remote))
		return false;
	for (size_t i = 0; i < p->ts_local.len; i++) {
		const struct ts *l = &p->ts_local.items[i];

		if (l->range.first.family == remote->range.first.family)
			any = any || is_everything(l);
	}
	return any;
}

/* The destination of one pair of selectors, for packets of its local networks alone. */
static enum cyg_err claim_for_senders(struct steer *s, struct owner *o, unsigned most,
				      uint32_t priority, bool part, const struct ts *local,
				      const struct ts *remote, struct diag *why)
{
	struct ip_prefix from[PREFIXES_MAX], to[PREFIXES_MAX];
	size_t from_len = range_prefixes(&local->range, from, PREFIXES_MAX);
	size_t to_len = range_prefixes(&remote->range, to, PREFIXES_MAX);
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < from_len && !err; i++) {
		for (size_t k = 0; k < to_len && !err; k++) {
			struct claim like = {.kind = CLAIM_TUNNEL,
					     .route_kind = RTN_UNICAST,
					     .stops = most == BRANCHES_MAX,
					     .part = part,
					     .priority = priority,
					     .order = o->order};

			err = places_branch(&s->places, most, &from[i], local, remote,
					    &like.branch, why);
			if (!err)
				err = claim_add(&s->places, o, &to[k], &like, why);
		}
	}
	return err;
}

/* What is stopped is less than all that goes to `remote`. */
static enum cyg_err claim_part(struct steer *s, struct owner *o, const struct plane_policy *p,
			       const struct ts *remote, struct diag *why)
{
	struct claim like = {.kind = CLAIM_TUNNEL, .route_kind = RTN_UNICAST};
	enum cyg_err err = CYG_OK;

	if (!s->by_source)
		return claim_range(s, o, remote, &like, why);
	for (size_t i = 0; i < p->ts_local.len && !err; i++)
		if (ts_can_pair(&p->ts_local.items[i], remote))
			err = claim_for_senders(s, o, BRANCHES_MAX, p->priority, false,
						&p->ts_local.items[i], remote, why);
	return err;
}

/* Fragments show no ports. Whatever has them comes to the device, where the SPD decides. */
static struct ts without_ports(const struct ts *t)
{
	return ts_of_range(&t->range);
}

/* What a local network sends to itself goes into no tunnel, however wide. */
static enum cyg_err spare_itself(struct steer *s, struct owner *o, const struct ts *local,
				 struct diag *why)
{
	struct ip_prefix from[PREFIXES_MAX];
	size_t n = range_prefixes(&local->range, from, PREFIXES_MAX);
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < n && !err; i++) {
		struct claim like = {.kind = CLAIM_INSIDE, .route_kind = RTN_THROW};

		if (!from[i].bits)
			continue;
		err = places_branch(&s->places, BRANCHES_FOR_TUNNELS, &from[i], local, local,
				    &like.branch, why);
		if (!err)
			err = claim_add(&s->places, o, &from[i], &like, why);
	}
	return err;
}

/* Whether branches tell all that is protected, or the main table has it too. */
static void choose_way(struct steer *s)
{
	places_by_destination(&s->places, !s->by_source || s->crowded || s->unmarked);
	/* What an earlier run left to stop clear text is not known yet to be wanted or not. */
	detours_turn(&s->places.detours, !s->places.by_destination && !steer_has_left(s));
}

/* Whatever its local networks send to its remote ones. */
static enum cyg_err claim_protected(struct steer *s, struct owner *o,
				    const struct plane_policy *p, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < p->ts_local.len && !err; i++) {
		struct ts local = without_ports(&p->ts_local.items[i]);
		bool part = !any_port(&p->ts_local.items[i]);

		err = spare_itself(s, o, &local, why);
		for (size_t k = 0; k < p->ts_remote.len && !err; k++) {
			struct ts remote = without_ports(&p->ts_remote.items[k]);

			if (ts_can_pair(&p->ts_local.items[i], &p->ts_remote.items[k]))
				err = claim_for_senders(s, o, BRANCHES_FOR_TUNNELS, p->priority,
							part || !any_port(
									&p->ts_remote.items[k]),
							&local, &remote, why);
		}
	}
	if (err != CYG_LIMIT)
		return err;
	/* Its destinations alone are steered, by the core's routes. */
	diag_clear(why);
	s->crowded = true;
	choose_way(s);
	return CYG_OK;
}

/* What `o` passes whatever its protocol and ports are. */
static enum cyg_err pass_parts(struct owner *o, const struct plane_policy *p)
{
	const struct ts_set *local = &p->ts_local, *remote = &p->ts_remote;

	o->priority = p->priority;
	o->parts = calloc(local->len * remote->len + 1, sizeof(*o->parts));
	if (!o->parts)
		return CYG_NOMEM;
	for (size_t i = 0; i < local->len; i++) {
		for (size_t k = 0; k < remote->len; k++) {
			const struct ts *l = &local->items[i], *r = &remote->items[k];

			if (any_port(l) && any_port(r) && ts_can_pair(l, r))
				o->parts[o->parts_len++] = (struct lent_part){l->range,
									      r->range};
		}
	}
	return CYG_OK;
}

static enum cyg_err claim_shunt(struct steer *s, struct owner *o, const struct plane_policy *p,
				struct diag *why)
{
	static const uint8_t kinds[] = {
		[POLICY_PASS] = RTN_THROW,
		[POLICY_DROP] = RTN_BLACKHOLE,
		[POLICY_REJECT] = RTN_PROHIBIT,
	};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < p->ts_remote.len && !err; i++) {
		const struct ts *t = &p->ts_remote.items[i];
		struct claim like = {.kind = CLAIM_SHUNT,
				     .route_kind = kinds[p->kind],
				     .priority = p->priority,
				     .order = o->order};

		if (by_destination(p, t))
			err = claim_range(s, o, t, &like, why);
		else if (p->kind == POLICY_PASS)
			owner_passes(&s->places, o, true);
		else
			err = claim_part(s, o, p, t, why);
	}
	if (!err && p->kind == POLICY_PASS)
		err = pass_parts(o, p);
	return err || p->kind != POLICY_PASS ? err : owner_lend(&s->places, o, why);
}

/* As the SPD keeps it. */
static uint64_t order_of(struct steer *s, uint32_t id)
{
	struct owner *old;

	HASH_FIND_INT(s->policies, &id, old);
	return old ? old->order : s->next_order++;
}

enum cyg_err steer_policy_set(struct steer *s, const struct plane_policy *p, struct diag *why)
{
	struct claim inside = {.kind = CLAIM_INSIDE, .route_kind = RTN_THROW};
	struct owner *o = owner_new(p->id);
	enum cyg_err err = CYG_OK;

	if (!o)
		return CYG_NOMEM;
	o->order = order_of(s, p->id);
	switch ((enum policy_kind)p->kind) {
	case POLICY_PROTECT:
	case POLICY_TRAP:
	case POLICY_HOLD:
		err = claim_ranges(s, o, &p->ts_local, &inside, why);
		if (!err && s->by_source)
			err = claim_protected(s, o, p, why);
		break;
	case POLICY_PASS:
	case POLICY_DROP:
	case POLICY_REJECT:
		err = claim_shunt(s, o, p, why);
		break;
	}
	return owner_swap(&s->places, &s->policies, o, err);
}

void steer_policy_remove(struct steer *s, uint32_t id)
{
	struct owner *o;

	HASH_FIND_INT(s->policies, &id, o);
	if (!o)
		return;
	HASH_DEL(s->policies, o);
	owner_free(&s->places, o);
}

/* ---- rules ---- */

static struct net_rule rule_of(const struct steer *s, enum ip_family family)
{
	return (struct net_rule){
		.priority = s->bands.main,
		.table = s->c.table,
		.mark = s->c.mark,
		.mark_mask = ESP_MARK_MASK,
		.invert = true,
		.family = (uint8_t)family,
		.protocol = ESP_ROUTE_PROTOCOL,
	};
}

/*
 * To the table of packets without a source. IPv4's rules tell these; IPv6's only those that have
 * one, which are led past.
 */
static struct net_rule unsourced_rule_of(const struct steer *s, enum ip_family family)
{
	struct net_rule r = rule_of(s, family);

	r.priority = s->bands.unsourced;
	r.table = ESP_UNSOURCED_TABLE(s->c.table);
	if (family == IP_V6)
		return r;
	r.invert = false;
	r.mark = r.mark_mask = 0;
	r.source = (struct ip_addr){.family = IP_V4};
	return r;
}

static struct net_rule sourced_rule_of(const struct steer *s, bool upper)
{
	return (struct net_rule){
		.priority = s->bands.sourced,
		.go_to = s->bands.main,
		.family = IP_V6,
		.protocol = ESP_ROUTE_PROTOCOL,
		.source = {IP_V6, {upper ? 0x80 : 0}},
		.source_bits = 1,
	};
}

static struct net_rule own_rule_of(const struct steer *s, enum ip_family family)
{
	return (struct net_rule){
		.priority = s->bands.own,
		.go_to = s->bands.main,
		.mark = s->c.mark,
		.mark_mask = ESP_MARK_MASK,
		.family = (uint8_t)family,
		.protocol = ESP_ROUTE_PROTOCOL,
	};
}

/*
 * The rules to our table; and those by which our own sockets pass by all rules but these, which
 * do not mean them. An earlier run's are the same ones. *added counts those that were not there.
 */
static enum cyg_err add_rules(const struct steer *s, size_t *added, struct diag *why)
{
	struct net_rule rules[] = {
		rule_of(s, IP_V4),           rule_of(s, IP_V6),
		own_rule_of(s, IP_V4),       own_rule_of(s, IP_V6),
		sourced_rule_of(s, false),   sourced_rule_of(s, true),
		unsourced_rule_of(s, IP_V4), unsourced_rule_of(s, IP_V6),
	};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && !err; i++) {
		err = net_rule_add(s->c.net, &rules[i], why);
		*added += !err;
		/* A kernel without IPv6 needs no rule for it. */
		if (err == CYG_EXISTS || err == CYG_UNSUPPORTED) {
			diag_clear(why);
			err = CYG_OK;
		}
	}
	return err;
}

/* All rules at one place. Returns how many there were, or -1. */
static int flush_rules(struct net *net, const struct bands *at)
{
	const uint32_t priorities[] = {at->main,      at->unsourced, at->sourced, at->branch[0],
				       at->branch[1], at->front,     at->bypass,  at->own};
	int sum = 0;

	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
		int found = net_rules_flush(net, priorities[i], ESP_ROUTE_PROTOCOL);

		if (found < 0)
			return -1;
		sum += found;
	}
	return sum;
}

/* Of run 1's branches the rules always stand before those of run 0; and so must the newer ones. */
static uint32_t branch_priority(const struct steer *s, const struct bands *at)
{
	return s->in_front ? at->front : at->branch[s->run];
}

static void set_detours(struct steer *s)
{
	s->places.detours.rule_priority = s->bands.bypass;
	s->places.detours.go_to = s->bands.main;
}

/* Others' rules that were added since go behind ours, which stand at both places meanwhile. */
static enum cyg_err move_to_front(struct steer *s, uint32_t others, bool *ret_moved,
				  struct diag *why)
{
	struct bands before = s->bands;
	size_t added = 0;
	enum cyg_err err;

	if (!bands_before(others, s->c.rule_priority, &s->bands)) {
		diag_set(
			why, "plane-rules", NULL,
			"a routing rule of another's goes before ours, which is not protected");
		diag_wanted(why, "rules with priorities above %u", s->bands.main);
		diag_got(why, "one of priority %u", others);
		diag_hint(why, "ip rule shows it: give it a priority above %u", s->bands.main);
		return CYG_RANGE;
	}
	s->places.branches.priority = branch_priority(s, &s->bands);
	set_detours(s);
	err = branches_restore(&s->places.branches, &added, why);
	if (!err)
		err = add_rules(s, &added, why);
	if (!err)
		err = detours_restore(&s->places.detours, &added, why);
	if (err) {
		(void)flush_rules(s->c.net, &s->bands);
		s->bands = before;
		s->places.branches.priority = branch_priority(s, &before);
		set_detours(s);
		return err;
	}
	*ret_moved = true;
	/* An earlier run's branches stay where they are until they go. */
	if (s->earlier)
		s->earlier_at = before.branch[!s->run];
	before.branch[!s->run] = before.branch[s->run];
	return flush_rules(s->c.net, &before) < 0 ? CYG_IO : CYG_OK;
}

/* *ret_moved: to the front, from behind a rule of another's. */
static enum cyg_err stay_in_front(struct steer *s, bool *ret_moved, struct diag *why)
{
	uint32_t others;
	enum cyg_err err = bands_others(s->c.net, &others, why);

	if (err || others > s->bands.main)
		return err;
	return move_to_front(s, others, ret_moved, why);
}

/* ---- what an earlier run left ---- */

/* What it let pass is not known to be wanted still; what it forbade, and its inside, may stay. */
static bool is_no_guard(const void *ctx, const struct net_route *r)
{
	return r->kind == RTN_UNICAST ||
	       (r->kind == RTN_THROW && r->metric != METRIC(CLAIM_INSIDE));
}

static bool is_nobodys(const void *ctx, const struct net_route *r)
{
	const struct steer *s = ctx;

	return !places_want(&s->places, r);
}

static int flush_branches(const struct steer *s, unsigned run, uint32_t priority)
{
	int found = branches_flush(s->c.net, ESP_BRANCH_TABLE(s->c.table, run), priority);
	int front = run || s->in_front
			    ? 0
			    : net_rules_flush(s->c.net, s->bands.front, ESP_ROUTE_PROTOCOL);

	return found < 0 || front < 0 ? -1 : found + front;
}

static bool were_whole(const struct steer_config *c, unsigned run)
{
	return branches_were_whole(c->net, ESP_BRANCH_TABLE(c->table, run));
}

/* The other run's branches stay. Where both are there, those that never were whole go. */
static enum cyg_err choose_run(struct steer *s)
{
	const struct steer_config *c = &s->c;
	int found[2], front = net_rules_count(c->net, s->bands.front, ESP_ROUTE_PROTOCOL);

	for (unsigned i = 0; i < 2; i++)
		found[i] = net_rules_count(c->net, s->bands.branch[i], ESP_ROUTE_PROTOCOL);
	if (found[0] < 0 || found[1] < 0 || front < 0)
		return CYG_IO;
	found[0] += front;
	s->run = found[0] > 0 && (!found[1] || were_whole(c, 0));
	s->earlier = found[!s->run] > 0;
	s->earlier_at = s->bands.branch[!s->run];
	s->places.branches = (struct branches){.net = c->net,
					       .first_table = ESP_BRANCH_TABLE(c->table,
									       s->run),
					       .first_mark = ESP_BRANCH_MARK(c->mark, s->run),
					       .priority = s->bands.branch[s->run]};
	if (flush_branches(s, s->run, s->places.branches.priority) < 0)
		return CYG_IO;
	s->in_front = s->earlier && !s->run;
	s->places.branches.priority = branch_priority(s, &s->bands);
	return CYG_OK;
}

/* Where an earlier run's rules stand, or the usual place. */
static enum cyg_err choose_bands(struct steer *s)
{
	struct bands found[BANDS_FOUND_MAX];
	int n = bands_find(s->c.net, s->c.table, s->c.rule_priority, found);

	if (n < 0)
		return CYG_IO;
	s->bands = n ? found[0] : bands_usual(s->c.rule_priority);
	/* One that was killed amid a move left two of each. */
	for (int i = 1; i < n; i++)
		if (flush_rules(s->c.net, &found[i]) < 0)
			return CYG_IO;
	return CYG_OK;
}

/* Not known to be of a daemon that we follow: another one's guards are its own to remove. */
static enum cyg_err refuse_left(const struct steer *s, struct diag *why)
{
	struct bands found[BANDS_FOUND_MAX];
	int n = bands_find(s->c.net, s->c.table, s->c.rule_priority, found);

	if (n < 0)
		return CYG_IO;
	if (!n && !s->left.len)
		return CYG_OK;
	diag_set(
		why, "plane-left", NULL,
		"routing table %u is what another pluto, which was killed, left to stop clear text",
		s->c.table);
	diag_hint(why,
		  "its next start or stop removes it: ipsec setup stop, with its run folder");
	return CYG_EXISTS;
}

/* Everything but what forbids goes now. */
static enum cyg_err inherit(struct steer *s, struct diag *why)
{
	const struct steer_config *c = &s->c;
	const uint32_t tables[] = {c->table, ESP_UNSOURCED_TABLE(c->table)};
	enum cyg_err err = leftovers_find(c->net, tables, &s->left);

	if (!err && c->only_free)
		err = refuse_left(s, why);
	if (!err)
		err = choose_bands(s);
	if (!err)
		err = choose_run(s);
	if (err)
		return err;
	leftovers_remove(&s->left, c->net, is_no_guard, NULL);
	return net_rules_flush(c->net, s->bands.bypass, ESP_ROUTE_PROTOCOL) < 0 ? CYG_IO
										: CYG_OK;
}

static enum cyg_err except_links(const struct steer *s, struct diag *why)
{
	const uint32_t tables[] = {s->c.table, ESP_UNSOURCED_TABLE(s->c.table)};
	enum cyg_err err = CYG_OK;

	for (int i = 0; i < 2 && !err; i++) {
		err = branch_except_links(s->c.net, tables[i], IP_V4, why);
		if (!err)
			err = branch_except_links(s->c.net, tables[i], IP_V6, why);
	}
	return err;
}

/* The earlier run's branches have gone: the next one's find room before ours. */
static enum cyg_err take_usual_place(struct steer *s, struct diag *why)
{
	size_t added = 0;
	enum cyg_err err;

	if (!s->in_front)
		return CYG_OK;
	s->places.branches.priority = s->bands.branch[s->run];
	err = branches_restore(&s->places.branches, &added, why);
	if (err) {
		s->places.branches.priority = s->bands.front;
		return err;
	}
	s->in_front = false;
	return net_rules_flush(s->c.net, s->bands.front, ESP_ROUTE_PROTOCOL) < 0 ? CYG_IO
										 : CYG_OK;
}

enum cyg_err steer_settled(struct steer *s, struct diag *why)
{
	size_t gone = leftovers_remove(&s->left, s->c.net, is_nobodys, s);

	leftovers_done(&s->left);
	if (s->earlier && flush_branches(s, !s->run, s->earlier_at) < 0)
		return CYG_IO;
	s->earlier = false;
	choose_way(s);
	if (take_usual_place(s, why))
		return CYG_IO;
	if (branches_mark_whole(s->c.net, s->places.branches.first_table, why))
		return CYG_IO;
	/* The exceptions of this run looked just like those of the last one. */
	return gone ? except_links(s, why) : CYG_OK;
}

enum cyg_err steer_new(const struct steer_config *c, struct steer **ret, struct diag *why)
{
	struct steer *s = calloc(1, sizeof(*s));
	size_t added = 0;
	bool inherited, moved;
	enum cyg_err err;

	if (!s)
		return CYG_NOMEM;
	s->c = *c;
	s->places = (struct places){.net = c->net,
				    .table = c->table,
				    .unsourced = ESP_UNSOURCED_TABLE(c->table),
				    .ifindex = c->ifindex,
				    .egress = c->egress,
				    .by_destination = true,
				    .detours = {.net = c->net}};
	places_init(&s->places);
	err = inherit(s, why);
	set_detours(s);
	inherited = !err;
	if (err && !diag_is_set(why))
		diag_set(why, "plane-leftover", NULL,
			 "cannot go through what an earlier run left in routing table %u",
			 c->table);
	if (!err)
		err = except_links(s, why);
	if (!err)
		err = add_rules(s, &added, why);
	if (!err) {
		err = stay_in_front(s, &moved, why);
		/* Where there is no room the start goes on, and steer_restore says so. */
		if (err == CYG_RANGE) {
			diag_clear(why);
			err = CYG_OK;
		}
	}
	if (err) {
		/* What an earlier run left to stop clear text stays, as after any other start that fails. */
		s->kept = !inherited || s->left.len || s->earlier;
		steer_free(s);
		return err;
	}
	*ret = s;
	return CYG_OK;
}

int steer_flush(struct net *net, uint32_t table, uint32_t rule_priority)
{
	int sum = net_routes_flush(net, table, ESP_ROUTE_PROTOCOL);
	int unsourced = net_routes_flush(net, ESP_UNSOURCED_TABLE(table), ESP_ROUTE_PROTOCOL);
	struct bands found[BANDS_FOUND_MAX + 1];
	int places = bands_find(net, table, rule_priority, found);

	if (sum < 0 || unsourced < 0 || places < 0)
		return -1;
	sum += unsourced;
	/* Some may be there without the one to the table: an earlier run's, from before a move. */
	found[places++] = bands_usual(rule_priority);
	for (int i = 0; i < places; i++) {
		int rules = flush_rules(net, &found[i]);

		if (rules < 0)
			return -1;
		sum += rules;
	}
	for (unsigned run = 0; run < 2; run++) {
		int routes = net_tables_flush(net, ESP_BRANCH_TABLE(table, run),
					      ESP_BRANCH_TABLE(table, run) + BRANCH_TABLES - 1,
					      ESP_ROUTE_PROTOCOL);

		if (routes < 0)
			return -1;
		sum += routes;
	}
	return sum;
}

void steer_keep(struct steer *s)
{
	s->kept = true;
}

void steer_free(struct steer *s)
{
	if (!s)
		return;
	/* One sweep of the kernel's table is cheaper than to settle every prefix. */
	if (!s->kept)
		(void)steer_flush(s->c.net, s->c.table, s->c.rule_priority);
	owners_forget(&s->routes);
	owners_forget(&s->policies);
	places_done(&s->places);
	leftovers_done(&s->left);
	free(s);
}

enum cyg_err steer_bypass(struct steer *s, const struct endpoint *local, bool add,
			  struct diag *why)
{
	struct net_rule r = {
		.priority = s->bands.bypass,
		.family = local->addr.family,
		.protocol = ESP_ROUTE_PROTOCOL,
		.source = local->addr,
		.ip_protocol = IPPROTO_UDP,
		.source_port = local->port,
	};
	enum cyg_err err = add ? net_rule_add(s->c.net, &r, why)
			       : net_rule_remove(s->c.net, &r);

	return err == (add ? CYG_EXISTS : CYG_NOTFOUND) ? CYG_OK : err;
}

/* ---- what another hand took away ---- */

enum cyg_err steer_restore(struct steer *s, uint32_t ifindex, size_t *ret_missing,
			   bool *ret_moved, struct diag *why)
{
	enum cyg_err err;

	*ret_missing = 0;
	*ret_moved = false;
	s->places.ifindex = ifindex;
	err = except_links(s, why);
	if (!err)
		err = places_restore(&s->places, ret_missing, why);
	/* The rules last: what they lead to is whole by then. */
	if (!err)
		err = branches_restore(&s->places.branches, ret_missing, why);
	if (!err)
		err = add_rules(s, ret_missing, why);
	if (!err)
		err = detours_restore(&s->places.detours, ret_missing, why);
	return err ? err : stay_in_front(s, ret_moved, why);
}

void steer_by_source(struct steer *s, bool on)
{
	s->by_source = on;
	choose_way(s);
}

void steer_has_marks(struct steer *s, bool on)
{
	s->unmarked = !on;
	choose_way(s);
}

bool steer_is_crowded(const struct steer *s)
{
	return s->crowded;
}

bool steer_lags(const struct steer *s)
{
	return s->places.lags || s->places.detours.lags;
}

bool steer_has_left(const struct steer *s)
{
	return s->left.len || s->earlier;
}

bool steer_has_earlier_branches(const struct steer *s)
{
	return s->earlier;
}

void steer_tell(struct steer *s)
{
	places_tell(&s->places);
}

const struct branch *steer_branches(const struct steer *s, uint64_t *ret_version)
{
	*ret_version = s->places.branches.version;
	return s->places.branches.all;
}

size_t steer_count(const struct steer *s)
{
	return HASH_COUNT(s->routes);
}

size_t steer_memory(const struct steer *s)
{
	return HASH_OVERHEAD(hh, s->routes) + HASH_OVERHEAD(hh, s->policies) +
	       (HASH_COUNT(s->routes) + HASH_COUNT(s->policies)) * sizeof(struct owner) +
	       places_memory(&s->places);
}
