/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from knowing which end is us: addresses, default identities,
 * selectors, and where the connection is found by its peer. Worked out anew
 * when a version is loaded, this host changes or a name's address comes.
 */
#include "conn/internal.h"
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

#define PORT_IKE 500
#define PROTO_ICMP 1
#define PROTO_ICMPV6 58
#define PROTO_MH 135

static bool has_types(uint8_t proto)
{
	return proto == PROTO_ICMP || proto == PROTO_ICMPV6 || proto == PROTO_MH;
}

/* RFC 7296 3.13.1: the type of an ICMP message stands in the upper half of the port. */
static void set_ports(struct ts *t, uint16_t port)
{
	if (!port)
		return;
	t->port_first = t->port_last = port;
	if (has_types(t->proto) && port <= UINT8_MAX) {
		t->port_first = (uint16_t)(port << 8);
		t->port_last = (uint16_t)(port << 8 | 0xff);
	}
}

static bool has_family(const struct end *e, const struct ip_addr *addr, enum ip_family family)
{
	for (size_t i = 0; i < e->subnets_len; i++)
		if (e->subnets[i].addr.family == family)
			return true;
	return !e->subnets_len && (!ip_is_set(addr) || addr->family == family);
}

/* To the protocol and port of the end, or of the group's line that has some. */
static void narrow(struct ts *t, const struct connection *c, int which,
		   const struct group_line *line)
{
	const struct end *e = &c->end[which];
	bool group = e->host.kind == HOST_GROUP;

	if (line && line->proto) {
		t->proto = line->proto;
		set_ports(t, group ? line->remote_port : line->local_port);
		return;
	}
	t->proto = e->proto ? e->proto : c->end[!which].proto;
	set_ports(t, e->port);
}

/* All addresses, of the families that the other end has: %any of a shunt. Returns how many. */
static size_t everything(const struct end *other, const struct ip_addr *addr,
			 struct ip_prefix ret[2])
{
	static const uint8_t families[] = {IP_V4, IP_V6};
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		if (has_family(other, addr, families[i]))
			ret[n++] = (struct ip_prefix){.addr.family = families[i]};
	return n;
}

static enum cyg_err add_selector(struct ts_set *s, const struct connection *c, int which,
				 struct ts t)
{
	narrow(&t, c, which, NULL);
	return ts_set_add(s, &t);
}

/*
 * An end whose side is an address that it is given: any, of the families that it asks
 * for; or any of the pool. Which one it is an IKE SA tells.
 */
static enum cyg_err internal_selectors(const struct connection *c, int which,
				       struct ts_set *ret)
{
	static const uint8_t families[] = {IP_V4, IP_V6};
	const struct end *e = &c->end[which];
	uint8_t asks = e->pool_name ? ASK_V4 | ASK_V6 : connection_asks(c, which);
	enum cyg_err err = CYG_OK;
	struct ts_set s = {0};

	for (const struct ip_range *r = e->pools; r && ip_is_set(&r->first) && !err; r++)
		err = add_selector(&s, c, which, ts_of_range(r));
	for (size_t i = 0; i < 2 && !e->pools && !err; i++) {
		struct ip_prefix all = {.addr.family = families[i]};

		if (asks & (families[i] == IP_V6 ? ASK_V6 : ASK_V4))
			err = add_selector(&s, c, which, ts_of_prefix(&all));
	}
	if (err)
		ts_set_done(&s);
	else
		*ret = s;
	return err;
}

/* %dynamic beside networks: an address of its pool, or the end itself. */
static enum cyg_err own_selectors(const struct connection *c, int which,
				  const struct ip_addr *addr, struct ts_set *ret)
{
	if (end_has_pool(&c->end[which]))
		return internal_selectors(c, which, ret);
	return ip_is_set(addr) ? add_selector(ret, c, which, ts_of_addr(addr)) : CYG_OK;
}

/* A shunt has no peer that chooses among them: all that the list has, whole families too. */
static enum cyg_err list_selectors(const struct connection *c, int which,
				   const struct ip_addr addr[2], struct ts_set *ret)
{
	const struct host *h = &c->end[which].host;
	enum cyg_err err = CYG_OK;
	struct ts_set s = {0};

	if (ip_is_set(&addr[which]) && h->kind != HOST_NETS)
		err = add_selector(&s, c, which, ts_of_addr(&addr[which]));
	for (size_t i = 0; i < h->others->len && !err; i++) {
		const struct host_other *o = &h->others->items[i];

		if (!o->name &&
		    has_family(&c->end[!which], &addr[!which], o->range.first.family))
			err = add_selector(&s, c, which, ts_of_range(&o->range));
	}
	if (err)
		ts_set_done(&s);
	else
		*ret = s;
	return err;
}

