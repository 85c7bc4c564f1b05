/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAs for single processors (RFC 9611): processors of both ends begin to send, now and then at
 * once, while SAs are replaced. Both ends take two of them, and have two in the end.
 */
#include "sim/scenario.h"

#include "sim/dice.h"
#include "sim/plane.h"

#include <stdio.h>

#define PROCESSORS 4
#define BOUND 2
#define ROUNDS_MAX 100 /* until both are there, once it is calm */

static const struct held_policy *spread_policy(const struct machine *m)
{
	LIST_EACH(hp, &m->plane.policies, struct held_policy, link)
		if (hp->policy.kind == POLICY_PROTECT && hp->policy.spread)
			return hp;
	return NULL;
}

static bool is_served(const struct machine *m, uint32_t processor)
{
	LIST_EACH(s, &m->plane.sas, struct held_sa, link)
		if (s->sa.dir == SA_OUT && s->sa.processor == processor)
			return true;
	return false;
}

/* A processor sends. The plane tells only where it was asked to. */
static void send_by_one(struct machine *m)
{
	const struct held_policy *hp = spread_policy(m);
	uint32_t processor = dice_between(&m->w->dice, 1, PROCESSORS);
	struct event ev = {.kind = EV_ACQUIRE};

	if (!hp || is_served(m, processor))
		return;
	tell_story(m->w, "processor %u of %s sends", processor, m->name);
	ev.acquire.policy_id = hp->policy.id;
	ev.acquire.processor = processor;
	ev.acquire.local = hp->policy.ts_local.items[0];
	ev.acquire.remote = hp->policy.ts_remote.items[0];
	machine_event(m, &ev);
}

static bool have_all(const struct two *t)
{
	return machine_children(t->west, NULL) == 1 + BOUND &&
	       machine_children(t->east, NULL) == 1 + BOUND;
}

static bool begin(struct two *t)
{
	struct world *w = t->w;
	struct weather weather = w->net.weather;
	char lines[512];
	struct order *o;

	snprintf(lines, sizeof(lines), "%sclones=%u\n", stage_liveness(w), BOUND);
	two_add(t, lines);
	net_calm(w);
	o = machine_command(two_any(t), CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS))
		return false;
	w->net.weather = weather;
	return true;
}

static void grow(struct world *w, bool rekeys)
{
	struct two t;

	stage_two(w, &t);
	if (!begin(&t))
		return;
	for (unsigned n = dice_between(&w->dice, 5, 20); n && !w->failed; n--) {
		struct machine *m = two_any(&t);

		send_by_one(m);
		if (dice_percent(&w->dice, 50))
			send_by_one(two_other(&t, m));
		if (rekeys && dice_percent(&w->dice, 30))
			machine_command(two_any(&t),
					dice_percent(&w->dice, 30) ? CMD_REKEY_IKE
								   : CMD_REKEY_CHILD,
					"tunnel");
		stage_pause(w, 0, dice_percent(&w->dice, 50) ? 60 : 4000);
	}
	net_calm(w);
	check_rest(w, stage_limit(w));
	for (unsigned n = 0; n < ROUNDS_MAX && !w->failed && !have_all(&t); n++) {
		send_by_one(two_any(&t));
		stage_pause(w, 2000, 10000);
	}
	if (check_rest(w, stage_limit(w)) && expect_sas(t.west, 1, 1 + BOUND) &&
	    expect_sas(t.east, 1, 1 + BOUND) && two_check_paths(&t))
		stage_finish(w);
}

static void clones(struct world *w)
{
	grow(w, false);
}

static void rekeyed(struct world *w)
{
	grow(w, true);
}

/* Each wants one, and has room for one: neither gets it, and both try again. */
static void crossing(struct world *w)
{
	struct two t;

	stage_two(w, &t);
	two_add(&t, "clones=1\n");
	if (!expect_end(w, machine_command(t.west, CMD_UP, "tunnel"), PATIENCE))
		return;
	send_by_one(t.west);
	send_by_one(t.east);
	for (unsigned n = 0;
	     n < ROUNDS_MAX && !w->failed && machine_children(t.west, NULL) == 1; n++) {
		stage_pause(w, 500, 500);
		send_by_one(t.east);
	}
	if (check_rest(w, stage_limit(w)) && expect_sas(t.west, 1, 2) &&
	    expect_sas(t.east, 1, 2))
		stage_finish(w);
}

const struct scenario clones_scenarios[] = {
	{"clones-crossing", "both ends ask for the one that there is room for", crossing, FAIR,
	 30},
	{"clones", "processors of both ends begin to send", clones, FAIR, 100},
	{"clones-loss", "the same while a fifth is lost", clones, FOUL, 100},
	{"clones-rekey", "the same while SAs are replaced", rekeyed, FAIR, 100},
	{"clones-rekey-loss", "that while a fifth is lost", rekeyed, FOUL, 100},
	{0},
};
