/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers send must change nothing and cost little.
 */
#include "sim/adversary.h"
#include "sim/scenario.h"

#include <stdio.h>
#include <string.h>

/* ---- what must not change ---- */

static void describe(const struct machine *m, struct text *t)
{
	struct ike_sa_info sa;
	struct child_info c;
	char a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];

	for (uint64_t at = 0; ike_sa_next(m->ike, at, &sa); at = sa.serial)
		text_add(t, "%s #%llu %llx %llx %u %s %s\n", m->name,
			 (unsigned long long)sa.serial, (unsigned long long)sa.spi_initiator,
			 (unsigned long long)sa.spi_responder, sa.phase,
			 endpoint_print(&sa.local, a), endpoint_print(&sa.remote, b));
	for (uint64_t at = 0; ike_child_next(m->ike, at, &c); at = c.serial)
		text_add(t, "%s #%llu %x %x %s\n", m->name, (unsigned long long)c.serial,
			 c.spi_in, c.spi_out, c.state);
	LIST_EACH(s, &m->plane.sas, struct held_sa, link)
		text_add(t, "%s %x %s %s\n", m->name, s->sa.spi,
			 endpoint_print(&s->sa.local, a), endpoint_print(&s->sa.remote, b));
}

static struct text describe_all(struct world *w)
{
	struct text t = {0};

	LIST_EACH(m, &w->machines, struct machine, link)
		describe(m, &t);
	return t;
}

/* The SAs are as they were, once the half-open ones that strangers began are given up. */
static bool expect_unchanged(struct world *w, struct text *before)
{
	struct text after = {0};
	bool same = false;

	if (check_rest(w, CALM)) {
		after = describe_all(w);
		same = world_expect(w, !strcmp(text_str(before), text_str(&after)),
				    "strangers changed SAs:\n%sto\n%s", text_str(before),
				    text_str(&after));
	}
	text_done(before);
	text_done(&after);
	return same;
}

/* ---- an established tunnel ---- */

static void history(struct world *w, struct two *t)
{
	machine_command(two_any(t), CMD_REKEY_CHILD, "tunnel");
	world_run(w, 8 * NSEC_PER_SEC);
	if (dice_percent(&w->dice, 50)) {
		machine_command(two_any(t), CMD_REKEY_IKE, "tunnel");
		world_run(w, 12 * NSEC_PER_SEC);
	}
}

static void play_with_established(struct world *w, struct adversary *a)
{
	struct text before;
	struct order *o;
	struct two t;

	stage_two(w, &t);
	two_add(&t, "");
	o = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS))
		return;
	history(w, &t);
	if (!check_rest(w, CALM) || !two_check_paths(&t))
		return;
	before = describe_all(w);
	for (unsigned what = 0; what < MISCHIEF_ERRORS; what++) {
		adversary_start(a, (enum mischief)what, 3 * MS);
		stage_pause(w, 500, 1500);
	}
	adversary_stop(a);
	if (expect_unchanged(w, &before) && two_check_paths(&t))
		stage_finish(w);
}

static void established(struct world *w)
{
	struct adversary *a = adversary_new(w);

	play_with_established(w, a);
	adversary_free(a);
}

/* ---- a peer behind a NAT, whom others would like to be ---- */

static void play_with_nat(struct world *w, struct adversary *a)
{
	struct nat *nat = nat_new(w, "fort", "203.0.113.1", 600 * NSEC_PER_SEC);
	struct machine *east = machine_new(w, "east", "192.0.2.2", NULL);
	struct machine *north = machine_new(w, "north", "192.168.1.2", nat);
	static const char lines[] =
		"leftid=@north\nleftsubnet=10.100.1.0/24\nrightid=@east\nrightsubnet=10.2.0.0/24\n"
		"authby=secret\n";
	struct text before;
	struct order *o;

	machine_secret(east, "", "a secret of both");
	machine_secret(north, "", "a secret of both");
	machine_start(east);
	machine_start(north);
	machine_add(east, "tunnel", "left=%%any\nright=192.0.2.2\n%s", lines);
	machine_add(north, "tunnel", "left=%%defaultroute\nright=192.0.2.2\n%s", lines);
	o = machine_command(north, CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS))
		return;
	machine_command(north, CMD_REKEY_CHILD, "tunnel");
	world_run(w, 8 * NSEC_PER_SEC);
	before = describe_all(w);
	adversary_start(a, MISCHIEF_REPLAY, 3 * MS);
	stage_pause(w, 500, 1500);
	adversary_start(a, MISCHIEF_MUTATE, 3 * MS);
	stage_pause(w, 500, 1500);
	adversary_stop(a);
	if (expect_unchanged(w, &before) && check_path(east, "10.2.0.9", north, "10.100.1.5") &&
	    check_path(north, "10.100.1.5", east, "10.2.0.9"))
		stage_finish(w);
}

