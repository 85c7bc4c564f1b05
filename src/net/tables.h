/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_TABLES_H
#define NET_TABLES_H

#include "net/netlink.h"

#define ROUTE_TABLES_MAX 16

/* Tables of routes in the order in which the kernel looks at them for any packet. */
struct route_tables {
	uint32_t ids[ROUTE_TABLES_MAX];
	size_t len;
};

/* Take in one rule that the kernel lists (a mnl_cb_t over route_tables). */
int tables_take(const struct nlmsghdr *m, void *tables);
/*
 * Read the rules of a family; the table of local addresses is left out, which has no
 * default route. Tables beyond ROUTE_TABLES_MAX are, too. CYG_IO, CYG_NOMEM; CYG_PERM.
 */
MUST_CHECK enum cyg_err route_tables_read(struct netlink *r, enum ip_family family,
					  struct route_tables *ret, struct diag *why);

#endif
