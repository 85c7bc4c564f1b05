/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PREDECESSOR_H
#define PLUTO_PREDECESSOR_H

#include "pluto/rundir.h"
#include "pluto/settings.h"

/*
 * Which plane and instance the daemon of a run folder uses, kept there in pluto.plane
 * ("esp 0"), so that what it leaves in the kernel when it is killed can be found again:
 * by the next one of the folder, and by pluto --cleanup.
 */
struct predecessor {
	char plane[16]; /* "" none is known */
	unsigned instance;
};

/* What the folder knows; a file that is none, or is not as we write it, knows nothing. */
void predecessor_recall(const struct rundir *r, struct predecessor *ret);
/* Note what this daemon uses. Hold the lock. */
MUST_CHECK enum cyg_err predecessor_note(struct rundir *r, const struct predecessor *p,
					 struct diag *why);

/*
 * Remove what a killed daemon of the run folder of *s left in the kernel and in the folder, and
 * say on standard output what that was. The process's exit status: 0 well, EXIT_LOCKED when a
 * daemon is running there, EXIT_SOCKET for the folder, EXIT_PLANE when something has to stay.
 */
int predecessor_cleanup(const struct settings *s, struct diag *why);

#endif
