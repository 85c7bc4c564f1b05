/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies without SAs, and policy groups: networks in files, whose packets
 * find their peers by themselves.
 */
#include "sim/scenario.h"

#include <stdio.h>

static bool goes(struct machine *m, const char *from, const char *to, enum probe_fate fate)
{
	struct probe *p = simplane_send(&m->plane, from, to);

	return world_expect(m->w, p->fate == fate,
			    "%s's packet from %s to %s %s, and should not", m->name, from, to,
			    probe_fate_name(p->fate));
}

/* ---- shunts inside a tunnel ---- */

static void add_shunt(struct machine *m, const char *name, const char *type, const char *left,
		      const char *right)
{
	machine_add(m, name,
		    "left=%%any\nright=%%any\nleftsubnet=%s\nrightsubnet=%s\ntype=%s\n"
		    "authby=never\n",
		    left, right, type);
}

static void shunts(struct world *w)
{
	struct machine *west = machine_new(w, "west", "192.0.2.1", NULL);
	struct machine *east = machine_new(w, "east", "192.0.2.2", NULL);
	static const char lines[] = "left=192.0.2.1\nright=192.0.2.2\nleftsubnet=10.1.0.0/24\n"
				    "rightsubnet=10.2.0.0/16\nauthby=secret\n";
	struct order *o;

	machine_secret(west, "", "a secret of both");
	machine_secret(east, "", "a secret of both");
	machine_start(west);
	machine_start(east);
	machine_add(west, "tunnel", "%s", lines);
	machine_add(east, "tunnel", "%s", lines);
	add_shunt(west, "pass", "passthrough", "10.1.0.0/24", "10.2.9.0/24");
	add_shunt(west, "drop", "drop", "10.1.0.0/24", "10.2.9.7/32");
	o = machine_command(west, CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS))
		return;
	if (!expect_code(w, machine_command(west, CMD_UP, "pass"), RC_INITSHUNT))
		return;
	machine_recipe(west, "pass")->wanted = false;
	machine_command(west, CMD_ROUTE, "pass");
	machine_command(west, CMD_ROUTE, "drop");
	if (!goes(west, "10.1.0.7", "10.2.9.1", PROBE_CLEAR) ||
	    !goes(west, "10.1.0.7", "10.2.9.7", PROBE_DROPPED) ||
	    !check_path(west, "10.1.0.7", east, "10.2.0.9"))
		return;
	machine_command(west, CMD_UNROUTE, "drop");
	if (!goes(west, "10.1.0.7", "10.2.9.7", PROBE_CLEAR))
		return;
	machine_command(west, dice_percent(&w->dice, 50) ? CMD_UNROUTE : CMD_DELETE, "pass");
	if (check_path(west, "10.1.0.7", east, "10.2.9.1"))
		stage_finish(w);
}

/* ---- before and after a negotiation ---- */

static bool has_arrived(struct world *w, void *ctx)
{
	(void)w;
	return ((const struct probe *)ctx)->fate == PROBE_ARRIVED;
}

/* A packet that met a trap waits for the peer it is for. */
static bool finds_its_peer(struct machine *m, const char *from, const char *to)
{
	struct world *w = m->w;
	struct probe *p = simplane_send(&m->plane, from, to);

	return world_expect(w, world_run_until(w, PATIENCE, 10 * MS, has_arrived, p),
			    "the packet that met %s's trap %s: %s", m->name,
			    probe_fate_name(p->fate), p->why ? p->why : "");
}

/* Packets that come right after a try that failed wait, and begin another one a little later. */
static bool traps_again(struct two *t)
{
	struct world *w = t->w;
	uint64_t sent;

	world_run(w, 9 * NSEC_PER_SEC);
	goes(t->west, t->west_inner, t->east_inner, PROBE_HELD);
	world_run(w, 6 * NSEC_PER_SEC);
	sent = w->ike_datagrams;
	goes(t->west, t->west_inner, t->east_inner, PROBE_HELD);
	world_run(w, NSEC_PER_SEC);
	return world_expect(w, w->ike_datagrams > sent, "west's trap is dead");
}

