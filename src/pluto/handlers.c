/* SPDX-License-Identifier: Apache-2.0 */
/* What each method of the control protocol does. */
#include "buildinfo.h"
#include "pluto/calls_private.h"
#include "pluto/daemon.h"
#include "pluto/keyfiles.h"
#include "pluto/listing.h"
#include "pluto/match.h"
#include "pluto/prompts.h"
#include "pluto/reread.h"
#include "pluto/status.h"
#include "policy/policy.h"
#include "trust/trust.h"
#include "whack/interface.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- commands ---- */

static uint8_t command_of(const struct call *call)
{
	static const uint8_t kinds[CALL_KINDS] = {
		[CALL_ADD_CONNECTION] = CMD_ADD,
		[CALL_DELETE_CONNECTION] = CMD_DELETE,
		[CALL_UP] = CMD_UP,
		[CALL_KEY] = CMD_KEY,
		[CALL_DOWN] = CMD_DOWN,
		[CALL_ROUTE] = CMD_ROUTE,
		[CALL_UNROUTE] = CMD_UNROUTE,
		[CALL_REKEY] = CMD_REKEY_CHILD,
		[CALL_DELETE_STATE] = CMD_DELETE_STATE,
	};

	if (call->kind == CALL_ADD_CONNECTION && call->replace)
		return CMD_REPLACE;
	if (call->kind == CALL_CLOSE && call->down)
		return call->ike ? CMD_DOWN_IKE : CMD_DOWN_CHILD;
	if (call->kind == CALL_CLOSE)
		return call->ike ? CMD_DELETE_IKE : CMD_DELETE_CHILD;
	return call->kind == CALL_REKEY && call->ike ? CMD_REKEY_IKE : kinds[call->kind];
}

static void run_command(struct daemon *d, struct pending_call *p, struct call *call)
{
	struct command command = {
		.kind = command_of(call),
		.name = call->name,
		.connection = call->connection,
		.pairs = call->pairs,
		.keys = call->keys,
		.serial = call->serial,
	};
	uint64_t cause = p->cause;
	const struct connection *loaded = call->connection ? connection_ref(call->connection)
							   : NULL;

	if (loaded)
		reread_keys(d, cause, p->privileged, call->connection);
	call->connection = NULL; /* moved */
	if (call->kind == CALL_UP)
		p->up = strdup(call->name);
	engine_command(&d->engine, cause, &command);
	if (loaded)
		daemon_loaded(d, loaded->name);
	connection_unref(loaded);
	if (call->asynchronous)
		calls_end(&d->calls, cause, RC_COMMENT);
}

static void run_kept(struct daemon *d, struct pending_call *p, unsigned code)
{
	struct call call = p->call;

	p->call = (struct call){0}; /* moved: the call may end by what is done */
	run_command(d, p, &call);
	call_done(&call);
}

static void read_tokens(struct daemon *d, struct pending_call *p, unsigned code)
{
	reread_tokens(d, p->cause, p->call.connection);
	calls_go_on(d, p, run_kept);
}

static void handle_command(struct daemon *d, struct pending_call *p, struct call *call)
{
	unsigned what;

	if (!call->connection) {
		run_command(d, p, call);
		return;
	}
	p->privileged = p->client && client_is_privileged(p->client);
	what = reread_wants_secrets(d, call->connection) ? EARLY_SECRETS : 0;
	p->call = *call;
	*call = (struct call){0};
	calls_look_first(d, p, what, read_tokens);
}

/* "auto --add" loads a ca section as it does a connection; what undoes it is another command. */
static void say_is_authority(struct daemon *d, uint64_t cause, const char *name)
{
	if (trust_has_authority(d->trust, name))
		daemon_say(
			d, cause, REPORT_INFO, RC_COMMENT, "ca-section", NULL,
			"%s is a ca section: \"ipsec whack --name %s --delete-ca\" forgets it",
			name, name);
}

