/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_IPCOMP_H
#define IKE_IPCOMP_H

#include "ike/child.h"
#include "wire/chain.h"

/*
 * IPComp beside a child SA (RFC 7296 2.22, RFC 3173): packets are compressed
 * before they are encrypted, by DEFLATE, where both ends say so and the plane
 * can. Each end names the number (CPI) that it wants to receive under. Who does
 * not answer the offer gets its packets uncompressed, and nothing fails.
 */

/* Draw a number of ours, in place of the one before. CYG_CRYPTO. */
MUST_CHECK enum cyg_err ipcomp_draw(struct child_sa *child);

/* Whether the connection wants it and the plane can. */
bool ipcomp_is_wanted(const struct ike *ike, const struct connection *c);

/* Append the notify with our number, for a child that has one. */
void ipcomp_build(struct chain *c, const struct child_sa *child);

/* The peer's number for DEFLATE among those that it names in a message; 0: none. */
uint16_t ipcomp_find(const struct message *m, uint16_t where);

/* Both ends agreed, or did not: `peer` is what ipcomp_find told. */
void ipcomp_settle(struct child_sa *child, uint16_t peer);

#endif
