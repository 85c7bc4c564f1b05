/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/table.h"

#include "base/text.h"
#include "ike/v2/exchanges.h"
#include "wire/notify.h"
#include "wire/sa.h"

/* clang-format off */
#define INIT X_IKE_SA_INIT
#define AUTH X_IKE_AUTH
#define CHILD X_CREATE_CHILD_SA
#define INFO X_INFORMATIONAL
#define ASK false
#define ANSWER true

const struct row ike_table[] = {
	{SA_NONE, INIT, ASK, SHAPE_ANY, SCENE_INIT_REQUEST, SA_R1,
	 &rules_init_request, NULL, "a stranger begins (RFC 7296 1.2)"},
	{SA_I1, INIT, ANSWER, SHAPE_AGREE, SCENE_INIT_ANSWER, SA_I2,
	 &rules_init_response, init_answer, "the peer chose; keys follow (1.2)"},
	{SA_I1, INIT, ANSWER, SHAPE_REFUSE, SCENE_INIT_ANSWER, SA_I1,
	 &rules_error_response, init_refused,
	 "COOKIE, INVALID_KE_PAYLOAD, or an error that anyone may have sent (2.6, 2.7, 2.21.1)"},

	{SA_R1, AUTH, ASK, SHAPE_AGREE, SCENE_AUTH_REQUEST, SA_UP,
	 &rules_auth_request, auth_request, "the initiator proves who it is (1.2)"},
	{SA_R1, AUTH, ASK, SHAPE_EAP, SCENE_AUTH_REQUEST, SA_R1_EAP,
	 &rules_auth_request_eap, auth_request_eap, "EAP is asked for (2.16)"},
	{SA_R1_EAP, AUTH, ASK, SHAPE_EAP, SCENE_AUTH_REQUEST, SA_R1_EAP,
	 &rules_auth_second, eap_second_request, "proven once, it proves itself again (RFC 4739)"},
	{SA_R1_EAP, AUTH, ASK, SHAPE_EAP_STEP, SCENE_AUTH_REQUEST, SA_R1_EAP,
	 &rules_auth_eap_step, eap_request, "a step of EAP (2.16)"},
	{SA_R1_EAP, AUTH, ASK, SHAPE_AGREE, SCENE_AUTH_REQUEST, SA_UP,
	 &rules_auth_final, eap_final_request, "the initiator has the key of EAP (2.16)"},
	{SA_R1_EAP, INFO, ASK, SHAPE_ANY, SCENE_INFO_REQUEST, SA_GONE,
	 &rules_informational, info_request, "the initiator gives up amid EAP (2.21.2)"},
	{SA_I2, AUTH, ANSWER, SHAPE_AGREE, SCENE_AUTH_ANSWER, SA_UP,
	 &rules_auth_response, auth_answer, "the responder proves who it is (1.2)"},
	{SA_I2, AUTH, ANSWER, SHAPE_NO_CHILD, SCENE_AUTH_ANSWER, SA_UP,
	 &rules_auth_response_no_child, auth_answer,
	 "as above, but the child was refused (1.2)"},
	{SA_I2, AUTH, ANSWER, SHAPE_EAP_STEP, SCENE_AUTH_ANSWER, SA_I2_EAP,
	 &rules_auth_eap, eap_first_answer, "the responder proves who it is, and begins EAP (2.16)"},
	{SA_I2_EAP, AUTH, ANSWER, SHAPE_EAP_STEP, SCENE_AUTH_ANSWER, SA_I2_EAP,
	 &rules_auth_eap_step, eap_answer, "a step of EAP (2.16)"},
	{SA_I2_EAP, AUTH, ANSWER, SHAPE_AGREE, SCENE_AUTH_ANSWER, SA_UP,
	 &rules_auth_eap_response, eap_final_answer, "the responder has the key of EAP (2.16)"},
	{SA_I2_EAP, AUTH, ANSWER, SHAPE_NO_CHILD, SCENE_AUTH_ANSWER, SA_UP,
	 &rules_auth_eap_response_no_child, eap_final_answer,
	 "as above, but the child was refused (1.2)"},
	{SA_I2_EAP, AUTH, ANSWER, SHAPE_REFUSE, SCENE_AUTH_ANSWER, SA_GONE,
	 &rules_error_response, auth_refused, "the responder does not believe us (2.21.2)"},
	{SA_I2, AUTH, ANSWER, SHAPE_REFUSE, SCENE_AUTH_ANSWER, SA_GONE,
	 &rules_error_response, auth_refused, "the responder does not know us (2.21.2)"},

	{SA_UP, CHILD, ASK, SHAPE_NEW_CHILD, SCENE_CHILD_REQUEST, SA_UP,
	 &rules_child_request, child_request, "another child (1.3.1)"},
	{SA_UP, CHILD, ASK, SHAPE_REKEY_CHILD, SCENE_CHILD_REQUEST, SA_UP,
	 &rules_child_request, child_rekey_request, "a child is rekeyed (1.3.3)"},
	{SA_UP, CHILD, ASK, SHAPE_REKEY_IKE, SCENE_CHILD_REQUEST, SA_REKEYED,
	 &rules_ike_rekey_request, ike_rekey_request, "the IKE SA is rekeyed (1.3.2)"},
	{SA_UP, CHILD, ANSWER, SHAPE_NEW_CHILD, SCENE_CHILD_ANSWER, SA_UP,
	 &rules_child_response, child_answer,
	 "our new or rekeyed child was accepted (1.3.1, 1.3.3)"},
	{SA_UP, CHILD, ANSWER, SHAPE_REKEY_IKE, SCENE_CHILD_ANSWER, SA_REKEYED,
	 &rules_ike_rekey_response, ike_rekey_answer,
	 "our rekey of the IKE SA was accepted (1.3.2)"},
	{SA_UP, CHILD, ANSWER, SHAPE_REFUSE, SCENE_CHILD_ANSWER, SA_UP,
	 &rules_error_response, child_refused, "what we asked for was refused (2.21.3, 2.25)"},
	{SA_UP, INFO, ASK, SHAPE_ANY, SCENE_INFO_REQUEST, SA_UP,
	 &rules_informational, info_request, "deletes, notifies, liveness (1.4)"},
	{SA_UP, INFO, ANSWER, SHAPE_ANY, SCENE_INFO_ANSWER, SA_UP,
	 &rules_informational, info_answer, "to our deletes and liveness checks (1.4)"},

	{SA_REKEYED, CHILD, ASK, SHAPE_NEW_CHILD, SCENE_CHILD_REQUEST, SA_REKEYED,
	 &rules_child_request, busy_request, "too late for this SA (2.25.2)"},
	{SA_REKEYED, CHILD, ASK, SHAPE_REKEY_CHILD, SCENE_CHILD_REQUEST, SA_REKEYED,
	 &rules_child_request, busy_request, "too late for this SA (2.25.2)"},
	{SA_REKEYED, CHILD, ASK, SHAPE_REKEY_IKE, SCENE_CHILD_REQUEST, SA_REKEYED,
	 &rules_ike_rekey_request, busy_request, "it is rekeyed already (2.25.2)"},
	{SA_REKEYED, CHILD, ANSWER, SHAPE_REKEY_IKE, SCENE_CHILD_ANSWER, SA_REKEYED,
	 &rules_ike_rekey_response, ike_rekey_answer,
	 "our rekey, which crossed the peer's (2.8.2)"},
	{SA_REKEYED, CHILD, ANSWER, SHAPE_REFUSE, SCENE_CHILD_ANSWER, SA_REKEYED,
	 &rules_error_response, child_refused,
	 "our rekey, which crossed the peer's, was refused (2.8.2)"},
	{SA_REKEYED, INFO, ASK, SHAPE_ANY, SCENE_INFO_REQUEST, SA_REKEYED,
	 &rules_informational, info_request, "the peer deletes what it replaced (2.8)"},
	{SA_REKEYED, INFO, ANSWER, SHAPE_ANY, SCENE_INFO_ANSWER, SA_REKEYED,
	 &rules_informational, info_answer, "to what we asked before the rekey (1.4)"},

	{SA_DELETING, CHILD, ASK, SHAPE_NEW_CHILD, SCENE_CHILD_REQUEST, SA_DELETING,
	 &rules_child_request, busy_request, "we are closing it (2.25.2)"},
	{SA_DELETING, CHILD, ASK, SHAPE_REKEY_CHILD, SCENE_CHILD_REQUEST, SA_DELETING,
	 &rules_child_request, busy_request, "we are closing it (2.25.2)"},
	{SA_DELETING, CHILD, ASK, SHAPE_REKEY_IKE, SCENE_CHILD_REQUEST, SA_DELETING,
	 &rules_ike_rekey_request, busy_request, "we are closing it (2.25.2)"},
	{SA_DELETING, CHILD, ANSWER, SHAPE_ANY, SCENE_CHILD_ANSWER, SA_DELETING,
	 &rules_late, late_answer, "to what we asked before we closed it (1.4.1)"},
	{SA_DELETING, INFO, ASK, SHAPE_ANY, SCENE_INFO_REQUEST, SA_DELETING,
	 &rules_informational, info_request, "both ends close at once (2.25.2)"},
	{SA_DELETING, INFO, ANSWER, SHAPE_ANY, SCENE_INFO_ANSWER, SA_GONE,
	 &rules_informational, info_answer, "the peer knows (1.4.1)"},
};
/* clang-format on */
const size_t ike_table_len = sizeof(ike_table) / sizeof(ike_table[0]);

