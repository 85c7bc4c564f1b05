/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/routes.h"

#include "base/array.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define METRIC_NONE_V6 1024u /* what the kernel's IPv6 makes of no metric */

/* Behind any route of a tunnel, and before what passes in clear (passes.c). */
#define GUARD_METRIC 0xfffe0000u

struct kept {
	uint32_t id;
	char link[LINK_NAME_MAX]; /* it goes by a link of its own; "": it does not */
	struct net_route route;
	struct kept *next; /* to the same destination */
	bool there, guarded; /* xfrm_routes_restore: the kernel still has it, or its guard */
	UT_hash_handle hh;
};

/* The routes to a destination: while one takes the place of another there are two. */
struct spot {
	struct ip_prefix destination; /* key, its gaps zero */
	struct kept *first;
	UT_hash_handle hh;
};

struct xfrm_routes {
	struct net *net;
	uint32_t table;
	struct kept *all;
	struct spot *spots;
	bool stays;   /* what goes by links */
	bool settled; /* nothing of an earlier run is left */
};

static struct net_rule rule_of(uint32_t table, uint8_t family)
{
	return (struct net_rule){
		.priority = table,
		.table = table,
		.family = family,
		.protocol = XFRM_ROUTE_PROTOCOL,
	};
}

static enum cyg_err add_rules(struct net *net, uint32_t table, struct diag *why)
{
	struct net_rule v4 = rule_of(table, IP_V4), v6 = rule_of(table, IP_V6);
	enum cyg_err err = net_rule_add(net, &v4, why);

	if (err && err != CYG_EXISTS)
		return err;
	err = net_rule_add(net, &v6, why);
	/* A kernel without IPv6 has no such rules. */
	return err == CYG_EXISTS || err == CYG_UNSUPPORTED ? CYG_OK : err;
}

int xfrm_routes_flush(struct net *net, uint32_t table)
{
	int rules = net_rules_flush(net, table, XFRM_ROUTE_PROTOCOL);
	int routes = net_routes_flush(net, table, XFRM_ROUTE_PROTOCOL);

	return rules < 0 || routes < 0 ? -1 : rules + routes;
}

enum cyg_err xfrm_routes_new(struct net *net, uint32_t table, struct xfrm_routes **ret,
			     struct diag *why)
{
	struct xfrm_routes *r = calloc(1, sizeof(*r));
	enum cyg_err err = r ? add_rules(net, table, why) : CYG_NOMEM;

	if (err) {
		free(r);
		return err;
	}
	r->net = net;
	r->table = table;
	*ret = r;
	return CYG_OK;
}

void xfrm_routes_keep(struct xfrm_routes *r)
{
	r->stays = true;
}

static bool some_stays(const struct xfrm_routes *r)
{
	const struct kept *k = r->stays ? r->all : NULL;

	while (k && !*k->link)
		k = k->hh.next;
	return k || (r->stays && !r->settled);
}

/* ---- by destination ---- */

static struct spot *find_spot(const struct xfrm_routes *r, const struct ip_prefix *to)
{
	struct ip_prefix key;
	struct spot *spot;

	memset(&key, 0, sizeof(key));
	key.addr = to->addr;
	key.bits = to->bits;
	HASH_FIND(hh, r->spots, &key, sizeof(key), spot);
	return spot;
}

static struct spot *make_spot(struct xfrm_routes *r, const struct ip_prefix *to)
{
	struct spot *spot = find_spot(r, to);

	if (spot)
		return spot;
	spot = calloc(1, sizeof(*spot));
	if (!spot)
		return NULL;
	spot->destination.addr = to->addr;
	spot->destination.bits = to->bits;
	HASH_ADD(hh, r->spots, destination, sizeof(spot->destination), spot);
	if (spot->hh.tbl)
		return spot;
	free(spot);
	return NULL;
}

