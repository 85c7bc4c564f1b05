/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers behind NATs, peers without a fixed address, peers that move, and peers
 * known by a name.
 */
#include "sim/scenario.h"

#include <stdio.h>

#define NAT_IDLE (30 * NSEC_PER_SEC) /* a NAT forgets what is silent for longer */

/* A gateway that anybody may call. */
static struct machine *gateway(struct world *w)
{
	struct machine *m = machine_new(w, "east", "192.0.2.2", NULL);

	machine_secret(m, "@east", "a secret of all");
	m->answer_max = dice_below(&w->dice, 8) * MS;
	machine_start(m);
	return m;
}

/* One of its clients, number `n`, with a subnet of its own behind it. */
struct client {
	struct machine *m;
	char inner[32];
};

static void client_add(struct client *c, struct world *w, unsigned n, const char *addr,
		       struct nat *nat)
{
	char name[24];

	snprintf(name, sizeof(name), "client%u", n);
	snprintf(c->inner, sizeof(c->inner), "10.100.%u.5", n);
	c->m = machine_new(w, name, addr, nat);
	machine_secret(c->m, "", "a secret of all");
	c->m->answer_max = dice_below(&w->dice, 8) * MS;
	machine_start(c->m);
	machine_add(c->m, "home",
		    "left=%%defaultroute\nleftid=@client%u\nleftsubnet=10.100.%u.0/24\n"
		    "right=192.0.2.2\nrightid=@east\nrightsubnet=10.2.0.0/24\nauthby=secret\n"
		    "dpddelay=10s\ndpdtimeout=40s\ndpdaction=restart\n",
		    n, n);
}

/* A connection of the gateway for one client, or for whoever comes when `n` is 0. */
static void gateway_add(struct machine *m, unsigned n)
{
	char name[24], id[32] = "", net[32] = "10.100.0.0/16";

	snprintf(name, sizeof(name), n ? "for%u" : "for-all", n);
	if (n) {
		snprintf(id, sizeof(id), "rightid=@client%u\n", n);
		snprintf(net, sizeof(net), "10.100.%u.0/24", n);
	}
	machine_add(m, name,
		    "left=192.0.2.2\nleftid=@east\nleftsubnet=10.2.0.0/24\n"
		    "right=%%any\n%srightsubnet=%s\nauthby=secret\n"
		    "dpddelay=10s\ndpdtimeout=40s\ndpdaction=clear\n",
		    id, net);
}

static bool client_reaches(const struct client *c, struct machine *east)
{
	return check_path(c->m, c->inner, east, "10.2.0.9") &&
	       check_path(east, "10.2.0.9", c->m, c->inner);
}

static bool client_up(const struct client *c)
{
	struct order *o = machine_command(c->m, CMD_UP, "home");

	return expect_end(c->m->w, o, PATIENCE) &&
	       (c->m->w->foul || expect_code(c->m->w, o, RC_SUCCESS));
}

static bool expect_udp(const struct machine *m)
{
	LIST_EACH(s, &m->plane.sas, struct held_sa, link)
		if (!world_expect(m->w, s->sa.encap, "%s sends ESP without UDP through a NAT",
				  m->name))
			return false;
	return true;
}

/* ---- one client behind a NAT ---- */

static void through_nat(struct world *w)
{
	struct machine *east = gateway(w);
	struct nat *nat = nat_new(w, "fort", "203.0.113.1", NAT_IDLE);
	struct client c;

	client_add(&c, w, 1, "192.168.1.2", nat);
	gateway_add(east, dice_percent(&w->dice, 50) ? 1 : 0);
	if (!client_up(&c))
		return;
	net_calm(w);
	if (!check_rest(w, stage_limit(w)) || !client_reaches(&c, east) || !expect_udp(c.m) ||
	    !expect_udp(east))
		return;
	/*
	 * Keep-alives hold the NAT open, so that the gateway can send first after a long
	 * silence.
	 */
	world_run(w, stage_span(w, 60000, 300000));
	if (check_path(east, "10.2.0.9", c.m, c.inner))
		stage_finish(w);
}

/*
 * The NAT forgets its mappings, or moves to another address: the gateway follows
 * what proves itself.
 */
static void rebinding(struct world *w)
{
	static const char *const outside[] = {NULL, "203.0.113.77", "203.0.113.78"};
	struct machine *east = gateway(w);
	struct nat *nat = nat_new(w, "fort", "203.0.113.1", NAT_IDLE);
	struct traffic *traffic = NULL;
	struct client c;

	client_add(&c, w, 1, "192.168.1.2", nat);
	gateway_add(east, dice_percent(&w->dice, 50) ? 1 : 0);
	if (!client_up(&c))
		return;
	if (dice_percent(&w->dice, 50))
		traffic = traffic_start(c.m, c.inner, "10.2.0.9", NSEC_PER_SEC);
	for (unsigned n = dice_between(&w->dice, 1, 3); n && !w->failed; n--) {
		stage_pause(w, 0, 15000);
		nat_rebind(w, nat, outside[dice_below(&w->dice, 3)]);
		if (dice_percent(&w->dice, 50))
			machine_command(c.m,
					dice_percent(&w->dice, 50) ? CMD_REKEY_CHILD
								   : CMD_REKEY_IKE,
					"home");
	}
	/* A packet, or the client's next liveness check, shows where it is now. */
	world_run(w, 25 * NSEC_PER_SEC);
	net_calm(w);
	if (traffic)
		traffic_stop(traffic);
	if (!w->foul && !check_path(east, "10.2.0.9", c.m, c.inner))
		return;
	if (check_rest(w, RECOVERY) && client_reaches(&c, east) && expect_udp(east))
		stage_finish(w);
}

