/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECK_OVERLAP_H
#define IPSEC_CHECK_OVERLAP_H

#include "conf/problem.h"
#include "conn/connection.h"

/*
 * Networks that two peers claim. Packets go to the narrowest network that holds
 * their destination: of two connections with the same one, the same own network
 * and different peers, only one can have them; of a narrower one inside a wider
 * one, the narrower has its part, which is worth a note. Where one has the narrower
 * network there, and the other here (or a protocol or port), packets that both mean go
 * to either of them.
 */
struct overlap {
	struct claim *claims;
	size_t len, cap;
	size_t lost; /* for want of memory */
};

/*
 * Called for each pair found, with what to say of `conn` and of the network of its
 * end `which`, and the connection that it meets; *d may be completed with places.
 */
typedef void (*overlap_tell)(void *ctx, enum problem_level level, const struct connection *conn,
			     const struct connection *other, int which, struct diag *d);

/* Take in what a connection claims, whose end `local` is this host; keeps a reference. */
void overlap_add(struct overlap *o, const struct connection *conn, int local);

/* Tell of clashes: of each claim the nearest one at most. Sorts; n log n. */
void overlap_find(struct overlap *o, overlap_tell tell, void *ctx);
/* Free; it is empty afterwards. */
void overlap_done(struct overlap *o);

#endif