/* What packets of a routed tunnel meet while nobody answers, and a quarter of an hour later. */
static void failing(struct world *w)
{
	static const struct {
		const char *lines;
		enum probe_fate during, after;
	} rows[] = {
		{"", PROBE_HELD, PROBE_HELD},
		{"failureshunt=drop\n", PROBE_HELD, PROBE_DROPPED},
		{"failureshunt=reject\n", PROBE_HELD, PROBE_DROPPED},
		{"failureshunt=passthrough\n", PROBE_HELD, PROBE_CLEAR},
		{"negotiationshunt=passthrough\n", PROBE_CLEAR, PROBE_HELD},
		{"negotiationshunt=drop\nfailureshunt=passthrough\n", PROBE_DROPPED,
		 PROBE_CLEAR},
	};
	size_t row = dice_below(&w->dice, sizeof(rows) / sizeof(*rows));
	struct two t;

	stage_two(w, &t);
	machine_crash(t.east);
	machine_add(t.west, "tunnel", "%sretransmit-timeout=8s\n%s", t.text, rows[row].lines);
	machine_command(t.west, CMD_ROUTE, "tunnel");
	if (!goes(t.west, t.west_inner, t.east_inner, PROBE_HELD))
		return;
	world_run(w, NSEC_PER_SEC);
	if (!goes(t.west, t.west_inner, t.east_inner, rows[row].during))
		return;
	world_run(w, 60 * NSEC_PER_SEC);
	if (!goes(t.west, t.west_inner, t.east_inner, rows[row].after))
		return;
	if (rows[row].after == PROBE_HELD && !traps_again(&t))
		return;
	machine_start(t.east);
	machine_add(t.east, "tunnel", "%s", t.text);
	world_run(w, 900 * NSEC_PER_SEC);
	if (finds_its_peer(t.west, t.west_inner, t.east_inner) && check_rest(w, CALM) &&
	    two_check_paths(&t))
		stage_finish(w);
}

/* ---- groups ---- */

#define GROUP                                                              \
	"left=%%defaultroute\nright=%%opportunisticgroup\nauthby=secret\n" \
	"retransmit-timeout=8s\n%s"

static struct machine *member(struct world *w, const char *name, const char *addr)
{
	struct machine *m = machine_new(w, name, addr, NULL);

	machine_secret(m, "", "a secret that everybody knows");
	m->answer_max = dice_below(&w->dice, 8) * MS;
	return m;
}

/* Each packet to another member brings its own tunnel up, also when some go at once. */
static void groups(struct world *w)
{
	struct machine *m[3] = {member(w, "west", "192.0.2.1"), member(w, "east", "192.0.2.2"),
				member(w, "north", "192.0.2.3")};
	struct order *o;

	for (int i = 0; i < 3; i++) {
		machine_group(m[i], "private", "192.0.2.0/24 198.51.100.0/24");
		machine_start(m[i]);
		machine_add(m[i], "private", GROUP, stage_liveness(w));
		machine_command(m[i], CMD_ROUTE, "private");
	}
	world_run(w, NSEC_PER_SEC);
	simplane_send(&m[0]->plane, "192.0.2.1", "192.0.2.2");
	simplane_send(&m[0]->plane, "192.0.2.1", "192.0.2.3");
	stage_pause(w, 0, 40);
	simplane_send(&m[1]->plane, "192.0.2.2", "192.0.2.1");
	world_run(w, PATIENCE);
	net_calm(w);
	if (!finds_its_peer(m[0], "192.0.2.1", "192.0.2.2") ||
	    !finds_its_peer(m[2], "192.0.2.3", "192.0.2.1") || !check_rest(w, stage_limit(w)) ||
	    !check_path(m[1], "192.0.2.2", m[0], "192.0.2.1"))
		return;
	/* A reread changes what differs, and nothing else. */
	machine_group(m[0], "private", "192.0.2.0/24 203.0.113.0/24");
	o = machine_command(m[0], CMD_REREAD_GROUPS, "");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_COMMENT) ||
	    !check_path(m[0], "192.0.2.1", m[1], "192.0.2.2") ||
	    !check_path(m[0], "192.0.2.1", m[2], "192.0.2.3"))
		return;
	stage_finish(w);
}

