/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person may ask for at any moment: route and unroute, down and delete
 * from either end, other versions of a connection while it is up.
 */
#include "sim/scenario.h"

#include <stdio.h>

/* ---- traps ---- */

static bool has_arrived(struct world *w, void *ctx)
{
	(void)w;
	return ((const struct probe *)ctx)->fate == PROBE_ARRIVED;
}

/* The packet that met the trap waits, and goes on its way once there is an SA. */
static bool trapped_packet_arrives(struct machine *m, const char *source,
				   const char *destination)
{
	struct world *w = m->w;
	struct probe *p = simplane_send(&m->plane, source, destination);

	if (!world_expect(w, p->fate == PROBE_HELD, "the packet at %s's trap %s", m->name,
			  probe_fate_name(p->fate)))
		return false;
	return world_expect(w, world_run_until(w, PATIENCE, 10 * MS, has_arrived, p),
			    "the packet that met %s's trap %s: %s", m->name,
			    probe_fate_name(p->fate), p->why ? p->why : "");
}

static bool one_trap(struct two *t, struct machine *m)
{
	return trapped_packet_arrives(m, m == t->west ? t->west_inner : t->east_inner,
				      m == t->west ? t->east_inner : t->west_inner);
}

/*
 * Both ends are routed; a packet brings the tunnel up, `down` leaves the trap, a
 * packet again.
 */
static void trap(struct world *w)
{
	struct order *o;
	struct two t;

	stage_two(w, &t);
	two_add(&t, "");
	machine_command(t.west, CMD_ROUTE, "tunnel");
	machine_command(t.east, CMD_ROUTE, "tunnel");
	for (unsigned n = dice_between(&w->dice, 1, 3); n && !w->failed; n--) {
		if (!one_trap(&t, two_any(&t)) || !check_rest(w, CALM) || !two_check_paths(&t))
			return;
		o = machine_command(two_any(&t), CMD_DOWN, "tunnel");
		if (!expect_end(w, o, PATIENCE) || !check_rest(w, CALM) ||
		    !expect_sas(t.west, 0, 0) || !expect_sas(t.east, 0, 0))
			return;
	}
	machine_command(t.west, CMD_UNROUTE, "tunnel");
	machine_command(t.east, CMD_UNROUTE, "tunnel");
	world_expect(w,
		     list_empty(&t.west->plane.policies) && list_empty(&t.east->plane.policies),
		     "an entry is left after unroute");
	stage_finish(w);
}

/* Both are guarded from now on: the run fails if a packet goes in clear. */
static void guard_both(struct two *t)
{
	machine_recipe(t->west, "tunnel")->routed = true;
	machine_recipe(t->east, "tunnel")->routed = true;
}

/*
 * Nobody ever said `route`. What was up stays routed at both ends, also where the other one
 * had brought it up; another version of it as well, and packets bring that up.
 */
static void stays_routed(struct world *w)
{
	struct machine *m;
	struct order *o;
	struct two t;

	stage_two(w, &t);
	two_add(&t, "");
	m = two_any(&t);
	o = machine_command(m, CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !check_rest(w, CALM))
		return;
	guard_both(&t);
	o = machine_command(m, CMD_DOWN, "tunnel");
	for (unsigned n = 0; n < 3 && !w->failed; n++) {
		if (!expect_end(w, o, PATIENCE) || !check_rest(w, CALM) ||
		    !expect_sas(t.west, 0, 0) || !expect_sas(t.east, 0, 0) ||
		    !one_trap(&t, two_any(&t)) || !check_rest(w, CALM))
			return;
		m = two_any(&t);
		o = n % 2 ? machine_command(m, CMD_DOWN, "tunnel")
			  : machine_replace(m, "tunnel", "%ssalifetime=%uh\n", t.text, 2 + n);
	}
	machine_command(t.west, CMD_DOWN, "tunnel");
	machine_command(t.east, CMD_DOWN, "tunnel");
	world_run(w, CALM);
	machine_command(t.west, CMD_UNROUTE, "tunnel");
	machine_command(t.east, CMD_UNROUTE, "tunnel");
	world_expect(w,
		     list_empty(&t.west->plane.policies) && list_empty(&t.east->plane.policies),
		     "an entry is left after unroute");
	stage_finish(w);
}

/*
 * Packets meet both traps at once. They may be lost, both: a responder sends
 * before the other end is ready to receive (RFC 7296 2.8).
 */
static void traps_crossing(struct world *w)
{
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	machine_command(t.west, CMD_ROUTE, "tunnel");
	machine_command(t.east, CMD_ROUTE, "tunnel");
	simplane_send(&t.west->plane, t.west_inner, t.east_inner);
	stage_pause(w, 0, 40);
	simplane_send(&t.east->plane, t.east_inner, t.west_inner);
	world_run(w, PATIENCE);
	net_calm(w);
	/*
	 * A try that gave up in foul weather left the trap: the next packet is another
	 * chance.
	 */
	simplane_send(&t.west->plane, t.west_inner, t.east_inner);
	world_run(w, PATIENCE);
	if (check_rest(w, stage_limit(w)) && two_check_paths(&t))
		stage_finish(w);
}

