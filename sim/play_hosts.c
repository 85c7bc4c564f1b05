/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends that are several hosts: lists, networks, and peers whose name lags behind where
 * they are.
 */
#include "sim/scenario.h"

#include <stdio.h>

static struct machine *host(struct world *w, const char *name, const char *addr)
{
	struct machine *m = machine_new(w, name, addr, NULL);

	machine_secret(m, "", "a secret of all");
	m->answer_max = dice_below(&w->dice, 8) * MS;
	machine_start(m);
	return m;
}

static bool comes_up(struct machine *m, const char *name)
{
	struct order *o = machine_command(m, CMD_UP, name);

	return expect_end(m->w, o, PATIENCE) && expect_code(m->w, o, RC_SUCCESS);
}

/* Of the connection itself and of its instances. */
static bool has_children(struct machine *m, const char *name, size_t n)
{
	return world_expect(m->w, machine_children(m, name) == n,
			    "%s has %zu children of %s, not %zu", m->name,
			    machine_children(m, name), name, n);
}

/* ---- a name that lags behind ---- */

static bool has_arrived(struct world *w, void *ctx)
{
	(void)w;
	return ((const struct probe *)ctx)->fate == PROBE_ARRIVED;
}

/* The packet is never seen in clear; does it come to bring the tunnel up? */
static bool is_guarded(struct machine *m, const char *from, const char *to, bool arrives)
{
	struct probe *p = simplane_send(&m->plane, from, to);
	bool did;

	if (!world_expect(m->w, p->fate != PROBE_CLEAR, "%s's packet leaves in clear", m->name))
		return false;
	did = world_run_until(m->w, arrives ? PATIENCE : 5 * NSEC_PER_SEC, 10 * MS, has_arrived,
			      p);
	return world_expect(m->w, did == arrives, "%s's packet %s", m->name,
			    probe_fate_name(p->fate));
}

static void lagging(struct world *w)
{
	struct machine *east = host(w, "east", "192.0.2.2");
	struct machine *site = host(w, "site", "198.51.100.77");
	bool list = dice_percent(&w->dice, 50);

	machine_name(east, "site.example", "198.51.100.1");
	machine_add(east, "site",
		    "left=192.0.2.2\nleftid=@east\nleftsubnet=10.2.0.0/24\nright=%s\n"
		    "rightid=@site\nrightsubnet=10.1.0.0/24\nauthby=secret\nkeyingtries=1\n%s",
		    list ? "site.example,198.51.100.64/26" : "%site.example",
		    stage_liveness(w));
	machine_add(
		site, "home",
		"left=%%defaultroute\nleftid=@site\nleftsubnet=10.1.0.0/24\n"
		"right=192.0.2.2\nrightid=@east\nrightsubnet=10.2.0.0/24\nauthby=secret\n%s",
		stage_liveness(w));
	machine_command(east, CMD_ROUTE, "site");
	world_run(w, NSEC_PER_SEC);
	if (!is_guarded(east, "10.2.0.9", "10.1.0.9", false) || !comes_up(site, "home") ||
	    !check_path(site, "10.1.0.9", east, "10.2.0.9") ||
	    !check_path(east, "10.2.0.9", site, "10.1.0.9"))
		return;
	/* With the peer goes the instance, and what the connection holds a trap for stays. */
	machine_recipe(site, "home")->wanted = false;
	machine_command(site, CMD_DELETE, "home");
	net_calm(w);
	world_run(w, 60 * NSEC_PER_SEC);
	if (!has_children(east, "site", 0) || !is_guarded(east, "10.2.0.9", "10.1.0.9", false))
		return;
	machine_add(site, "home",
		    "left=%%defaultroute\nleftid=@site\nleftsubnet=10.1.0.0/24\n"
		    "right=192.0.2.2\nrightid=@east\nrightsubnet=10.2.0.0/24\nauthby=secret\n");
	machine_name(east, "site.example", "198.51.100.77");
	world_run(w, PATIENCE);
	if (!is_guarded(east, "10.2.0.9", "10.1.0.9", false))
		return;
	world_run(w, PATIENCE);
	if (is_guarded(east, "10.2.0.9", "10.1.0.9", true) && has_children(east, "site", 1))
		stage_finish(w);
}

/* ---- by closeness ---- */

#define PEERS 5

static void closest(struct world *w)
{
	/* The connection's name, its right=, and who is to find it. */
	static const char *const rows[PEERS][3] = {
		{"any", "%any", "203.0.113.9"},
		{"net", "198.51.100.0/24", "198.51.100.9"},
		{"near", "198.51.100.64-198.51.100.78", "198.51.100.70"},
		{"far", "198.51.100.64/26", "198.51.100.80"},
		{"one", "203.0.113.1,198.51.100.99,10.0.0.0/8", "198.51.100.99"},
	};
	struct machine *east = host(w, "east", "192.0.2.2");

	for (size_t i = 0; i < PEERS; i++)
		machine_add(east, rows[i][0],
			    "left=192.0.2.2\nleftid=@east\nleftsubnet=10.2.0.0/24\nright=%s\n"
			    "authby=secret\n",
			    rows[i][1]);
	for (size_t i = 0; i < PEERS; i++) {
		const char *addr = rows[i][2];
		struct machine *peer;
		char name[16];

		snprintf(name, sizeof(name), "peer%zu", i);
		peer = host(w, name, addr);
		machine_add(peer, "home",
			    "left=%s\nleftid=@%s\nright=192.0.2.2\nrightid=@east\n"
			    "rightsubnet=10.2.0.0/24\nauthby=secret\n",
			    addr, name);
		if (!comes_up(peer, "home") || !has_children(east, rows[i][0], 1) ||
		    !check_path(peer, addr, east, "10.2.0.9") ||
		    !check_path(east, "10.2.0.9", peer, addr))
			return;
	}
	stage_finish(w);
}

/* ---- our own end is several ---- */

static void homes(struct world *w)
{
	struct machine *east = host(w, "east", "192.0.2.2");
	struct machine *west = host(w, "west", "198.51.100.1");

	machine_add_address(east, "192.0.2.3");
	world_run(w, NSEC_PER_SEC);
	machine_add(
		east, "several",
		"left=192.0.2.9,192.0.2.2,192.0.2.3\nleftid=@east\n"
		"leftsubnet=10.2.0.0/24,10.3.0.0/24\nright=198.51.100.0/24\nauthby=secret\n");
	machine_add(west, "other",
		    "left=198.51.100.1\nleftid=@west\nright=192.0.2.3\nrightid=@east\n"
		    "rightsubnet=10.3.0.0/24\nauthby=secret\n");
	if (comes_up(west, "other") && has_children(east, "several", 1) &&
	    check_path(west, "198.51.100.1", east, "10.3.0.9") &&
	    check_path(east, "10.3.0.9", west, "198.51.100.1"))
		stage_finish(w);
}

const struct scenario hosts_scenarios[] = {
	{"lagging-name", "a peer comes from elsewhere than its name says", lagging, FAIR, 30},
	{"closest", "the connection that says most of a peer's address is its own", closest,
	 FAIR, 20},
	{"homes", "a peer comes to a further address of ours", homes, FAIR, 10},
	{0},
};
