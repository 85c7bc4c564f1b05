/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_UP_H
#define IKE_UP_H

#include "conn/event.h"
#include "policy/policy.h"

struct child_sa;
struct command_wait;
struct gateway_wait;
struct ike;
struct ike_sa;

/*
 * Bringing connections up and what becomes of them: tries, who waits for
 * them, what follows a loss. A try begins an IKE SA, or asks one that stands
 * with the same peer for one more child.
 */

/* Why an SA ended, and so what its connection does next. */
enum gone_why {
	GONE_QUIETLY, /* nothing follows: torn down on purpose, or replaced */
	GONE_PEER,    /* the peer deleted it, or a person this one SA */
	GONE_DEAD,    /* the peer does not answer any more (dpdaction=) */
	GONE_EXPIRED, /* its lifetime is over without a replacement, or it failed at this end */
};

/* What the core hangs on a connection while it needs to. */
struct upward {
	struct list waiters; /* struct waiter: commands to be told */
	uint64_t cause;      /* of the present try */
	uint64_t asked_sa;   /* serial of the IKE SA that a try waits on; 0: no try under way */
	uint16_t code;       /* what the failing try last told its person */
	struct gateway_wait *gateway; /* the peer is being looked up; NULL: it is not */
	nsec quiet_until;    /* after a failed try packets begin no new one before */
	bool replaces;       /* what stood before goes when the try succeeds */
	bool pinned;         /* being worked on: not to be released */
	bool reroute;  /* a program that failed took its route: the next try routes again */
	bool hopeless; /* the failing try would fail again: none follows by itself */
	bool packet;   /* an acquire: the packet's selectors go first */
	bool partial;  /* and are asked for alone: of a connection that is up (remainder.h) */
	struct remainder *remainder; /* what of that was refused; NULL: nothing; owned */
	struct ts packet_local, packet_remote;
};

/* The record of a connection, made when needed; NULL when memory is short. */
struct upward *up_of(struct loaded *l);

/*
 * Begin a try unless one is under way. What cannot begin is told, and its
 * reply code returned; 0: it is on its way.
 */
uint16_t up_begin(struct ike *ike, struct loaded *l, uint64_t cause);

/*
 * The peer may refuse a child because of the connection that made the IKE SA, whose proof, words or
 * number of children it holds against it: whether the try that waits on `sa` is to go on by an IKE SA of its own.
 * False for who has one.
 */
bool up_may_begin_alone(const struct ike_sa *sa, const struct loaded *l);
/* Let it go on so. What cannot begin is told, and the try has failed. */
void up_begin_alone(struct ike *ike, struct loaded *l);

/*
 * Ask `sa` for one more child, as the connection's try, which waits for an SA that we
 * negotiate. CYG_STATE when a try is under way already, or the SA begins no exchanges; CYG_NOMEM.
 */
MUST_CHECK enum cyg_err up_ask_child(struct ike_sa *sa, struct loaded *l, uint64_t cause);

/* The try waits on its IKE SA no more, and begins anew. */
void up_begin_again(struct ike *ike, struct loaded *l);

/* What was asked of an IKE SA waits on its successor from now on. */
void up_moved(struct loaded *l, uint64_t from, uint64_t to);

/* An IKE SA was established: what waits for it begins, here or (the peer is another one) anew. */
void up_sa_established(struct ike_sa *sa);

/*
 * Whether we may say INITIAL_CONTACT in the IKE_AUTH of `sa` (RFC 7296 2.4):
 * no other SA with this peer stands or is past its IKE_AUTH request.
 */
bool up_is_first_contact(const struct ike_sa *sa);

/*
 * A responder proved its peer: older SAs of the same identities go, all of them
 * after INITIAL_CONTACT, else (uniqueids) those with another address. What was
 * established after `began_at`, when the peer's first message came, is with the
 * peer as it is now, and stays whatever the peer could not know yet.
 */
void up_contact(struct ike_sa *sa, bool initial_contact, nsec began_at);

/* A child of the connection is up: its try has succeeded. */
void up_succeeded(struct ike *ike, struct child_sa *child);

/*
 * While a try is under way packets of a routed connection wait, so that none
 * goes elsewhere (ipsec_auto(8), --up). A code when the selectors are another's; 0: well.
 */
uint16_t up_hold(struct ike *ike, struct loaded *l, uint64_t cause);

/* Nothing is up: its SPD entry falls back to what it is at rest (trap, failure shunt, none). */
void up_rest(struct ike *ike, struct loaded *l, bool failed);

/*
 * This host changed: what rests is put in force with the ends that it has now,
 * or taken away while it has none.
 */
void up_follow_host(struct ike *ike);

/* What policy_come_back asked for: a failure shunt has stood long enough, a trap is to be set again. */
void up_come_back(struct ike *ike, struct loaded *l);

/* A packet met its trap: begin a try for it, but not at once again after one that failed. */
void up_acquire(struct ike *ike, struct loaded *l, const struct ts *local,
		const struct ts *remote);

/* A trap that waits for its pause to end is set anew now: what stood against a try may be gone. */
void up_set_trap_now(struct ike *ike, struct loaded *l);

/* The try of a connection failed with a code that was told. */
void up_failed(struct ike *ike, struct loaded *l, uint16_t code);

/* Its last child has gone. It stays routed, unless it is an instance or dpdaction=clear says no. */
void up_lost(struct ike *ike, struct loaded *l, enum gone_why why);

/* Something let go of the connection: an instance that nothing uses is forgotten. */
void up_release(struct ike *ike, struct loaded *l);

/* A command waits for the connection's try. */
MUST_CHECK enum cyg_err up_wait(struct loaded *l, struct command_wait *w);
/* Tell those who wait, with the result. */
void up_tell_waiters(struct loaded *l, uint16_t code);

/*
 * The try under way waits on its IKE SA no more: what it asked for there and was not begun is
 * dropped. No task of a connection is left on an IKE SA that no try of it waits on.
 */
void up_ask_no_more(struct ike *ike, struct loaded *l);

/* Nobody wants it any more: those who wait are told `why` ("it was taken down"), with RC_FATAL. */
void up_give_up(struct ike *ike, struct loaded *l, const char *why);

/* Free the core's record; whoever still waits is told RC_FATAL. */
void up_done(struct loaded *l);

#endif
