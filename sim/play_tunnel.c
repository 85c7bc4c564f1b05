/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tunnel comes up, carries packets, and goes down.
 */
#include "sim/scenario.h"

#include <stdio.h>
#include <string.h>

/* The command ends; in foul weather its try may fail, and is made again later. */
static bool comes_up(struct world *w, const struct order *up)
{
	return expect_end(w, up, PATIENCE) && (w->foul || expect_code(w, up, RC_SUCCESS));
}

/* Once it is calm the tunnel carries packets; in fair weather nothing was made twice. */
static bool stands(struct two *t, bool fair)
{
	net_calm(t->w);
	return check_rest(t->w, stage_limit(t->w)) && two_check_paths(t) &&
	       (!fair || (expect_sas(t->west, 1, 1) && expect_sas(t->east, 1, 1)));
}

/* One end brings it up. */
static void handshake(struct world *w)
{
	bool fair = !w->foul;
	struct two t;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	if (comes_up(w, machine_command(two_any(&t), CMD_UP, "tunnel")) && stands(&t, fair))
		stage_finish(w);
}

/* Several subnets, several connections to one peer: one IKE SA serves them. */
static void siblings(struct world *w)
{
	static const char *const nets[][4] = {
		{"10.1.0.0/24", "10.2.0.0/24", "10.1.0.7", "10.2.0.9"},
		{"10.3.0.0/24", "10.4.0.0/24", "10.3.0.7", "10.4.0.9"},
		{"10.5.0.0/24", "10.6.0.0/24", "10.5.0.7", "10.6.0.9"},
	};
	static const char *const names[] = {"one", "two", "three"};
	struct two t;

	stage_two(w, &t);
	for (size_t i = 0; i < 3; i++) {
		for (int e = 0; e < 2; e++)
			machine_add(e ? t.east : t.west, names[i],
				    "%s%sleftsubnet=%s\nrightsubnet=%s\n", t.text,
				    stage_liveness(w), nets[i][0], nets[i][1]);
	}
	for (size_t i = 0; i < 3; i++) {
		machine_command(two_any(&t), CMD_UP, names[i]);
		stage_pause(w, 0, 60);
	}
	world_run(w, PATIENCE);
	net_calm(w);
	if (!check_rest(w, stage_limit(w)))
		return;
	for (size_t i = 0; i < 3; i++)
		if (!check_path(t.west, nets[i][2], t.east, nets[i][3]) ||
		    !check_path(t.east, nets[i][3], t.west, nets[i][2]))
			return;
	stage_finish(w);
}

/*
 * East has a connection for each pair of networks, and so takes but one of those that west offers: the
 * packets of each other pair ask for it.
 */
static void narrowed(struct world *w)
{
	static const char *const nets[][2] = {{"10.1.0.0/24", "10.2.0.0/24"},
					      {"10.1.0.0/24", "10.4.0.0/24"},
					      {"10.3.0.0/24", "10.2.0.0/24"},
					      {"10.3.0.0/24", "10.4.0.0/24"}};
	static const char *const packets[][2] = {{"10.1.0.7", "10.2.0.9"},
						 {"10.3.0.7", "10.4.0.9"},
						 {"10.1.0.7", "10.4.0.9"},
						 {"10.3.0.7", "10.2.0.9"}};
	static const char *const names[] = {"one", "two", "three", "four"};
	struct two t;

	stage_two(w, &t);
	machine_add(
		t.west, "net",
		"%s%sleftsubnet=10.1.0.0/24,10.3.0.0/24\nrightsubnet=10.2.0.0/24,10.4.0.0/24\n",
		t.text, stage_liveness(w));
	for (size_t i = 0; i < 4; i++)
		machine_add(t.east, names[i], "%sleftsubnet=%s\nrightsubnet=%s\n", t.text,
			    nets[i][0], nets[i][1]);
	if (!expect_end(w, machine_command(t.west, CMD_UP, "net"), PATIENCE))
		return;
	world_run(w, PATIENCE);
	net_calm(w);
	for (size_t i = 0; i < 4; i++)
		if (!check_path(t.west, packets[i][0], t.east, packets[i][1]) ||
		    !check_path(t.east, packets[i][1], t.west, packets[i][0]))
			return;
	if (expect_sas(t.west, 1, 4))
		stage_finish(w);
}

