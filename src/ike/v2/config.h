/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_CONFIG_H
#define IKE_V2_CONFIG_H

#include "ike/sa.h"
#include "ike/verdict.h"
#include "wire/chain.h"
#include "wire/message.h"

/*
 * The configuration payload in IKE_AUTH (RFC 7296 2.19, 3.15): an initiator
 * asks for internal addresses, a responder gives them, with what belongs to
 * them. They live as long as the IKE SA and those that take its place.
 */

/* Initiator: append CP(CFG_REQUEST) if our end asks for an address, with the last ones as wish. */
void config_build_request(const struct ike_sa *sa, struct chain *c);

/*
 * Initiator: take what came into sa->internal. PROBLEM_ADDRESS when our end
 * asked and was given nothing that it can use.
 */
enum problem config_take_reply(struct ike_sa *sa, const struct message *m, struct diag *why);

/* Whether a message asks for an internal address; false when it can't be read. */
bool config_is_asked(const struct message *m);

/*
 * Responder, before the child is agreed on: see what the peer asks for, and give it
 * addresses of its end's pools as sa->assigned. Where the connection has none to give the
 * request is passed over. PROBLEM_ADDRESS when all pools that could serve are used up.
 */
enum problem config_take_request(struct ike_sa *sa, const struct message *m, struct diag *why);

/* Responder: append CP(CFG_REPLY) if the peer was given something. */
void config_build_reply(const struct ike_sa *sa, struct chain *c);

#endif
