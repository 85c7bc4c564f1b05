/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_ARGS_H
#define IPSEC_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The command line of a small command, read by a table: options in any place,
 * abbreviated as long as they stay unique, "--" before words that begin with a
 * dash. --help is every command's.
 */
struct arg_option {
	const char *name;  /* "config", without dashes */
	const char *value; /* what stands for its value in --help, "FILE"; NULL: a flag */
	void *to; /* const char ** for the value, bool * of a flag, struct arg_values * */
	const char *doc; /* one line; NULL: another spelling, which --help leaves out */
	bool many;       /* it may be given often: `to` is a struct arg_values * */
};

/* The values of an option that may be given often, in their order. */
#define ARG_VALUES_MAX 64
struct arg_values {
	const char *items[ARG_VALUES_MAX];
	size_t len;
};

struct arg_rules {
	const char *command;              /* "checkconf" */
	const char *synopsis;             /* what follows it in the usage line */
	const struct arg_option *options; /* ended by a row without a name; NULL: none */
	const char *operand;              /* what a word is: "the name of a connection" */
	size_t words_min, words_max;
	const char
		*doc; /* lines between usage and options: what it does; ends with a newline */
	const char *more; /* lines behind the options; NULL: none */
};

struct args {
	char **words; /* the operands, in argv's storage, NULL-terminated */
	size_t len;
};

#define ARGS_GO (-1)
#define EXIT_USAGE 2

/*
 * Read the command line (argv[0] is the command). ARGS_GO: go on, all values are
 * set. Else the exit status: 0 after --help, EXIT_USAGE after a complaint on
 * standard error that names the nearest option. Words move to the front of argv.
 */
int args_read(const struct arg_rules *r, int argc, char **argv, struct args *ret);

#endif
