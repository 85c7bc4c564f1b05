/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends that vanish, restart, hand over, shut down, or whose plane refuses.
 */
#include "sim/scenario.h"

#include <stdio.h>

/* Up from `m`, on a network that is calm meanwhile. */
static bool up_from(struct two *t, struct machine *m, const char *more)
{
	struct world *w = t->w;
	struct weather weather = w->net.weather;
	struct order *o;

	two_add(t, more);
	net_calm(w);
	o = machine_command(m, CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS) ||
	    !two_check_paths(t))
		return false;
	w->net.weather = weather;
	return true;
}

/* ---- liveness ---- */

struct loss {
	struct machine *m;
};

static bool has_noticed(struct world *w, void *ctx)
{
	struct machine *m = ((struct loss *)ctx)->m;

	return !machine_children(m, NULL) && !machine_ike_sas(m, IKE_ESTABLISHED);
}

/* The other end falls silent. What is left notices within delay and timeout, and cleans up. */
static void liveness(struct world *w)
{
	static const char *const actions[] = {"hold", "clear", "restart"};
	const char *action = actions[dice_below(&w->dice, 3)];
	char lines[128];
	struct loss l;
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	snprintf(lines, sizeof(lines), "dpddelay=5s\ndpdtimeout=20s\ndpdaction=%s\n", action);
	l.m = two_any(&t);
	if (!up_from(&t, two_any(&t), lines))
		return;
	stage_pause(w, 0, 8000);
	tell_story(w, "%s is cut off", two_other(&t, l.m)->name);
	two_other(&t, l.m)->mute = two_other(&t, l.m)->deaf = true;
	world_run_until(w, 40 * NSEC_PER_SEC, 100 * MS, has_noticed, &l);
	if (!world_expect(w, has_noticed(w, &l), "%s keeps SAs with a dead peer", l.m->name) ||
	    !world_expect(w, list_empty(&l.m->plane.sas),
			  "%s's plane keeps SAs with a dead peer", l.m->name))
		return;
	stage_pause(w, 0, 100000);
	stage_finish(w);
}

/* Who is cut off comes back, and a packet of `m`, if it still has a trap, has its chance. */
static bool is_up_again(struct two *t, struct machine *m, bool by_packet)
{
	struct machine *other = two_other(t, m);

	other->mute = other->deaf = false;
	if (by_packet)
		simplane_send(&m->plane, m == t->west ? t->west_inner : t->east_inner,
			      m == t->west ? t->east_inner : t->west_inner);
	world_run(t->w, by_packet ? PATIENCE : RECOVERY);
	return machine_is_up(m, "tunnel");
}

/*
 * What a packet had brought up, and then its peer is dead: hold leaves the trap and waits for
 * the next packet, clear takes the route away, restart goes on by itself.
 */
static void dead_peer(struct world *w)
{
	static const char *const actions[] = {"hold", "clear", "restart"};
	unsigned n = (unsigned)dice_below(&w->dice, 3);
	struct machine *m;
	char lines[128];
	uint64_t sent;
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	snprintf(lines, sizeof(lines), "dpddelay=5s\ndpdtimeout=20s\ndpdaction=%s\n",
		 actions[n]);
	two_add(&t, lines);
	m = two_any(&t);
	machine_command(m, CMD_ROUTE, "tunnel");
	simplane_send(&m->plane, m == t.west ? t.west_inner : t.east_inner,
		      m == t.west ? t.east_inner : t.west_inner);
	world_run(w, NSEC_PER_SEC);
	if (!check_rest(w, CALM) || !expect_sas(m, 1, 1))
		return;
	stage_pause(w, 0, 8000);
	two_other(&t, m)->mute = two_other(&t, m)->deaf = true;
	world_run(w, 40 * NSEC_PER_SEC);
	if (!world_expect(w, list_empty(&m->plane.sas), "%s keeps SAs with a dead peer",
			  m->name) ||
	    !world_expect(w, list_empty(&m->plane.policies) == (n == 1),
			  "after dpdaction=%s there is %s entry", actions[n],
			  n == 1 ? "an" : "no"))
		return;
	machine_recipe(m, "tunnel")->routed = n != 1;
	sent = w->ike_datagrams;
	world_run(w, 100 * NSEC_PER_SEC);
	world_expect(w, (w->ike_datagrams > sent) == (n == 2),
		     "dpdaction=%s: %s begins %s by itself", actions[n], m->name,
		     n == 2 ? "nothing" : "something");
	if (n != 1 && !world_expect(w, is_up_again(&t, m, n == 0),
				    "after dpdaction=%s it is not up again", actions[n]))
		return;
	stage_finish(w);
}

