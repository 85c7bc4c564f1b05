/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_HOST_H
#define CONN_HOST_H

#include "base/addr.h"
#include "base/text.h"

/*
 * Where an end of a connection is: left= and right=. Most are one host. An end may
 * also be several: a list of addresses, names, ranges and networks. The first of them
 * that is one host is the host's own kind, address and name, which an initiator begins
 * with; what else it may be is kept as `others`, which a responder takes as well.
 * "%NAME" is that host and any other: its others are all addresses.
 */
enum host_kind {
	HOST_UNSET,
	HOST_ADDR,         /* addr */
	HOST_NAME,         /* name, a DNS name; addr, if set, serves as long as it has none */
	HOST_ANY,          /* %any */
	HOST_DEFAULTROUTE, /* %defaultroute */
	HOST_INTERFACE,    /* %eth0: name */
	HOST_GROUP,        /* %group, %opportunistic, ... : name */
	HOST_NETS,         /* none of its entries is one host: the others alone */
};

#define HOST_OF_ID "%hostname" /* as a HOST_NAME's name: that of the end's id */
#define HOST_LIST_MAX 64       /* entries of a list */
#define HOST_SHOWN 200         /* octets of host_text that do for a sentence */

/* One more thing that an end may be. */
struct host_other {
	struct ip_range range; /* of one address or many; unless there is a name */
	char *name;            /* a DNS name; NULL: the range */
};

/* Never changed once made. */
struct host_others {
	size_t len;
	struct host_other items[];
};

struct host {
	uint8_t kind; /* enum host_kind */
	struct ip_addr addr;
	char *name;
	struct host_others *others; /* NULL: it is nothing else */
};

/*
 * Make a list of `len` entries (at least 1, at most HOST_LIST_MAX) into a host, `and_any`:
 * and any other address. The texts are copied. A list of nothing but whole families is %any.
 * CYG_NOMEM leaves *ret alone; else it is the caller's to release with host_done.
 */
MUST_CHECK enum cyg_err host_of_list(const struct host_other *entries, size_t len, bool and_any,
				     struct host *ret);
/* What is one host or a list is also any other address from now on. CYG_NOMEM leaves it as it was. */
MUST_CHECK enum cyg_err host_allow_any(struct host *h);
/* Frees what it holds and makes it HOST_UNSET. */
void host_done(struct host *h);
/* *ret is a copy of its own. CYG_NOMEM leaves *ret without anything to free. */
MUST_CHECK enum cyg_err host_copy(const struct host *h, struct host *ret);
/* The same host under the same names, and the same others in the same order. */
bool host_equal(const struct host *a, const struct host *b);

/* As ipsec.conf has it. False, and nothing added, for HOST_UNSET. */
bool host_print(const struct host *h, struct text *out);
/* The same, cut off at cap, for sentences; nothing known is "%any". Returns buf. */
const char *host_text(const struct host *h, char *buf, size_t cap);

/* More than one address fits: who it is shows only when it comes. */
bool host_is_several(const struct host *h);
/* Any address fits, or whoever a group names: %any, %group, and %NAME with the rest of its list. */
bool host_is_anybody(const struct host *h);
/* It has a DNS name to be looked up. */
bool host_has_name(const struct host *h);
/* The i-th of its DNS names, those of its list included; NULL behind the last. */
const char *host_name(const struct host *h, size_t i);
/* The one family of all its addresses; IP_NONE: of both, or not said. */
uint8_t host_family(const struct host *h);
/* Whether an address of this family may be among those that it is. */
bool host_may_be(const struct host *h, uint8_t family);

/* A range of one address. */
bool host_is_single(const struct ip_range *r);
/* All addresses of its family. */
bool host_is_whole(const struct ip_range *r);

#define HOST_CLOSENESS_MAX 130

/*
 * How much it says of an address that it is in the range: HOST_CLOSENESS_MAX of the address
 * alone, less the more addresses there are (in powers of two), 1 for all of a family.
 */
unsigned host_closeness(const struct ip_range *r);

#endif
