/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends bring one connection up at once, by commands and by packets that
 * meet traps. In the end one IKE SA and one child are left, the same at both
 * ends, and no packet was lost over the end of the others.
 */
#include "sim/scenario.h"

/* Each end knows both, the redundant one is deleted, and stragglers have come. */
#define SETTLED (20 * NSEC_PER_SEC)

static bool is_well(const struct order *o)
{
	return o->done && (o->code == RC_SUCCESS || o->code == RC_COMMENT);
}

/* Commands of fair weather end well. */
static bool all_well(struct world *w)
{
	LIST_EACH(m, &w->machines, struct machine, link)
		LIST_EACH(o, &m->orders, struct order, link)
			if (!world_expect(w, is_well(o), "%s %s at %s ends with %u",
					  command_name((enum command_kind)o->kind), o->name,
					  m->name, o->code))
				return false;
	return true;
}

/*
 * At rest, with exactly `ikes` IKE SAs and `children` children at each end. What
 * foul weather left at one end alone is found out by then.
 */
static bool settled(struct two *t, size_t ikes, size_t children)
{
	struct world *w = t->w;

	net_calm(w);
	if (!check_rest(w, stage_limit(w)) || (!w->foul && !all_well(w)))
		return false;
	world_run(w, w->foul ? CALM : SETTLED);
	return check_rest(w, stage_limit(w)) && expect_sas(t->west, ikes, children) &&
	       expect_sas(t->east, ikes, children) && two_check_paths(t);
}

static bool both_done(struct world *w, struct order *a, struct order *b)
{
	return expect_end(w, a, PATIENCE) && expect_end(w, b, PATIENCE);
}

/* Packets flow both ways from when both commands have ended until all is settled. */
static bool settled_with_traffic(struct two *t)
{
	struct traffic *a, *b;
	bool good;

	if (t->w->foul)
		return settled(t, 1, 1);
	a = traffic_start(t->west, t->west_inner, t->east_inner, 10 * MS);
	b = traffic_start(t->east, t->east_inner, t->west_inner, 10 * MS);
	world_run(t->w, SETTLED / 2);
	traffic_stop(a);
	traffic_stop(b);
	good = traffic_all_arrived(t->w);
	return good && settled(t, 1, 1);
}

/* Two commands at once, or nearly so. */
static void ups(struct world *w)
{
	struct two t;
	struct machine *first;
	struct order *a, *b;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	first = two_any(&t);
	a = machine_command(first, CMD_UP, "tunnel");
	stage_pause(w, 0, 40);
	b = machine_command(two_other(&t, first), CMD_UP, "tunnel");
	if (both_done(w, a, b) && settled_with_traffic(&t))
		stage_finish(w);
}

/* The story of two commands at the same moment, told without packets. */
static void both(struct world *w)
{
	struct two t;
	struct order *a, *b;

	stage_two(w, &t);
	two_add(&t, "");
	a = machine_command(t.west, CMD_UP, "tunnel");
	b = machine_command(t.east, CMD_UP, "tunnel");
	if (!both_done(w, a, b) || !all_well(w))
		return;
	world_run(w, SETTLED);
	if (check_rest(w, CALM) && expect_sas(t.west, 1, 1))
		expect_sas(t.east, 1, 1);
}

/* The same while it is up already: what stood is replaced, once. */
static void ups_again(struct world *w)
{
	struct two t;
	struct machine *first;
	struct order *a, *b;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	a = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (!expect_end(w, a, PATIENCE))
		return;
	stage_pause(w, 0, 3000);
	first = two_any(&t);
	a = machine_command(first, CMD_UP, "tunnel");
	stage_pause(w, 0, 40);
	b = machine_command(two_other(&t, first), CMD_UP, "tunnel");
	if (both_done(w, a, b) && settled_with_traffic(&t))
		stage_finish(w);
}

/* Several from each end, close together. */
static void ups_many(struct world *w)
{
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	for (unsigned n = dice_between(&w->dice, 2, 5); n; n--) {
		machine_command(two_any(&t), CMD_UP, "tunnel");
		stage_pause(w, 0, dice_percent(&w->dice, 50) ? 20 : 200);
	}
	if (settled(&t, 1, 1))
		stage_finish(w);
}

