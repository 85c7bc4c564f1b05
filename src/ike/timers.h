/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_TIMERS_H
#define IKE_TIMERS_H

#include "base/heap.h"

struct ike;
struct ike_sa;
struct child_sa;
struct command_wait;

/* Deadlines of an IKE SA. What each is, and its length, stands at the head of timers.c. */
enum sa_timer {
	T_RETRANSMIT,
	T_END,
	T_REKEY,
	T_EXPIRE,
	T_LIVENESS,
	T_ONE_SIDED,
	T_KEEPALIVE,
	T_GATHER,
	SA_TIMERS
};
enum child_timer {
	CT_REKEY,
	CT_EXPIRE,
	CT_OUTBOUND,
	CT_REDUNDANT,
	CT_ORPHANED,
	CT_CLONES,
	CHILD_TIMERS
};

enum timed_owner { TIMED_SA, TIMED_CHILD, TIMED_COMMAND };

/* One place in the heap for all deadlines of one owner: the earliest counts. */
struct timed {
	struct heap_node node;
	uint8_t owner; /* enum timed_owner */
};

/* ---- facts, from which deadlines follow ---- */

/*
 * Room in the heap for one more owner, so that no deadline is ever lost. False when memory
 * is short.
 */
bool timers_reserve(struct ike *ike) __attribute__((warn_unused_result));

void timers_sa_half_open(struct ike_sa *sa); /* a responder's SA without IKE_AUTH so far */
void timers_sa_eap(
	struct ike_sa *sa); /* it waits for the next packet of EAP, which ends in time */
void timers_sa_refused(struct ike_sa *sa);  /* IKE_SA_INIT had an unauthenticated refusal */
void timers_sa_answered(struct ike_sa *sa); /* and then an answer that agrees */
void timers_sa_established(struct ike_sa *sa);
void timers_sa_resume(struct ike_sa *sa, nsec rekey, nsec expire); /* imported */
void timers_sa_over(struct ike_sa *sa);       /* only answers retransmissions from now on */
void timers_sa_superseded(struct ike_sa *sa); /* a successor took its children */
void timers_sa_heard(struct ike_sa *sa);      /* a good message came */
void timers_sa_asked(struct ike_sa *sa);      /* what tells whether it lives is on its way */
void timers_sa_heard_esp(struct ike_sa *sa, nsec when); /* the plane says so */
void timers_sa_first_word(struct ike_sa *sa);  /* established, but nobody heard us say so yet */
void timers_sa_plane_asked(struct ike_sa *sa); /* it tells within a second, or never */
void timers_sa_looked(struct ike_sa *sa,
		      bool sends);             /* whether packets left: the plane was asked */
void timers_sa_gathering(struct ike_sa *sa);   /* the first fragment of a message came */
void timers_sa_sent(struct ike_sa *sa);        /* a datagram left: the NAT's mapping is fresh */
void timers_sa_rekey_later(struct ike_sa *sa); /* the peer could not now */
/*
 * A request of ours has just left for the n-th time (0: first). False: that was the last
 * wait.
 */
bool timers_request_sent(struct ike_sa *sa, uint32_t nth);
/* It was answered, or given up: it is not sent again. */
void timers_request_done(struct ike_sa *sa);

void timers_child_up(struct child_sa *child);
void timers_child_resume(struct child_sa *child, nsec rekey, nsec expire); /* imported */
void timers_child_rekeyed(struct child_sa *child);  /* a replacement stands beside it */
void timers_child_answered(struct child_sa *child); /* rekeyed by the peer: outbound waits */
void timers_child_outbound(struct child_sa *child); /* it is in use now */
void timers_child_draining(struct child_sa *child); /* deleted; stragglers may come */
void timers_child_rekey_later(struct child_sa *child); /* the peer could not now */
void timers_child_redundant(struct child_sa *child); /* the peer's own stands beside it */
void timers_child_orphaned(struct child_sa *child);  /* what it was a clone of has ended */
void timers_child_clones_later(
	struct child_sa *child); /* no clone of it now: the n-th time in a row */

/* The owner goes: none of its timers fires any more. */
void timers_sa_stop(struct ike_sa *sa);
void timers_child_stop(struct child_sa *child);

/* A command waits until then at the latest. */
void timers_command(struct command_wait *w, nsec at);

/* The earliest of all. */
nsec timers_deadline(const struct ike *ike);
/* Carry out all that is due at ike->now. */
void timers_run(struct ike *ike);

#endif
