/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_LEFTOVER_H
#define PLANE_XFRM_LEFTOVER_H

#include "net/netlink.h"
#include "plane/xfrm/spd.h"

/*
 * Policies that an earlier run left: it was killed, or stopped for another one to take
 * over. Without states they stop what was protected from leaving in clear, and go on doing
 * so until the core has had the time to load and route its connections anew.
 *
 * Ours are told by the number that they carry (message.h). Nothing else is touched, such as
 * what was keyed by hand or what another daemon left.
 */
struct xfrm_left {
	struct left_policy *all;
	size_t len, cap;
	struct left_state *states; /* to be removed at once */
	size_t states_len, states_cap;
	/* The highest that remains carry, states that went included; 0: none. */
	uint32_t reqid_last;
	uint32_t number_next; /* of policies: above those of all that remains */
};

/*
 * Listen to one message of the kernel's list of states or of policies: what is ours is noted.
 * 1, or what ends the list: -1 when memory is short (mnl_cb_t; `left` is a struct xfrm_left).
 */
int xfrm_left_hear_state(const struct nlmsghdr *m, void *left);
int xfrm_left_hear_policy(const struct nlmsghdr *m, void *left);

/*
 * Remove states that were left, and policies that let packets pass; list the others.
 * CYG_IO, CYG_NOMEM, CYG_PERM: then the list is empty.
 */
MUST_CHECK enum cyg_err xfrm_left_inherit(struct netlink *nl, struct xfrm_left *ret,
					  struct diag *why);
/*
 * Remove those whose pair no entry of `spd` is in force for, and forget the rest. The first
 * failure is told; the others are tried all the same.
 */
MUST_CHECK enum cyg_err xfrm_left_settle(struct xfrm_left *l, struct netlink *nl,
					 const struct xfrm_spd *spd, struct diag *why);
/* Remove them all, as far as that can be done. */
void xfrm_left_clear(struct xfrm_left *l, struct netlink *nl);
/* Forget them, without a change in the kernel. */
void xfrm_left_done(struct xfrm_left *l);

/* Remove all of it at once. *ret_found is how many states and policies there were. */
MUST_CHECK enum cyg_err xfrm_left_remove(struct netlink *nl, unsigned *ret_found,
					 struct diag *why);

#endif
