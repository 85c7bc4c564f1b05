/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security policy database: who owns a selector pair, what stands in the
 * plane for it, and which destinations are routed. Owners are found by the
 * exact pair; pairs that overlap live side by side, the narrower one first.
 */
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

static struct claim_key key_of(const struct ts *local, const struct ts *remote)
{
	struct claim_key k;

	/* Hashed octet by octet: no padding may differ. */
	memset(&k, 0, sizeof(k));
	k.local.range.first.family = local->range.first.family;
	memcpy(k.local.range.first.octets, local->range.first.octets, 16);
	k.local.range.last.family = local->range.last.family;
	memcpy(k.local.range.last.octets, local->range.last.octets, 16);
	k.local.port_first = local->port_first;
	k.local.port_last = local->port_last;
	k.local.proto = local->proto;
	k.remote.range.first.family = remote->range.first.family;
	memcpy(k.remote.range.first.octets, remote->range.first.octets, 16);
	k.remote.range.last.family = remote->range.last.family;
	memcpy(k.remote.range.last.octets, remote->range.last.octets, 16);
	k.remote.port_first = remote->port_first;
	k.remote.port_last = remote->port_last;
	k.remote.proto = remote->proto;
	return k;
}

static struct claim *find_claim(const struct policy *p, const struct ts *local, const struct ts *remote)
{
	struct claim_key k = key_of(local, remote);
	struct claim *c;

	HASH_FIND(hh, p->claims, &k, sizeof(k), c);
	return c;
}

void place_unclaim(struct policy *p, struct place *pl)
{
	while (pl->claims) {
		struct claim *c = pl->claims;

		pl->claims = c->next;
		HASH_DEL(p->claims, c);
		free(c);
	}
}

static bool add_claim(struct policy *p, struct place *pl, const struct ts *local, const struct ts *remote)
{
	struct claim *c = calloc(1, sizeof(*c));

	if (!c)
		return false;
	c->key = key_of(local, remote);
	c->owner = pl;
	HASH_ADD(hh, p->claims, key, sizeof(c->key), c);
	if (!c->hh.tbl) {
		free(c);
		return false;
	}
	c->next = pl->claims;
	pl->claims = c;
	return true;
}

/*
 * Whether `owner` gives way to `l`: it is the same peer by address or
 * identity (a road warrior that came back from elsewhere, another description
 * of the same tunnel), or nothing of it stands.
 */
static bool gives_way(const struct loaded *owner, const struct loaded *l)
{
	if (owner->spd == SPD_NONE)
		return true;
	if (ip_is_set(&owner->remote_addr) && ip_equal(&owner->remote_addr, &l->remote_addr))
		return true;
	return owner->remote_id && l->remote_id && owner->template_of && owner->template_of == l->template_of &&
	       ident_equal(owner->remote_id, l->remote_id);
}

static void refuse(const struct loaded *owner, const struct ts *local, const struct ts *remote, struct diag *why)
{
	char a[96], b[96], addr[IP_TEXT_MAX];

	diag_set(why, "selector-owned", "RFC 4301 4.4.1", "%s === %s belongs to connection %s already",
		 ts_print(local, a, sizeof(a)), ts_print(remote, b, sizeof(b)), owner->connection->name);
	diag_got(why, "its peer is %s", ip_is_set(&owner->remote_addr) ? ip_print(&owner->remote_addr, addr) : "%any");
	diag_hint(why, "ipsec auto --unroute or --delete %s first, or give the connections different subnets",
		  owner->connection->name);
}

/* The one that must give way, if any; CYG_CONFLICT when one will not. */
static enum cyg_err check_owners(const struct policy *p, const struct loaded *l, const struct ts_set *local,
				 const struct ts_set *remote, struct diag *why)
{
	for (size_t i = 0; i < local->len; i++) {
		for (size_t k = 0; k < remote->len; k++) {
			const struct claim *c = find_claim(p, &local->items[i], &remote->items[k]);

			if (c && &c->owner->l != l && !gives_way(&c->owner->l, l)) {
				refuse(&c->owner->l, &local->items[i], &remote->items[k], why);
				return CYG_CONFLICT;
			}
		}
	}
	return CYG_OK;
}

/* The new owner goes on with the old one's entry in the plane, so that nothing leaks between them. */
static void swap_policy_ids(struct policy *p, struct place *a, struct place *b)
{
	uint32_t id = a->l.policy_id;

	HASH_DELETE(by_policy_id, p->policy_ids, a);
	HASH_DELETE(by_policy_id, p->policy_ids, b);
	a->l.policy_id = b->l.policy_id;
	b->l.policy_id = id;
	HASH_ADD(by_policy_id, p->policy_ids, l.policy_id, sizeof(a->l.policy_id), a);
	HASH_ADD(by_policy_id, p->policy_ids, l.policy_id, sizeof(b->l.policy_id), b);
}

