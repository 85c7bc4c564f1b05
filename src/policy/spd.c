/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security policy database (RFC 4301 4.4.1): who owns a selector pair. A
 * place claims the pairs it wants in force, and keeps its own while it is
 * routed. One pair belongs to one peer; but
 *
 * - another connection to the same peer, or a road warrior that came back from
 *   elsewhere, may claim it as well: both entries stand, the newer one first, so
 *   that whichever goes leaves the other in force; but a tunnel comes before what
 *   waits for a packet, whichever is the newer one (entry.c);
 * - a template's trap lies beneath its instances and beneath permanent
 *   connections, and comes forth again when they go.
 *
 * Pairs that overlap without being equal live side by side, the narrower one
 * first.
 */
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

static void put_ts(uint8_t out[38], const struct ts *t)
{
	memset(out, 0, 38);
	out[0] = t->range.first.family;
	out[1] = t->proto;
	memcpy(out + 2, &t->port_first, 2);
	memcpy(out + 4, &t->port_last, 2);
	memcpy(out + 6, t->range.first.octets, 16);
	memcpy(out + 22, t->range.last.octets, 16);
}

static uint64_t pair_hash(const struct policy *p, const struct ts *local,
			  const struct ts *remote)
{
	uint8_t key[2 * 38];

	put_ts(key, local);
	put_ts(key + 38, remote);
	return hash_view(&p->key, view_of(key, sizeof(key)));
}

/* ---- who gives way ---- */

/*
 * One peer under two descriptions: the same identity, or the same described
 * address. Whoever came to a connection of several hosts from elsewhere has what the
 * connection only holds a trap for. A shunt has no peer that it could share selectors with, and neither
 * has a group's network; but whoever is at one address of it is one peer.
 */
static bool same_peer(const struct loaded *a, const struct loaded *b)
{
	if (a->template_of == b || b->template_of == a)
		return (a->template_of == b ? b : a)->spd != SPD_PROTECT ||
		       ident_equal(a->remote_id, b->remote_id);
	if (policy_is_group_peer(a) && a->template_of == b->template_of)
		return ip_is_set(&a->client) ? ip_equal(&a->client, &b->client)
					     : ip_equal(&a->remote_addr, &b->remote_addr);
	if (is_shunt(a->connection) || is_shunt(b->connection) || a->group || b->group)
		return false;
	if (is_exact(a->remote_id) && ident_equal(a->remote_id, b->remote_id))
		return true;
	return !a->template_of && !b->template_of && ip_is_set(&a->remote_addr) &&
	       ip_equal(&a->remote_addr, &b->remote_addr) &&
	       ip_equal(&a->local_addr, &b->local_addr);
}

struct verdict {
	const struct claim *against; /* another peer's, or NULL */
	uint32_t tie;                /* below all it must come before */
};

/* Whether there are packets that both are for, in one direction at least. */
static bool scopes_meet(const struct loaded *a, const struct loaded *b)
{
	for (int dir = SA_IN; dir <= SA_OUT; dir++) {
		struct packet_scope ours = policy_scope(a, dir), theirs = policy_scope(b, dir);

		if (scope_equal(&ours, &theirs))
			return true;
	}
	return false;
}

static bool is_for(const struct claim *c, const struct ts *local, const struct ts *remote)
{
	return ts_equal(&c->local, local) && ts_equal(&c->remote, remote);
}

static void look_at_pair(const struct policy *p, const struct loaded *l, const struct ts *local,
			 const struct ts *remote, struct verdict *v)
{
	uint32_t tie = v->tie;
	bool has_it = false;

	for (struct map_node *n = map_first(&p->claims, pair_hash(p, local, remote)); n;
	     n = map_next(n)) {
		const struct claim *c = CONTAINER_OF(n, struct claim, by_pair);
		const struct loaded *owner = &c->owner->l;

		if (is_beneath(owner) != is_beneath(l) || !is_for(c, local, remote) ||
		    !scopes_meet(owner, l))
			continue;
		if (owner == l)
			has_it = true;
		else if (!same_peer(owner, l))
			v->against = c;
		else if (c->owner->tie > 1 && c->owner->tie <= tie)
			tie = c->owner->tie - 1;
	}
	/* Claiming again what one has does not bring it forward. */
	if (!has_it)
		v->tie = tie;
}