bool table_expects(enum sa_state state, uint8_t exchange, bool response)
{
	for (size_t i = 0; i < ike_table_len; i++) {
		const struct row *r = &ike_table[i];

		if (r->state == state && r->exchange == exchange && r->response == response)
			return true;
	}
	return false;
}

const struct row *table_find(enum sa_state state, uint8_t exchange, bool response,
			     enum shape shape)
{
	for (size_t i = 0; i < ike_table_len; i++) {
		const struct row *r = &ike_table[i];

		if (r->state == state && r->exchange == exchange && r->response == response &&
		    (r->shape == shape || r->shape == SHAPE_ANY))
			return r;
	}
	return NULL;
}

/* The protocol of the first proposal tells an IKE SA's rekey from a child. */
static bool proposes_ike(const struct message *m)
{
	const struct payload *p = message_find(m, PAYLOAD_SA);

	/*
	 * Proposal header: last mark, reserved, length (2), number, protocol (RFC 7296
	 * 3.3.1).
	 */
	return p && p->body.len > 5 && p->body.ptr[5] == PROTOCOL_IKE;
}

static enum shape shape_of_auth(bool response, const struct message *m)
{
	if (message_count(m, PAYLOAD_EAP))
		return SHAPE_EAP_STEP;
	if (!message_count(m, PAYLOAD_AUTH))
		return response ? SHAPE_REFUSE : SHAPE_EAP;
	return response && !message_count(m, PAYLOAD_SA) ? SHAPE_NO_CHILD : SHAPE_AGREE;
}

