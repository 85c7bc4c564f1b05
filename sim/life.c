/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a host starts, dies, changes addresses and hands its SAs to a new core.
 */
#include "sim/machine.h"
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
	struct secret s = {.kind = SECRET_PSK};
	char *copy = keep(hs->who), *at = copy, *word;

	s.indices = sim_alloc(8 * sizeof(*s.indices));
	while ((word = strsep(&at, " ")) && s.indices_len < 8) {
		if (*word && ident_parse(word, &s.indices[s.indices_len], NULL))
			world_fail(w, "the scenario's identity %s is none", word);
		else if (*word)
			s.indices_len++;
	}
	free(copy);
	if (!bytes_copy(&s.value, view_str(hs->value)) || secret_set_add(set, &s, "ipsec.secrets"))
		exit(3);
}

static void load_secrets(struct machine *h)
{
	struct secret_set *set = secret_set_new();

	if (!h->trust)
		h->trust = trust_new(h->w->lab->crypto);
	if (!set || !h->trust)
		exit(3);
	LIST_EACH(hs, &h->secrets, struct machine_secret, link)
		add_record(h->w, set, hs);
	trust_set_secrets(h->trust, set);
}

void machine_secret(struct machine *h, const char *who, const char *value)
{
	struct machine_secret *hs = NULL;

	LIST_EACH(each, &h->secrets, struct machine_secret, link)
		if (!strcmp(each->who, who))
			hs = each;
	if (!hs) {
		hs = sim_alloc(sizeof(*hs));
		hs->who = keep(who);
		list_append(&h->secrets, &hs->link);
	}
	free(hs->value);
	hs->value = keep(value);
	load_secrets(h);
}

/* ---- names ---- */

void machine_name(struct machine *h, const char *name, const char *addr)
{
	struct machine_name *n = NULL;

	LIST_EACH(each, &h->names, struct machine_name, link)
		if (!strcmp(each->name, name))
			n = each;
	if (!n) {
		n = sim_alloc(sizeof(*n));
		list_append(&h->names, &n->link);
	}
	snprintf(n->name, sizeof(n->name), "%s", name);
	snprintf(n->addr, sizeof(n->addr), "%s", addr);
}

bool machine_lookup(const struct machine *h, const char *name, struct ip_addr *ret)
{
	LIST_EACH(n, &h->names, struct machine_name, link)
		if (!strcmp(n->name, name))
			return !ip_parse(n->addr, ret);
	return false;
}

/* ---- addresses ---- */

static void tell_addresses(struct machine *h)
{
	struct host_address list[MACHINE_ADDRS_MAX] = {0};
	struct event ev = {.kind = EV_HOST};

	for (size_t i = 0; i < h->addrs_len; i++) {
		struct ip_addr *a = &h->addrs[i];

		list[i].addr = *a;
		snprintf(list[i].interface, sizeof(list[i].interface), "eth0");
		if (a->family == IP_V4 && !ip_is_set(&ev.host.default_v4.addr))
			ev.host.default_v4.addr = *a;
		if (a->family == IP_V6 && !ip_is_set(&ev.host.default_v6.addr))
			ev.host.default_v6.addr = *a;
	}
	ev.host.addresses = list;
	ev.host.addresses_len = h->addrs_len;
	machine_step(h, &ev);
}

static struct ip_addr parse(struct world *w, const char *text)
{
	struct ip_addr a = {0};

	if (ip_parse(text, &a))
		world_fail(w, "%s is no address", text);
	return a;
}

void machine_add_address(struct machine *h, const char *addr)
{
	if (!world_expect(h->w, h->addrs_len < MACHINE_ADDRS_MAX, "%s has too many addresses", h->name))
		return;
	h->addrs[h->addrs_len++] = parse(h->w, addr);
	if (!h->down)
		tell_addresses(h);
}

void machine_move(struct machine *h, const char *addr)
{
	h->addrs[0] = parse(h->w, addr);
	tell_story(h->w, "%s moves to %s", h->name, addr);
	if (!h->down)
		tell_addresses(h);
}

/* ---- birth and death ---- */

static void new_core(struct machine *h)
{
	uint64_t number = 0;

	LIST_EACH(other, &h->w->machines, struct machine, link) {
		number++;
		if (other == h)
			break;
	}
	h->lives++;
	dice_make(&h->dice, h->w->seed, STREAM_LIFE + number * LIVES_MAX + h->lives);
	h->entropy = h->w->sabotage == SABOTAGE_CHANCE ? entropy_system() : h->dice.source;
	/* No two machines' clocks agree, nor one's before and after a restart. */
	h->clock_ahead = NSEC_PER_SEC + dice_below(&h->pace, 1000 * NSEC_PER_SEC);
	h->ike = ike_new(&h->settings, h->w->lab->crypto, &h->entropy);
	if (!h->ike)
		exit(3);
	h->down = false;
	h->timer_turns = 0;
}

