/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_PLACES_H
#define PLANE_ESP_PLACES_H

#include "base/list.h"
#include "net/net.h"
#include "plane/esp/branch.h"
#include "plane/esp/detour.h"
#include "plane/esp/egress.h"

#include <uthash.h>

/*
 * What claims on prefixes come to as routes of the kernel's. A place is a prefix in
 * one of our tables; whoever wants a route there has a claim on it, and the claims of
 * a place decide which routes it has, as steer.h lists them.
 */

/* Kinds of claim on a prefix, in the order of their metrics. */
enum claim_kind { CLAIM_TUNNEL, CLAIM_GUARD, CLAIM_SHUNT, CLAIM_INSIDE, CLAIM_KINDS };

#define METRIC(kind) ((kind) + 1u)
#define PREFIXES_MAX 256 /* a range cuts into no more */

struct place;

/* One reason for a route: a core's route, or one selector of a policy. */
struct claim {
	struct list of_place, of_owner, of_branch;
	struct place *place;
	struct branch *branch; /* whose table it is in; NULL: the main one, */
	bool unsourced;        /* or that of packets without a source */
	bool stops;            /* TUNNEL: it comes in to be dropped or rejected */
	bool guard_alone;      /* TUNNEL: the kernel refused the route itself */
	bool part;             /* TUNNEL: it is for some protocol or ports alone */
	bool lent;             /* of a pass, in a branch that goes without regard to it */
	uint8_t kind;          /* enum claim_kind, never GUARD */
	uint8_t route_kind;    /* RTN_* */
	uint32_t priority;     /* of a policy: the lowest counts, */
	uint64_t order;        /* of equal ones the first */
	uint32_t mtu;
	struct ip_addr source;
};

/* What a pass passes between, of every protocol. */
struct lent_part {
	struct ip_range local, remote;
};

/* A route or policy id, and its claims. */
struct owner {
	uint32_t id;
	struct list claims;
	bool passes;         /* a pass that is narrower than its destinations */
	uint64_t order;      /* of a policy: when it was first set */
	struct list lending; /* of a pass: it is in places.lending */
	uint32_t priority;   /* of such a pass, */
	struct lent_part *parts; /* and what it passes; owned */
	size_t parts_len;
	struct list detours; /* of what it passes for a part of a branch's network */
	UT_hash_handle hh;
};

struct places {
	struct net *net;
	/* The main table, that of packets without a source, and the device. */
	uint32_t table, unsourced, ifindex;
	/* What is to go in goes by its destination alone, whoever sends it: by the main table, too. */
	bool by_destination;
	bool lags; /* the kernel kept a route that was to go: places_restore tries again */
	struct egress *egress; /* who is told what branches do; NULL: nobody. Borrowed */
	struct branches branches;
	struct detours detours;
	size_t passes;       /* how many owners have that */
	struct list lending; /* owners */
	struct place *all;   /* hash; owned */
};

/* NULL: no memory. It is the caller's until owner_swap or owner_free. */
MUST_CHECK struct owner *owner_new(uint32_t id);
/* With its claims, whose routes go. */
void owner_free(struct places *s, struct owner *o);
/*
 * Put `fresh` in the place of the owner of its id: new claims stand before the old ones go. It is
 * taken; where its claims did not come `so_far` it is freed, and the old one stays.
 */
MUST_CHECK enum cyg_err owner_swap(struct places *s, struct owner **all, struct owner *fresh,
				   enum cyg_err so_far);
/* Free all of a hash, leaving the kernel's routes as they are. */
void owners_forget(struct owner **all);
/*
 * One more owner passes what is narrower than its destinations, or one less.
 * With the first and the last, those that are stopped are steered anew.
 */
void owner_passes(struct places *s, struct owner *o, bool passes);
/*
 * What `o`, a pass with its parts, passes leads on in every branch whose local network is within
 * that of the part, those that will be made among them: but where somebody who counts before it
 * has a wider or the same destination come in. For a part of such a network there is a detour
 * (detour.h). CYG_NOMEM, and what net_route_set says.
 */
MUST_CHECK enum cyg_err owner_lend(struct places *s, struct owner *o, struct diag *why);

/* Change by_destination, and the kernel's routes with it. */
void places_by_destination(struct places *s, bool on);

/* As branch_take; claim_add takes what it gives. */
MUST_CHECK enum cyg_err places_branch(struct places *s, unsigned most,
				      const struct ip_prefix *from, const struct ts *local,
				      const struct ts *remote, struct branch **ret,
				      struct diag *why);

/*
 * Claim a prefix in the table of `like`'s branch, which was taken for it and is left with it,
 * here if that fails. CYG_NOMEM, and what net_route_set says.
 */
MUST_CHECK enum cyg_err claim_add(struct places *s, struct owner *o,
				  const struct ip_prefix *prefix, const struct claim *like,
				  struct diag *why);

/* Whether a route of the kernel's is one that these want. */
bool places_want(const struct places *s, const struct net_route *r);
/*
 * Put up what is missing of them in the kernel, which adds to *missing, and remove what is to go.
 * CYG_IO, CYG_NOMEM, and what net_route_set says.
 */
MUST_CHECK enum cyg_err places_restore(struct places *s, size_t *missing, struct diag *why);
/* Tell s->egress all, which has forgotten it. */
void places_tell(struct places *s);
size_t places_memory(const struct places *s);
/* {0} but for net, table and ifindex is a fine storage. */
void places_init(struct places *s);
/* Forget all, whose owners have been forgotten. */
void places_done(struct places *s);

#endif
