/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_RESUME_H
#define IKE_RESUME_H

#include "conn/event.h"

struct ike;

/*
 * Go on with what waited for an answer. `owner` is what op_new was told: an
 * exchange, or a child for the purposes that say so. Takes over what the
 * answer carries.
 */
void resume(struct ike *ike, uint8_t purpose, void *owner, const struct answer *a);

#endif
