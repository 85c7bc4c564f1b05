/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers of connections whose ends are more than one host: lists, ranges, networks, and
 * %NAME. Each network in which a peer may be is a spot, found by itself; a range is cut
 * into networks. A look-up tries each length that there is, at most 33 of IPv4 and 129 of
 * IPv6, whatever the number of connections. Where our own end may be several addresses
 * the spot is found without ours, which is compared then.
 */
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

#define PREFIXES_MAX 256 /* of one range */

struct spot_key {
	uint8_t local[17], net[17], bits;
	uint8_t identity[8];
};

static struct spot_key key_of(const struct ip_addr *local, const struct ip_prefix *net)
{
	struct spot_key k = {{local->family}, {net->addr.family}, net->bits, {0}};

	memcpy(k.local + 1, local->octets, 16);
	memcpy(k.net + 1, net->addr.octets, 16);
	return k;
}

static uint64_t net_hash(const struct policy *p, const struct ip_addr *local,
			 const struct ip_prefix *net)
{
	struct spot_key k = key_of(local, net);

	return hash_view(&p->key, view_of(&k, sizeof(k)));
}

static uint64_t described_hash(const struct policy *p, const struct ip_addr *local,
			       const struct ip_prefix *net, const struct ident *id)
{
	struct spot_key k = key_of(local, net);
	uint64_t h = is_exact(id) ? ident_hash(&p->key, id) : 0;

	memcpy(k.identity, &h, sizeof(h));
	return hash_view(&p->key, view_of(&k, sizeof(k)));
}

/* The identity that the peer is described to have; its address is none here. */
static const struct ident *described_id(const struct spot *s)
{
	const struct loaded *l = &s->place->l;

	return l->connection->end[!l->local].id;
}

/* ---- making ---- */

/* What is made, counted first (items NULL) and then written. */
struct making {
	struct spot *items;
	size_t len;
	struct place *place;
	struct ip_addr local;
};

static void add_net(struct making *m, const struct ip_prefix *net, unsigned closeness)
{
	if (m->items)
		m->items[m->len] = (struct spot){.place = m->place,
						 .local = m->local,
						 .net = *net,
						 .closeness = (uint8_t)closeness};
	m->len++;
}

static void add_range(struct making *m, const struct ip_range *r)
{
	struct ip_prefix cut[PREFIXES_MAX];
	size_t n = range_prefixes(r, cut, PREFIXES_MAX);

	for (size_t i = 0; i < n; i++)
		add_net(m, &cut[i], host_closeness(r));
}

static void add_addr(struct making *m, const struct ip_addr *a)
{
	struct ip_prefix net = prefix_of(a, ip_bits(a));

	add_net(m, &net, HOST_CLOSENESS_MAX);
}

static void add_name(struct making *m, const struct policy *p, const char *name)
{
	const struct ip_addr *addrs;
	size_t n = dns_addrs(p, name, &addrs);

	for (size_t i = 0; i < n; i++)
		add_addr(m, &addrs[i]);
}

/*
 * `remote`: the address that the table of peers has it under, if any; it does not when our
 * own end is several.
 */
static void add_all(struct making *m, const struct policy *p, const struct host *peer,
		    const struct ip_addr *remote)
{
	const struct ip_prefix anywhere = {.addr.family = IP_NONE};

	if (ip_is_set(remote))
		add_addr(m, remote);
	if (host_is_anybody(peer))
		add_net(m, &anywhere, 0);
	for (size_t i = 0; peer->others && i < peer->others->len; i++) {
		const struct host_other *o = &peer->others->items[i];

		if (o->name)
			add_name(m, p, o->name);
		else
			add_range(m, &o->range);
	}
	if (peer->others && peer->kind == HOST_NAME)
		add_name(m, p, peer->name);
}

bool spots_has(const struct connection *c)
{
	return (c->end[0].host.others || c->end[1].host.others) && connection_negotiates(c) &&
	       connection_group_end(c) < 0;
}

