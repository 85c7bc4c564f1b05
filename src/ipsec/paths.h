/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_PATHS_H
#define IPSEC_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where things are on this host. IPSEC_CONFS names the folder of ipsec.conf,
 * ipsec.secrets and ipsec.d/, IPSEC_RUNDIR the one of pluto.ctl and pluto.pid,
 * IPSEC_EXECDIR the one of pluto; --confs, --rundir set the first two.
 */
struct paths {
	char confs[1024];   /* default /etc */
	char rundir[1024];  /* default /run/pluto */
	bool rundir_given;  /* by --rundir */
	char execdir[1024]; /* default: beside this program if pluto is, else as installed */
	const char *config; /* of --config, borrowed; NULL: CONFS/ipsec.conf */
};

/*
 * From the environment and this program's own place. False, with a message, when
 * a path is too long.
 */
bool paths_find(struct paths *ret);

/* "FOLDER/NAME" into buf; false when it does not fit. */
bool paths_join(char *buf, size_t cap, const char *folder, const char *name);

/*
 * The file to read: `named` (by --config), or when that is NULL p->config, or CONFS/ipsec.conf
 * in buf. NULL, with a message, when the path is too long.
 */
const char *paths_conf_file(const struct paths *p, const char *named, char *buf, size_t cap);

/* Use another run folder, as --rundir does. False, with a message, when it is too long. */
bool paths_set_rundir(struct paths *p, const char *folder);

/* Put confs and rundir into the environment, for programs that are run from here. */
bool paths_export(const struct paths *p);

#endif
