/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario.h"

#include <string.h>

const struct scenario_group scenario_groups[] = {
	{"tunnel", tunnel_scenarios},   {"crossing", crossing_scenarios},
	{"rekey", rekey_scenarios},     {"clones", clones_scenarios},
	{"failure", failure_scenarios}, {"nat", nat_scenarios},
	{"command", command_scenarios}, {"refusal", refusal_scenarios},
	{"shunt", shunt_scenarios},     {"internal", internal_scenarios},
	{"hosts", hosts_scenarios},     {"attack", attack_scenarios},
	{"chaos", chaos_scenarios},
};
const size_t scenario_groups_len = sizeof(scenario_groups) / sizeof(*scenario_groups);

const struct scenario *scenario_find(const char *name)
{
	for (size_t g = 0; g < scenario_groups_len; g++)
		for (const struct scenario *s = scenario_groups[g].rows; s->name; s++)
			if (!strcmp(s->name, name))
				return s;
	return NULL;
}
