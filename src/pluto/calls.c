/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/calls.h"

#include "buildinfo.h"
#include "pluto/daemon.h"
#include "pluto/status.h"
#include "policy/policy.h"
#include "whack/interface.h"

#include <stdlib.h>
#include <string.h>

#define REPORTS_KEPT 1000 /* for a call without `more`; later ones are only logged */
#define PUMP_NS_MAX (2 * NSEC_PER_MS)

struct pending_call {
	struct list link;
	struct client_link *client; /* NULL: it hung up */
	uint64_t cause;             /* 0: a listing */
	bool more;
	json_t *reports;          /* kept for the last reply, when not `more` */
	struct status_walk *walk; /* of a listing */
	bool paused;              /* the client is to read first */
	char *up;                 /* the name it wants up; NULL */
	int hinted;               /* the last error told by calls_hint */
};

/* ---- replies ---- */

static void pending_free(struct pending_call *p)
{
	list_remove(&p->link);
	json_decref(p->reports);
	status_end(p->walk);
	free(p->up);
	if (p->client)
		client_set_data(p->client, NULL);
	free(p);
}

static json_t *last_parameters(struct pending_call *p, unsigned code)
{
	json_t *o = json_object();

	json_object_set(o, "reports", p->reports);
	json_object_set_new(o, "code", json_integer((json_int_t)code));
	return o;
}

static void finish(struct pending_call *p, unsigned code)
{
	struct client_link *client = p->client;
	json_t *parameters = client ? last_parameters(p, code) : NULL;

	pending_free(p);
	if (client)
		control_reply(client, parameters, false);
}

