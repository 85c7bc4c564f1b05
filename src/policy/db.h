/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_DB_H
#define POLICY_DB_H

#include "base/hash.h"
#include "base/map.h"
#include "base/tree.h"
#include "policy/policy.h"

/* The databases themselves; private to this room. */

/* One selector pair that a place holds in the SPD. */
struct claim {
	struct map_node by_pair;
	struct place *owner;
	struct ts local, remote;
};

/* The same of a place that lets pass in clear, found by the ends of its remote range. */
struct passage {
	struct tree_node by_first, by_last; /* in policy.passing_first, policy.passing_last */
	const struct claim *claim;
};

/* A destination that is routed, for one or several places; the first one's wishes count. */
struct route {
	struct map_node by_destination;
	struct tree_node of_way; /* of those that go the same way: policy.ways */
	struct list uses;
	struct plane_route record; /* as the plane has it */
	bool unsure;               /* nobody heard that: whoever waits for it asks again */
};

struct route_use {
	struct list of_route;
	struct route *route;
	struct place *place;
	struct route_use *next; /* of the same place */
};

/* Another name of a connection. */
struct alias {
	struct map_node by_name;
	struct place *place;
	const char *name; /* the version's */
};

#define TIE_BITS 18
#define TIE_FIRST ((UINT32_C(1) << TIE_BITS) - 1) /* of the first one; newcomers take less */

#define DNS_ADDRS_MAX 16 /* addresses of one name that are kept */

/* A DNS name that ends of connections have as their host. */
struct dns_name {
	struct map_node by_name;
	struct list uses, unasked; /* struct dns_use.of_name; in struct policy.unasked */
	struct ip_addr addrs[DNS_ADDRS_MAX];
	size_t addrs_len;
	char text[];
};

struct dns_use {
	struct list of_name;
	struct dns_name *name;
	struct place *place;
	struct dns_use *next; /* of the same place */
};

/* One network of a policy group. */
struct group_net {
	struct map_node by_net; /* in nets, by the network alone */
	struct list of_group;
	struct place *place;
	struct list asks_dns; /* in struct policy.asking, when it stands there for its group */
	struct group_line line;
	uint64_t round; /* of comparing with the file in which it was seen last */
};

/*
 * Where the peer of a connection may be whose ends are more than one host: by our own
 * address and the peer's network.
 */
struct spot {
	struct map_node by_net, by_identity; /* in spots; in spot_identities */
	struct place *place;
	struct ip_addr local; /* IP_NONE: more than one, of which host_fit tells */
	struct ip_prefix net; /* IP_NONE: %any */
	uint8_t closeness;    /* as conn/host.h has it; 0: %any */
};

struct spots {
	struct spot *items;
	size_t len;
};

/* Addresses that this host has for a place's sake, one of each family; IP_NONE: none. */
struct held {
	struct ip_addr addr[2];
};

/* What `struct loaded` is part of. */
struct place {
	struct loaded l;              /* first */
	struct map_node by_name;      /* in names; an instance: in numbers */
	struct map_node by_policy_id; /* in policy_ids */
	struct map_node by_peer;      /* in peers; an instance: in guests */
	struct map_node by_identity;  /* in identities; an instance: in no map */
	struct alias *aliases;
	size_t aliases_len;
	struct spots spots;
	struct dns_use *dns_uses;
	struct connection *awaited; /* the version that is to follow; NULL: none */
	struct dns_use *awaited_uses;
	struct list of_awaiting; /* in struct policy.awaiting, while there is one */
	struct pool *
		*pools; /* that its version names, ended by NULL; or NULL; an instance: none */
	struct claim *claims;
	size_t claims_len;
	struct passage *passages; /* of type=passthrough, one for each claim; else NULL */
	struct map_node by_end, by_pair; /* by our address, by both: policy.ends */
	struct route_use *route_uses;
	struct held held;
	struct group_net *net; /* what makes it a network of l.group; NULL */
	struct list nets;      /* of a group: struct group_net */
	size_t nets_len;
	uint32_t tie; /* orders entries of equal selectors and rank; 0: nothing is claimed */
	uint32_t instances_made;  /* of a template */
	bool stands, rest_stands; /* in the plane: its entry, and the trap beneath it */
	bool moved;               /* its ends are others than when its entry was set */
	bool is_stray;            /* and counted so */
};

