/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/play.h"

#include <stdio.h>

/* Each handshake established an IKE SA at both ends. */
static uint64_t handshakes(const struct world *w)
{
	uint64_t n = w->established;

	LIST_EACH(m, &w->machines, struct machine, link)
		if (!m->down)
			n += ike_counts(m->ike).handshakes;
	return n / 2;
}

void play(struct lab *lab, const struct run *run, struct outcome *ret)
{
	struct world *w = world_new(lab, run->seed, run->level, run->sabotage);

	w->net.weather = run->scenario->weather;
	w->foul = w->net.weather.loss;
	run->scenario->run(w);
	*ret = (struct outcome){
		.failed = w->failed,
		.virtual_time = w->now,
		.handshakes = handshakes(w),
		.datagrams = w->net.sent,
		.lost = w->net.lost,
	};
	snprintf(ret->failure, sizeof(ret->failure), "%s", text_str(&w->failure));
	if (run->level > TRACE_OFF)
		ret->trace = text_take(&w->trace);
	world_free(w);
}