/*
 * The networks of an end, or else the end itself; of a shunt also anybody. A
 * protocol said at one end holds at both.
 */
static enum cyg_err end_selectors(const struct connection *c, int which,
				  const struct ip_addr addr[2], const struct group_line *line,
				  struct ts_set *ret)
{
	const struct end *e = &c->end[which];
	struct ip_prefix one[2] = {prefix_of(&addr[which], ip_bits(&addr[which]))};
	const struct ip_prefix *nets = e->subnets_len ? e->subnets : one;
	size_t len = e->subnets_len ? e->subnets_len : ip_is_set(&addr[which]);
	enum cyg_err err = CYG_OK;
	struct ts_set s = {0};

	if (!len && is_shunt(c) && e->host.kind == HOST_ANY)
		len = everything(&c->end[!which], &addr[!which], one);
	if (!len && line && e->host.kind == HOST_GROUP)
		one[len++] = line->net;
	if (!e->subnets_len && is_shunt(c) && e->host.others)
		return list_selectors(c, which, addr, ret);
	if (e->dynamic)
		err = own_selectors(c, which, &addr[which], &s);
	for (size_t i = 0; i < len && !err; i++) {
		struct ts t = ts_of_prefix(&nets[i]);

		if (line && nets[i].addr.family != line->net.addr.family)
			continue;
		narrow(&t, c, which, line);
		err = ts_set_add(&s, &t);
	}
	if (err)
		ts_set_done(&s);
	else
		*ret = s;
	return err;
}

void policy_set_private(struct policy *p, const struct virtual_net *list)
{
	p->private = list;
}

/* Nobody claims what is behind our own end, unless that is everything. */
static bool is_ours(const struct loaded *l, const struct ip_range *range)
{
	struct ip_range common;
	struct ip_prefix net;

	for (size_t i = 0; i < l->ts_local.len; i++) {
		const struct ip_range *own = &l->ts_local.items[i].range;

		if (range_intersect(own, range, &common) &&
		    !(range_is_prefix(own, &net) && net.bits == 0))
			return true;
	}
	return false;
}

bool policy_virtual_allows(const struct policy *p, const struct loaded *l,
			   const struct ip_addr *peer, const struct ip_range *range)
{
	const struct virtual_nets *v = l->connection->end[!l->local].virtual;

	return v && !is_ours(l, range) && virtual_allows(v, p->private, peer, range);
}

static enum cyg_err end_identity(const struct end *e, const struct ip_addr *addr,
				 const struct ident **ret)
{
	if (!e->id && ip_is_set(addr))
		return ident_from_addr(addr, ret);
	*ret = ident_ref(e->id);
	return CYG_OK;
}

const struct ident *policy_end_identity(const struct loaded *l, int end)
{
	if (l->local < 0)
		return l->connection->end[end].id;
	return end == l->local ? l->local_id : l->remote_id;
}

/* What is worked out for both ends before any of it is put in force. */
struct worked_out {
	struct ts_set ts[2];
	const struct ident *id[2];
};

static void worked_out_done(struct worked_out *w)
{
	for (int i = 0; i < 2; i++) {
		ts_set_done(&w->ts[i]);
		ident_unref(w->id[i]);
	}
}

static enum cyg_err work_out(const struct connection *c, const struct ip_addr addr[2],
			     const struct group_line *line, struct worked_out *ret)
{
	struct worked_out w = {0};
	enum cyg_err err = CYG_OK;

	for (int i = 0; i < 2 && !err; i++) {
		if (connection_is_internal(c, i))
			err = internal_selectors(c, i, &w.ts[i]);
		else if (!c->end[i].virtual) /* else the peer says */
			err = end_selectors(c, i, addr, line, &w.ts[i]);
		if (!err)
			err = end_identity(&c->end[i], &addr[i], &w.id[i]);
	}
	if (err)
		worked_out_done(&w);
	else
		*ret = w;
	return err;
}

/* `local` as known, or 0: listings of what is not oriented show the left end as ours. */
static void put_in_force(struct loaded *l, const struct worked_out *w, int local)
{
	ts_set_done(&l->ts_local);
	ts_set_done(&l->ts_remote);
	ident_unref(l->local_id);
	ident_unref(l->remote_id);
	l->ts_local = w->ts[local];
	l->ts_remote = w->ts[!local];
	l->local_id = w->id[local];
	l->remote_id = w->id[!local];
}