struct own_addr {
	struct map_node by_addr;
	struct host_address record;
};

struct policy {
	const struct entropy *entropy;
	struct hash_key key;
	uint64_t force_changes; /* policy_force_changes */
	struct list all;     /* struct loaded.all; instances hang on their templates */
	struct list unasked; /* struct dns_name */
	struct tree ways[2]; /* struct route: those without an interface, those through one */
	struct tree passing_first, passing_last; /* struct passage */
	struct map ends; /* struct place with routes, but for interfaces that are no VTI */
	uint32_t route_lengths[2][129]; /* routes to networks of each length; IPv4, IPv6 */
	struct list awaiting;           /* struct place whose next version has no place yet */
	struct list asking; /* struct group_net: one of each group whose peers the DNS says */
	struct map names, numbers, aliases, policy_ids;
	struct map peers, identities, guests;
	struct map spots, spot_identities;
	struct map claims, routes, dns, own_addrs, nets, hosted;
	struct map pool_ranges, lease_addrs, lease_ids;
	nsec now;                          /* of the step under way */
	const struct virtual_net *private; /* what peers may claim; borrowed; NULL: nothing */
	struct pool **pools;               /* the oldest first */
	size_t pools_len;
	uint32_t net_lengths[2][129];  /* networks of groups of each length; IPv4, IPv6 */
	uint32_t spot_lengths[2][129]; /* spots of each length; IPv4, IPv6 */
	uint32_t spots_anywhere;       /* those of %any */
	size_t spots_len;
	struct heap retries;
	size_t count, instances; /* all places; those that are instances */
	size_t active;           /* those with SPD_PROTECT */
	size_t shunts;           /* those with another entry */
	size_t strays;           /* connections that no address of this host fits */
	uint32_t last_number, last_route_id;
	struct host_view host; /* its addresses are in `own` */
	struct own_addr *own;
	size_t own_len;
	struct ip_addr *sorted; /* those of `own` but for loopback, the lowest first */
	size_t sorted_len;
	bool host_known;
	bool awaited; /* of the step under way: somebody waits for routes */
	bool left_behind; /* some place missed the host's last change for want of memory */
};

static inline struct place *place_of(const struct loaded *l)
{
	return (struct place *)l;
}

static inline bool is_shunt(const struct connection *c)
{
	return c->type > CONN_TRANSPORT;
}

/* Lies beneath permanent connections and instances that have the same selectors. */
static inline bool is_beneath(const struct loaded *l)
{
	return l->is_template || l->group;
}

/* ---- place.c: a place's birth and end ---- */

/* A new place of this version (a reference is taken) with its ids; only in policy_ids yet. */
struct place *place_new(struct policy *p, const struct connection *c);
/* Out of every table; what it holds is freed. Without actions. */
void place_free(struct policy *p, struct place *pl);
/* The reqid of a place under a version: the described one, else its own. */
uint32_t place_reqid(const struct place *pl, const struct connection *c);

/* ---- dns.c: names of hosts ---- */

/* The first address known for a host's name in a family (IP_NONE: any), or IP_NONE. */
struct ip_addr dns_addr(const struct policy *p, const struct host *h, uint8_t family);
/* All that are known for a name: up to DNS_ADDRS_MAX, borrowed until the next answer. */
size_t dns_addrs(const struct policy *p, const char *name, const struct ip_addr **ret);
/* Note the names of `c` as used by `pl`: a list for dns_uses. False when memory is short. */
bool dns_use_all(struct policy *p, struct place *pl, const struct connection *c,
		 struct dns_use **ret);
