/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way packets go. What is routed into an interface of a tunnel's own meets its policies there
 * alone; what is routed beside it meets the others, and those ahead of any route. So of two
 * connections one inside the other's networks, one alone through an interface,
 *
 * - where the one inside has none, packets of the other to it miss the interface: each must meet a
 *   policy of the one inside, or it would leave in clear;
 * - where the one inside has the interface, packets of both are taken by the other one, first.
 *
 * To one and the same destination there is one route, and so one way alone. And a VTI takes whatever
 * is protected between its two ends, after which no policy without its mark lets it in.
 */
#include "policy/db.h"

#define PREFIXES_MAX 256 /* of one range */

/* A place with the selectors that it has, or is to have. */
struct wish {
	const struct place *place;
	const struct ts_set *local, *remote;
};

static struct wish wish_of(const struct place *pl)
{
	const struct loaded *l = &pl->l;
	bool narrowed = l->spd_local.len && l->spd_remote.len;

	return (struct wish){pl, narrowed ? &l->spd_local : &l->ts_local,
			     narrowed ? &l->spd_remote : &l->ts_remote};
}

/* ---- does a policy meet it ---- */

static bool has(const struct ts_set *s, const struct ts *t)
{
	for (size_t i = 0; i < s->len; i++)
		if (ts_contains(&s->items[i], t))
			return true;
	return false;
}

/* A routed one has a trap for all of its own selectors beneath what is in force. */
static bool meets_pair(const struct wish *w, const struct ts *local, const struct ts *remote)
{
	const struct loaded *l = &w->place->l;

	return (has(w->local, local) && has(w->remote, remote)) ||
	       (l->routed && has(&l->ts_local, local) && has(&l->ts_remote, remote));
}

/* By this one, or by another one that has its route. */
static bool some_meets(const struct wish *w, const struct route *r, const struct ts *local,
		       const struct ts *remote)
{
	if (meets_pair(w, local, remote))
		return true;
	if (!r)
		return false;
	LIST_EACH(u, &r->uses, struct route_use, of_route) {
		struct wish other = wish_of(u->place);

		if (meets_pair(&other, local, remote))
			return true;
	}
	return false;
}

/* Whether all that `from` is for, to a destination of `w` that has the route `r`, meets a policy. */
static bool all_meet(const struct wish *from, const struct ip_prefix *to, const struct wish *w,
		     const struct route *r)
{
	struct ip_range range = prefix_range(to);

	for (size_t i = 0; i < from->local->len; i++) {
		for (size_t k = 0; k < from->remote->len; k++) {
			struct ts remote = from->remote->items[k];

			if (range_intersect(&remote.range, &range, &remote.range) &&
			    ts_can_pair(&from->local->items[i], &remote) &&
			    !some_meets(w, r, &from->local->items[i], &remote))
				return false;
		}
	}
	return true;
}

static bool overlap(const struct ts_set *a, const struct ts_set *b)
{
	struct ts unused;

	for (size_t i = 0; i < a->len; i++)
		for (size_t k = 0; k < b->len; k++)
			if (ts_intersect(&a->items[i], &b->items[k], &unused))
				return true;
	return false;
}

/* ---- refusals ---- */

struct nested {
	const struct place *inner, *outer;
	struct ip_prefix in, out; /* destinations */
	bool passes;              /* the inner one, in clear */
};

static const char *way_of(const struct place *pl, char link[LINK_NAME_MAX])
{
	policy_link_name(&pl->l, link);
	return *link ? link : "no interface";
}

static void refuse(const struct nested *n, const struct place *claimant, struct diag *why)
{
	const char *inner = n->inner->l.connection->name, *outer = n->outer->l.connection->name;
	const char *other = claimant == n->inner ? outer : inner;
	char in[IP_TEXT_MAX], out[IP_TEXT_MAX], link[2][LINK_NAME_MAX];
	const char *inner_way = way_of(n->inner, link[0]);
	bool is_linked = *link[0];

	diag_set(
		why, "route-nested", NULL,
		"%s of connection %s goes through %s and lies in %s of connection %s, which goes "
		"through %s",
		prefix_print(&n->in, in), inner, inner_way, prefix_print(&n->out, out), outer,
		way_of(n->outer, link[1]));
	if (is_linked)
		diag_wanted(why,
			    "other networks at our end than those of %s, which takes what is "
			    "for both",
			    outer);
	else
		diag_wanted(
			why,
			"that %s has all networks at our end that %s has: what is from others "
			"would leave in clear",
			inner, outer);
	diag_hint(
		why,
		n->passes
			? "write a wider subnet= for it, or ipsec auto --unroute %s first"
			: "give both the same interface, or ipsec auto --down and --unroute %s "
			  "first",
		other);
}