static struct verdict look(const struct policy *p, const struct loaded *l,
			   const struct ts_set *local, const struct ts_set *remote)
{
	struct verdict v = {.tie = place_of(l)->tie ? place_of(l)->tie : TIE_FIRST};

	for (size_t i = 0; i < local->len && !v.against; i++)
		for (size_t k = 0; k < remote->len && !v.against; k++)
			look_at_pair(p, l, &local->items[i], &remote->items[k], &v);
	return v;
}

static void refuse(const struct claim *c, struct diag *why)
{
	const struct loaded *owner = &c->owner->l;
	char a[96], b[96], id[160], addr[IP_TEXT_MAX];

	diag_set(why, "selector-owned", "RFC 4301 4.4.1",
		 "%s === %s belongs to connection %s already",
		 ts_print(&c->local, a, sizeof(a)), ts_print(&c->remote, b, sizeof(b)),
		 owner->connection->name);
	diag_wanted(why, "selectors that no other peer has");
	if (is_shunt(owner->connection))
		diag_got(why, "those of a policy that passes, drops or rejects");
	else
		diag_got(why, "those of the peer %s%s%s",
			 owner->remote_id ? ident_print(owner->remote_id, id, sizeof(id)) : "",
			 owner->remote_id && ip_is_set(&owner->remote_addr) ? " at " : "",
			 ip_is_set(&owner->remote_addr) ? ip_print(&owner->remote_addr, addr)
							: "");
	diag_hint(why,
		  "ipsec auto --down and --unroute %s first, or give the connections different "
		  "subnets",
		  owner->connection->name);
}

/* ---- claims ---- */

void place_unclaim(struct policy *p, struct place *pl)
{
	for (size_t i = 0; i < pl->claims_len; i++)
		map_remove(&p->claims, &pl->claims[i].by_pair);
	for (size_t i = 0; pl->passages && i < pl->claims_len; i++) {
		tree_remove(&p->passing_first, &pl->passages[i].by_first);
		tree_remove(&p->passing_last, &pl->passages[i].by_last);
	}
	free(pl->passages);
	free(pl->claims);
	pl->passages = NULL;
	pl->claims = NULL;
	pl->claims_len = 0;
	pl->tie = 0;
}

/* Claims under way; room for all was made before. */
struct claims {
	struct claim *items;
	struct passage *passages; /* NULL: nothing passes */
	size_t len;
};

static int compare_first(const void *key, const struct tree_node *n)
{
	return ip_compare(
		key, &CONTAINER_OF(n, struct passage, by_first)->claim->remote.range.first);
}

static int compare_last(const void *key, const struct tree_node *n)
{
	return ip_compare(key,
			  &CONTAINER_OF(n, struct passage, by_last)->claim->remote.range.last);
}

static void index_passage(struct policy *p, struct passage *s, const struct claim *c,
			  uint64_t hash)
{
	s->claim = c;
	tree_add(&p->passing_first, &s->by_first, hash, &c->remote.range.first, compare_first);
	tree_add(&p->passing_last, &s->by_last, hash, &c->remote.range.last, compare_last);
}

struct tree_node *passage_first(const struct policy *p, const struct ip_addr *from)
{
	return tree_from(&p->passing_first, from, compare_first);
}

struct tree_node *passage_last(const struct policy *p, const struct ip_addr *from)
{
	return tree_from(&p->passing_last, from, compare_last);
}

static void take_claims(struct policy *p, struct place *pl, const struct claims *c,
			uint32_t tie)
{
	place_unclaim(p, pl);
	for (size_t i = 0; i < c->len; i++) {
		uint64_t hash = pair_hash(p, &c->items[i].local, &c->items[i].remote);

		map_add(&p->claims, &c->items[i].by_pair, hash);
		if (c->passages)
			index_passage(p, &c->passages[i], &c->items[i], hash);
	}
	pl->claims = c->items;
	pl->claims_len = c->len;
	pl->passages = c->passages;
	pl->tie = tie;
}

static bool has_item(const struct ts_set *s, const struct ts *t)
{
	for (size_t i = 0; i < s->len; i++)
		if (ts_equal(&s->items[i], t))
			return true;
	return false;
}

