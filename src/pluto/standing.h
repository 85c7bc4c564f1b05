/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_STANDING_H
#define PLUTO_STANDING_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct again;
struct policy;
struct rundir;

/*
 * The names of the connections that are routed or up, kept in RUNDIR/pluto.routed: one a line.
 * When the daemon is killed, or stopped for a restart, "ipsec setup" routes those again that the
 * configuration still has, whatever their auto= says. The file is written anew as a whole at the end of a turn of the loop, with
 * pauses that keep its share of the time small.
 */
struct standing {
	const struct policy *policy;
	struct rundir *rundir;
	/* Of an earlier run, until that's leavings have gone, or this one has them in force. */
	struct again *left;
	uint64_t written, pause_until; /* the policy's count when it was; ms of the loop */
	bool stopped;
	uv_prepare_t turn;
	uv_timer_t wake;
};

/* Take over what the folder's file has, and begin. Hold the lock; `policy` outlives it. */
void standing_start(struct standing *s, uv_loop_t *loop, struct rundir *r,
		    const struct policy *policy);
/* What an earlier run left has gone: its names are no more kept. */
void standing_settled(struct standing *s);
/* From now on what goes is going with the daemon, and its name stays. */
void standing_stop(struct standing *s);
/* Close the handles; before the loop's last turn. */
void standing_close(struct standing *s);

#endif
