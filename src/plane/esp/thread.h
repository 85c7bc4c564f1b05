/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_THREAD_H
#define PLANE_ESP_THREAD_H

#include "base/err.h"

#include <pthread.h>

/*
 * How packet threads differ from others: they take no signals, go before what
 * merely computes, as the kernel's own packets do, and have no privilege.
 */
#define THREAD_NICE (-10)

/* Start one. CYG_NOMEM. */
MUST_CHECK enum cyg_err thread_start(pthread_t *ret, void *(*body)(void *), void *ctx,
				     const char *name);
/*
 * What its body does first: go ahead of others where that is allowed
 * (CAP_SYS_NICE; where not, packets wait longer on a busy machine), and give
 * up every capability for good. Its descriptors are all it needs.
 */
void thread_settle(void);

#endif
