/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_POLICY_WORDS_H
#define PLUTO_POLICY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct connection;

#define POLICY_WORDS_MAX 16

/*
 * Openswan's names of what a connection may and must do ("PSK", "ENCRYPT",
 * "TUNNEL"), as many as there are; static.
 */
size_t policy_words(const struct connection *c, bool want_up,
		    const char *ret[POLICY_WORDS_MAX]);

#endif