static void refuse_beside_vti(const struct loaded *vti, const struct loaded *l,
			      const struct place *claimant, struct diag *why)
{
	const char *of = vti->connection->name, *lost = l->connection->name;
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];

	diag_set(
		why, "vti-peer", NULL,
		"%s of connection %s takes all that %s sends to %s protected: packets of %s would be "
		"lost",
		vti->connection->vti, of, ip_print(&l->remote_addr, from),
		ip_print(&l->local_addr, to), lost);
	diag_wanted(why, "all connections with one peer to go through its VTI, or none");
	diag_hint(
		why,
		"give both the same vti-interface= and mark=, write ipsec-interface= instead, or "
		"ipsec auto --down and --unroute %s first",
		claimant == place_of(vti) ? lost : of);
}

/* ---- a VTI ---- */

uint64_t ends_hash(const struct policy *p, const struct ip_addr *local,
		   const struct ip_addr *remote, bool vti)
{
	static const struct ip_addr any;

	return peer_hash(p, local, remote ? remote : &any) + vti;
}

static bool takes_from(const struct loaded *vti, const struct loaded *l)
{
	return vti->connection->vti && ip_is_set(&l->local_addr) &&
	       ip_is_set(&l->remote_addr) && ip_equal(&vti->local_addr, &l->local_addr) &&
	       (vti->connection->vti_shared || ip_equal(&vti->remote_addr, &l->remote_addr));
}

/* Of which one takes what is the other's. */
struct vti_pair {
	const struct loaded *vti, *lost;
};

static bool is_pair(const struct loaded *l, const struct loaded *other, struct vti_pair *ret)
{
	*ret = l->connection->vti ? (struct vti_pair){l, other} : (struct vti_pair){other, l};
	return l != other && takes_from(ret->vti, ret->lost);
}

/* Whether this one or another one that is routed the other way has a VTI in whose way one is. */
static bool find_vti(const struct policy *p, const struct loaded *l, struct vti_pair *ret)
{
	const bool vti = l->connection->vti, shared = l->connection->vti_shared;

	if (!vti || shared)
		for (struct map_node *n =
			     map_first(&p->ends, ends_hash(p, &l->local_addr, NULL, !vti));
		     n; n = map_next(n))
			if (is_pair(l, &CONTAINER_OF(n, struct place, by_end)->l, ret))
				return true;
	if (!vti || !shared)
		for (struct map_node *n = map_first(&p->ends, ends_hash(p, &l->local_addr,
									&l->remote_addr, !vti));
		     n; n = map_next(n))
			if (is_pair(l, &CONTAINER_OF(n, struct place, by_pair)->l, ret))
				return true;
	return false;
}

/* ---- one within the other ---- */

static bool lies_in(const struct ip_prefix *inner, const struct ip_prefix *outer)
{
	return inner->bits > outer->bits && prefix_contains(outer, &inner->addr);
}

/* The claimant's destination against one that is routed the other way. */
static bool goes_wrong(const struct wish *claimant, const struct ip_prefix *to, bool linked,
		       const struct route *r, const struct route *own, struct nested *ret)
{
	const struct ip_prefix *there = &r->record.destination;
	bool inside = lies_in(to, there);

	if (!inside && !lies_in(there, to))
		return false;
	LIST_EACH(u, &r->uses, struct route_use, of_route) {
		struct wish other = wish_of(u->place);
		bool wrong;

		if (u->place == claimant->place)
			continue;
		if (inside)
			wrong = linked ? overlap(claimant->local, other.local)
				       : !all_meet(&other, to, claimant, own);
		else
			wrong = linked ? !all_meet(claimant, there, &other, r)
				       : overlap(other.local, claimant->local);
		if (!wrong)
			continue;
		*ret = inside ? (struct nested){claimant->place, u->place, *to, *there, false}
			      : (struct nested){u->place, claimant->place, *there, *to, false};
		ret->passes = is_shunt(ret->inner->l.connection);
		return true;
	}
	return false;
}

