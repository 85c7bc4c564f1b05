/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_REPORT_H
#define CONN_REPORT_H

#include "base/diag.h"

#include <stdint.h>

/*
 * What happened, as data: the one record behind the log line, whack's numbered
 * reply, JSON and metrics. `code` is the number in front of whack's lines
 * (Openswan 3's numbering; it decides whack's exit status).
 */
enum reply_code {
	RC_COMMENT = 0,
	RC_WHACK_PROBLEM = 1,
	RC_LOG = 2,
	RC_LOG_SERIOUS = 3,
	RC_SUCCESS = 4,
	RC_RETRANSMISSION = 10,
	RC_DUPNAME = 20,
	RC_UNKNOWN_NAME = 21,
	RC_ORIENT = 22,
	RC_CLASH = 23,
	RC_DEAF = 24,
	RC_ROUTE = 25,
	RC_RTBUSY = 26,
	RC_BADID = 27,
	RC_NOKEY = 28,
	RC_NOPEERIP = 29,
	RC_INITSHUNT = 30,
	RC_WILDCARD = 31,
	RC_NORETRANSMISSION = 31,
	RC_INTERNALERR = 32,
	RC_OPPOFAILURE = 33,
	RC_NOALGO = 34,
	RC_CRYPTOFAILED = 35,
	RC_FATAL = 37,
	RC_AUTHFAILED = 38,
	RC_NEW_STATE = 100,    /* + Openswan 3 state number */
	RC_NOTIFICATION = 200, /* + IKE notify number */
};

/* Openswan 3's IKEv2 state numbers, added to RC_NEW_STATE. */
enum state_number {
	ST_PARENT_I1 = 34,
	ST_PARENT_I2 = 35,
	ST_PARENT_I3 = 36,
	ST_PARENT_R1 = 37,
	ST_PARENT_R2 = 38,
	ST_CHILD_C0 = 39,
	ST_CHILD_C1 = 40,
};

enum report_level { REPORT_DEBUG, REPORT_INFO, REPORT_NOTICE, REPORT_WARNING, REPORT_ERROR };

/* The event of a connection that is loaded without a certificate or key that it names. */
#define REPORT_LACKS_FILE "lacks-file"

struct report {
	uint8_t level; /* enum report_level */
	uint16_t code; /* enum reply_code */
	const char *
		event; /* stable name for machines: "child-up", "ike-failed", "retransmit"; static */
	const char *connection;  /* name, or NULL; borrowed */
	uint32_t instance;       /* of a template; 0 none */
	uint64_t serial;         /* of the SA; 0 none */
	uint64_t cause;          /* of the command that started it; 0 none: for the log alone */
	const char *state;       /* "PARENT_I1", "CHILD_C1"; NULL none; static */
	const char *text;        /* one sentence, whole, printable; borrowed */
	const struct diag *diag; /* when it is a refusal; borrowed; NULL else */
};

#endif
