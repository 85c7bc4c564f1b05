/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a host starts, dies, changes addresses and hands its SAs to a new core.
 */
#include "sim/machine.h"
#include "sim/programs.h"
#include "trust/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_LIFE 1000 /* dice streams of a host's lives */
#define LIVES_MAX 1000

/* A line of ipsec.secrets. */
struct machine_secret {
	struct list link;
	char *who, *value;
};

/* What DNS says of a name. */
struct machine_name {
	struct list link;
	char name[64];
	char addr[IP_TEXT_MAX];
};

/* A file of ipsec.d/policies. */
struct machine_group {
	struct list link;
	char name[64], *nets;
};

static char *keep(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		exit(3);
	return copy;
}

/* ---- secrets ---- */

static void add_record(struct world *w, struct secret_set *set, const struct machine_secret *hs)
{
	struct secret_record s = {.kind = SECRET_PSK};
	char *copy = keep(hs->who), *at = copy, *word;

	s.indices = sim_alloc(8 * sizeof(*s.indices));
	while ((word = strsep(&at, " ")) && s.indices_len < 8) {
		if (!strcmp(word, "EAP"))
			s.kind = SECRET_EAP;
		else if (*word && ident_parse(word, &s.indices[s.indices_len], NULL))
			world_fail(w, "the scenario's identity %s is none", word);
		else if (*word)
			s.indices_len++;
	}
	free(copy);
	if (!bytes_copy(&s.value, view_str(hs->value)) ||
	    secret_set_add(set, &s, "ipsec.secrets"))
		exit(3);
}

static void load_secrets(struct machine *m)
{
	struct secret_set *set = secret_set_new();

	if (!m->trust)
		m->trust = trust_new(m->w->lab->crypto);
	if (!set || !m->trust)
		exit(3);
	LIST_EACH(hs, &m->secrets, struct machine_secret, link)
		add_record(m->w, set, hs);
	trust_set_secrets(m->trust, set, 0);
}

void machine_secret(struct machine *m, const char *who, const char *value)
{
	struct machine_secret *hs = NULL;

	LIST_EACH(each, &m->secrets, struct machine_secret, link)
		if (!strcmp(each->who, who))
			hs = each;
	if (!hs) {
		hs = sim_alloc(sizeof(*hs));
		hs->who = keep(who);
		list_append(&m->secrets, &hs->link);
	}
	free(hs->value);
	hs->value = keep(value);
	load_secrets(m);
}

/* ---- names ---- */

void machine_name(struct machine *m, const char *name, const char *addr)
{
	struct machine_name *n = NULL;

	LIST_EACH(each, &m->names, struct machine_name, link)
		if (!strcmp(each->name, name))
			n = each;
	if (!n) {
		n = sim_alloc(sizeof(*n));
		list_append(&m->names, &n->link);
	}
	snprintf(n->name, sizeof(n->name), "%s", name);
	snprintf(n->addr, sizeof(n->addr), "%s", addr);
}

bool machine_lookup(const struct machine *m, const char *name, struct ip_addr *ret)
{
	LIST_EACH(n, &m->names, struct machine_name, link)
		if (!strcmp(n->name, name))
			return !ip_parse(n->addr, ret);
	return false;
}

/* ---- policy groups ---- */

void machine_group(struct machine *m, const char *name, const char *nets)
{
	struct machine_group *g = NULL;

	LIST_EACH(each, &m->groups, struct machine_group, link)
		if (!strcmp(each->name, name))
			g = each;
	if (!g) {
		g = sim_alloc(sizeof(*g));
		list_append(&m->groups, &g->link);
	}
	snprintf(g->name, sizeof(g->name), "%s", name);
	free(g->nets);
	g->nets = keep(nets);
}

static void read_nets(struct world *w, const char *nets, struct group_line **ret,
		      size_t *ret_len)
{
	char *copy = keep(nets), *at = copy, *word;

	*ret = sim_alloc((strlen(nets) + 1) * sizeof(**ret));
	*ret_len = 0;
	while ((word = strsep(&at, " "))) {
		if (prefix_parse(word, &(*ret)[*ret_len].net, NULL))
			world_fail(w, "the scenario's network %s is none", word);
		else
			(*ret)[(*ret_len)++].line = 1;
	}
	free(copy);
}

