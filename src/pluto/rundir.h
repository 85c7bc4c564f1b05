/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_RUNDIR_H
#define PLUTO_RUNDIR_H

#include "base/diag.h"
#include "base/err.h"

#include <sys/types.h>

/*
 * RUNDIR and what lies in it: pluto.pid, pluto.ctl, ipsec.info, pluto.plane. The folder is
 * opened once, must belong to us and be writable by nobody else, and all names
 * in it are used relative to that descriptor without following symbolic links,
 * so that nobody can lead us elsewhere.
 */
struct rundir {
	char *path;
	int fd;     /* of the folder */
	int pid_fd; /* holds the lock on pluto.pid; -1: not locked */
};

/*
 * Open, making the folder (0755) when it is not there. CYG_PERM when strangers could write in
 * it, CYG_IO.
 */
MUST_CHECK enum cyg_err rundir_open(const char *path, struct rundir *ret, struct diag *why);

/* Take the lock of pluto.pid. CYG_EXISTS when another daemon has it. */
MUST_CHECK enum cyg_err rundir_lock(struct rundir *r, struct diag *why);
/* Write our process id into it (after the last fork). */
MUST_CHECK enum cyg_err rundir_write_pid(struct rundir *r, struct diag *why);

/*
 * A listening socket at pluto.ctl in place of what an earlier run left there:
 * mode 0600, or 0660 and group `group` unless that is (gid_t)-1. Hold the lock.
 */
MUST_CHECK enum cyg_err rundir_listen(struct rundir *r, gid_t group, int *ret_fd,
				      struct diag *why);

/* Replace the file `name` by `text` in one step, mode 0644. What can't be written leaves the old one. */
MUST_CHECK enum cyg_err rundir_write(struct rundir *r, const char *name, const char *text,
				     struct diag *why);
/* The file `name` holds no more; it need not be there. */
void rundir_remove(struct rundir *r, const char *name);

/*
 * Remove the socket, our own ipsec.info and the like and, last, pluto.pid; give up the lock; close.
 * With `left`, something of ours stays in the kernel, and so does pluto.plane, which knows of it.
 */
void rundir_close(struct rundir *r, bool left);
/* Give up the lock and close; what is in the folder stays. */
void rundir_abandon(struct rundir *r);

#define RUNDIR_PID "pluto.pid"
#define RUNDIR_PLANE "pluto.plane"    /* predecessor.h */
#define RUNDIR_REFUSED "refused-pins" /* stays: a PIN is not tried again by the next life */
#define RUNDIR_ADDRESSES "pluto.addresses" /* addresses.h */

#endif
