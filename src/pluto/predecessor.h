/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PREDECESSOR_H
#define PLUTO_PREDECESSOR_H

#include "pluto/rundir.h"
#include "pluto/settings.h"

struct net;

/*
 * Which plane and instance the daemon of a run folder uses, kept there in pluto.plane
 * ("esp 0"), so that what it leaves in the kernel when it is killed can be found again:
 * by the next one of the folder, and by pluto --cleanup. Until what others left on another
 * plane is removed, theirs stand in lines below.
 */
struct predecessor {
	char plane[16];
	unsigned instance;
};

#define PREDECESSORS_MAX 8

struct predecessors {
	struct predecessor all[PREDECESSORS_MAX]; /* newest first */
	size_t len;
};

/* What the folder knows; a file that is none, or is not as we write it, knows nothing. */
void predecessors_recall(const struct rundir *r, struct predecessors *ret);
/* Whether one of them used this. */
bool predecessors_have(const struct predecessors *p, const char *plane, unsigned instance);
/* Put what this daemon uses before them, and out of its old place; the oldest may fall off. */
void predecessors_add(struct predecessors *p, const char *plane, unsigned instance);
/* Note them. Hold the lock. */
MUST_CHECK enum cyg_err predecessors_note(struct rundir *r, const struct predecessors *p,
					  struct diag *why);
/*
 * Remove from the kernel what all but the first one left; those that are done leave the list.
 * The first failure is told and its error returned; what another one uses by now stays and
 * is no failure.
 */
MUST_CHECK enum cyg_err predecessors_clean_others(struct predecessors *p, struct net *net,
						  struct diag *why);

/*
 * Remove what a killed daemon of the run folder of *s left in the kernel and in the folder, and
 * say on standard output what that was. The process's exit status: 0 well, EXIT_LOCKED when a
 * daemon is running there, EXIT_SOCKET for the folder, EXIT_PLANE when something has to stay.
 */
int predecessor_cleanup(const struct settings *s, struct diag *why);

#endif