/* One end is told to, the other one has a packet for it; or both are routed, and two packets. */
static void up_and_packet(struct world *w)
{
	struct two t;
	struct machine *m, *other;
	bool command = dice_percent(&w->dice, 70);

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	m = two_any(&t);
	other = two_other(&t, m);
	machine_command(m, CMD_ROUTE, "tunnel");
	machine_command(other, CMD_ROUTE, "tunnel");
	/* A packet that is lost for good comes again, as those of people do. */
	for (unsigned n = 0; n < (w->foul ? 6 : 1); n++) {
		simplane_send(&m->plane, m == t.west ? t.west_inner : t.east_inner,
			      m == t.west ? t.east_inner : t.west_inner);
		stage_pause(w, 0, 40);
		if (command && !n)
			machine_command(other, CMD_UP, "tunnel");
		else if (!command)
			simplane_send(&other->plane, m == t.west ? t.east_inner : t.west_inner,
				      m == t.west ? t.west_inner : t.east_inner);
		world_run(w, w->foul ? PATIENCE / 3 : NSEC_PER_SEC);
	}
	/* In foul weather nothing may be left of what was not asked to stay. */
	if (w->foul && !command) {
		net_calm(w);
		simplane_send(&m->plane, m == t.west ? t.west_inner : t.east_inner,
			      m == t.west ? t.east_inner : t.west_inner);
		world_run(w, PATIENCE);
	}
	if (settled(&t, 1, 1))
		stage_finish(w);
}

/* An IKE SA stands already, and both ends want one more connection on it. */
static void ups_on_one(struct world *w)
{
	struct two t;
	struct machine *first;
	struct order *a, *b;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	for (int e = 0; e < 2; e++)
		machine_add(e ? t.east : t.west, "more",
			    "%s%sleftsubnet=10.3.0.0/24\nrightsubnet=10.4.0.0/24\n", t.text,
			    stage_liveness(w));
	a = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (!expect_end(w, a, PATIENCE))
		return;
	stage_pause(w, 0, 500);
	first = two_any(&t);
	a = machine_command(first, CMD_UP, "more");
	stage_pause(w, 0, 30);
	/* Once it is up there, a command would be for another IKE SA. */
	b = a;
	if (!machine_is_up(two_other(&t, first), "more"))
		b = machine_command(two_other(&t, first), CMD_UP, "more");
	if (!both_done(w, a, b))
		return;
	if (w->foul) {
		/* A try that found no IKE SA made one: two may stand. */
		net_calm(w);
		if (!check_rest(w, RECOVERY))
			return;
		world_run(w, CALM);
		if (!check_rest(w, RECOVERY) || !two_check_paths(&t) ||
		    !world_expect(w, machine_children(t.west, NULL) == 2,
				  "west has %zu children for two connections",
				  machine_children(t.west, NULL)))
			return;
	} else if (!settled(&t, 1, 2)) {
		return;
	}
	stage_finish(w);
}

const struct scenario crossing_scenarios[] = {
	{"both", "both ends are told at the same moment, and nothing else happens", both, FAIR,
	 100},
	{"crossing", "both ends bring it up at once", ups, FAIR, 400},
	{"crossing-loss", "the same while a fifth of the datagrams is lost", ups, FOUL, 200},
	{"crossing-again", "both ends replace at once what is up", ups_again, FAIR, 200},
	{"crossing-again-loss", "the same while a fifth is lost", ups_again, FOUL, 100},
	{"crossing-many", "several commands of both ends", ups_many, FAIR, 200},
	{"crossing-many-loss", "the same while a fifth is lost", ups_many, FOUL, 100},
	{"crossing-packet", "a packet at one end, a command or a packet at the other",
	 up_and_packet, FAIR, 200},
	{"crossing-packet-loss", "the same while a fifth is lost", up_and_packet, FOUL, 100},
	{"crossing-child", "both ends want the same child on an IKE SA that stands", ups_on_one,
	 FAIR, 150},
	{"crossing-child-loss", "the same while a fifth is lost", ups_on_one, FOUL, 80},
	{0},
};
