/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_REMAINDER_H
#define IKE_REMAINDER_H

#include <stdbool.h>

struct diag;
struct exchange;
struct ike;
struct loaded;
struct ts;

/*
 * What a connection that is up is for and no child of it carries, because the peer took but a part
 * of what was offered (RFC 7296 2.9). Its packets meet the trap that stands for the rest, or an
 * entry without an SA for them; each may ask for one more child, of the one pair of networks that it
 * belongs to. A pair that the peer refuses is not asked for again for a minute, and a plane that
 * tells of one packet alone is told to tell of others after some seconds.
 */
struct remainder;

/* A packet of a connection that has a child met a trap, or no SA. */
void remainder_acquire(struct ike *ike, struct loaded *l, const struct ts *local,
		       const struct ts *remote);

/* Whether the answer to it, x->child, holds the packet; false, and *why: it is given back. */
bool remainder_is_met(const struct exchange *x, struct diag *why);

/* It has one child more: packets that came meanwhile may have met the trap in vain. */
void remainder_changed(struct ike *ike, struct loaded *l);

/* What its try asked for was not to be had. */
void remainder_refused(struct ike *ike, struct loaded *l);

/* The moment that remainder_acquire asked policy_come_back for: the trap is set again. */
void remainder_come_back(struct ike *ike, struct loaded *l);

#endif
