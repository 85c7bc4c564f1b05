/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_DB_H
#define POLICY_DB_H

#include "policy/policy.h"

#include <uthash.h>

/* The databases themselves; private to this room. */

/* A pair of addresses that connections use; remote IP_NONE stands for %any. */
struct pair {
	struct ip_addr local, remote;
};

struct pair_bucket {
	struct pair key;
	struct list members; /* struct place.in_pair */
	UT_hash_handle hh;
};

/* One selector pair, and whose it is. */
struct claim_key {
	struct ts local, remote;
};

struct claim {
	struct claim_key key;
	struct place *owner;
	struct claim *next; /* of the same owner */
	UT_hash_handle hh;
};

/* A destination that is routed, for how many connections. */
struct route {
	struct ip_prefix destination;
	uint32_t id, users;
	UT_hash_handle hh;
};

/* What `struct loaded` is part of. */
struct place {
	struct loaded l; /* first */
	struct list in_pair;
	struct pair_bucket *bucket;
	struct claim *claims;
	struct route **routes;
	size_t routes_len;
	uint32_t instances_made; /* of a template */
	UT_hash_handle by_name, by_policy_id;
};

struct alias {
	const char *name; /* borrowed from the connection's version */
	struct place *place;
	struct alias *next; /* others of this alias; the head has the handle */
	UT_hash_handle hh;
};

struct named_addr {
	char *name;
	struct ip_addr addr;
	bool asked;
	UT_hash_handle hh;
};

struct policy {
	const struct entropy *entropy;
	struct list all; /* struct loaded.all */
	struct place *names, *policy_ids;
	struct alias *aliases;
	struct pair_bucket *pairs;
	struct claim *claims;
	struct route *routes;
	struct named_addr *resolved;
	struct heap retries;
	size_t count;
	uint64_t generation;
	uint32_t next_reqid, next_policy_id, next_route_id;
	struct host_view host;
	struct host_address *addresses; /* what host.addresses points at */
	bool host_known;
};

static inline struct place *place_of(const struct loaded *l)
{
	return (struct place *)l;
}

/* orient.c: which end is us, its addresses, identities and selectors; and the place in `pairs`. */
MUST_CHECK enum cyg_err place_orient(struct policy *p, struct place *pl);
void place_unindex(struct policy *p, struct place *pl);
MUST_CHECK enum cyg_err place_index(struct policy *p, struct place *pl);
/* The selectors of one end at an address: its subnets, else the address itself. */
MUST_CHECK enum cyg_err end_selectors(const struct end *e, const struct ip_addr *addr, struct ts_set *ret);

/* spd.c: give all claims back. */
void place_unclaim(struct policy *p, struct place *pl);
void place_unroute(struct policy *p, struct place *pl, struct actions *out);

/* policy.c: a new place in the list, with its ids; NULL when memory is short. */
struct place *place_new(struct policy *p, const struct connection *c);
void place_free(struct policy *p, struct place *pl);

#endif
