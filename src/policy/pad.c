/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer authorization database (RFC 4301 4.4.3): which connections a peer
 * could be, by the pair of addresses first, then by identity. Both steps look
 * at what belongs to this peer and to %any alone.
 */
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

static const struct ip_addr any_addr = {IP_NONE, {0}};

#define GATHERED_MAX 256  /* spots that one look-up of candidates looks at */
#define CLOSENESS_OWN 255 /* the connection's own address: more than any spot */

struct pair_key {
	uint8_t local[17], remote[17];
	uint8_t identity[8];
};

static struct pair_key pair_key(const struct ip_addr *local, const struct ip_addr *remote)
{
	struct pair_key k = {{local->family}, {remote->family}, {0}};

	memcpy(k.local + 1, local->octets, 16);
	memcpy(k.remote + 1, remote->octets, 16);
	return k;
}

uint64_t peer_hash(const struct policy *p, const struct ip_addr *local,
		   const struct ip_addr *remote)
{
	struct pair_key k = pair_key(local, remote);

	return hash_view(&p->key, view_of(&k, sizeof(k)));
}

bool is_exact(const struct ident *id)
{
	return id && id->type != ID_ANY && !id->wildcards;
}

uint64_t identity_hash(const struct policy *p, const struct ip_addr *local,
		       const struct ip_addr *remote, const struct ident *id)
{
	struct pair_key k = pair_key(local, remote);
	uint64_t h = is_exact(id) ? ident_hash(&p->key, id) : 0;

	memcpy(k.identity, &h, sizeof(h));
	return hash_view(&p->key, view_of(&k, sizeof(k)));
}

static bool is_between(const struct loaded *l, const struct ip_addr *local,
		       const struct ip_addr *remote)
{
	return ip_equal(&l->local_addr, local) && ip_equal(&l->remote_addr, remote);
}

static size_t take(const struct policy *p, const struct ip_addr *local,
		   const struct ip_addr *remote, struct loaded **out, size_t n, size_t cap)
{
	for (struct map_node *at = map_first(&p->peers, peer_hash(p, local, remote));
	     at && n < cap; at = map_next(at)) {
		struct loaded *l = &CONTAINER_OF(at, struct place, by_peer)->l;

		if (is_between(l, local, remote))
			out[n++] = l;
	}
	return n;
}

/* Whoever has an address in a group's network, as the most specific network has it. */
static size_t take_nets(const struct policy *p, const struct ip_addr *local,
			const struct ip_addr *remote, struct loaded **out, size_t n, size_t cap)
{
	struct place *found[POLICY_CANDIDATES_MAX];
	size_t len = nets_of_addr(p, remote, found, POLICY_CANDIDATES_MAX);

	for (size_t i = 0; i < len && n < cap; i++) {
		struct loaded *l = &found[i]->l;

		if (connection_negotiates(l->connection) && ip_equal(&l->local_addr, local))
			out[n++] = l;
	}
	return n;
}

/* ---- the best of many ---- */

/* Those with the highest scores, best first; of equal ones the first met stays first. */
struct best {
	struct loaded *list[POLICY_CANDIDATES_MAX];
	unsigned scores[POLICY_CANDIDATES_MAX];
	size_t len, cap;
};

static void best_remove(struct best *b, size_t at)
{
	b->len--;
	memmove(&b->list[at], &b->list[at + 1], (b->len - at) * sizeof(b->list[0]));
	memmove(&b->scores[at], &b->scores[at + 1], (b->len - at) * sizeof(b->scores[0]));
}

static void best_put(struct best *b, struct loaded *l, unsigned score)
{
	size_t at = b->len;

	while (at > 0 && b->scores[at - 1] < score)
		at--;
	if (at >= b->cap)
		return;
	b->len += b->len < b->cap;
	memmove(&b->list[at + 1], &b->list[at], (b->len - 1 - at) * sizeof(b->list[0]));
	memmove(&b->scores[at + 1], &b->scores[at], (b->len - 1 - at) * sizeof(b->scores[0]));
	b->list[at] = l;
	b->scores[at] = score;
}

/* The same where several of its networks may bring it: once, with its best score. */
static void best_put_once(struct best *b, struct loaded *l, unsigned score)
{
	size_t at = 0;

	while (at < b->len && b->list[at] != l)
		at++;
	if (at < b->len && b->scores[at] >= score)
		return;
	if (at < b->len)
		best_remove(b, at);
	best_put(b, l, score);
}

/* ---- by addresses ---- */

/* Candidates by spots, the closest first, and how many spots are still looked at. */
struct gathered {
	struct best best;
	size_t left;
};

static bool gather(void *ctx, struct loaded *l, unsigned closeness)
{
	struct gathered *g = ctx;

	best_put_once(&g->best, l, closeness);
	g->left -= g->left > 0;
	return g->left > 0;
}

static bool is_among(const struct loaded *l, struct loaded *const *list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (list[i] == l)
			return true;
	return false;
}

