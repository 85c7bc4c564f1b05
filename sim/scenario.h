/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim/stage.h"

/*
 * What can be played. A scenario is a function of the world alone: it makes
 * hosts, lets things happen and time pass, and checks. The first fault ends it.
 */
struct scenario {
	const char *name;
	const char *what; /* one line for --list */
	void (*run)(struct world *w);
	struct weather weather; /* to begin with; net_calm ends it */
	unsigned seeds;         /* of the suite */
};

/* Scenarios of one file; their list ends with a row without a name. */
struct scenario_group {
	const char *name;
	const struct scenario *rows;
};
extern const struct scenario_group scenario_groups[];
extern const size_t scenario_groups_len;

extern const struct scenario tunnel_scenarios[], crossing_scenarios[], rekey_scenarios[],
	clones_scenarios[], failure_scenarios[], nat_scenarios[], command_scenarios[],
	refusal_scenarios[], shunt_scenarios[], internal_scenarios[], hosts_scenarios[],
	attack_scenarios[], chaos_scenarios[];

/* By name; NULL if none. */
const struct scenario *scenario_find(const char *name);

#define MS NSEC_PER_MS

/*
 * Fair: nothing is lost, but later datagrams may overtake. Foul: a fifth is
 * lost, some come twice.
 */
#define FAIR                                              \
	{                                                 \
		.delay_min = 2 * MS, .delay_max = 12 * MS \
	}
#define FOUL                                                                       \
	{                                                                          \
		.loss = 20, .twice = 10, .delay_min = 2 * MS, .delay_max = 60 * MS \
	}

#endif
