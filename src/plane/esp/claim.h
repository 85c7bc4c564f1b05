/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_CLAIM_H
#define PLANE_ESP_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * One thread at a time: who claims something keeps it for a batch of packets,
 * so that an SA's sequence numbers leave in order, its cipher has one user and
 * its counters one writer. Packets of a flow come to one thread (see queues in
 * README.md), so that a claim is nearly always free, and costs one instruction
 * that other processors see. Who meets a taken one sleeps until it is given up.
 *
 * A claim is taken by a number, from 1 on, that each thread has for itself.
 */
struct claim {
	_Atomic uint32_t state; /* the holder's number, and whether others wait; 0: free */
};

#define CLAIM_WAITED UINT32_C(0x80000000)

/* Whether it is taken by `who`: what that thread alone may ask. */
static inline bool claim_is(const struct claim *c, uint32_t who)
{
	return (atomic_load_explicit(&c->state, memory_order_relaxed) & ~CLAIM_WAITED) == who;
}

/* Take it if it is free. */
static inline bool claim_try(struct claim *c, uint32_t who)
{
	uint32_t nobody = 0;

	return atomic_compare_exchange_strong_explicit(&c->state, &nobody, who,
						       memory_order_acquire,
						       memory_order_relaxed);
}

/* Take it, waiting for as long as it takes. The caller holds no other claim. */
void claim_take(struct claim *c, uint32_t who);
/* Give it up; the caller has it. */
void claim_give(struct claim *c);

#endif
