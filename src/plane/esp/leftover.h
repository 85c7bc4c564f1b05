/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_LEFTOVER_H
#define PLANE_ESP_LEFTOVER_H

#include "net/net.h"

/*
 * Routes that an earlier run left in our tables. Its device took its own along
 * when it was killed; the guards under them stay, and stop what was protected
 * from leaving in clear. They go on doing so until the core has had the time to
 * load and route its connections anew.
 */
struct leftovers {
	struct net_route *all;
	size_t len, cap;
	bool incomplete; /* memory was short */
};

/* All routes of ours in two tables, both families. CYG_NOMEM, CYG_IO; *ret is then empty. */
MUST_CHECK enum cyg_err leftovers_find(struct net *net, const uint32_t tables[2],
				       struct leftovers *ret);
/* Remove those that `goes` is true for, from the kernel and from the list. Returns how many. */
size_t leftovers_remove(struct leftovers *l, struct net *net,
			bool (*goes)(const void *ctx, const struct net_route *r),
			const void *ctx);
/* Forget them, without a change in the kernel. */
void leftovers_done(struct leftovers *l);

#endif
