/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_GROUPS_H
#define PLUTO_GROUPS_H

#include "conf/groups.h"
#include "conn/listing.h"

struct daemon;

/*
 * Policy groups: the files of CONFS/ipsec.d/policies, and the connections with
 * right=%group that they are for.
 */

/*
 * Read the file of the policy group `name` in the folder `policies`. What the
 * reader has to say of its lines goes to `problems`; *why says why there are
 * none. CYG_NOTFOUND when there is no such file.
 */
MUST_CHECK enum cyg_err groups_load(const char *policies, const char *name,
				    struct group_lines *ret, struct problems *problems,
				    struct diag *why);

/*
 * Hand the groups' networks from the *at-th on to the sink, as struct listed_group, and
 * count *at on. True when all have been told, false when the sink wants no more now.
 */
bool groups_list(struct daemon *d, uint64_t *at, const struct listing_sink *sink);

/*
 * There is no file of a group, or (`blank`) one with nothing in it. What is not mounted or half
 * written empties no group: CYG_IO and *why when it has networks; else CYG_NOTFOUND or CYG_OK.
 */
MUST_CHECK enum cyg_err groups_lost(const struct daemon *d, const char *name, bool blank,
				    struct diag *why);

/*
 * A file that may be half written has been read. CYG_IO and *why when the group has networks, and
 * others than the file says: they stay, and the lines are freed.
 */
MUST_CHECK enum cyg_err groups_half(const struct daemon *d, const char *name,
				    struct group_lines *lines, struct diag *why);

#endif
