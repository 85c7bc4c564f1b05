/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's core and what comes to it: commands, datagrams, timers, notices.
 */
#include "sim/machine.h"

#include "conn/field.h"
#include "policy/policy.h"
#include "sim/witness.h"
#include "trust/trust.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMER_TURNS_MAX 1000
#define STREAM_PACE 50

/* A notice of the plane on its way to the core. */
struct notice {
	struct happening happening;
	struct machine *h;
	unsigned life;
	struct event ev;
};

static void fire_timer(struct happening *happening);

/* ---- making ---- */

struct machine *machine_new(struct world *w, const char *name, const char *addr, struct nat *nat)
{
	struct machine *h = sim_alloc(sizeof(*h));
	uint64_t number = 0;

	LIST_EACH(other, &w->machines, struct machine, link)
		number++;
	h->w = w;
	h->nat = nat;
	h->down = true;
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->settings = ike_settings_default();
	h->answer_max = 2 * NSEC_PER_MS;
	h->timer = (struct happening){.happen = fire_timer};
	dice_make(&h->pace, w->seed, STREAM_PACE + number);
	simplane_init(&h->plane, h);
	list_init(&h->errands);
	list_init(&h->orders);
	list_init(&h->recipes);
	list_init(&h->secrets);
	list_init(&h->names);
	list_append(&w->machines, &h->link);
	machine_add_address(h, addr);
	return h;
}

/* ---- steps ---- */

nsec machine_now(const struct machine *h)
{
	return h->w->now + h->clock_ahead;
}

static void set_timer(struct machine *h)
{
	nsec at = ike_deadline(h->ike);

	if (at == NSEC_NEVER)
		world_cancel(h->w, &h->timer);
	else
		world_at(h->w, &h->timer, at > h->clock_ahead ? at - h->clock_ahead : 0);
}

void machine_step(struct machine *h, struct event *ev)
{
	ev->now = machine_now(h);
	actions_clear(&h->actions);
	ike_step(h->ike, ev, &h->actions);
	world_expect(h->w, !h->actions.bad, "%s's core says that memory is short", h->name);
	machine_carry_out(h);
	set_timer(h);
}

static void fire_timer(struct happening *happening)
{
	struct machine *h = CONTAINER_OF(happening, struct machine, timer);
	struct event ev = {.kind = EV_TIMER};

	machine_step(h, &ev);
	h->timer_turns = ike_deadline(h->ike) <= machine_now(h) ? h->timer_turns + 1 : 0;
	world_expect(h->w, h->timer_turns < TIMER_TURNS_MAX,
		     "%s's core wants a timer again and again at the same moment", h->name);
}

/* ---- datagrams ---- */

void machine_receive_ike(struct machine *h, const struct endpoint *to, const struct endpoint *from,
		      struct view data)
{
	struct event ev = {.kind = EV_DATAGRAM};

	/* A NAT keep-alive is the socket's business, not the core's (RFC 3948 2.3). */
	if (data.len == 1 && data.ptr[0] == 0xff)
		return;
	if (to->port != 500 && to->port != 4500)
		return;
	ev.datagram.local = *to;
	ev.datagram.remote = *from;
	ev.datagram.data = data;
	machine_step(h, &ev);
}

void machine_receive_esp(struct machine *h, const struct endpoint *to, const struct endpoint *from,
		      const struct esp *esp)
{
	simplane_receive(&h->plane, to, from, esp);
}

/* ---- notices of the plane ---- */

static void deliver_notice(struct happening *happening)
{
	struct notice *n = CONTAINER_OF(happening, struct notice, happening);

	if (!n->h->down && n->h->lives == n->life)
		machine_step(n->h, &n->ev);
	free(n);
}

static void drop_notice(struct happening *happening)
{
	free(CONTAINER_OF(happening, struct notice, happening));
}

