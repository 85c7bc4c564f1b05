/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_ADDRESSES_H
#define PLUTO_ADDRESSES_H

#include "net/net.h"
#include "pluto/log.h"
#include "pluto/rundir.h"

/*
 * Addresses that the core wants this host to have (ACT_ADDRESS_SET): internal ones that
 * a peer gave us, and those of sourceip= that no link has. They stand on the loopback
 * interface with their whole length. The file pluto.addresses in RUNDIR names them, so
 * that the next start removes what a killed one left. An address that somebody else has
 * put there stays his.
 */
struct addresses {
	struct net *net;
	struct rundir *rundir;
	struct log *log;     /* NULL: nobody is told of failures */
	struct ip_addr *own; /* those that we put there */
	size_t len, cap;
};

/*
 * All three are borrowed. Removes what an earlier run left in this RUNDIR; returns how many
 * addresses those were.
 */
unsigned addresses_start(struct addresses *a, struct net *net, struct rundir *rundir,
			 struct log *log);

/* Bring an address, or take it away; a failure is told in the log. */
void addresses_set(struct addresses *a, const struct ip_addr *addr);
void addresses_remove(struct addresses *a, const struct ip_addr *addr);

/* Take away all that are left, and free. */
void addresses_stop(struct addresses *a);

#endif
