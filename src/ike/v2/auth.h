/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_AUTH_H
#define IKE_V2_AUTH_H

#include "ike/table.h"
#include "wire/chain.h"

/* IKE_AUTH (RFC 7296 1.2, 2.15) with one AUTH each way; who proves what, trust knows. */

/* Initiator: keys stand; ask for our AUTH payload. */
void auth_begin(struct ike_sa *sa);

/* Answers of trust, for either role. */
void auth_made(struct exchange *x, const struct answer *a);
void auth_checked(struct exchange *x, const struct answer *a);

/* ---- shared by both roles (v2/auth.c) ---- */

/* Ask trust for our AUTH payload, or about the peer's, kept in init->auth. CYG_NOMEM. */
MUST_CHECK enum cyg_err auth_ask_make(struct exchange *x);
MUST_CHECK enum cyg_err auth_ask_check(struct exchange *x);

/* The ID payload's body of an identity; room for any. */
MUST_CHECK enum cyg_err auth_id_body(const struct ident *id, struct bytes *ret);
void auth_build_id(struct chain *c, uint8_t payload, const struct ident *id);

/* Take AUTH and ID of the peer out of a message into init->auth, and the identity. */
enum problem auth_take_proof(struct ike_sa *sa, struct received *rx, uint8_t id_payload,
			     const struct ident **ret_id);

/* Both ends are proven: the SA is established. */
void auth_establish(struct ike_sa *sa);

/* v2/auth_initiator.c and v2/auth_responder.c: what follows, by role. */
struct diag;
void auth_installed_initiator(struct exchange *x, enum problem p, const struct diag *why);
void auth_installed_responder(struct exchange *x, enum problem p, const struct diag *why);
void auth_made_initiator(struct exchange *x, const struct answer *a);
void auth_made_responder(struct exchange *x, const struct answer *a);
void auth_checked_initiator(struct exchange *x, const struct answer *a);
void auth_checked_responder(struct exchange *x, const struct answer *a);

#endif
