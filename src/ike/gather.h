/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_GATHER_H
#define IKE_GATHER_H

#include "ike/sa.h"

struct received;

/*
 * Messages of the peer's that come in fragments (RFC 7383 2.6). A fragment is
 * decrypted and proven before anything of it is kept; one that has come already,
 * or can't be of the message that is awaited, costs not even that. For each SA
 * and direction one message is gathered, within bounds of number, octets and
 * time; all SAs that are not proven yet share one bound.
 */
#define GATHER_FRAGMENTS_MAX 256       /* of one message */
#define GATHER_OCTETS_MAX 32768        /* of one message */
#define GATHER_UNPROVEN_MAX (4u << 20) /* octets, of all half-open SAs */
#define GATHER_ALL_MAX (64u << 20)     /* octets, of all SAs */

struct gathering;

/* A whole message, put together: on the heap, wiped and freed by gathered_done. */
struct gathered {
	struct bytes text;
	uint8_t first;   /* type of the first payload inside */
	uint16_t total;  /* fragments it came in */
	uint64_t digest; /* keyed hash of the first one */
};
void gathered_done(struct gathered *g);

/*
 * Take a fragment for a message that the window awaits. True: it was the last one missing,
 * *ret is the message, and nothing is kept here. False: more are to come, or it was dropped.
 */
bool gather_take(struct ike_sa *sa, struct received *rx, struct gathered *ret);

/* Whether a fragment is the peer's: decrypts it, and keeps nothing. */
bool gather_genuine(struct ike_sa *sa, struct received *rx);

/* Forget what has come of the answer to our request, or else of the peer's request. */
void gather_drop(struct window *w, bool answer);

/* Octets that are kept for this SA. */
size_t gather_octets(const struct window *w);

#endif
