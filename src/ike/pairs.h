/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_PAIRS_H
#define IKE_PAIRS_H

#include <stdbool.h>

struct event;
struct ike;
struct loaded;

/*
 * A section of ipsec.conf is one connection, NAME, or one for each pair of its networks, NAME/IxJ
 * with NAME as alias. CMD_REPLACE says which pairs it has now; `l` is what it has loaded last. What
 * else of the section is loaded goes, and that is told; what stays and has its packets is routed
 * when they were protected or stopped. False, and told: what goes is in force and `l` could not
 * take its place, so it is left.
 */
bool pairs_settle(struct ike *ike, const struct event *ev, const struct loaded *l);

#endif
