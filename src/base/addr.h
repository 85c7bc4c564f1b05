/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/diag.h"
#include "base/err.h"
#include "base/view.h"

struct sockaddr;
struct sockaddr_storage;

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/*
 * An IP address. IPv4 fills the first four octets; the rest is zero. A plain
 * value, copied freely; compare with ip_equal.
 */
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

/* Octets of the address: 4 or 16; 0 for IP_NONE. */
size_t ip_len(const struct ip_addr *a);
/* Bits of the address: 32 or 128; 0 for IP_NONE. */
unsigned ip_bits(const struct ip_addr *a);
/* Not IP_NONE. */
bool ip_is_set(const struct ip_addr *a);
/* Same family and octets; two of IP_NONE are equal. */
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
/* Order by family, then numerically. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
/* 0.0.0.0 or ::, the addresses that stand for any. */
bool ip_is_any(const struct ip_addr *a);
/* In 224.0.0.0/4 or ff00::/8, or 255.255.255.255. */
bool ip_is_multicast(const struct ip_addr *a);
/* In 127.0.0.0/8, or ::1. */
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

/*
 * "net/len", "net/dotted-mask" (IPv4) or a bare address (full length). Host bits
 * must be zero. CYG_MALFORMED for what is no address, CYG_RANGE for a length or
 * host bits that do not fit; `why` (may be NULL) then says which and what would
 * do. *ret is written only on success.
 */
MUST_CHECK enum cyg_err prefix_parse(const char *text, struct ip_prefix *ret, struct diag *why);
/* "192.0.2.0/24", or "%none": text and NUL (at most IP_TEXT_MAX); returns buf. */
const char *prefix_print(const struct ip_prefix *p, char buf[IP_TEXT_MAX]);
/* Whether the address is in the network; never when of another family. */
bool prefix_contains(const struct ip_prefix *p, const struct ip_addr *a);
/* Same network and length. */
bool prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b);
/* First to last address of the network. */
struct ip_range prefix_range(const struct ip_prefix *p);
/* The network of `bits` that holds `a`; more bits than the family has count as all. */
struct ip_prefix prefix_of(const struct ip_addr *a, unsigned bits);

/* Same first and last. */
bool range_equal(const struct ip_range *a, const struct ip_range *b);
/* Every address of `inner` is in `outer`. */
bool range_contains(const struct ip_range *outer, const struct ip_range *inner);
/* The one address is in the range. */
bool range_has(const struct ip_range *r, const struct ip_addr *a);
/* The addresses in both; false when there are none (then *ret is untouched). */
bool range_intersect(const struct ip_range *a, const struct ip_range *b, struct ip_range *ret);
/* True and the prefix when the range is exactly one network; else *ret is untouched. */
bool range_is_prefix(const struct ip_range *r, struct ip_prefix *ret);
/*
 * Cut a range into the fewest prefixes, lowest first. Writes at most `cap` and
 * returns how many it wrote; 256 are always enough. A range whose last address
 * lies before its first holds nothing and gives 0.
 */
size_t range_prefixes(const struct ip_range *r, struct ip_prefix *out, size_t cap);
/* "net/len" when it is a prefix, else "first-last". Room of 2 * IP_TEXT_MAX. */
const char *range_print(const struct ip_range *r, char buf[2 * IP_TEXT_MAX]);

/* Same address and port. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* "192.0.2.1:500", "[2001:db8::1]:500". */
const char *endpoint_print(const struct endpoint *e, char buf[ENDPOINT_TEXT_MAX]);
/*
 * From an AF_INET or AF_INET6 address, which may be unaligned; other families
 * give IP_NONE. A scope id is dropped, an IPv4-mapped address stays IPv6.
 */
struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa);
/* Fill *ss; returns the length to hand to the system call, 0 for IP_NONE. */
unsigned endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss);

#endif
