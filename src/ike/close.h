/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_CLOSE_H
#define IKE_CLOSE_H

#include "conn/event.h"
#include "policy/policy.h"

struct ike;

/*
 * Commands that delete SAs of a connection and leave it as it is otherwise. The peer is
 * told; the command does not wait for its answer. `down` ends the connection's tries, too;
 * without it what should be up comes up again. Each returns a reply code: RC_LOG_SERIOUS
 * when there is nothing of the kind. A template's instances are meant as well.
 */
uint16_t close_ike(struct ike *ike, struct loaded *l, bool down, uint64_t cause);
uint16_t close_children(struct ike *ike, struct loaded *l, bool down, uint64_t cause);

#endif
