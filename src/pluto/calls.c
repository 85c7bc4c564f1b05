/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/calls.h"

#include "buildinfo.h"
#include "pluto/daemon.h"
#include "pluto/keyfiles.h"
#include "pluto/listing.h"
#include "pluto/match.h"
#include "pluto/prompts.h"
#include "pluto/reread.h"
#include "pluto/several.h"
#include "pluto/status.h"
#include "policy/policy.h"
#include "trust/trust.h"
#include "whack/interface.h"
#include "whack/json_out.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPORTS_KEPT 1000 /* for a call without `more`; later ones are only logged */
#define PUMP_NS_MAX (2 * NSEC_PER_MS)

struct pending_call {
	struct list link;
	struct client_link *client; /* NULL: it hung up */
	uint64_t cause;             /* its number; later calls have greater ones */
	bool more;
	struct json_out last;       /* its last reply, written up to the reports kept so far */
	unsigned kept;              /* how many: none with `more` */
	struct status_walk *status; /* of a listing, one of the two */
	struct listing_walk *listing;
	struct several several; /* its list is there while it runs */
	/* What is left to do when tokens have answered; NULL: it waits for none. */
	void (*resume)(struct daemon *d, struct pending_call *p, unsigned code);
	struct call call; /* for that */
	bool privileged;  /* who calls is root */
	bool routes;      /* it may load, route or bring up something */
	unsigned code;    /* so far */
	bool paused;      /* the client is to read first */
	char *up;         /* the name it wants up; NULL */
	int hinted;       /* the last error told by calls_hint */
};

/* ---- replies ---- */

static void pending_free(struct pending_call *p)
{
	list_remove(&p->link);
	json_out_done(&p->last);
	status_end(p->status);
	listing_end(p->listing);
	match_free(p->several.list);
	call_done(&p->call);
	free(p->up);
	if (p->client)
		client_set_data(p->client, NULL);
	free(p);
}

static void finish(struct pending_call *p, unsigned code)
{
	struct client_link *client = p->client;
	struct json_out last = p->last;

	p->last = (struct json_out){0}; /* moved */
	pending_free(p);
	json_out_list_end(&last);
	json_out_number(&last, "code", code);
	json_out_object_end(&last);
	if (client)
		control_reply_text(client, &last.text, false);
	json_out_done(&last);
}

static void reports_begin(struct json_out *o)
{
	json_out_object(o, NULL);
	json_out_list(o, "reports");
}

static void keep(struct pending_call *p, const struct report *r)
{
	if (p->kept == REPORTS_KEPT)
		return;
	report_write(&p->last, r);
	p->kept++;
}

static void send_report(struct pending_call *p, const struct report *r)
{
	struct json_out o = {0};

	reports_begin(&o);
	report_write(&o, r);
	json_out_list_end(&o);
	json_out_object_end(&o);
	control_reply_text(p->client, &o.text, true);
	json_out_done(&o);
}

static struct pending_call *pending_find(struct calls *c, uint64_t cause)
{
	LIST_EACH(p, &c->pending, struct pending_call, link)
		if (p->cause == cause)
			return p;
	return NULL;
}

void calls_report(struct calls *c, const struct report *r)
{
	struct pending_call *p = r->cause ? pending_find(c, r->cause) : NULL;

	if (!p || !p->client || r->level == REPORT_DEBUG)
		return;
	if (p->more)
		send_report(p, r);
	else
		keep(p, r);
}

static bool is_for(const struct calls *c, const struct pending_call *p,
		   const struct ip_addr *addr)
{
	const struct loaded *l = p->up ? policy_find(ike_policy(c->daemon->ike), p->up) : NULL;

	return l && ip_equal(&l->remote_addr, addr);
}

void calls_hint(struct calls *c, const struct ip_addr *addr, int error, struct report *r)
{
	LIST_EACH(p, &c->pending, struct pending_call, link) {
		if (p->hinted == error || !is_for(c, p, addr))
			continue;
		p->hinted = error;
		r->cause = p->cause;
		r->connection = p->up;
		calls_report(c, r);
	}
	r->cause = 0;
	r->connection = NULL;
}

