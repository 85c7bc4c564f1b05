/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_CREATE_CHILD_H
#define IKE_V2_CREATE_CHILD_H

#include "ike/child.h"
#include "ike/table.h"

/* CREATE_CHILD_SA (RFC 7296 1.3) for children; v2/rekey_ike.c has its use for the IKE SA. */

/* Begin EX_NEW_CHILD or EX_REKEY_CHILD on a free window. */
void child_begin(struct ike_sa *sa, const struct task *t);

/*
 * The host's answers: key exchange (whatever is being made: a pair, the response, the secret), trust's about
 * another connection (ike/judge.h), and the plane's for the child (`p`: it refused, because).
 */
void create_key_ready(struct exchange *x, const struct answer *a);
void create_responded(struct exchange *x, const struct answer *a);
void create_finished(struct exchange *x, const struct answer *a);
void child_judged(struct exchange *x, const struct answer *a);
void child_installed(struct exchange *x, enum problem p, const struct diag *why);

/* ---- shared with v2/rekey_ike.c ---- */

/*
 * Take the peer's nonce and KE out of a message into the exchange. `ours`: nonce into nr,
 * else into ni.
 */
enum problem create_take_values(struct exchange *x, struct received *rx, uint16_t group);

/* Report a request of the peer that cannot be served, found after it was suspended. */
void create_request_failed(struct exchange *x, enum problem p, const struct diag *why);

/* Decide between two replacements of a child once both outcomes are known (race.h). */
void settle_race(struct child_sa *old);

/*
 * The peer deletes a child that its own rekey replaced: it has decided the race,
 * and what our exchange on it may still make is not wanted (RFC 7296 2.8.1).
 */
void child_rekey_in_vain(const struct child_sa *old);

/* v2/rekey_ike.c: begin EX_REKEY_IKE on a free window, and go on after the host's answers. */
void ike_rekey_begin(struct ike_sa *sa, const struct task *t);
MUST_CHECK enum cyg_err ike_rekey_send(struct exchange *x);
void ike_rekey_responded(struct exchange *x);
void ike_rekey_finished(struct exchange *x);
/* The peer put it off or refused it; x is closed. */
void ike_rekey_refused(struct exchange *x);
/*
 * The peer deletes an SA that may have been rekeyed: what replaced it, as the peer sees it,
 * inherits.
 */
void ike_rekey_deleted(struct ike_sa *sa);

#endif
