/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anything at any moment: commands, crashes, cuts, weather, planes that refuse,
 * hand-overs, packets. When it ends, all must come to rest within bounded time.
 */
#include "sim/scenario.h"

#include <stdio.h>

#define PAIRS 2

static const char *const names[PAIRS] = {"one", "two"};
static const char *const inner[PAIRS][2] = {{"10.1.0.7", "10.2.0.9"}, {"10.3.0.7", "10.4.0.9"}};

struct chaos {
	struct world *w;
	struct machine *machine[2];
	const char *algorithms;
};

static void add(struct chaos *c, int end, unsigned pair, bool replace)
{
	/* Versions differ, but not in what the ends must agree on. */
	static const char *const more[] = {"", "replay-window=64\n",
					   "salifetime=5m\nrekeymargin=30s\n",
					   "ikelifetime=8m\nrekeymargin=30s\n"};
	struct machine *m = c->machine[end];
	char text[1024];

	snprintf(
		text, sizeof(text),
		"left=192.0.2.1\nleftid=@west\nright=192.0.2.2\nrightid=@east\nauthby=secret\n"
		"leftsubnet=%s\nrightsubnet=%s\ndpddelay=8s\ndpdtimeout=30s\ndpdaction=restart\n%s%s",
		pair ? "10.3.0.0/24" : "10.1.0.0/24", pair ? "10.4.0.0/24" : "10.2.0.0/24",
		c->algorithms, more[dice_below(&c->w->dice, sizeof(more) / sizeof(*more))]);
	if (replace)
		machine_replace(m, names[pair], "%s", text);
	else
		machine_add(m, names[pair], "%s", text);
}

static void make(struct chaos *c, struct world *w)
{
	static const char *const hosts[2][2] = {{"west", "192.0.2.1"}, {"east", "192.0.2.2"}};

	c->w = w;
	c->algorithms = stage_algorithms(w);
	for (int i = 0; i < 2; i++) {
		c->machine[i] = machine_new(w, hosts[i][0], hosts[i][1], NULL);
		machine_secret(c->machine[i], "", "a secret of both");
		c->machine[i]->answer_max = dice_below(&w->dice, 40) * MS;
		machine_start(c->machine[i]);
		for (unsigned k = 0; k < PAIRS; k++)
			add(c, i, k, false);
	}
}

/* ---- what may happen ---- */

static void command(struct chaos *c, int end)
{
	static const enum command_kind kinds[] = {
		CMD_UP,        CMD_UP,        CMD_UP,          CMD_DOWN,        CMD_ROUTE,
		CMD_REKEY_IKE, CMD_REKEY_IKE, CMD_REKEY_CHILD, CMD_REKEY_CHILD, CMD_UNROUTE,
	};
	struct dice *d = &c->w->dice;

	enum command_kind kind = kinds[dice_below(d, sizeof(kinds) / sizeof(*kinds))];

	machine_command(c->machine[end], kind, names[dice_below(d, PAIRS)]);
}

static void rewrite(struct chaos *c, int end)
{
	unsigned pair = (unsigned)dice_below(&c->w->dice, PAIRS);
	bool replace = dice_percent(&c->w->dice, 60);

	if (!replace && !c->machine[end]->down)
		machine_command(c->machine[end], CMD_DELETE, names[pair]);
	add(c, end, pair, replace);
}

static void restart(struct chaos *c, int end)
{
	struct machine *m = c->machine[end];

	if (m->down)
		machine_start(m);
	else
		machine_crash(m);
}

static void delete_some_state(struct chaos *c, int end)
{
	struct machine *m = c->machine[end];
	struct child_info child;
	struct ike_sa_info sa;

	if (m->down)
		return;
	if (dice_percent(&c->w->dice, 50) && ike_child_next(m->ike, 0, &child))
		machine_delete_state(m, child.serial);
	else if (ike_sa_next(m->ike, 0, &sa))
		machine_delete_state(m, sa.serial);
}

static void trouble(struct chaos *c, int end)
{
	struct machine *m = c->machine[end];
	struct dice *d = &c->w->dice;

	switch (dice_below(d, 4)) {
	case 0:
		m->mute = !m->mute;
		break;
	case 1:
		m->deaf = !m->deaf;
		break;
	case 2:
		m->plane_fails = m->plane_fails ? 0 : (unsigned)dice_below(d, 40);
		break;
	default:
		c->w->net.weather.loss = (unsigned)dice_below(d, 40);
		c->w->net.weather.twice = (unsigned)dice_below(d, 20);
		c->w->net.weather.delay_max = dice_between(d, 2, 400) * MS;
	}
}

static void packet(struct chaos *c, int end)
{
	unsigned pair = (unsigned)dice_below(&c->w->dice, PAIRS);
	struct machine *m = c->machine[end];
	struct recipe *r = machine_recipe(m, names[pair]);

	if (!m->down && r && r->routed)
		simplane_send(&m->plane, inner[pair][end], inner[pair][!end]);
}

static void something(struct chaos *c)
{
	int end = dice_percent(&c->w->dice, 50);
	unsigned what = (unsigned)dice_below(&c->w->dice, 100);

	if (what < 50)
		command(c, end);
	else if (what < 60)
		packet(c, end);
	else if (what < 70)
		trouble(c, end);
	else if (what < 78)
		rewrite(c, end);
	else if (what < 86)
		restart(c, end);
	else if (what < 93)
		delete_some_state(c, end);
	else
		(void)!machine_take_over(c->machine[end], dice_percent(&c->w->dice, 50));
}

/* ---- and the end of it ---- */

static bool check_wanted(struct chaos *c)
{
	for (unsigned pair = 0; pair < PAIRS; pair++) {
		bool wanted = false;

		for (int i = 0; i < 2; i++)
			wanted |= machine_recipe(c->machine[i], names[pair])->wanted;
		if (wanted &&
		    (!check_path(c->machine[0], inner[pair][0], c->machine[1],
				 inner[pair][1]) ||
		     !check_path(c->machine[1], inner[pair][1], c->machine[0], inner[pair][0])))
			return false;
	}
	return true;
}

static void chaos(struct world *w)
{
	struct chaos c;

	w->foul = true;
	make(&c, w);
	for (unsigned n = dice_between(&w->dice, 5, 60); n && !w->failed; n--) {
		something(&c);
		stage_pause(w, 0, dice_percent(&w->dice, 60) ? 100 : 20000);
	}
	net_calm(w);
	for (int i = 0; i < 2; i++) {
		c.machine[i]->plane_fails = 0;
		if (c.machine[i]->down)
			machine_start(c.machine[i]);
	}
	if (check_rest(w, RECOVERY) && check_wanted(&c))
		stage_finish(w);
}

const struct scenario chaos_scenarios[] = {
	{"chaos", "anything at any moment", chaos, FAIR, 600},
	{"chaos-loss", "anything at any moment while a fifth is lost", chaos, FOUL, 600},
	{0},
};
