/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario.h"

const struct scenario refusal_scenarios[] = {
	{0},
};