static enum shape shape_of_child(bool response, const struct message *m)
{
	struct notify_payload n;

	if (response && !message_count(m, PAYLOAD_SA))
		return SHAPE_REFUSE;
	if (proposes_ike(m))
		return SHAPE_REKEY_IKE;
	if (!response && message_find_notify(m, IN_CHILD_REQUEST, N_REKEY_SA, &n))
		return SHAPE_REKEY_CHILD;
	return SHAPE_NEW_CHILD;
}

enum shape table_shape(uint8_t exchange, bool response, const struct message *m)
{
	switch (exchange) {
	case X_IKE_SA_INIT:
		return response && !message_count(m, PAYLOAD_SA) ? SHAPE_REFUSE : SHAPE_AGREE;
	case X_IKE_AUTH:
		return shape_of_auth(response, m);
	case X_CREATE_CHILD_SA:
		return shape_of_child(response, m);
	default:
		return SHAPE_ANY;
	}
}

/* ---- drawing ---- */

static const char *const names[SA_STATES + 1] = {
	[SA_LARVAL] = "larval",  [SA_I1] = "I1",           [SA_I2] = "I2",
	[SA_I2_EAP] = "I2 EAP",  [SA_R1] = "R1",           [SA_R1_EAP] = "R1 EAP",
	[SA_UP] = "established", [SA_REKEYED] = "rekeyed", [SA_DELETING] = "deleting",
	[SA_GONE] = "gone",      [SA_NONE] = "nothing",
};

void table_draw(struct text *out)
{
	text_add(out, "digraph ike {\n");
	for (size_t i = 0; i < ike_table_len; i++) {
		const struct row *r = &ike_table[i];

		text_add(out, "\t\"%s\" -> \"%s\" [label=\"%s %s\\n%s\"];\n", names[r->state],
			 names[r->next], exchange_name(r->exchange),
			 r->response ? "answer" : "request", r->doc);
	}
	text_add(out, "}\n");
}