bool spots_make(const struct policy *p, struct place *pl, const struct connection *c,
		const struct bearing *b, struct spots *ret)
{
	struct making m = {.place = pl};
	struct ip_addr remote = {0};

	*ret = (struct spots){0};
	if (b->local < 0 || !spots_has(c))
		return true;
	if (c->end[b->local].host.others)
		remote = b->addr[!b->local];
	else
		m.local = b->addr[b->local];
	add_all(&m, p, &c->end[!b->local].host, &remote);
	if (!m.len)
		return true;
	m.items = calloc(m.len, sizeof(*m.items));
	if (!m.items)
		return false;
	m.len = 0;
	add_all(&m, p, &c->end[!b->local].host, &remote);
	*ret = (struct spots){m.items, m.len};
	return true;
}

void spots_free(struct spots *s)
{
	free(s->items);
	*s = (struct spots){0};
}

static uint32_t *count_of(struct policy *p, const struct ip_prefix *net)
{
	if (!ip_is_set(&net->addr))
		return &p->spots_anywhere;
	return &p->spot_lengths[net->addr.family == IP_V6][net->bits];
}

void spots_take(struct policy *p, struct place *pl, struct spots *made)
{
	for (size_t i = 0; i < pl->spots.len; i++) {
		struct spot *s = &pl->spots.items[i];

		map_remove(&p->spots, &s->by_net);
		map_remove(&p->spot_identities, &s->by_identity);
		--*count_of(p, &s->net);
		p->spots_len--;
	}
	spots_free(&pl->spots);
	pl->spots = *made;
	for (size_t i = 0; i < pl->spots.len; i++) {
		struct spot *s = &pl->spots.items[i];

		map_add(&p->spots, &s->by_net, net_hash(p, &s->local, &s->net));
		map_add(&p->spot_identities, &s->by_identity,
			described_hash(p, &s->local, &s->net, described_id(s)));
		++*count_of(p, &s->net);
		p->spots_len++;
	}
}

/* ---- finding ---- */

/* What is looked for. */
struct search {
	const struct policy *p;
	const struct ip_addr *local; /* at which the peer was seen */
	bool described;              /* for `id`, or else anybody */
	const struct ident *id;      /* NULL: none or a pattern */
	spot_seen seen;
	void *ctx;
};

static bool fits(const struct search *s, const struct spot *at, const struct ip_prefix *net)
{
	const struct loaded *l = &at->place->l;

	if (!prefix_equal(&at->net, net) ||
	    (s->described && is_exact(described_id(at)) != (s->id != NULL)))
		return false;
	if (ip_is_set(&at->local))
		return ip_equal(&at->local, s->local);
	return host_fit(s->p, &l->connection->end[l->local].host, s->local);
}

/* Those of one network, of our address `local` or (IP_NONE) of several. */
static void look(const struct search *s, const struct ip_prefix *net,
		 const struct ip_addr *local)
{
	struct map_node *n = s->described ? map_first(&s->p->spot_identities,
						      described_hash(s->p, local, net, s->id))
					  : map_first(&s->p->spots, net_hash(s->p, local, net));

	for (; n; n = map_next(n)) {
		struct spot *at = s->described ? CONTAINER_OF(n, struct spot, by_identity)
					       : CONTAINER_OF(n, struct spot, by_net);

		if (fits(s, at, net) && !s->seen(s->ctx, &at->place->l, at->closeness))
			return;
	}
}

static void look_both(const struct search *s, const struct ip_prefix *net)
{
	const struct ip_addr several = {.family = IP_NONE};

	look(s, net, s->local);
	look(s, net, &several);
}

static void find(const struct search *s, const struct ip_addr *remote)
{
	const uint32_t *lengths = s->p->spot_lengths[remote->family == IP_V6];
	const struct ip_prefix anywhere = {.addr.family = IP_NONE};

	if (!s->p->spots_len)
		return;
	for (unsigned bits = ip_bits(remote) + 1; bits-- > 0;) {
		struct ip_prefix net = prefix_of(remote, bits);

		if (lengths[bits])
			look_both(s, &net);
	}
	if (s->p->spots_anywhere)
		look_both(s, &anywhere);
}

void spots_at(const struct policy *p, const struct ip_addr *local, const struct ip_addr *remote,
	      spot_seen seen, void *ctx)
{
	find(&(struct search){.p = p, .local = local, .seen = seen, .ctx = ctx}, remote);
}

void spots_described(const struct policy *p, const struct ip_addr *local,
		     const struct ip_addr *remote, const struct ident *id, spot_seen seen,
		     void *ctx)
{
	find(&(struct search){p, local, true, id, seen, ctx}, remote);
}