/* A name that means nothing; or, not `looked`, memory was short. */
static void refuse_name(struct daemon *d, struct pending_call *p, struct call *call,
			bool looked)
{
	if (!looked) {
		calls_finish(p, RC_INTERNALERR);
		return;
	}
	if (!match_is_pattern(call->name)) {
		say_is_authority(d, p->cause, call->name);
		handle_command(d, p, call); /* the core says what is wrong */
		return;
	}
	daemon_say(d, p->cause, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-name", NULL,
		   "no connection that is loaded fits \"%s\"", call->name);
	calls_finish(p, RC_UNKNOWN_NAME);
}

/* Commands on what is loaded: a name may be an alias or a pattern. */
static void handle_named(struct daemon *d, struct pending_call *p, struct call *call)
{
	const struct policy *policy = ike_policy(d->ike);
	struct several *s = &p->several;
	struct match_list *list;

	if (policy_find(policy, call->name)) {
		handle_command(d, p, call);
		return;
	}
	list = match_begin(policy, call->name);
	if (!list || !match_count(list)) {
		match_free(list);
		refuse_name(d, p, call, list != NULL);
		return;
	}
	*s = (struct several){
		.list = list,
		.kind = command_of(call),
		.wait = !call->asynchronous,
		.beginning = true,
	};
	if (match_connections(list) > 1)
		daemon_say(d, p->cause, REPORT_INFO, RC_COMMENT, "names", NULL,
			   match_is_pattern(call->name)
				   ? "\"%s\" fits %zu connections"
				   : "\"%s\" is an alias of %zu connections",
			   call->name, match_connections(list));
	calls_pump_start(&d->calls);
}

static void say_authority(struct daemon *d, uint64_t cause, unsigned code, const char *event,
			  const struct diag *why, const char *name)
{
	daemon_say(d, cause, code == RC_LOG ? REPORT_INFO : REPORT_WARNING, code, event, why,
		   "ca %s: %s", name, why ? "loaded without its certificate" : "loaded");
}

static void handle_add_authority(struct daemon *d, struct pending_call *p, struct call *call)
{
	size_t cap = call->certificate ? strlen(call->certificate) / 2 : 0, len = 0;
	uint8_t *octets = malloc(cap + 1);
	struct diag why;
	enum cyg_err err = CYG_NOMEM;
	unsigned code = RC_COMMENT;

	diag_clear(&why);
	if (octets && cap && !hex_decode(call->certificate, octets, cap, &len))
		len = 0; /* no octets, no certificate: so it is told */
	if (octets)
		err = trust_add_authority(d->trust, call->authority, view_of(octets, len),
					  time(NULL), &why);
	free(octets);
	reread_ask_for_authorities(d);
	news_pump(&d->news);
	if (err == CYG_NOMEM)
		code = RC_INTERNALERR;
	else if (err)
		code = RC_LOG_SERIOUS;
	if (err != CYG_NOMEM)
		say_authority(d, p->cause, err ? RC_LOG_SERIOUS : RC_LOG, "ca-loaded",
			      err ? &why : NULL, call->name);
	calls_finish(p, code);
}

static void handle_delete_authority(struct daemon *d, struct pending_call *p, struct call *call)
{
	bool well = trust_delete_authorities(d->trust, call->name, time(NULL)) ||
		    !strcmp(call->name, "*");

	reread_ask_for_authorities(d);
	news_pump(&d->news);
	if (!well)
		daemon_say(d, p->cause, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-name", NULL,
			   "no ca section that is loaded is called \"%s\"", call->name);
	calls_finish(p, well ? RC_COMMENT : RC_UNKNOWN_NAME);
}

static void handle_crash(struct daemon *d, struct pending_call *p, struct call *call)
{
	struct command command = {.kind = CMD_CRASH};

	if (ip_parse(call->address, &command.addr)) {
		daemon_say(d, p->cause, REPORT_INFO, RC_WHACK_PROBLEM, "bad-address", NULL,
			   "\"%s\" is no IP address", call->address);
		calls_finish(p, RC_WHACK_PROBLEM);
		return;
	}
	engine_command(&d->engine, p->cause, &command);
}

static void answer_peers(struct daemon *d, struct pending_call *p, unsigned code)
{
	daemon_answer_peers(d, p->cause);
}

