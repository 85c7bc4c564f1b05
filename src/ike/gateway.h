/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_GATEWAY_H
#define IKE_GATEWAY_H

#include "conn/event.h"

struct gateway_wait;
struct ike;
struct loaded;
struct upward;

/*
 * Opportunistic encryption (RFC 4025): a packet to an address of a group whose
 * peers' keys the DNS has. Its record in the reverse zone says who is to be
 * negotiated with, the address itself or a gateway, and nobody else may speak
 * for it. While that is looked up packets meet what they meet during a
 * negotiation; without an answer they meet the failure shunt.
 */

/* Whether the peer of an instance is to be looked up before anything is sent to it. */
bool gateway_is_asked(const struct loaded *l);

/* Ask; a try begins with the answer. A code that was told, or 0: it is on its way. */
uint16_t gateway_ask(struct ike *ike, struct loaded *l);

/* What came of it: *w is done. */
void gateway_answered(struct ike *ike, struct gateway_wait *w, const struct answer *a);

/* Nobody waits for it any more. */
void gateway_forget(struct upward *up);

#endif