/* ---- road warriors ---- */

#define CLIENTS_MAX 6

struct road {
	struct machine *east;
	struct client clients[CLIENTS_MAX];
	unsigned len;
};

/* Some on the open network, some behind one NAT or another, with the same address inside. */
static void road_make(struct world *w, struct road *r)
{
	struct nat *nats[] = {NULL, nat_new(w, "fort", "203.0.113.1", NAT_IDLE),
			      nat_new(w, "keep", "203.0.113.2", NAT_IDLE)};
	char addr[32];

	r->east = gateway(w);
	r->len = (unsigned)dice_between(&w->dice, 2, CLIENTS_MAX);
	for (unsigned i = 0; i < r->len; i++) {
		struct nat *nat = nats[dice_below(&w->dice, 3)];

		snprintf(addr, sizeof(addr), nat ? "192.168.1.%u" : "198.51.100.%u", i + 1);
		client_add(&r->clients[i], w, i + 1, addr, nat);
	}
	/* Some have a connection of their own at the gateway, the rest shares one. */
	gateway_add(r->east, 0);
	for (unsigned i = 0; i < r->len; i++)
		if (dice_percent(&w->dice, 40))
			gateway_add(r->east, i + 1);
}

static bool road_check(struct road *r)
{
	if (!check_rest(r->east->w, RECOVERY))
		return false;
	for (unsigned i = 0; i < r->len; i++)
		if (machine_recipe(r->clients[i].m, "home")->wanted &&
		    !client_reaches(&r->clients[i], r->east))
			return false;
	return true;
}

static void something_happens(struct road *r)
{
	struct client *c = &r->clients[dice_below(&r->east->w->dice, r->len)];
	char addr[32];

	switch (dice_below(&r->east->w->dice, 5)) {
	case 0:
		machine_crash(c->m);
		machine_start(c->m);
		break;
	case 1:
		snprintf(addr, sizeof(addr), c->m->nat ? "192.168.1.%u" : "198.51.100.%u",
			 (unsigned)dice_between(&r->east->w->dice, 20, 250));
		if (machine_is_free(c->m, addr))
			machine_move(c->m, addr);
		break;
	case 2:
		machine_command(c->m, CMD_DOWN, "home");
		break;
	case 3:
		machine_command(c->m, CMD_UP, "home");
		break;
	default:
		machine_command(c->m,
				dice_percent(&r->east->w->dice, 50) ? CMD_REKEY_CHILD
								    : CMD_REKEY_IKE,
				"home");
	}
}

static void road_warriors(struct world *w)
{
	struct road r;

	w->foul = true; /* machines restart and move */
	road_make(w, &r);
	for (unsigned i = 0; i < r.len; i++) {
		machine_command(r.clients[i].m, CMD_UP, "home");
		stage_pause(w, 0, 40);
	}
	world_run(w, 3 * NSEC_PER_SEC);
	for (unsigned n = dice_between(&w->dice, 2, 10); n && !w->failed; n--) {
		something_happens(&r);
		stage_pause(w, 0, dice_percent(&w->dice, 50) ? 100 : 15000);
	}
	net_calm(w);
	if (road_check(&r))
		stage_finish(w);
}

/* ---- names ---- */