bool machine_group_lines(const struct machine *m, const char *name, struct group_line **ret,
			 size_t *ret_len)
{
	LIST_EACH(g, &m->groups, struct machine_group, link) {
		if (strcmp(g->name, name))
			continue;
		read_nets(m->w, g->nets, ret, ret_len);
		return true;
	}
	return false;
}

/* ---- addresses ---- */

static void tell_addresses(struct machine *m)
{
	struct host_address list[MACHINE_ADDRS_MAX] = {0};
	struct event ev = {.kind = EV_HOST};

	for (size_t i = 0; i < m->addrs_len; i++) {
		struct ip_addr *a = &m->addrs[i];

		list[i].addr = *a;
		snprintf(list[i].interface, sizeof(list[i].interface), "eth0");
		if (a->family == IP_V4 && !ip_is_set(&ev.host.default_v4.addr))
			ev.host.default_v4.addr = *a;
		if (a->family == IP_V6 && !ip_is_set(&ev.host.default_v6.addr))
			ev.host.default_v6.addr = *a;
	}
	ev.host.addresses = list;
	ev.host.addresses_len = m->addrs_len;
	machine_step(m, &ev);
}

static struct ip_addr parse(struct world *w, const char *text)
{
	struct ip_addr a = {0};

	if (ip_parse(text, &a))
		world_fail(w, "%s is no address", text);
	return a;
}

void machine_add_address(struct machine *m, const char *addr)
{
	if (!world_expect(m->w, m->addrs_len < MACHINE_ADDRS_MAX, "%s has too many addresses",
			  m->name))
		return;
	m->addrs[m->addrs_len++] = parse(m->w, addr);
	if (!m->down)
		tell_addresses(m);
}

void machine_leave(struct machine *m)
{
	m->addrs_len = 0;
	tell_story(m->w, "%s has no address any more", m->name);
	if (!m->down)
		tell_addresses(m);
}

void machine_move(struct machine *m, const char *addr)
{
	m->addrs[0] = parse(m->w, addr);
	if (!m->addrs_len)
		m->addrs_len = 1;
	tell_story(m->w, "%s moves to %s", m->name, addr);
	if (!m->down)
		tell_addresses(m);
}

bool machine_is_free(const struct machine *m, const char *addr)
{
	struct ip_addr a = parse(m->w, addr);

	LIST_EACH(other, &m->w->machines, struct machine, link)
		if (other->nat == m->nat && machine_has(other, &a))
			return false;
	return true;
}

/* ---- birth and death ---- */

static void new_core(struct machine *m)
{
	uint64_t number = 0;

	LIST_EACH(other, &m->w->machines, struct machine, link) {
		number++;
		if (other == m)
			break;
	}
	m->lives++;
	dice_make(&m->dice, m->w->seed, STREAM_LIFE + number * LIVES_MAX + m->lives);
	m->entropy = m->w->sabotage == SABOTAGE_CHANCE ? entropy_system() : m->dice.source;
	/* No two machines' clocks agree, nor one's before and after a restart. */
	m->clock_ahead = NSEC_PER_SEC + dice_below(&m->pace, 1000 * NSEC_PER_SEC);
	m->ike = ike_new(&m->settings, m->w->lab->crypto, &m->entropy);
	if (!m->ike)
		exit(3);
	m->down = false;
	m->timer_turns = 0;
}

static void listen_now(struct machine *m)
{
	if (!m->trust)
		load_secrets(m);
	tell_addresses(m);
	machine_command(m, CMD_LISTEN, NULL);
}

static void load_all(struct machine *m)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		machine_load(m, CMD_ADD, r);
}

static void route_all(struct machine *m)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		if (r->routed)
			machine_command(m, CMD_ROUTE, r->name);
}

static void up_all(struct machine *m)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		if (r->wanted)
			machine_command(m, CMD_UP, r->name);
}

void machine_start(struct machine *m)
{
	new_core(m);
	if (m->lives > 1)
		tell_story(m->w, "%s starts again", m->name);
	listen_now(m);
	load_all(m);
	route_all(m);
	up_all(m);
}

