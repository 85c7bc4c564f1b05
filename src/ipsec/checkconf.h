/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECKCONF_H
#define IPSEC_CHECKCONF_H

#include "ipsec/paths.h"

#include <stdio.h>

/*
 * `ipsec checkconf`: read and resolve everything that ipsec.conf and
 * ipsec.secrets say, look whether it can work on this host, and tell all that is
 * wrong. Exit status: 0 nothing worse than warnings, 1 warnings with --strict,
 * 2 errors or a command line that can't be understood. argv[0] is "checkconf".
 */
int checkconf_main(int argc, char **argv, const struct paths *paths);

/*
 * Count what it would find; *ret_logs: logfile= is set. False, and noughts, when ipsec.conf can't be
 * read at all.
 */
bool checkconf_count(const struct paths *paths, size_t *ret_errors, size_t *ret_warnings,
		     bool *ret_logs);

/* Print places and kinds of what it would find, and nothing of what stands there. */
void checkconf_places(const struct paths *paths, FILE *out);

#endif