static void displace(struct policy *p, struct place *owner, struct place *pl)
{
	if (owner->l.spd != SPD_NONE && pl->l.spd == SPD_NONE) {
		swap_policy_ids(p, owner, pl);
		pl->l.spd = owner->l.spd;
		owner->l.spd = SPD_NONE;
	}
	place_unclaim(p, owner);
}

enum cyg_err policy_claim(struct policy *p, struct loaded *l, const struct ts_set *local,
			  const struct ts_set *remote, struct diag *why)
{
	struct place *pl = place_of(l);
	struct ts_set a = {0}, b = {0};
	enum cyg_err err = check_owners(p, l, local, remote, why);

	if (!err)
		err = ts_set_copy(&a, local);
	if (!err)
		err = ts_set_copy(&b, remote);
	if (err) {
		ts_set_done(&a);
		return err;
	}
	place_unclaim(p, pl);
	for (size_t i = 0; i < a.len && !err; i++) {
		for (size_t k = 0; k < b.len && !err; k++) {
			struct claim *c = find_claim(p, &a.items[i], &b.items[k]);

			if (c)
				displace(p, c->owner, pl);
			if (!add_claim(p, pl, &a.items[i], &b.items[k]))
				err = CYG_NOMEM;
		}
	}
	ts_set_done(&l->spd_local);
	ts_set_done(&l->spd_remote);
	l->spd_local = a;
	l->spd_remote = b;
	return err;
}

/* ---- what stands in the plane ---- */

/* The prefix length that the widest item of a set covers. */
static unsigned narrowness(const struct ts_set *s)
{
	unsigned least = 128;

	for (size_t i = 0; i < s->len; i++) {
		struct ip_prefix prefixes[256];
		size_t n = range_prefixes(&s->items[i].range, prefixes, 256);

		for (size_t k = 0; k < n; k++) {
			if (prefixes[k].bits < least)
				least = prefixes[k].bits;
		}
	}
	return least;
}

static bool one_port(const struct ts_set *s)
{
	return s->len && s->items[0].port_first == s->items[0].port_last;
}

/* Narrow selectors come before wide ones: RFC 4301's ordered SPD without an order given by hand. */
static uint32_t priority(const struct loaded *l)
{
	uint32_t wide = (128 - narrowness(&l->spd_local)) + (128 - narrowness(&l->spd_remote));

	wide = wide * 8;
	wide += l->spd_remote.len && l->spd_remote.items[0].proto ? 0 : 4;
	wide += one_port(&l->spd_remote) ? 0 : 2;
	wide += one_port(&l->spd_local) ? 0 : 1;
	return 1000 + wide;
}

static enum policy_kind kind_of(const struct loaded *l, enum spd_state s)
{
	switch (s) {
	case SPD_TRAP:
		return POLICY_TRAP;
	case SPD_PROTECT:
		return POLICY_PROTECT;
	case SPD_SHUNT:
		return l->connection->type == CONN_PASS ? POLICY_PASS
		       : l->connection->type == CONN_DROP ? POLICY_DROP
							   : POLICY_REJECT;
	case SPD_FAILED:
		return l->connection->failure_shunt == SHUNT_PASS   ? POLICY_PASS
		       : l->connection->failure_shunt == SHUNT_DROP ? POLICY_DROP
		       : l->connection->failure_shunt == SHUNT_HOLD ? POLICY_HOLD
								     : POLICY_REJECT;
	default:
		return l->connection->negotiation_shunt == SHUNT_PASS   ? POLICY_PASS
		       : l->connection->negotiation_shunt == SHUNT_DROP ? POLICY_DROP
									 : POLICY_HOLD;
	}
}

static void add_policy(struct loaded *l, enum spd_state s, uint32_t op, struct actions *out)
{
	struct action *a = actions_add(out, ACT_POLICY_SET);
	struct plane_policy *pp = a ? actions_alloc(out, sizeof(*pp)) : NULL;
	size_t n[2] = {l->spd_local.len * sizeof(struct ts), l->spd_remote.len * sizeof(struct ts)};

	if (!pp)
		return;
	pp->id = l->policy_id;
	pp->kind = (uint8_t)kind_of(l, s);
	pp->mode = l->connection->type == CONN_TRANSPORT ? MODE_TRANSPORT : MODE_TUNNEL;
	pp->reqid = l->reqid;
	pp->priority = priority(l);
	pp->local.addr = l->local_addr;
	pp->remote.addr = l->remote_addr;
	/* actions_copy gives memory that is fit for any record. */
	pp->ts_local.items = (struct ts *)actions_copy(out, view_of(l->spd_local.items, n[0])).ptr;
	pp->ts_remote.items = (struct ts *)actions_copy(out, view_of(l->spd_remote.items, n[1])).ptr;
	pp->ts_local.len = l->spd_local.len;
	pp->ts_remote.len = l->spd_remote.len;
	a->op = op;
	a->policy = pp;
}

