/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/action.h"

#include "whack/protocol.h"
#include "whack/status_text.h"

#include <string.h>

/* The rows keep their shape. */
/* clang-format off */
#define REREAD(word) .call = CALL_REREAD, .what = word
#define LIST(word) .call = CALL_LIST, .what = word
#define STATUS(word) .call = CALL_STATUS, .what = word

const struct whack_action_row whack_actions[ACTIONS] = {
	[ACTION_DEBUG_ALL] = {"debug-all", .call = CALL_DEBUG, .doc = "log everything"},
	[ACTION_DEBUG_NONE] = {"debug-none", .call = CALL_DEBUG, .doc = "log what matters only"},
	[ACTION_DELETE] = {"delete", .call = CALL_DELETE_CONNECTION, .naming = NAME_MUST,
		.doc = "forget it; with a description: replace it"},
	[ACTION_DELETE_CA] = {"delete-ca", .call = CALL_DELETE_AUTHORITY, .naming = NAME_MUST,
		.doc = "forget a ca section; a pattern means all it fits"},
	[ACTION_DELETE_STATE] = {"deletestate", .call = CALL_DELETE_STATE, .argument = "SERIAL", .doc = "delete one SA"},
	[ACTION_CRASH] = {"crash", .call = CALL_CRASH, .argument = "ADDRESS",
		.doc = "forget all SAs with a peer that restarted"},
	[ACTION_ADD] = {.call = CALL_ADD_CONNECTION},
	[ACTION_ADD_CA] = {.call = CALL_ADD_AUTHORITY},
	[ACTION_LISTEN] = {"listen", "ready", .call = CALL_LISTEN,
		.doc = "open sockets, read secrets and groups, begin to answer"},
	[ACTION_UNLISTEN] = {"unlisten", .call = CALL_UNLISTEN,
		.doc = "close the sockets; --listen opens them again"},
	[ACTION_DDNS] = {"ddns", REREAD("names"), .doc = "look up the DNS names of connections again"},
	[ACTION_REREAD_SECRETS] = {"rereadsecrets", REREAD("secrets"), .doc = "read ipsec.secrets again"},
	[ACTION_LIST_PUBKEYS] = {"listpubkeys", LIST("pubkeys"), .doc = "list public keys"},
	[ACTION_CHECK_PUBKEYS] = {"checkpubkeys", LIST("pubkeys"), .doc = "list public keys that expire or have expired"},
	[ACTION_REREAD_CACERTS] = {"rereadcacerts", "rereadcerts", REREAD("cacerts"),
		.doc = "read certificates of authorities again"},
	[ACTION_REREAD_AACERTS] = {"rereadaacerts", REREAD("aacerts"),
		.doc = "read certificates of attribute authorities again"},
	[ACTION_REREAD_OCSPCERTS] = {"rereadocspcerts", REREAD("ocspcerts"), .doc = "read certificates of OCSP signers again"},
	[ACTION_REREAD_ACERTS] = {"rereadacerts", REREAD("acerts"), .doc = "read attribute certificates again"},
	[ACTION_REREAD_CRLS] = {"rereadcrls", "fetchcrls", REREAD("crls"), .doc = "read revocation lists again"},
	[ACTION_REREAD_GROUPS] = {"rereadgroups", REREAD("groups"), .doc = "read the files of policy groups again"},
	[ACTION_REREAD_ALL] = {"rereadall", REREAD("all"), .doc = "read again secrets, certificates and revocation lists"},
	[ACTION_PURGE_OCSP] = {"purgeocsp", .call = CALL_PURGE_OCSP, .doc = "forget what OCSP servers said"},
	[ACTION_LIST_PSKS] = {"listpsks", LIST("psks"), .doc = "list the records of ipsec.secrets, never a secret"},
	[ACTION_LIST_CERTS] = {"listcerts", LIST("certs"), .doc = "list certificates of ends"},
	[ACTION_LIST_AACERTS] = {"listaacerts", LIST("aacerts"), .doc = "list certificates of attribute authorities"},
	[ACTION_LIST_OCSPCERTS] = {"listocspcerts", LIST("ocspcerts"), .doc = "list certificates of OCSP signers"},
	[ACTION_LIST_ACERTS] = {"listacerts", LIST("acerts"), .doc = "list attribute certificates"},
	[ACTION_LIST_GROUPS] = {"listgroups", "listgropus", LIST("groups"),
		.doc = "list policy groups, and groups of attribute certificates"},
	[ACTION_LIST_CACERTS] = {"listcacerts", LIST("cacerts"), .doc = "list certificates of authorities"},
	[ACTION_LIST_CAINFOS] = {"listcainfos", LIST("cainfos"), .doc = "list what ca sections say"},
	[ACTION_LIST_CRLS] = {"listcrls", LIST("crls"), .doc = "list certificate revocation lists"},
	[ACTION_LIST_OCSP] = {"listocsp", LIST("ocsp"), .doc = "list what OCSP servers said"},
	[ACTION_LIST_CARDS] = {"listcards", LIST("cards"), .doc = "list smartcards and tokens"},
	[ACTION_LIST_ALL] = {"listall", LIST("all"), .doc = "all the lists of keys, certificates, groups and cards"},
	[ACTION_LIST_EVENTS] = {"listevents", LIST("events"), .doc = "list what will happen by itself"},
	[ACTION_LIST_PAIRS] = {"listpairs", "listhostpairs", LIST("pairs"),
		.doc = "list pairs of hosts and the connections between them"},
	[ACTION_ROUTE] = {"route", "ondemand", .call = CALL_ROUTE, .naming = NAME_MUST,
		.doc = "have its packets start it"},
	[ACTION_UNROUTE] = {"unroute", .call = CALL_UNROUTE, .naming = NAME_MUST, .doc = "undo --route"},
	[ACTION_INITIATE] = {"initiate", "up", .call = CALL_UP, .naming = NAME_MUST,
		.doc = "negotiate, and wait for the result"},
	[ACTION_TERMINATE] = {"terminate", "down", .call = CALL_DOWN, .naming = NAME_MUST,
		.doc = "delete its SAs, keeping it loaded and routed"},
	[ACTION_REKEY_IKE] = {"rekey-ike", .call = CALL_REKEY, .naming = NAME_MUST, .doc = "make new keys for its IKE SA"},
	[ACTION_REKEY_CHILD] = {"rekey-child", "rekey-ipsec", .call = CALL_REKEY, .naming = NAME_MUST,
		.doc = "make new keys for its children"},
	[ACTION_DELETE_IKE] = {"delete-ike", .call = CALL_CLOSE, .naming = NAME_MUST,
		.doc = "delete its IKE SA with all children; what should be up comes again"},
	[ACTION_DELETE_CHILD] = {"delete-child", .call = CALL_CLOSE, .naming = NAME_MUST,
		.doc = "delete its children; what should be up comes again"},
	[ACTION_DOWN_IKE] = {"down-ike", .call = CALL_CLOSE, .naming = NAME_MUST,
		.doc = "delete its IKE SA with all children, and do not bring it up again"},
	[ACTION_DOWN_CHILD] = {"down-child", .call = CALL_CLOSE, .naming = NAME_MUST,
		.doc = "delete its children, and do not bring it up again"},
	[ACTION_STATUS] = {"status", .call = CALL_STATUS, .naming = NAME_MAY, .doc = "tell what is; --name restricts it"},
	[ACTION_BRIEF_STATUS] = {"briefstatus", STATUS("daemon"), .view = STATUS_VIEW_BRIEF,
		.doc = "count connections and SAs"},
	[ACTION_GLOBAL_STATUS] = {"globalstatus", STATUS("global"), .view = STATUS_VIEW_GLOBAL,
		.doc = "tell the daemon's counters, as name=value"},
	[ACTION_CONNECTION_STATUS] = {"connectionstatus", STATUS("connections"), .naming = NAME_MAY,
		.view = STATUS_VIEW_CONNECTIONS, .doc = "tell of connections alone"},
	[ACTION_BRIEF_CONNECTION_STATUS] = {"briefconnectionstatus", STATUS("connections"), .naming = NAME_MAY,
		.view = STATUS_VIEW_BRIEF_CONNECTIONS, .doc = "a line for each connection"},
	[ACTION_SHOW_STATES] = {"showstates", "statestatus", STATUS("states"), .naming = NAME_MAY,
		.doc = "tell of SAs alone"},
	[ACTION_TRAFFIC_STATUS] = {"trafficstatus", .call = CALL_TRAFFIC_STATUS, .naming = NAME_MAY,
		.doc = "tell what the SAs have carried"},
	[ACTION_SHUNT_STATUS] = {"shuntstatus", LIST("shunts"), .doc = "list what packets meet where no SA stands"},
	[ACTION_POOL_STATUS] = {"addresspoolstatus", LIST("pools"), .doc = "list pools of addresses for peers"},
	[ACTION_FIPS_STATUS] = {"fipsstatus", STATUS("daemon"), .view = STATUS_VIEW_FIPS,
		.doc = "tell whether cryptography keeps to FIPS 140"},
	[ACTION_PROCESS_STATUS] = {"processstatus", LIST("processes"), .doc = "list pluto's own processes"},
	[ACTION_SHUTDOWN] = {"shutdown", .call = CALL_SHUTDOWN, .doc = "delete all SAs and end pluto"},
};
/* clang-format on */

enum whack_action whack_action_find(const char *option)
{
	for (unsigned i = 0; i < ACTIONS; i++) {
		const struct whack_action_row *a = &whack_actions[i];

		if (!a->name)
			continue;
		if (!strcmp(a->name, option) || (a->alias && !strcmp(a->alias, option)))
			return i;
	}
	return ACTIONS;
}
