/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_CLONE_H
#define IKE_CLONE_H

#include "ike/child.h"
#include "ike/verdict.h"

struct message;

/*
 * SAs for single processors (RFC 9611, clones=). A connection's first child
 * carries the packets of all processors, and is made as ever; both ends say
 * SA_RESOURCE_INFO when they would take clones of it: children of the same
 * selectors and suite, each for what one processor sends. The plane tells when
 * a processor has packets and no SA of its own (EV_ACQUIRE). A clone is rekeyed
 * and deleted like any child; its end leaves the first child to its packets.
 * When the first one ends without a successor, so do its clones.
 */

/* Whether a connection has them here: it asks for them, and the plane can. */
bool clone_is_wanted(const struct ike *ike, const struct connection *c);

/* Whether a message's sender takes part, where we do. `where`: bits of the message's place. */
bool clone_is_agreed(const struct child_sa *child, const struct message *m, uint16_t where);

/* The child that is up and serves all processors; of several any one. NULL. */
struct child_sa *clone_first(const struct loaded *l);

/* A processor sends and has no SA of its own: ask the peer for one, where it would take it. */
void clone_ask(struct ike *ike, struct loaded *l, uint32_t processor);

/*
 * Whether the plane is to tell of processors without an SA of their own, when `first` is the first
 * child: the entry's `spread`. Not while one is being made, because that processor's packets would wait.
 */
bool clone_listens(const struct loaded *l, const struct child_sa *first);

/* A clone that we asked for came up. */
void clone_made(struct ike *ike, struct loaded *l);

/* A clone came up, or came to nothing: tell the plane what follows of clone_listens. */
void clone_changed(struct ike *ike, struct loaded *l);

/* We have rekeyed the first child: its clones follow, because planes send by what is newest. */
void clone_rekeyed_first(const struct child_sa *first);

/* It was asked for, and still makes sense. */
bool clone_is_needed(const struct loaded *l, uint32_t processor);

/*
 * Initiator: the larval child is to be a clone for that processor; it is offered the first one's
 * selectors. CYG_STATE when there is none; CYG_NOMEM.
 */
MUST_CHECK enum cyg_err clone_offer(struct child_sa *child, uint32_t processor);

/* What was agreed on is what the first child has (RFC 9611 4); PROBLEM_ANSWER, and *why, if not. */
enum problem clone_check(const struct child_sa *child, struct diag *why);

/*
 * Responder of CREATE_CHILD_SA: the larval child may be a clone, or take the place of `old` (may be NULL).
 * PROBLEM_CLONES, and *why: there are as many as we take.
 */
enum problem clone_adopt(struct child_sa *child, const struct child_sa *old, struct diag *why);

/* The first child went while a clone of it was made. */
bool clone_is_orphan(const struct child_sa *child);

/* The peer takes no more of them, as long as the tunnel stands. */
void clone_refused(const struct loaded *l);

/* None could be made now: processors are heard again after a while, a longer one each time. */
void clone_put_off(const struct loaded *l);

/*
 * The peer's refusal (TS_MAX_QUEUE) crossed ours of its own wish: each has counted the one that it
 * asked for, and there is room for either.
 */
bool clone_crossed(const struct loaded *l);

/* One of its children ended, but not all: what has lost its first child ends soon. */
void clone_left(struct ike *ike, struct loaded *l, enum gone_why why);

/* The time that clone_left gave is over. */
void clone_due(struct child_sa *child);

#endif
