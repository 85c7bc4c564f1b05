/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/obstacle.h"

#include "ike/child.h"
#include "ike/core.h"
#include "ike/sa.h"
#include "ike/tell.h"

#include <string.h>

/* ---- the data plane ---- */

struct plane_reach obstacle_reach(const struct ike *ike)
{
	return (struct plane_reach){.handling = ike->settings.handling,
				    .transport = !ike->settings.tunnel_only,
				    .beet = !ike->settings.no_beet,
				    .ah = !ike->settings.esp_only,
				    .scope = !ike->settings.unscoped};
}

bool obstacle_in_plane(const struct ike *ike, const struct connection *c, struct diag *why)
{
	struct plane_reach can = obstacle_reach(ike);
	size_t at = 0;

	while (connection_unhandled(c, &can, &at, why))
		if (strcmp(why->code, "no-effect") != 0)
			return true;
	diag_clear(why);
	return false;
}

/* ---- a try; each says what it found and returns its code, or 0 ---- */

/* There is nothing to negotiate, or nobody listens. */
static uint16_t not_negotiated(struct ike *ike, const struct loaded *l, const struct about *a)
{
	if (!ike->listening || ike->stopping) {
		tell(ike, a, REPORT_ERROR, RC_DEAF, "not-listening", NULL,
		     "need \"ipsec auto --ready\" before opening negotiations");
		return RC_DEAF;
	}
	if (l->connection->type > CONN_TRANSPORT) {
		tell(ike, a, REPORT_ERROR, RC_INITSHUNT, "shunt", NULL,
		     "it %s packets and has nothing to negotiate: \"ipsec auto --route %s\" "
		     "puts it in force",
		     l->connection->type == CONN_PASS   ? "passes"
		     : l->connection->type == CONN_DROP ? "drops"
							: "rejects",
		     l->connection->name);
		return RC_INITSHUNT;
	}
	if (l->connection->manual) {
		tell(ike, a, REPORT_ERROR, RC_INITSHUNT, "manual", NULL,
		     "it is keyed by hand (manual=yes): \"ipsec manual --up %s\" brings it up",
		     l->connection->name);
		return RC_INITSHUNT;
	}
	return 0;
}

static uint16_t lacking(struct ike *ike, const struct loaded *l, const struct about *a)
{
	struct diag why;

	if (!obstacle_in_plane(ike, l->connection, &why))
		return 0;
	tell(ike, a, REPORT_ERROR, RC_NOALGO, why.code, NULL, "%s", why.sentence);
	return RC_NOALGO;
}

/* What to do where no host is named to begin with. */
static const char *no_address_cure(const struct loaded *l)
{
	return l->connection->end[!l->local].host.kind == HOST_NETS
		       ? ": the peer must begin, or write its address before the networks)"
		       : ": the peer must begin)";
}

