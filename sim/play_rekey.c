/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAs are replaced while packets flow: on command from one end, from both at
 * once, and by their lifetimes. On a network that loses nothing, no packet may
 * be lost either.
 */
#include "sim/scenario.h"

#include <stdio.h>

/* Up, and packets both ways. False when that failed. */
static bool begin(struct two *t, const char *more, struct traffic *traffic[2])
{
	struct world *w = t->w;
	struct weather weather = w->net.weather;
	char lines[512];
	struct order *o;

	snprintf(lines, sizeof(lines), "%s%s", stage_liveness(w), more);
	two_add(t, lines);
	net_calm(w);
	o = machine_command(two_any(t), CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS) ||
	    !two_check_paths(t))
		return false;
	w->net.weather = weather;
	traffic[0] = traffic_start(t->west, t->west_inner, t->east_inner, 25 * MS);
	traffic[1] = traffic_start(t->east, t->east_inner, t->west_inner, 25 * MS);
	return true;
}

/* The tunnel stands as at first: one SA of each kind, and nothing was lost on the way. */
static void end(struct two *t, struct traffic *traffic[2])
{
	struct world *w = t->w;

	net_calm(w);
	check_rest(w, stage_limit(w));
	traffic_stop(traffic[0]);
	traffic_stop(traffic[1]);
	if (w->failed || (!w->foul && !traffic_all_arrived(w)) ||
	    !check_rest(w, stage_limit(w)))
		return;
	if (!expect_sas(t->west, 1, 1) || !expect_sas(t->east, 1, 1) || !two_check_paths(t))
		return;
	stage_finish(w);
}

static enum command_kind either(struct world *w)
{
	return dice_percent(&w->dice, 50) ? CMD_REKEY_IKE : CMD_REKEY_CHILD;
}

/* Each end is told to rekey, once or several times, at nearly the same moment. */
static void collide(struct world *w, enum command_kind west, enum command_kind east)
{
	struct traffic *traffic[2];
	struct machine *first, *second;
	struct two t;

	stage_two(w, &t);
	if (!begin(&t, "", traffic))
		return;
	for (unsigned n = dice_between(&w->dice, 1, 4); n && !w->failed; n--) {
		first = two_any(&t);
		second = two_other(&t, first);
		machine_command(first, first == t.west ? west : east, "tunnel");
		stage_pause(w, 0, 40);
		machine_command(second, second == t.west ? west : east, "tunnel");
		stage_pause(w, 0, dice_percent(&w->dice, 50) ? 60 : 4000);
	}
	end(&t, traffic);
}

static void children(struct world *w)
{
	collide(w, CMD_REKEY_CHILD, CMD_REKEY_CHILD);
}

static void ikes(struct world *w)
{
	collide(w, CMD_REKEY_IKE, CMD_REKEY_IKE);
}

/*
 * A child is rekeyed while the other end rekeys the IKE SA (RFC 7296 2.25.2), in
 * any mixture.
 */
static void mixed(struct world *w)
{
	enum command_kind west = either(w);

	collide(w, west, either(w));
}

/* One end alone, again and again. */
static void alone(struct world *w)
{
	struct traffic *traffic[2];
	struct machine *m;
	struct two t;

	stage_two(w, &t);
	if (!begin(&t, "", traffic))
		return;
	for (unsigned n = dice_between(&w->dice, 1, 5); n && !w->failed; n--) {
		m = two_any(&t);
		machine_command(m, either(w), "tunnel");
		stage_pause(w, 500, 5000);
	}
	end(&t, traffic);
}

/* Both ends have short lifetimes and fuzz of their own: hours go by. */
static void lifetimes(struct world *w)
{
	struct traffic *traffic[2];
	struct two t;

	stage_two(w, &t);
	if (!begin(&t, "ikelifetime=20m\nsalifetime=6m\nrekeymargin=60s\nrekeyfuzz=50%\n",
		   traffic))
		return;
	traffic_set_interval(traffic[0], 3 * NSEC_PER_SEC);
	traffic_set_interval(traffic[1], 7 * NSEC_PER_SEC);
	world_run(w, stage_span(w, 3600 * 1000, 2 * 3600 * 1000));
	end(&t, traffic);
}

/* Limits in packets: the plane says when an SA is used up. */
static void packets(struct world *w)
{
	struct traffic *traffic[2];
	struct two t;

	stage_two(w, &t);
	if (!begin(&t, "ipsec-max-packets=200\n", traffic))
		return;
	stage_pause(w, 20000, 40000);
	traffic_set_interval(traffic[0], 10 * NSEC_PER_SEC);
	traffic_set_interval(traffic[1], 10 * NSEC_PER_SEC);
	end(&t, traffic);
}

/*
 * The shortest story of a collision: both ends rekey the child at once, and
 * nothing else happens.
 */
static void collision(struct world *w)
{
	struct order *o;
	struct two t;

	stage_two(w, &t);
	two_add(&t, "");
	o = machine_command(t.west, CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE))
		return;
	machine_command(t.west, CMD_REKEY_CHILD, "tunnel");
	machine_command(t.east, CMD_REKEY_CHILD, "tunnel");
	world_run(w, 10 * NSEC_PER_SEC);
	if (check_rest(w, CALM) && expect_sas(t.west, 1, 1) && expect_sas(t.east, 1, 1))
		stage_clear(w);
}

const struct scenario rekey_scenarios[] = {
	{"collision", "both ends rekey the child at once, and nothing else happens", collision,
	 FAIR, 60},
	{"rekey-alone", "one end rekeys, packets flow", alone, FAIR, 180},
	{"rekey-alone-loss", "the same while a fifth is lost", alone, FOUL, 180},
	{"rekey-child", "both ends rekey the child at once", children, FAIR, 300},
	{"rekey-child-loss", "the same while a fifth is lost", children, FOUL, 300},
	{"rekey-ike", "both ends rekey the IKE SA at once", ikes, FAIR, 300},
	{"rekey-ike-loss", "the same while a fifth is lost", ikes, FOUL, 300},
	{"rekey-mixed", "one end rekeys the IKE SA, the other one a child", mixed, FAIR, 300},
	{"rekey-mixed-loss", "the same while a fifth is lost", mixed, FOUL, 300},
	{"lifetimes", "hours of rekeying by lifetimes", lifetimes, FAIR, 8},
	{"lifetimes-loss", "the same while a fifth is lost", lifetimes, FOUL, 8},
	{"packets", "SAs are used up by packets", packets, FAIR, 10},
	{0},
};
