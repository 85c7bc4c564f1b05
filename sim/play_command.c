/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario.h"

const struct scenario command_scenarios[] = {
	{0},
};
