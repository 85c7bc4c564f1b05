/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_SNAPSHOT_H
#define NET_SNAPSHOT_H

#include "net/netlink.h"

#include "conn/event.h"
#include "net/net.h"

/* The host at one moment: what the kernel listed, and the view made of it. */
struct snapshot {
	struct snapshot_link {
		struct net_link link;
		bool up, own; /* own.h */
	} * links;
	struct snapshot_entry {
		struct host_address shown;
		uint32_t ifindex;
		uint8_t bits, rank; /* rank: lower is the better source; see snapshot.c */
	} * entries;
	struct snapshot_default {
		struct ip_addr source, nexthop;
		uint32_t ifindex, metric;
		bool found;
	} default_v4, default_v6;
	uint32_t table; /* of which routes are being listed */
	size_t links_len, links_cap, entries_len, entries_cap;

	struct host_view view;
	struct host_address *addresses; /* of the view */
};

/* Ask the kernel. On an error *ret is untouched. */
MUST_CHECK enum cyg_err snapshot_read(struct netlink *r, struct snapshot *ret,
				      struct diag *why);
void snapshot_done(struct snapshot *h);
/* Take in one link, address or route that the kernel lists (a mnl_cb_t); all else is passed over. */
int snapshot_take(const struct nlmsghdr *m, void *snapshot);
/* Whether the two views say the same. */
bool snapshot_same(const struct snapshot *a, const struct snapshot *b);
/* The link of an index, or NULL. */
const struct snapshot_link *snapshot_link(const struct snapshot *h, uint32_t index);

#endif
