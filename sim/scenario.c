/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario.h"

#include <string.h>

static const struct scenario *const groups[] = {
	tunnel_scenarios,  rekey_scenarios,   failure_scenarios, nat_scenarios,
	command_scenarios, refusal_scenarios, attack_scenarios,  chaos_scenarios,
};
#define GROUPS (sizeof(groups) / sizeof(*groups))

/* Each group ends with a row that has no name. */
const struct scenario *scenario_next(const struct scenario *after)
{
	bool passed = !after;

	for (size_t g = 0; g < GROUPS; g++) {
		for (const struct scenario *s = groups[g]; s->name; s++) {
			if (passed)
				return s;
			passed = s == after;
		}
	}
	return NULL;
}

const struct scenario *scenario_find(const char *name)
{
	for (const struct scenario *s = NULL; (s = scenario_next(s));)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}
