/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_WHACK_H
#define WHACK_WHACK_H

#include <stdbool.h>
#include <stdio.h>

/* Where the command lives. */
struct whack_env {
	FILE *out, *err;
	const char *rundir;   /* where pluto.ctl is; NULL: the default */
	bool hide_log;        /* leave out lines numbered 002 */
	unsigned patience_ms; /* until a silent pluto is looked after; 0: 4 s */
};

/*
 * The command `ipsec whack`: argv[0] is its name. Prints pluto's lines as
 * "NNN text" to out, complaints to err, and returns the exit status.
 */
int whack_main(int argc, char **argv, struct whack_env *env);

struct call;

/*
 * One call that no option says, to the socket `ctlsocket` (NULL: that of env->rundir): its
 * lines are printed, and the status is, as whack_main's.
 */
int whack_call(const struct call *call, const char *ctlsocket, struct whack_env *env);

#endif