void calls_cut_short(struct calls *c, const struct ip_addr *addr, struct report *r)
{
	LIST_EACH(p, &c->pending, struct pending_call, link) {
		if (!is_for(c, p, addr))
			continue;
		r->cause = p->cause;
		r->connection = p->up;
		calls_report(c, r);
		finish(p, r->code);
	}
	r->cause = 0;
	r->connection = NULL;
}

/* When all that began have ended, or nobody waits for them. */
static void finish_several(struct pending_call *p)
{
	unsigned code;

	if (several_is_over(&p->several, &code))
		finish(p, code);
}

void calls_end(struct calls *c, uint64_t cause, unsigned code)
{
	struct pending_call *p = cause ? pending_find(c, cause) : NULL;

	if (p && p->several.list) {
		several_end(&p->several, code);
		finish_several(p);
	} else if (p) {
		finish(p, code);
	}
}

bool calls_wait_for(struct calls *c, uint64_t cause)
{
	const struct pending_call *p = cause ? pending_find(c, cause) : NULL;

	return p && p->client && client_waits(p->client);
}

void calls_end_all(struct calls *c, uint64_t cause)
{
	while (!list_empty(&c->pending)) {
		struct pending_call *p = CONTAINER_OF(c->pending.next, struct pending_call,
						      link);

		finish(p, p->cause == cause ? RC_COMMENT : RC_WHACK_PROBLEM);
	}
}

static void pump_start(struct calls *c);

/* The pump has work to do for it. */
static bool is_pumped(const struct pending_call *p)
{
	return p->status || p->listing || p->several.beginning;
}

void calls_client_gone(void *ctx, struct client_link *client)
{
	struct pending_call *p = client_data(client);

	if (!p)
		return;
	p->client = NULL; /* a listing is freed by the pump, which may be at it right now */
	if (is_pumped(p))
		pump_start(ctx);
}

/* ---- the pump: listings, and commands over many connections ---- */

/* The next piece of a listing. True when it was the last. */
static bool tell_piece(struct calls *c, struct pending_call *p)
{
	struct json_out *o = &c->out;
	bool last;

	json_out_clear(o);
	last = p->status ? status_next(p->status, o) : listing_next(p->listing, o);
	control_reply_text(p->client, &o->text, !last);
	return last;
}

/* Begin the command for the next connection. True when there was none. */
static bool begin_one(struct calls *c, struct pending_call *p)
{
	struct several *s = &p->several;
	struct loaded *l = match_next(s->list);
	struct command command = {.kind = s->kind};
	char *name;

	while (l && l->instance) /* they go with their template */
		l = match_next(s->list);
	if (!l || c->daemon->stopping)
		return true;
	name = strdup(l->connection->name);
	if (!name) {
		s->code = RC_INTERNALERR;
		return true;
	}
	command.name = name;
	several_begin(s);
	engine_command(&c->daemon->engine, p->cause, &command);
	several_begun(s);
	free(name);
	return false;
}

static void pump_end(struct pending_call *p)
{
	if (p->several.beginning) {
		p->several.beginning = false;
		finish_several(p);
	} else {
		pending_free(p);
	}
}

/*
 * One call's turn: one piece at least, so that none starves, and more until the
 * time is up or the client is full. A command goes on when its client has hung
 * up. True while it can go on at once.
 */
static bool pump_one(struct calls *c, struct pending_call *p, nsec until)
{
	bool command = p->several.beginning, last = false;

	while (!last && (command || p->client)) {
		p->paused = p->client && control_full(p->client);
		if (p->paused)
			return false;
		last = command ? begin_one(c, p) : tell_piece(c, p);
		if (!last && engine_now() >= until)
			break;
	}
	if (!last && (command || p->client))
		return true;
	pump_end(p);
	return false;
}

/* The first one behind `cause` that has work: what a turn does may end any other call. */
static struct pending_call *pump_after(struct calls *c, uint64_t cause)
{
	LIST_EACH(p, &c->pending, struct pending_call, link)
		if (p->cause > cause && is_pumped(p) && (!p->paused || !p->client))
			return p;
	return NULL;
}