static void drop_spot(struct xfrm_routes *r, struct spot *spot)
{
	if (spot->first)
		return;
	HASH_DEL(r->spots, spot);
	free(spot);
}

static bool note(struct xfrm_routes *r, struct kept *k)
{
	struct spot *spot = make_spot(r, &k->route.destination);

	if (!spot)
		return false;
	HASH_ADD_INT(r->all, id, k);
	if (k->hh.tbl) {
		k->next = spot->first;
		spot->first = k;
	} else {
		drop_spot(r, spot);
	}
	return k->hh.tbl;
}

static void strike(struct xfrm_routes *r, struct kept *k)
{
	struct spot *spot = find_spot(r, &k->route.destination);
	struct kept **at = &spot->first;

	HASH_DEL(r->all, k);
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	drop_spot(r, spot);
}

static const struct kept *first_to(const struct xfrm_routes *r, const struct ip_prefix *to)
{
	const struct spot *spot = find_spot(r, to);

	return spot ? spot->first : NULL;
}

/* ---- in the kernel ---- */

/* That it has gone already is fine, and nothing can be done about any other answer. */
static void take_away(struct net *net, const struct net_route *route)
{
	enum cyg_err unused = net_route_remove(net, route, NULL);

	(void)unused;
}

static struct net_route guard_of(const struct net_route *route)
{
	return (struct net_route){
		.destination = route->destination,
		.table = route->table,
		.metric = GUARD_METRIC,
		.kind = RTN_PROHIBIT,
		.protocol = XFRM_ROUTE_PROTOCOL,
	};
}

static const struct kept *find_linked(const struct xfrm_routes *r, const struct ip_prefix *to)
{
	const struct kept *k = first_to(r, to);

	while (k && !*k->link)
		k = k->next;
	return k;
}

/* Before its route, if it goes by a link; and none where it does so no more. */
static enum cyg_err set_guard(struct xfrm_routes *r, const struct kept *k, struct diag *why)
{
	struct net_route guard = guard_of(&k->route);

	return *k->link ? net_route_set(r->net, &guard, why) : CYG_OK;
}

static void take_guard(struct xfrm_routes *r, const struct kept *k)
{
	struct net_route guard = guard_of(&k->route);

	if (*k->link && !find_linked(r, &k->route.destination))
		take_away(r->net, &guard);
}

void xfrm_routes_free(struct xfrm_routes *r)
{
	struct kept *k, *next;
	bool stays;

	if (!r)
		return;
	stays = some_stays(r);
	if (!stays)
		xfrm_routes_flush(r->net, r->table);
	HASH_ITER(hh, r->all, k, next) {
		if (stays && !*k->link)
			take_away(r->net, &k->route);
		strike(r, k);
		free(k);
	}
	free(r);
}

/* ---- what an earlier run left ---- */

/* Routes of the table that are to go, once all are listed. */
struct sieve {
	uint32_t table;
	const struct xfrm_links *links;
	const struct xfrm_routes *wanted; /* NULL: all that go by no link that was left */
	struct net_route *doomed;
	size_t len, cap;
};

static bool is_wanted(const struct xfrm_routes *r, const struct net_route *route)
{
	if (route->kind == RTN_PROHIBIT)
		return find_linked(r, &route->destination);
	for (const struct kept *k = first_to(r, &route->destination); k; k = k->next)
		if (k->route.ifindex == route->ifindex)
			return true;
	return false;
}

static void sift(void *ctx, const struct net_route *route)
{
	struct sieve *s = ctx;
	bool linked = route->kind == RTN_PROHIBIT ||
		      (route->ifindex && xfrm_links_was_left(s->links, route->ifindex));
	struct net_route *more;

	if (route->table != s->table)
		return;
	if (s->wanted ? !linked || is_wanted(s->wanted, route) : linked)
		return;
	more = array_grow(s->doomed, s->len, &s->cap, sizeof(*more));
	if (!more)
		return;
	s->doomed = more;
	s->doomed[s->len++] = *route;
}

