/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_STAGE_H
#define SIM_STAGE_H

#include "sim/check.h"
#include "sim/machine.h"

/* What scenarios share: usual hosts and connections, traffic, the end. */

/*
 * How long anything may take once the network is calm: the longest pause between
 * tries, and a try.
 */
#define RECOVERY (480 * NSEC_PER_SEC)
/* In fair weather: a superseded IKE SA stays for a minute at most. */
#define CALM (100 * NSEC_PER_SEC)
/* A try that is never answered has given up by then. */
#define PATIENCE (90 * NSEC_PER_SEC)

/*
 * Foul weather makes SAs vanish at one end; lines that let the other one find
 * out. In fair weather "": what one end forgets must not be healed by liveness
 * checks. Static.
 */
const char *stage_liveness(struct world *w);
/* How long rest may take once it is calm: not long when all was fair. */
nsec stage_limit(struct world *w);

/* Two gateways, west and east, with a subnet behind each; started, with a secret in common. */
struct two {
	struct world *w;
	struct machine *west, *east;
	const char *west_inner, *east_inner; /* an address behind each */
	char text[1024];                     /* the connection "tunnel" between the subnets */
};
void stage_two(struct world *w, struct two *t);

/* Load "tunnel" at both, with more lines of keyword=value. */
void two_add(struct two *t, const char *more);
/* A packet each way arrives. */
bool two_check_paths(struct two *t);
/* Either of them, as the dice fall; and the other one. */
struct machine *two_any(struct two *t);
struct machine *two_other(struct two *t, const struct machine *m);

/* Algorithms as lines of ike= and esp=, "" for the defaults; as the dice fall. Static. */
const char *stage_algorithms(struct world *w);

/* A time span between the two, as the dice fall, in milliseconds. */
nsec stage_span(struct world *w, unsigned low_ms, unsigned high_ms);
/* Let that much time pass. */
void stage_pause(struct world *w, unsigned low_ms, unsigned high_ms);

/* The command has ended with this reply code. */
bool expect_code(struct world *w, const struct order *o, uint16_t code);
/* The command has ended within the span. */
bool expect_end(struct world *w, const struct order *o, nsec span);

/*
 * The host has exactly so many established IKE SAs and children.
 */
bool expect_sas(struct machine *m, size_t ikes, size_t children);

/*
 * Packets from one end to the other at an interval, until stopped. Once the
 * network is calm: traffic_all_arrived fails the run unless each did.
 */
struct traffic;
struct traffic *traffic_start(struct machine *from, const char *source, const char *destination,
			      nsec interval);
void traffic_set_interval(struct traffic *t, nsec interval);
void traffic_stop(struct traffic *t);
bool traffic_all_arrived(struct world *w);

/*
 * The end of most scenarios: all is calm, at rest and agrees; then every
 * connection is deleted everywhere, and nothing is left.
 */
void stage_finish(struct world *w);
/* Only the second half: delete all, nothing is left. */
void stage_clear(struct world *w);

#endif
