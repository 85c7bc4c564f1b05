/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTO_OPTIONS_H
#define AUTO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Whether an operation takes names of connections. */
enum naming { NAMED_NOT, NAMED_MAY, NAMED_MUST };

/* What becomes of the ca sections that say auto=add: nothing; loaded; loaded, others forgotten. */
enum operation_cas { CAS_LEAVE, CAS_LOAD, CAS_RENEW };

/* What `ipsec auto` can be told to do. */
struct operation {
	const char *word;  /* "up" of --up */
	const char *whack; /* whack's action; NULL where auto reads the configuration */
	uint8_t naming;    /* enum naming */
	bool replace;      /* of the two that describe a connection */
	uint8_t cas;       /* enum operation_cas */
	bool lists;        /* --utc and --json have a meaning */
	const char *doc;   /* NULL: another spelling, which --help does not tell */
};

/* The table, ended by a row without a word. */
extern const struct operation auto_operations[];

struct auto_options {
	const struct operation *operation;
	const char *config;    /* NULL: the default */
	const char *ctlsocket; /* pluto's control socket; NULL: the run folder's */
	bool show, showonly, asynchronous, verbose, utc, json, brief;
	bool help, version;
	bool obsolete;      /* the old word order was used */
	char *const *names; /* borrowed from argv */
	size_t names_len;
};

/*
 * Read the command line (argv[0] is "auto"). False after a message on `err`
 * that ends with where to find help. Options may be abbreviated.
 */
bool auto_options_read(int argc, char **argv, struct auto_options *ret, FILE *err);

/* What --help prints: operations, options, exit status. */
void auto_options_help(FILE *out);

#endif
