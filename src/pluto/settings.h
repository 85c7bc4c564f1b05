/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_SETTINGS_H
#define PLUTO_SETTINGS_H

#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"

#include <stdint.h>

#define SETTINGS_INSTANCE_MAX 255
#define SETTINGS_INSTANCE_ANY UINT32_MAX

/* What the command line and the environment say. Strings borrow from them, or are static. */
struct settings {
	bool help, version;
	bool cleanup;    /* remove what a killed one left, and end */
	bool check;      /* try what the command line asks for, and end */
	bool foreground; /* --nofork */
	bool log_stderr; /* --stderrlog; follows from --nofork unless a file is named */
	bool debug;      /* write reports of level debug too */
	const char *rundir;
	const char *unique_ids; /* "yes", "no", "never" */
	const char *confs;   /* folder of ipsec.conf, ipsec.secrets, ipsec.d */
	const char *secrets; /* NULL: CONFS/ipsec.secrets */
	const char *log_file;
	const char *listen;          /* addresses to use, comma separated; NULL: all */
	const char *virtual_private; /* NULL: none */
	const char *radius_servers;  /* NULL: none */
	uint32_t radius_seconds;     /* until a question is sent again for the first time */
	uint32_t radius_tries;       /* to one server */
	const char *plane;           /* "auto", "xfrm", "esp", "memory" */
	const char *group; /* whose members may use the control socket; NULL: root alone */
	unsigned workers;  /* 0: as many as cores */
	/*
	 * Of the plane: daemons in one network namespace differ in it. SETTINGS_INSTANCE_ANY:
	 * what the run folder had last, else the first one that is free.
	 */
	unsigned instance;
	uint32_t half_open_cookie, half_open_max; /* UINT32_MAX: the core's default */
	uint32_t updown_seconds; /* an updown program that takes longer is ended; 0: never */
	const char *crl_policy;  /* strictcrlpolicy=: "no", "ifuri", "yes" */
	bool cache_crls;         /* fetched lists are kept in ipsec.d/crls */
	uint32_t crl_interval;   /* seconds between looks at what is due; 0: none */
	uint32_t fetch_seconds;  /* that one fetch may take */
	const char *dns_root_key, *dns_anchors; /* files; NULL: the system's, none */
	uint32_t keep_alive_seconds;            /* UINT32_MAX: the core's default; 0 off */
};

/*
 * From argv and the environment (IPSEC_RUNDIR, IPSEC_CONFS; options win).
 * CYG_RANGE with the reason in *why.
 */
MUST_CHECK enum cyg_err settings_parse(int argc, char **argv, struct settings *ret,
				       struct diag *why);

/* The text of --help. */
void settings_help(struct text *out);

/*
 * What --help says of the i-th option; its argument is NULL for a flag. False behind the last
 * one.
 */
bool settings_doc(size_t i, const char **ret_name, const char **ret_argument,
		  const char **ret_doc);

#endif
