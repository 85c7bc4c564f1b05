/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_INSTALL_H
#define IKE_INSTALL_H

#include "ike/child.h"
#include "ike/op.h"
#include "ike/verdict.h"

/*
 * From agreed to up: the exchange's child is derived and handed to the plane,
 * and the exchange goes on when all answers are there. The order (RFC 7296
 * 2.8): an initiator installs both directions and its SPD entry. A responder
 * of a first child does so too before it answers. A responder of a rekey
 * installs inbound before it answers, and outbound only when the peer begins
 * to use its side.
 */
#define INSTALL_IN 1u
#define INSTALL_OUT 2u
#define INSTALL_POLICY 4u
#define INSTALL_ALL (INSTALL_IN | INSTALL_OUT | INSTALL_POLICY)

/*
 * Derive from the exchange's nonces and key exchange, and ask the plane for
 * `what`. PROBLEM_LATER: install_answered follows, once for each. PROBLEM_TS: another connection
 * owns the selectors.
 */
enum problem install_begin(struct exchange *x, unsigned what, struct diag *why);

/* An answer of the plane for an exchange (OP_INSTALL_*). */
void install_answered(struct exchange *x, enum op_for purpose, const struct answer *a);

/*
 * The child of the exchange is in the plane: it becomes the connection's, and
 * x->child is NULL again. `replaces` (may be NULL) stays beside it.
 */
struct child_sa *install_commit(struct exchange *x, struct child_sa *replaces);

/* The plane did not take that outbound SA, or one of an import: the child ends. */
void install_late_failed(struct child_sa *child, enum sa_dir dir, const struct answer *a);

/* The outbound half of a child that the peer's rekey made, now in use. */
void install_outbound(struct child_sa *child);

#endif
