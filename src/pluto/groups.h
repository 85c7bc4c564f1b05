/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_GROUPS_H
#define PLUTO_GROUPS_H

#include "conn/listing.h"

struct daemon;

/*
 * Policy groups: the files of CONFS/ipsec.d/policies, and the connections with
 * right=%group that they are for.
 */

/* Read the files again and apply what differs. The result as reply code; what is wrong is reported. */
unsigned groups_reread(struct daemon *d, uint64_t cause);

/*
 * Hand the groups' networks from the *at-th on to the sink, as struct listed_group, and
 * count *at on. True when all have been told, false when the sink wants no more now.
 */
bool groups_list(struct daemon *d, uint64_t *at, const struct listing_sink *sink);

#endif
