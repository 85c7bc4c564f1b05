/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include "sim/scenario.h"

/* One run of a scenario. */
struct run {
	const struct scenario *scenario;
	uint64_t seed;
	enum trace_level level;
	enum sabotage sabotage;
};

struct outcome {
	bool failed;
	char failure[1024]; /* the first fault */
	char *trace;        /* with a level above TRACE_OFF; the caller frees it */
	nsec virtual_time;
	uint64_t handshakes; /* IKE SAs that were established */
	uint64_t datagrams, lost;
};

/* Play it. The same run always has the same outcome. */
void play(struct lab *lab, const struct run *run, struct outcome *ret);

#endif
