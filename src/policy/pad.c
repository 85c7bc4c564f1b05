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

size_t policy_candidates(struct policy *p, const struct endpoint *local,
			 const struct endpoint *remote, struct loaded **out, size_t cap)
{
	size_t n = take(p, &local->addr, &remote->addr, out, 0, cap);

	n = take(p, &local->addr, &any_addr, out, n, cap);
	return take_nets(p, &local->addr, &remote->addr, out, n, cap);
}

/* ---- who it is ---- */

/* The best so far, best first; of equal ones the first met stays first. */
struct ranking {
	const struct policy_question *q;
	struct loaded *best[POLICY_CANDIDATES_MAX];
	unsigned scores[POLICY_CANDIDATES_MAX];
	size_t len, cap;
};

/* How well a connection's selectors of one side do for what is to be carried. */
enum fit { FIT_NOT, FIT_PARTLY, FIT_WHOLLY };

static enum fit fit_of(const struct ts_set *own, const struct ts_set *wanted)
{
	struct ts both;

	if (ts_set_contains(own, wanted))
		return FIT_WHOLLY;
	for (size_t i = 0; i < own->len; i++)
		for (size_t k = 0; k < wanted->len; k++)
			if (ts_intersect(&own->items[i], &wanted->items[k], &both))
				return FIT_PARTLY;
	return FIT_NOT;
}

/* A template without networks at the peer's end, or of a group, is for the peer's address. */
static enum fit fit_of_remote(const struct loaded *l, const struct policy_question *q)
{
	struct ts peer = ts_of_addr(&q->remote.addr);
	struct ts_set alone = {&peer, 1};

	if (l->local >= 0 && l->connection->end[!l->local].virtual)
		return FIT_PARTLY; /* what it may claim is seen to later */
	return fit_of(l->ts_remote.len && !l->group ? &l->ts_remote : &alone, q->ts_remote);
}

static unsigned carries(const struct loaded *l, const struct policy_question *q)
{
	enum fit local = q->ts_local ? fit_of(&l->ts_local, q->ts_local) : FIT_WHOLLY;
	enum fit remote = q->ts_remote ? fit_of_remote(l, q) : FIT_WHOLLY;

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

/*
 * What it carries counts most, then who it is, then whether its address is described, then
 * internal addresses. 0: not this one.
 */
static unsigned score_of(const struct loaded *l, const struct policy_question *q)
{
	unsigned theirs = l->remote_id ? ident_match(l->remote_id, q->remote_id) : 1;
	bool any = !q->local_id || q->local_id->type == ID_ANY || !l->local_id;

	/* Who names nobody is only for who is described so. */
	if (q->remote_id->type == ID_NULL && !l->remote_id)
		return 0;
	if (!theirs || (!any && !ident_match(l->local_id, q->local_id)))
		return 0;
	return carries(l, q) << 16 |
	       (2 * (2 * theirs + ip_is_set(&l->remote_addr)) + suits_address(l, q));
}

static void rank(struct ranking *r, struct loaded *l)
{
	unsigned score = score_of(l, r->q);
	size_t at = r->len;

	if (!score)
		return;
	while (at > 0 && r->scores[at - 1] < score)
		at--;
	if (at >= r->cap)
		return;
	r->len += r->len < r->cap;
	memmove(&r->best[at + 1], &r->best[at], (r->len - 1 - at) * sizeof(r->best[0]));
	memmove(&r->scores[at + 1], &r->scores[at], (r->len - 1 - at) * sizeof(r->scores[0]));
	r->best[at] = l;
	r->scores[at] = score;
}

static void begin_ranking(struct ranking *r, const struct policy_question *q, size_t cap)
{
	r->q = q;
	r->len = 0;
	r->cap = cap < POLICY_CANDIDATES_MAX ? cap : POLICY_CANDIDATES_MAX;
}

static size_t take_ranking(const struct ranking *r, struct loaded **out)
{
	memcpy(out, r->best, r->len * sizeof(r->best[0]));
	return r->len;
}

/* Those described for exactly this identity, or (`id` NULL) for a pattern of identities. */
static void rank_described(const struct policy *p, struct ranking *r,
			   const struct ip_addr *remote, const struct ident *id)
{
	const struct ip_addr *local = &r->q->local.addr;

	for (struct map_node *at =
		     map_first(&p->identities, identity_hash(p, local, remote, id));
	     at; at = map_next(at)) {
		struct loaded *l = &CONTAINER_OF(at, struct place, by_identity)->l;

		if (is_between(l, local, remote) && is_exact(l->remote_id) == (id != NULL))
			rank(r, l);
	}
}

size_t policy_identify(struct policy *p, const struct policy_question *q, struct loaded **out,
		       size_t cap, struct diag *why)
{
	const struct ip_addr *remotes[] = {&q->remote.addr, &any_addr};
	struct loaded *nets[POLICY_CANDIDATES_MAX];
	struct ranking r;
	size_t n;

	begin_ranking(&r, q, cap);
	for (int i = 0; i < 2; i++) {
		if (is_exact(q->remote_id))
			rank_described(p, &r, remotes[i], q->remote_id);
		rank_described(p, &r, remotes[i], NULL);
	}
	n = take_nets(p, &q->local.addr, &q->remote.addr, nets, 0, POLICY_CANDIDATES_MAX);
	for (size_t i = 0; i < n; i++)
		rank(&r, nets[i]);
	if (!r.len) {
		n = policy_candidates(p, &q->local, &q->remote, r.best, POLICY_CANDIDATES_MAX);
		explain_strangers(r.best, n, q->remote_id, q->local_id, why);
	}
	return take_ranking(&r, out);
}
