/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes, owned apart from policies: a destination is routed once, whoever
 * wants it, as the first one of them wishes, until the last one leaves it.
 * What this host sends there gets a source that some of them carry.
 */
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

#define PREFIXES_MAX 256 /* of one range */

static uint64_t destination_hash(const struct policy *p, const struct ip_prefix *d)
{
	uint8_t key[18] = {d->addr.family, d->bits};

	for (size_t i = 0; i < 16; i++)
		key[2 + i] = d->addr.octets[i];
	return hash_view(&p->key, view_of(key, sizeof(key)));
}

struct route *route_find(const struct policy *p, const struct ip_prefix *d)
{
	for (struct map_node *n = map_first(&p->routes, destination_hash(p, d)); n;
	     n = map_next(n)) {
		struct route *r = CONTAINER_OF(n, struct route, by_destination);

		if (prefix_equal(&r->record.destination, d))
			return r;
	}
	return NULL;
}

static int compare_route(const void *key, const struct tree_node *n)
{
	const struct ip_prefix *d = key;
	const struct ip_prefix *other =
		&CONTAINER_OF(n, struct route, of_way)->record.destination;
	int order = ip_compare(&d->addr, &other->addr);

	return order ? order : d->bits - other->bits;
}

struct route *route_within(const struct policy *p, bool linked, const struct ip_prefix *d)
{
	struct ip_prefix longer = {d->addr, d->bits + 1};
	struct tree_node *n = tree_from(&p->ways[linked], &longer, compare_route);

	return n ? CONTAINER_OF(n, struct route, of_way) : NULL;
}

static uint32_t *of_length(struct policy *p, const struct ip_prefix *d)
{
	return &p->route_lengths[d->addr.family == IP_V6][d->bits];
}

/* Among those that go through an interface, or without. */
static void set_way(struct policy *p, struct route *r, bool linked)
{
	const struct ip_prefix *d = &r->record.destination;

	tree_remove(&p->ways[!linked], &r->of_way);
	if (!r->of_way.is_in)
		tree_add(&p->ways[linked], &r->of_way, r->by_destination.hash, d,
			 compare_route);
}

static void tell_route(const struct policy *p, struct route *r, struct actions *out)
{
	struct plane_route *record = actions_alloc(out, sizeof(*record));
	struct action *a = record ? actions_add(out, ACT_ROUTE_SET) : NULL;

	if (!a)
		return;
	r->unsure = !p->awaited;
	*record = r->record;
	a->route = record;
}

static bool is_own(const struct policy *p, const struct ip_addr *a)
{
	for (size_t i = 0; i < p->own_len; i++)
		if (ip_equal(&p->own[i].record.addr, a))
			return true;
	return false;
}

static bool some_has(const struct ts_set *set, const struct ip_addr *a)
{
	for (size_t i = 0; i < set->len; i++)
		if (range_has(&set->items[i].range, a))
			return true;
	return false;
}

/*
 * What this host's own packets are to come from: the described address, or
 * else one of ours that the tunnel carries. The kernel by itself would take any
 * link's, and such packets no policy wants. IP_NONE: we have none there.
 */
static struct ip_addr source_for(const struct policy *p, const struct place *pl,
				 enum ip_family family)
{
	const struct loaded *l = &pl->l;
	struct ip_addr said = end_source(&l->connection->end[l->local < 0 ? 0 : l->local],
					 family);
	const struct ts_set *local = l->spd_local.len ? &l->spd_local : &l->ts_local;

	if (ip_is_set(&said))
		return said;
	if (l->internal_stands && ip_is_set(&l->internal->addr[internal_slot(family)]))
		return l->internal->addr[internal_slot(family)];
	if (l->local_addr.family == family && some_has(local, &l->local_addr) &&
	    is_own(p, &l->local_addr))
		return l->local_addr;
	for (size_t i = 0; i < p->own_len; i++) {
		const struct ip_addr *own = &p->own[i].record.addr;

		if (own->family == family && some_has(local, own))
			return *own;
	}
	return (struct ip_addr){0};
}

/* The first user's, or that of the first who has one. */
static struct ip_addr source_of(const struct policy *p, const struct route *r)
{
	enum ip_family family = r->record.destination.addr.family;
	struct ip_addr source = {0};

	LIST_EACH(u, &r->uses, struct route_use, of_route) {
		source = source_for(p, u->place, family);
		if (ip_is_set(&source))
			break;
	}
	return source;
}

