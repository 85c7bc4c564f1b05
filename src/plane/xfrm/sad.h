/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_SAD_H
#define PLANE_XFRM_SAD_H

#include "plane/xfrm/message.h"

/*
 * The states that this daemon installed: no more of each than what names it to the
 * kernel, so that a notice finds its SA and nothing of ours stays at the end.
 */
struct xfrm_sa {
	uint8_t dir, protocol;
	bool encap;
	bool marked;  /* xfrm_sad_mark */
	uint16_t cpi; /* of its IPComp state; 0: it has none */
	uint32_t spi, reqid;
	struct packet_mark mark; /* that names it, too */
	struct endpoint local, remote;
	struct xfrm_sa *same; /* the next one of this direction and SPI */
};

struct xfrm_sad;

/* Empty; `nl`, whose kernel has *kernel, is borrowed and asked for all that follows. NULL when memory is short. */
struct xfrm_sad *xfrm_sad_new(struct netlink *nl, const struct xfrm_kernel *kernel);
/* Remove all states of ours from the kernel, and free. NULL is fine. */
void xfrm_sad_free(struct xfrm_sad *s);

/* CYG_EXISTS when the kernel has the SPI already; else as message_new_sa and netlink_ask. */
MUST_CHECK enum cyg_err xfrm_sad_add(struct xfrm_sad *s, const struct plane_sa *sa,
				     struct diag *why);
/* CYG_NOTFOUND for one that is not ours. One that the kernel has expired goes quietly. */
MUST_CHECK enum cyg_err xfrm_sad_remove(struct xfrm_sad *s, const struct sa_ref *ref);
/*
 * Give it the outer addresses and ports of `ref`, and keep its numbers going. Ports alone are changed
 * where they are; with other addresses the state is read, and replaced in one datagram. CYG_NOTFOUND.
 */
MUST_CHECK enum cyg_err xfrm_sad_move(struct xfrm_sad *s, const struct sa_ref *ref,
				      struct diag *why);
/* Whether a device does its cryptography. */
bool xfrm_sad_is_offloaded(struct xfrm_sad *s, const struct sa_ref *ref);
/* What it has carried. CYG_NOTFOUND. */
MUST_CHECK enum cyg_err xfrm_sad_query(struct xfrm_sad *s, const struct sa_ref *ref,
				       struct plane_counters *ret);

/*
 * The SA that a record of the kernel's names, and of several the one with this mark (NULL: the
 * record comes without, and the first will do). NULL when it is none of ours.
 */
const struct xfrm_sa *xfrm_sad_find(const struct xfrm_sad *s, const struct xfrm_id *id,
				    uint16_t family, const struct packet_mark *mark);

/* Mark one of ours; take the marks from all; and hand out those without until `each` is false. */
void xfrm_sad_mark(struct xfrm_sad *s, const struct xfrm_sa *sa);
void xfrm_sad_unmark(struct xfrm_sad *s);
bool xfrm_sad_each_unmarked(const struct xfrm_sad *s,
			    bool (*each)(void *ctx, const struct xfrm_sa *sa), void *ctx);

/* How many of a direction there are, and the octets held for all. */
size_t xfrm_sad_count(const struct xfrm_sad *s, uint8_t dir);
size_t xfrm_sad_memory(const struct xfrm_sad *s);

#endif
