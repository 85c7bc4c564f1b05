/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_RECEIVE_H
#define IKE_RECEIVE_H

#include "ike/table.h"

/*
 * Take in one datagram: find its SA, check its place in the window, decrypt, and hand it to
 * its row.
 */
void receive(struct ike *ike, const struct event *ev);

/*
 * A request that was taken on came to a problem, at once or after the host's
 * answers: carry out the verdict. `rx` may be NULL later on. *x and its SA may
 * be gone afterwards.
 */
void request_failed(struct exchange *x, enum problem p, enum scene s,
		    const struct received *rx);

/* The same for the answer to a request of ours. */
void answer_failed(struct exchange *x, enum problem p, enum scene s, const struct diag *why);

#endif