/* What can't be listed or removed stays: it blocks, and the next start tries again. */
static void remove_sifted(struct net *net, struct sieve *s)
{
	for (enum ip_family family = IP_V4; family <= IP_V6; family += IP_V6 - IP_V4) {
		enum cyg_err unused = net_routes_each(net, family, XFRM_ROUTE_PROTOCOL, sift, s,
						      NULL);

		(void)unused;
	}
	for (size_t i = 0; i < s->len; i++)
		take_away(net, &s->doomed[i]);
	free(s->doomed);
}

void xfrm_routes_inherit(struct net *net, uint32_t table, const struct xfrm_links *links)
{
	struct sieve s = {.table = table, .links = links};

	remove_sifted(net, &s);
}

void xfrm_routes_settle(struct xfrm_routes *r, const struct xfrm_links *links)
{
	struct sieve s = {.table = r->table, .links = links, .wanted = r};

	remove_sifted(r->net, &s);
	r->settled = true;
}

/* The way to the peer, or to the destination itself while no peer is known. */
static enum cyg_err find_way(struct xfrm_routes *r, const struct plane_route *route,
			     struct net_route *ret, struct diag *why)
{
	const struct ip_addr *to = ip_is_set(&route->remote) ? &route->remote
							     : &route->destination.addr;
	enum cyg_err err = net_route_lookup(r->net, to, ret, why);

	if (err)
		diag_hint(why, "give this host a route to it, such as a default route");
	return err;
}

/*
 * A gateway of the outer family serves packets of that family alone. A neighbour is its own
 * gateway: what passes in clear beside the tunnel goes there, too, and not to the link, where
 * nobody answers for its address.
 */
static struct ip_addr next_hop(const struct plane_route *route, const struct net_route *way)
{
	uint8_t family = route->destination.addr.family;

	if (way->nexthop.family == family)
		return way->nexthop;
	if (!ip_is_set(&way->nexthop) && route->remote.family == family &&
	    !prefix_contains(&route->destination, &route->remote))
		return route->remote;
	return (struct ip_addr){0};
}

static struct net_route route_of(const struct xfrm_routes *r, const struct plane_route *route,
				 uint32_t ifindex, const struct net_route *way)
{
	struct net_route made = {
		.destination = route->destination,
		.source = route->source,
		.table = r->table,
		.metric = route->metric,
		.mtu = route->mtu,
		.ifindex = way->ifindex,
		.kind = RTN_UNICAST,
		.protocol = XFRM_ROUTE_PROTOCOL,
	};

	if (!ifindex)
		made.nexthop = next_hop(route, way);
	return made;
}

/* What stood for it before goes, as far as the new one has not taken its place. */
static void replace(struct xfrm_routes *r, struct kept *old, const struct kept *k)
{
	if (old->route.metric != k->route.metric ||
	    !prefix_equal(&old->route.destination, &k->route.destination))
		take_away(r->net, &old->route);
	strike(r, old);
}

enum cyg_err xfrm_routes_set(struct xfrm_routes *r, const struct plane_route *route,
			     uint32_t ifindex, struct diag *why)
{
	struct net_route way = {.ifindex = ifindex};
	struct kept *old, *k;
	enum cyg_err err = ifindex ? CYG_OK : find_way(r, route, &way, why);

	if (err)
		return err;
	k = calloc(1, sizeof(*k));
	if (!k)
		return CYG_NOMEM;
	k->id = route->id;
	if (ifindex)
		memcpy(k->link, route->link, sizeof(k->link));
	k->route = route_of(r, route, ifindex, &way);
	HASH_FIND_INT(r->all, &route->id, old);
	if (!note(r, k)) {
		free(k);
		return CYG_NOMEM;
	}
	err = set_guard(r, k, why);
	if (!err)
		err = net_route_set(r->net, &k->route, why);
	/* The guard of a link stands while its policies may, whatever its route comes to. */
	if (err && (old || !*k->link)) {
		strike(r, k);
		take_guard(r, k);
		free(k);
		return err;
	}
	if (old) {
		replace(r, old, k);
		take_guard(r, old);
		free(old);
	}
	return err;
}

