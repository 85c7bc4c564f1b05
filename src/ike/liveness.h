/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_LIVENESS_H
#define IKE_LIVENESS_H

#include "conn/event.h"

struct child_sa;
struct ike_sa;

/*
 * Is the peer still there (RFC 7296 2.4, dpddelay=)? Silence is cheap to
 * mistake: first the plane is asked whether good ESP came, and only without
 * any an empty INFORMATIONAL is sent, whose retransmissions decide.
 *
 * Without dpddelay a responder still checks once, when the one who began has
 * said nothing for a while: IKE_AUTH proves the initiator to us, but not that
 * our answer reached it. Who was led astray with its request, or died there,
 * would otherwise leave an SA that swallows packets for its whole lifetime
 * (docs/attacks.md P11).
 */
void liveness_check(struct ike_sa *sa);

/* The plane's counters of an inbound SA came. */
void liveness_counted(struct child_sa *child, const struct answer *a);

/*
 * Without dpddelay a peer that has lost its SAs would swallow all that is sent to it. So the
 * plane is asked now and then whether packets have left (one counter a child); only when some
 * have is the way of liveness_check gone. An idle tunnel is never asked about.
 */
void liveness_look(struct ike_sa *sa);

/* The plane's counters of an outbound SA came, for liveness_look. */
void liveness_sent(struct child_sa *child, const struct answer *a);

/*
 * rekey=no: a child that we began is replaced only when it is in use, which the
 * plane is asked; the answers come to liveness_used.
 */
void liveness_ask_use(struct child_sa *child);
void liveness_used(struct child_sa *child, const struct answer *a);

#endif
