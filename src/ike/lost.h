/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_LOST_H
#define IKE_LOST_H

#include "ike/child.h"
#include "ike/verdict.h"

/* How SAs end: on purpose with a DELETE, or because something went wrong. */

enum lost_why {
	LOST_NO_ANSWER, /* the peer did not answer */
	LOST_REFUSED,   /* we refused the peer, and told it so in an answer */
	LOST_TOLD,      /* the peer refused us */
	LOST_LOCAL,     /* something failed here */
	LOST_PEER,      /* the peer deleted it */
	LOST_EXPIRED,   /* its lifetime is over */
	LOST_RESTARTED, /* the peer has begun anew and does not know it any more */
};

/*
 * The IKE SA ends now: what waited for it fails, its connections do what follows. *sa may
 * be gone.
 */
void sa_lost(struct ike_sa *sa, enum lost_why why);

/*
 * We end it and tell the peer: children go now, DELETE leaves when the window
 * is free, the record goes with the answer. *sa may be gone.
 */
void sa_close(struct ike_sa *sa);

/*
 * As sa_close after a bad answer: the peer is told by an error notify of its own request
 * (RFC 7296 2.21.2).
 */
void sa_abandon(struct ike_sa *sa, uint16_t notify);

/* Its lifetime is over: as sa_close, but its connections come up again when they should. */
void sa_expire(struct ike_sa *sa);

/* Somebody wants it gone: as sa_close, but what is to be up comes again after a pause. */
void sa_remove(struct ike_sa *sa);

/* We end one child: its plane's SAs go now, DELETE leaves when the window is free. */
void child_close(struct child_sa *child, enum gone_why why);

/* As child_close, for a child whose packets another carries: none is lost over its end. */
void child_supersede(struct child_sa *child);

/* All children of the SA are superseded; it goes with the last of them. *sa may be gone. */
void sa_supersede(struct ike_sa *sa);

/* A child of it has gone: one that is superseded goes as well when that was the last. */
void sa_child_gone(struct ike_sa *sa);

/*
 * The peer has made the child of an exchange of ours, which we do not want any
 * more: it is deleted there. x->child is NULL then.
 */
void child_give_back(struct exchange *x);

/*
 * What an exchange of ours was to make came to nothing, because of `p`: the
 * exchange is closed, a child that the peer may believe in is deleted, and the
 * try fails. *x is gone, its SA maybe.
 */
void child_try_failed(struct exchange *x, enum problem p, const struct diag *why);

#endif
