/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/eap.h"

#include "ike/core.h"
#include "ike/op.h"
#include "ike/tell.h"
#include "wire/payload.h"

enum cyg_err eap_ask(struct exchange *x, struct view packet)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	uint32_t op = op_new(ike, OP_EAP, x, &x->ops);
	struct action *a = op ? actions_add(ike->out, ACT_EAP) : NULL;

	if (!a)
		return CYG_NOMEM;
	sa->init->eap.session = sa->serial;
	a->op = op;
	a->cause = x->cause;
	a->eap = (struct eap_request){
		.session = sa->init->eap.session,
		.connection = sa->version,
		.end = sa->loaded ? (uint8_t)sa->loaded->local : 0,
		.local = sa->initiator && sa->init->eap.id ? sa->init->eap.id : sa->local_id,
		.remote = !sa->initiator && sa->init->eap.id ? sa->init->eap.id : sa->remote_id,
		.server = !sa->initiator,
		.second = sa->init->eap.second,
		.alone = sa->init->eap.alone,
		.packet = packet.len ? actions_copy(ike->out, packet) : (struct view){0},
		.address = sa->remote.addr,
	};
	return CYG_OK;
}

enum problem eap_take_packet(struct received *rx, struct view *ret)
{
	const struct payload *p = message_find(rx->m, PAYLOAD_EAP);
	struct eap_payload eap;

	if (eap_parse(p, &eap, &rx->why))
		return PROBLEM_SYNTAX;
	*ret = p->body;
	return PROBLEM_NONE;
}

bool eap_may_be_alone(const struct ike_sa *sa)
{
	int end = sa->loaded && sa->loaded->local >= 0 ? sa->loaded->local : 0;

	return connection_auth(sa->version, sa->initiator ? !end : end) &
	       (AUTH_EAP_ONLY | AUTH_EAP);
}

/* What people are to read amid EAP: words of the other side, or why it will not end well. */
static void tell_people(struct exchange *x, const struct answer *a)
{
	struct about about = about_sa(x->sa);
	char peer[ENDPOINT_TEXT_MAX];

	about.cause = x->cause;
	if (!a->err && a->eap.outcome != EAP_FAILED && diag_is_set(a->why))
		tell(x->sa->ike, &about, REPORT_NOTICE, RC_LOG, "eap", a->why, "EAP with %s",
		     endpoint_print(&x->sa->remote, peer));
}

void eap_stepped(struct exchange *x, const struct answer *a)
{
	tell_people(x, a);
	if (x->sa->initiator)
		eap_stepped_initiator(x, a);
	else
		eap_stepped_responder(x, a);
}
