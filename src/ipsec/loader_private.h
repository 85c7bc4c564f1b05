/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_LOADER_PRIVATE_H
#define IPSEC_LOADER_PRIVATE_H

#include "ipsec/loader.h"
#include "whack/prompt.h"
#include "whack/protocol.h"

#include <uthash.h>

struct diag;

/* Of loader.c and reload.c: one run over a configuration. */

#define AHEAD_MAX 256 /* calls sent whose answers have not been read */
#define NAMES_TOLD 20 /* of what goes or is routed; the rest is only counted */
#define NO_CONN SIZE_MAX

/* A connection that pluto has loaded, or was told to load. */
struct known_name {
	UT_hash_handle hh, by_way;
	bool was_there; /* before this run */
	bool fresh;     /* it was loaded in this run, and is not as it was */
	bool goes;      /* the file has it no more */
	bool follows;   /* it is to be routed in the place of one that goes */
	bool in_force;  /* it was routed or up before this run */
	bool followed;  /* a fresh one has its ends and networks */
	char *way;      /* its ends and networks, of one that was in force; owned */
	char name[];
};

/* A call that waits for its answer. */
struct waiting {
	size_t *well; /* what to count when it goes well; NULL: nothing */
	size_t conn;  /* whose call it is: of job_name; NO_CONN: of none */
	bool again;   /* it was routed or up before, and is to be told of */
	bool begins;  /* it is to be routed, and the call to bring it up follows */
};

struct load {
	struct client *client;
	const struct conf *conf;
	const struct loader_job *job;
	struct loaded_counts counts;
	const char **wanted;      /* the job's names, aliases resolved; NULL: all */
	struct known_name *names; /* of a reload */
	struct known_name
		*ways; /* of these, what goes and was in force, by its ends and networks */
	struct told *told;
	struct prompts prompts; /* keys that wait for their passphrase or PIN */
	const char *gap;        /* the file of conf_gap */
	const char *hollow;     /* and of conf_hollow */
	unsigned gap_line, hollow_line;
	bool reload;
	struct waiting waits[AHEAD_MAX]; /* a ring: the oldest one at `first` */
	size_t first, ahead;
	size_t again_told, lacking;
	bool *bad, *manual; /* of each connection of the job: it is not loaded; people key it */
	bool gone; /* pluto closed the connection */
};

/* ---- calls and answers (loader.c) ---- */

/* "WHO: WORD: what it says" on standard error. */
void load_tell(const char *who, const char *word, const struct diag *d);
/* It is not all well: with the connection `conn` (of job_name; NO_CONN: none), or `status` first. */
void load_fail(struct load *l, size_t conn, unsigned status);
/* The same for a call that has only a name; `wait`: until what it begins has ended. */
void load_name(struct load *l, enum call_kind kind, const char *name, bool wait,
	       struct waiting asked);
/* Read answers until `down_to` calls wait. */
void load_drain(struct load *l, size_t down_to);

/* ---- steps of a run (loader.c) ---- */

/* Room for what is to be known of each connection. False, which is told: no memory. */
bool load_begin(struct load *l);
/* Load what the job wants, each in place of the one of its name. */
void load_connections(struct load *l);
/* Load ca sections that say auto=add; of a reload in place of all that pluto knows. */
void load_authorities(struct load *l);
/* Addresses, secrets and groups are read again. */
void load_listen(struct load *l);
/* Route what is to be; from here on what is to be protected or stopped does not go in clear. */
void load_route(struct load *l);
/* Keys that wait for a person are asked for at a terminal; without one they are named. */
void load_open_keys(struct load *l);
/* Bring up what is to be. */
void load_bring_up(struct load *l);
/* Free what the steps made. */
void load_end(struct load *l);

/* ---- what is loaded (reload.c) ---- */

/* NULL when it is not known. */
struct known_name *known_find(const struct load *l, const char *name);
/* The one of that name, made when there is none; NULL: no memory. */
struct known_name *known_keep(struct load *l, const char *name);

#endif
