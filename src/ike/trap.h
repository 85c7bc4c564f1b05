/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_TRAP_H
#define IKE_TRAP_H

#include "policy/policy.h"

struct answer;
struct command_wait;
struct ike;

/*
 * The entry of a routed connection, which packets meet while no tunnel is up: what the host says to
 * it. An entry that it refuses, or whose routes it refuses, would let packets go in clear behind the
 * back of who asked for it.
 */
struct trap_wait;

/*
 * Put the entry of `l` in force as it rests (policy_resting); its selectors are claimed. `w`, which may
 * be NULL, waits for what the host says: where that is no, it is told with RC_ROUTE, and the connection
 * is routed no more. False when memory is short, or a program of it can't be begun: nothing is in force then.
 */
bool trap_set(struct ike *ike, struct loaded *l, struct command_wait *w);

/* An answer of the host: OP_TRAP. The last one ends *t. */
void trap_answered(struct ike *ike, struct trap_wait *t, const struct answer *a);

/* *w goes: nobody waits for its entries any more. */
void trap_forget_waiter(struct ike *ike, const struct command_wait *w);

/* Forget all that are waited for. */
void trap_free_all(struct ike *ike);

#endif
