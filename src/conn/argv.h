/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_ARGV_H
#define CONN_ARGV_H

#include "base/diag.h"
#include "base/err.h"

#define ARGV_WORDS_MAX 64

/*
 * The command of leftupdown= as words, without a shell: blanks separate,
 * quotes of either kind keep what is between them, a backslash outside '...'
 * keeps the next character. Nothing is expanded; where a shell would have done
 * more than that (pipes, $NAME, patterns) the command is refused, with the hint
 * to name a shell. *ret is one allocation, the caller's to free, that ends with
 * NULL and has at least one word. CYG_MALFORMED with *why (may be NULL), CYG_LIMIT
 * (more than ARGV_WORDS_MAX words), CYG_NOMEM.
 */
MUST_CHECK enum cyg_err argv_split(const char *command, char ***ret, struct diag *why);

/*
 * Whether `ipsec WORD` is what other systems have as the default of leftupdown=, or one of its
 * spellings for a kind of their stacks. Pluto routes by itself, so nothing is left for it to do.
 */
bool argv_is_default(const char *word);

/* Whether something is to be a command: not NULL, nor empty, nor "%disabled". */
bool argv_is_said(const char *command);

/*
 * Whether it is one, which is to be run: nor the ipsec command with such a word, wherever that lies, and
 * whatever words follow.
 */
bool argv_is_command(const char *command);

#endif
