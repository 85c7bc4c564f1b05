/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_PROTOCOL_H
#define WHACK_PROTOCOL_H

#include "base/text.h"
#include "conn/authority.h"
#include "conn/connection.h"
#include "conn/manual.h"
#include "conn/report.h"

#include <jansson.h>

struct json_out;

/*
 * The control protocol of pluto.ctl: varlink, that is JSON objects that end
 * with a NUL. What the methods mean stands in docs/org.cygnet.pluto.varlink.
 * A call is parsed and encoded by the same two tables (methods, parameters),
 * so that both ends agree.
 *
 * Every method but the queries answers with reports and, in its last reply, a
 * code: the DONE code of the command (enum reply_code). A call with `more`
 * gets its reports as they happen, in replies that say `continues`; one without
 * gets all of them in its only reply.
 */
#define PROTOCOL_INTERFACE "org.cygnet.pluto"
#define PROTOCOL_CALL_MAX (256u << 10) /* octets of one call */
#define PROTOCOL_REPLY_MAX (4u << 20)  /* octets of one reply */

enum call_kind {
	CALL_ADD_CONNECTION,
	CALL_DELETE_CONNECTION,
	CALL_ADD_AUTHORITY,
	CALL_DELETE_AUTHORITY,
	CALL_UP,
	CALL_KEY,
	CALL_DOWN,
	CALL_CLOSE,
	CALL_ROUTE,
	CALL_UNROUTE,
	CALL_LISTEN,
	CALL_UNLISTEN,
	CALL_REREAD,
	CALL_OPEN_SECRET,
	CALL_REKEY,
	CALL_DELETE_STATE,
	CALL_CRASH,
	CALL_STATUS,
	CALL_TRAFFIC_STATUS,
	CALL_LIST,
	CALL_PURGE_OCSP,
	CALL_ACCOUNTING,
	CALL_DEBUG,
	CALL_SHUTDOWN,
	CALL_GET_INFO,      /* of org.varlink.service */
	CALL_GET_INTERFACE, /* GetInterfaceDescription */
	CALL_KINDS,
};

/* One call. Strings and the connection are owned: call_done. {0} is empty. */
struct call {
	uint8_t kind; /* enum call_kind */
	bool more, oneway;
	char *name; /* of a connection, an alias, or a pattern of names; NULL: not given */
	struct connection *connection; /* ADD_CONNECTION; its name is `name` */
	struct authority *authority;   /* ADD_AUTHORITY; its name is `name`; free() */
	char *certificate;             /* ADD_AUTHORITY: octets of its file, in hex */
	bool replace;
	char *pairs; /* ADD_CONNECTION with replace: struct command's; NULL: not given */
	bool asynchronous;
	bool brief;       /* STATUS: the daemon alone */
	bool short_facts; /* STATUS: of connections what one line tells */
	bool ike;         /* REKEY, CLOSE: the IKE SA, not the child */
	bool down;        /* CLOSE: and do not bring it up again */
	bool enable;      /* ACCOUNTING, DEBUG */
	bool restart;     /* SHUTDOWN: another one is to follow */
	uint64_t serial;
	char *file; /* OPEN_SECRET: with `line`, where its record begins */
	uint64_t line;
	char *secret;             /* OPEN_SECRET: what was answered to %prompt; wiped */
	char *address;            /* CRASH: an IP address */
	char *interface;          /* GET_INTERFACE */
	char *what;               /* REREAD, LIST: which; STATUS: a part of it; NULL: all */
	struct manual_keys *keys; /* KEY: secret; wiped with the call */
	bool problems;            /* LIST: only records with something to worry about */
};

/* A varlink error: its name (static) and the parameters that say more. */
struct call_error {
	const char *error;
	char parameter[64]; /* the offending parameter or method; "" if none */
	struct diag why;
};

