/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_WATCH_H
#define PLANE_XFRM_WATCH_H

#include "net/netlink.h"
#include "plane/xfrm/links.h"

/*
 * Hears when another hand changes what leads packets to where they are protected: the rules and
 * routes of our table, and the interfaces of tunnels. With these go what leads into them.
 */
enum {
	WATCH_ROUTES = 1u << 8, /* and rules; beside NOTICE_* */
	WATCH_LINKS = 1u << 9,
};

struct xfrm_watch {
	struct netlink nl;
	struct xfrm_links *links; /* borrowed */
	uint32_t table, own_port; /* net_port: who changes routes for us */
};

/* The rest is set. CYG_IO, CYG_PERM. */
MUST_CHECK enum cyg_err xfrm_watch_open(struct xfrm_watch *w, struct diag *why);
/* One that is not open is fine. */
void xfrm_watch_close(struct xfrm_watch *w);
/* What others changed of ours since the last call, as WATCH_*. */
MUST_CHECK unsigned xfrm_watch_read(struct xfrm_watch *w);
/* One notice, as xfrm_watch_read takes it. Also what the fuzzer calls. */
unsigned xfrm_watch_hear(struct xfrm_watch *w, const struct nlmsghdr *m);

#endif