/*
 * A trap whose try fails while packets keep coming is a trap again soon: once the other
 * end is there, they bring the connection up.
 */
static void trap_again(struct world *w)
{
	struct traffic *traffic;
	struct two t;

	stage_two(w, &t);
	machine_add(t.west, "tunnel", "%skeyingtries=%u\n", t.text,
		    (unsigned)dice_below(&w->dice, 3));
	machine_command(t.west, CMD_ROUTE, "tunnel");
	traffic = traffic_start(t.west, t.west_inner, t.east_inner, 100 * MS);
	stage_pause(w, 500, 30000);
	machine_add(t.east, "tunnel", "%s", t.text);
	world_run(w, 15 * NSEC_PER_SEC);
	traffic_stop(traffic);
	if (check_rest(w, CALM) && expect_sas(t.west, 1, 1) && two_check_paths(&t))
		stage_finish(w);
}

/* ---- down and delete ---- */

static enum command_kind ending(struct world *w)
{
	return dice_percent(&w->dice, 50) ? CMD_DOWN : CMD_DELETE;
}

static void end_it(struct machine *m, enum command_kind how)
{
	struct child_info c;
	struct ike_sa_info sa;

	/* By the connection's name, or by the number of one of its SAs. */
	if (how == CMD_DOWN && dice_percent(&m->w->dice, 40) && machine_recipe(m, "tunnel")) {
		machine_recipe(m, "tunnel")->wanted = false;
		if (dice_percent(&m->w->dice, 50) && ike_child_next(m->ike, 0, &c))
			machine_delete_state(m, c.serial);
		else if (ike_sa_next(m->ike, 0, &sa))
			machine_delete_state(m, sa.serial);
	}
	machine_command(m, how, "tunnel");
}

/*
 * Taken down by one end, by both at once, or while it comes up: nothing may be
 * left at either.
 */
static void deletes(struct world *w)
{
	bool both = dice_percent(&w->dice, 60);
	struct machine *m, *other;
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	m = two_any(&t);
	other = two_other(&t, m);
	machine_command(m, CMD_UP, "tunnel");
	stage_pause(w, 0, dice_percent(&w->dice, 50) ? 100 : 1000);
	if (both) {
		end_it(other, ending(w));
		stage_pause(w, 0, 20);
	}
	end_it(m, ending(w));
	net_calm(w);
	if (check_rest(w, stage_limit(w)) && expect_sas(m, 0, 0) && expect_sas(other, 0, 0))
		stage_clear(w);
}

