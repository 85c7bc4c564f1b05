/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_DETOUR_H
#define PLANE_ESP_DETOUR_H

#include "base/list.h"
#include "net/net.h"

/*
 * What a policy passes for a part of a network that a branch is for (branch.h), whatever its protocol
 * and ports: that branch leads it into the device. A rule before all branches leads packets from
 * there to its destinations on to the main table, past all tunnels; so they go as if there were none.
 *
 * It is there only while nobody who counts before the policy has any of these packets come in, and
 * while the main table stops none of them. Else they come to the device, where the SPD decides.
 */
#define DETOURS_MAX 64 /* each is a rule that every packet is held against */

/* Of one policy that passes. */
struct detour {
	struct list of_owner, all;
	struct ip_prefix from, to;
	uint32_t priority; /* of the policy: the lowest counts, */
	uint64_t order;    /* of equal ones the first */
	unsigned
		needs; /* who leads these packets into the device, for a wider network, and counts after it */
	unsigned blocks; /* who counts before it, or stops them in the main table */
	bool set;        /* the kernel has the rule */
	bool gone;       /* its policy has, and the kernel kept the rule */
};

/* {0} and detours_init is a fine storage. */
struct detours {
	struct net *net;
	uint32_t rule_priority, go_to;
	bool on;   /* else none is in force */
	bool lags; /* the kernel kept a rule that was to go: detours_restore tries again */
	struct list all;
	size_t len;
};

/* What some other policy claims: packets from a network to another one. */
struct detour_claim {
	const struct ip_prefix *from, *to; /* from NULL: whoever sends, in the main table */
	uint32_t priority;
	uint64_t order;
};

void detours_init(struct detours *d);
/* One more, without regard to claims yet, in the list of its policy; NULL: no memory, or there are too many. */
struct detour *detour_new(struct detours *d, struct list *owner, const struct ip_prefix *from,
			  const struct ip_prefix *to, uint32_t priority, uint64_t order);
/* With its rule; one that the kernel keeps is in no policy's list any more. */
void detour_free(struct detours *d, struct detour *one);
/* A claim is there before `one` was, and counts; detour_settle follows. */
void detour_heed(struct detour *one, const struct detour_claim *c);
void detour_settle(struct detours *d, struct detour *one);
/* A claim comes, or has gone. */
void detours_follow(struct detours *d, const struct detour_claim *c, bool comes);
/* Put all in force, or none. */
void detours_turn(struct detours *d, bool on);
/* Put up again what is missing of the rules, and remove what is to go. Adds to *added. */
MUST_CHECK enum cyg_err detours_restore(struct detours *d, size_t *added, struct diag *why);
/* Free those whose policies have gone; their owners have been forgotten. */
void detours_done(struct detours *d);

#endif
