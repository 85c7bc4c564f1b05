/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_UPDOWN_ENV_H
#define PLUTO_UPDOWN_ENV_H

#include "conn/action.h"

/*
 * The environment of an updown program: built from nothing, a row of one table
 * for each variable. Values are limited to characters that mean nothing to a
 * shell: letters, digits and " ,-./:=@_+"; every other octet, and a minus in
 * front, is %XX. So a peer's identity stays text, whatever the program does
 * with it (docs/attacks.md P42).
 */

/* What one call is about. Borrowed. */
struct updown_call {
	const struct updown *facts;
	const struct ts *local, *remote;       /* the pair of selectors */
	const char *interface;                 /* that has our address; NULL: not known */
	const char *tunnel;                    /* the plane's device; NULL: none */
	const char *stack;                     /* the plane's name */
	struct ip_addr gateway;                /* of the default route; IP_NONE: none */
	const struct plane_counters *in, *out; /* NULL: not known */
	uint64_t added_at; /* when the child came up, in seconds since 1970; 0: there is none */
};

/* "up-client-v6"; the verb alone without a pair. Static. */
const char *updown_verb_name(const struct updown_call *c);

/* NAME=VALUE strings that end with NULL, in one allocation. NULL when memory is short. */
char **updown_env(const struct updown_call *c);

/* The i-th variable and what it means; false behind the last. For ipsec_updown(8). */
bool updown_env_doc(size_t i, const char **ret_name, const char **ret_doc);

#endif
