/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that are given internal addresses by a gateway (RFC 7296 2.19): one each, the same
 * again when they come again, and never one that another has.
 */
#include "sim/scenario.h"

#include <stdio.h>

#define CLIENTS 5

struct clients {
	struct world *w;
	struct machine *east;
	struct machine *all[CLIENTS];
	unsigned len;
};

static struct machine *gateway(struct world *w, const char *pools)
{
	struct machine *m = machine_new(w, "east", "192.0.2.2", NULL);

	machine_secret(m, "@east", "a secret of all");
	m->answer_max = dice_below(&w->dice, 8) * MS;
	machine_start(m);
	machine_add(m, "for-all",
		    "left=192.0.2.2\nleftid=@east\nleftsubnet=10.2.0.0/24,2001:db8:2::/64\n"
		    "right=%%any\nrightaddresspool=%s\nmodecfgdns=10.2.0.53\nauthby=secret\n"
		    "dpddelay=10s\ndpdtimeout=40s\ndpdaction=clear\n",
		    pools);
	return m;
}

static struct machine *client(struct world *w, unsigned n, const char *asks, struct nat *nat)
{
	char name[24], addr[32];
	struct machine *m;

	snprintf(name, sizeof(name), "client%u", n);
	snprintf(addr, sizeof(addr), nat ? "192.168.1.%u" : "198.51.100.%u", n);
	m = machine_new(w, name, addr, nat);
	machine_secret(m, "", "a secret of all");
	m->answer_max = dice_below(&w->dice, 8) * MS;
	machine_start(m);
	machine_add(m, "home",
		    "left=%%defaultroute\nleftid=@client%u\nleftsourceip=%s\n"
		    "right=192.0.2.2\nrightid=@east\nrightsubnet=10.2.0.0/24,2001:db8:2::/64\n"
		    "authby=secret\ndpddelay=10s\ndpdtimeout=40s\ndpdaction=restart\n",
		    n, asks);
	return m;
}

static void clients_init(struct clients *c, struct world *w, unsigned len, const char *pools,
			 const char *asks)
{
	struct nat *nat = nat_new(w, "fort", "203.0.113.1", 30 * NSEC_PER_SEC);

	*c = (struct clients){.w = w, .len = len, .east = gateway(w, pools)};
	for (unsigned i = 0; i < len; i++)
		c->all[i] = client(w, i + 1, asks, dice_percent(&w->dice, 50) ? nat : NULL);
}

/* Bring all up at nearly the same time. */
static bool all_up(struct clients *c)
{
	struct order *orders[CLIENTS];

	for (unsigned i = 0; i < c->len; i++) {
		orders[i] = machine_command(c->all[i], CMD_UP, "home");
		stage_pause(c->w, 0, 40);
	}
	for (unsigned i = 0; i < c->len; i++)
		if (!expect_end(c->w, orders[i], PATIENCE) ||
		    (!c->w->foul && !expect_code(c->w, orders[i], RC_SUCCESS)))
			return false;
	return true;
}

static bool has(const struct machine *m, const struct ip_addr *a)
{
	for (size_t i = 0; i < m->internal_len; i++)
		if (ip_equal(&m->internal[i], a))
			return true;
	return false;
}

/* Nobody has what another has. */
static bool all_differ(const struct clients *c)
{
	char text[IP_TEXT_MAX];

	for (unsigned i = 0; i < c->len; i++)
		for (unsigned k = 0; k < i; k++)
			for (size_t n = 0; n < c->all[i]->internal_len; n++) {
				const struct ip_addr *a = &c->all[i]->internal[n];

				if (!world_expect(c->w, !has(c->all[k], a), "%s and %s have %s",
						  c->all[i]->name, c->all[k]->name,
						  ip_print(a, text)))
					return false;
			}
	return true;
}

/* A client has so many addresses, and each carries packets both ways. */
static bool reaches(const struct clients *c, struct machine *m, size_t addresses)
{
	if (!world_expect(c->w, m->internal_len == addresses, "%s has %zu addresses, not %zu",
			  m->name, m->internal_len, addresses))
		return false;
	for (size_t i = 0; i < m->internal_len; i++) {
		const char *far = m->internal[i].family == IP_V6 ? "2001:db8:2::9" : "10.2.0.9";
		char own[IP_TEXT_MAX];

		ip_print(&m->internal[i], own);
		if (!check_path(m, own, c->east, far) || !check_path(c->east, far, m, own))
			return false;
	}
	return true;
}

static bool all_reach(const struct clients *c, size_t addresses)
{
	for (unsigned i = 0; i < c->len; i++)
		if (!reaches(c, c->all[i], addresses))
			return false;
	return all_differ(c);
}

