/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_CONNECTION_FILL_H
#define CONN_CONNECTION_FILL_H

#include "conn/connection.h"

/* Shared by connection_check.c and connection_fill.c. */

/*
 * Give a connection what follows from its other fields and was not said. Twice is the same as once.
 * CYG_NOMEM; then some of it is there.
 */
MUST_CHECK enum cyg_err connection_fill(struct connection *c);

/* The shorter one of both lifetimes. */
nsec connection_shorter_life(const struct connection *c);
/* The longest time before expiry at which rekeying may begin. */
nsec connection_widest_margin(const struct connection *c);

#endif
