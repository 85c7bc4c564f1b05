/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_PAIRS_H
#define CONF_PAIRS_H

#include "conf/conf_private.h"

/*
 * subnets= names several networks, and each pair of a left and a right one is a connection of its
 * own, NAME/IxJ: I and J count the networks of subnets= from 1, 0 being what subnet= says or the
 * end's own address. That is what Openswan and Libreswan make of it, so a peer of theirs
 * negotiates each pair by itself. NAME is an alias of all. (Several networks of subnet= are
 * selectors of one child SA, as strongSwan has it.) Private to this room.
 */

/*
 * List pairs in place of the sections that describe them. A pair whose name a section has is not
 * listed, which is told; nor are those of templates of policy groups and of manual connections,
 * which have all networks, and of what is faulty. False: memory is short.
 */
bool pairs_list(struct conf *c, struct problems *problems);

/* Make what the pair's section describes the pair. False: memory is short. */
bool pairs_take(struct connection *c, const struct pair *pair);

#endif
