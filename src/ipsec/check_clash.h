/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECK_CLASH_H
#define IPSEC_CHECK_CLASH_H

#include "conf/problem.h"
#include "conn/connection.h"

/*
 * What two connections can't both have, though each is well by itself:
 *
 * - selectors that one of them passes, drops or rejects: equal ones belong to one
 *   connection, and pluto refuses to route the other;
 * - a peer's identity at two addresses, while a new IKE SA of the same identities
 *   takes the place of the old one (uniqueids=yes): the two keep taking each other
 *   down.
 */
struct clash {
	struct clash_pair *pairs;
	size_t pairs_len, pairs_cap;
	struct clash_peer *peers;
	size_t peers_len, peers_cap;
	bool shunts; /* there is one at least */
	size_t lost; /* for want of memory */
};

/* What is known of a connection besides its description. */
struct clash_facts {
	int local;                     /* the end that is this host */
	const struct ip_addr *addr[2]; /* of each end; NULL: not known */
	const struct ident *me;        /* who we are there; NULL: not known */
	bool unique_ids;               /* uniqueids= of config setup */
};

/* Take a connection in; keeps references. */
void clash_add(struct clash *c, const struct connection *conn, const struct clash_facts *f);

/*
 * Called for each clash with the earlier one of two connections as `other`. `keyword` of
 * the end `which` is what the two have in common; *d may be completed with places.
 */
typedef void (*clash_tell)(void *ctx, const struct connection *conn,
			   const struct connection *other, const char *keyword, int which,
			   struct diag *d);

/* Tell of each clash, once for each connection that meets an earlier one. Sorts; n log n. */
void clash_find(struct clash *c, clash_tell tell, void *ctx);
/* Free; it is empty afterwards. */
void clash_done(struct clash *c);

#endif
