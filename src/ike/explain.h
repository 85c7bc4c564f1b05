/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_EXPLAIN_H
#define IKE_EXPLAIN_H

#include "conn/report.h"
#include "ike/child.h"
#include "ike/table.h"

/*
 * Saying it so that a tired person understands: what failed, what we sent,
 * what the answer can mean, what to change. The one who ran the command hears
 * it on the terminal; the responder's log holds both sides of the difference.
 * Nothing here changes the machine, but that a connection's try notes the code
 * that its command will end with.
 */

/* The initiator's SA entered a state (ST_PARENT_I1 ...). */
void explain_state(struct ike_sa *sa, enum state_number st, const char *text);
/* The peer wants a cookie first (RFC 7296 2.6), or another group (1.2). */
void explain_cookie(struct ike_sa *sa);
void explain_group_turn(struct ike_sa *sa, uint16_t group);
/* The IKE SA stands, with what was agreed. */
void explain_established(struct ike_sa *sa);
/* Which internal address we were given, or gave: one of both was. */
void explain_internal(struct ike_sa *sa);
/* A child is up, in place of another one (NULL: none). */
void explain_child_up(struct child_sa *child, const struct child_sa *replaces);
/* The peer refused a child for a single processor, by that notify. */
void explain_no_clone(struct exchange *x, uint16_t notify);
/* A child has ended, and why. */
void explain_child_down(struct child_sa *child, const char *why);
/* The next try of what did not come up is planned. */
void explain_retry(struct ike *ike, const struct loaded *l);
/* There will be no next try: the same proof would be refused again. */
void explain_no_retry(struct ike *ike, const struct loaded *l);

/* Messages of ours had no answer: they go in fragments of at most so many octets now. */
void explain_smaller(struct ike_sa *sa, size_t octets);
/* A request of ours: once more, and at last in vain. */
void explain_retransmission(struct exchange *x);
void explain_no_answer(struct exchange *x);

/* The peer refused with an error notify: all of it, or just the child (explain_refusal.c). */
void explain_refusal(struct exchange *x, uint16_t notify);
void explain_child_refusal(struct exchange *x, uint16_t notify);
/* The same of what is tried again by an IKE SA of its own (up_begin_alone): it did not fail yet. */
void explain_alone(struct exchange *x, uint16_t notify);

/* The code that the command of this exchange's try will end with. */
void explain_note_code(const struct exchange *x, uint16_t code);

/* Something failed here. */
void explain_local(struct exchange *x, enum cyg_err err, const char *what);
/* No key pair or secret came of the key exchange, because. */
void explain_no_key(struct exchange *x, enum cyg_err err, const struct diag *why);

/* What was wrong with the peer's answer or request. */
void explain_answer_problem(struct exchange *x, enum problem p, const struct diag *why);
void explain_request_problem(struct exchange *x, enum problem p, const struct diag *why);

/* Strangers. */
void explain_half_open(const struct ike_sa *sa);
void explain_stranger(struct ike *ike, const struct received *rx, enum problem p);
/* Fills rx->why: nobody is loaded who could be meant. */
void explain_no_candidate(struct received *rx);

#endif