/* Give up the uses of a list, and free it; NULL is fine. */
void dns_unuse_all(struct policy *p, struct dns_use *uses);
/* Ask anew for the names of `pl` and of what it is to become: what was known did not help. */
void dns_doubt(struct policy *p, const struct place *pl);

/* ---- pool.c ---- */

/* The pools that `c` names, each used once more: a list for place.pools. False: memory is short. */
bool pools_use(struct policy *p, const struct connection *c, struct pool ***ret);
/* Use them once less, and free the list. NULL is fine. */
void pools_unuse(struct policy *p, struct pool **uses);
/* The database goes. */
void pools_done(struct policy *p);

/* ---- policy.c ---- */

/* A new place in all tables; the reference of `c` moves in. `net`, which may be NULL, stays the caller's. */
MUST_CHECK enum cyg_err place_add(struct policy *p, struct connection *c, struct group_net *net,
				  struct place **ret);

/* ---- group.c ---- */

/* Out of its group and its table; freed. NULL is fine. */
void net_free(struct policy *p, struct group_net *net);
/* The places of the most specific networks of groups that have `addr`: up to cap. */
size_t nets_of_addr(const struct policy *p, const struct ip_addr *addr, struct place **out,
		    size_t cap);

/* ---- bearing.c: which end is us ---- */

enum bearing_kind {
	BEARING_FOUND,
	BEARING_HOST_UNKNOWN, /* nobody has told us of this host yet */
	BEARING_NEITHER,
	BEARING_BOTH,
	BEARING_NO_ADDRESS, /* the end that must be us has no address now */
};

struct bearing {
	uint8_t kind;           /* enum bearing_kind */
	int8_t local;           /* -1 unless found */
	struct ip_addr addr[2]; /* of each end; IP_NONE: any, or not known */
};

/* Which end of `c` is us, by what is known of this host and of names. */
struct bearing bearing_take(const struct policy *p, const struct connection *c);
/* Whether this host has the address. O(1). */
bool host_is_here(const struct policy *p, const struct ip_addr *a);
/*
 * How closely an address fits what an end may be (conn/host.h's closeness, the closest of
 * its list); 0: it does not.
 */
unsigned host_fit(const struct policy *p, const struct host *h, const struct ip_addr *a);

/* ---- orient.c: what follows from it ---- */

/* Take bearings for the place's version and index it. CYG_NOMEM leaves it as it was. */
MUST_CHECK enum cyg_err place_orient(struct policy *p, struct place *pl, bool new_version);
/* From now on it is counted as fitting no address of this host, or is not. */
void place_count_stray(struct policy *p, struct place *pl, bool is_stray);
/* An instance of `t` for a peer that came to our address `local`. */
MUST_CHECK enum cyg_err place_orient_instance(struct place *pl, const struct loaded *t,
					      const struct ip_addr *local,
					      const struct endpoint *remote,
					      const struct ident *remote_id);

/* ---- spots.c: peers that may be in several places ---- */

/* Whether it may be found there: one of its ends is several hosts, and it negotiates. */
bool spots_has(const struct connection *c);
/* All spots of `c` with these bearings, in no table yet; none unless spots_has. False: no memory. */
MUST_CHECK bool spots_make(const struct policy *p, struct place *pl, const struct connection *c,
			   const struct bearing *b, struct spots *ret);
/* They take the place of those that the place had; {0}: none any more. */
void spots_take(struct policy *p, struct place *pl, struct spots *made);
/* Frees what was made and not taken. */
void spots_free(struct spots *s);

/* One that was found; false: enough of its kind. */
typedef bool (*spot_seen)(void *ctx, struct loaded *l, unsigned closeness);

/* All spots that have the pair of addresses, the longest network first. */
void spots_at(const struct policy *p, const struct ip_addr *local, const struct ip_addr *remote,
	      spot_seen seen, void *ctx);
/* Of those the ones described for exactly this identity, or (`id` NULL) for none or a pattern. */
void spots_described(const struct policy *p, const struct ip_addr *local,
		     const struct ip_addr *remote, const struct ident *id, spot_seen seen,
		     void *ctx);

