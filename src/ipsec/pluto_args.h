/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_PLUTO_ARGS_H
#define IPSEC_PLUTO_ARGS_H

#include "ipsec/paths.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct conf_setup;

/* pluto's command line from config setup: words of the settings and of its own, NULL at the end. */
struct pluto_args {
	char *words[64];
	size_t len;
	char program[2048];
	char numbers[16][16];
	size_t numbers_len;
};

/*
 * Fill it in; with `check` it is to say whether it could start, no more. *s outlives it. False when
 * the program's path is too long.
 */
bool pluto_args(const struct paths *p, const struct conf_setup *s, bool check,
		struct pluto_args *ret);

/*
 * Whether the process `pid` was started with other settings; the options that differ are listed in
 * `names`, comma separated, as many as fit. False, too, when its command line can't be read.
 */
bool pluto_args_differ(const struct pluto_args *a, pid_t pid, char *names, size_t cap);

#endif
