/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check_clash.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* One pair of networks, with what narrows it. */
struct clash_pair {
	struct ip_prefix local, remote;
	uint8_t proto;
	uint16_t local_port, remote_port;
	const struct connection *conn; /* a reference */
	size_t order;                  /* of adding: the file's */
	int end;                       /* the peer's */
};

/* One peer at one address. */
struct clash_peer {
	const struct ident *me, *peer; /* references */
	uint64_t hash;                 /* of both; equal identities have equal ones */
	struct ip_addr addr;
	const struct connection *conn; /* a reference */
	size_t order;
	int end;
};

static bool is_shunt(const struct connection *c)
{
	return c->type > CONN_TRANSPORT;
}

/* Room for one more of `size` octets; false, and counted, when memory is short. */
static bool make_room(struct clash *c, void **items, size_t len, size_t *cap, size_t size)
{
	void *bigger = array_grow(*items, len, cap, size);

	if (!bigger) {
		c->lost++;
		return false;
	}
	*items = bigger;
	return true;
}

/* ---- selectors ---- */

#define ALL 2 /* all addresses of both families */

/* The networks of an end: those described, or itself, or of a shunt's %any all there are. */
static const struct ip_prefix *nets_of(const struct connection *conn, int which,
				       const struct clash_facts *f, struct ip_prefix own[ALL],
				       size_t *ret_len)
{
	const struct end *e = &conn->end[which];
	const struct ip_addr *addr = f->addr[which];

	*ret_len = e->subnets_len;
	if (e->subnets_len)
		return e->subnets;
	if (addr && ip_is_set(addr)) {
		own[0] = prefix_of(addr, ip_bits(addr));
		*ret_len = 1;
	} else if (is_shunt(conn) && e->host.kind == HOST_ANY) {
		own[0] = (struct ip_prefix){.addr.family = IP_V4};
		own[1] = (struct ip_prefix){.addr.family = IP_V6};
		*ret_len = ALL;
	}
	return own;
}

static void add_pair(struct clash *c, const struct connection *conn, int local,
		     const struct ip_prefix *ours, const struct ip_prefix *theirs)
{
	const struct end *us = &conn->end[local], *them = &conn->end[!local];
	void *items = c->pairs;

	if (ours->addr.family != theirs->addr.family ||
	    !make_room(c, &items, c->pairs_len, &c->pairs_cap, sizeof(*c->pairs)))
		return;
	c->pairs = items;
	c->pairs[c->pairs_len] = (struct clash_pair){
		.local = *ours,
		.remote = *theirs,
		.proto = us->proto ? us->proto : them->proto,
		.local_port = us->port,
		.remote_port = them->port,
		.conn = connection_ref(conn),
		.order = c->pairs_len,
		.end = !local,
	};
	c->pairs_len++;
}

static void add_pairs(struct clash *c, const struct connection *conn,
		      const struct clash_facts *f)
{
	struct ip_prefix own[ALL], peers[ALL];
	size_t ours_len, theirs_len;
	const struct ip_prefix *ours = nets_of(conn, f->local, f, own, &ours_len);
	const struct ip_prefix *theirs = nets_of(conn, !f->local, f, peers, &theirs_len);

	for (size_t i = 0; i < ours_len; i++)
		for (size_t k = 0; k < theirs_len; k++)
			add_pair(c, conn, f->local, &ours[i], &theirs[k]);
	c->shunts |= is_shunt(conn);
}