static void listen_now(struct daemon *d, struct pending_call *p, unsigned code)
{
	daemon_listen(d, p->cause);
	calls_go_on(d, p, answer_peers);
}

static void handle_listen(struct daemon *d, struct pending_call *p, struct call *call)
{
	calls_look_first(d, p, EARLY_ACERTS | (daemon_wants_secrets(d) ? EARLY_SECRETS : 0),
			 listen_now);
}

static void handle_unlisten(struct daemon *d, struct pending_call *p, struct call *call)
{
	daemon_unlisten(d, p->cause);
}

/* What Reread reads: all of it by "all" (ipsec_auto(8)). */
static const struct {
	const char *what;
	unsigned (*read)(struct daemon *d, uint64_t cause);
	unsigned early; /* what of it takes long (EARLY_...) */
} rereads[] = {
	{"secrets", reread_secrets, EARLY_SECRETS}, {"cacerts", reread_certs, 0},
	{"aacerts", reread_aacerts, EARLY_ACERTS},  {"ocspcerts", reread_ocspcerts, 0},
	{"acerts", reread_acerts, EARLY_ACERTS},    {"crls", reread_crls, 0},
};
#define REREADS (sizeof(rereads) / sizeof(rereads[0]))

static bool is_reread(size_t i, const char *what)
{
	return !strcmp(what, "all") || !strcmp(rereads[i].what, what);
}

/* A value of "what" that there is not. */
static void refuse_what(struct pending_call *p)
{
	calls_give_up(p, ERROR_INVALID_PARAMETER, "what");
}

/* What the core does, and ends. False: it does not. */
static bool reread_by_core(struct daemon *d, struct pending_call *p, const char *what)
{
	static const struct {
		const char *what;
		uint8_t kind;
	} rows[] = {{"groups", CMD_REREAD_GROUPS}, {"names", CMD_RESOLVE}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].what, what)) {
			engine_command(&d->engine, p->cause,
				       &(struct command){.kind = rows[i].kind});
			return true;
		}
	return false;
}

static void open_now(struct daemon *d, struct pending_call *p, unsigned code)
{
	calls_finish_later(d, p,
			   prompts_answer(d, p->cause, p->call.file, p->call.line,
					  p->call.secret));
}

static void handle_open_secret(struct daemon *d, struct pending_call *p, struct call *call)
{
	p->call = *call;
	*call = (struct call){0};
	p->resume = open_now;
	if (prompts_look(d, p->cause, p->call.file, p->call.line, p->call.secret))
		return;
	p->resume = NULL;
	open_now(d, p, RC_COMMENT);
}

static void reread_now(struct daemon *d, struct pending_call *p, unsigned code)
{
	for (size_t i = 0; i < REREADS; i++) {
		unsigned got = is_reread(i, p->call.what) ? rereads[i].read(d, p->cause)
							  : RC_COMMENT;

		code = code == RC_COMMENT ? got : code;
	}
	calls_finish_later(d, p, code);
}

static void handle_reread(struct daemon *d, struct pending_call *p, struct call *call)
{
	unsigned early = 0;
	bool any = false;

	if (reread_by_core(d, p, call->what))
		return;
	for (size_t i = 0; i < REREADS; i++)
		if (is_reread(i, call->what)) {
			any = true;
			early |= rereads[i].early;
		}
	if (!any) {
		refuse_what(p);
		return;
	}
	p->call = *call;
	*call = (struct call){0};
	calls_look_first(d, p, early, reread_now);
}

static void handle_status(struct daemon *d, struct pending_call *p, struct call *call)
{
	struct status_ask ask = {
		.what = call->kind == CALL_TRAFFIC_STATUS ? STATUS_TRAFFIC
			: call->brief                     ? STATUS_DAEMON
							  : STATUS_ALL,
		.name = call->name,
		.short_facts = call->short_facts,
	};
	enum cyg_err err;

	if (call->what && !status_part(call->what, &ask.what)) {
		refuse_what(p);
		return;
	}
	err = status_begin(d, &ask, &p->status);
	if (!err) {
		calls_pump_start(&d->calls);
		return;
	}
	if (err == CYG_NOTFOUND)
		daemon_say(d, p->cause, REPORT_INFO, RC_UNKNOWN_NAME, "unknown-name", NULL,
			   "no connection is called \"%s\"", call->name);
	calls_finish(p, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : RC_INTERNALERR);
}