/* Those that are found by a network, or (`by_net` false) those of %any. */
static size_t take_gathered(const struct gathered *g, bool by_net, struct loaded **out,
			    size_t n, size_t cap)
{
	for (size_t i = 0; i < g->best.len && n < cap; i++)
		if ((g->best.scores[i] > 0) == by_net && !is_among(g->best.list[i], out, n))
			out[n++] = g->best.list[i];
	return n;
}

/*
 * Whoever comes may speak for an address of such a group, wherever it is itself; whether the DNS
 * says so is seen once it has told for which.
 */
static size_t take_asking(const struct policy *p, const struct ip_addr *local,
			  struct loaded **out, size_t n, size_t cap)
{
	LIST_EACH(net, &p->asking, struct group_net, asks_dns) {
		struct loaded *l = &net->place->l;

		if (n < cap && ip_equal(&l->local_addr, local))
			out[n++] = l;
	}
	return n;
}

size_t policy_candidates(struct policy *p, const struct endpoint *local,
			 const struct endpoint *remote, struct loaded **out, size_t cap)
{
	struct gathered g = {.best.cap = POLICY_CANDIDATES_MAX, .left = GATHERED_MAX};
	size_t n = take(p, &local->addr, &remote->addr, out, 0, cap);

	spots_at(p, &local->addr, &remote->addr, gather, &g);
	n = take_gathered(&g, true, out, n, cap);
	n = take(p, &local->addr, &any_addr, out, n, cap);
	n = take_gathered(&g, false, out, n, cap);
	n = take_nets(p, &local->addr, &remote->addr, out, n, cap);
	return n ? n : take_asking(p, &local->addr, out, n, cap);
}

/* ---- who it is ---- */

/* The best so far of those that a question may mean. */
struct ranking {
	const struct policy_question *q;
	struct best best;
};

/* How well a connection's selectors of one side do for what is to be carried. */
static enum policy_fit fit_of(const struct ts_set *own, const struct ts_set *wanted)
{
	struct ts both;

	if (ts_set_contains(own, wanted))
		return ts_set_contains(wanted, own) ? FIT_EXACTLY : FIT_WHOLLY;
	for (size_t i = 0; i < own->len; i++)
		for (size_t k = 0; k < wanted->len; k++)
			if (ts_intersect(&own->items[i], &wanted->items[k], &both))
				return FIT_PARTLY;
	return FIT_NOT;
}

/* A template without networks at the peer's end, or of a group, is for the peer's address. */
static enum policy_fit fit_of_remote(const struct loaded *l, const struct policy_question *q)
{
	bool speaks = ip_is_set(&q->client) && connection_asks_dns(l->connection);
	struct ts peer = ts_of_addr(speaks ? &q->client : &q->remote.addr);
	struct ts_set alone = {&peer, 1};

	if (l->local >= 0 && l->connection->end[!l->local].virtual)
		return FIT_PARTLY; /* what it may claim is seen to later */
	return fit_of(l->ts_remote.len && !l->group ? &l->ts_remote : &alone, q->ts_remote);
}

enum policy_fit policy_fit(const struct loaded *l, const struct policy_question *q)
{
	enum policy_fit local = q->ts_local ? fit_of(&l->ts_local, q->ts_local) : FIT_WHOLLY;
	enum policy_fit remote = q->ts_remote ? fit_of_remote(l, q) : FIT_WHOLLY;

	return local < remote ? local : remote;
}

/* It gives an address to who asks for one, and needs none to be asked for by others. */
static bool suits_address(const struct loaded *l, const struct policy_question *q)
{
	const struct end *e = &l->connection->end[!l->local];

	switch (q->address) {
	case ADDRESS_ASKED:
		return end_has_pool(e) || e->asks || ip_is_set(&e->source_ip);
	case ADDRESS_NOT_ASKED:
		return !connection_is_internal(l->connection, !l->local);
	default:
		return false;
	}
}

/* The two addresses are those that the connection itself is between. */
static bool is_own_pair(const struct loaded *l, const struct policy_question *q)
{
	return is_between(l, &q->local.addr, &q->remote.addr);
}

/* Elsewhere than at the address that it begins with a peer is who is described, if anybody is. */
static const struct ident *wanted_of_peer(const struct loaded *l,
					  const struct policy_question *q)
{
	return is_own_pair(l, q) ? l->remote_id : l->connection->end[!l->local].id;
}

static bool is_address(const struct ident *id, const struct ip_addr *a)
{
	return id->type == (a->family == IP_V6 ? ID_IPV6_ADDR : ID_IPV4_ADDR) &&
	       view_equal(ident_view(id), ip_view(a));
}

