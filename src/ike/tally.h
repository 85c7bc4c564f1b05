/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_TALLY_H
#define IKE_TALLY_H

#include "ike/ike.h"

struct child_sa;
struct ike_sa;
struct message;

/* Counts of what came to be since the engine was made (struct ike_tally of ike.h). */

/* An IKE SA was established, by a handshake or by rekeying. */
void tally_ike(const struct ike_sa *sa);
/* It ends now; before it was established, that is a failure. */
void tally_ike_end(const struct ike_sa *sa);
/* A child came up. */
void tally_child(const struct child_sa *child);

/* An error notification (RFC 7296 3.10.1) was sent; no other type is counted. */
void tally_sent(struct ike *ike, uint16_t notify);
/* What of that kind a message has that came. */
void tally_received(struct ike *ike, const struct message *m);

#endif
