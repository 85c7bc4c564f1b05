/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_OBSTACLE_H
#define IKE_OBSTACLE_H

#include "conn/handling.h"

struct ike;
struct loaded;

/* What stands against a connection's coming up as things are: this end, the data plane, the peer. */

/* What the data plane in use can do. */
struct plane_reach obstacle_reach(const struct ike *ike);

/* Whether it lacks what the connection can't come up without. *why then says what, else it is empty. */
bool obstacle_in_plane(const struct ike *ike, const struct connection *c, struct diag *why);

/*
 * Look for what stands against a try to bring it up from here. 0: nothing; else a reply code
 * (conn/report.h), and the first thing found was told for the command of this cause.
 */
uint16_t obstacle_told(struct ike *ike, const struct loaded *l, uint64_t cause);

#endif