/* One of the two ends is not known. */
static uint16_t unknown_end(struct ike *ike, const struct loaded *l, const struct about *a)
{
	char host[HOST_SHOWN], id[IDENT_TEXT_MAX];
	const char *side = connection_side(!l->local);
	struct diag why;

	if (l->local < 0) {
		diag_clear(&why);
		policy_explain_orientation(ike->policy, l->connection, &why);
		tell(ike, a, REPORT_ERROR, RC_ORIENT, "not-oriented", &why,
		     "cannot initiate: %s",
		     diag_is_set(&why) ? why.sentence : "which end is us cannot be told");
		return RC_ORIENT;
	}
	if (l->is_template && l->remote_id && l->remote_id->wildcards) {
		tell(ike, a, REPORT_ERROR, RC_WILDCARD, "wildcard-id", NULL,
		     "cannot initiate: whom to expect is not said, as %sid=%s has wildcards: write "
		     "the peer's whole identity there, or the authority of its certificate as "
		     "%sca= with %sauth=pubkey, or let it begin",
		     side, ident_print(l->remote_id, id, sizeof(id)), side, side);
		return RC_WILDCARD;
	}
	if (l->is_template && l->remote_id && l->remote_id->type == ID_ANY &&
	    ip_is_set(&l->remote_addr)) {
		tell(ike, a, REPORT_ERROR, RC_WILDCARD, "open-id", NULL,
		     "cannot initiate: whom to expect at %s is not said (%sid= is %%any or "
		     "%%fromcert): write the peer's identity there, or the authority of its "
		     "certificate as %sca= with %sauth=pubkey, or %%fromcert and its certificate "
		     "as %scert=, or let it begin",
		     host_text(&l->connection->end[!l->local].host, host, sizeof(host)), side,
		     side, side, side);
		return RC_WILDCARD;
	}
	if (!l->is_group && !l->group && !l->is_template && !ip_is_set(&l->remote_addr)) {
		tell(ike, a, REPORT_ERROR, RC_NOPEERIP, "no-peer-address", NULL,
		     "cannot initiate: no address of %s is known yet; it is looked up again and "
		     "again, and the connection begins when there is one",
		     host_text(&l->connection->end[!l->local].host, host, sizeof(host)));
		return RC_NOPEERIP;
	}
	if (l->is_template || !ip_is_set(&l->remote_addr)) {
		tell(ike, a, REPORT_ERROR, RC_NOPEERIP, "no-peer-address", NULL,
		     "cannot initiate: the peer's address is not known%s%s%s",
		     l->is_group || l->group
			     ? ": packets to the networks of a group bring it up"
			     : " (it is ",
		     l->is_group || l->group ? ""
					     : host_text(&l->connection->end[!l->local].host,
							 host, sizeof(host)),
		     l->is_group || l->group ? "" : no_address_cure(l));
		return RC_NOPEERIP;
	}
	return 0;
}

/* The peer's side is an address of ours, and no IKE SA says which one. */
static bool gives_address(const struct loaded *l)
{
	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		if (sa->assigned)
			return false;
	return connection_is_internal(l->connection, !l->local);
}

/* The peer must begin, or neither end can. */
static uint16_t not_ours_to_begin(struct ike *ike, const struct loaded *l,
				  const struct about *a)
{
	if (connection_eap_client(l->connection, !l->local) &&
	    !connection_eap_client(l->connection, l->local)) {
		tell(ike, a, REPORT_ERROR, RC_WILDCARD, "peer-eap", NULL,
		     "cannot initiate: the peer proves itself by EAP (%sauth=eap-...), it must "
		     "begin",
		     connection_side(!l->local));
		return RC_WILDCARD;
	}
	if (gives_address(l)) {
		tell(ike, a, REPORT_ERROR, RC_WILDCARD, "peer-asks", NULL,
		     "cannot initiate: the peer is given its internal address when it begins "
		     "(addresspool=)");
		return RC_WILDCARD;
	}
	if (l->connection->end[!l->local].virtual && !children_stand(l)) {
		tell(ike, a, REPORT_ERROR, RC_WILDCARD, "peer-claims", NULL,
		     "cannot initiate: the peer claims its network by itself (vhost:, vnet:), it "
		     "must begin");
		return RC_WILDCARD;
	}
	if (!l->ts_local.len || (!l->ts_remote.len && !l->connection->end[!l->local].virtual)) {
		tell(ike, a, REPORT_ERROR, RC_ROUTE, "no-selectors", NULL,
		     "cannot initiate: which networks are to be joined is not known");
		return RC_ROUTE;
	}
	return 0;
}

uint16_t obstacle_told(struct ike *ike, const struct loaded *l, uint64_t cause)
{
	static uint16_t (*const looks[])(struct ike * ike, const struct loaded *l,
					 const struct about *a) = {
		not_negotiated,
		lacking,
		unknown_end,
		not_ours_to_begin,
	};
	struct about a = about_loaded(l, cause);
	uint16_t code = 0;

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]) && !code; i++)
		code = looks[i](ike, l, &a);
	return code;
}
