/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_FACTS_H
#define PLUTO_FACTS_H

#include "base/duration.h"

#include <stdbool.h>
#include <stdint.h>

struct child_info;
struct daemon;
struct ike_sa_info;
struct json_out;
struct loaded;

/*
 * What is, as JSON: the records of docs/org.cygnet.pluto.varlink, each written as an
 * object. Moments are told as seconds ago or seconds to come, so that no clock needs
 * to be shared.
 */

/* As the member "daemon". */
void facts_daemon(struct json_out *o, const struct daemon *d);
/* As the member "global": what is and what has been, by the names that others' scripts know. */
void facts_global(struct json_out *o, const struct daemon *d);
/* As the member "algorithms": what this build can negotiate. */
void facts_algorithms(struct json_out *o);
/* As elements of a list. */
void facts_connection(struct json_out *o, const struct daemon *d, const struct loaded *l);

/* Of what the plane did not carry and no SA counts: how much, by cause; and how much waits. */
void facts_plane_drops(struct json_out *o, const struct daemon *d);

/* Of a connection what one line of a listing tells. */
void facts_connection_short(struct json_out *o, const struct loaded *l);
void facts_ike(struct json_out *o, const struct ike_sa_info *sa);
/* With counters, if the plane tells them at once. */
void facts_child(struct json_out *o, struct daemon *d, const struct child_info *c);

/* Openswan's name of the state of an IKE SA (enum ike_phase): "PARENT_I1". Static. */
const char *facts_ike_state(unsigned phase, bool initiator);

/* How a connection is routed, in Openswan's words ("prospective erouted"). */
const char *facts_routing(const struct loaded *l);

/* What its packets meet that no SA carries ("trap", "drop", ...), and why that stands there. Static. */
struct facts_shunt {
	const char *kind, *reason;
};
/* False: SAs carry them, or nothing of it stands in the plane. */
bool facts_shunt(const struct loaded *l, struct facts_shunt *ret);

/* A moment of engine_now() as seconds since 1970; 0 stays 0. */
int64_t facts_moment(nsec at);

#endif