static void listen_now(struct machine *h)
{
	if (!h->trust)
		load_secrets(h);
	tell_addresses(h);
	machine_command(h, CMD_LISTEN, NULL);
}

static void load_all(struct machine *h)
{
	LIST_EACH(r, &h->recipes, struct recipe, link)
		machine_load(h, CMD_ADD, r);
}

static void route_all(struct machine *h)
{
	LIST_EACH(r, &h->recipes, struct recipe, link)
		if (r->routed)
			machine_command(h, CMD_ROUTE, r->name);
}

static void up_all(struct machine *h)
{
	LIST_EACH(r, &h->recipes, struct recipe, link)
		if (r->wanted)
			machine_command(h, CMD_UP, r->name);
}

void machine_start(struct machine *h)
{
	new_core(h);
	if (h->lives > 1)
		tell_story(h->w, "%s starts again", h->name);
	listen_now(h);
	load_all(h);
	route_all(h);
	up_all(h);
}

static void forget_orders(struct machine *h)
{
	LIST_EACH(o, &h->orders, struct order, link)
		o->forgotten |= !o->done;
}

static void drop_errands(struct machine *h)
{
	LIST_EACH(e, &h->errands, struct errand, link) {
		world_cancel(h->w, &e->delivery);
		errand_free(e);
	}
}

static void end_core(struct machine *h)
{
	world_cancel(h->w, &h->timer);
	drop_errands(h);
	forget_orders(h);
	ike_free(h->ike);
	h->ike = NULL;
	h->down = true;
}

void machine_crash(struct machine *h)
{
	if (h->down)
		return;
	tell_story(h->w, "%s crashes and forgets everything", h->name);
	end_core(h);
	simplane_flush(&h->plane, true);
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

static bool export_all(struct machine *h, struct exported *x)
{
	struct ike_sa_info info;

	for (uint64_t at = 0; ike_sa_next(h->ike, at, &info); at = info.serial) {
		if (info.phase != IKE_ESTABLISHED || x->len == EXPORTS_MAX ||
		    ike_export(h->ike, info.serial, &x->sa[x->len])) {
			forget_exported(x);
			return false;
		}
		x->len++;
	}
	return true;
}

static void import_one(struct machine *h, const struct bytes *octets, bool install)
{
	struct diag why = {0};
	char text[1024];
	enum cyg_err err;

	actions_clear(&h->actions);
	err = ike_import(h->ike, view_bytes(octets), machine_now(h), install, &h->actions, &why);
	if (world_expect(h->w, !err, "%s cannot import what it exported: %s (%s)", h->name,
			 cyg_err_text(err), diag_print(&why, text, sizeof(text))))
		machine_carry_out(h);
}

bool machine_take_over(struct machine *h, bool keep)
{
	struct exported x = {0};
	struct event timer = {.kind = EV_TIMER};

	if (h->down || machine_is_busy(h) || machine_orders_open(h) || !export_all(h, &x))
		return false;
	tell_story(h->w, "%s hands %zu IKE SAs to a new core, %s", h->name, x.len,
		   keep ? "the plane's SAs stay" : "which puts the SAs back into the plane");
	end_core(h);
	simplane_flush(&h->plane, !keep);
	new_core(h);
	listen_now(h);
	load_all(h);
	route_all(h);
	for (size_t i = 0; i < x.len; i++)
		import_one(h, &x.sa[i], !keep);
	forget_exported(&x);
	machine_step(h, &timer);
	up_all(h);
	return true;
}

void machine_free(struct machine *h)
{
	if (!h->down)
		end_core(h);
	simplane_flush(&h->plane, true);
	actions_done(&h->actions);
	trust_free(h->trust);
	LIST_EACH(o, &h->orders, struct order, link)
		free(o);
	LIST_EACH(r, &h->recipes, struct recipe, link) {
		free(r->text);
		free(r);
	}
	LIST_EACH(hs, &h->secrets, struct machine_secret, link) {
		free(hs->who);
		free(hs->value);
		free(hs);
	}
	LIST_EACH(n, &h->names, struct machine_name, link)
		free(n);
	list_remove(&h->link);
	free(h);
}