/*
 * keyingtries=: so many tries, 0 for ever; who waits is released after the first that failed,
 * and who asks again has all of them again.
 */
static void tries(struct world *w)
{
	enum { DATAGRAMS = 4 }; /* of one refused try: IKE_SA_INIT and IKE_AUTH */
	unsigned most = (unsigned)dice_below(&w->dice, 4);
	struct order *o;
	struct two t;
	char line[32];

	stage_two(w, &t);
	snprintf(line, sizeof(line), "keyingtries=%u\n", most);
	two_add(&t, line);
	machine_secret(t.east, "@west @east", "another secret");
	for (unsigned round = 1; round <= 2; round++) {
		uint64_t sent = w->ike_datagrams;

		o = machine_command(t.west, CMD_UP, "tunnel");
		if (!expect_end(w, o, NSEC_PER_SEC) || !expect_code(w, o, 224))
			return;
		if (!world_expect(w, w->ike_datagrams - sent == DATAGRAMS,
				  "the command did not end with the first try"))
			return;
		world_run(w, 3000 * NSEC_PER_SEC);
		sent = (w->ike_datagrams - sent) / DATAGRAMS;
		if (!world_expect(w, most ? sent == most : sent > 8,
				  "keyingtries=%u: %llu tries in 50 minutes", most,
				  (unsigned long long)sent))
			return;
	}
	machine_recipe(t.west, "tunnel")->wanted = false;
	machine_command(t.west, CMD_DOWN, "tunnel");
	stage_finish(w);
}

/* Packets flow: nobody has to ask whether the other end is alive. */
static void traffic_is_proof(struct world *w)
{
	struct traffic *a, *b;
	struct two t;
	uint64_t sent;

	stage_two(w, &t);
	if (!up_from(&t, two_any(&t), "dpddelay=10s\ndpdtimeout=40s\ndpdaction=hold\n"))
		return;
	a = traffic_start(t.west, t.west_inner, t.east_inner, 2 * NSEC_PER_SEC);
	b = traffic_start(t.east, t.east_inner, t.west_inner, 2 * NSEC_PER_SEC);
	world_run(w, 5 * NSEC_PER_SEC);
	sent = w->ike_datagrams;
	world_run(w, 300 * NSEC_PER_SEC);
	world_expect(w, w->ike_datagrams == sent,
		     "%llu IKE datagrams asked for life that packets showed",
		     (unsigned long long)(w->ike_datagrams - sent));
	traffic_stop(a);
	traffic_stop(b);
	stage_finish(w);
}

/*
 * The end that answered loses all and comes back without a word. Nobody set dpddelay; packets
 * that leave and are never answered are enough for the other end to find out and begin anew.
 */
static void one_sided(struct world *w)
{
	struct traffic *packets;
	struct machine *m;
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	m = two_any(&t);
	if (!up_from(&t, m, ""))
		return;
	stage_pause(w, 0, 400000);
	machine_crash(two_other(&t, m));
	stage_pause(w, 0, 3000);
	machine_start(two_other(&t, m));
	packets = m == t.west ? traffic_start(m, t.west_inner, t.east_inner, NSEC_PER_SEC)
			      : traffic_start(m, t.east_inner, t.west_inner, NSEC_PER_SEC);
	world_run(w, 250 * NSEC_PER_SEC);
	traffic_stop(packets);
	if (check_rest(w, CALM) && expect_sas(t.west, 1, 1) && expect_sas(t.east, 1, 1) &&
	    two_check_paths(&t))
		stage_finish(w);
}

/* ---- restart ---- */

