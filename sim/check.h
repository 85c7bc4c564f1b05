/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "sim/machine.h"

/*
 * What must be so once nothing is under way. Each check fails the run and says
 * what it found; `false` when it did.
 */

/*
 * Let time pass until all hosts are quiet: no command without its end, nothing
 * asked of a host or a peer without an answer, nothing half made, and every
 * connection that is wanted up. Fails after `limit`.
 */
bool settle(struct world *w, nsec limit);

/*
 * The state of all hosts fits together: SAs of both ends pair up by SPI with
 * the same keys and mirrored selectors, planes hold what cores believe, and
 * policies what is loaded.
 */
bool check_agreement(struct world *w);

/* A packet goes from one end to the other, protected, within two seconds. */
bool check_path(struct machine *from, const char *source, struct machine *to, const char *destination);

/* A host holds no SA any more, neither in its core nor in its plane, and its memory is back. */
bool check_empty(struct machine *h);

/* As settle and check_agreement. */
bool check_rest(struct world *w, nsec limit);

#endif
