/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_LIVENESS_H
#define IKE_LIVENESS_H

#include "conn/event.h"

struct ike_sa;

/*
 * Is the peer still there (RFC 7296 2.4, dpddelay=)? Silence is cheap to
 * mistake: first the plane is asked whether good ESP came, and only without
 * any an empty INFORMATIONAL is sent, whose retransmissions decide.
 */
void liveness_check(struct ike_sa *sa);

/* The plane's counters of an inbound SA came. */
void liveness_counted(struct ike_sa *sa, const struct answer *a);

#endif