static void keep_or_send(struct pending_call *p, json_t *report)
{
	json_t *o;

	if (!p->more) {
		if (json_array_size(p->reports) < REPORTS_KEPT)
			json_array_append(p->reports, report);
		return;
	}
	o = json_object();
	json_object_set_new(o, "reports", json_array());
	json_array_append(json_object_get(o, "reports"), report);
	control_reply(p->client, o, true);
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
	json_t *report;

	if (!p || !p->client || r->level == REPORT_DEBUG)
		return;
	report = report_json(r);
	if (report)
		keep_or_send(p, report);
	json_decref(report);
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

void calls_end(struct calls *c, uint64_t cause, unsigned code)
{
	struct pending_call *p = cause ? pending_find(c, cause) : NULL;

	if (p)
		finish(p, code);
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

void calls_client_gone(void *ctx, struct client_link *client)
{
	struct pending_call *p = client_data(client);

	if (!p)
		return;
	p->client = NULL; /* a listing is freed by the pump, which may be at it right now */
	if (p->walk)
		pump_start(ctx);
}

/* ---- listings ---- */

/*
 * One listing's turn: one piece at least, so that none starves, and more until
 * the time is up or the client is full. True while it can go on at once.
 */
static bool pump_one(struct pending_call *p, nsec until)
{
	bool last = false;

	while (!last && p->client) {
		json_t *parameters;

		p->paused = control_full(p->client);
		if (p->paused)
			return false;
		parameters = status_next(p->walk, &last);
		control_reply(p->client, parameters, !last);
		if (!last && engine_now() >= until)
			break;
	}
	if (p->client && !last)
		return true;
	pending_free(p);
	return false;
}

static void on_pump(uv_idle_t *idle)
{
	struct calls *c = idle->data;
	nsec start = account_start(&c->daemon->account);
	nsec until = engine_now() + PUMP_NS_MAX;
	bool more = false;

	LIST_EACH(p, &c->pending, struct pending_call, link)
		if (p->walk && (!p->paused || !p->client))
			more |= pump_one(p, until);
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

	if (!p || !p->walk)
		return;
	p->paused = false;
	pump_start(ctx);
}

/* ---- handlers ---- */

static void handle_command(struct daemon *d, struct pending_call *p, struct call *call)
{
	static const uint8_t kinds[CALL_KINDS] = {
		[CALL_ADD_CONNECTION] = CMD_ADD,
		[CALL_DELETE_CONNECTION] = CMD_DELETE,
		[CALL_UP] = CMD_UP,
		[CALL_DOWN] = CMD_DOWN,
		[CALL_ROUTE] = CMD_ROUTE,
		[CALL_UNROUTE] = CMD_UNROUTE,
		[CALL_REKEY] = CMD_REKEY_CHILD,
		[CALL_DELETE_STATE] = CMD_DELETE_STATE,
	};
	struct command command = {
		.kind = kinds[call->kind],
		.name = call->name,
		.connection = call->connection,
		.serial = call->serial,
	};
	uint64_t cause = p->cause;

	if (call->kind == CALL_ADD_CONNECTION && call->replace)
		command.kind = CMD_REPLACE;
	if (call->kind == CALL_REKEY && call->ike)
		command.kind = CMD_REKEY_IKE;
	call->connection = NULL; /* moved */
	if (call->kind == CALL_UP)
		p->up = strdup(call->name);
	engine_command(&d->engine, cause, &command);
	if (call->asynchronous)
		calls_end(&d->calls, cause, RC_COMMENT);
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

static void handle_listen(struct daemon *d, struct pending_call *p, struct call *call)
{
	daemon_listen(d, p->cause);
}

static void handle_secrets(struct daemon *d, struct pending_call *p, struct call *call)
{
	finish(p, daemon_read_secrets(d, p->cause));
}

static void handle_status(struct daemon *d, struct pending_call *p, struct call *call)
{
	enum status_what what = call->kind == CALL_TRAFFIC_STATUS ? STATUS_TRAFFIC
				: call->brief                     ? STATUS_BRIEF
								  : STATUS_ALL;
	enum cyg_err err = status_begin(d, what, call->name, &p->walk);

	if (!err) {
		pump_start(&d->calls);
		return;
	}
	if (err == CYG_NOTFOUND)
		daemon_say(d, p->cause, REPORT_INFO, RC_UNKNOWN_NAME, "unknown-name", NULL,
			   "no connection is called \"%s\"", call->name);
	finish(p, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : RC_INTERNALERR);
}

static void handle_shutdown(struct daemon *d, struct pending_call *p, struct call *call)
{
	daemon_stop(d, p->cause);
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
} handlers[CALL_KINDS] = {
	[CALL_ADD_CONNECTION] = {.command = handle_command},
	[CALL_DELETE_CONNECTION] = {.command = handle_command},
	[CALL_UP] = {.command = handle_command},
	[CALL_DOWN] = {.command = handle_command},
	[CALL_ROUTE] = {.command = handle_command},
	[CALL_UNROUTE] = {.command = handle_command},
	[CALL_REKEY] = {.command = handle_command},
	[CALL_DELETE_STATE] = {.command = handle_command},
	[CALL_CRASH] = {.command = handle_crash},
	[CALL_LISTEN] = {.command = handle_listen},
	[CALL_REREAD_SECRETS] = {.command = handle_secrets},
	[CALL_STATUS] = {.command = handle_status},
	[CALL_TRAFFIC_STATUS] = {.command = handle_status},
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
	p->cause = engine_next_cause(&c->daemon->engine);
	p->reports = json_array();
	list_append(&c->pending, &p->link);
	client_set_data(client, p);
	return p;
}

static void refuse(struct client_link *client, const char *error, const char *parameter)
{
	struct call_error e = {.error = error};
	size_t used = 0;

	buf_add(e.parameter, sizeof(e.parameter), &used, "%s", parameter);
	control_error(client, &e);
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
		if (p)
			h->command(d, p, call);
		else
			refuse(client, ERROR_NO_MEMORY, "");
	}
	call_done(call);
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
	uv_close((uv_handle_t *)&c->pump, NULL);
}