/* The first of all whose turn for one of the pairs comes before, or else after, that of `l`. */
static const struct loaded *first_beside(const struct policy *p, const struct loaded *l,
					 bool before)
{
	const struct place *own = place_of(l), *first = NULL;
	uint32_t turn = place_turn(own);

	for (size_t i = 0; i < own->claims_len; i++) {
		const struct claim *mine = &own->claims[i];

		for (struct map_node *n =
			     map_first(&p->claims, pair_hash(p, &mine->local, &mine->remote));
		     n; n = map_next(n)) {
			const struct claim *c = CONTAINER_OF(n, struct claim, by_pair);

			uint32_t other = place_turn(c->owner);

			if ((before ? other < turn : other > turn) &&
			    (!first || other < place_turn(first)) &&
			    is_for(c, &mine->local, &mine->remote) &&
			    scopes_meet(&c->owner->l, l))
				first = c->owner;
		}
	}
	return first ? &first->l : NULL;
}

const struct loaded *policy_ahead(const struct policy *p, const struct loaded *l)
{
	return first_beside(p, l, true);
}

const struct loaded *policy_behind(const struct policy *p, const struct loaded *l)
{
	return first_beside(p, l, false);
}

static bool claims_begin(struct claims *c, const struct place *pl, size_t room)
{
	bool passes = pl->l.connection->type == CONN_PASS;

	*c = (struct claims){.items = calloc(room + 1, sizeof(*c->items))};
	if (passes)
		c->passages = calloc(room + 1, sizeof(*c->passages));
	if (c->items && (c->passages || !passes))
		return true;
	free(c->items);
	free(c->passages);
	return false;
}

static void claims_add(struct claims *c, struct place *owner, const struct ts *local,
		       const struct ts *remote)
{
	c->items[c->len++] = (struct claim){.owner = owner, .local = *local, .remote = *remote};
}

static void add_product(struct place *pl, const struct ts_set *local,
			const struct ts_set *remote, struct claims *c)
{
	for (size_t i = 0; i < local->len; i++)
		for (size_t k = 0; k < remote->len; k++)
			claims_add(c, pl, &local->items[i], &remote->items[k]);
}

/* The place's own pairs that are not among `a` x `b`, and that no other peer has. */
static void add_own(const struct policy *p, struct place *pl, const struct ts_set *a,
		    const struct ts_set *b, struct claims *c)
{
	const struct ts_set *local = &pl->l.ts_local, *remote = &pl->l.ts_remote;

	for (size_t i = 0; i < local->len; i++) {
		for (size_t k = 0; k < remote->len; k++) {
			struct verdict v = {.tie = TIE_FIRST};

			if (has_item(a, &local->items[i]) && has_item(b, &remote->items[k]))
				continue;
			look_at_pair(p, &pl->l, &local->items[i], &remote->items[k], &v);
			if (!v.against)
				claims_add(c, pl, &local->items[i], &remote->items[k]);
		}
	}
}

/*
 * Claims besides those of the selectors in force (`local` x `remote`, which may
 * be empty). Without memory more stays claimed than is needed, never less.
 */
static void claim_besides(struct policy *p, struct place *pl, const struct ts_set *local,
			  const struct ts_set *remote)
{
	struct loaded *l = &pl->l;
	struct verdict v = look(p, l, &l->ts_local, &l->ts_remote);
	struct claims c;

	if (!claims_begin(&c, pl,
			  local->len * remote->len + l->ts_local.len * l->ts_remote.len))
		return;
	add_product(pl, local, remote, &c);
	add_own(p, pl, local, remote, &c);
	take_claims(p, pl, &c, v.tie);
}

void place_claim_own(struct policy *p, struct place *pl)
{
	const struct ts_set none = {0};

	claim_besides(p, pl, &none, &none);
}

void place_claim_rest(struct policy *p, struct place *pl)
{
	claim_besides(p, pl, &pl->l.spd_local, &pl->l.spd_remote);
}

/* What is to be in force, as sets of its own. */
struct wanted {
	struct ts_set local, remote;
};

static void wanted_done(struct wanted *w)
{
	ts_set_done(&w->local);
	ts_set_done(&w->remote);
}

