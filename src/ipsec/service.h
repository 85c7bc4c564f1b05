/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_SERVICE_H
#define IPSEC_SERVICE_H

#include "ipsec/paths.h"

#include <sys/types.h>

struct client;

/*
 * Whether pluto runs: by an answer at its control socket, and where there is none by its lock.
 * That one could connect says little: the socket of a process that is being killed still takes
 * callers in.
 */
enum service_state {
	SERVICE_STOPPED,
	SERVICE_RUNNING, /* `client` is connected to it */
	SERVICE_DENIED,  /* it runs, and we may not speak to it */
	SERVICE_DEAF, /* its process is there and does not answer: it starts, stops or hangs */
};

struct service {
	unsigned char state; /* enum service_state */
	pid_t pid;           /* 0: not known */
	int process; /* a pidfd: the number may be another process's later; -1: not known */
	struct client *client;
};

/*
 * Look, for some seconds at most (with `client`, one that hangs is given up after some more);
 * service_done when it is used, which may be more than once.
 */
void service_find(const struct paths *p, struct service *ret);
void service_done(struct service *s);

/*
 * Wait until the process has ended. With `ask` tell it to first, by SIGTERM.
 * False when it has not within `seconds`, or may not be told.
 */
bool service_end(const struct service *s, bool ask, unsigned seconds);
/* End a process that can't be asked, by SIGKILL, and wait for that. False: it may not, or did not. */
bool service_kill(const struct service *s);

/* ---- a start that is under way ---- */

/*
 * While connections are loaded, RUNDIR/ipsec_setup.pid is there and locked, with the number of
 * the process that does it. One that nobody holds is of a process that was killed over it.
 */
enum service_start { START_NONE, START_UNDER_WAY, START_INTERRUPTED };

#define SERVICE_PATH_MAX 2048

/* Make the file and hold it; -1 when another one does, or it can't be made. `path` takes its name. */
int service_start_hold(const struct paths *p, char path[SERVICE_PATH_MAX]);
/* Remove what service_start_hold returned; -1 is fine. */
void service_start_release(int fd, const char *path);
/* *ret_pid: who holds it; 0 when that is not known. */
enum service_start service_start_look(const struct paths *p, long *ret_pid);

#endif
