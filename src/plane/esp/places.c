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

/* All claims on one prefix. */
struct place {
	struct prefix_key key;
	struct list claims[CLAIM_KINDS]; /* newest first; none of GUARD */
	uint8_t set[CLAIM_KINDS]; /* RTN_* of the route the kernel has for each kind; 0 none */
	const struct claim *from[CLAIM_KINDS]; /* the claim it was set from */
	uint8_t seen; /* steer_restore: bits of the kinds that the kernel still has */
	UT_hash_handle hh;
};

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
		.ifindex = route_kind == RTN_UNICAST ? s->ifindex : 0,
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
	(void)err;
	p->set[kind] = 0;
	p->from[kind] = NULL;
}

static enum cyg_err set(struct places *s, struct place *p, unsigned kind, uint8_t route_kind,
			const struct claim *from, struct diag *why)
{
	struct net_route r = kernel_route(s, p, kind, route_kind);
	enum cyg_err err;

	if (p->set[kind] == route_kind && p->from[kind] == from)
		return CYG_OK;
	if (from) {
		r.source = from->source;
		r.mtu = from->mtu;
	}
	if (p->set[kind] && p->set[kind] != route_kind)
		unset(s, p, kind);
	err = net_route_set(s->net, &r, why);
	if (!err) {
		p->set[kind] = route_kind;
		p->from[kind] = from;
	}
	return err;
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
		if (!best || c->priority < best->priority)
			best = c;
	return best;
}

/* Whoever has the destination lead into the device. */
static const struct claim *way_in(const struct places *s, const struct place *p)
{
	const struct claim *tunnel = leader(p, CLAIM_TUNNEL), *shunt = leader(p, CLAIM_SHUNT);

	if (tunnel)
		return tunnel;
	return s->passes && shunt && shunt->route_kind != RTN_THROW ? shunt : NULL;
}

/*
 * Make the kernel's routes for a prefix what its
 * claims say. The guard comes first and goes last.
 */
static enum cyg_err settle(struct places *s, struct place *p, struct diag *why)
{
	const struct claim *tunnel = way_in(s, p), *shunt = leader(p, CLAIM_SHUNT);
	const struct claim *inside = leader(p, CLAIM_INSIDE);
	enum cyg_err err = CYG_OK;

	if (tunnel)
		err = set(s, p, CLAIM_GUARD, RTN_PROHIBIT, NULL, why);
	if (!err && tunnel)
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
	return err;
}

/* ---- claims ---- */

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

static struct place *take_place(struct places *s, const struct ip_prefix *prefix,
				uint32_t table)
{
	struct prefix_key key = key_of(prefix, table);
	struct place *p;

	HASH_FIND(hh, s->all, &key, sizeof(key), p);
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = key;
	for (int i = 0; i < CLAIM_KINDS; i++)
		list_init(&p->claims[i]);
	HASH_ADD(hh, s->all, key, sizeof(key), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

static void leave_place(struct places *s, struct place *p)
{
	for (int i = 0; i < CLAIM_KINDS; i++)
		if (!list_empty(&p->claims[i]))
			return;
	HASH_DEL(s->all, p);
	free(p);
}

static void drop_claim(struct places *s, struct claim *c)
{
	struct branch *branch = c->branch;
	struct place *p = c->place;
	enum cyg_err err;

	list_remove(&c->of_place);
	list_remove(&c->of_owner);
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
	branch_leave(&s->branches, branch);
}

enum cyg_err claim_add(struct places *s, struct owner *o, const struct ip_prefix *prefix,
		       const struct claim *like, struct diag *why)
{
	uint32_t table = like->branch ? like->branch->table : s->table;
	struct place *p = take_place(s, prefix, table);
	struct claim *c = malloc(sizeof(*c));
	enum cyg_err err;

	if (!p || !c) {
		free(c);
		if (p)
			leave_place(s, p);
		branch_leave(&s->branches, like->branch);
		return CYG_NOMEM;
	}
	*c = *like;
	c->place = p;
	list_prepend(&p->claims[c->kind], &c->of_place);
	list_append(&o->claims, &c->of_owner);
	err = settle(s, p, why);
	if (err)
		drop_claim(s, c);
	return err;
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
	owner_passes(s, o, false);
	free(o);
}

struct owner *owner_new(uint32_t id)
{
	struct owner *o = calloc(1, sizeof(*o));

	if (o) {
		o->id = id;
		list_init(&o->claims);
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
		free(fresh);
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
	struct prefix_key key = key_of(&r->destination, r->table);
	struct place *p;

	HASH_FIND(hh, s->all, &key, sizeof(key), p);
	return r->metric && r->metric <= CLAIM_KINDS ? p : NULL;
}

static void see(void *places, const struct net_route *r)
{
	struct place *p = r->protocol == ESP_ROUTE_PROTOCOL ? place_of(places, r) : NULL;

	if (p && p->set[r->metric - 1] == r->kind)
		p->seen |= (uint8_t)(1u << (r->metric - 1));
}

enum cyg_err places_restore(struct places *s, size_t *missing, struct diag *why)
{
	enum cyg_err err = net_routes_each(s->net, IP_V4, see, s, why), v6;

	v6 = net_routes_each(s->net, IP_V6, see, s, why);
	if (!err && v6 != CYG_UNSUPPORTED)
		err = v6;
	for (struct place *p = s->all; p; p = p->hh.next) {
		size_t before = *missing;

		for (int kind = 0; kind < CLAIM_KINDS && !err; kind++) {
			if (!p->set[kind] || p->seen & 1u << kind)
				continue;
			p->set[kind] = 0;
			p->from[kind] = NULL;
			++*missing;
		}
		p->seen = 0;
		if (*missing != before)
			err = settle(s, p, why);
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

void places_done(struct places *s)
{
	struct place *p, *next;

	HASH_ITER(hh, s->all, p, next) {
		HASH_DEL(s->all, p);
		free(p);
	}
	branches_done(&s->branches);
}