/* An end loses all it knew, at any moment, also in the middle of something, and comes back. */
static void restart(struct world *w)
{
	struct machine *m;
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	two_add(&t, "dpddelay=5s\ndpdtimeout=20s\ndpdaction=restart\n");
	m = two_any(&t);
	machine_command(two_any(&t), CMD_UP, "tunnel");
	stage_pause(w, 0, dice_percent(&w->dice, 50) ? 100 : 20000);
	for (unsigned n = dice_between(&w->dice, 1, 3); n && !w->failed; n--) {
		machine_crash(m);
		stage_pause(w, 0, dice_percent(&w->dice, 50) ? 500 : 40000);
		machine_start(m);
		stage_pause(w, 0, dice_percent(&w->dice, 50) ? 100 : 20000);
		m = two_any(&t);
	}
	net_calm(w);
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/*
 * It comes back at once and begins itself: INITIAL_CONTACT ends what the other
 * end still had, without waiting for liveness checks.
 */
static void initial_contact(struct world *w)
{
	struct machine *m;
	struct two t;

	stage_two(w, &t);
	m = two_any(&t);
	if (!up_from(&t, m, ""))
		return;
	machine_crash(m);
	stage_pause(w, 0, 3000);
	machine_start(m);
	world_run(w, 5 * NSEC_PER_SEC);
	if (check_rest(w, CALM) && expect_sas(t.west, 1, 1) && expect_sas(t.east, 1, 1) &&
	    two_check_paths(&t))
		stage_finish(w);
}

/* ---- handing over ---- */

/* SAs move from core to core while packets flow and SAs are rekeyed. */
static void take_over(struct world *w)
{
	struct traffic *a, *b;
	struct machine *m;
	unsigned moved = 0;
	struct two t;

	stage_two(w, &t);
	if (!up_from(&t, two_any(&t), stage_liveness(w)))
		return;
	a = traffic_start(t.west, t.west_inner, t.east_inner, 100 * MS);
	b = traffic_start(t.east, t.east_inner, t.west_inner, 100 * MS);
	for (unsigned n = 0; n < 12 && !w->failed; n++) {
		stage_pause(w, 0, 4000);
		m = two_any(&t);
		moved += machine_take_over(m, dice_percent(&w->dice, 50));
		m = two_any(&t);
		if (dice_percent(&w->dice, 40))
			machine_command(m,
					dice_percent(&w->dice, 50) ? CMD_REKEY_CHILD
								   : CMD_REKEY_IKE,
					"tunnel");
	}
	net_calm(w);
	check_rest(w, stage_limit(w));
	traffic_stop(a);
	traffic_stop(b);
	if (!w->failed && world_expect(w, moved, "no SA was ever fit to be handed over") &&
	    (w->foul || traffic_all_arrived(w)) && two_check_paths(&t))
		stage_finish(w);
}

/* ---- the plane refuses ---- */

/* SPIs are taken, SAs and policies are refused: what was begun is undone, and tried again. */
static void plane(struct world *w)
{
	struct machine *m;
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	two_add(&t, "dpddelay=5s\ndpdtimeout=20s\ndpdaction=restart\n");
	t.west->spi_taken = t.east->spi_taken = (unsigned)dice_below(&w->dice, 60);
	t.west->plane_fails = t.east->plane_fails = (unsigned)dice_below(&w->dice, 40);
	machine_command(two_any(&t), CMD_UP, "tunnel");
	for (unsigned n = 0; n < 4 && !w->failed; n++) {
		stage_pause(w, 10, 15000);
		m = two_any(&t);
		machine_command(m, dice_percent(&w->dice, 50) ? CMD_REKEY_CHILD : CMD_UP,
				"tunnel");
	}
	stage_pause(w, 0, 5000);
	t.west->spi_taken = t.east->spi_taken = t.west->plane_fails = t.east->plane_fails = 0;
	net_calm(w);
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/* ---- updown programs ---- */

/* Programs fail at any call, and take their time: what was begun is undone, at both ends. */
static void updown(struct world *w)
{
	static const enum command_kind kinds[] = {CMD_UP,       CMD_UP,          CMD_ROUTE,
						  CMD_UNROUTE,  CMD_REKEY_CHILD, CMD_DOWN,
						  CMD_REKEY_IKE};
	struct machine *m;
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	two_add(&t, "dpddelay=5s\ndpdtimeout=20s\ndpdaction=restart\n"
		    "leftupdown=left\nrightupdown=right\n");
	t.west->programs_fail = (unsigned)dice_below(&w->dice, 60);
	t.east->programs_fail = (unsigned)dice_below(&w->dice, 60);
	t.west->program_max = stage_span(w, 0, 3000);
	t.east->program_max = stage_span(w, 0, 3000);
	machine_command(two_any(&t), CMD_UP, "tunnel");
	for (unsigned n = 0; n < 10 && !w->failed; n++) {
		stage_pause(w, 10, dice_percent(&w->dice, 50) ? 200 : 15000);
		m = two_any(&t);
		machine_command(m, kinds[dice_below(&w->dice, 7)], "tunnel");
	}
	stage_pause(w, 0, 5000);
	t.west->programs_fail = t.east->programs_fail = 0;
	net_calm(w);
	machine_command(two_any(&t), CMD_UP, "tunnel");
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/* ---- revoked ---- */

/*
 * The other end's certificate is revoked at some moment, and all it had by it goes; nothing of it
 * comes up again until it is believed once more.
 */
static void revoked(struct world *w)
{
	static const struct diag why = {.code = "revoked", .sentence = "it was revoked"};
	static const uint8_t kinds[] = {CMD_REKEY_IKE, CMD_REKEY_CHILD, CMD_UP};
	struct event ev = {.kind = EV_UNTRUSTED, .untrusted = {.proof = 7, .why = &why}};
	struct machine *m;
	struct two t;

	stage_two(w, &t);
	m = two_any(&t);
	m->proof = ev.untrusted.proof;
	if (!up_from(&t, two_any(&t), ""))
		return;
	machine_command(two_any(&t), kinds[dice_below(&w->dice, 3)], "tunnel");
	stage_pause(w, 0, 300);
	tell_story(w, "%s hears that %s was revoked", m->name, two_other(&t, m)->name);
	m->distrusts = true;
	machine_event(m, &ev);
	stage_pause(w, 2000, 60000);
	if (!world_expect(w, !machine_ike_sas(m, IKE_ESTABLISHED), "%s believes the revoked",
			  m->name) ||
	    !world_expect(w, list_empty(&m->plane.sas), "%s's plane keeps SAs of the revoked",
			  m->name))
		return;
	net_calm(w);
	m->distrusts = false;
	machine_command(two_any(&t), CMD_UP, "tunnel");
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/* ---- shutdown ---- */

static void shutdown(struct world *w)
{
	struct machine *m, *peer;
	struct order *o;
	struct two t;

	stage_two(w, &t);
	m = two_any(&t);
	peer = two_other(&t, m);
	two_add(&t, w->foul ? "dpddelay=5s\ndpdtimeout=20s\ndpdaction=clear\n" : "");
	machine_command(m, CMD_UP, "tunnel");
	stage_pause(w, 0, dice_percent(&w->dice, 50) ? 80 : 3000);
	o = machine_command(m, CMD_SHUTDOWN, NULL);
	/*
	 * A try that never got an answer may hold it for the time that the settings
	 * allow, no longer.
	 */
	if (!expect_end(w, o, m->settings.shutdown_time + 100 * MS) ||
	    (!w->foul && !check_empty(m)))
		return;
	machine_crash(m); /* the daemon ends then, whether or not its peer could hear it */
	machine_recipe(m, "tunnel")->wanted = false;
	net_calm(w);
	if (check_rest(w, w->foul ? RECOVERY : CALM) && expect_sas(peer, 0, 0))
		stage_clear(w);
}

const struct scenario failure_scenarios[] = {
	{"liveness", "the other end falls silent", liveness, FAIR, 120},
	{"dead-peer", "what dpdaction= makes of a dead peer", dead_peer, FAIR, 60},
	{"tries", "a fault that stays, and keyingtries=", tries, FAIR, 30},
	{"traffic-is-proof", "no liveness checks while packets flow", traffic_is_proof, FAIR,
	 5},
	{"one-sided", "packets leave for an end that forgot all", one_sided, FAIR, 60},
	{"restart", "an end loses all state at any moment", restart, FAIR, 240},
	{"restart-loss", "the same while a fifth is lost", restart, FOUL, 240},
	{"initial-contact", "an end restarts and begins itself", initial_contact, FAIR, 90},
	{"take-over", "SAs are exported to a new core at any moment", take_over, FAIR, 120},
	{"take-over-loss", "the same while a fifth is lost", take_over, FOUL, 120},
	{"plane", "the plane refuses SPIs, SAs and policies", plane, FAIR, 180},
	{"plane-loss", "the same while a fifth is lost", plane, FOUL, 120},
	{"updown", "updown programs fail and take their time", updown, FAIR, 120},
	{"updown-loss", "the same while a fifth is lost", updown, FOUL, 120},
	{"revoked", "an end's certificate is revoked while it is up", revoked, FAIR, 120},
	{"revoked-loss", "the same while a fifth is lost", revoked, FOUL, 120},
	{"shutdown", "an end shuts down at any moment", shutdown, FAIR, 120},
	{"shutdown-loss", "the same while a fifth is lost", shutdown, FOUL, 120},
	{0},
};
