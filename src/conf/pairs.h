/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_PAIRS_H
#define CONF_PAIRS_H

#include "conn/connection.h"

/*
 * subnets= names several networks. Elsewhere each pair of a left and a right
 * one becomes a connection, NAME/IxJ: I and J count the networks of subnets=
 * from 1, 0 being that of subnet= or the end's own. Here one connection has
 * them all as selectors of one child SA (RFC 7296 2.9), so that nothing is
 * negotiated twice, and the names of the pairs are aliases of it.
 */
#define PAIRS_MAX 256 /* aliases; a connection with more pairs gets none */

/* Give the connection the names of its pairs, if it has any. CYG_NOMEM: it is as it was, or has some. */
MUST_CHECK enum cyg_err pairs_name(struct connection *c);

/* Cut "/IxJ" off a name, into `ret`; false when it has none. */
bool pairs_split(const char *name, char *ret, size_t cap);

#endif
