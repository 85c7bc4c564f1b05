/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_AHEAD_H
#define IKE_AHEAD_H

#include "conn/event.h"

struct command_wait;
struct ike;
struct key_wait;
struct loaded;

/*
 * Keys that the DNS has (RFC 4025) and that are to be there when the peer comes
 * (rsasigkey=%dnsonload): the host looks them up when a connection is loaded,
 * and keeps them fresh from then on.
 */

/* Whether some end of the connection has such a key. */
bool ahead_concerns(const struct loaded *l);

/* Ask for them. `w` waits for the first answers, which are told, and is well whatever they are. */
void ahead_ask(struct ike *ike, const struct loaded *l, struct command_wait *w);

/* What became of one: *k is done. */
void ahead_answered(struct ike *ike, struct key_wait *k, const struct answer *a);

/* The command waits no longer. */
void ahead_forget_waiter(struct ike *ike, const struct command_wait *w);
/* Forget all that were asked for: the engine goes. */
void ahead_free_all(struct ike *ike);

#endif
