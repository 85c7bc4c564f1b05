/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_INTERNAL_H
#define CONN_INTERNAL_H

#include "conn/connection.h"

/*
 * Internal addresses (RFC 7296 2.19): what one end of a connection asks of the
 * other by a configuration payload, and what it was given. The two families
 * stand side by side: [0] is IPv4, [1] is IPv6.
 */
#define INTERNAL_SERVERS_MAX 8
#define INTERNAL_DOMAINS_LEN 256
#define INTERNAL_BANNER_LEN 256

/* What a peer gave our end. Plain: copied by assignment. */
struct internal {
	struct ip_addr addr[2]; /* IP_NONE: none */
	struct ip_addr dns[INTERNAL_SERVERS_MAX], wins[INTERNAL_SERVERS_MAX];
	uint8_t dns_len, wins_len;
	char domains[INTERNAL_DOMAINS_LEN]; /* separated by blanks; "" none */
	char banner[INTERNAL_BANNER_LEN];   /* printable ASCII; "" none */
};

/* Where the family has its place in a pair: 0 for IPv4, 1 for IPv6. */
static inline int internal_slot(uint8_t family)
{
	return family == IP_V6;
}

/* Whether some address is there. */
bool internal_has(const struct ip_addr addr[2]);

/* The families that end `which` asks its peer for: ASK_V4, ASK_V6, or-ed; 0 none. */
uint8_t connection_asks(const struct connection *c, int which);

/* The end's described source address of a family; IP_NONE if there is none. */
struct ip_addr end_source(const struct end *e, uint8_t family);

/* The end has addresses to be given: a pool of its own, or a name for one. */
bool end_has_pool(const struct end *e);

/* The end that is this host, where its description alone tells; -1: which addresses this host has does. */
int connection_sure_end(const struct connection *c);

/*
 * True when the end `own`, this host (-1: which one is is not known), has a pool and asks for no
 * address: what it lists only the other host could give. *why says so.
 */
bool connection_own_pool(const struct connection *c, int own, struct diag *why);

/*
 * The end's side of the tunnel is the address that it is given, because nothing else is
 * described: it asks, or has a pool, and has no networks.
 */
bool connection_is_internal(const struct connection *c, int which);

/*
 * One of its sides is known only while it is up: an address that is given, or a network
 * that the peer claims (vhost:, vnet:). It is not routed by being brought up.
 */
bool connection_is_open(const struct connection *c);

#endif
