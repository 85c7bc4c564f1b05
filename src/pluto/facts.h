/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_FACTS_H
#define PLUTO_FACTS_H

#include <jansson.h>

struct child_info;
struct daemon;
struct ike_sa_info;
struct loaded;

/*
 * What is, as JSON: the records of docs/org.cygnet.pluto.varlink. Each returns
 * a new reference, or NULL when memory is short. Moments are told as seconds
 * ago or seconds to come, so that no clock needs to be shared.
 */
json_t *facts_daemon(const struct daemon *d);
json_t *facts_connection(const struct daemon *d, const struct loaded *l);
json_t *facts_ike(const struct daemon *d, const struct ike_sa_info *sa);
/* With counters, if the plane tells them at once. */
json_t *facts_child(struct daemon *d, const struct child_info *c);

#endif
