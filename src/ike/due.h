/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_DUE_H
#define IKE_DUE_H

#include "ike/child.h"
#include "ike/timers.h"

struct command_wait;

/* What happens when a deadline has come. The owner may be gone afterwards. */
void due_sa(struct ike_sa *sa, enum sa_timer which);
void due_child(struct child_sa *child, enum child_timer which);
void due_command(struct command_wait *w);
void due_retry(struct ike *ike, struct loaded *l);

#endif
