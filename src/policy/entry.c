/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the plane for a place: its entry in one of the states of enum
 * spd_state, and beneath an entry that was narrowed a trap for the rest of what
 * is routed, so that nothing of it leaves in clear.
 */
#include "policy/db.h"

#include <stdio.h>
#include <string.h>

/* ---- order ---- */

/* The length of the shortest prefix that holds a range, with IPv4 counted as if it were IPv6. */
static unsigned cover_bits(const struct ip_range *r)
{
	unsigned bits = ip_bits(&r->first), same = 0;

	while (same < bits &&
	       !((r->first.octets[same / 8] ^ r->last.octets[same / 8]) & (0x80 >> same % 8)))
		same++;
	return 128 - bits + same;
}

static unsigned least_bits(const struct ts_set *s)
{
	unsigned least = s->len ? 128 : 0;

	for (size_t i = 0; i < s->len; i++) {
		unsigned bits = cover_bits(&s->items[i].range);

		least = bits < least ? bits : least;
	}
	return least;
}

/* 0: some item takes any port; 1: several; 2: one each. */
static unsigned port_rank(const struct ts_set *s)
{
	unsigned least = s->len ? 2 : 0;

	for (size_t i = 0; i < s->len; i++) {
		const struct ts *t = &s->items[i];
		bool any = t->port_first == 0 && t->port_last == UINT16_MAX;
		unsigned rank = any ? 0 : t->port_first == t->port_last ? 2 : 1;

		least = rank < least ? rank : least;
	}
	return least;
}

static unsigned proto_rank(const struct ts_set *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (!s->items[i].proto)
			return 0;
	return s->len > 0;
}

/* The order among entries: narrow selectors first, then by turn, which has TIE_BITS and two more. */
static uint32_t entry_priority(const struct ts_set *local, const struct ts_set *remote,
			       uint32_t turn)
{
	unsigned ports = port_rank(local) + port_rank(remote);   /* 0..4 */
	unsigned proto = proto_rank(local) | proto_rank(remote); /* 0..1 */
	unsigned bits = least_bits(local) + least_bits(remote);  /* 0..256 */
	uint32_t narrow = (ports * 2 + proto) * 257 + bits;      /* below 2^12 */

	return (UINT32_C(4095) - narrow) << 20 | turn;
}

/* Of equal selectors tunnels come first, then what waits for a packet or stops it, then templates. */
enum rank { RANK_TUNNEL, RANK_WAITING, RANK_BENEATH };

static uint32_t turn_of(const struct place *pl, bool carries)
{
	enum rank rank = is_beneath(&pl->l) ? RANK_BENEATH
			 : carries          ? RANK_TUNNEL
					    : RANK_WAITING;

	return (uint32_t)rank << TIE_BITS | pl->tie;
}

uint32_t place_turn(const struct place *pl)
{
	return turn_of(pl, pl->l.spd == SPD_PROTECT);
}

/* ---- actions ---- */

static const uint8_t shunt_kinds[] = {
	[SHUNT_NONE] = POLICY_DROP,     [SHUNT_PASS] = POLICY_PASS, [SHUNT_DROP] = POLICY_DROP,
	[SHUNT_REJECT] = POLICY_REJECT, [SHUNT_HOLD] = POLICY_HOLD,
};

static const uint8_t type_kinds[] = {
	[CONN_PASS] = POLICY_PASS,
	[CONN_DROP] = POLICY_DROP,
	[CONN_REJECT] = POLICY_REJECT,
};

static enum policy_kind kind_of(const struct connection *c, enum spd_state s)
{
	switch (s) {
	case SPD_PROTECT:
		return POLICY_PROTECT;
	case SPD_TRAP:
		return POLICY_TRAP;
	case SPD_HOLD:
		return c->negotiation_shunt == SHUNT_NONE
			       ? POLICY_HOLD
			       : (enum policy_kind)shunt_kinds[c->negotiation_shunt];
	case SPD_SHUNT:
		return is_shunt(c) ? (enum policy_kind)type_kinds[c->type] : POLICY_DROP;
	default:
		return (enum policy_kind)shunt_kinds[c->failure_shunt];
	}
}