/* The peer is known by a DNS name that resolves late, or to another address after a while. */
static void dns(struct world *w)
{
	struct two t = {.w = w, .west_inner = "10.1.0.7", .east_inner = "10.2.0.9"};
	bool late = dice_percent(&w->dice, 50);

	w->foul = true;
	t.west = machine_new(w, "west", "192.0.2.1", NULL);
	t.east = machine_new(w, "east", "192.0.2.2", NULL);
	machine_secret(t.west, "", "a secret of both");
	machine_secret(t.east, "", "a secret of both");
	machine_start(t.west);
	machine_start(t.east);
	machine_name(t.west, "east.example", late ? "" : "192.0.2.2");
	machine_add(
		t.west, "tunnel",
		"left=%%defaultroute\nleftid=@west\nleftsubnet=10.1.0.0/24\nright=east.example\n"
		"rightid=@east\nrightsubnet=10.2.0.0/24\nauthby=secret\n"
		"dpddelay=5s\ndpdtimeout=20s\ndpdaction=restart\n");
	machine_add(t.east, "tunnel",
		    "left=%%any\nleftid=@west\nleftsubnet=10.1.0.0/24\nright=%%defaultroute\n"
		    "rightid=@east\nrightsubnet=10.2.0.0/24\nauthby=secret\n"
		    "dpddelay=5s\ndpdtimeout=20s\ndpdaction=clear\n");
	machine_command(t.west, CMD_UP, "tunnel");
	stage_pause(w, 0, 5000);
	machine_name(t.west, "east.example", "192.0.2.2");
	if (!check_rest(w, RECOVERY) || !two_check_paths(&t))
		return;
	if (dice_percent(&w->dice, 50)) {
		/*
		 * East moves house; liveness checks tell, and the name leads to the new
		 * address.
		 */
		machine_move(t.east, "192.0.2.55");
		machine_name(t.west, "east.example", "192.0.2.55");
		world_run(w, 60 * NSEC_PER_SEC);
	}
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/*
 * An end's address changes: its SAs go, and those that are wanted come again
 * from the new one.
 */
static void moving(struct world *w)
{
	struct machine *east = gateway(w);
	struct client c;

	w->foul = true;
	client_add(&c, w, 1, "198.51.100.1", NULL);
	gateway_add(east, dice_percent(&w->dice, 50) ? 1 : 0);
	if (!client_up(&c))
		return;
	for (unsigned n = dice_between(&w->dice, 1, 4); n && !w->failed; n--) {
		stage_pause(w, 0, 10000);
		machine_move(c.m, n % 2 ? "198.51.100.2" : "198.51.100.3");
	}
	net_calm(w);
	if (check_rest(w, RECOVERY) && client_reaches(&c, east))
		stage_finish(w);
}

/* A packet sent now arrives at the end that it is for. */
static bool passes(struct machine *from, const char *source, struct machine *to,
		   const char *destination)
{
	struct probe *p = simplane_send(&from->plane, source, destination);

	world_run(from->w, 50 * MS);
	return p->fate == PROBE_ARRIVED && p->to == to;
}

#define AT_ONCE NSEC_PER_SEC

/* Packets pass both ways, within a second from now. */
static bool passes_at_once(struct client *c, struct machine *east)
{
	struct world *w = east->w;
	nsec from = w->now;
	char span[32];

	while (!passes(c->m, c->inner, east, "10.2.0.9") ||
	       !passes(east, "10.2.0.9", c->m, c->inner))
		if (w->failed || !world_expect(w, w->now - from < AT_ONCE,
					       "the new address is not followed after %s",
					       duration_print(w->now - from, span)))
			return false;
	return true;
}

/* From one network to another, with a while in none maybe, in which packets are sent in vain. */
static void travel(struct client *c, const char *to)
{
	struct world *w = c->m->w;

	if (dice_percent(&w->dice, 50)) {
		machine_leave(c->m);
		stage_pause(w, 0, 100);
		simplane_send(&c->m->plane, c->inner, "10.2.0.9");
		stage_pause(w, 0, 3000);
	}
	machine_move(c->m, to);
}

/*
 * On a network that loses nothing a new address is followed at once, both ways, by what was
 * up and by what packets brought up, whatever dpdaction= says: the peer is not dead.
 */
static void follows(struct world *w)
{
	static const char *const actions[] = {"", "dpdaction=hold\n", "dpdaction=clear\n",
					      "dpdaction=restart\n"};
	struct machine *east = gateway(w);
	bool up = dice_percent(&w->dice, 50);
	struct client c;

	client_add(&c, w, 1, "198.51.100.1", NULL);
	machine_replace(c.m, "home", "%s%s", machine_recipe(c.m, "home")->text,
			actions[dice_below(&w->dice, sizeof(actions) / sizeof(*actions))]);
	gateway_add(east, dice_percent(&w->dice, 50) ? 1 : 0);
	if (up && !client_up(&c))
		return;
	if (!up)
		machine_command(c.m, CMD_ROUTE, "home");
	if (!passes_at_once(&c, east))
		return;
	for (unsigned n = dice_between(&w->dice, 1, 4); n && !w->failed; n--) {
		stage_pause(w, 0, 10000);
		travel(&c, n % 2 ? "198.51.100.2" : "198.51.100.3");
		if (!passes_at_once(&c, east))
			return;
	}
	if (check_rest(w, CALM) && client_reaches(&c, east))
		stage_finish(w);
}

const struct scenario nat_scenarios[] = {
	{"nat", "a client behind a NAT, with long silences", through_nat, FAIR, 120},
	{"nat-loss", "the same while a fifth is lost", through_nat, FOUL, 90},
	{"rebinding", "the NAT forgets and moves", rebinding, FAIR, 150},
	{"rebinding-loss", "the same while a fifth is lost", rebinding, FOUL, 90},
	{"road-warriors", "several clients restart, move, come and go", road_warriors, FAIR,
	 180},
	{"road-warriors-loss", "the same while a fifth is lost", road_warriors, FOUL, 180},
	{"moving", "a client's address changes", moving, FAIR, 90},
	{"follows", "a client's new address is followed at once", follows, FAIR, 100},
	{"dns", "the peer is known by a name", dns, FAIR, 90},
	{0},
};
