/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_PAIRS_H
#define PLANE_XFRM_PAIRS_H

#include "plane/xfrm/message.h"

/*
 * Selectors of an SPD entry (RFC 4301 4.4.1.1: ranges of addresses and ports) as what the kernel has words
 * for: a prefix, and a port with a mask.
 */

#define PAIRS_MAX 4096 /* pairs that one entry may come to */

/* One side of an entry. {0} is an empty one. */
struct pair_side {
	struct pair_side_item {
		struct ip_prefix prefix;
		uint16_t port, mask; /* mask 0: any port */
		uint8_t proto;       /* 0: any */
	} * items;
	size_t len;
};

/*
 * Add what a set of selectors comes to. CYG_UNSUPPORTED: one ICMP type, or no port alone (*why); CYG_LIMIT:
 * more than PAIRS_MAX; CYG_NOMEM. *side is to be freed then, too.
 */
MUST_CHECK enum cyg_err pair_side_cut(const struct ts_set *set, struct pair_side *side,
				      struct diag *why);
void pair_side_done(struct pair_side *side);

/*
 * The kernel's pair of both, whose gaps are zero, as it may be a key. False when no packet can have both:
 * another family, another protocol.
 */
bool pair_join(const struct pair_side_item *l, const struct pair_side_item *r,
	       struct xfrm_pair *ret);

#endif