#define ERROR_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define ERROR_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define ERROR_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define ERROR_PERMISSION_DENIED "org.varlink.service.PermissionDenied"
#define ERROR_EXPECTED_MORE "org.varlink.service.ExpectedMore"
#define ERROR_INVALID_CONNECTION PROTOCOL_INTERFACE ".InvalidConnection"
#define ERROR_BUSY PROTOCOL_INTERFACE ".Busy"
#define ERROR_NO_MEMORY PROTOCOL_INTERFACE ".NoMemory"

/* The qualified method name of a kind ("org.cygnet.pluto.Up"). Static. */
const char *call_method(enum call_kind kind);

/*
 * From one message. CYG_MALFORMED when it is no call at all (the stream should
 * be given up); CYG_UNSUPPORTED, CYG_RANGE when the call can be answered with
 * *ret_error. *ret is written on success only, but for `oneway`, which is set
 * whenever it could be read.
 */
MUST_CHECK enum cyg_err call_parse(struct view message, struct call *ret,
				   struct call_error *ret_error);

/*
 * The message without its NUL, or NULL when memory is short. The caller wipes and frees it: it
 * may hold what a person answered, or keys.
 */
char *call_encode(const struct call *c);

/* Free what it owns; it is empty afterwards. */
void call_done(struct call *c);

/* ---- replies ---- */

/*
 * One reply as received or to be sent. Owns `parameters`; strings of `error` borrow from
 * `root`.
 */
struct reply {
	bool continues;
	const char *error;  /* NULL: none */
	json_t *parameters; /* an object, never NULL in a parsed reply */
	json_t *root;       /* of a parsed reply: holds all else; NULL in one to be sent */
};

/* A message without its NUL; reply_done. CYG_MALFORMED, CYG_NOMEM. */
MUST_CHECK enum cyg_err reply_parse(struct view message, struct reply *ret);
/* The message without its NUL; NULL when memory is short. `parameters` may be NULL. */
char *reply_encode(const struct reply *r);
/* Add the same to `out`, of parameters that are written already (whack/json_out.h). */
void reply_write(struct text *out, const struct text *parameters, bool continues);
void reply_done(struct reply *r);

/* The last reply's code; false when it has none. */
bool reply_code(const struct reply *r, unsigned *ret);
/*
 * Reports that a reply brought; those that can't be read are skipped by the caller's
 * reply_report.
 */
size_t reply_reports(const struct reply *r);
/* The i-th: strings borrow from the reply, `diag` from *storage. */
MUST_CHECK enum cyg_err reply_report(const struct reply *r, size_t i, struct report *ret,
				     struct diag *storage);

/* Parameters of an error reply; new reference, NULL when memory is short. */
json_t *call_error_json(const struct call_error *e);

/* ---- records as JSON, each pair beside its inverse ---- */

/* Add it as an element of a list. Memory that runs out shows in o->text.bad. */
void report_write(struct json_out *o, const struct report *r);
/* Read one back; its texts are borrowed from `json`, its diag is *storage. CYG_MALFORMED. */
MUST_CHECK enum cyg_err report_from_json(const json_t *json, struct report *ret,
					 struct diag *storage);

/* New reference; NULL when memory is short. */
json_t *diag_json(const struct diag *d);
/* Strings of *ret that are pointers borrow from `json`. */
MUST_CHECK enum cyg_err diag_from_json(const json_t *json, struct diag *ret);

/*
 * Add {"left": "192.0.2.1", "leftsubnet": ..., "ikelifetime": "1h"}, every field that has not
 * its default, as the member `key`. Memory that runs out shows in o->text.bad.
 */
void connection_write(struct json_out *o, const char *key, const struct connection *c);
/*
 * On refusal *why tells of the field, and `parameter` names it (room of 64). The caller owns
 * *ret.
 */
MUST_CHECK enum cyg_err connection_from_json(const char *name, const json_t *json,
					     struct connection **ret, char *parameter,
					     struct diag *why);

/* A JSON string of any octets: those that are no valid text are escaped as \xNN. */
json_t *json_text(const char *text);

#endif
