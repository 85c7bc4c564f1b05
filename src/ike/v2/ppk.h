/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_PPK_H
#define IKE_V2_PPK_H

#include "ike/table.h"
#include "wire/chain.h"

struct answer;

/*
 * Post-quantum pre-shared keys (RFC 8784). Both ends say in IKE_SA_INIT that they use them; in
 * IKE_AUTH the initiator names one, and trust mixes it into SK_d, SK_pi and SK_pr. An initiator
 * that does not insist sends a second proof without it, for a responder that lacks the key. With EAP
 * it is named beside the initiator's only AUTH, at the end: the responder's first one is without it.
 */
void ppk_announce(struct chain *c, const struct connection *version);
bool ppk_agree(const struct received *rx, const struct connection *version);

/* ---- initiator ---- */

/*
 * Whether the peer does without it, which the connection does not: false, and the exchange is given up
 * then. With EAP our proof comes last, and this first.
 */
bool ppk_may_be_left_out(struct exchange *x);
/* Ask for our proof, with the key if there is one. The exchange is given up when that can't be. */
void ppk_begin_proof(struct exchange *x);
/* The proof was the one without the key, and is kept; the one with it has been asked for. */
bool ppk_takes_first_proof(struct exchange *x, const struct answer *a);
/* PPK_IDENTITY and NO_PPK_AUTH. */
void ppk_build_request(const struct ike_sa *sa, struct chain *c);
/* Whether the peer has used the key: the SA's keys are with or without it from now on. */
enum problem ppk_take_answer(struct ike_sa *sa, struct received *rx);

/* ---- responder ---- */

/* Ahead of EAP: PROBLEM_AUTH when the connection insists, and the peer has not announced it. */
enum problem ppk_expect(const struct ike_sa *sa, struct diag *why);
/* Ask about the peer's proof, with the key that it names. */
enum problem ppk_take_request(struct exchange *x, struct received *rx);
/* PPK_IDENTITY, when the key was used. */
void ppk_build_answer(const struct ike_sa *sa, struct chain *c);

/* ---- both ---- */

/* A proof was refused, at either end: the PPK that was mixed in, if one was, may be why. */
void ppk_blame(const struct ike_sa *sa, struct diag *why);
/* Trust's answer to ACT_PPK, for either role. */
void ppk_answered(struct exchange *x, const struct answer *a);

#endif
