/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/diag.h"
#include "base/err.h"
#include "base/view.h"

struct sockaddr;
struct sockaddr_storage;

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/* An IP address. IPv4 fills the first four octets; the rest is zero. Plain value: compare with ip_equal. */
struct ip_addr {
	uint8_t family; /* enum ip_family */
	uint8_t octets[16];
};

/* Addresses first..last, both included, of one family. */
struct ip_range {
	struct ip_addr first, last;
};

/* A network: address with its host bits zero, and the prefix length. */
struct ip_prefix {
	struct ip_addr addr;
	uint8_t bits;
};

/* One side of a datagram. */
struct endpoint {
	struct ip_addr addr;
	uint16_t port; /* host byte order */
};

#define IP_TEXT_MAX 64       /* room for any address or prefix as text, with NUL */
#define ENDPOINT_TEXT_MAX 72 /* room for "[v6]:port", with NUL */

/* 4 or 16; 0 for IP_NONE. */
size_t ip_len(const struct ip_addr *a);
/* 32 or 128; 0 for IP_NONE. */
unsigned ip_bits(const struct ip_addr *a);
bool ip_is_set(const struct ip_addr *a);
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
/* Order by family, then numerically. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
/* 0.0.0.0 or ::. */
bool ip_is_any(const struct ip_addr *a);
bool ip_is_loopback(const struct ip_addr *a);
/* The octets in network order, borrowed from *a. */
struct view ip_view(const struct ip_addr *a);
/* From 4 or 16 octets in network order; any other length gives IP_NONE. */
struct ip_addr ip_from_view(struct view v);
/* All zero / all ones address of a family. */
struct ip_addr ip_lowest(enum ip_family family);
struct ip_addr ip_highest(enum ip_family family);
/* The next address; false at the family's last one (then *a is unchanged). */
bool ip_next(struct ip_addr *a);

/* "192.0.2.1" or "2001:db8::1"; a scope id is refused. *ret is written only on success. */
MUST_CHECK enum cyg_err ip_parse(const char *text, struct ip_addr *ret);
/* Write text and NUL (at most IP_TEXT_MAX) and return buf. IP_NONE prints as "%none". */
const char *ip_print(const struct ip_addr *a, char buf[IP_TEXT_MAX]);

/* "net/len", "net/dotted-mask" (IPv4) or a bare address (full length). Host bits must be zero. */
MUST_CHECK enum cyg_err prefix_parse(const char *text, struct ip_prefix *ret, struct diag *why);
const char *prefix_print(const struct ip_prefix *p, char buf[IP_TEXT_MAX]);
bool prefix_contains(const struct ip_prefix *p, const struct ip_addr *a);
bool prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b);
struct ip_range prefix_range(const struct ip_prefix *p);
/* The network of `bits` that holds `a`. */
struct ip_prefix prefix_of(const struct ip_addr *a, unsigned bits);

bool range_equal(const struct ip_range *a, const struct ip_range *b);
bool range_contains(const struct ip_range *outer, const struct ip_range *inner);
bool range_has(const struct ip_range *r, const struct ip_addr *a);
/* What both hold; false when that is nothing (then *ret is untouched). */
bool range_intersect(const struct ip_range *a, const struct ip_range *b, struct ip_range *ret);
/* True and the prefix when the range is exactly one. */
bool range_is_prefix(const struct ip_range *r, struct ip_prefix *ret);
/* Cut a range into the fewest prefixes, lowest first: writes at most `cap` (256 always do), returns the count. */
size_t range_prefixes(const struct ip_range *r, struct ip_prefix *out, size_t cap);
/* "net/len" when it is a prefix, else "first-last". Room of 2 * IP_TEXT_MAX. */
const char *range_print(const struct ip_range *r, char buf[2 * IP_TEXT_MAX]);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* "192.0.2.1:500", "[2001:db8::1]:500". */
const char *endpoint_print(const struct endpoint *e, char buf[ENDPOINT_TEXT_MAX]);
struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa);
/* Fill *ss; returns the length to hand to the system call. */
unsigned endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss);

#endif
