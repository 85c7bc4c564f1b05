/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_NAT_H
#define SIM_NAT_H

#include "sim/world.h"

/* The network's view of NATs (net.c is its only user). */
struct mapping {
	struct list link;
	struct endpoint inside;
	uint16_t port; /* outside */
	nsec used_at;
};

struct nat {
	struct list link;
	char name[16];
	struct ip_addr outside;
	struct list mappings;
	nsec idle;
	uint16_t next_port;
};

/* The NAT that has this outside address; NULL if none. */
struct nat *nat_at(const struct world *w, const struct ip_addr *outside);
/* A datagram leaves: its source becomes the outside one. */
void nat_out(struct world *w, struct nat *n, struct endpoint *source);
/* One comes in: its destination becomes the inside one. False: nobody asked for it. */
bool nat_in(struct world *w, struct nat *n, struct endpoint *to);
void nat_free(struct nat *n);

#endif
