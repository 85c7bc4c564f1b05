/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_FRAGMENT_H
#define IKE_FRAGMENT_H

#include "ike/sa.h"
#include "wire/chain.h"

struct received;

/*
 * Messages of ours in fragments (RFC 7383). A message that is sealed and too
 * long for a datagram leaves as several; from then on these are what is
 * retransmitted, cached and exported, one behind the other, since their
 * headers tell how long each is. When they have no answer they are opened again
 * with our own key and cut smaller, once; the SA goes on with small ones.
 */
#define FRAGMENT_PATIENCE 2 /* the so manieth repetition is cut smaller */

/* Announce it, unless the connection does not want it. */
void fragment_announce(struct chain *c, const struct connection *version);
/* What IKE_SA_INIT settles: both ends know it, or not. */
struct fragmenting fragment_agree(const struct received *rx, const struct connection *version);

/* Whether this sealed or unsealed message is to be cut. */
bool fragment_needed(const struct ike_sa *sa, struct view message);

/*
 * Cut the inner chain `text`, whose first payload is of type `first`, into sealed fragments of
 * the message that `whole` has the header of. *ret: all of them, in memory of the step's
 * actions. CYG_LIMIT, CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err fragment_cut(struct ike_sa *sa, struct view whole, uint8_t first,
				     struct view text, struct view *ret);

/*
 * From now on this SA sends smaller fragments: *sent, the datagrams of a message of ours, is
 * replaced by such ones. It stays as it is where that makes no difference or can't be done.
 */
void fragment_smaller(struct ike_sa *sa, struct bytes *sent);

#endif