static enum cyg_err wanted_copy(struct wanted *ret, const struct ts_set *local,
				const struct ts_set *remote)
{
	struct wanted w = {0};

	if (ts_set_copy(&w.local, local) || ts_set_copy(&w.remote, remote)) {
		wanted_done(&w);
		return CYG_NOMEM;
	}
	*ret = w;
	return CYG_OK;
}

static enum cyg_err add_missing(struct ts_set *to, const struct ts_set *from)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < from->len && !err; i++)
		if (!has_item(to, &from->items[i]))
			err = ts_set_add(to, &from->items[i]);
	return err;
}

/* May they be in force? Then *ret says where among what others have. */
static bool is_free(struct policy *p, struct place *pl, const struct wanted *w,
		    struct verdict *ret)
{
	struct verdict v = look(p, &pl->l, &w->local, &w->remote);
	struct diag why;

	if (v.against || place_check_ways(p, pl, &w->local, &w->remote, &why))
		return false;
	*ret = v;
	return true;
}

/*
 * Selectors for one more child of a connection that is up: those in force go on. An entry is the
 * product of two sets, so pairs that no child has may be among them, which the connection is to
 * protect as well: their packets ask for a child. The entry falls back when the last child goes.
 */
static enum cyg_err want_besides(const struct loaded *l, const struct ts_set *local,
				 const struct ts_set *remote, struct wanted *ret)
{
	struct wanted w;
	bool inside = ts_set_contains(&l->spd_local, local) &&
		      ts_set_contains(&l->spd_remote, remote);
	enum cyg_err err = wanted_copy(&w, &l->spd_local, &l->spd_remote);

	if (!err && !inside) {
		err = add_missing(&w.local, local);
		if (!err)
			err = add_missing(&w.remote, remote);
		if (err)
			wanted_done(&w);
	}
	if (!err)
		*ret = w;
	return err;
}

static enum cyg_err check_known(const struct loaded *l, const struct ts_set *local,
				const struct ts_set *remote, struct diag *why)
{
	if (local->len && remote->len)
		return CYG_OK;
	diag_set(why, "selectors-unknown", NULL, "the selectors of %s are not known",
		 l->connection->name);
	diag_wanted(why, "networks at both ends");
	diag_got(why, "%s",
		 !remote->len ? "a peer without networks and without an address"
			      : "no address at our own end");
	diag_hint(
		why,
		"write its networks as leftsubnet= and rightsubnet=, or wait until its address "
		"is known");
	return CYG_STATE;
}

static enum cyg_err make_claims(struct policy *p, struct place *pl, const struct wanted *w,
				struct claims *ret)
{
	size_t own = pl->l.routed ? pl->l.ts_local.len * pl->l.ts_remote.len : 0;
	struct claims c;

	if (!claims_begin(&c, pl, w->local.len * w->remote.len + own))
		return CYG_NOMEM;
	add_product(pl, &w->local, &w->remote, &c);
	if (pl->l.routed)
		add_own(p, pl, &w->local, &w->remote, &c);
	*ret = c;
	return CYG_OK;
}

enum cyg_err policy_claim(struct policy *p, struct loaded *l, const struct ts_set *local,
			  const struct ts_set *remote, struct diag *why)
{
	struct place *pl = place_of(l);
	struct verdict v = look(p, l, local, remote);
	enum cyg_err err = check_known(l, local, remote, why);
	struct wanted w;
	struct claims c;

	if (err)
		return err;
	if (v.against) {
		refuse(v.against, why);
		return CYG_CONFLICT;
	}
	err = place_check_route(p, pl, remote, why);
	if (!err)
		err = place_check_ways(p, pl, local, remote, why);
	if (err)
		return err;
	err = l->spd == SPD_PROTECT ? want_besides(l, local, remote, &w)
				    : wanted_copy(&w, local, remote);
	if (!err && l->spd == SPD_PROTECT && !is_free(p, pl, &w, &v)) {
		wanted_done(&w);
		err = wanted_copy(&w, local, remote);
	}
	if (err)
		return err;
	err = make_claims(p, pl, &w, &c);
	if (err) {
		wanted_done(&w);
		return err;
	}
	take_claims(p, pl, &c, v.tie);
	ts_set_done(&l->spd_local);
	ts_set_done(&l->spd_remote);
	l->spd_local = w.local;
	l->spd_remote = w.remote;
	return CYG_OK;
}
