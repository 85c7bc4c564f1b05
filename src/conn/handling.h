/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_HANDLING_H
#define CONN_HANDLING_H

#include "base/diag.h"
#include "conn/connection.h"
#include "conn/sa.h"

/* What of a data plane's abilities connections can ask for. */
struct plane_reach {
	struct plane_handling handling;
	bool transport, beet, ah; /* it has these modes; it has AH beside ESP */
	bool scope;               /* it knows marks and if_ids */
};

/*
 * What a connection asks for and such a plane can't do, one thing a call: *at, from 0, is where to
 * go on. *why is what to say of it, its code "no-effect" where the connection comes up without,
 * "no-transport", "no-beet", "no-ah" or "no-scope" where it can't come up. False, and *why untouched: nothing more.
 */
bool connection_unhandled(const struct connection *c, const struct plane_reach *can, size_t *at,
			  struct diag *why);

#endif