static void on_pump(uv_idle_t *idle)
{
	struct calls *c = idle->data;
	nsec start = account_start(&c->daemon->account);
	nsec until = engine_now() + PUMP_NS_MAX;
	struct pending_call *p;
	uint64_t cause = 0;
	bool more = false;

	while ((p = pump_after(c, cause))) {
		cause = p->cause;
		more |= pump_one(c, p, until);
	}
	account_stop(&c->daemon->account, ACCOUNT_CONTROL, start);
	if (!more) {
		uv_idle_stop(&c->pump);
		c->pumping = false;
	}
}

static void pump_start(struct calls *c)
{
	if (c->pumping)
		return;
	c->pumping = true;
	uv_idle_start(&c->pump, on_pump);
}

void calls_drained(void *ctx, struct client_link *client)
{
	struct pending_call *p = client_data(client);

	if (!p || !is_pumped(p))
		return;
	p->paused = false;
	pump_start(ctx);
}

/* ---- handlers ---- */

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

/* ---- tokens, which take their time ---- */

void calls_settled(struct calls *c, uint64_t cause, unsigned code)
{
	struct pending_call *p = cause ? pending_find(c, cause) : NULL;
	void (*resume)(struct daemon * d, struct pending_call * p, unsigned code);

	if (!p || !p->resume)
		return;
	resume = p->resume;
	p->resume = NULL;
	resume(c->daemon, p, code);
}

/* Go on when tokens have answered what was asked for this call, or at once when nothing was. */
static void go_on(struct daemon *d, struct pending_call *p,
		  void (*resume)(struct daemon *d, struct pending_call *p, unsigned code))
{
	if (cards_busy(&d->cards, p->cause))
		p->resume = resume;
	else
		resume(d, p, RC_COMMENT);
}

/* Go on when a thread has looked at these files (EARLY_...), so that it takes the loop no time. */
static void look_first(struct daemon *d, struct pending_call *p, unsigned what,
		       void (*resume)(struct daemon *d, struct pending_call *p, unsigned code))
{
	p->resume = resume;
	if (what && early_begin(&d->early, what, p->cause))
		return;
	p->resume = NULL;
	resume(d, p, RC_COMMENT);
}

static void end_with(struct daemon *d, struct pending_call *p, unsigned code)
{
	finish(p, reply_is_good(p->code) ? code : p->code);
}

/* The call is done but for that. */
static void finish_later(struct daemon *d, struct pending_call *p, unsigned code)
{
	p->code = code;
	go_on(d, p, end_with);
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
	go_on(d, p, run_kept);
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
	look_first(d, p, what, read_tokens);
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
		finish(p, RC_INTERNALERR);
		return;
	}
	if (!match_is_pattern(call->name)) {
		say_is_authority(d, p->cause, call->name);
		handle_command(d, p, call); /* the core says what is wrong */
		return;
	}
	daemon_say(d, p->cause, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-name", NULL,
		   "no connection that is loaded fits \"%s\"", call->name);
	finish(p, RC_UNKNOWN_NAME);
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
	pump_start(&d->calls);
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
	finish(p, code);
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
	finish(p, well ? RC_COMMENT : RC_UNKNOWN_NAME);
}

