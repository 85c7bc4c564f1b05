/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_SELECTORS_H
#define IKE_SELECTORS_H

#include "ike/sa.h"

/* The selectors of both sides, owned. {0} is empty. */
struct both_ts {
	struct ts_set local, remote;
};
void both_ts_done(struct both_ts *b);

/*
 * What children of `l` on this IKE SA may carry: the connection's selectors, in which an
 * end that has an internal address stands for that address alone. Our own end is as the
 * connection says until we were given one. A set may come out empty: the end has no
 * address. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err selectors_of(const struct ike_sa *sa, const struct loaded *l,
				     struct both_ts *ret);

/*
 * The same, for an offer of the peer's: what it may claim by itself (vhost:, vnet:) of its
 * own selectors counts as the connection's.
 */
MUST_CHECK enum cyg_err selectors_for_offer(const struct ike_sa *sa, const struct loaded *l,
					    const struct both_ts *offered, struct both_ts *ret);

/* The peer's end is to be an address of ours, and this peer has asked for none. */
bool selectors_lack_address(const struct ike_sa *sa, const struct loaded *l);

/*
 * The selectors of an answer, ours likewise narrowed to the address that it gave, and both to
 * families that the other side has too. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err selectors_narrow_own(const struct ike_sa *sa, const struct loaded *l,
					     struct both_ts *answer);

#endif
