/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "sim/machine.h"

/*
 * What must be so once nothing is under way. Each check fails the run, says
 * what it found and returns false when it is not so.
 */

/*
 * Let time pass until all machines are at rest: no command without its end,
 * nothing asked of a host or a peer without an answer, nothing half made, every
 * connection that is wanted up; and all fits together: the SAs of both ends pair
 * up by SPI with the same keys and mirrored selectors, planes hold what cores
 * believe, and policies what is loaded. That must come true within `limit`.
 */
bool check_rest(struct world *w, nsec limit);

/* A packet goes from one end to the other, protected, within two seconds. */
bool check_path(struct machine *from, const char *source, struct machine *to,
		const char *destination);

/*
 * A machine holds no SA any more, neither in its core nor in its plane, and its
 * memory is back.
 */
bool check_empty(struct machine *m);

#endif
