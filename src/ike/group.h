/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_GROUP_H
#define IKE_GROUP_H

#include "conn/event.h"

struct command_wait;
struct group_file;
struct ike;
struct loaded;

/*
 * Policy groups: the host reads their files, and each network that a file names
 * is a connection of its own (policy/policy.h). A file that is read again
 * changes only what differs; one that cannot be read changes nothing.
 */

/* Ask for the file of group `g`. `w` waits for it and gets its result. */
void group_ask(struct ike *ike, struct loaded *g, struct command_wait *w);
/* Ask for those of all groups. */
void group_ask_all(struct ike *ike, struct command_wait *w);

/* What was read: *f is done, or in work. */
void group_answered(struct ike *ike, struct group_file *f, const struct answer *a);

/*
 * Put the networks of a group in force, from now on also those that come, which
 * `w` waits for; returns a whack code. Or take all of them away. Tunnels that stand stay.
 */
uint16_t group_route(struct ike *ike, struct loaded *g, struct command_wait *w);
void group_unroute(struct ike *ike, struct loaded *g);

/* One more slice of what there is to do: for each EV_TIMER. */
void group_work(struct ike *ike);
/* When there is: at once, or never. */
nsec group_deadline(const struct ike *ike);

/* Try once more with networks that another connection was in the way of, or this host. */
void group_settle(struct ike *ike);

/* The command waits no longer. */
void group_forget_waiter(struct ike *ike, const struct command_wait *w);
/* Forget all that were asked for: the engine goes. */
void group_free_all(struct ike *ike);

#endif