/* The other end takes it down though it is wanted: it comes back, after a pause. */
static void wanted(struct world *w)
{
	struct machine *m, *other;
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	m = two_any(&t);
	other = two_other(&t, m);
	machine_command(m, CMD_UP, "tunnel");
	stage_pause(w, 500, 3000);
	machine_command(other, CMD_DOWN, "tunnel");
	net_calm(w);
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/* What a command deletes alone, and whether it is to come again. */
static enum command_kind closing(struct world *w)
{
	static const enum command_kind kinds[] = {CMD_DELETE_IKE, CMD_DELETE_CHILD,
						  CMD_DOWN_IKE, CMD_DOWN_CHILD};

	return kinds[dice_below(&w->dice, 4)];
}

/*
 * SAs are deleted by their kind, some while others cross them: what is wanted comes again,
 * what was taken down stays away, and the peer agrees.
 */
static void closes(struct world *w)
{
	struct machine *m;
	struct order *o;
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	m = two_any(&t);
	for (unsigned n = dice_between(&w->dice, 1, 4); n && !w->failed; n--) {
		enum command_kind kind = closing(w);

		o = machine_command(m, CMD_UP, "tunnel");
		if (!expect_end(w, o, stage_limit(w)))
			return;
		stage_pause(w, 0, 500);
		machine_command(m, kind, "tunnel");
		if (dice_percent(&w->dice, 30))
			machine_command(m, closing(w), "tunnel");
		stage_pause(w, 0, 3000);
	}
	net_calm(w);
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/* A machine that listens no longer begins and answers nothing; then it does again. */
static void unlistens(struct world *w)
{
	struct machine *m;
	struct order *o;
	struct two t;

	stage_two(w, &t);
	two_add(&t, "");
	m = two_any(&t);
	machine_command(m, CMD_UNLISTEN, NULL);
	if (!expect_code(w, machine_command(m, CMD_UP, "tunnel"), RC_DEAF))
		return;
	machine_recipe(m, "tunnel")->wanted = false;
	machine_command(two_other(&t, m), CMD_UP, "tunnel");
	world_run(w, 2 * NSEC_PER_SEC);
	if (!expect_sas(m, 0, 0))
		return;
	machine_command(m, CMD_LISTEN, NULL);
	o = machine_command(m, CMD_UP, "tunnel");
	if (expect_end(w, o, PATIENCE) && expect_code(w, o, RC_SUCCESS) &&
	    check_rest(w, CALM) && two_check_paths(&t))
		stage_finish(w);
}

/* ---- versions ---- */

/* An identical version changes nothing. */
static bool replace_same(struct two *t)
{
	struct machine *m = two_any(t);
	uint64_t sent = t->w->ike_datagrams;
	struct order *o = machine_load(m, CMD_REPLACE, machine_recipe(m, "tunnel"));

	return world_expect(t->w, o && o->done, "replace has not ended") &&
	       world_expect(t->w, t->w->ike_datagrams == sent,
			    "replacing a connection by itself sends something") &&
	       two_check_paths(t);
}

/*
 * Another version while it is up or coming up; once both have it, it can be
 * brought up again.
 */
static void replace(struct world *w)
{
	struct order *o;
	struct two t;

	stage_two(w, &t);
	machine_add(t.west, "tunnel", "%s", t.text);
	machine_add(t.east, "tunnel", "%s", t.text);
	o = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (dice_percent(&w->dice, 50)) {
		if (!expect_end(w, o, PATIENCE) || !check_rest(w, CALM) || !replace_same(&t))
			return;
	} else {
		stage_pause(w, 0, 60);
	}
	machine_replace(t.west, "tunnel", "%sesp=aes128gcm16\n", t.text);
	stage_pause(w, 0, 60);
	machine_replace(t.east, "tunnel", "%sesp=aes128gcm16\n", t.text);
	net_calm(w);
	/* What was negotiated meanwhile is of either version, or has come to nothing. */
	machine_recipe(t.west, "tunnel")->wanted = machine_recipe(t.east, "tunnel")->wanted =
		false;
	if (!check_rest(w, RECOVERY))
		return;
	o = machine_command(t.west, CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS) ||
	    !check_rest(w, CALM) || !two_check_paths(&t))
		return;
	LIST_EACH(s, &t.west->plane.sas, struct held_sa, link)
		world_expect(w, s->sa.suite.key_bits == 128,
			     "an SA of the old version is in use");
	stage_finish(w);
}

/* Up again and again: each time the new one takes the place of the old, and one is left. */
static void again(struct world *w)
{
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	for (unsigned n = dice_between(&w->dice, 2, 6); n && !w->failed; n--) {
		machine_command(dice_percent(&w->dice, 70) ? t.west : t.east, CMD_UP, "tunnel");
		stage_pause(w, 0, dice_percent(&w->dice, 50) ? 80 : 2000);
	}
	net_calm(w);
	if (check_rest(w, stage_limit(w)) && two_check_paths(&t))
		stage_finish(w);
}

/* What must be refused at once is, with the number that whack shows. */
static void refused_commands(struct world *w)
{
	struct machine *m;
	struct two t;

	stage_two(w, &t);
	m = t.west;
	if (!expect_code(w, machine_command(m, CMD_UP, "nobody"), RC_UNKNOWN_NAME) ||
	    !expect_code(w, machine_command(m, CMD_DELETE, "nobody"), RC_UNKNOWN_NAME))
		return;
	machine_add(m, "tunnel", "%s", t.text);
	if (!expect_code(w, machine_load(m, CMD_ADD, machine_recipe(m, "tunnel")), RC_DUPNAME))
		return;
	machine_add(m, "far", "left=198.51.100.1\nright=198.51.100.2\nauthby=secret\n");
	if (!expect_code(w, machine_command(m, CMD_UP, "far"), RC_ORIENT))
		return;
	machine_recipe(m, "far")->wanted = false;
	machine_command(m, CMD_DOWN, "far");
	stage_finish(w);
}

const struct scenario command_scenarios[] = {
	{"stays-routed", "what was up is routed, whoever began it", stays_routed, FAIR, 60},
	{"trap", "packets bring routed connections up", trap, FAIR, 150},
	{"trap-again", "packets at a trap while the other end refuses, then not", trap_again,
	 FAIR, 60},
	{"traps-crossing", "packets meet the traps of both ends", traps_crossing, FAIR, 150},
	{"traps-crossing-loss", "the same while a fifth is lost", traps_crossing, FOUL, 150},
	{"deletes", "taken down by one end or by both, at any moment", deletes, FAIR, 240},
	{"deletes-loss", "the same while a fifth is lost", deletes, FOUL, 240},
	{"closes", "SAs are deleted by their kind, to come again or not", closes, FAIR, 200},
	{"closes-loss", "the same while a fifth is lost", closes, FOUL, 200},
	{"unlistens", "it stops listening, and listens again", unlistens, FAIR, 40},
	{"wanted", "the other end takes down what is wanted", wanted, FAIR, 60},
	{"replace", "another version while it is up or coming up", replace, FAIR, 120},
	{"again", "brought up again and again", again, FAIR, 120},
	{"again-loss", "the same while a fifth is lost", again, FOUL, 120},
	{"refused-commands", "commands that cannot be", refused_commands, FAIR, 2},
	{0},
};