/* The wishes of the first user; true when they are others than before. */
static bool take_wishes(struct policy *p, struct route *r, const struct ip_addr *source)
{
	const struct route_use *first = CONTAINER_OF(r->uses.next, struct route_use, of_route);
	const struct loaded *l = &first->place->l;
	const struct connection *c = l->connection;
	struct plane_route *now = &r->record;
	char link[LINK_NAME_MAX];
	bool same;

	policy_link_name(l, link);
	same = ip_equal(&now->source, source) && now->metric == c->metric &&
	       now->mtu == c->mtu && ip_equal(&now->remote, &l->remote_addr) &&
	       !memcmp(now->link, link, sizeof(link));

	now->source = *source;
	now->remote = l->remote_addr;
	now->metric = c->metric;
	now->mtu = c->mtu;
	if (!*now->link != !*link)
		set_way(p, r, *link);
	memcpy(now->link, link, sizeof(link));
	return !same;
}

static void follow_wishes(struct policy *p, struct route *r, struct actions *out)
{
	struct ip_addr source = source_of(p, r);

	if (take_wishes(p, r, &source) && out)
		tell_route(p, r, out);
}

static struct route *new_route(struct policy *p, const struct ip_prefix *d)
{
	struct route *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->record.id = ++p->last_route_id;
	r->record.destination = *d;
	list_init(&r->uses);
	map_add(&p->routes, &r->by_destination, destination_hash(p, d));
	set_way(p, r, false);
	++*of_length(p, d);
	return r;
}

static struct route_use *use_route(struct policy *p, struct place *pl,
				   const struct ip_prefix *d, struct actions *out)
{
	struct route_use *u = calloc(1, sizeof(*u));
	struct route *r = u ? route_find(p, d) : NULL;
	bool is_new = u && !r;
	struct ip_addr source;

	if (is_new)
		r = new_route(p, d);
	if (!r) {
		free(u);
		out->bad = true;
		return NULL;
	}
	u->route = r;
	u->place = pl;
	list_append(&r->uses, &u->of_route);
	source = ip_is_set(&r->record.source) ? r->record.source
					      : source_for(p, pl, d->addr.family);
	if (take_wishes(p, r, &source) || is_new)
		tell_route(p, r, out);
	return u;
}

static void leave_route(struct policy *p, struct route_use *u, struct actions *out)
{
	struct route *r = u->route;
	struct action *a;

	list_remove(&u->of_route);
	free(u);
	if (!list_empty(&r->uses)) {
		/* While nobody has a source, one less changes nothing of that. */
		if (ip_is_set(&r->record.source))
			follow_wishes(p, r, out);
		else if (take_wishes(p, r, &r->record.source) && out)
			tell_route(p, r, out);
		return;
	}
	a = out ? actions_add(out, ACT_ROUTE_REMOVE) : NULL;
	if (a)
		a->remove_id = r->record.id;
	--*of_length(p, &r->record.destination);
	tree_remove(&p->ways[*r->record.link != '\0'], &r->of_way);
	map_remove(&p->routes, &r->by_destination);
	free(r);
}

/* Take the use of this destination out of a list; NULL if it has none. */
static struct route_use *keep_use(struct route_use **list, const struct ip_prefix *d)
{
	for (struct route_use **at = list; *at; at = &(*at)->next) {
		struct route_use *u = *at;

		if (prefix_equal(&u->route->record.destination, d)) {
			*at = u->next;
			return u;
		}
	}
	return NULL;
}

static bool uses(const struct route_use *list, const struct ip_prefix *d)
{
	while (list && !prefix_equal(&list->route->record.destination, d))
		list = list->next;
	return list;
}

/* ---- who has the route ---- */

static const struct route *find_taken(const struct policy *p, const struct place *pl,
				      const struct ip_range *range, bool linked)
{
	struct ip_prefix prefixes[PREFIXES_MAX];
	size_t n = range_prefixes(range, prefixes, PREFIXES_MAX);

	for (size_t i = 0; i < n; i++) {
		const struct route *r = route_find(p, &prefixes[i]);

		if (r && !!*r->record.link != linked && !uses(pl->route_uses, &prefixes[i]))
			return r;
	}
	return NULL;
}