void machine_event(struct machine *h, struct event *ev)
{
	struct notice *n = sim_alloc(sizeof(*n));

	n->h = h;
	n->life = h->lives;
	n->ev = *ev;
	n->happening = (struct happening){.happen = deliver_notice, .drop = drop_notice};
	world_at(h->w, &n->happening, h->w->now);
}

/* ---- commands ---- */

const char *command_name(enum command_kind kind)
{
	static const char *const names[] = {
		[CMD_ADD] = "add",
		[CMD_REPLACE] = "replace",
		[CMD_DELETE] = "delete",
		[CMD_UP] = "up",
		[CMD_DOWN] = "down",
		[CMD_ROUTE] = "route",
		[CMD_UNROUTE] = "unroute",
		[CMD_LISTEN] = "listen",
		[CMD_REKEY_IKE] = "rekey-ike",
		[CMD_REKEY_CHILD] = "rekey-child",
		[CMD_SHUTDOWN] = "shutdown",
		[CMD_DELETE_STATE] = "delete-state",
		[CMD_CRASH] = "crash",
	};

	return names[kind];
}

static struct order *new_order(struct machine *h, enum command_kind kind, const char *name)
{
	struct order *o = sim_alloc(sizeof(*o));

	o->cause = ++h->last_cause;
	o->kind = (uint8_t)kind;
	o->given_at = h->w->now;
	snprintf(o->name, sizeof(o->name), "%s", name ? name : "");
	list_append(&h->orders, &o->link);
	return o;
}

static struct order *give(struct machine *h, struct command *c)
{
	struct order *o;
	struct event ev = {.kind = EV_COMMAND};

	if (h->down) {
		connection_unref(c->connection);
		return NULL;
	}
	o = new_order(h, (enum command_kind)c->kind, c->name);
	if (c->kind != CMD_LISTEN)
		tell_story(h->w, "%s is told: %s%s%s", h->name,
			   command_name((enum command_kind)c->kind), c->name ? " " : "",
			   c->name ? c->name : "");
	ev.cause = o->cause;
	ev.command = *c;
	machine_step(h, &ev);
	return o;
}

static void note_wish(struct machine *h, enum command_kind kind, const char *name)
{
	struct recipe *r = name ? machine_recipe(h, name) : NULL;

	if (!r)
		return;
	switch (kind) {
	case CMD_UP:
		r->wanted = true;
		break;
	case CMD_DOWN:
		r->wanted = false;
		break;
	case CMD_UNROUTE:
		r->routed = false;
		break;
	case CMD_DELETE:
		list_remove(&r->link);
		free(r->text);
		free(r);
		break;
	default:
		break;
	}
}

struct order *machine_command(struct machine *h, enum command_kind kind, const char *name)
{
	char copy[32]; /* the name may be that of a recipe which is about to go */
	struct command c = {.kind = (uint8_t)kind, .name = name ? copy : NULL};
	struct order *o;

	snprintf(copy, sizeof(copy), "%s", name ? name : "");
	note_wish(h, kind, name);
	o = give(h, &c);
	name = c.name;
	if (kind == CMD_ROUTE && name && machine_recipe(h, name))
		machine_recipe(h, name)->routed = true;
	return o;
}

struct order *machine_delete_state(struct machine *h, uint64_t serial)
{
	struct command c = {.kind = CMD_DELETE_STATE, .serial = serial};

	return give(h, &c);
}

/* ---- connections ---- */

static bool set_field(struct world *w, struct connection *c, const char *key, const char *value)
{
	int which = !strncmp(key, "right", 5) ? 1 : 0;
	const struct field *f = NULL;
	struct diag why = {0};
	char text[1024];

	if (!strncmp(key, "left", 4) || which)
		f = field_by_keyword(key + (which ? 5 : 4), true);
	if (!f)
		f = field_by_keyword(key, false);
	if (!f || field_set(c, which, f, value, &why)) {
		world_fail(w, "the scenario's keyword %s=%s: %s", key, value,
			   f ? diag_print(&why, text, sizeof(text)) : "there is none");
		return false;
	}
	return true;
}

