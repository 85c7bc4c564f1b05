/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/places.h"

#include "plane/esp/esp.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct prefix_key {
	struct ip_addr addr;
	uint8_t bits;
	uint32_t table;
};

#define LOOPBACK 1u /* the device of that name, in every namespace */

/* All claims on one prefix. */
struct place {
	struct prefix_key key;
	struct list claims[CLAIM_KINDS]; /* newest first; none of GUARD */
	uint8_t set[CLAIM_KINDS]; /* RTN_* of the route the kernel has for each kind; 0 none */
	const struct claim *from[CLAIM_KINDS]; /* the claim it was set from */
	const struct branch *branch;           /* whose table it is in; NULL: the main one */
	size_t wholes;                         /* tunnels that are for all protocols */
	uint8_t told;                          /* enum egress_word */
	uint32_t mtu;                          /* that the route into the device was set with */
	uint8_t seen; /* steer_restore: bits of the kinds that the kernel still has */
	UT_hash_handle hh;
};

/* Its padding is part of what is compared. */
static struct prefix_key key_of(const struct ip_prefix *prefix, uint32_t table)
{
	struct prefix_key key;

	memset(&key, 0, sizeof(key));
	key.addr = prefix->addr;
	key.bits = prefix->bits;
	key.table = table;
	return key;
}

static struct place *find_place(const struct places *s, const struct ip_prefix *prefix,
				uint32_t table)
{
	struct prefix_key key = key_of(prefix, table);
	struct place *p;

	HASH_FIND(hh, s->all, &key, sizeof(key), p);
	return p;
}

/* The order of the SPD. */
static bool counts_before(const struct claim *a, const struct claim *b)
{
	return a->priority < b->priority || (a->priority == b->priority && a->order < b->order);
}

/* The claim of a kind that counts: the newest, or for shunts the one of the best priority. */
static const struct claim *leader(const struct place *p, unsigned kind)
{
	const struct claim *best = NULL;

	if (kind != CLAIM_SHUNT)
		return list_empty(&p->claims[kind])
			       ? NULL
			       : CONTAINER_OF(p->claims[kind].next, struct claim, of_place);
	LIST_EACH(c, &p->claims[kind], struct claim, of_place)
		if (!best || counts_before(c, best))
			best = c;
	return best;
}

/* ---- kernel routes ---- */

static struct net_route kernel_route(const struct places *s, const struct place *p,
				     unsigned kind, uint8_t route_kind)
{
	return (struct net_route){
		.destination = {.addr = p->key.addr, .bits = p->key.bits},
		.table = p->key.table,
		.metric = METRIC(kind),
		.kind = route_kind,
		.protocol = ESP_ROUTE_PROTOCOL,
		.ifindex = route_kind == RTN_UNICAST ? s->ifindex
			   : route_kind == RTN_LOCAL ? LOOPBACK
						     : 0,
	};
}

static void unset(struct places *s, struct place *p, unsigned kind)
{
	struct net_route r = kernel_route(s, p, kind, p->set[kind]);
	enum cyg_err err;

	if (!p->set[kind])
		return;
	/* It may be gone already, with its device or by another's hand. */
	err = net_route_remove(s->net, &r, NULL);
	if (err && err != CYG_NOTFOUND) {
		s->lags = true;
		return;
	}
	p->set[kind] = 0;
	p->from[kind] = NULL;
}

/* A route of the core's may ask for one, wherever packets find the way to its destination. */
static uint32_t mtu_of(const struct places *s, const struct place *p, const struct claim *c)
{
	struct ip_prefix prefix = {.addr = p->key.addr, .bits = p->key.bits};
	const struct place *core = c->branch ? find_place(s, &prefix, s->table) : NULL;
	const struct claim *route = core ? leader(core, CLAIM_TUNNEL) : NULL;

	return !c->branch ? c->mtu : route ? route->mtu : 0;
}

