/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTO_COMMAND_H
#define AUTO_COMMAND_H

#include "conn/authority.h"
#include "conn/connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A command as an argument vector. Words are owned. {0} is empty. */
struct command_line {
	char **words; /* NULL-terminated once anything was added */
	size_t len, cap;
	bool bad; /* memory ran out */
};

/* Append a copy of `word`; `bad` when memory is short. */
void command_add(struct command_line *c, const char *word);
/* Free the words and empty it. */
void command_done(struct command_line *c);

/* Append options that describe `conn` whole: --name, its own, each end's with --to between. */
void command_describe(struct command_line *c, const struct connection *conn);

/* Append options that describe a ca section; its certificate is the file `cacert`, or NULL. */
void command_describe_authority(struct command_line *c, const struct authority *a,
				const char *cacert);

/* "PREFIX word word\n", each word quoted for a POSIX shell where it needs that. */
void command_print(const struct command_line *c, const char *prefix, FILE *out);

#endif
