/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"
#include "wire/refuse.h"

#include <stdio.h>

/*
 * Which payloads each message of RFC 7296 appendix C must and may hold. A type
 * without a row is left alone: Notify and Vendor ID may stand anywhere, and
 * what an extension adds must not break a peer that does not know it. Rows
 * with max 0 name what would change the meaning of the message.
 */

#define ONE(type)                    \
	{                            \
		PAYLOAD_##type, 1, 1 \
	}
#define UP_TO_ONE(type)              \
	{                            \
		PAYLOAD_##type, 0, 1 \
	}
#define SOME(type)                            \
	{                                     \
		PAYLOAD_##type, 1, ANY_NUMBER \
	}
#define NO(type)                     \
	{                            \
		PAYLOAD_##type, 0, 0 \
	}

#define RULES(var, what, source, ...)                                  \
	static const struct payload_rule var##_rows[] = {__VA_ARGS__}; \
	const struct payload_rules var = {what, source, var##_rows,    \
					  sizeof(var##_rows) / sizeof(var##_rows[0])}

RULES(rules_sk, "encrypted message", "RFC 7296 3.14", ONE(SK), NO(SKF));
RULES(rules_skf, "encrypted fragment", "RFC 7383 2.5", ONE(SKF), NO(SK));

RULES(rules_init_request, "IKE_SA_INIT request", "RFC 7296 C.1", ONE(SA), ONE(KE), ONE(NONCE),
      NO(AUTH), NO(SK), NO(SKF));
RULES(rules_init_response, "IKE_SA_INIT response", "RFC 7296 C.1", ONE(SA), ONE(KE), ONE(NONCE),
      NO(AUTH), NO(SK), NO(SKF));
RULES(rules_error_response, "response that refuses", "RFC 7296 C.6", SOME(NOTIFY), NO(SA),
      NO(KE), NO(AUTH), NO(TSI), NO(TSR));

RULES(rules_auth_request, "IKE_AUTH request", "RFC 7296 C.2", ONE(IDI), ONE(AUTH), ONE(SA),
      ONE(TSI), ONE(TSR), UP_TO_ONE(IDR), UP_TO_ONE(CP), NO(EAP));
RULES(rules_auth_request_eap, "IKE_AUTH request for EAP", "RFC 7296 C.3", ONE(IDI), ONE(SA),
      ONE(TSI), ONE(TSR), UP_TO_ONE(IDR), UP_TO_ONE(CP), NO(AUTH), NO(EAP));
RULES(rules_auth_request_childless, "IKE_AUTH request without child", "RFC 6023 4", ONE(IDI),
      ONE(AUTH), UP_TO_ONE(IDR), UP_TO_ONE(CP), NO(SA), NO(TSI), NO(TSR), NO(EAP));
RULES(rules_auth_response, "IKE_AUTH response", "RFC 7296 C.2", ONE(IDR), ONE(AUTH), ONE(SA),
      ONE(TSI), ONE(TSR), UP_TO_ONE(CP), NO(EAP));
RULES(rules_auth_response_no_child, "IKE_AUTH response without child", "RFC 7296 C.2", ONE(IDR),
      ONE(AUTH), UP_TO_ONE(CP), NO(SA), NO(TSI), NO(TSR), NO(EAP));
RULES(rules_auth_eap, "IKE_AUTH amid EAP", "RFC 7296 C.3", ONE(EAP), UP_TO_ONE(IDR),
      UP_TO_ONE(AUTH), NO(SA), NO(TSI), NO(TSR));
RULES(rules_auth_eap_step, "IKE_AUTH amid EAP", "RFC 7296 C.3", ONE(EAP), NO(AUTH), NO(SA),
      NO(TSI), NO(TSR));
RULES(rules_auth_second, "IKE_AUTH request for another authentication", "RFC 4739 3.4",
      ONE(IDI), NO(AUTH), NO(EAP), NO(SA), NO(TSI), NO(TSR));
RULES(rules_auth_eap_response, "last IKE_AUTH response after EAP", "RFC 7296 C.3", ONE(AUTH),
      ONE(SA), ONE(TSI), ONE(TSR), UP_TO_ONE(IDR), UP_TO_ONE(CP), NO(EAP));
RULES(rules_auth_eap_response_no_child, "last IKE_AUTH response after EAP, without child",
      "RFC 7296 C.3", ONE(AUTH), UP_TO_ONE(IDR), UP_TO_ONE(CP), NO(SA), NO(TSI), NO(TSR),
      NO(EAP));
RULES(rules_auth_final, "last IKE_AUTH request after EAP", "RFC 7296 C.3", ONE(AUTH), NO(IDI),
      NO(SA), NO(EAP));

RULES(rules_child_request, "CREATE_CHILD_SA request for a child", "RFC 7296 C.4", ONE(SA),
      ONE(NONCE), UP_TO_ONE(KE), ONE(TSI), ONE(TSR), UP_TO_ONE(CP), NO(AUTH));
RULES(rules_child_response, "CREATE_CHILD_SA response for a child", "RFC 7296 C.4", ONE(SA),
      ONE(NONCE), UP_TO_ONE(KE), ONE(TSI), ONE(TSR), UP_TO_ONE(CP), NO(AUTH));
RULES(rules_ike_rekey_request, "CREATE_CHILD_SA request for an IKE SA", "RFC 7296 C.5", ONE(SA),
      ONE(NONCE), ONE(KE), NO(TSI), NO(TSR), NO(AUTH));
RULES(rules_ike_rekey_response, "CREATE_CHILD_SA response for an IKE SA", "RFC 7296 C.5",
      ONE(SA), ONE(NONCE), ONE(KE), NO(TSI), NO(TSR), NO(AUTH));

RULES(rules_informational, "INFORMATIONAL", "RFC 7296 C.6", UP_TO_ONE(CP), NO(SA), NO(KE),
      NO(AUTH), NO(TSI), NO(TSR));

/* Nothing hangs on it any more: let it hold what it will. */
const struct payload_rules rules_late = {"late response", "RFC 7296 1.4.1", NULL, 0};

static enum cyg_err refuse_count(const struct message *m, const struct payload_rules *rules,
				 const struct payload_rule *row, unsigned count,
				 struct diag *why)
{
	const struct rule broken = {CYG_MALFORMED, "wrong-payloads", rules->ref};
	const struct payload *p = message_find(m, row->type);
	char sentence[96], wanted[16];

	snprintf(sentence, sizeof(sentence), "%s %s %s", rules->name,
		 count < row->min ? "lacks payload"
		 : row->max == 0  ? "must not hold payload"
				  : "repeats payload",
		 payload_name(row->type));
	snprintf(wanted, sizeof(wanted), "%u", count < row->min ? row->min : row->max);
	return refuse(why, &broken, p ? p->offset : DIAG_NOWHERE, sentence, wanted, "%u",
		      count);
}

enum cyg_err message_check(const struct message *m, const struct payload_rules *rules,
			   struct diag *why)
{
	for (size_t i = 0; i < rules->len; i++) {
		const struct payload_rule *row = &rules->rows[i];
		unsigned count = message_count(m, row->type);

		if (count < row->min || (count > row->max && row->max != ANY_NUMBER))
			return refuse_count(m, rules, row, count, why);
	}
	return CYG_OK;
}