static void forget_orders(struct machine *m)
{
	LIST_EACH(o, &m->orders, struct order, link)
		o->forgotten |= !o->done;
}

static void drop_errands(struct machine *m)
{
	LIST_EACH(e, &m->errands, struct errand, link) {
		world_cancel(m->w, &e->delivery);
		errand_free(e);
	}
}

static void end_core(struct machine *m)
{
	m->w->established += ike_counts(m->ike).handshakes;
	world_cancel(m->w, &m->timer);
	drop_errands(m);
	forget_orders(m);
	ike_free(m->ike);
	m->ike = NULL;
	m->down = true;
}

void machine_crash(struct machine *m)
{
	m->internal_len = 0; /* the next start would take them away */
	if (m->down)
		return;
	tell_story(m->w, "%s crashes and forgets everything", m->name);
	end_core(m);
	simplane_flush(&m->plane, true);
	programs_forget(m);
}

/* ---- handing over ---- */

#define EXPORTS_MAX 64

struct exported {
	struct bytes sa[EXPORTS_MAX];
	size_t len;
};

static void forget_exported(struct exported *x)
{
	for (size_t i = 0; i < x->len; i++)
		bytes_wipe(&x->sa[i]);
	x->len = 0;
}

static bool export_all(struct machine *m, struct exported *x)
{
	struct ike_sa_info info;

	for (uint64_t at = 0; ike_sa_next(m->ike, at, &info); at = info.serial) {
		if (info.phase != IKE_ESTABLISHED || x->len == EXPORTS_MAX ||
		    ike_export(m->ike, info.serial, &x->sa[x->len])) {
			forget_exported(x);
			return false;
		}
		x->len++;
	}
	return true;
}

static void import_one(struct machine *m, const struct bytes *octets, bool install)
{
	struct diag why = {0};
	char text[1024];
	enum cyg_err err;

	actions_clear(&m->actions);
	err = ike_import(m->ike, view_bytes(octets), machine_now(m), install, &m->actions,
			 &why);
	if (world_expect(m->w, !err, "%s cannot import what it exported: %s (%s)", m->name,
			 cyg_err_text(err), diag_print(&why, text, sizeof(text))))
		machine_carry_out(m);
}

/* An SA that was taken over knows that it is wanted; what had none begins anew. */
static void up_missing(struct machine *m)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		if (r->wanted && !machine_is_up(m, r->name))
			machine_command(m, CMD_UP, r->name);
}

bool machine_take_over(struct machine *m, bool keep)
{
	struct exported x = {0};
	struct event timer = {.kind = EV_TIMER};

	if (m->down || machine_is_busy(m) || machine_orders_open(m) || !export_all(m, &x))
		return false;
	tell_story(m->w, "%s hands %zu IKE SAs to a new core, %s", m->name, x.len,
		   keep ? "the plane's SAs stay" : "which puts the SAs back into the plane");
	end_core(m);
	simplane_flush(&m->plane, !keep);
	new_core(m);
	listen_now(m);
	load_all(m);
	route_all(m);
	for (size_t i = 0; i < x.len; i++)
		import_one(m, &x.sa[i], !keep);
	forget_exported(&x);
	machine_step(m, &timer);
	up_missing(m);
	return true;
}

void machine_free(struct machine *m)
{
	if (!m->down)
		end_core(m);
	simplane_flush(&m->plane, true);
	programs_forget(m);
	actions_done(&m->actions);
	trust_free(m->trust);
	LIST_EACH(o, &m->orders, struct order, link)
		free(o);
	LIST_EACH(r, &m->recipes, struct recipe, link) {
		free(r->text);
		free(r);
	}
	LIST_EACH(hs, &m->secrets, struct machine_secret, link) {
		free(hs->who);
		free(hs->value);
		free(hs);
	}
	LIST_EACH(n, &m->names, struct machine_name, link)
		free(n);
	LIST_EACH(g, &m->groups, struct machine_group, link) {
		free(g->nets);
		free(g);
	}
	list_remove(&m->link);
	free(m);
}
