/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_KEX_H
#define IKE_KEX_H

#include "ike/exchange.h"
#include "ike/op.h"

/*
 * Key exchange through the host, for an exchange's `ke` part: each of the
 * first three asks, and its partner takes the answer. CYG_NOMEM, or what the
 * host says.
 */
/* Initiator: a key pair of `group`; then x->ke.key and x->ke.public are there. */
MUST_CHECK enum cyg_err kex_start(struct exchange *x, enum op_for purpose, uint16_t group);
MUST_CHECK enum cyg_err kex_started(struct exchange *x, const struct answer *a);

/* Responder: our public value for the peer's, and the secret. */
MUST_CHECK enum cyg_err kex_respond(struct exchange *x, enum op_for purpose, uint16_t group,
				    struct view peer);
MUST_CHECK enum cyg_err kex_responded(struct exchange *x, const struct answer *a);

/* A host that refuses the peer's value may give the key back: then x->ke.key is there again. */
MUST_CHECK enum cyg_err kex_finish(struct exchange *x, enum op_for purpose, struct view peer);
MUST_CHECK enum cyg_err kex_finished(struct exchange *x, const struct answer *a);

/* Wipe and free all of it. */
void ke_part_done(struct ke_part *ke);

#endif
