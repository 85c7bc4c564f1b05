/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_STEER_H
#define PLANE_ESP_STEER_H

#include "conn/sa.h"
#include "net/net.h"

/*
 * Which packets come to the device: routes in a table of our own, which a rule
 * makes every packet look at but those of sockets with our mark. For one
 * destination prefix there may be, best metric first:
 *
 *	tunnel	into the device: somebody protects it
 *	guard	prohibit, under each tunnel: when we are killed the device and its
 *		routes go, and this one stops what was protected from leaving in clear
 *	shunt	throw, blackhole or prohibit: a policy passes, drops or rejects it
 *	inside	throw: it is on our side of some tunnel, and must not be drawn into
 *		that tunnel's wider prefix
 *
 * A throw ends the look-up in our table and goes on with the next one.
 *
 * Steering is by destination alone. A shunt that is narrower than all traffic
 * to its destinations is a tunnel route here, so that the SPD decides; for
 * passing, that is left to those who protect the destination, if any.
 * What two tunnels claim, one as its inside and one as its far side, goes in.
 */
struct steer;

struct steer_config {
	struct net *net;
	uint32_t table, rule_priority, mark, ifindex;
};

/* Put up the rules. CYG_NOMEM and what net_rule_add says. */
MUST_CHECK enum cyg_err steer_new(const struct steer_config *c, struct steer **ret,
				  struct diag *why);
/* Take down routes and rules, and free. NULL is fine. */
void steer_free(struct steer *s);

/*
 * Remove all that an earlier run of this table and priority
 * left. Returns how many things there were, or -1.
 */
int steer_flush(struct net *net, uint32_t table, uint32_t rule_priority);

/* A route of the core's, known by its id: set replaces. */
MUST_CHECK enum cyg_err steer_route_set(struct steer *s, const struct plane_route *r,
					struct diag *why);
/* CYG_NOTFOUND. */
MUST_CHECK enum cyg_err steer_route_remove(struct steer *s, uint32_t id);

/* What a policy, known by its id, means for routing: set replaces. */
MUST_CHECK enum cyg_err steer_policy_set(struct steer *s, const struct plane_policy *p,
					 struct diag *why);
/* An unknown one is fine. */
void steer_policy_remove(struct steer *s, uint32_t id);

/*
 * Let packets from `local`, a socket of ours, find their way back where the
 * kernel checks it strictly (rp_filter 1): the check knows no mark.
 */
MUST_CHECK enum cyg_err steer_bypass(struct steer *s, const struct endpoint *local, bool add,
				     struct diag *why);

/* How many routes of the core's there are, and the octets held. */
size_t steer_count(const struct steer *s);
size_t steer_memory(const struct steer *s);

#endif
