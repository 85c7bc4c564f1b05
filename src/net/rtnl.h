/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_RTNL_H
#define NET_RTNL_H

#include "base/addr.h"

#include <libmnl/libmnl.h>

/* One rtnetlink socket, and how to ask on it. Used by this room alone. */
struct rtnl {
	struct mnl_socket *nl;
	uint32_t sequence;
};

#define RTNL_REQUEST_MAX 1024 /* room for any request of ours */

/* Requests start in storage of this shape. */
struct rtnl_request {
	_Alignas(struct nlmsghdr) char octets[RTNL_REQUEST_MAX];
};

/* `groups` is a mask of RTMGRP_*. */
MUST_CHECK enum cyg_err rtnl_open(struct rtnl *r, unsigned groups, struct diag *why);
void rtnl_close(struct rtnl *r);

/* The error of an errno value of netlink's. */
enum cyg_err rtnl_error(int number);

/* AF_INET or AF_INET6. */
uint8_t rtnl_family(enum ip_family family);

/* Put an address; IP_NONE puts nothing. */
void rtnl_put_ip(struct nlmsghdr *m, uint16_t type, const struct ip_addr *a);

/* A request with its header and `extra` zeroed octets of family header after it. */
struct nlmsghdr *rtnl_begin(struct rtnl_request *storage, uint16_t type, uint16_t flags);

/*
 * Send and wait for the kernel's yes or no. `what` says what was asked, for
 * *why: "add the route 10.0.0.0/8".
 */
MUST_CHECK enum cyg_err rtnl_ask(struct rtnl *r, struct nlmsghdr *m, const char *what,
				 struct diag *why);

/*
 * Ask for a whole table and hand each message to `each`;
 * asked again when it changed meanwhile (`restart` is told).
 */
struct rtnl_dump {
	mnl_cb_t each;
	void (*restart)(void *ctx);
	void *ctx;
};
MUST_CHECK enum cyg_err rtnl_ask_all(struct rtnl *r, struct nlmsghdr *m,
				     const struct rtnl_dump *d, struct diag *why);

/* Attributes of a message, by type; `max` is the highest wanted, `out` has max + 1 places. */
void rtnl_attrs(const struct nlmsghdr *m, size_t header_len, const struct nlattr **out,
		uint16_t max);

/* The address an attribute holds; IP_NONE when it is absent or of a wrong length. */
struct ip_addr rtnl_ip(const struct nlattr *a);
/* A 32-bit attribute; 0 when absent or short. */
uint32_t rtnl_u32(const struct nlattr *a);

#endif