/* ---- what is played ---- */

static void assign(struct world *w)
{
	bool both = dice_percent(&w->dice, 50);
	struct clients c;

	clients_init(&c, w, 3, both ? "10.9.0.0/24,2001:db8:9::/64" : "10.9.0.0/24",
		     both ? "%config4,%config6" : "%config4");
	if (!all_up(&c))
		return;
	net_calm(w);
	if (!check_rest(w, stage_limit(w)) || !all_reach(&c, both ? 2 : 1))
		return;
	/* The life of an IKE SA is over in between: its successor has the address. */
	machine_command(c.all[0], CMD_REKEY_IKE, "home");
	machine_command(c.all[1], CMD_REKEY_CHILD, "home");
	world_run(w, 30 * NSEC_PER_SEC);
	if (check_rest(w, stage_limit(w)) && all_reach(&c, both ? 2 : 1))
		stage_finish(w);
}

static void exhaustion(struct world *w)
{
	struct order *o;
	struct clients c;

	clients_init(&c, w, 3, "10.9.0.1-10.9.0.2", "%config4");
	c.len = 2;
	if (!all_up(&c))
		return;
	c.len = 3;
	o = machine_command(c.all[2], CMD_UP, "home");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_NOTIFICATION + 36) ||
	    !all_differ(&c))
		return;
	o = machine_command(c.all[dice_below(&w->dice, 2)], CMD_DOWN, "home");
	if (!expect_end(w, o, PATIENCE))
		return;
	world_run(w, NSEC_PER_SEC);
	o = machine_command(c.all[2], CMD_UP, "home");
	if (expect_end(w, o, PATIENCE) && expect_code(w, o, RC_SUCCESS) &&
	    reaches(&c, c.all[2], 1) && all_differ(&c))
		stage_finish(w);
}

/* They leave and come again in another order; the gateway may have been killed meanwhile. */
static void again(struct world *w)
{
	struct ip_addr before[CLIENTS];
	struct clients c;
	unsigned first;

	clients_init(&c, w, 4, "10.9.0.0/24", "%config4");
	if (!all_up(&c) || !check_rest(w, stage_limit(w)) || !all_reach(&c, 1))
		return;
	for (unsigned i = 0; i < c.len; i++) {
		before[i] = c.all[i]->internal[0];
		machine_command(c.all[i], CMD_DOWN, "home");
	}
	world_run(w, 5 * NSEC_PER_SEC);
	if (dice_percent(&w->dice, 50)) {
		machine_crash(c.east);
		machine_start(c.east);
	}
	first = dice_below(&w->dice, c.len);
	for (unsigned i = 0; i < c.len; i++) {
		unsigned n = (first + i) % c.len;
		struct order *o = machine_command(c.all[n], CMD_UP, "home");

		if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS) ||
		    !world_expect(w, has(c.all[n], &before[n]), "%s has another address",
				  c.all[n]->name))
			return;
	}
	if (all_reach(&c, 1))
		stage_finish(w);
}

/* More clients than addresses come, leave and are killed. */
static void coming_and_going(struct world *w)
{
	struct clients c;

	clients_init(&c, w, CLIENTS, "10.9.0.0-10.9.0.2", "%config4");
	for (unsigned turn = 0; turn < 40 && !w->failed; turn++) {
		struct machine *m = c.all[dice_below(&w->dice, CLIENTS)];
		unsigned what = dice_below(&w->dice, 10);

		if (what < 5) {
			machine_command(m, CMD_UP, "home");
		} else if (what < 9) {
			machine_command(m, CMD_DOWN, "home");
		} else {
			machine_crash(m);
			machine_start(m);
		}
		stage_pause(w, 0, 4000);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		machine_command(c.all[i], CMD_DOWN, "home");
	world_run(w, 60 * NSEC_PER_SEC);
	net_calm(w);
	c.len = 3;
	if (check_rest(w, RECOVERY) && all_up(&c) && check_rest(w, RECOVERY) &&
	    all_reach(&c, 1))
		stage_finish(w);
}

const struct scenario internal_scenarios[] = {
	{"assign", "clients are given internal addresses", assign, FAIR, 60},
	{"assign-loss", "the same while a fifth of the datagrams is lost", assign, FOUL, 60},
	{"exhaustion", "more clients than addresses", exhaustion, FAIR, 30},
	{"come-again", "clients that come again have the same address", again, FAIR, 30},
	{"coming-and-going", "more clients than addresses come, leave and are killed",
	 coming_and_going, FAIR, 30},
	{0},
};
