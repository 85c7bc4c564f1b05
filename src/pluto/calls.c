/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/calls.h"

#include "pluto/calls_private.h"
#include "pluto/daemon.h"
#include "pluto/listing.h"
#include "pluto/match.h"
#include "pluto/several.h"
#include "pluto/status.h"
#include "policy/policy.h"
#include "whack/json_out.h"

#include <stdlib.h>
#include <string.h>

#define REPORTS_KEPT 1000 /* for a call without `more`; later ones are only logged */
#define PUMP_NS_MAX (2 * NSEC_PER_MS)

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

void calls_finish(struct pending_call *p, unsigned code)
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
		calls_finish(p, r->code);
	}
	r->cause = 0;
	r->connection = NULL;
}

/* When all that began have ended, or nobody waits for them. */
static void finish_several(struct pending_call *p)
{
	unsigned code;

	if (several_is_over(&p->several, &code))
		calls_finish(p, code);
}

void calls_end(struct calls *c, uint64_t cause, unsigned code)
{
	struct pending_call *p = cause ? pending_find(c, cause) : NULL;

	if (p && p->several.list) {
		several_end(&p->several, code);
		finish_several(p);
	} else if (p) {
		calls_finish(p, code);
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

		calls_finish(p, p->cause == cause ? RC_COMMENT : RC_WHACK_PROBLEM);
	}
}


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
		calls_pump_start(ctx);
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

void calls_pump_start(struct calls *c)
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
	calls_pump_start(ctx);
}

/* ---- tokens, which take their time ---- */

void calls_settled(struct calls *c, uint64_t cause, unsigned code)
{
	struct pending_call *p = cause ? pending_find(c, cause) : NULL;
	calls_resume *resume;

	if (!p || !p->resume)
		return;
	resume = p->resume;
	p->resume = NULL;
	resume(c->daemon, p, code);
}

void calls_go_on(struct daemon *d, struct pending_call *p, calls_resume *resume)
{
	if (cards_busy(&d->cards, p->cause))
		p->resume = resume;
	else
		resume(d, p, RC_COMMENT);
}

void calls_look_first(struct daemon *d, struct pending_call *p, unsigned what,
		      calls_resume *resume)
{
	p->resume = resume;
	if (what && early_begin(&d->early, what, p->cause))
		return;
	p->resume = NULL;
	resume(d, p, RC_COMMENT);
}

static void end_with(struct daemon *d, struct pending_call *p, unsigned code)
{
	calls_finish(p, reply_is_good(p->code) ? code : p->code);
}

void calls_finish_later(struct daemon *d, struct pending_call *p, unsigned code)
{
	p->code = code;
	calls_go_on(d, p, end_with);
}

/* ---- what comes in ---- */

static void refuse(struct client_link *client, const char *error, const char *parameter)
{
	struct call_error e = {.error = error};
	size_t used = 0;

	buf_add(e.parameter, sizeof(e.parameter), &used, "%s", parameter);
	control_error(client, &e);
}

void calls_give_up(struct pending_call *p, const char *error, const char *parameter)
{
	struct client_link *client = p->client;

	pending_free(p);
	refuse(client, error, parameter);
}

static struct pending_call *pending_new(struct calls *c, struct client_link *client,
					const struct call *call)
{
	struct pending_call *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->client = client;
	p->more = call->more;
	p->routes = calls_handlers[call->kind].routes;
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
	const struct handler *h = &calls_handlers[call->kind];
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
