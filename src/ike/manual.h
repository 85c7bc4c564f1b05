/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_MANUAL_H
#define IKE_MANUAL_H

#include "ike/ike.h"
#include "ike/op.h"

/*
 * Manual keying: the pair of SAs of a connection that says manual=yes. There is
 * no IKE SA, no timer and no rekeying; numbers and keys come with the command
 * (CMD_KEY) and go to the plane, and nothing secret stays here. While nobody
 * keyed it, or has taken it down, a routed connection drops its packets
 * (ipsec_manual(8)).
 */
struct loaded;
struct manual_pair;

/* CMD_KEY: bring it up, in place of what stood. Ended by DONE once the plane has it all. */
void manual_key(struct ike *ike, const struct event *ev);

/* Answers of the plane (OP_MANUAL_*). */
void manual_answered(struct manual_pair *m, enum op_for purpose, const struct answer *a);

/* Its updown programs have ended: well, or the connection comes to nothing. */
void manual_routed(struct loaded *l);
void manual_refused(struct loaded *l, uint16_t code);

/* Its SAs end, if it has any; the SPD entry is the caller's. */
void manual_end(struct loaded *l);

/* An end moved: nobody can give the SAs anew but who has the keys. */
void manual_follow_host(struct ike *ike);

/* An SA of one has used up its numbers, or nearly. False: it is none of these. */
bool manual_expired(struct ike *ike, const struct event *ev);

/* Whether its SAs stand. */
bool manual_is_up(const struct loaded *l);

/* What its updown programs are told of its SAs. */
void manual_facts(const struct manual_pair *m, struct updown *facts);

/* For listings: the first one with a serial above `after`. False at the end. */
bool manual_next(const struct ike *ike, uint64_t after, struct child_info *ret);

/* The engine goes: without actions. */
void manual_free_all(struct ike *ike);

#endif
