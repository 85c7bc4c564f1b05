/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_NAMES_H
#define IKE_NAMES_H

#include "conn/event.h"

struct ike;
struct name_wait;

/*
 * DNS names of connections: policy says which it wants, the host looks them
 * up, and policy takes what came. What should be up and waited for an address
 * is begun then.
 */

/* Ask for all that policy wants to know. */
void names_ask(struct ike *ike);

/* The answer for one name. Frees *w. */
void names_resolved(struct ike *ike, struct name_wait *w, const struct answer *a);

/* When names that new versions wait for are to be asked for again; NSEC_NEVER: none is. */
nsec names_deadline(const struct ike *ike);
/* Ask for them, if it is time. */
void names_work(struct ike *ike);

/* Forget all that were asked: the engine goes. */
void names_free_all(struct ike *ike);

#endif