/* Who we are asked to be is who we are: where nothing is described, the address that was asked. */
static bool are_asked_for(const struct loaded *l, const struct policy_question *q)
{
	const struct end *us = &l->connection->end[l->local];

	if (!q->local_id || q->local_id->type == ID_ANY || !l->local_id)
		return true;
	if (!us->id && us->host.others)
		return is_address(q->local_id, &q->local.addr);
	return ident_match(l->local_id, q->local_id);
}

/*
 * Whether it carries it counts most, then who it is, then whether it is for that and no more, then
 * how closely its address is described, then internal addresses. 0: not this one.
 */
static unsigned score_of(const struct loaded *l, const struct policy_question *q,
			 unsigned closeness)
{
	const struct ident *wanted = wanted_of_peer(l, q);
	unsigned theirs = wanted ? ident_match(wanted, q->remote_id) : 1;
	enum policy_fit fit = policy_fit(l, q);

	/* Who names nobody is only for who is described so. */
	if (q->remote_id->type == ID_NULL && !wanted)
		return 0;
	if (!theirs || !are_asked_for(l, q))
		return 0;
	return (unsigned)(fit < FIT_WHOLLY ? fit : FIT_WHOLLY) << 28 | theirs << 12 |
	       (unsigned)(fit == FIT_EXACTLY) << 11 | closeness << 1 | suits_address(l, q);
}

static void rank(struct ranking *r, struct loaded *l, unsigned closeness)
{
	unsigned score = score_of(l, r->q, closeness);

	if (score)
		best_put(&r->best, l, score);
}

static bool rank_spot(void *ctx, struct loaded *l, unsigned closeness)
{
	struct ranking *r = ctx;
	unsigned score = score_of(l, r->q, closeness);

	if (score)
		best_put_once(&r->best, l, score);
	return true;
}

static void begin_ranking(struct ranking *r, const struct policy_question *q, size_t cap)
{
	r->q = q;
	r->best.len = 0;
	r->best.cap = cap < POLICY_CANDIDATES_MAX ? cap : POLICY_CANDIDATES_MAX;
}

static size_t take_ranking(const struct ranking *r, struct loaded **out)
{
	memcpy(out, r->best.list, r->best.len * sizeof(r->best.list[0]));
	return r->best.len;
}

/* Those described for exactly this identity, or (`id` NULL) for a pattern of identities. */
static void rank_described(const struct policy *p, struct ranking *r,
			   const struct ip_addr *remote, const struct ident *id)
{
	unsigned closeness = ip_is_set(remote) ? CLOSENESS_OWN : 0;
	const struct ip_addr *local = &r->q->local.addr;

	for (struct map_node *at =
		     map_first(&p->identities, identity_hash(p, local, remote, id));
	     at; at = map_next(at)) {
		struct loaded *l = &CONTAINER_OF(at, struct place, by_identity)->l;

		if (is_between(l, local, remote) && is_exact(l->remote_id) == (id != NULL))
			rank(r, l, closeness);
	}
}

/* The groups' networks that have `addr`: another address than the peer's only where the DNS is asked. */
static void rank_nets(const struct policy *p, struct ranking *r, const struct ip_addr *addr)
{
	const struct policy_question *q = r->q;
	struct loaded *nets[POLICY_CANDIDATES_MAX];
	size_t n = take_nets(p, &q->local.addr, addr, nets, 0, POLICY_CANDIDATES_MAX);

	for (size_t i = 0; i < n; i++)
		if (ip_equal(addr, &q->remote.addr) || connection_asks_dns(nets[i]->connection))
			rank(r, nets[i], 0);
	if (ip_equal(addr, &q->remote.addr))
		return;
	n = take_nets(p, &q->local.addr, &q->remote.addr, nets, 0, POLICY_CANDIDATES_MAX);
	for (size_t i = 0; i < n; i++)
		if (!connection_asks_dns(nets[i]->connection))
			rank(r, nets[i], 0);
}

size_t policy_identify(struct policy *p, const struct policy_question *q, struct loaded **out,
		       size_t cap, struct diag *why)
{
	const struct ip_addr *remotes[] = {&q->remote.addr, &any_addr};
	struct ranking r;
	size_t n;

	begin_ranking(&r, q, cap);
	for (int i = 0; i < 2; i++) {
		if (is_exact(q->remote_id))
			rank_described(p, &r, remotes[i], q->remote_id);
		rank_described(p, &r, remotes[i], NULL);
	}
	if (is_exact(q->remote_id))
		spots_described(p, &q->local.addr, &q->remote.addr, q->remote_id, rank_spot,
				&r);
	spots_described(p, &q->local.addr, &q->remote.addr, NULL, rank_spot, &r);
	rank_nets(p, &r, ip_is_set(&q->client) ? &q->client : &q->remote.addr);
	if (!r.best.len) {
		struct loaded *near[POLICY_CANDIDATES_MAX];

		n = policy_candidates(p, &q->local, &q->remote, near, POLICY_CANDIDATES_MAX);
		explain_strangers(near, n, q->remote_id, q->local_id, why);
	}
	return take_ranking(&r, out);
}
