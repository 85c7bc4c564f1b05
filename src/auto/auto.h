/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTO_AUTO_H
#define AUTO_AUTO_H

#include <stdio.h>

/*
 * `ipsec auto`: an operation and the names of connections become `ipsec whack`
 * commands, which are shown, run, or both. Nothing is done that those commands
 * would not do: what --showonly prints can be pasted into a shell.
 */
struct auto_env {
	const char *confs; /* the folder of ipsec.conf, without a slash at its end */
	/* The folder of pluto.ctl if the command line named it: shown commands do too; else NULL. */
	const char *rundir;
	FILE *out, *err;
	/*
	 * Run one whack command: argv[0] is "whack", NULL-terminated. Lines numbered
	 * 002 are left out unless `verbose`. Returns whack's exit status.
	 */
	int (*whack)(void *ctx, char **argv, int argc, int verbose);
	void *ctx;
};

/*
 * The whole command: argv[0] is "auto". Returns the exit status: 2 for a
 * command line that can't be understood, 3 for a configuration file that can't
 * be read, 21 for a connection that it does not have, 30 for one that it
 * describes wrongly, else what whack returned; of several commands the first
 * failure's.
 */
int auto_main(int argc, char **argv, const struct auto_env *env);

#endif