static void index_peer(struct policy *p, struct place *pl)
{
	struct loaded *l = &pl->l;

	place_index_ends(p, pl);
	map_remove(&p->peers, &pl->by_peer);
	map_remove(&p->identities, &pl->by_identity);
	if (l->local < 0 || !connection_negotiates(l->connection) || l->group || l->is_group ||
	    (!ip_is_set(&l->remote_addr) &&
	     !host_is_anybody(&l->connection->end[!l->local].host)))
		return;
	map_add(&p->peers, &pl->by_peer, peer_hash(p, &l->local_addr, &l->remote_addr));
	map_add(&p->identities, &pl->by_identity,
		identity_hash(p, &l->local_addr, &l->remote_addr, l->remote_id));
}

static bool template_for_some_end(const struct connection *c, int local)
{
	if (!connection_negotiates(c))
		return false;
	if (local >= 0)
		return connection_is_template(c, local);
	return connection_is_template(c, 0) || connection_is_template(c, 1);
}

static bool unchanged(const struct loaded *l, const struct bearing *b)
{
	return l->local == b->local &&
	       (b->local < 0 || (ip_equal(&l->local_addr, &b->addr[b->local]) &&
				 ip_equal(&l->remote_addr, &b->addr[!b->local])));
}

static struct ip_addr addr_of(const struct bearing *b, int which)
{
	return b->local < 0 ? (struct ip_addr){0} : b->addr[which];
}

static void follow_template(struct policy *p, struct loaded *t);

/* A name that is still being looked up may turn out to be this host. */
static bool waits_for_name(const struct policy *p, const struct connection *c,
			   const struct bearing *b)
{
	const struct ip_addr *addrs;
	const char *name;

	for (int i = 0; i < 2; i++) {
		if (c->end[i].host.kind == HOST_NAME && !ip_is_set(&b->addr[i]))
			return true;
		for (size_t k = 0;
		     c->end[i].host.others && (name = host_name(&c->end[i].host, k)); k++)
			if (!dns_addrs(p, name, &addrs))
				return true;
	}
	return false;
}

void place_count_stray(struct policy *p, struct place *pl, bool is_stray)
{
	p->strays += is_stray;
	p->strays -= pl->is_stray;
	pl->is_stray = is_stray;
}

enum cyg_err place_orient(struct policy *p, struct place *pl, bool new_version)
{
	struct loaded *l = &pl->l;
	const struct connection *c = l->connection;
	struct bearing b = bearing_take(p, c);
	int local = b.local < 0 ? 0 : b.local;
	bool same = !new_version && unchanged(l, &b);
	struct spots spots;
	struct worked_out w;

	place_count_stray(p, pl,
			  b.kind == BEARING_NEITHER && !l->group && !waits_for_name(p, c, &b));
	if (same && !spots_has(c))
		return CYG_OK;
	if (!spots_make(p, pl, c, &b, &spots))
		return CYG_NOMEM;
	if (same) { /* but for further addresses of names */
		spots_take(p, pl, &spots);
		return CYG_OK;
	}
	if (b.local < 0)
		local = connection_group_end(c) == 0; /* whoever a group is, it is not us */
	if (work_out(c, b.addr, pl->net ? &pl->net->line : NULL, &w)) {
		spots_free(&spots);
		return CYG_NOMEM;
	}
	put_in_force(l, &w, local);
	pl->moved |= pl->stands;
	l->local = b.local;
	l->is_group = !l->group && connection_group_end(c) >= 0;
	l->is_template = template_for_some_end(c, b.local);
	l->local_addr = addr_of(&b, local);
	l->remote_addr = addr_of(&b, !local);
	l->remote_port = c->end[!local].ike_port ? c->end[!local].ike_port : PORT_IKE;
	index_peer(p, pl);
	spots_take(p, pl, &spots);
	if (!new_version)
		follow_template(p, l);
	return CYG_OK;
}

/* ---- instances ---- */

/* What is on our side is the one address that a packet came from. */
static enum cyg_err narrow_to(const struct ip_addr *own, struct ts_set *s)
{
	struct ts one = ts_of_addr(own);
	struct ts_set alone = {&one, 1}, narrow;

	if (!ip_is_set(own))
		return CYG_OK;
	if (ts_set_narrow(s, &alone, &narrow))
		return CYG_NOMEM;
	ts_set_done(s);
	*s = narrow;
	return CYG_OK;
}

static enum cyg_err orient_instance(struct loaded *l, int local, const struct ip_addr *ours)
{
	struct ip_addr addr[2];
	struct worked_out w;