/* Routes of the other way around a destination: a look-up for each length that there is. */
static bool wrong_outside(const struct policy *p, const struct wish *claimant, bool linked,
			  const struct ip_prefix *to, const struct route *own,
			  struct nested *ret)
{
	const uint32_t *lengths = p->route_lengths[to->addr.family == IP_V6];

	for (unsigned bits = 0; bits < to->bits; bits++) {
		struct ip_prefix wider = prefix_of(&to->addr, bits);
		const struct route *r = lengths[bits] ? route_find(p, &wider) : NULL;

		if (r && !*r->record.link == linked &&
		    goes_wrong(claimant, to, linked, r, own, ret))
			return true;
	}
	return false;
}

/* And those within it. */
static bool wrong_inside(const struct policy *p, const struct wish *claimant, bool linked,
			 const struct ip_prefix *to, struct nested *ret)
{
	const struct route *r = route_within(p, !linked, to);

	while (r && prefix_contains(to, &r->record.destination.addr)) {
		const struct tree_node *next = tree_next(&r->of_way);

		if (goes_wrong(claimant, to, linked, r, NULL, ret))
			return true;
		r = next ? CONTAINER_OF(next, struct route, of_way) : NULL;
	}
	return false;
}

/* What passes in clear inside of what is to go through an interface. */
static bool passes_wrong(const struct wish *claimant, const struct ip_prefix *to,
			 const struct claim *passing, struct nested *ret)
{
	struct wish other = wish_of(passing->owner);
	struct ip_prefix cut[PREFIXES_MAX];
	size_t n = range_prefixes(&passing->remote.range, cut, PREFIXES_MAX);

	for (size_t i = 0; i < n; i++) {
		if (!lies_in(&cut[i], to) || all_meet(claimant, &cut[i], &other, NULL))
			continue;
		*ret = (struct nested){passing->owner, claimant->place, cut[i], *to, true};
		return true;
	}
	return false;
}

/* A range with a part inside begins there, or ends there. */
static bool some_passes_wrong(const struct policy *p, const struct wish *claimant,
			      const struct ip_prefix *to, struct nested *ret)
{
	struct ip_range range = prefix_range(to);

	for (struct tree_node *n = passage_first(p, &range.first); n; n = tree_next(n)) {
		const struct claim *c = CONTAINER_OF(n, struct passage, by_first)->claim;

		if (ip_compare(&c->remote.range.first, &range.last) > 0)
			break;
		if (passes_wrong(claimant, to, c, ret))
			return true;
	}
	for (struct tree_node *n = passage_last(p, &range.first); n; n = tree_next(n)) {
		const struct claim *c = CONTAINER_OF(n, struct passage, by_last)->claim;

		if (ip_compare(&c->remote.range.last, &range.last) > 0)
			break;
		if (passes_wrong(claimant, to, c, ret))
			return true;
	}
	return false;
}

static bool find_wrong(const struct policy *p, const struct wish *claimant, bool linked,
		       const struct ip_prefix *to, struct nested *ret)
{
	return wrong_outside(p, claimant, linked, to, route_find(p, to), ret) ||
	       wrong_inside(p, claimant, linked, to, ret) ||
	       (linked && some_passes_wrong(p, claimant, to, ret));
}

enum cyg_err place_check_ways(const struct policy *p, const struct place *pl,
			      const struct ts_set *local, const struct ts_set *remote,
			      struct diag *why)
{
	const struct connection *c = pl->l.connection;
	const struct wish claimant = {pl, local, remote};
	struct ip_prefix cut[PREFIXES_MAX];
	struct vti_pair two;
	char link[LINK_NAME_MAX];
	struct nested n;

	if ((is_shunt(c) && c->type != CONN_PASS) || (c->vti && c->vti_unrouted))
		return CYG_OK;
	policy_link_name(&pl->l, link);
	if (!*link && !p->ways[true].root)
		return CYG_OK;
	for (size_t i = 0; i < remote->len; i++) {
		size_t len = range_prefixes(&remote->items[i].range, cut, PREFIXES_MAX);

		for (size_t k = 0; k < len; k++) {
			if (!find_wrong(p, &claimant, *link, &cut[k], &n))
				continue;
			refuse(&n, pl, why);
			return CYG_CONFLICT;
		}
	}
	if (is_shunt(c) || (*link && !c->vti) || !find_vti(p, &pl->l, &two))
		return CYG_OK;
	refuse_beside_vti(two.vti, two.lost, pl, why);
	return CYG_CONFLICT;
}
