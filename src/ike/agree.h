/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_AGREE_H
#define IKE_AGREE_H

#include "ike/child.h"
#include "ike/selectors.h"
#include "ike/table.h"
#include "wire/chain.h"

/*
 * How two ends agree on a child SA (RFC 7296 2.9, 3.3): the SA, TSi and TSr
 * payloads, and USE_TRANSPORT_MODE, in IKE_AUTH and CREATE_CHILD_SA alike. The
 * child that is agreed on is x->child.
 */

/*
 * The selectors of a message that has TSi and TSr; `we_asked`: TSi is ours. *ret is the caller's, and
 * filled on PROBLEM_NONE alone. PROBLEM_SYNTAX, PROBLEM_LOCAL.
 */
enum problem agree_take_selectors(const struct message *m, bool we_asked, struct both_ts *ret,
				  struct diag *why);

/*
 * ESP proposals of a connection, completed: key exchange methods for pfs where
 * esp= names none, ESN as it wants it. One reference. NULL when memory is short.
 */
const struct proposals *child_proposals(const struct ike_sa *sa, const struct connection *c);

/*
 * Initiator: make x->child, larval, for a connection, offering its selectors;
 * `packet_local` and `packet_remote` (may be NULL) are those of the packet that
 * asks for it and come first (2.9), with `alone` before nothing but the selectors that hold them.
 * CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err agree_offer(struct exchange *x, struct loaded *l,
				    const struct ts *packet_local,
				    const struct ts *packet_remote, bool alone);

/*
 * What IKE_SA_INIT says for the mode that a connection wants. The number of USE_BEET_MODE is one for
 * private use, which means what strongSwan says among those that know its vendor ID (RFC 7296 3.12),
 * the MD5 of its name; to others it is none of ours.
 */
void agree_announce(struct chain *c, const struct connection *version);

/*
 * Initiator: append SA, TSi, TSr; outside IKE_AUTH also the nonce, and KE if x->ke has a
 * group.
 */
MUST_CHECK enum cyg_err agree_build_offer(struct exchange *x, struct chain *c, bool in_auth);

/*
 * Initiator: take the answer's choice. On PROBLEM_NONE x->child has suite, selectors and
 * the peer's SPI.
 */
enum problem agree_take_answer(struct exchange *x, const struct message *m, struct diag *why);

/*
 * Responder: find the connection, choose suite and selectors. On PROBLEM_NONE
 * x->child is made. `old` (may be NULL): the child to be rekeyed, whose
 * connection and selectors count.
 */
enum problem agree_answer(struct exchange *x, const struct message *m, struct child_sa *old,
			  struct diag *why);

/*
 * Responder: append SA, TSi, TSr of x->child; outside IKE_AUTH also the nonce, and KE if
 * x->ke has a group.
 */
void agree_build_answer(struct exchange *x, struct chain *c, bool in_auth);

#endif
