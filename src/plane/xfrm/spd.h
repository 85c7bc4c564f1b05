/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_SPD_H
#define PLANE_XFRM_SPD_H

#include "plane/xfrm/message.h"

/*
 * Entries of the SPD as the kernel's policies. The kernel keeps one policy for a
 * pair of selectors, a scope (conn/scope.h) and a direction; where several entries want the same pair, the
 * one of the best priority is there, and the next one when that goes. Each pair is
 * three policies: out, in, and forwarded. What another program set stays as it is: it is
 * never replaced, nor removed.
 */
struct xfrm_spd;

/*
 * Empty; `nl` is borrowed and asked for all that follows. Its policies are numbered from `number`
 * on: one that had the number of another would get a foreign one. NULL when memory is short.
 */
struct xfrm_spd *xfrm_spd_new(struct netlink *nl, uint32_t number);
/* Remove all policies of ours from the kernel, and free. NULL is fine. */
void xfrm_spd_free(struct xfrm_spd *s);
/*
 * From now on what is not let pass stays in the kernel as it is: neither remove nor free takes it
 * away, and set does not make it wider. Without states such policies stop all packets that they are for.
 */
void xfrm_spd_keep(struct xfrm_spd *s);

/*
 * Set an entry, in place of the earlier one of its id: its new policies stand before
 * the old ones go. CYG_UNSUPPORTED for selectors the kernel can't have, CYG_CONFLICT where
 * another program has a policy for them, CYG_LIMIT for too many, CYG_NOMEM, and what the kernel says: then the earlier one stands.
 */
MUST_CHECK enum cyg_err xfrm_spd_set(struct xfrm_spd *s, const struct plane_policy *p,
				     struct diag *why);
/* CYG_NOTFOUND. */
MUST_CHECK enum cyg_err xfrm_spd_remove(struct xfrm_spd *s, uint32_t id);

/*
 * Give all entries of a reqid that have outer addresses these ones: a peer has moved, and the
 * kernel looks for states by what policies say. What the kernel says.
 */
MUST_CHECK enum cyg_err xfrm_spd_move(struct xfrm_spd *s, uint32_t reqid,
				      const struct ip_addr *local, const struct ip_addr *remote,
				      struct diag *why);

/*
 * Another program changes policies: until they are looked through again (xfrm_spd_restore), what
 * is to be replaced is asked for first.
 */
void xfrm_spd_doubt(struct xfrm_spd *s);

/*
 * What is in force and not in the kernel any more is put there again; *ret_missing is how many
 * policies that were. What netlink_ask_all says, or the kernel: call it again. CYG_CONFLICT: another
 * program has set its own in the place of one, which stays; all others are there.
 */
MUST_CHECK enum cyg_err xfrm_spd_restore(struct xfrm_spd *s, size_t *ret_missing,
					 struct diag *why);

/*
 * The id of the entry in force for a pair in a direction (XFRM_POLICY_IN and its like), among
 * packets of a scope; or 0.
 */
uint32_t xfrm_spd_owner(const struct xfrm_spd *s, const struct xfrm_pair *pair, uint8_t dir,
			const struct packet_scope *scope);

/* Whether there is an entry of an id. */
bool xfrm_spd_has(const struct xfrm_spd *s, uint32_t id);

/* The id of an entry that asks for states of a reqid: one that waits for packets first. 0: none. */
uint32_t xfrm_spd_of_reqid(const struct xfrm_spd *s, uint32_t reqid);

/* How many entries there are, and the octets held. */
size_t xfrm_spd_count(const struct xfrm_spd *s);
size_t xfrm_spd_memory(const struct xfrm_spd *s);

#endif
