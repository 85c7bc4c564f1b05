/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_ACTION_H
#define WHACK_ACTION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What whack can be told to do, in the order in which it is done whatever theirs on
 * the command line: a description is loaded before --listen, listings come after
 * what is read again, --status last but for the end.
 */
enum whack_action {
	ACTION_DEBUG_ALL,
	ACTION_DEBUG_NONE,
	ACTION_DELETE,
	ACTION_DELETE_CA,
	ACTION_DELETE_STATE,
	ACTION_CRASH,
	ACTION_ADD,
	ACTION_ADD_CA,
	ACTION_LISTEN,
	ACTION_UNLISTEN,
	ACTION_DDNS,
	ACTION_REREAD_SECRETS,
	ACTION_LIST_PUBKEYS,
	ACTION_CHECK_PUBKEYS,
	ACTION_REREAD_CACERTS,
	ACTION_REREAD_AACERTS,
	ACTION_REREAD_OCSPCERTS,
	ACTION_REREAD_ACERTS,
	ACTION_REREAD_CRLS,
	ACTION_REREAD_GROUPS,
	ACTION_REREAD_ALL,
	ACTION_PURGE_OCSP,
	ACTION_LIST_PSKS,
	ACTION_LIST_CERTS,
	ACTION_LIST_AACERTS,
	ACTION_LIST_OCSPCERTS,
	ACTION_LIST_ACERTS,
	ACTION_LIST_GROUPS,
	ACTION_LIST_CACERTS,
	ACTION_LIST_CAINFOS,
	ACTION_LIST_CRLS,
	ACTION_LIST_OCSP,
	ACTION_LIST_CARDS,
	ACTION_LIST_ALL,
	ACTION_LIST_EVENTS,
	ACTION_LIST_PAIRS,
	ACTION_ROUTE,
	ACTION_UNROUTE,
	ACTION_INITIATE,
	ACTION_TERMINATE,
	ACTION_REKEY_IKE,
	ACTION_REKEY_CHILD,
	ACTION_DELETE_IKE,
	ACTION_DELETE_CHILD,
	ACTION_DOWN_IKE,
	ACTION_DOWN_CHILD,
	ACTION_STATUS,
	ACTION_BRIEF_STATUS,
	ACTION_GLOBAL_STATUS,
	ACTION_CONNECTION_STATUS,
	ACTION_BRIEF_CONNECTION_STATUS,
	ACTION_SHOW_STATES,
	ACTION_TRAFFIC_STATUS,
	ACTION_SHUNT_STATUS,
	ACTION_POOL_STATUS,
	ACTION_FIPS_STATUS,
	ACTION_PROCESS_STATUS,
	ACTION_SHUTDOWN,
	ACTIONS,
};

/* Whether an action takes --name. */
enum whack_naming { NAME_NO, NAME_MAY, NAME_MUST };

struct whack_action_row {
	const char *name;     /* the option; NULL: follows from a description */
	const char *alias;    /* another spelling */
	uint8_t call;         /* enum call_kind */
	uint8_t naming;       /* enum whack_naming */
	uint8_t view;         /* enum status_view, of what answers to Status */
	const char *what;     /* of the call */
	const char *argument; /* what stands for its value in --help; NULL: it takes none */
	const char *doc;
};

extern const struct whack_action_row whack_actions[ACTIONS];

/* By option or alias; ACTIONS if there is none. */
enum whack_action whack_action_find(const char *option);

#endif