enum cyg_err xfrm_routes_remove(struct xfrm_routes *r, uint32_t id)
{
	enum cyg_err err;
	struct kept *k;

	HASH_FIND_INT(r->all, &id, k);
	if (!k)
		return CYG_NOTFOUND;
	err = net_route_remove(r->net, &k->route, NULL);
	strike(r, k);
	take_guard(r, k);
	free(k);
	return err == CYG_NOTFOUND ? CYG_OK : err;
}

/* ---- what others removed ---- */

/* As the kernel tells it: IPv6 has no metric 0. */
static uint32_t metric_of(const struct net_route *route)
{
	return !route->metric && route->destination.addr.family == IP_V6 ? METRIC_NONE_V6
									 : route->metric;
}

static bool is_same(const struct net_route *a, const struct net_route *b)
{
	return a->kind == b->kind && a->ifindex == b->ifindex && metric_of(a) == metric_of(b) &&
	       ip_equal(&a->nexthop, &b->nexthop) && ip_equal(&a->source, &b->source);
}

static void see(void *routes, const struct net_route *route)
{
	struct xfrm_routes *r = routes;
	struct spot *spot = route->table == r->table ? find_spot(r, &route->destination) : NULL;

	for (struct kept *k = spot ? spot->first : NULL; k; k = k->next) {
		k->there |= is_same(route, &k->route);
		k->guarded |= route->kind == RTN_PROHIBIT && route->metric == GUARD_METRIC;
	}
}

/* What is there costs less to list than to set once more. */
static enum cyg_err look_around(struct xfrm_routes *r, const struct xfrm_links *links,
				struct diag *why)
{
	enum cyg_err err, v6;

	for (struct kept *k = r->all; k; k = k->hh.next) {
		k->there = k->guarded = false;
		if (*k->link && xfrm_links_is_up(links, k->link))
			k->route.ifindex = xfrm_links_index(links, k->link);
	}
	err = net_routes_each(r->net, IP_V4, XFRM_ROUTE_PROTOCOL, see, r, why);
	if (err)
		return err;
	v6 = net_routes_each(r->net, IP_V6, XFRM_ROUTE_PROTOCOL, see, r, why);
	return v6 == CYG_UNSUPPORTED ? CYG_OK : v6;
}

/* A link that is down takes no routes; its packets are refused meanwhile. */
static enum cyg_err set_again(struct xfrm_routes *r, struct kept *k,
			      const struct xfrm_links *links, struct diag *why)
{
	enum cyg_err err = k->guarded ? CYG_OK : set_guard(r, k, why);

	if (err || k->there || (*k->link && !xfrm_links_is_up(links, k->link)))
		return err;
	err = net_route_set(r->net, &k->route, *k->link ? why : NULL);
	return *k->link ? err : CYG_OK;
}

enum cyg_err xfrm_routes_restore(struct xfrm_routes *r, const struct xfrm_links *links,
				 struct diag *why)
{
	enum cyg_err err = add_rules(r->net, r->table, why);

	if (!err)
		err = look_around(r, links, why);
	for (struct kept *k = r->all; k && !err; k = k->hh.next)
		err = set_again(r, k, links, why);
	return err;
}

size_t xfrm_routes_count(const struct xfrm_routes *r)
{
	return HASH_COUNT(r->all);
}

size_t xfrm_routes_memory(const struct xfrm_routes *r)
{
	return HASH_COUNT(r->all) * sizeof(struct kept) + HASH_OVERHEAD(hh, r->all) +
	       HASH_COUNT(r->spots) * sizeof(struct spot) + HASH_OVERHEAD(hh, r->spots);
}
