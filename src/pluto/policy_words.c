/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/policy_words.h"

#include "conn/connection.h"

static const char *const failures[] = {
	[SHUNT_NONE] = NULL,          [SHUNT_PASS] = "failurePASS",
	[SHUNT_DROP] = "failureDROP", [SHUNT_REJECT] = "failureREJECT",
	[SHUNT_HOLD] = "failureDROP",
};

size_t policy_words(const struct connection *c, bool want_up, const char *ret[POLICY_WORDS_MAX])
{
	bool keyed = c->type <= CONN_TRANSPORT;
	const struct {
		bool is;
		const char *word;
	} rows[POLICY_WORDS_MAX] = {
		{keyed && c->auth & AUTH_SECRET, "PSK"},
		{keyed && c->auth & AUTH_SIGNATURES, "RSASIG"},
		{keyed && c->auth & AUTH_NULL, "AUTH_NULL"},
		{keyed, "ENCRYPT"},
		{c->type == CONN_TUNNEL, "TUNNEL"},
		{keyed && c->pfs, "PFS"},
		{c->type == CONN_PASS, "PASS"},
		{c->type == CONN_DROP, "DROP"},
		{c->type == CONN_REJECT, "REJECT"},
		{failures[c->failure_shunt] != NULL, failures[c->failure_shunt]},
		{keyed && !c->rekey, "DONTREKEY"},
		{want_up, "UP"},
		{keyed, "!IKEv1"},
		{keyed, "IKEv2ALLOW"},
		{keyed, "IKEv2Init"},
		{!keyed, "NEVER_NEGOTIATE"},
	};
	size_t n = 0;

	for (size_t i = 0; i < POLICY_WORDS_MAX; i++)
		if (rows[i].is)
			ret[n++] = rows[i].word;
	return n;
}
