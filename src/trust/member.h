/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_MEMBER_H
#define TRUST_MEMBER_H

#include "conn/group_names.h"
#include "trust/attributes.h"
#include "trust/ca_groups.h"

/* What says here to which groups somebody belongs. Borrowed; either may be NULL. */
struct group_sources {
	const struct acert_set *held; /* attribute certificates */
	const struct ca_groups *cas;
};

/* Who asks to be a member. Borrowed. */
struct candidate {
	struct acert_holder holder;
	/* Above its certificate on the path by which that was believed, its anchor last; none: no path. */
	struct cert_list authorities;
};

/*
 * That a peer belongs to one of the groups of its connection (rightgroups=), by attribute certificates
 * or by a ca section: as long as one of them says so it is looked at again, when others are read, when
 * sections change, and when they end.
 */
struct membership {
	char *groups;
	struct cert holder;
	bool issuer_held, ca_asked; /* as of struct acert_holder */
	struct acert_set *sent;     /* what came with the peer's certificate; NULL: nothing */
	int64_t until; /* seconds since 1970; INT64_MAX: time alone does not end it */
};

/*
 * Does the candidate belong to one of the groups (conn/group_names.h) now? *ret: heap; `sent`, which may
 * be NULL, is referenced. CYG_AUTH: it does not, and *why has the groups that it is in, by what, and what
 * to do; CYG_NOMEM.
 */
MUST_CHECK enum cyg_err membership_new(const struct group_sources *from, struct acert_set *sent,
				       const struct candidate *c, const char *groups,
				       int64_t now, struct membership **ret, struct diag *why);
/* NULL is fine. */
void membership_free(struct membership *m);

/* Is it so still, with the authorities of the path? Counts m->until anew. *why: what is missing. */
bool membership_holds(struct membership *m, const struct group_sources *from,
		      const struct cert_list *authorities, int64_t now, struct diag *why);

/* Both are of the same groups, or of none (NULL). */
bool membership_same(const struct membership *a, const struct membership *b);

/*
 * `m` comes in the place of one of the same holder and the same groups: what is left of that is kept,
 * and of two ends the later one counts. Either may be NULL.
 */
void membership_follow(struct membership *m, struct membership *before);

#endif
