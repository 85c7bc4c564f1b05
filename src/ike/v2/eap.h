/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_EAP_H
#define IKE_V2_EAP_H

#include "ike/table.h"

/*
 * EAP in IKE_AUTH (RFC 7296 2.16). The responder proves itself first, as ever; the initiator
 * leaves its AUTH out, and the packets of a conversation go to and fro, one exchange each. It
 * is trust that speaks: a step is an operation. What it comes to is a key that trust keeps;
 * both AUTH payloads of the last exchange are made with it. Only then the child is agreed on,
 * which was offered in the first request.
 *
 * With EAP alone (RFC 5998) the responder's first answer has no AUTH; a connection must say so,
 * and trust then uses methods only that prove both ends.
 */

/* Ask trust for a step; an empty packet begins. CYG_NOMEM. */
MUST_CHECK enum cyg_err eap_ask(struct exchange *x, struct view packet);
/* Its answer. */
void eap_stepped(struct exchange *x, const struct answer *a);

/* The initiator's first step: the first request, without AUTH, follows. */
MUST_CHECK enum cyg_err eap_begin_initiator(struct exchange *x);

/* The EAP packet of a message, whole. PROBLEM_SYNTAX. */
enum problem eap_take_packet(struct received *rx, struct view *ret);

/* Whether the connection of the SA lets the responder prove itself by EAP alone. */
bool eap_may_be_alone(const struct ike_sa *sa);

/*
 * Responder, a request with AUTH: whether another proof is to follow (RFC 4739), which the peer
 * and the connection must agree on. What it says of the child is kept until then.
 */
enum problem eap_expect_second(struct exchange *x, struct received *rx);
/* Initiator: the responder is proven, and it is our turn to prove ourselves again. */
void eap_second_initiator(struct exchange *x);

/* By role: what follows. */
void eap_stepped_initiator(struct exchange *x, const struct answer *a);
void eap_stepped_responder(struct exchange *x, const struct answer *a);

/*
 * Amid EAP: our AUTH payload is there (responder), or the responder's was found right
 * (initiator), so that EAP begins. x->held: the initiator's first packet.
 */
void eap_made_responder(struct exchange *x);
void eap_checked_initiator(struct exchange *x);

#endif
