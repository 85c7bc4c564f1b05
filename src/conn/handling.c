/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/handling.h"

#include <string.h>

bool connection_unhandled(const struct connection *c, const struct plane_reach *can, size_t *at,
			  struct diag *why)
{
	const struct {
		bool asked, can;
		const char *code, *word, *instead;
	} rows[] = {
		{c->type == CONN_TRANSPORT, can->transport, "no-transport", "type=transport",
		 "has tunnel mode only, so it cannot come up; write type=tunnel"},
		{c->type == CONN_BEET, can->beet, "no-beet", "type=beet",
		 "has no BEET mode, so it cannot come up; write type=tunnel"},
		{c->protects == PROTO_AH, can->ah, "no-ah",
		 "ah=", "has ESP only, so it cannot come up; write esp="},
		{described_scope_narrows(&c->scope), can->scope, "no-scope",
		 SCOPE_WORDS, "knows none of them, so it cannot come up; leave them out"},
		{c->compress, can->handling.ipcomp, "no-effect", "compress=yes",
		 "packets go uncompressed"},
		{c->offload != OFFLOAD_NO, can->handling.offload, "no-effect",
		 "nic-offload=", "processors encrypt"},
		{c->tfc, can->handling.tfc, "no-effect", "tfc=", "packets are not padded"},
		{c->decap_dscp, can->handling.dscp, "no-effect", "decap-dscp=yes",
		 "packets keep the DSCP they have"},
		{!c->encap_dscp, can->handling.dscp, "no-effect", "encap-dscp=no",
		 "the DSCP is copied outward"},
		{c->no_pmtu_discovery, can->handling.no_pmtu, "no-effect", "nopmtudisc=yes",
		 "path MTU discovery is always on"},
		{c->clones, can->handling.processors, "no-effect", "clones=",
		 "one SA serves all processors (those for each need Linux 6.13)"},
	};

	for (size_t i = *at; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool hinders = strcmp(rows[i].code, "no-effect") != 0;

		if (!rows[i].asked || rows[i].can)
			continue;
		*at = i + 1;
		diag_set(why, rows[i].code, NULL,
			 hinders ? "%s: the data plane in use here %s, or let pluto use the "
				   "kernel's IPsec"
				 : "%s has no effect with the data plane in use here: %s; the "
				   "kernel's IPsec does it (plane=xfrm)",
			 rows[i].word, rows[i].instead);
		return true;
	}
	return false;
}
