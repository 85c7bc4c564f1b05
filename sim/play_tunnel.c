/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tunnel comes up, carries packets, and goes down.
 */
#include "sim/scenario.h"

/* One end brings it up; in foul weather a try may fail, and is made again. */
static void handshake(struct world *w)
{
	struct two t;
	struct order *o;
	bool fair = !w->foul;

	stage_two(w, &t);
	two_add(&t, stage_liveness(w));
	o = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE))
		return;
	if (fair && !expect_code(w, o, RC_SUCCESS))
		return;
	net_calm(w);
	if (!check_rest(w, stage_limit(w)) || !two_check_paths(&t))
		return;
	if (fair && (!expect_sas(t.west, 1, 1) || !expect_sas(t.east, 1, 1)))
		return;
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

const struct scenario tunnel_scenarios[] = {
	{"handshake", "one end brings the tunnel up", handshake, FAIR, 300},
	{"handshake-loss", "the same while a fifth of the datagrams is lost", handshake, FOUL,
	 200},
	{"siblings", "three connections to one peer", siblings, FAIR, 90},
	{"siblings-loss", "the same while a fifth of the datagrams is lost", siblings, FOUL,
	 30},
	{0},
};
