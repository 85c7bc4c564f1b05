/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_AUTH_H
#define IKE_V2_AUTH_H

#include "ike/table.h"
#include "wire/chain.h"

struct diag;

/* IKE_AUTH (RFC 7296 1.2, 2.15) with one AUTH each way; who proves what, trust knows. */

/* Initiator: keys stand; ask for our AUTH payload. */
void auth_begin(struct ike_sa *sa);

/* Answers of trust, for either role: our AUTH payload (auth_ask_make), and below the verdict on the peer's. */
void auth_made(struct exchange *x, const struct answer *a);
/*
 * The peer has proved to hold a key that has no name: where the connection names nobody either, it is
 * known by the key, whatever name it said.
 */
void auth_name_holder(struct ike_sa *sa, const struct answer *a);
/* What the peer has proved itself by may hold no more one day: each of two proofs is kept (RFC 4739). */
void auth_watch(struct ike_sa *sa, const struct answer *a);
/* The answer to auth_ask_check. */
void auth_checked(struct exchange *x, const struct answer *a);

/* ---- shared by both roles (v2/auth.c) ---- */

/* Ask trust for our AUTH payload, or about the peer's, kept in init->auth. CYG_NOMEM. */
MUST_CHECK enum cyg_err auth_ask_make(struct exchange *x);
MUST_CHECK enum cyg_err auth_ask_check(struct exchange *x);

/* The address that the peer is to speak for, where the DNS says who may (RFC 4025); IP_NONE: none. */
struct ip_addr auth_client(const struct ike_sa *sa);

/* The ID payload's body of an identity; room for any. */
MUST_CHECK enum cyg_err auth_id_body(const struct ident *id, struct bytes *ret);
/* Add it as the payload IDi or IDr (RFC 7296 3.5). */
void auth_build_id(struct chain *c, uint8_t payload, const struct ident *id);

/*
 * Take AUTH and ID of the peer out of a message into init->auth, and the identity. Without an
 * AUTH payload, in EAP, there is none in init->auth either.
 */
enum problem auth_take_proof(struct ike_sa *sa, struct received *rx, uint8_t id_payload,
			     const struct ident **ret_id);
/* The AUTH payload that ends EAP; the identity stays the one that came with its beginning. */
enum problem auth_take_final(struct ike_sa *sa, struct received *rx);

/* Initiator: who the responder says it is must be whom we asked for (v2/auth_initiator.c). */
enum problem auth_take_responder(struct exchange *x, struct received *rx);
/* Initiator: keep what the answer says of the child until the peer is proven; PROBLEM_LATER. */
enum problem auth_hold_answer(struct exchange *x, struct received *rx);
/* Initiator: the first request with the child's offer; without AUTH (NULL) for EAP. */
void auth_send_first(struct exchange *x, const struct answer *made, struct view authorities);

/*
 * Responder: find out who asks and by which connection, and keep the request's payloads in
 * x->held. `eap`: the peer is to prove itself by it (v2/auth_responder.c).
 */
enum problem auth_take_peer(struct exchange *x, struct received *rx, bool eap);
/* Responder: refuse the request, and say why. *x is gone, its SA maybe. */
void auth_refuse(struct exchange *x, enum problem p, const struct diag *why);

/* Both ends are proven: the SA is established. */
void auth_establish(struct ike_sa *sa);

/*
 * v2/auth_initiator.c and v2/auth_responder.c: what follows, by role, once the plane has the child (or
 * refused it: `p`), our AUTH payload is made, and the peer's is checked.
 */
void auth_installed_initiator(struct exchange *x, enum problem p, const struct diag *why);
void auth_installed_responder(struct exchange *x, enum problem p, const struct diag *why);
void auth_made_initiator(struct exchange *x, const struct answer *a);
void auth_made_responder(struct exchange *x, const struct answer *a);
void auth_checked_initiator(struct exchange *x, const struct answer *a);
void auth_checked_responder(struct exchange *x, const struct answer *a);

#endif
