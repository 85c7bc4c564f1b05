/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include "base/addr.h"

#include <libmnl/libmnl.h>

/* One netlink socket, and how to ask on it: one request and its answer, or a whole table. */
struct netlink {
	struct mnl_socket *nl;
	uint32_t sequence;
	int protocol;
};

#define NETLINK_REQUEST_MAX 2048 /* room for any request of ours */

/* Requests start in storage of this shape. */
struct netlink_request {
	_Alignas(uint64_t) char octets[NETLINK_REQUEST_MAX];
};

/*
 * `protocol` is NETLINK_ROUTE or another family of messages; `groups` the mask of
 * those of its notices that the socket hears (RTMGRP_*). CYG_IO, CYG_PERM,
 * CYG_UNSUPPORTED when the kernel lacks the protocol.
 */
MUST_CHECK enum cyg_err netlink_open(struct netlink *r, int protocol, unsigned groups,
				     struct diag *why);
/* One that is not open is fine. */
void netlink_close(struct netlink *r);

/* What the kernel knows the socket by: in its notices nlmsg_pid names who asked for a change. 0: it is not open. */
uint32_t netlink_port(const struct netlink *r);

/* The error of an errno value of netlink's. */
enum cyg_err netlink_error(int number);

/* AF_INET or AF_INET6. */
uint8_t netlink_family(enum ip_family family);

/* Put an address; IP_NONE puts nothing. */
void netlink_put_ip(struct nlmsghdr *m, uint16_t type, const struct ip_addr *a);

/* A request with its header and `extra` zeroed octets of family header after it. */
struct nlmsghdr *netlink_begin(struct netlink_request *storage, uint16_t type, uint16_t flags);

/*
 * Send and wait for the kernel's yes or no. `what` says what was asked, for
 * *why: "add the route 10.0.0.0/8". An answer for which the socket had no room (ENOBUFS) is lost,
 * and nobody knows what it was: the request is sent once more. One to remove what is then no
 * longer there went well, and so one to add an SA that is; of all else CYG_EXISTS may mean its own.
 */
MUST_CHECK enum cyg_err netlink_ask(struct netlink *r, struct nlmsghdr *m, const char *what,
				    struct diag *why);

/* The same, and hand what comes before the answer, such as the one thing asked for, to `each`. */
MUST_CHECK enum cyg_err netlink_ask_for(struct netlink *r, struct nlmsghdr *m, mnl_cb_t each,
					void *ctx, const char *what, struct diag *why);

/*
 * Requests that are sent together: what each costs by itself is mostly the way into the
 * kernel and back.
 */
struct netlink_batch {
	struct netlink *to;
	/* The kernel's answer to the `at`-th request, in order; *why is set on an error. NULL: none. */
	void (*answer)(void *ctx, size_t at, enum cyg_err err, const struct diag *why);
	void *ctx;
	const char *what; /* was asked, for *why */
	uint8_t *octets;
	size_t len, waiting, done;
	uint32_t first; /* sequence number of the first one that waits */
	bool lost;      /* the answers from that one on, or some of them */
};

/* What a batch's netlink_keep_first keeps: the first error, and of it *why (NULL: nobody asks). */
struct netlink_first {
	enum cyg_err err;
	struct diag *why;
};

/* A netlink_batch.answer whose ctx is a struct netlink_first. */
void netlink_keep_first(void *first, size_t at, enum cyg_err err, const struct diag *why);

#define NETLINK_BATCH_OCTETS 16384
#define NETLINK_BATCH_MOST 128 /* requests at a time: their answers fit the socket's buffer */

/* Begin; `what` as netlink_ask. CYG_NOMEM. */
MUST_CHECK enum cyg_err netlink_batch_begin(struct netlink_batch *b, struct netlink *to,
					    const char *what);
/* Add one, which is copied (its flags and number are set); what is full is sent first. */
void netlink_batch_add(struct netlink_batch *b, struct nlmsghdr *m);
/* Send what waits, and hear all answers; whose answers were lost are asked again as by netlink_ask. */
void netlink_batch_flush(struct netlink_batch *b);
/* The same, and free. One that never began is fine. */
void netlink_batch_end(struct netlink_batch *b);

/*
 * Ask for a whole table and hand each message to `each`;
 * asked again when it changed meanwhile (`restart` is told).
 */
struct netlink_dump {
	mnl_cb_t each;
	void (*restart)(void *ctx);
	void *ctx;
};
MUST_CHECK enum cyg_err netlink_ask_all(struct netlink *r, struct nlmsghdr *m,
					const struct netlink_dump *d, struct diag *why);

/* Whether a whole message is there in `len` octets; libmnl believes one that claims 2^32 of them. */
bool netlink_fits(const struct nlmsghdr *m, int len);

/*
 * Copy the record that a message begins with: in place its numbers may not be aligned.
 * False, and *ret is untouched, when it is shorter.
 */
MUST_CHECK bool netlink_record(const struct nlmsghdr *m, void *ret, size_t len);

/* Attributes of a message, by type; `max` is the highest wanted, `out` has max + 1 places. */
void netlink_attrs(const struct nlmsghdr *m, size_t header_len, const struct nlattr **out,
		   uint16_t max);

/* The address an attribute holds; IP_NONE when it is absent or of a wrong length. */
struct ip_addr netlink_ip(const struct nlattr *a);
/* A 32-bit attribute, or one of an octet; 0 when absent or short. */
uint32_t netlink_u32(const struct nlattr *a);
uint8_t netlink_u8(const struct nlattr *a);

#endif
