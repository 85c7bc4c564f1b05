/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_ELSEWHERE_H
#define IKE_ELSEWHERE_H

#include "ike/up.h"

/*
 * A connection whose peer may be at several addresses is between two of them, and a peer that
 * comes from another one is an instance. While that is up, so is what the connection is for: tries
 * at its own address would be in vain, or pull the tunnel to and fro.
 */

/* The very peer that `l` is for is up from another address; that is told. Commands do not ask. */
bool elsewhere_puts_off(struct ike *ike, const struct loaded *l);
/* The last child of an instance has gone: its connection is tried again, if it should be up. */
void elsewhere_lost(struct ike *ike, const struct loaded *instance, enum gone_why why);

#endif
