/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a policy group's file: it ends, and is read whole or refused with a place. */
#include "conf/groups.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct group_lines g = {0};

	if (size > 65536)
		return 0;
	if (groups_parse(view_of(data, size), "private", &g, &problems)) {
		assert(problems.errors && problems.items[0].diag.line);
		assert(!g.items);
	}
	for (size_t i = 0; i < g.len; i++) {
		assert(g.items[i].line);
		assert(ip_is_set(&g.items[i].net.addr));
		assert(g.items[i].proto || (!g.items[i].local_port && !g.items[i].remote_port));
	}
	group_lines_done(&g);
	problems_done(&problems);
	return 0;
}