static enum cyg_err set(struct places *s, struct place *p, unsigned kind, uint8_t route_kind,
			const struct claim *from, struct diag *why)
{
	struct net_route r = kernel_route(s, p, kind, route_kind);
	bool same = p->set[kind] == route_kind;
	enum cyg_err err;

	if (from) {
		r.source = from->source;
		r.mtu = mtu_of(s, p, from);
	}
	/* In a branch routes have no source, and one claim is like the other. */
	if (same && (from && from->branch ? p->mtu == r.mtu : p->from[kind] == from))
		return CYG_OK;
	if (p->set[kind] && p->set[kind] != route_kind)
		unset(s, p, kind);
	err = net_route_set(s->net, &r, why);
	if (!err) {
		p->set[kind] = route_kind;
		p->from[kind] = from;
		p->mtu = from ? r.mtu : p->mtu;
	}
	return err;
}

/* Whether somebody has all that goes to a place of a branch come in, and counts before the pass. */
static bool is_outranked(const struct places *s, const struct place *p,
			 const struct claim *pass)
{
	for (unsigned bits = 0; bits <= p->key.bits; bits++) {
		struct ip_prefix wider = prefix_of(&p->key.addr, bits);
		const struct place *at = find_place(s, &wider, p->key.table);

		if (!at)
			continue;
		LIST_EACH(c, &at->claims[CLAIM_TUNNEL], struct claim, of_place)
			if (counts_before(c, pass))
				return true;
	}
	return false;
}

/* An inside there; but what is to be dropped, and wider, holds for a network's own traffic too. */
static const struct claim *inside_of(const struct places *s, const struct place *p)
{
	const struct claim *inside = leader(p, CLAIM_INSIDE);

	for (unsigned bits = 0; inside && inside->branch && bits <= p->key.bits; bits++) {
		struct ip_prefix wider = prefix_of(&p->key.addr, bits);
		const struct place *at = find_place(s, &wider, p->key.table);

		if (!at)
			continue;
		LIST_EACH(c, &at->claims[CLAIM_TUNNEL], struct claim, of_place)
			if (c->stops)
				return NULL;
	}
	return inside;
}

/* What leads on or stops there. */
static const struct claim *shunt_of(const struct places *s, const struct place *p)
{
	const struct claim *best = leader(p, CLAIM_SHUNT);

	return best && best->branch && is_outranked(s, p, best) ? NULL : best;
}

/* Whoever has the destination lead into the device. */
static const struct claim *way_in(const struct places *s, const struct place *p)
{
	const struct claim *tunnel = leader(p, CLAIM_TUNNEL), *shunt = leader(p, CLAIM_SHUNT);

	if (tunnel && (p->key.table != s->table || s->by_destination))
		return tunnel;
	return s->passes && shunt && shunt->route_kind != RTN_THROW ? shunt : NULL;
}

/* What the routes of a branch that is for all protocols do with a packet there. */
static enum egress_word word_of(const struct place *p)
{
	if (!p->branch || p->branch->proto)
		return EGRESS_NOTHING;
	if (p->set[CLAIM_GUARD])
		return p->wholes ? EGRESS_STOPS : EGRESS_STOPS_PART;
	return p->set[CLAIM_SHUNT] || p->set[CLAIM_INSIDE] ? EGRESS_LEADS_ON : EGRESS_NOTHING;
}

static void tell(struct places *s, struct place *p)
{
	struct ip_prefix to = {.addr = p->key.addr, .bits = p->key.bits};
	enum egress_word word = word_of(p);

	if (s->egress && word != p->told)
		egress_change(s->egress, &p->branch->local, &to, p->told, word);
	p->told = (uint8_t)word;
}

void places_tell(struct places *s)
{
	for (struct place *p = s->all; p; p = p->hh.next) {
		p->told = EGRESS_NOTHING;
		tell(s, p);
	}
}

/*
 * Where a packet without a source may not go, IPv6 gives it one, of any address, and asks once
 * more: it must get the one that the route has, whose branch forbids it. One that nobody forbids
 * would not leave this host.
 */
