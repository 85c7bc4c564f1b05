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
	struct machine *m;
	unsigned life;
	struct event ev;
};

static void fire_timer(struct happening *happening);

/* ---- making ---- */

struct machine *machine_new(struct world *w, const char *name, const char *addr,
			    struct nat *nat)
{
	struct machine *m = sim_alloc(sizeof(*m));
	uint64_t number = 0;

	LIST_EACH(other, &w->machines, struct machine, link)
		number++;
	m->w = w;
	m->nat = nat;
	m->down = true;
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->settings = ike_settings_default();
	m->settings.handling.processors = 4;
	m->answer_max = 2 * NSEC_PER_MS;
	m->timer = (struct happening){.happen = fire_timer};
	dice_make(&m->pace, w->seed, STREAM_PACE + number);
	simplane_init(&m->plane, m);
	list_init(&m->called);
	list_init(&m->errands);
	list_init(&m->orders);
	list_init(&m->recipes);
	list_init(&m->secrets);
	list_init(&m->names);
	list_init(&m->groups);
	list_append(&w->machines, &m->link);
	machine_add_address(m, addr);
	return m;
}

/* ---- steps ---- */

nsec machine_now(const struct machine *m)
{
	return m->w->now + m->clock_ahead;
}

static void set_timer(struct machine *m)
{
	nsec at = ike_deadline(m->ike);

	if (at == NSEC_NEVER)
		world_cancel(m->w, &m->timer);
	else
		world_at(m->w, &m->timer, at > m->clock_ahead ? at - m->clock_ahead : 0);
}

void machine_step(struct machine *m, struct event *ev)
{
	ev->now = machine_now(m);
	actions_clear(&m->actions);
	ike_step(m->ike, ev, &m->actions);
	world_expect(m->w, !m->actions.bad, "%s's core says that memory is short", m->name);
	machine_carry_out(m);
	set_timer(m);
}

static void fire_timer(struct happening *happening)
{
	struct machine *m = CONTAINER_OF(happening, struct machine, timer);
	struct event ev = {.kind = EV_TIMER};

	machine_step(m, &ev);
	m->timer_turns = ike_deadline(m->ike) <= machine_now(m) ? m->timer_turns + 1 : 0;
	world_expect(m->w, m->timer_turns < TIMER_TURNS_MAX,
		     "%s's core wants a timer again and again at the same moment", m->name);
}

/* ---- datagrams ---- */

void machine_receive_ike(struct machine *m, const struct endpoint *to,
			 const struct endpoint *from, struct view data)
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
	machine_step(m, &ev);
}

void machine_receive_esp(struct machine *m, const struct endpoint *to,
			 const struct endpoint *from, const struct esp *esp)
{
	simplane_receive(&m->plane, to, from, esp);
}

/* ---- notices of the plane ---- */

static void deliver_notice(struct happening *happening)
{
	struct notice *n = CONTAINER_OF(happening, struct notice, happening);

	if (!n->m->down && n->m->lives == n->life)
		machine_step(n->m, &n->ev);
	free(n);
}

static void drop_notice(struct happening *happening)
{
	free(CONTAINER_OF(happening, struct notice, happening));
}

void machine_event(struct machine *m, struct event *ev)
{
	struct notice *n = sim_alloc(sizeof(*n));

	n->m = m;
	n->life = m->lives;
	n->ev = *ev;
	n->happening = (struct happening){.happen = deliver_notice, .drop = drop_notice};
	world_at(m->w, &n->happening, m->w->now);
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
		[CMD_DELETE_IKE] = "delete-ike",
		[CMD_DELETE_CHILD] = "delete-child",
		[CMD_DOWN_IKE] = "down-ike",
		[CMD_DOWN_CHILD] = "down-child",
		[CMD_UNLISTEN] = "unlisten",
		[CMD_RESOLVE] = "resolve",
		[CMD_LISTEN] = "listen",
		[CMD_REKEY_IKE] = "rekey-ike",
		[CMD_REKEY_CHILD] = "rekey-child",
		[CMD_SHUTDOWN] = "shutdown",
		[CMD_DELETE_STATE] = "delete-state",
		[CMD_CRASH] = "crash",
		[CMD_REREAD_GROUPS] = "reread-groups",
	};

	return names[kind];
}

static struct order *new_order(struct machine *m, enum command_kind kind, const char *name)
{
	struct order *o = sim_alloc(sizeof(*o));

	o->cause = ++m->last_cause;
	o->kind = (uint8_t)kind;
	o->given_at = m->w->now;
	snprintf(o->name, sizeof(o->name), "%s", name ? name : "");
	list_append(&m->orders, &o->link);
	return o;
}

static struct order *give(struct machine *m, struct command *c)
{
	struct order *o;
	struct event ev = {.kind = EV_COMMAND};