static void handle_crash(struct daemon *d, struct pending_call *p, struct call *call)
{
	struct command command = {.kind = CMD_CRASH};

	if (ip_parse(call->address, &command.addr)) {
		daemon_say(d, p->cause, REPORT_INFO, RC_WHACK_PROBLEM, "bad-address", NULL,
			   "\"%s\" is no IP address", call->address);
		finish(p, RC_WHACK_PROBLEM);
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
	go_on(d, p, answer_peers);
}

static void handle_listen(struct daemon *d, struct pending_call *p, struct call *call)
{
	look_first(d, p, EARLY_ACERTS | (daemon_wants_secrets(d) ? EARLY_SECRETS : 0),
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

static void refuse(struct client_link *client, const char *error, const char *parameter)
{
	struct call_error e = {.error = error};
	size_t used = 0;

	buf_add(e.parameter, sizeof(e.parameter), &used, "%s", parameter);
	control_error(client, &e);
}

/* A value of "what" that there is not. */
static void refuse_what(struct pending_call *p)
{
	struct client_link *client = p->client;

	pending_free(p);
	refuse(client, ERROR_INVALID_PARAMETER, "what");
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
	finish_later(d, p,
		     prompts_answer(d, p->cause, p->call.file, p->call.line, p->call.secret));
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
	finish_later(d, p, code);
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
	look_first(d, p, early, reread_now);
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
		pump_start(&d->calls);
		return;
	}
	if (err == CYG_NOTFOUND)
		daemon_say(d, p->cause, REPORT_INFO, RC_UNKNOWN_NAME, "unknown-name", NULL,
			   "no connection is called \"%s\"", call->name);
	finish(p, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : RC_INTERNALERR);
}

static void begin_list(struct daemon *d, struct pending_call *p, unsigned code)
{
	enum cyg_err err = listing_begin(d, p->call.what, p->call.problems, &p->listing);

	if (!err)
		pump_start(&d->calls);
	else if (err == CYG_NOTFOUND)
		refuse_what(p);
	else
		finish(p, RC_INTERNALERR);
}

static void handle_list(struct daemon *d, struct pending_call *p, struct call *call)
{
	if (listing_has_cards(call->what))
		cards_look(&d->cards, p->cause);
	p->call = *call;
	*call = (struct call){0};
	go_on(d, p, begin_list);
}

static void handle_purge(struct daemon *d, struct pending_call *p, struct call *call)
{
	trust_purge_ocsp(d->trust, time(NULL));
	keyfiles_purge_answers(d->ipsecd_path);
	news_pump(&d->news);
	finish(p, RC_COMMENT);
}

static void handle_debug(struct daemon *d, struct pending_call *p, struct call *call)
{
	log_set_debug(d->log, call->enable);
	finish(p, RC_COMMENT);
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

static const struct handler {
	void (*command)(struct daemon *d, struct pending_call *p, struct call *call);
	json_t *(*query)(struct daemon *d,
			 const struct call *call); /* NULL result: no such interface */
	bool routes; /* what an earlier run left to guard goes when the last of these is over */
} handlers[CALL_KINDS] = {
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

static struct pending_call *pending_new(struct calls *c, struct client_link *client,
					const struct call *call)
{
	struct pending_call *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->client = client;
	p->more = call->more;
	p->routes = handlers[call->kind].routes;
	p->cause = engine_next_cause(&c->daemon->engine);
	reports_begin(&p->last);
	list_append(&c->pending, &p->link);
	client_set_data(client, p);
	return p;
}

static void answer_query(struct daemon *d, struct client_link *client, const struct handler *h,
			 const struct call *call)
{
	json_t *parameters = h->query(d, call);

	if (parameters)
		control_reply(client, parameters, false);
	else
		refuse(client, ERROR_INTERFACE_NOT_FOUND,
		       call->interface ? call->interface : "");
}

void calls_take(void *ctx, struct client_link *client, struct call *call)
{
	struct calls *c = ctx;
	struct daemon *d = c->daemon;
	const struct handler *h = &handlers[call->kind];
	struct pending_call *p;

	if (h->query) {
		answer_query(d, client, h, call);
	} else if (d->stopping) {
		refuse(client, ERROR_BUSY, "");
	} else {
		p = pending_new(c, client, call);
		if (p && h->routes)
			daemon_routes(d);
		if (p)
			h->command(d, p, call);
		else
			refuse(client, ERROR_NO_MEMORY, "");
	}
	call_done(call);
}

bool calls_route(const struct calls *c)
{
	LIST_EACH(p, &c->pending, struct pending_call, link)
		if (p->routes)
			return true;
	return false;
}

void calls_init(struct calls *c, struct daemon *d)
{
	*c = (struct calls){.daemon = d};
	list_init(&c->pending);
	uv_idle_init(&d->loop, &c->pump);
	c->pump.data = c;
}

void calls_stop(struct calls *c)
{
	LIST_EACH(p, &c->pending, struct pending_call, link)
		pending_free(p);
	json_out_done(&c->out);
	uv_close((uv_handle_t *)&c->pump, NULL);
}