static struct connection *parse_connection(struct world *w, const char *name, const char *text)
{
	struct connection *c = connection_new(name);
	char *copy = strdup(text), *at = copy, *line;
	struct diag why = {0};
	char said[1024];

	if (!c || !copy)
		exit(3);
	while ((line = strsep(&at, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = 0;
		if (!set_field(w, c, line, value))
			break;
	}
	free(copy);
	if (!w->failed && connection_check(c, &why))
		world_fail(w, "the scenario's connection %s: %s", name,
			   diag_print(&why, said, sizeof(said)));
	if (!w->failed)
		return c;
	connection_unref(c);
	return NULL;
}

struct order *machine_load(struct machine *h, enum command_kind kind, const struct recipe *r)
{
	struct connection *c = parse_connection(h->w, r->name, r->text);
	struct command cmd = {.kind = (uint8_t)kind, .name = r->name, .connection = c};

	return c ? give(h, &cmd) : NULL;
}

static struct recipe *write_recipe(struct machine *h, const char *name, const char *fmt, va_list args)
{
	struct recipe *r = machine_recipe(h, name);

	if (!r) {
		r = sim_alloc(sizeof(*r));
		snprintf(r->name, sizeof(r->name), "%s", name);
		list_append(&h->recipes, &r->link);
	}
	free(r->text);
	if (vasprintf(&r->text, fmt, args) < 0)
		exit(3);
	return r;
}

struct order *machine_add(struct machine *h, const char *name, const char *fmt, ...)
{
	struct recipe *r;
	va_list args;

	va_start(args, fmt);
	r = write_recipe(h, name, fmt, args);
	va_end(args);
	return h->down ? NULL : machine_load(h, CMD_ADD, r);
}

struct order *machine_replace(struct machine *h, const char *name, const char *fmt, ...)
{
	struct recipe *r;
	va_list args;

	va_start(args, fmt);
	r = write_recipe(h, name, fmt, args);
	va_end(args);
	return h->down ? NULL : machine_load(h, CMD_REPLACE, r);
}

/* ---- what is known of it ---- */

bool machine_has(const struct machine *h, const struct ip_addr *a)
{
	for (size_t i = 0; i < h->addrs_len; i++)
		if (ip_equal(&h->addrs[i], a))
			return true;
	return false;
}

struct recipe *machine_recipe(const struct machine *h, const char *name)
{
	LIST_EACH(r, &h->recipes, struct recipe, link)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}

bool machine_is_busy(const struct machine *h)
{
	return !list_empty(&h->errands);
}

size_t machine_orders_open(const struct machine *h)
{
	size_t n = 0;

	LIST_EACH(o, &h->orders, struct order, link)
		n += !o->done && !o->forgotten;
	return n;
}

bool machine_is_up(const struct machine *h, const char *name)
{
	struct child_info c;

	if (h->down)
		return false;
	for (uint64_t at = 0; ike_child_next(h->ike, at, &c); at = c.serial)
		if (c.connection && !strcmp(c.connection->connection->name, name) &&
		    simplane_sa(&h->plane, SA_IN, c.spi_in) && simplane_sa(&h->plane, SA_OUT, c.spi_out))
			return true;
	return false;
}

size_t machine_children(const struct machine *h, const char *name)
{
	struct child_info c;
	size_t n = 0;

	if (h->down)
		return 0;
	for (uint64_t at = 0; ike_child_next(h->ike, at, &c); at = c.serial)
		n += !name || (c.connection && !strcmp(c.connection->connection->name, name));
	return n;
}

size_t machine_ike_sas(const struct machine *h, enum ike_phase phase)
{
	struct ike_sa_info sa;
	size_t n = 0;

	if (h->down)
		return 0;
	for (uint64_t at = 0; ike_sa_next(h->ike, at, &sa); at = sa.serial)
		n += sa.phase == phase;
	return n;
}