static void refuse(const struct route *r, const char *link, struct diag *why)
{
	const struct route_use *first = CONTAINER_OF(r->uses.next, struct route_use, of_route);
	const char *owner = first->place->l.connection->name;
	char to[IP_TEXT_MAX];

	diag_set(why, "route-owned", NULL, "%s has one route, and connection %s has it %s%s",
		 prefix_print(&r->record.destination, to), owner,
		 *r->record.link ? "through " : "without an interface", r->record.link);
	if (*link)
		diag_wanted(
			why,
			"one through %s: without it what misses the interface would leave in clear",
			link);
	else
		diag_wanted(why, "one without an interface: packets into %s would be lost",
			    r->record.link);
	diag_hint(
		why,
		"ipsec auto --down and --unroute %s first, or give both the same interface, or "
		"different subnets",
		owner);
}

enum cyg_err place_check_route(const struct policy *p, const struct place *pl,
			       const struct ts_set *remote, struct diag *why)
{
	const struct connection *c = pl->l.connection;
	char link[LINK_NAME_MAX];

	if (is_shunt(c) || (c->vti && c->vti_unrouted))
		return CYG_OK;
	policy_link_name(&pl->l, link);
	for (size_t i = 0; i < remote->len; i++) {
		const struct route *r = find_taken(p, pl, &remote->items[i].range, *link);

		if (!r)
			continue;
		refuse(r, link, why);
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

static void route_range(struct policy *p, struct place *pl, const struct ip_range *range,
			struct route_use **before, struct actions *out)
{
	struct ip_prefix prefixes[PREFIXES_MAX];
	size_t n = range_prefixes(range, prefixes, PREFIXES_MAX);

	for (size_t i = 0; i < n; i++) {
		struct route_use *u;

		if (uses(pl->route_uses, &prefixes[i]))
			continue;
		u = keep_use(before, &prefixes[i]);
		if (!u)
			u = use_route(p, pl, &prefixes[i], out);
		if (u) {
			u->next = pl->route_uses;
			pl->route_uses = u;
		}
	}
}

/* Of the routes that go by what this place wishes. */
static void follow_routes(struct policy *p, const struct place *pl, struct actions *out)
{
	for (const struct route_use *u = pl->route_uses; u; u = u->next)
		if (u->route->uses.next == &u->of_route)
			follow_wishes(p, u->route, out);
}

void policy_route_refused(struct loaded *l)
{
	for (struct route_use *u = place_of(l)->route_uses; u; u = u->next)
		u->route->unsure = true;
}

static void ask_again(const struct policy *p, const struct place *pl, struct actions *out)
{
	for (const struct route_use *u = pl->route_uses; u && out && p->awaited; u = u->next)
		if (u->route->unsure)
			tell_route(p, u->route, out);
}

/* An interface that is no VTI takes what is routed into it alone, and is in nobody's way. */
void place_index_ends(struct policy *p, struct place *pl)
{
	const struct loaded *l = &pl->l;
	const bool vti = l->connection->vti;
	char link[LINK_NAME_MAX];

	map_remove(&p->ends, &pl->by_end);
	map_remove(&p->ends, &pl->by_pair);
	policy_link_name(l, link);
	if (!pl->route_uses || (*link && !vti))
		return;
	if (!vti || l->connection->vti_shared)
		map_add(&p->ends, &pl->by_end, ends_hash(p, &l->local_addr, NULL, vti));
	if (!vti || !l->connection->vti_shared)
		map_add(&p->ends, &pl->by_pair,
			ends_hash(p, &l->local_addr, &l->remote_addr, vti));
}

void place_follow(struct policy *p, struct place *pl, struct actions *out)
{
	struct held old;

	place_index_ends(p, pl);
	place_hold(p, pl, pl->route_uses, &old, out);
	follow_routes(p, pl, out);
	place_let_go(p, pl, &old, out);
}

void policy_follow_host(struct policy *p, struct actions *out)
{
	for (struct loaded *l = policy_next(p, NULL); l; l = policy_next(p, l))
		place_follow(p, place_of(l), out);
}

void place_route(struct policy *p, struct place *pl, const struct ts_set *remote,
		 struct actions *out)
{
	struct route_use *before = pl->route_uses;
	struct held old;

	place_hold(p, pl, remote && remote->len, &old, out);
	pl->route_uses = NULL;
	for (size_t i = 0; remote && i < remote->len; i++)
		route_range(p, pl, &remote->items[i].range, &before, out);
	follow_routes(p, pl, out);
	ask_again(p, pl, out);
	pl->l.route_id = pl->route_uses ? pl->route_uses->route->record.id : 0;
	while (before) {
		struct route_use *next = before->next;

		leave_route(p, before, out);
		before = next;
	}
	place_index_ends(p, pl);
	place_let_go(p, pl, &old, out);
}
