/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_LOADER_H
#define IPSEC_LOADER_H

#include "conf/conf.h"

struct again;
struct client;

/*
 * Hand connections of a configuration to a running pluto. Calls are sent ahead
 * of their answers, so that 10,000 connections take one round trip's patience.
 */
struct loaded_counts {
	size_t loaded, routed, started; /* of which it is known that it went well */
	size_t failed;                  /* connections that are not all that they should be */
	size_t same, deleted; /* of a reload: loaded like this before; gone from the file */
	size_t kept;     /* of a reload: gone from a file that may not be whole, and left */
	unsigned status; /* of the first failure, which need not be a connection's: a number of
			    whack's lines; 0: none */
};

enum loader_action {
	LOADER_ADD,   /* load */
	LOADER_ROUTE, /* and route */
	LOADER_UP,    /* and bring up */
	LOADER_AUTO,  /* load ca sections too, listen, and route or bring up as auto= says */
};

struct loader_job {
	const char *who;    /* what complaints begin with: "ipsec setup" */
	char *const *names; /* NULL-terminated; NULL: all that say auto= */
	enum loader_action action;
	const char *confs;   /* the folder of ipsec.d, where certificates of ca sections lie */
	bool wait;           /* for each connection that is brought up */
	struct again *again; /* by LOADER_AUTO loaded and routed, if the file has them; NULL */
};

/*
 * Load, each in place of the one of its name. What went wrong is told on standard
 * error; false when pluto went away.
 */
bool loader_run(struct client *client, const struct conf *conf, const struct loader_job *job,
		struct loaded_counts *ret);

/*
 * Make what is loaded what the file says: what says auto= is loaded unless it is
 * loaded like this already, what the file does not have (any more) is deleted, and
 * what is new or has changed is routed or brought up as auto= says. Tunnels of
 * connections that stay the same are not touched. Then listen, which reads
 * addresses, secrets and groups again. What is deleted is told by name. Nothing is (and that is
 * told) when a part of the file could not be read, when it includes an empty file or of a folder
 * that is not there, or has no connection at all. One that is new with the ends and networks
 * of one that goes and was routed or up is routed.
 */
bool loader_reload(struct client *client, const struct conf *conf, const struct loader_job *job,
		   struct loaded_counts *ret);

/*
 * How many loaded connections of the running pluto a configuration does not have (0, too, when it
 * can't be asked, which is told).
 */
size_t loader_count_gone(struct client *client, const struct conf *conf, const char *who);

/* Tell each error and warning on standard error, behind `who`. */
void loader_print_problems(const char *who, const struct problems *p);

#endif
