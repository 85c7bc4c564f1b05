/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes, owned apart from policies: a destination is routed once, whoever
 * wants it, as the first one of them wishes, until the last one leaves it.
 */
#include "policy/db.h"

#include <stdlib.h>

#define PREFIXES_MAX 256 /* of one range */

static uint64_t destination_hash(const struct policy *p, const struct ip_prefix *d)
{
	uint8_t key[18] = {d->addr.family, d->bits};

	for (size_t i = 0; i < 16; i++)
		key[2 + i] = d->addr.octets[i];
	return hash_view(&p->key, view_of(key, sizeof(key)));
}

static struct route *find_route(const struct policy *p, const struct ip_prefix *d)
{
	for (struct map_node *n = map_first(&p->routes, destination_hash(p, d)); n;
	     n = map_next(n)) {
		struct route *r = CONTAINER_OF(n, struct route, by_destination);

		if (prefix_equal(&r->record.destination, d))
			return r;
	}
	return NULL;
}

static void tell_route(const struct route *r, struct actions *out)
{
	struct plane_route *record = actions_alloc(out, sizeof(*record));
	struct action *a = record ? actions_add(out, ACT_ROUTE_SET) : NULL;

	if (!a)
		return;
	*record = r->record;
	a->route = record;
}

/* The wishes of the first user; true when they are others than before. */
static bool take_wishes(struct route *r)
{
	const struct route_use *first = CONTAINER_OF(r->uses.next, struct route_use, of_route);
	const struct loaded *l = &first->place->l;
	const struct connection *c = l->connection;
	const struct ip_addr *source = &c->end[l->local < 0 ? 0 : l->local].source_ip;
	struct plane_route *now = &r->record;
	struct ip_addr wish = source->family == now->destination.addr.family
				      ? *source
				      : (struct ip_addr){0};
	bool same = ip_equal(&now->source, &wish) && now->metric == c->metric &&
		    now->mtu == c->mtu && ip_equal(&now->remote, &l->remote_addr);

	now->source = wish;
	now->remote = l->remote_addr;
	now->metric = c->metric;
	now->mtu = c->mtu;
	return !same;
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
	return r;
}

static struct route_use *use_route(struct policy *p, struct place *pl,
				   const struct ip_prefix *d, struct actions *out)
{
	struct route_use *u = calloc(1, sizeof(*u));
	struct route *r = u ? find_route(p, d) : NULL;
	bool is_new = u && !r;

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
	if (is_new) {
		take_wishes(r);
		tell_route(r, out);
	}
	return u;
}

static void leave_route(struct policy *p, struct route_use *u, struct actions *out)
{
	struct route *r = u->route;
	struct action *a;

	list_remove(&u->of_route);
	free(u);
	if (!list_empty(&r->uses)) {
		if (take_wishes(r) && out)
			tell_route(r, out);
		return;
	}
	a = out ? actions_add(out, ACT_ROUTE_REMOVE) : NULL;
	if (a)
		a->remove_id = r->record.id;
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

void place_route(struct policy *p, struct place *pl, const struct ts_set *remote,
		 struct actions *out)
{
	struct route_use *before = pl->route_uses;

	pl->route_uses = NULL;
	for (size_t i = 0; remote && i < remote->len; i++)
		route_range(p, pl, &remote->items[i].range, &before, out);
	pl->l.route_id = pl->route_uses ? pl->route_uses->route->record.id : 0;
	while (before) {
		struct route_use *next = before->next;

		leave_route(p, before, out);
		before = next;
	}
}
