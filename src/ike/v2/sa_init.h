/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_SA_INIT_H
#define IKE_V2_SA_INIT_H

#include "ike/table.h"

/* IKE_SA_INIT (RFC 7296 1.2): both ends, and what resumes after key exchange. */

/*
 * Initiator: open the exchange on a new SA that has its connection, and ask for a key pair.
 * CYG_NOMEM.
 */
MUST_CHECK enum cyg_err init_begin(struct ike_sa *sa);
void init_key_ready(struct exchange *x, const struct answer *a);
void init_finished(struct exchange *x, const struct answer *a);

/*
 * Responder: a first request; `p` is what parsing it came to. Keeps no state unless all is
 * well.
 */
void init_request(struct ike *ike, struct received *rx, enum problem p);
void init_responded(struct exchange *x, const struct answer *a);

/*
 * The proposals of a connection for its IKE SA; one reference to give back. NULL when
 * memory is short.
 */
const struct proposals *ike_proposals(const struct connection *c);

#endif