/* Every message is in fragments: up, both SAs rekeyed, down. */
static void fragments(struct world *w)
{
	static const enum command_kind rekeys[] = {CMD_REKEY_IKE, CMD_REKEY_CHILD};
	bool fair = !w->foul;
	char lines[256];
	struct two t;

	stage_two(w, &t);
	snprintf(lines, sizeof(lines), "%sfragment-size=256\n", stage_liveness(w));
	two_add(&t, lines);
	if (!comes_up(w, machine_command(two_any(&t), CMD_UP, "tunnel")))
		return;
	for (size_t i = 0; i < 2; i++) {
		machine_command(two_any(&t), rekeys[i], "tunnel");
		stage_pause(w, 0, 4000);
	}
	if (!stands(&t, fair))
		return;
	world_expect(w,
		     ike_counts(t.west->ike).reassembled && ike_counts(t.east->ike).reassembled,
		     "there were no fragments");
	stage_finish(w);
}

/* The path loses what is longer than the smallest that each must carry, and says nothing. */
static void narrow_path(struct world *w)
{
	struct weather weather = w->net.weather;
	char lines[1024];
	struct order *o;
	struct two t;

	stage_two(w, &t);
	/* Names so long that no message with them passes whole. */
	snprintf(lines, sizeof(lines), "leftid=@%0500d.west\nrightid=@%0400d.east\n", 0, 0);
	machine_secret(t.west, "%any", "a secret of both");
	machine_secret(t.east, "%any", "a secret of both");
	two_add(&t, lines);
	/* IPv6 needs 1280 octets of every path, IPv4 576. */
	weather.longest = strchr(t.text, ':') ? 1280 - 48 : 576 - 28;
	w->net.weather = weather;
	o = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || !expect_code(w, o, RC_SUCCESS))
		return;
	if (!expect_sas(t.west, 1, 1) || !expect_sas(t.east, 1, 1) || !two_check_paths(&t))
		return;
	stage_finish(w);
}

/* West proves itself by EAP, whose rounds are exchanges of IKE_AUTH. */
static struct order *begin_eap(struct world *w, struct two *t)
{
	char lines[256];

	stage_two(w, t);
	machine_secret(t->west, "EAP @west", "xylophone");
	machine_secret(t->east, "EAP @west", "xylophone");
	snprintf(lines, sizeof(lines), "%sleftauth=eap-mschapv2\nrightauth=secret\n",
		 stage_liveness(w));
	two_add(t, lines);
	return machine_command(t->west, CMD_UP, "tunnel");
}

static void eap(struct world *w)
{
	bool fair = !w->foul;
	struct two t;

	if (comes_up(w, begin_eap(w, &t)) && stands(&t, fair))
		stage_finish(w);
}

/* The server dies amid EAP and has forgotten all of it when it comes again. */
static void eap_restart(struct world *w)
{
	struct two t;

	w->foul = true;
	begin_eap(w, &t);
	stage_pause(w, 0, 400);
	machine_crash(t.east);
	stage_pause(w, 0, 3000);
	machine_start(t.east);
	if (stands(&t, false))
		stage_finish(w);
}

const struct scenario tunnel_scenarios[] = {
	{"handshake", "one end brings the tunnel up", handshake, FAIR, 300},
	{"handshake-loss", "the same while a fifth of the datagrams is lost", handshake, FOUL,
	 200},
	{"eap", "one end proves itself by EAP", eap, FAIR, 60},
	{"eap-loss", "the same while a fifth of the datagrams is lost", eap, FOUL, 60},
	{"eap-restart", "the server dies amid EAP, and comes again", eap_restart, FAIR, 40},
	{"siblings", "three connections to one peer", siblings, FAIR, 90},
	{"siblings-loss", "the same while a fifth of the datagrams is lost", siblings, FOUL,
	 30},
	{"narrowed", "the peer has a connection for each pair of networks", narrowed, FAIR, 40},
	{"narrowed-loss", "the same while a fifth of the datagrams is lost", narrowed, FOUL,
	 20},
	{"fragments", "all messages are in fragments", fragments, FAIR, 60},
	{"fragments-loss", "the same while a fifth of them is lost", fragments, FOUL, 60},
	{"fragments-path", "a path that loses long datagrams without a word", narrow_path, FAIR,
	 40},
	{0},
};