struct packet_scope policy_scope(const struct loaded *l, enum sa_dir dir)
{
	return scope_of(&l->connection->scope, l->policy_id, dir);
}

static struct plane_link vti_of(const struct loaded *l, const struct end *us)
{
	const struct connection *c = l->connection;
	struct plane_link link = {
		.kind = LINK_VTI,
		.address = us->vti,
		.in_key = policy_scope(l, SA_IN).mark.value,
		.out_key = policy_scope(l, SA_OUT).mark.value,
		.local = l->local_addr,
		.remote = c->vti_shared ? (struct ip_addr){0} : l->remote_addr,
	};

	strncpy(link.name, c->vti, sizeof(link.name) - 1);
	return link;
}

/* The interface that its packets go through. */
static struct plane_link link_of(const struct loaded *l)
{
	const struct connection *c = l->connection;
	const struct end *us = &c->end[l->local > 0];
	struct plane_link link = {
		.kind = LINK_XFRM,
		.address = us->interface_ip,
		.if_id = c->scope.interface,
	};

	if (c->vti)
		return vti_of(l, us);
	if (!c->scope.interface)
		return (struct plane_link){.kind = LINK_NONE};
	scope_interface_name(c->scope.interface, link.name, sizeof(link.name));
	return link;
}

void policy_link_name(const struct loaded *l, char ret[LINK_NAME_MAX])
{
	memcpy(ret, link_of(l).name, LINK_NAME_MAX);
}

struct entry {
	enum policy_kind kind;
	const struct ts_set *local, *remote;
	bool rest;
};

/* The rest of an entry that was narrowed comes behind it, where the connection says its own, too. */
static uint32_t priority_of(const struct place *pl, const struct entry *e)
{
	uint32_t own = pl->l.connection->priority;

	if (!own)
		return entry_priority(e->local, e->remote,
				      turn_of(pl, e->kind == POLICY_PROTECT));
	return e->rest && own < UINT32_MAX ? own + 1 : own;
}

/*
 * Where packets go in clear when nobody answers, they come so, too: a host that speaks first in clear
 * would otherwise never be heard.
 */
static bool lets_clear_in(const struct connection *c, enum policy_kind kind)
{
	return (kind == POLICY_TRAP || kind == POLICY_HOLD) && c->failure_shunt == SHUNT_PASS;
}

static void set_entry(const struct place *pl, const struct entry *e, uint32_t op,
		      struct actions *out)
{
	const struct loaded *l = &pl->l;
	struct plane_policy *record = actions_alloc(out, sizeof(*record));
	struct action *a = record ? actions_add(out, ACT_POLICY_SET) : NULL;

	if (!a)
		return;
	*record = (struct plane_policy){
		.id = l->policy_id | e->rest,
		.kind = (uint8_t)e->kind,
		.protocol = l->connection->protects,
		.compress = l->compressed && e->kind == POLICY_PROTECT,
		.spread = l->spread && e->kind == POLICY_PROTECT,
		.mode = connection_mode(l->connection),
		.reqid = l->reqid,
		.clear_in = lets_clear_in(l->connection, e->kind),
		.priority = priority_of(pl, e),
		.scope = {policy_scope(l, SA_IN), policy_scope(l, SA_OUT)},
		.ts_local = actions_ts_set(out, e->local),
		.ts_remote = actions_ts_set(out, e->remote),
		.local.addr = l->local_addr,
		.remote.addr = l->remote_addr,
		.link = link_of(l),
		.offload = l->connection->offload,
	};
	a->op = op;
	a->policy = record;
}

static void remove_entry(uint32_t id, struct actions *out)
{
	struct action *a = actions_add(out, ACT_POLICY_REMOVE);

	if (a)
		a->remove_id = id;
}

static void remove_rest(struct place *pl, struct actions *out)
{
	if (pl->rest_stands)
		remove_entry(pl->l.policy_id | 1, out);
	pl->rest_stands = false;
}

