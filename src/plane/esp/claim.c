/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/claim.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static void futex(struct claim *c, int what, uint32_t value)
{
	/* Woken, interrupted or too late: each time the state is looked at again. */
	(void)syscall(SYS_futex, &c->state, what | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

void claim_take(struct claim *c, uint32_t who)
{
	uint32_t seen;

	/* Who has waited takes it as waited for: others may be waiting still. */
	for (bool waited = false;; waited = true) {
		seen = 0;
		if (atomic_compare_exchange_strong_explicit(&c->state, &seen,
							    waited ? who | CLAIM_WAITED : who,
							    memory_order_acquire,
							    memory_order_relaxed))
			return;
		if (!(seen & CLAIM_WAITED) &&
		    !atomic_compare_exchange_strong_explicit(&c->state, &seen,
							     seen | CLAIM_WAITED,
							     memory_order_relaxed,
							     memory_order_relaxed))
			continue;
		futex(c, FUTEX_WAIT, seen | CLAIM_WAITED);
	}
}

void claim_give(struct claim *c)
{
	if (atomic_exchange_explicit(&c->state, 0, memory_order_release) & CLAIM_WAITED)
		futex(c, FUTEX_WAKE, 1);
}
