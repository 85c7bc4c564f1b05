/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTO_OPTIONS_H
#define AUTO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What `ipsec auto` can be told to do, and how many names it takes. */
struct operation {
	const char *word;  /* "up" of --up */
	const char *whack; /* whack's action; NULL where auto reads the configuration */
	bool named;        /* takes names of connections */
	bool replace;      /* of the two that describe a connection */
	bool utc;          /* --utc has a meaning */
	const char *doc;
};

/* The table, ended by a row without a word. */
extern const struct operation auto_operations[];

struct auto_options {
	const struct operation *operation;
	const char *config; /* NULL: the default */
	bool show, showonly, asynchronous, verbose, utc;
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
