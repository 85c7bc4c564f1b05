/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_SETUP_PRIVATE_H
#define IPSEC_SETUP_PRIVATE_H

#include "ipsec/service.h"

/* What setup.c, which starts, and setup_end.c share; nobody else includes it. */

enum {
	EXIT_FAILED = 1,
	EXIT_STOPPED = 3,
	EXIT_LEFTOVERS = 1,
	EXIT_DEAF = 4, /* of status: whether it serves is not known */
	EXIT_NOTROOT = 4,
	EXIT_NOCONF = 6,
	EXIT_TROUBLE = 30 /* pluto runs, and not all connections do */
};

/*
 * Run pluto and wait for the command, not for a daemon that it leaves behind. Its exit status; -1
 * when it could not be run, or was killed.
 */
int setup_run_pluto(char *const *words);

/* One of the daemon's counts; -1 when it does not say. */
long setup_ask_count(struct client *client, const char *key);

/* End what runs, by force where it does not answer; the exit status. `restart`: another one is to follow. */
int setup_end(struct service *s, bool restart);

/* The plane that an earlier pluto used: what holds until its leavings are removed. */
void setup_report_plane(const struct paths *p);

/* The commands `stop` and `status`; the exit status. */
int setup_stop(const struct paths *p);
int setup_status(const struct paths *p);

#endif
