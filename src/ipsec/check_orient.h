/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECK_ORIENT_H
#define IPSEC_CHECK_ORIENT_H

#include "conn/connection.h"
#include "conn/event.h"

/*
 * Which end of a connection is this host, as pluto will find it (a list of hosts by its closest
 * entry), and what its ends are called. Nothing is asked of the network.
 */

struct lookup;

#define CHECK_NEITHER (-1)
#define CHECK_UNKNOWN (-2) /* an end is a name, which only a look-up would tell */
#define CHECK_BOTH (-3)

/* Which end is this host: 0 or 1, or one of the above. `names` has what was looked up; or NULL. */
int check_orient(const struct connection *c, const struct host_view *host,
		 const struct lookup *names);

/*
 * The address that an end of this host has, as far as it can be told; `other` tells which family is
 * meant. Borrowed from either; NULL: it can't be.
 */
const struct ip_addr *check_end_addr(const struct end *e, const struct end *other,
				     const struct host_view *host);

/* The one address that the peer has, borrowed; NULL: not known, or several. */
const struct ip_addr *check_peer_addr(const struct end *them);

/* The identity of an end: as described, else its address. An own reference; NULL: not known. */
const struct ident *check_end_identity(const struct end *e, const struct ip_addr *addr);

#endif