/* The one place that changes l->spd. */
static void enter(struct policy *p, struct loaded *l, enum spd_state s)
{
	p->active -= l->spd == SPD_PROTECT;
	p->active += s == SPD_PROTECT;
	p->shunts -= l->spd != SPD_PROTECT && l->spd != SPD_NONE;
	p->shunts += s != SPD_PROTECT && s != SPD_NONE;
	if (l->spd != s)
		l->spd_since = p->now;
	p->force_changes += !l->instance && (l->spd == SPD_NONE) != (s == SPD_NONE);
	l->spd = (uint8_t)s;
}

static void withdraw(struct policy *p, struct place *pl, struct actions *out)
{
	struct loaded *l = &pl->l;

	if (pl->stands)
		remove_entry(l->policy_id, out);
	pl->stands = pl->moved = false;
	remove_rest(pl, out);
	place_route(p, pl, NULL, out);
	place_unclaim(p, pl);
	ts_set_done(&l->spd_local);
	ts_set_done(&l->spd_remote);
	enter(p, l, SPD_NONE);
}

/*
 * What packets of this kind need the plane for. A shunt has no route of its
 * own: a plane steers what it must drop or reject, and what passes goes as ever.
 */
static bool is_steered(const struct connection *c, enum policy_kind kind)
{
	if (c->vti && c->vti_unrouted)
		return false;
	return kind == POLICY_PROTECT || kind == POLICY_TRAP || kind == POLICY_HOLD;
}

/*
 * While routed, all of the connection's own selectors must be met by something; but before
 * an end had its address they were a guess.
 */
static bool leaves_a_rest(const struct loaded *l, const struct entry *e)
{
	return l->routed && !connection_is_open(l->connection) && e->kind == POLICY_PROTECT &&
	       !(ts_set_contains(e->local, &l->ts_local) &&
		 ts_set_contains(e->remote, &l->ts_remote));
}

/* Back from narrowed selectors to the connection's own. */
static void widen(struct policy *p, struct place *pl)
{
	place_claim_own(p, pl);
	ts_set_done(&pl->l.spd_local);
	ts_set_done(&pl->l.spd_remote);
}

void policy_set_spd(struct policy *p, struct loaded *l, enum spd_state s, uint32_t op,
		    struct actions *out)
{
	struct place *pl = place_of(l);
	struct entry own = {POLICY_TRAP, &l->ts_local, &l->ts_remote, true};
	struct entry e = {kind_of(l->connection, s), &l->ts_local, &l->ts_remote, false};
	bool rest;

	if (s == SPD_NONE) {
		withdraw(p, pl, out);
		return;
	}
	if (s != SPD_PROTECT) {
		widen(p, pl);
	} else if (l->spd_local.len && l->spd_remote.len) {
		e.local = &l->spd_local;
		e.remote = &l->spd_remote;
	}
	rest = leaves_a_rest(l, &e);
	/* What comes stands before what goes: nothing leaves in clear between them. */
	if (rest) {
		place_claim_rest(p, pl);
		set_entry(pl, &own, 0, out);
	}
	set_entry(pl, &e, op, out);
	pl->stands = true;
	pl->moved = false;
	if (rest)
		pl->rest_stands = true;
	else
		remove_rest(pl, out);
	enter(p, l, s);
	p->awaited = op != 0;
	place_route(p, pl,
		    !is_steered(l->connection, e.kind) ? NULL
		    : rest                             ? own.remote
						       : e.remote,
		    out);
	p->awaited = false;
}

uint32_t policy_entry_priority(const struct loaded *l)
{
	const struct place *pl = place_of(l);
	bool narrowed = l->spd == SPD_PROTECT && l->spd_local.len && l->spd_remote.len;
	struct entry e = {kind_of(l->connection, l->spd),
			  narrowed ? &l->spd_local : &l->ts_local,
			  narrowed ? &l->spd_remote : &l->ts_remote, false};

	return pl->stands ? priority_of(pl, &e) : 0;
}

bool policy_has_moved(const struct loaded *l)
{
	return place_of(l)->moved;
}

enum spd_state policy_resting(const struct loaded *l, bool failed)
{
	if (!l->routed)
		return SPD_NONE;
	if (is_shunt(l->connection) || l->connection->manual)
		return SPD_SHUNT;
	if (failed && (l->connection->failure_shunt != SHUNT_NONE || policy_is_group_peer(l)))
		return SPD_FAILED;
	return SPD_TRAP;
}