static int by_number(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_selectors(const struct clash_pair *x, const struct clash_pair *y)
{
	const int differences[] = {
		ip_compare(&x->remote.addr, &y->remote.addr),
		by_number(x->remote.bits, y->remote.bits),
		ip_compare(&x->local.addr, &y->local.addr),
		by_number(x->local.bits, y->local.bits),
		by_number(x->proto, y->proto),
		by_number(x->local_port, y->local_port),
		by_number(x->remote_port, y->remote_port),
	};

	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (differences[i])
			return differences[i];
	return 0;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct clash_pair *x = a, *y = b;
	int selectors = compare_selectors(x, y);

	return selectors ? selectors : by_number(x->order, y->order);
}

static const char *deed(const struct connection *c)
{
	static const char *const deeds[] = {
		[CONN_PASS] = "lets pass",
		[CONN_DROP] = "drops",
		[CONN_REJECT] = "rejects",
	};

	return is_shunt(c) ? deeds[c->type] : "protects";
}

static void tell_pair(const struct clash_pair *first, const struct clash_pair *p,
		      clash_tell tell, void *ctx)
{
	char ours[IP_TEXT_MAX], theirs[IP_TEXT_MAX];
	struct diag d;

	diag_set(
		&d, "clash-shunt", NULL,
		"conn %s %s packets between %s and %s, which conn %s %s: only one of the two can be "
		"in force",
		p->conn->name, deed(p->conn), prefix_print(&p->local, ours),
		prefix_print(&p->remote, theirs), first->conn->name, deed(first->conn));
	diag_hint(&d, "give one of them other networks or a protoport=, or auto=ignore");
	tell(ctx, p->conn, first->conn, "subnet", p->end, &d);
}

/* Of equal selectors, the first connection in the file has them. */
static void find_pairs(struct clash *c, clash_tell tell, void *ctx)
{
	const struct clash_pair *first = NULL;

	if (!c->shunts)
		return;
	qsort(c->pairs, c->pairs_len, sizeof(*c->pairs), compare_pairs);
	for (size_t i = 0; i < c->pairs_len; i++) {
		const struct clash_pair *p = &c->pairs[i];

		if (!first || compare_selectors(first, p))
			first = p;
		else if (p->conn != first->conn && (is_shunt(p->conn) || is_shunt(first->conn)))
			tell_pair(first, p, tell, ctx);
	}
}

/* ---- identities ---- */

static void add_peer(struct clash *c, const struct connection *conn,
		     const struct clash_facts *f)
{
	static const struct hash_key key; /* whoever wrote the file may choose the hashes */
	const struct end *them = &conn->end[!f->local];
	void *items = c->peers;

	if (is_shunt(conn) || !f->unique_ids || !conn->unique_ids || !f->me || !them->id ||
	    them->id->wildcards || them->id->type == ID_ANY || them->host.kind != HOST_ADDR ||
	    them->host.others ||
	    !make_room(c, &items, c->peers_len, &c->peers_cap, sizeof(*c->peers)))
		return;
	c->peers = items;
	c->peers[c->peers_len] = (struct clash_peer){
		.me = ident_ref(f->me),
		.peer = ident_ref(them->id),
		.hash = ident_hash(&key, them->id) ^ ident_hash(&key, f->me) << 1,
		.addr = them->host.addr,
		.conn = connection_ref(conn),
		.order = c->peers_len,
		.end = !f->local,
	};
	c->peers_len++;
}

static int compare_ids(const struct ident *a, const struct ident *b)
{
	char x[IDENT_TEXT_MAX], y[IDENT_TEXT_MAX];

	if (a == b || ident_equal(a, b))
		return 0;
	return strcmp(ident_print(a, x, sizeof(x)), ident_print(b, y, sizeof(y)));
}

/* The hash alone tells nearly all apart. */
static int compare_identities(const struct clash_peer *x, const struct clash_peer *y)
{
	int by_peer = x->hash < y->hash ? -1 : x->hash > y->hash;

	if (by_peer)
		return by_peer;
	by_peer = compare_ids(x->peer, y->peer);

	return by_peer ? by_peer : compare_ids(x->me, y->me);
}

static int compare_peers(const void *a, const void *b)
{
	const struct clash_peer *x = a, *y = b;
	int identities = compare_identities(x, y);

	return identities ? identities : by_number(x->order, y->order);
}

static void tell_peer(const struct clash_peer *first, const struct clash_peer *p,
		      clash_tell tell, void *ctx)
{
	char id[IDENT_TEXT_MAX], here[IP_TEXT_MAX], there[IP_TEXT_MAX];
	struct diag d;

	diag_set(&d, "clash-identity", NULL,
		 "conn %s: its peer is %s at %s, which conn %s has at %s: when one comes up, "
		 "the other is taken down (uniqueids=yes)",
		 p->conn->name, ident_print(p->peer, id, sizeof(id)), ip_print(&p->addr, here),
		 first->conn->name, ip_print(&first->addr, there));
	diag_hint(&d, "give each peer an id of its own, or, if it is one peer with two "
		      "addresses, write uniqueids=no in both");
	tell(ctx, p->conn, first->conn, "id", p->end, &d);
}

static void find_peers(struct clash *c, clash_tell tell, void *ctx)
{
	const struct clash_peer *first = NULL;

	if (c->peers_len)
		qsort(c->peers, c->peers_len, sizeof(*c->peers), compare_peers);
	for (size_t i = 0; i < c->peers_len; i++) {
		const struct clash_peer *p = &c->peers[i];

		if (!first || compare_identities(first, p))
			first = p;
		else if (!ip_equal(&p->addr, &first->addr))
			tell_peer(first, p, tell, ctx);
	}
}

/* ---- both ---- */

void clash_add(struct clash *c, const struct connection *conn, const struct clash_facts *f)
{
	if (conn->end[!f->local].host.kind == HOST_GROUP)
		return;
	add_pairs(c, conn, f);
	add_peer(c, conn, f);
}

void clash_find(struct clash *c, clash_tell tell, void *ctx)
{
	find_pairs(c, tell, ctx);
	find_peers(c, tell, ctx);
}

void clash_done(struct clash *c)
{
	for (size_t i = 0; i < c->pairs_len; i++)
		connection_unref(c->pairs[i].conn);
	for (size_t i = 0; i < c->peers_len; i++) {
		ident_unref(c->peers[i].me);
		ident_unref(c->peers[i].peer);
		connection_unref(c->peers[i].conn);
	}
	free(c->pairs);
	free(c->peers);
	memset(c, 0, sizeof(*c));
}