/* ---- pad.c: keys of its tables ---- */

/* By the pair of addresses; `remote` IP_NONE is %any. */
uint64_t peer_hash(const struct policy *p, const struct ip_addr *local,
		   const struct ip_addr *remote);
/* By the pair and the peer's identity; wildcards, %any and NULL share one spot of a pair. */
uint64_t identity_hash(const struct policy *p, const struct ip_addr *local,
		       const struct ip_addr *remote, const struct ident *id);
/* Neither %any nor a pattern nor NULL. */
bool is_exact(const struct ident *id);

/* ---- near.c: why nobody fits ---- */

/* Fill *why: what each candidate wants, what the peer said, and the likely mistake. */
void explain_strangers(struct loaded *const *candidates, size_t len, const struct ident *remote,
		       const struct ident *local, struct diag *why);

/* ---- entry.c ---- */

/* Whose turn it is, the lowest first, among entries of equal selectors: its state, then its tie. */
uint32_t place_turn(const struct place *pl);

/* The name of the interface that the packets of a place go through; "": none of their own. */
void policy_link_name(const struct loaded *l, char ret[LINK_NAME_MAX]);

/* ---- spd.c, route.c ---- */

/* Give all claims back. */
void place_unclaim(struct policy *p, struct place *pl);
/* Only the connection's own selectors from now on, those that no other peer's connection has. */
void place_claim_own(struct policy *p, struct place *pl);
/* Those besides what is in force, for the trap beneath it. */
void place_claim_rest(struct policy *p, struct place *pl);
/* What its routes wish has changed: its addresses, then its routes, follow. */
void place_follow(struct policy *p, struct place *pl, struct actions *out);
/*
 * internal.c. Addresses that the place needs are brought (before routes that have them as
 * source), while it is routed; *ret_old are those that it had, for place_let_go (after the
 * routes have changed). `out` NULL: no actions.
 */
void place_hold(struct policy *p, struct place *pl, bool routed, struct held *ret_old,
		struct actions *out);
void place_let_go(struct policy *p, struct place *pl, const struct held *old,
		  struct actions *out);
/*
 * CYG_CONFLICT when another place has the route to one of these destinations, and of the two one
 * alone goes through an interface of its own: the packets of the other would take the wrong way.
 */
MUST_CHECK enum cyg_err place_check_route(const struct policy *p, const struct place *pl,
					  const struct ts_set *remote, struct diag *why);
/* The route to a destination, or NULL. */
struct route *route_find(const struct policy *p, const struct ip_prefix *d);
/*
 * The first route of those with or without an interface, in the order of addresses, that is inside
 * of a network or behind it, or NULL: tree_next of its of_way has the others.
 */
struct route *route_within(const struct policy *p, bool linked, const struct ip_prefix *d);
/*
 * Of what passes in clear the first remote range that begins at this address or behind it (struct
 * passage.by_first), or ends so (by_last); or NULL.
 */
struct tree_node *passage_first(const struct policy *p, const struct ip_addr *from);
struct tree_node *passage_last(const struct policy *p, const struct ip_addr *from);
/* The key of policy.ends: our address, the peer's (NULL: any), and whether it has a VTI. */
uint64_t ends_hash(const struct policy *p, const struct ip_addr *local,
		   const struct ip_addr *remote, bool vti);
/* Its routes, its addresses or its connection are others than before. */
void place_index_ends(struct policy *p, struct place *pl);
/*
 * way.c. CYG_CONFLICT when a destination lies in one that goes the other way (through an interface
 * of its own, or without), or has one within it, and packets would leave in clear or be taken by the
 * wrong one of the two.
 */
MUST_CHECK enum cyg_err place_check_ways(const struct policy *p, const struct place *pl,
					 const struct ts_set *local,
					 const struct ts_set *remote, struct diag *why);
/* Route the destinations of a set (NULL: none) for this place. `out` NULL: no actions. */
void place_route(struct policy *p, struct place *pl, const struct ts_set *remote,
		 struct actions *out);

#endif
