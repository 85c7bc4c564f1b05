/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario.h"

const struct scenario failure_scenarios[] = {
	{0},
};