/* Nobody answers: the failure shunt, for a while; then packets try again. */
static void group_alone(struct world *w)
{
	struct machine *west = member(w, "west", "192.0.2.1");
	struct machine *east = member(w, "east", "192.0.2.2");
	bool clear = dice_percent(&w->dice, 50);
	enum probe_fate failed = clear ? PROBE_CLEAR : PROBE_DROPPED;

	machine_group(west, "group", "192.0.2.0/24");
	machine_start(west);
	machine_add(west, "group", GROUP,
		    clear ? "failureshunt=passthrough\n" : "failureshunt=drop\n");
	machine_command(west, CMD_ROUTE, "group");
	world_run(w, NSEC_PER_SEC);
	if (!goes(west, "192.0.2.1", "192.0.2.2", PROBE_HELD))
		return;
	world_run(w, 60 * NSEC_PER_SEC);
	if (!goes(west, "192.0.2.1", "192.0.2.2", failed))
		return;
	/* The peer may ask at any time, whatever was tried before. */
	machine_group(east, "group", "192.0.2.1");
	machine_start(east);
	machine_add(east, "group", GROUP, "");
	machine_command(east, CMD_ROUTE, "group");
	world_run(w, NSEC_PER_SEC);
	if (dice_percent(&w->dice, 50))
		world_run(w, 900 * NSEC_PER_SEC);
	else if (!finds_its_peer(east, "192.0.2.2", "192.0.2.1"))
		return;
	if (finds_its_peer(west, "192.0.2.1", "192.0.2.2") && check_rest(w, stage_limit(w)))
		stage_finish(w);
}

/* The most specific network decides, at both ends. */
static void group_order(struct world *w)
{
	struct machine *west = member(w, "west", "192.0.2.1");
	struct machine *east = member(w, "east", "192.0.2.2");

	machine_group(west, "private", "192.0.2.0/24");
	machine_group(west, "clear", "192.0.2.2 192.0.2.128/25");
	machine_group(west, "block", "192.0.2.129");
	machine_start(west);
	machine_add(west, "private", GROUP, "");
	machine_add(west, "clear",
		    "left=%%defaultroute\nright=%%group\ntype=passthrough\nauthby=never\n");
	machine_add(west, "block",
		    "left=%%defaultroute\nright=%%group\ntype=drop\nauthby=never\n");
	machine_command(west, CMD_ROUTE, "private");
	machine_command(west, CMD_ROUTE, "clear");
	machine_command(west, CMD_ROUTE, "block");
	world_run(w, NSEC_PER_SEC);
	if (!goes(west, "192.0.2.1", "192.0.2.2", PROBE_CLEAR) ||
	    !goes(west, "192.0.2.1", "192.0.2.130", PROBE_CLEAR) ||
	    !goes(west, "192.0.2.1", "192.0.2.129", PROBE_DROPPED))
		return;
	/* Who is to be met in clear is no peer either. */
	machine_group(east, "private", "192.0.2.1");
	machine_start(east);
	machine_add(east, "private", GROUP, "");
	machine_command(east, CMD_ROUTE, "private");
	world_run(w, NSEC_PER_SEC);
	simplane_send(&east->plane, "192.0.2.2", "192.0.2.1");
	world_run(w, PATIENCE);
	if (!expect_sas(west, 0, 0))
		return;
	machine_group(west, "clear", "192.0.2.128/25");
	machine_command(west, CMD_REREAD_GROUPS, "");
	world_run(w, NSEC_PER_SEC);
	if (finds_its_peer(west, "192.0.2.1", "192.0.2.2") && check_rest(w, stage_limit(w)))
		stage_finish(w);
}

const struct scenario shunt_scenarios[] = {
	{"shunts", "part of a tunnel's traffic passes or is dropped", shunts, FAIR, 20},
	{"failing", "what packets meet while nobody answers, and later", failing, FAIR, 40},
	{"groups", "members of a policy group find each other", groups, FAIR, 60},
	{"groups-loss", "the same while a fifth is lost", groups, FOUL, 60},
	{"group-alone", "a group's peer does not answer", group_alone, FAIR, 30},
	{"group-order", "the most specific network decides", group_order, FAIR, 10},
	{0},
};