	addr[local] = *ours;
	addr[!local] = ip_is_set(&l->client) ? l->client : l->remote_addr;
	if (work_out(l->connection, addr, policy_group_line(l->template_of), &w))
		return CYG_NOMEM;
	if (narrow_to(&l->own_client, &w.ts[local])) {
		worked_out_done(&w);
		return CYG_NOMEM;
	}
	ident_unref(w.id[!local]);
	w.id[!local] = ident_ref(l->remote_id);
	put_in_force(l, &w, local);
	l->local = (int8_t)local;
	l->local_addr = *ours;
	return CYG_OK;
}

enum cyg_err place_orient_instance(struct place *pl, const struct loaded *t,
				   const struct ip_addr *local, const struct endpoint *remote,
				   const struct ident *remote_id)
{
	struct loaded *l = &pl->l;

	l->remote_addr = remote->addr;
	l->remote_port = remote->port;
	l->remote_id = ident_ref(remote_id);
	return orient_instance(l, t->local < 0 ? 0 : t->local, local);
}

/* Our own end is several addresses, and the peer came to one of them that this host still has. */
static bool is_elsewhere_here(const struct policy *p, const struct loaded *l)
{
	const struct host *h = &l->connection->end[l->local].host;

	return h->others && host_is_here(p, &l->local_addr) && host_fit(p, h, &l->local_addr);
}

/* Instances go where their template's own end goes; while that is nowhere they stay as they are. */
static void follow_template(struct policy *p, struct loaded *t)
{
	if (t->local < 0)
		return;
	LIST_EACH(l, &t->instances, struct loaded, sibling) {
		if (l->connection != t->connection ||
		    ip_equal(&l->local_addr, &t->local_addr) || is_elsewhere_here(p, l))
			continue;
		if (orient_instance(l, t->local, &t->local_addr))
			l->local_addr = t->local_addr; /* no memory: it keeps its selectors */
		place_index_ends(p, place_of(l));
	}
}

/* ---- this host ---- */

static bool same_address(const struct host_address *a, const struct host_address *b)
{
	return ip_equal(&a->addr, &b->addr) && !strcmp(a->interface, b->interface) &&
	       a->realm == b->realm;
}

static bool same_host(const struct policy *p, const struct host_view *h)
{
	if (!p->host_known || p->own_len != h->addresses_len ||
	    !ip_equal(&p->host.default_v4.addr, &h->default_v4.addr) ||
	    !ip_equal(&p->host.default_v6.addr, &h->default_v6.addr))
		return false;
	for (size_t i = 0; i < p->own_len; i++)
		if (!same_address(&p->own[i].record, &h->addresses[i]))
			return false;
	return true;
}

static int compare_addrs(const void *a, const void *b)
{
	return ip_compare(a, b);
}

/* Those that a network of an end may mean; returns how many. */
static size_t sort_addrs(const struct host_view *h, struct ip_addr *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < h->addresses_len; i++)
		if (!ip_is_loopback(&h->addresses[i].addr))
			ret[n++] = h->addresses[i].addr;
	if (n)
		qsort(ret, n, sizeof(*ret), compare_addrs);
	return n;
}

static enum cyg_err copy_host(struct policy *p, const struct host_view *h)
{
	struct own_addr *own = NULL;
	struct ip_addr *sorted = NULL;

	if (h->addresses_len) {
		own = calloc(h->addresses_len, sizeof(*own));
		sorted = calloc(h->addresses_len, sizeof(*sorted));
		if (!own || !sorted) {
			free(own);
			free(sorted);
			return CYG_NOMEM;
		}
	}
	for (size_t i = 0; i < p->own_len; i++)
		map_remove(&p->own_addrs, &p->own[i].by_addr);
	free(p->own);
	free(p->sorted);
	p->own = own;
	p->own_len = h->addresses_len;
	p->sorted = sorted;
	p->sorted_len = sort_addrs(h, sorted);
	for (size_t i = 0; i < p->own_len; i++) {
		own[i].record = h->addresses[i];
		map_add(&p->own_addrs, &own[i].by_addr,
			hash_view(&p->key, ip_view(&own[i].record.addr)));
	}
	p->host = *h;
	p->host.addresses = NULL;
	p->host_known = true;
	return CYG_OK;
}

enum cyg_err policy_host_changed(struct policy *p, const struct host_view *h)
{
	enum cyg_err err = CYG_OK;

	if (same_host(p, h) && !p->left_behind)
		return CYG_OK;
	if (copy_host(p, h))
		return CYG_NOMEM;
	LIST_EACH(l, &p->all, struct loaded, all) {
		if (place_orient(p, place_of(l), false))
			err = CYG_NOMEM; /* this one stays as it was; the others go on */
	}
	p->left_behind = err;
	return err;
}
