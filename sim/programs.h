/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PROGRAMS_H
#define SIM_PROGRAMS_H

#include "base/list.h"
#include "conn/event.h"

struct loaded;
struct machine;

/*
 * The updown programs of a host, which do nothing but fail now and then. What
 * is remembered of each place is how far it was called; a call out of order
 * fails the run.
 */
enum called { CALLED_NOTHING, CALLED_PREPARE, CALLED_ROUTE, CALLED_UP };

struct called_place {
	struct list link;
	uint32_t place;
	enum called called;
};

/* A call. `ret` is the answer, when one is wanted. */
void programs_call(struct machine *m, const struct updown *u, struct answer *ret);

/* How far a place was called. */
enum called programs_called(const struct machine *m, uint32_t place);

/* Forget all: the host's core has gone. */
void programs_forget(struct machine *m);

#endif
