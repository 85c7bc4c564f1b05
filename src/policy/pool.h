/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_POOL_H
#define POLICY_POOL_H

#include "policy/policy.h"

/*
 * Addresses to be given to peers (RFC 7296 2.19). A pool is a range that some loaded
 * connection names (addresspool=, rightsourceip=); those that name the same range share it.
 * A lease is one address for one identity: its holders (IKE SAs) count, and without any it
 * is remembered, so that the same peer gets the same address again, until others have used
 * up what was never leased. A pool that no connection names any more goes with its last
 * holder.
 *
 * IPv4 ranges that are a network of 4 addresses or more do not lease the first and the last;
 * IPv6 networks not the first (RFC 4291 2.6.1).
 */
struct lease;

/*
 * The address of a family for a peer of `l`. It is the one that this identity has or had,
 * else `wish` (IP_NONE: none) when it is free, else one that nobody has had, else the one
 * that nobody has had for the longest time. With share-lease=no an identity gets one more
 * address instead of one that is in use. One holder is counted.
 * CYG_NOTFOUND: the peer's end has no pool of this family; CYG_LIMIT: all addresses are in
 * use; CYG_NOMEM. *why says which pool, and what to do.
 */
MUST_CHECK enum cyg_err policy_lease(struct policy *p, const struct loaded *l, uint8_t family,
				     const struct ident *id, const struct ip_addr *wish,
				     struct lease **ret, struct diag *why);

/* One holder less. NULL is fine. */
void policy_lease_release(struct policy *p, struct lease *lease);

/* Its address, for as long as the lease is held. */
const struct ip_addr *lease_addr(const struct lease *lease);

/* Whether pools that end `which` of the connection may be given from have some of the range. */
bool policy_pool_meets(const struct policy *p, const struct connection *c, int which,
		       const struct ip_range *range);

/* ---- listings ---- */

struct pool_info {
	struct ip_range range;
	uint64_t addresses;    /* that it leases; UINT64_MAX: that many or more */
	size_t leases, in_use; /* known, of which in use */
};

/* The `i`-th pool, the oldest first; false behind the last. */
bool policy_pool_at(const struct policy *p, size_t i, struct pool_info *ret);

struct lease_info {
	struct ip_range range; /* of its pool */
	struct ip_addr addr;
	const struct ident *id;
	unsigned holders; /* 0: remembered */
};

/* The `k`-th lease of the `i`-th pool, in the order of first leasing; false behind the last. */
bool policy_lease_at(const struct policy *p, size_t i, size_t k, struct lease_info *ret);

#endif