static enum cyg_err set_guard(struct places *s, struct place *p, const struct claim *tunnel,
			      struct diag *why)
{
	bool leads = p->key.table == s->unsourced && p->key.addr.family == IP_V6 &&
		     !s->by_destination;

	/* Without the loopback device, or where its source is refused, a prohibit has to do. */
	if (leads &&
	    !set(s, p, CLAIM_GUARD, RTN_LOCAL, tunnel->guard_alone ? NULL : tunnel, NULL))
		return CYG_OK;
	return set(s, p, CLAIM_GUARD, RTN_PROHIBIT, NULL, why);
}

/*
 * Make the kernel's routes for a prefix what its
 * claims say. The guard comes first and goes last.
 */
static enum cyg_err settle(struct places *s, struct place *p, struct diag *why)
{
	const struct claim *tunnel = way_in(s, p), *shunt = shunt_of(s, p);
	const struct claim *inside = inside_of(s, p);
	enum cyg_err err = CYG_OK;

	if (tunnel)
		err = set_guard(s, p, tunnel, why);
	if (!err && tunnel && !tunnel->guard_alone)
		err = set(s, p, CLAIM_TUNNEL, RTN_UNICAST, tunnel, why);
	if (!err && shunt)
		err = set(s, p, CLAIM_SHUNT, shunt->route_kind, NULL, why);
	if (!err && inside)
		err = set(s, p, CLAIM_INSIDE, RTN_THROW, NULL, why);
	if (!inside)
		unset(s, p, CLAIM_INSIDE);
	if (!shunt)
		unset(s, p, CLAIM_SHUNT);
	if (!tunnel) {
		unset(s, p, CLAIM_TUNNEL);
		unset(s, p, CLAIM_GUARD);
	}
	tell(s, p);
	return err;
}

/* ---- claims ---- */