static void begin_list(struct daemon *d, struct pending_call *p, unsigned code)
{
	enum cyg_err err = listing_begin(d, p->call.what, p->call.problems, &p->listing);

	if (!err)
		calls_pump_start(&d->calls);
	else if (err == CYG_NOTFOUND)
		refuse_what(p);
	else
		calls_finish(p, RC_INTERNALERR);
}

static void handle_list(struct daemon *d, struct pending_call *p, struct call *call)
{
	if (listing_has_cards(call->what))
		cards_look(&d->cards, p->cause);
	p->call = *call;
	*call = (struct call){0};
	calls_go_on(d, p, begin_list);
}

static void handle_purge(struct daemon *d, struct pending_call *p, struct call *call)
{
	trust_purge_ocsp(d->trust, time(NULL));
	keyfiles_purge_answers(d->ipsecd_path);
	news_pump(&d->news);
	calls_finish(p, RC_COMMENT);
}

static void handle_debug(struct daemon *d, struct pending_call *p, struct call *call)
{
	log_set_debug(d->log, call->enable);
	calls_finish(p, RC_COMMENT);
}

static void handle_shutdown(struct daemon *d, struct pending_call *p, struct call *call)
{
	daemon_stop(d, p->cause, call->restart);
}

/* Methods that are answered at once, with parameters of their own. */

static json_t *answer_account(struct daemon *d, const struct call *call)
{
	json_t *o = status_account(d);

	account_reset(&d->account, call->enable);
	return o;
}

static json_t *answer_info(struct daemon *d, const struct call *call)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "Cygnet", "product",
			 "pluto", "version", CYGNET_VERSION, "url", "", "interfaces",
			 "org.varlink.service", PROTOCOL_INTERFACE);
}

static json_t *answer_interface(struct daemon *d, const struct call *call)
{
	const char *text = whack_interface(call->interface);

	return text ? json_pack("{s:s}", "description", text) : NULL;
}

const struct handler calls_handlers[CALL_KINDS] = {
	[CALL_ADD_CONNECTION] = {.command = handle_command, .routes = true},
	[CALL_DELETE_CONNECTION] = {.command = handle_named},
	[CALL_ADD_AUTHORITY] = {.command = handle_add_authority},
	[CALL_DELETE_AUTHORITY] = {.command = handle_delete_authority},
	[CALL_UP] = {.command = handle_named, .routes = true},
	[CALL_KEY] = {.command = handle_command},
	[CALL_DOWN] = {.command = handle_named},
	[CALL_CLOSE] = {.command = handle_named},
	[CALL_ROUTE] = {.command = handle_named, .routes = true},
	[CALL_UNROUTE] = {.command = handle_named},
	[CALL_REKEY] = {.command = handle_named},
	[CALL_DELETE_STATE] = {.command = handle_command},
	[CALL_CRASH] = {.command = handle_crash},
	[CALL_LISTEN] = {.command = handle_listen},
	[CALL_UNLISTEN] = {.command = handle_unlisten},
	[CALL_REREAD] = {.command = handle_reread, .routes = true},
	[CALL_OPEN_SECRET] = {.command = handle_open_secret},
	[CALL_STATUS] = {.command = handle_status},
	[CALL_TRAFFIC_STATUS] = {.command = handle_status},
	[CALL_LIST] = {.command = handle_list},
	[CALL_PURGE_OCSP] = {.command = handle_purge},
	[CALL_DEBUG] = {.command = handle_debug},
	[CALL_SHUTDOWN] = {.command = handle_shutdown},
	[CALL_ACCOUNTING] = {.query = answer_account},
	[CALL_GET_INFO] = {.query = answer_info},
	[CALL_GET_INTERFACE] = {.query = answer_interface},
};
