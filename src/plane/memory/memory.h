/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_MEMORY_MEMORY_H
#define PLANE_MEMORY_MEMORY_H

#include "plane/plane.h"

/*
 * A plane that only remembers: it keeps SAs, policies and routes as they were
 * asked for, answers within the call, and moves no packet. For benchmarks,
 * tests and simulation. Its host calls come from the caller's own thread; it
 * has no descriptor.
 */

/* *host is copied; its `answer` may be NULL. CYG_NOMEM. */
MUST_CHECK enum cyg_err memory_plane_open(const struct plane_host *host, struct plane **ret);

/*
 * An SA as it was installed and last updated, or NULL.
 * `remote` (may be NULL) tells outbound ones of one SPI apart.
 */
const struct plane_sa *memory_plane_sa(const struct plane *p, enum sa_dir dir, uint32_t spi,
				       const struct endpoint *remote);
/* Walk the SAs in the order they were installed: NULL starts, NULL ends. */
const struct plane_sa *memory_plane_sa_next(const struct plane *p,
					    const struct plane_sa *after);
const struct plane_policy *memory_plane_policy(const struct plane *p, uint32_t id);
const struct plane_route *memory_plane_route(const struct plane *p, uint32_t id);

struct memory_counts {
	size_t sas_in, sas_out, policies, routes;
	uint64_t requests, unknown; /* `unknown`: removals and updates of what was not there */
};
struct memory_counts memory_plane_counts(const struct plane *p);

/* Say what an SA's counters are; CYG_NOTFOUND. */
MUST_CHECK enum cyg_err memory_plane_count(struct plane *p, enum sa_dir dir, uint32_t spi,
					   const struct plane_counters *c);

/*
 * The next request of this action kind that wants
 * an answer fails with `err`; CYG_OK cancels.
 */
void memory_plane_fail_next(struct plane *p, unsigned action_kind, enum cyg_err err);

#endif