static struct place *take_place(struct places *s, const struct ip_prefix *prefix,
				uint32_t table)
{
	struct place *p = find_place(s, prefix, table);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = key_of(prefix, table);
	for (int i = 0; i < CLAIM_KINDS; i++)
		list_init(&p->claims[i]);
	HASH_ADD(hh, s->all, key, sizeof(p->key), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

static void leave_place(struct places *s, struct place *p)
{
	for (int i = 0; i < CLAIM_KINDS; i++)
		if (!list_empty(&p->claims[i]) || p->set[i])
			return;
	HASH_DEL(s->all, p);
	free(p);
}

/* The firewall is told what a branch's network may send to itself. */
static void settle_itself(struct places *s, struct branch *b)
{
	struct place *p = find_place(s, &b->local, b->table);
	bool refused = p && settle(s, p, NULL);
	bool spares = p && !refused && p->set[CLAIM_INSIDE] && !p->set[CLAIM_TUNNEL];

	if (spares != b->spares_itself)
		s->branches.version++;
	b->spares_itself = spares;
}

/* A claim on `prefix` has come or gone: others' routes depend on it. */
static void settle_around(struct places *s, const struct claim *changed,
			  const struct ip_prefix *prefix)
{
	struct place *p;

	if (changed->branch)
		settle_itself(s, changed->branch);
	if (changed->kind != CLAIM_TUNNEL)
		return;
	/* What the kernel refuses stays as it is until its next change. */
	if (changed->branch) {
		LIST_EACH(c, &changed->branch->lent, struct claim, of_branch)
			if (prefix_contains(prefix, &c->place->key.addr) &&
			    settle(s, c->place, NULL))
				continue;
	} else if (changed->mtu && !changed->unsourced) {
		for (const struct branch *b = s->branches.all; b; b = b->hh.next) {
			p = find_place(s, prefix, b->table);
			if (p && settle(s, p, NULL))
				continue;
		}
	}
}

/* What the claim means for detours, to `to`; false: nothing. */
static bool bears_on_detours(const struct claim *c, const struct ip_prefix *to,
			     struct detour_claim *ret)
{
	bool leads_in = c->kind == CLAIM_TUNNEL && c->branch;
	bool stops = c->kind == CLAIM_SHUNT && !c->branch && !c->unsourced &&
		     c->route_kind != RTN_THROW;

	*ret = (struct detour_claim){leads_in ? &c->branch->local : NULL, to, c->priority,
				     c->order};
	return leads_in || stops;
}

static void tell_detours(struct places *s, const struct claim *c, const struct ip_prefix *to,
			 bool comes)
{
	struct detour_claim what;

	if (bears_on_detours(c, to, &what))
		detours_follow(&s->detours, &what, comes);
}

static void drop_claim(struct places *s, struct claim *c);

/* What the kernel has kept of a branch goes with its table. */
static void leave_places_of(struct places *s, const struct branch *branch)
{
	struct place *p, *next;

	HASH_ITER(hh, s->all, p, next) {
		if (p->branch != branch)
			continue;
		HASH_DEL(s->all, p);
		free(p);
	}
}

static void leave_branch(struct places *s, struct branch *branch)
{
	if (branch && branch->uses == 1) {
		LIST_EACH(c, &branch->lent, struct claim, of_branch)
			drop_claim(s, c);
		if (s->lags)
			leave_places_of(s, branch);
	}
	branch_leave(&s->branches, branch);
}

static bool is_whole(const struct claim *c)
{
	return c->kind == CLAIM_TUNNEL && !c->part;
}

static void drop_claim(struct places *s, struct claim *c)
{
	struct claim gone = *c;
	struct place *p = c->place;
	struct ip_prefix prefix = {.addr = p->key.addr, .bits = p->key.bits};
	enum cyg_err err;

	list_remove(&c->of_place);
	list_remove(&c->of_owner);
	list_remove(&c->of_branch);
	p->wholes -= is_whole(c);
	for (int i = 0; i < CLAIM_KINDS; i++)
		if (p->from[i] == c)
			p->from[i] = NULL; /* what comes next at this address is another one */
	free(c);
	/*
	 * A route that another claim wants back and the
	 * kernel refuses: the next change tries again.
	 */
	err = settle(s, p, NULL);
	(void)err;
	leave_place(s, p);
	settle_around(s, &gone, &prefix);
	tell_detours(s, &gone, &prefix, false);
	if (!gone.lent)
		leave_branch(s, gone.branch);
}

enum cyg_err claim_add(struct places *s, struct owner *o, const struct ip_prefix *prefix,
		       const struct claim *like, struct diag *why)
{
	uint32_t table = like->branch      ? like->branch->table
			 : like->unsourced ? s->unsourced
					   : s->table;
	struct place *p = take_place(s, prefix, table);
	struct claim *c = malloc(sizeof(*c));
	enum cyg_err err;

	if (!p || !c) {
		free(c);
		if (p)
			leave_place(s, p);
		if (!like->lent)
			leave_branch(s, like->branch);
		return CYG_NOMEM;
	}
	*c = *like;
	c->place = p;
	p->branch = like->branch;
	p->wholes += is_whole(c);
	list_init(&c->of_branch);
	if (c->lent)
		list_append(&c->branch->lent, &c->of_branch);
	list_prepend(&p->claims[c->kind], &c->of_place);
	list_append(&o->claims, &c->of_owner);
	tell_detours(s, c, prefix, true);
	err = settle(s, p, why);
	if (err)
		drop_claim(s, c);
	else
		settle_around(s, like, prefix);
	return err;
}

/* What a pass passes for all that a branch is for, in it. */
static enum cyg_err lend(struct places *s, struct owner *o, struct branch *branch,
			 struct diag *why)
{
	struct claim like = {.kind = CLAIM_SHUNT,
			     .route_kind = RTN_THROW,
			     .priority = o->priority,
			     .order = o->order,
			     .branch = branch,
			     .lent = true};
	struct ip_range local = prefix_range(&branch->local);
	struct ip_prefix to[PREFIXES_MAX];
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < o->parts_len && !err; i++) {
		size_t n = range_contains(&o->parts[i].local, &local)
				   ? range_prefixes(&o->parts[i].remote, to, PREFIXES_MAX)
				   : 0;

		for (size_t k = 0; k < n && !err; k++)
			err = claim_add(s, o, &to[k], &like, why);
	}
	return err;
}

/* Where there are too many the packets come to the device. */
static void take_detour(struct places *s, struct owner *o, const struct ip_prefix *from,
			const struct ip_prefix *to)
{
	struct detour *one = detour_new(&s->detours, &o->detours, from, to, o->priority,
					o->order);

	for (const struct place *p = one ? s->all : NULL; p; p = p->hh.next) {
		struct ip_prefix at = {.addr = p->key.addr, .bits = p->key.bits};

		for (int kind = 0; kind < CLAIM_KINDS; kind++) {
			LIST_EACH(c, &p->claims[kind], struct claim, of_place) {
				struct detour_claim what;

				if (bears_on_detours(c, &at, &what))
					detour_heed(one, &what);
			}
		}
	}
	if (one)
		detour_settle(&s->detours, one);
}

static void take_detours(struct places *s, struct owner *o)
{
	struct ip_prefix from[PREFIXES_MAX], to[PREFIXES_MAX];

	for (size_t i = 0; i < o->parts_len; i++) {
		size_t from_len = range_prefixes(&o->parts[i].local, from, PREFIXES_MAX);
		size_t to_len = range_prefixes(&o->parts[i].remote, to, PREFIXES_MAX);

		/* No network is wider than all. */
		for (size_t k = 0; k < from_len * to_len; k++)
			if (from[k / to_len].bits)
				take_detour(s, o, &from[k / to_len], &to[k % to_len]);
	}
}

enum cyg_err owner_lend(struct places *s, struct owner *o, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	list_append(&s->lending, &o->lending);
	for (struct branch *b = s->branches.all; b && !err; b = b->hh.next)
		err = lend(s, o, b, why);
	if (!err)
		take_detours(s, o);
	return err;
}

enum cyg_err places_branch(struct places *s, unsigned most, const struct ip_prefix *from,
			   const struct ts *local, const struct ts *remote, struct branch **ret,
			   struct diag *why)
{
	struct branch *branch;
	enum cyg_err err = branch_take(&s->branches, most, from, local, remote, &branch, why);

	if (err)
		return err;
	if (branch->uses == 1)
		LIST_EACH(o, &s->lending, struct owner, lending)
			if (!err)
				err = lend(s, o, branch, why);
	if (err)
		leave_branch(s, branch);
	else
		*ret = branch;
	return err;
}

void places_by_destination(struct places *s, bool on)
{
	bool changes = s->by_destination != on;

	s->by_destination = on;
	for (struct place *p = changes ? s->all : NULL; p; p = p->hh.next)
		/* One that the kernel refuses stays as it is until its next change. */
		if ((p->key.table == s->table || p->key.table == s->unsourced) &&
		    settle(s, p, NULL))
			continue;
}

void owner_passes(struct places *s, struct owner *o, bool passes)
{
	bool had = s->passes;
	struct place *p;

	if (o->passes == passes)
		return;
	o->passes = passes;
	s->passes += passes ? 1 : -(size_t)1;
	if (had == (s->passes != 0))
		return;
	for (p = s->all; p; p = p->hh.next)
		/* One that the kernel refuses stays as it is until its next change. */
		if (!list_empty(&p->claims[CLAIM_SHUNT]) && settle(s, p, NULL))
			continue;
}

void owner_free(struct places *s, struct owner *o)
{
	LIST_EACH(c, &o->claims, struct claim, of_owner)
		drop_claim(s, c);
	LIST_EACH(one, &o->detours, struct detour, of_owner)
		detour_free(&s->detours, one);
	list_remove(&o->lending);
	owner_passes(s, o, false);
	free(o->parts);
	free(o);
}

struct owner *owner_new(uint32_t id)
{
	struct owner *o = calloc(1, sizeof(*o));

	if (o) {
		o->id = id;
		list_init(&o->claims);
		list_init(&o->lending);
		list_init(&o->detours);
	}
	return o;
}

enum cyg_err owner_swap(struct places *s, struct owner **all, struct owner *fresh,
			enum cyg_err so_far)
{
	struct owner *old;

	if (so_far) {
		owner_free(s, fresh);
		return so_far;
	}
	HASH_FIND_INT(*all, &fresh->id, old);
	if (list_empty(&fresh->claims) && !fresh->passes) {
		owner_free(s, fresh);
		fresh = NULL;
	} else {
		HASH_ADD_INT(*all, id, fresh);
		if (!fresh->hh.tbl) {
			owner_free(s, fresh);
			return CYG_NOMEM;
		}
	}
	if (old) {
		HASH_DEL(*all, old);
		owner_free(s, old);
	}
	return CYG_OK;
}

/* The place that a route of the kernel's belongs to; NULL: it can't be one of ours. */
static struct place *place_of(const struct places *s, const struct net_route *r)
{
	struct place *p = find_place(s, &r->destination, r->table);

	return r->metric && r->metric <= CLAIM_KINDS ? p : NULL;
}

static void see(void *places, const struct net_route *r)
{
	struct place *p = place_of(places, r);

	if (p && p->set[r->metric - 1] == r->kind)
		p->seen |= (uint8_t)(1u << (r->metric - 1));
}

enum cyg_err places_restore(struct places *s, size_t *missing, struct diag *why)
{
	enum cyg_err err = net_routes_each(s->net, IP_V4, ESP_ROUTE_PROTOCOL, see, s, why), v6;
	bool lagged = s->lags;
	struct place *p, *next;

	v6 = net_routes_each(s->net, IP_V6, ESP_ROUTE_PROTOCOL, see, s, why);
	if (!err && v6 != CYG_UNSUPPORTED)
		err = v6;
	s->lags = lagged && err;
	HASH_ITER(hh, s->all, p, next) {
		size_t before = *missing;

		for (int kind = 0; kind < CLAIM_KINDS && !err; kind++) {
			if (!p->set[kind] || p->seen & 1u << kind)
				continue;
			p->set[kind] = 0;
			p->from[kind] = NULL;
			++*missing;
		}
		p->seen = 0;
		if (*missing != before || (lagged && !err))
			err = settle(s, p, why);
		leave_place(s, p);
	}
	return err;
}

void owners_forget(struct owner **all)
{
	struct owner *o, *next;

	HASH_ITER(hh, *all, o, next) {
		HASH_DEL(*all, o);
		LIST_EACH(c, &o->claims, struct claim, of_owner) {
			list_remove(&c->of_place);
			free(c);
		}
		LIST_EACH(one, &o->detours, struct detour, of_owner) {
			list_remove(&one->all);
			free(one);
		}
		free(o->parts);
		free(o);
	}
}

bool places_want(const struct places *s, const struct net_route *r)
{
	const struct place *p = place_of(s, r);

	return p && p->set[r->metric - 1];
}

size_t places_memory(const struct places *s)
{
	size_t octets = HASH_OVERHEAD(hh, s->all);

	for (const struct place *p = s->all; p; p = p->hh.next) {
		octets += sizeof(*p);
		for (int i = 0; i < CLAIM_KINDS; i++)
			LIST_EACH(c, &p->claims[i], struct claim, of_place)
				octets += sizeof(*c);
	}
	return octets;
}

void places_init(struct places *s)
{
	list_init(&s->lending);
	detours_init(&s->detours);
}

void places_done(struct places *s)
{
	struct place *p, *next;

	HASH_ITER(hh, s->all, p, next) {
		HASH_DEL(s->all, p);
		free(p);
	}
	branches_done(&s->branches);
	detours_done(&s->detours);
}
