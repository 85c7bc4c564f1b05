/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_UPDOWN_H
#define IPSEC_UPDOWN_H

#include "ipsec/paths.h"

#include <stdbool.h>

/*
 * `ipsec _updown`, which other systems have as the default of leftupdown=, and its
 * spellings for one kind of their stacks each. Pluto routes by itself, so nothing is
 * left for it to do.
 */
int updown_command(int argc, char **argv, const struct paths *p);

/* Whether `ipsec WORD` is one of these. */
bool updown_is_word(const char *word);

/*
 * Whether the words of an updown program, where they begin with the ipsec command, name
 * something that it can run as one: those above, or a program ipsec-WORD of `execdir`
 * (NULL: not looked at). True for all other programs.
 */
bool updown_can_run(char *const *words, const char *execdir);

#endif
