/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_UNTRUSTED_H
#define IKE_UNTRUSTED_H

#include "conn/event.h"

struct ike;

/*
 * What a peer proved itself by holds no more (EV_UNTRUSTED): IKE SAs with this proof are deleted
 * with their children, and the peer is told. What should be up is tried again, and refused again
 * as long as nothing has changed.
 */
void untrusted(struct ike *ike, uint64_t proof, const struct diag *why);

#endif