	if (m->down) {
		connection_unref(c->connection);
		return NULL;
	}
	o = new_order(m, (enum command_kind)c->kind, c->name);
	if (c->kind != CMD_LISTEN)
		tell_story(m->w, "%s is told: %s%s%s", m->name,
			   command_name((enum command_kind)c->kind), c->name ? " " : "",
			   c->name ? c->name : "");
	ev.cause = o->cause;
	ev.command = *c;
	machine_step(m, &ev);
	return o;
}

static void note_wish(struct machine *m, enum command_kind kind, const char *name)
{
	struct recipe *r = name ? machine_recipe(m, name) : NULL;

	if (!r)
		return;
	switch (kind) {
	case CMD_UP:
		r->wanted = true;
		break;
	case CMD_DOWN:
	case CMD_DOWN_IKE:
	case CMD_DOWN_CHILD:
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

struct order *machine_command(struct machine *m, enum command_kind kind, const char *name)
{
	char copy[32]; /* the name may be that of a recipe which is about to go */
	struct command c = {.kind = (uint8_t)kind, .name = name ? copy : NULL};
	struct order *o;

	snprintf(copy, sizeof(copy), "%s", name ? name : "");
	note_wish(m, kind, name);
	o = give(m, &c);
	name = c.name;
	if (kind == CMD_ROUTE && name && machine_recipe(m, name))
		machine_recipe(m, name)->routed = true;
	return o;
}

struct order *machine_delete_state(struct machine *m, uint64_t serial)
{
	struct command c = {.kind = CMD_DELETE_STATE, .serial = serial};

	return give(m, &c);
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

struct order *machine_load(struct machine *m, enum command_kind kind, const struct recipe *r)
{
	struct connection *c = parse_connection(m->w, r->name, r->text);
	struct command cmd = {.kind = (uint8_t)kind, .name = r->name, .connection = c};

	return c ? give(m, &cmd) : NULL;
}

__attribute__((format(printf, 3, 0))) static struct recipe *write_recipe(struct machine *m,
									 const char *name,
									 const char *fmt,
									 va_list args)
{
	struct recipe *r = machine_recipe(m, name);
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		exit(3);
	if (!r) {
		r = sim_alloc(sizeof(*r));
		snprintf(r->name, sizeof(r->name), "%s", name);
		list_append(&m->recipes, &r->link);
	} else if (strcmp(r->text, text) != 0) {
		/* Another version is loaded; nobody wants that up, but it stays routed. */
		r->wanted = false;
	}
	free(r->text);
	r->text = text;
	return r;
}

struct order *machine_add(struct machine *m, const char *name, const char *fmt, ...)
{
	struct recipe *r;
	va_list args;

	va_start(args, fmt);
	r = write_recipe(m, name, fmt, args);
	va_end(args);
	return m->down ? NULL : machine_load(m, CMD_ADD, r);
}

struct order *machine_replace(struct machine *m, const char *name, const char *fmt, ...)
{
	struct recipe *r;
	va_list args;

	va_start(args, fmt);
	r = write_recipe(m, name, fmt, args);
	va_end(args);
	return m->down ? NULL : machine_load(m, CMD_REPLACE, r);
}

/* ---- what is known of it ---- */

bool machine_has(const struct machine *m, const struct ip_addr *a)
{
	for (size_t i = 0; i < m->addrs_len; i++)
		if (ip_equal(&m->addrs[i], a))
			return true;
	return false;
}

struct recipe *machine_recipe(const struct machine *m, const char *name)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}

bool machine_is_busy(const struct machine *m)
{
	return !list_empty(&m->errands);
}

size_t machine_orders_open(const struct machine *m)
{
	size_t n = 0;

	LIST_EACH(o, &m->orders, struct order, link)
		n += !o->done && !o->forgotten;
	return n;
}

bool machine_is_up(const struct machine *m, const char *name)
{
	struct child_info c;

	if (m->down)
		return false;
	for (uint64_t at = 0; ike_child_next(m->ike, at, &c); at = c.serial)
		if (c.connection && !strcmp(c.connection->connection->name, name) &&
		    simplane_sa(&m->plane, SA_IN, c.spi_in) &&
		    simplane_sa(&m->plane, SA_OUT, c.spi_out))
			return true;
	return false;
}

size_t machine_children(const struct machine *m, const char *name)
{
	struct child_info c;
	size_t n = 0;

	if (m->down)
		return 0;
	for (uint64_t at = 0; ike_child_next(m->ike, at, &c); at = c.serial)
		n += !name || (c.connection && !strcmp(c.connection->connection->name, name));
	return n;
}

size_t machine_ike_sas(const struct machine *m, enum ike_phase phase)
{
	struct ike_sa_info sa;
	size_t n = 0;

	if (m->down)
		return 0;
	for (uint64_t at = 0; ike_sa_next(m->ike, at, &sa); at = sa.serial)
		n += sa.phase == phase;
	return n;
}
