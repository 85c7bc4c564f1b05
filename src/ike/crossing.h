/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_CROSSING_H
#define IKE_CROSSING_H

#include <stdbool.h>

struct child_sa;
struct ike;
struct loaded;

/*
 * Both ends bring the same connection up at once: by two commands, two packets
 * that met traps, or one of each. RFC 7296 2.8 and 2.25 settle crossings of
 * rekeys, but not those of first exchanges, so that two tunnels would stand.
 *
 * A try of ours that the peer cannot have answered yet (its IKE_AUTH or
 * CREATE_CHILD_SA has not left) is dropped when the peer's child is up. Else both
 * come up, each end knows all four SPIs, and the child with the lowest of them
 * goes, as the lowest nonce decides in a rekey. The end that began it deletes it, after
 * a moment in which the other one surely stands at both ends, and only if that
 * is still there then. A peer with other rules is not disturbed: nothing of what it
 * began is touched.
 */

/* Whether the child carries all that its connection is for. */
bool crossing_is_whole(const struct child_sa *child);

/*
 * The peer's child is up while a try of ours waits: true when the try was
 * dropped. False when it goes on: the peer may have answered it.
 */
bool crossing_drop_try(struct ike *ike, struct loaded *l);

/*
 * A child that was not made by a rekey is up. Where the other end made one for the same
 * selectors meanwhile, it is decided which one goes. Returns the child of the
 * connection that stands: this one, or the peer's.
 */
struct child_sa *crossing_settle(struct child_sa *child);

/* The peer's child that came up while a try of ours failed, and is as good; NULL. */
struct child_sa *crossing_found(const struct loaded *l);

/* The time has come for a child that is to go. */
void crossing_due(struct child_sa *child);

#endif
