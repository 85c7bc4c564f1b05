/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_WHO_H
#define IKE_V2_WHO_H

#include "ike/table.h"

struct diag;
struct ident;
struct loaded;
struct message;

/*
 * Responder: by which connection a peer is judged. Addresses, identities, ways and suites leave
 * those that could be meant, best first. Where one of them wants more of the peer than a proof,
 * to be in a group or of an authority, and it is not, the next one is looked at.
 */

/*
 * The best connection for a peer that says to be `remote`; `eap`: it is to prove itself by it.
 * PROBLEM_AUTH: there is none, and *why says what was nearly right; PROBLEM_SYNTAX, PROBLEM_LOCAL.
 */
enum problem who_first(struct exchange *x, const struct message *m, const struct ident *remote,
		       bool eap, struct loaded **ret, struct diag *why);

/*
 * The peer is not what its SA's connection wants, for the reason `unfit`: ask trust for the next
 * one that fits, or refuse it. x->held has the payloads of its first request. False: it is for the
 * caller to refuse; else *x may be gone.
 */
bool who_next(struct exchange *x, const struct diag *unfit);

#endif
