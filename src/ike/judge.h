/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_JUDGE_H
#define IKE_JUDGE_H

#include "ike/verdict.h"

struct answer;
struct connection;
struct diag;
struct exchange;
struct ike_sa;
struct judging;
struct loaded;
struct message;

/*
 * A peer that asks for a child of another connection than its IKE SA was made for, and of which that
 * one wants another proof or another suite. What it was believed by (sa->proofs) is held against that connection by
 * trust, as if it proved itself by the same certificate, signing in the same way, now. All else that an
 * IKE_AUTH settles must have been settled alike: who we are and how we prove it, second proofs, the
 * post-quantum key, the suite. Secrets, raw keys, EAP and no proof at all are held against nothing.
 * What is refused here the peer may have by an IKE SA of its own.
 */

/* Whether the suite of the IKE SA is one that ike= of the connection allows: it protects the child's keys. */
bool judge_suite(const struct ike_sa *sa, const struct connection *c);

/*
 * May it have a child of `l`, which has the networks that `m` asks for? PROBLEM_NONE; PROBLEM_LATER: trust
 * is asked, and child_judged follows; PROBLEM_PROOF with *why: the connection and its word that is not
 * met. PROBLEM_LOCAL.
 */
enum problem judge_other(struct exchange *x, const struct message *m, const struct loaded *l,
			 struct diag *why);

/* What trust says: judge_other knows it from now on. */
void judge_answered(struct exchange *x, const struct answer *a);

/* NULL is fine. */
void judging_free(struct judging *j);

#endif
