/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_MEMBER_H
#define TRUST_MEMBER_H

#include "trust/attributes.h"

/*
 * That a peer belongs to one of the groups of its connection (rightgroups=), by attribute certificates:
 * as long as they say so it is looked at again, when others are read and when they end.
 */
struct membership {
	char *groups;
	struct cert holder;
	bool issuer_held, ca_asked; /* as of struct acert_holder */
	struct acert_set *sent;     /* what came with the peer's certificate; NULL: nothing */
	int64_t until;              /* seconds since 1970 */
};

/*
 * Does the holder belong to one of the groups now? *ret: heap; `sent`, which may be NULL, is referenced.
 * CYG_AUTH: it does not, and *why has what is missing; CYG_NOMEM.
 */
MUST_CHECK enum cyg_err membership_new(const struct acert_set *held, struct acert_set *sent,
				       const struct acert_holder *h, const char *groups,
				       int64_t now, struct membership **ret, struct diag *why);
/* NULL is fine. */
void membership_free(struct membership *m);

/* Is it so still? Counts m->until anew. *why: what is missing. */
bool membership_holds(struct membership *m, const struct acert_set *held, int64_t now,
		      struct diag *why);

/* Both are of the same groups, or of none (NULL). */
bool membership_same(const struct membership *a, const struct membership *b);

#endif