static void behind_nat(struct world *w)
{
	struct adversary *a = adversary_new(w);

	play_with_nat(w, a);
	adversary_free(a);
}

/* ---- a handshake under way ---- */

/* Unprotected errors are not believed while a better answer may come (RFC 7296 2.21.1). */
static void play_with_errors(struct world *w, struct adversary *a)
{
	struct order *o;
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	adversary_start(a, MISCHIEF_ERRORS, MS);
	o = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || (!w->foul && !expect_code(w, o, RC_SUCCESS)))
		return;
	stage_pause(w, 0, 200);
	adversary_stop(a);
	net_calm(w);
	if (check_rest(w, stage_limit(w)) && two_check_paths(&t))
		stage_finish(w);
}

static void handshake_errors(struct world *w)
{
	struct adversary *a = adversary_new(w);

	play_with_errors(w, a);
	adversary_free(a);
}

/* A changed copy may come before the original and spoil a try, but never more than that. */
static void play_with_handshake(struct world *w, struct adversary *a)
{
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	adversary_start(a, (enum mischief)dice_below(&w->dice, MISCHIEF_ERRORS), MS);
	machine_command(two_any(&t), CMD_UP, "tunnel");
	stage_pause(w, 100, 3000);
	adversary_stop(a);
	net_calm(w);
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

static void handshake_changed(struct world *w)
{
	struct adversary *a = adversary_new(w);

	play_with_handshake(w, a);
	adversary_free(a);
}

/* ---- deviation ---- */

static bool asks_for_proof(struct world *w, void *ctx)
{
	return machine_ike_sas(ctx, IKE_AUTHENTICATING);
}

static bool is_up(struct world *w, void *ctx)
{
	return machine_ike_sas(ctx, IKE_ESTABLISHED);
}

/*
 * An initiator's proof is led to a responder that it never meant, or whose answer it never
 * hears: what the responder has made of it must not stay.
 */
static void deviated(struct world *w)
{
	struct two t;

	w->foul = true;
	stage_two(w, &t);
	two_add(&t, "");
	machine_command(t.west, CMD_UP, "tunnel");
	world_run_until(w, PATIENCE, MS, asks_for_proof, t.west);
	t.west->deaf = true;
	world_run_until(w, PATIENCE, MS, is_up, t.east);
	t.west->mute = true;
	if (!world_expect(w, is_up(w, t.east), "the proof did not reach east"))
		return;
	tell_story(w, "west hears nothing of it, and says no more");
	world_run(w, 90 * NSEC_PER_SEC);
	if (!world_expect(w, !is_up(w, t.east) && list_empty(&t.east->plane.sas),
			  "east keeps SAs of a peer that never knew of them"))
		return;
	t.west->deaf = t.west->mute = false;
	stage_finish(w);
}

/* ---- floods ---- */

#define COOKIE_AT 32
#define HALF_OPEN_MAX 128
#define PER_SOURCE 16
#define KNOCKS 1500
#define OCTETS_EACH 8192 /* of memory that a half-open SA may take at most */

struct flood {
	struct world *w;
	struct adversary *a;
	struct machine *east;
	bool one_source;
	unsigned most; /* half-open SAs that were seen */
};

static struct endpoint some_source(struct flood *f, unsigned n)
{
	unsigned high = f->one_source ? 0 : n / 250 % 250, low = f->one_source ? 0 : n % 250;
	bool v6 = f->east->addrs[0].family == IP_V6;
	char text[64];
	struct endpoint e = {.port = 500};

	snprintf(text, sizeof(text), v6 ? "2001:db8:%x:%x::7" : "203.%u.%u.7", high, low);
	if (f->one_source)
		e.port = (uint16_t)(1024 + n);
	if (ip_parse(text, &e.addr))
		world_fail(f->w, "%s is no address", text);
	return e;
}

static bool knock_many(struct flood *f, unsigned from, unsigned n)
{
	struct endpoint to = {f->east->addrs[0], 500};

	for (unsigned i = from; i < from + n; i++) {
		struct endpoint source = some_source(f, i);
		struct ike_counts c;

		if (!world_expect(f->w, adversary_knock(f->a, &source, &to),
				  "there is no first message"))
			return false;
		world_run(f->w, MS);
		c = ike_counts(f->east->ike);
		f->most = c.half_open > f->most ? c.half_open : f->most;
		if (!world_expect(f->w, c.octets < (HALF_OPEN_MAX + 8) * OCTETS_EACH,
				  "a flood makes the core hold %zu octets", c.octets))
			return false;
	}
	return !f->w->failed;
}

static void start_flooded(struct world *w, struct two *t)
{
	stage_two(w, t);
	machine_crash(t->east);
	t->east->settings.half_open_cookie = COOKIE_AT;
	t->east->settings.half_open_max = HALF_OPEN_MAX;
	t->east->settings.half_open_per_source = PER_SOURCE;
	machine_start(t->east);
	two_add(t, "");
}

/* From the one who floods the core hears nothing more; another one gets through. */
static void play_flood(struct world *w, struct flood *f, unsigned limit)
{
	struct order *o;
	struct two t;

	start_flooded(w, &t);
	f->east = t.east;
	/* It learns what a first message looks like. */
	o = machine_command(t.west, CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS))
		return;
	machine_command(t.west, CMD_DOWN, "tunnel");
	world_run(w, 15 * NSEC_PER_SEC);
	if (!knock_many(f, 0, KNOCKS / 2))
		return;
	o = machine_command(t.west, CMD_UP, "tunnel");
	if (!knock_many(f, KNOCKS / 2, KNOCKS / 2))
		return;
	if (!world_expect(w, f->most <= limit, "%u half-open SAs under a flood", f->most) ||
	    !expect_end(w, o, PATIENCE))
		return;
	/*
	 * Where cookies are returned, the places are taken honestly; else the legitimate
	 * peer is in.
	 */
	if (limit < HALF_OPEN_MAX && !expect_code(w, o, RC_SUCCESS))
		return;
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

static void flood(struct world *w, bool one_source, bool cookies, unsigned limit)
{
	struct flood f = {.w = w, .a = adversary_new(w), .one_source = one_source};

	adversary_return_cookies(f.a, cookies);
	play_flood(w, &f, limit);
	adversary_free(f.a);
}

/* Sources that do not exist: once there are many, all must return a cookie first. */
static void flood_spoofed(struct world *w)
{
	flood(w, false, false, COOKIE_AT + 2);
}

/* One that does exist. */
static void flood_one_source(struct world *w)
{
	flood(w, true, true, PER_SOURCE + 2);
}

/* A whole network that does exist, and returns cookies. */
static void flood_with_cookies(struct world *w)
{
	flood(w, false, true, HALF_OPEN_MAX);
}

const struct scenario attack_scenarios[] = {
	{"established", "replays, changed copies and junk against an established tunnel",
	 established, FAIR, 90},
	{"behind-nat", "replays against a peer behind a NAT", behind_nat, FAIR, 60},
	{"handshake-errors", "unprotected errors against a handshake", handshake_errors, FAIR,
	 180},
	{"handshake-changed", "replays, changed copies and junk against a handshake",
	 handshake_changed, FAIR, 180},
	{"deviated", "an initiator's proof reaches one who is never heard again", deviated,
	 FAIR, 30},
	{"flood-spoofed", "first messages from sources that do not exist", flood_spoofed, FAIR,
	 6},
	{"flood-one-source", "first messages from one source", flood_one_source, FAIR, 6},
	{"flood-with-cookies", "first messages from many sources that return cookies",
	 flood_with_cookies, FAIR, 6},
	{0},
};
