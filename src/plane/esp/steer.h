/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_STEER_H
#define PLANE_ESP_STEER_H

#include "conn/sa.h"
#include "net/net.h"

/*
 * Which packets come to the device: routes in tables of our own, which rules
 * make every packet look at but those of sockets with our mark. For one
 * destination prefix there may be, best metric first:
 *
 *	tunnel	into the device: somebody protects it
 *	guard	prohibit (or local: see places.c), under each tunnel: when we are killed the
 *		device and its routes go, and this one stops what was protected from leaving
 *		in clear
 *	shunt	throw, blackhole or prohibit: a policy passes, drops or rejects it
 *	inside	throw: it is on our side of some tunnel, and must not be drawn into
 *		that tunnel's wider prefix
 *
 * A throw ends the look-up in our table and goes on with the next one.
 *
 * What a policy protects goes from its local networks.
 * Packets from there look at a table of these first (branch.h), in which
 * the remote networks are tunnel routes with guards, and the local one leads on to
 * itself: neither another tunnel's inside nor another policy's shunt, however
 * narrow, lets them out. A pass that ranks before whoever protects its destination
 * is a throw in such a table too, where it is for the whole local network. Likewise what a policy drops or rejects, if that is
 * less than all traffic to its destinations, is in a table that only packets of its
 * local networks, protocol and ports look at. What goes in meets the SPD.
 *
 * A packet of this host's own may be routed before it has a source, and is given the
 * source of its route. Such ones look at a table of their own next: of the tunnels it has
 * those whose route (the core's) has a source. The last one is the main table. It has no tunnels,
 * as packets from where nobody protects them are not to go into one, however wide;
 * but where branches do not tell all that is protected it has every one of them.
 *
 * A pass for a part of a local network has a rule that leads past all branches (detour.h).
 *
 * Any other pass that is narrower than its destinations is left to those who protect
 * them, if any: what comes to the device goes on through a raw socket. While there is a narrower one, destinations that are dropped or rejected
 * lead to the device, so that the SPD can tell it. What two tunnels claim, one as
 * its inside and one as its far side, goes in.
 */
struct branch;
struct egress;
struct steer;

struct steer_config {
	struct net *net;
	uint32_t table, rule_priority, mark, ifindex;
	bool only_free; /* CYG_EXISTS, and no change, where an earlier run left anything */
	struct egress *egress; /* told what branches do; NULL: nobody. Borrowed */
};

/*
 * Put up the rules. Guards that an earlier run left stay, with its inside, until
 * steer_settled. CYG_NOMEM, CYG_IO and what net_rule_add says.
 */
MUST_CHECK enum cyg_err steer_new(const struct steer_config *c, struct steer **ret,
				  struct diag *why);
/*
 * Remove what an earlier run left and this one has not claimed. Later calls change nothing.
 * CYG_IO, and what net_route_set says.
 */
MUST_CHECK enum cyg_err steer_settled(struct steer *s, struct diag *why);
/* From now on free leaves all in the kernel, as if we were killed: another one will follow. */
void steer_keep(struct steer *s);
/* Take down routes and rules, and free. NULL is fine. */
void steer_free(struct steer *s);

/*
 * Remove all that an earlier run of this table and priority
 * left. Returns how many things there were, or -1.
 */
int steer_flush(struct net *net, uint32_t table, uint32_t rule_priority);

/*
 * A route of the core's, known by its id: set replaces. One that the kernel refuses leaves what
 * stood for it, or else the guard of its destination, which steer_route_remove takes away.
 */
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
 * Whether the firewall sends packets on that had no source when they were
 * routed. While it does not, what is narrower than its destinations is steered
 * by these alone, and traffic that is not meant is refused with it.
 */
void steer_by_source(struct steer *s, bool on);
/* The firewall has gone (false), or is back: meanwhile tunnels are steered by destination, too. */
void steer_has_marks(struct steer *s, bool on);
/* Whether some of what is protected is steered by its destinations alone: there are too many senders. */
bool steer_is_crowded(const struct steer *s);
/*
 * Whether the kernel kept a route or rule that was to go: what it leads past a tunnel leaves in clear.
 * steer_restore tries again.
 */
bool steer_lags(const struct steer *s);
/* Whether anything that an earlier run left still guards. */
bool steer_has_left(const struct steer *s);
/*
 * Whether branches that an earlier run left are still there: the firewall that it left has their
 * marks, and is to stay for as long.
 */
bool steer_has_earlier_branches(const struct steer *s);
/* Tell c->egress all, which has forgotten it. */
void steer_tell(struct steer *s);
/* The branches there are, a list by hh.next; and a number that changes with them. */
const struct branch *steer_branches(const struct steer *s, uint64_t *ret_version);

/*
 * Let packets from `local`, a socket of ours, find their way back where the
 * kernel checks it strictly (rp_filter 1): the check knows no mark.
 */
MUST_CHECK enum cyg_err steer_bypass(struct steer *s, const struct endpoint *local, bool add,
				     struct diag *why);

/*
 * Another hand may have removed rules or routes, or put rules before ours: put up what is missing
 * (*ret_missing is how many of them), and go to the front (*ret_moved; the bypasses are then to be
 * set anew). `ifindex` is the device's, which may be a new one. CYG_RANGE when there is no room in
 * front; what net_rule_add and net_route_set say; CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err steer_restore(struct steer *s, uint32_t ifindex, size_t *ret_missing,
				      bool *ret_moved, struct diag *why);

/* How many routes of the core's there are, and the octets held. */
size_t steer_count(const struct steer *s);
size_t steer_memory(const struct steer *s);

#endif