/* ---- routes: a destination is routed once, whoever wants it ---- */

static struct route *get_route(struct policy *p, const struct loaded *l, const struct ip_prefix *d,
			       struct actions *out)
{
	struct ip_prefix key;
	struct plane_route *record;
	struct action *a;
	struct route *r;

	memset(&key, 0, sizeof(key));
	key.addr.family = d->addr.family;
	memcpy(key.addr.octets, d->addr.octets, 16);
	key.bits = d->bits;
	HASH_FIND(hh, p->routes, &key, sizeof(key), r);
	if (r) {
		r->users++;
		return r;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->destination = key;
	r->id = p->next_route_id++;
	r->users = 1;
	HASH_ADD(hh, p->routes, destination, sizeof(r->destination), r);
	if (!r->hh.tbl) {
		free(r);
		return NULL;
	}
	a = actions_add(out, ACT_ROUTE_SET);
	record = a ? actions_alloc(out, sizeof(*record)) : NULL;
	if (record) {
		*record = (struct plane_route){.id = r->id, .destination = r->destination,
					       .source = l->connection->end[l->local].source_ip,
					       .metric = l->connection->metric, .mtu = l->connection->mtu};
		a->route = record;
	}
	return r;
}

static void put_route(struct policy *p, struct route *r, struct actions *out)
{
	struct action *a;

	if (--r->users)
		return;
	a = out ? actions_add(out, ACT_ROUTE_REMOVE) : NULL;
	if (a)
		a->remove_id = r->id;
	HASH_DEL(p->routes, r);
	free(r);
}

void place_unroute(struct policy *p, struct place *pl, struct actions *out)
{
	for (size_t i = 0; i < pl->routes_len; i++)
		put_route(p, pl->routes[i], out);
	free(pl->routes);
	pl->routes = NULL;
	pl->routes_len = 0;
	pl->l.route_id = 0;
}

/* Take the routes of the selectors in force, then give back the earlier ones: what stays is never away. */
static void reroute(struct policy *p, struct place *pl, struct actions *out)
{
	struct route **old = pl->routes, **now = NULL;
	size_t old_len = pl->routes_len, len = 0;

	for (size_t i = 0; i < pl->l.spd_remote.len; i++) {
		struct ip_prefix prefixes[256];
		size_t n = range_prefixes(&pl->l.spd_remote.items[i].range, prefixes, 256);
		struct route **bigger = reallocarray(now, len + n, sizeof(*bigger));

		if (!bigger)
			break;
		now = bigger;
		for (size_t k = 0; k < n; k++) {
			struct route *r = get_route(p, &pl->l, &prefixes[k], out);

			if (r)
				now[len++] = r;
		}
	}
	pl->routes = now;
	pl->routes_len = len;
	pl->l.route_id = len ? now[0]->id : 0;
	for (size_t i = 0; i < old_len; i++)
		put_route(p, old[i], out);
	free(old);
}

static void remove_entry(struct policy *p, struct place *pl, struct actions *out)
{
	struct action *a;

	if (pl->l.spd != SPD_NONE) {
		a = actions_add(out, ACT_POLICY_REMOVE);
		if (a)
			a->remove_id = pl->l.policy_id;
	}
	place_unroute(p, pl, out);
	place_unclaim(p, pl);
	ts_set_done(&pl->l.spd_local);
	ts_set_done(&pl->l.spd_remote);
	pl->l.spd = SPD_NONE;
}

void policy_set_spd(struct policy *p, struct loaded *l, enum spd_state s, uint32_t op, struct actions *out)
{
	struct place *pl = place_of(l);

	if (s == SPD_NONE) {
		remove_entry(p, pl, out);
		return;
	}
	l->spd = (uint8_t)s;
	add_policy(l, s, op, out);
	reroute(p, pl, out);
}

enum spd_state policy_resting(const struct loaded *l, bool failed)
{
	if (l->connection->type > CONN_TRANSPORT)
		return l->routed ? SPD_SHUNT : SPD_NONE;
	if (failed && l->connection->failure_shunt != SHUNT_NONE && l->routed)
		return SPD_FAILED;
	return l->routed ? SPD_TRAP : SPD_NONE;
}
