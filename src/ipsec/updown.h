/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_UPDOWN_H
#define IPSEC_UPDOWN_H

#include "ipsec/paths.h"

#include <stdbool.h>

/* `ipsec _updown`, and the like (conn/argv.h): for who calls it by hand, or from a program of his own. */
int updown_command(int argc, char **argv, const struct paths *p);

/*
 * Whether the words of an updown program, where they begin with the ipsec command, name
 * something that it can run as one: the default of other systems, or a program ipsec-WORD of `execdir`
 * (NULL: not looked at). True for all other programs.
 */
bool updown_can_run(char *const *words, const char *execdir);

#endif
