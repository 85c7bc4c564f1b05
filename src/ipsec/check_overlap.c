/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check_overlap.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MAX 64 /* enclosing claims looked at for one claim */

/* One network of a peer's, with the networks of ours that it is to be reached from. */
struct claim {
	struct ip_prefix net;
	const struct connection *conn; /* a reference */
	size_t order;                  /* of adding: the file's */
	int local;
};

static bool has_room(struct overlap *o)
{
	struct claim *bigger = array_grow(o->claims, o->len, &o->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	o->claims = bigger;
	return true;
}

void overlap_add(struct overlap *o, const struct connection *conn, int local)
{
	const struct end *them = &conn->end[!local];

	if (conn->type != CONN_TUNNEL || them->host.kind == HOST_GROUP)
		return;
	for (size_t i = 0; i < them->subnets_len; i++) {
		if (!has_room(o)) {
			o->lost++;
			return;
		}
		o->claims[o->len] = (struct claim){.net = them->subnets[i],
						   .conn = connection_ref(conn),
						   .order = o->len,
						   .local = local};
		o->len++;
	}
}

void overlap_done(struct overlap *o)
{
	for (size_t i = 0; i < o->len; i++)
		connection_unref(o->claims[i].conn);
	free(o->claims);
	memset(o, 0, sizeof(*o));
}

/* By address, the wider network first: what encloses a claim stands before it. */
static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int by_addr = ip_compare(&x->net.addr, &y->net.addr);

	if (by_addr)
		return by_addr;
	if (x->net.bits != y->net.bits)
		return x->net.bits < y->net.bits ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Whoever it is, the packets can go to one of the addresses only. */
static bool two_addresses(const struct end *a, const struct end *b)
{
	return a->host.kind == HOST_ADDR && b->host.kind == HOST_ADDR && !a->host.others &&
	       !b->host.others && !ip_equal(&a->host.addr, &b->host.addr);
}

static bool same_peer(const struct claim *x, const struct claim *y)
{
	const struct end *a = &x->conn->end[!x->local], *b = &y->conn->end[!y->local];

	if (x->conn == y->conn)
		return true;
	if (a->id || b->id)
		return ident_equal(a->id, b->id) && !two_addresses(a, b);
	return host_equal(&a->host, &b->host);
}

static bool ports_meet(const struct end *a, const struct end *b)
{
	if (a->proto && b->proto && a->proto != b->proto)
		return false;
	return !a->port || !b->port || a->port == b->port;
}

/* Marks and interfaces tell packets apart, whatever their addresses are. */
static bool scopes_part(const struct described_scope *a, const struct described_scope *b)
{
	if (!described_scope_equal(a, b))
		return true;
	for (int dir = SA_IN; dir <= SA_OUT; dir++)
		if (a->mark[dir].own || a->if_id[dir].own)
			return true;
	return false;
}

/* Their own networks meet: else packets are told apart by their source. */
static bool own_meet(const struct claim *x, const struct claim *y)
{
	const struct end *a = &x->conn->end[x->local], *b = &y->conn->end[y->local];
	struct ip_range both;

	if (scopes_part(&x->conn->scope, &y->conn->scope) || !ports_meet(a, b) ||
	    !ports_meet(&x->conn->end[!x->local], &y->conn->end[!y->local]))
		return false;
	if (!a->subnets_len || !b->subnets_len)
		return a->subnets_len == b->subnets_len;
	for (size_t i = 0; i < a->subnets_len; i++) {
		struct ip_range ra = prefix_range(&a->subnets[i]);

		for (size_t k = 0; k < b->subnets_len; k++) {
			struct ip_range rb = prefix_range(&b->subnets[k]);

			if (range_intersect(&ra, &rb, &both))
				return true;
		}
	}
	return false;
}

/*
 * How what one connection means lies to what another one does: the bits of both stand for part of
 * it inside and part of it around.
 */
enum { ALIKE, INSIDE, AROUND, ACROSS };

/* Whether each network of `a` lies in one of `b`. */
static bool all_inside(const struct end *a, const struct end *b)
{
	for (size_t i = 0; i < a->subnets_len; i++) {
		bool inside = false;

		for (size_t k = 0; k < b->subnets_len && !inside; k++)
			inside = a->subnets[i].bits >= b->subnets[k].bits &&
				 prefix_contains(&b->subnets[k], &a->subnets[i].addr);
		if (!inside)
			return false;
	}
	return true;
}

/* Of their own networks, which meet. */
static unsigned own_relation(const struct end *a, const struct end *b)
{
	bool inside = all_inside(a, b), around = all_inside(b, a);

	if (inside)
		return around ? ALIKE : INSIDE;
	return around ? AROUND : ACROSS;
}

/* Of protocols or ports, which meet; 0 is any. */
static unsigned number_relation(unsigned a, unsigned b)
{
	if (a == b)
		return ALIKE;
	return b ? AROUND : INSIDE;
}

static unsigned ports_relation(const struct end *a, const struct end *b)
{
	return number_relation(a->proto, b->proto) | number_relation(a->port, b->port);
}

/* `inner` has the same remote network as `outer`, or one inside it. */
static unsigned relation(const struct claim *inner, const struct claim *outer)
{
	const struct end *a = inner->conn->end, *b = outer->conn->end;
	unsigned remote = prefix_equal(&inner->net, &outer->net) ? ALIKE : INSIDE;

	return remote | own_relation(&a[inner->local], &b[outer->local]) |
	       ports_relation(&a[inner->local], &b[outer->local]) |
	       ports_relation(&a[!inner->local], &b[!outer->local]);
}

/* Packets that both mean, of which neither's selectors hold the other's. */
static void tell_across(const struct claim *outer, const struct claim *inner, overlap_tell tell,
			void *ctx)
{
	char net[IP_TEXT_MAX], wide[IP_TEXT_MAX];
	struct diag d;

	diag_set(
		&d, "overlap-across", NULL,
		"conn %s: conn %s (%s) means some of the packets to %s, too, and neither's are a "
		"part of the other's: which one has them is easily mistaken",
		inner->conn->name, outer->conn->name, prefix_print(&outer->net, wide),
		prefix_print(&inner->net, net));
	diag_hint(&d, "make networks, protocols and ports of one of them lie within the "
		      "other's, or keep them apart");
	tell(ctx, PROBLEM_WARNING, inner->conn, outer->conn, !inner->local, &d);
}

/* The same network of the peers', and one of them means it from a part of this side alone. */
static void tell_part(const struct claim *whole, const struct claim *part, overlap_tell tell,
		      void *ctx)
{
	char net[IP_TEXT_MAX];
	struct diag d;

	diag_set(&d, "overlap-inside", NULL,
		 "conn %s: what it means of the packets to %s is a part of conn %s's, and goes "
		 "first",
		 part->conn->name, prefix_print(&part->net, net), whole->conn->name);
	tell(ctx, PROBLEM_NOTE, part->conn, whole->conn, !part->local, &d);
}

static void tell_of(const struct claim *outer, const struct claim *inner, overlap_tell tell,
		    void *ctx)
{
	char net[IP_TEXT_MAX], wide[IP_TEXT_MAX];
	struct diag d;

	unsigned how = relation(inner, outer);

	prefix_print(&inner->net, net);
	prefix_print(&outer->net, wide);
	if (how == ACROSS) {
		tell_across(outer, inner, tell, ctx);
	} else if (how == ALIKE) {
		diag_set(
			&d, "overlap-same", NULL,
			"conn %s: its peer's network %s is another peer's too, or the same one's "
			"at another address, in conn %s",
			inner->conn->name, net, outer->conn->name);
		diag_hint(&d, "only one of them can have the packets: narrow one of the "
			      "networks");
		tell(ctx, PROBLEM_WARNING, inner->conn, outer->conn, !inner->local, &d);
	} else if (prefix_equal(&outer->net, &inner->net)) {
		tell_part(how == INSIDE ? outer : inner, how == INSIDE ? inner : outer, tell,
			  ctx);
	} else {
		diag_set(&d, "overlap-inside", NULL,
			 "conn %s: its peer's network %s lies inside %s of conn %s, and goes "
			 "first",
			 inner->conn->name, net, wide, outer->conn->name);
		tell(ctx, PROBLEM_NOTE, inner->conn, outer->conn, !inner->local, &d);
	}
}

/* How packets are led to a connection's networks. */
enum way {
	WAY_NONE, /* they are not */
	WAY_OF_PEER,
	WAY_OF_INTERFACE,
};

static enum way way_of(const struct connection *c)
{
	if (c->vti)
		return c->vti_unrouted ? WAY_NONE : WAY_OF_INTERFACE;
	return c->scope.interface ? WAY_OF_INTERFACE : WAY_OF_PEER;
}

/* A destination has one route, and the second of two connections that differ there is refused. */
static void tell_way(const struct claim *a, const struct claim *b, overlap_tell tell, void *ctx)
{
	enum way way = way_of(a->conn), other = way_of(b->conn);
	const struct claim *linked = way == WAY_OF_INTERFACE ? a : b;
	const struct claim *plain = linked == a ? b : a;
	char net[IP_TEXT_MAX];
	struct diag d;

	if (way == other || way == WAY_NONE || other == WAY_NONE ||
	    !prefix_equal(&a->net, &b->net))
		return;
	diag_set(
		&d, "overlap-way", NULL,
		"conn %s: it goes to %s through an interface, and conn %s without one: only one of "
		"them can be up",
		linked->conn->name, prefix_print(&a->net, net), plain->conn->name);
	diag_hint(&d, "give both the same interface, or different networks");
	tell(ctx, PROBLEM_WARNING, b->conn, a->conn, !b->local, &d);
}

static bool encloses(const struct claim *outer, const struct claim *inner)
{
	return outer->net.bits <= inner->net.bits &&
	       prefix_contains(&outer->net, &inner->net.addr);
}

void overlap_find(struct overlap *o, overlap_tell tell, void *ctx)
{
	const struct claim **open = calloc(o->len + 1, sizeof(const struct claim *));
	size_t depth = 0;

	if (!open) {
		o->lost++;
		return;
	}
	if (o->len)
		qsort(o->claims, o->len, sizeof(*o->claims), compare);
	for (size_t i = 0; i < o->len; i++) {
		const struct claim *c = &o->claims[i];

		while (depth && !encloses(open[depth - 1], c))
			depth--;
		for (size_t k = depth; k-- && depth - k <= LOOK_MAX;)
			tell_way(open[k], c, tell, ctx);
		for (size_t k = depth; k-- && depth - k <= LOOK_MAX;) {
			if (same_peer(open[k], c) || !own_meet(open[k], c))
				continue;
			tell_of(open[k], c, tell, ctx);
			break;
		}
		open[depth++] = c;
	}
	free(open);
}
