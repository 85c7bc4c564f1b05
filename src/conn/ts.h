/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_TS_H
#define CONN_TS_H

#include "base/addr.h"
#include "base/err.h"

/* A traffic selector (RFC 7296 3.13.1). Ports of ICMP hold type and code; first 65535, last 0 is OPAQUE. */
struct ts {
	struct ip_range range;
	uint16_t port_first, port_last;
	uint8_t proto; /* 0: any */
};

/* Selectors of one side, in order of preference. Owned array; {0} is empty. */
struct ts_set {
	struct ts *items;
	size_t len;
};

#define TS_SET_MAX 64 /* more than this many in one set are refused */

/* All of a range, protocol and port any. */
struct ts ts_of_range(const struct ip_range *r);
struct ts ts_of_prefix(const struct ip_prefix *p);
struct ts ts_of_addr(const struct ip_addr *a);

/* The same; all of `inner`; what both cover (false when nothing: *ret is then untouched). */
bool ts_equal(const struct ts *a, const struct ts *b);
bool ts_contains(const struct ts *outer, const struct ts *inner);
bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *ret);
/* Whether a packet can be from one to the other: they are of one family, and of no two protocols. */
bool ts_can_pair(const struct ts *local, const struct ts *remote);

/* Append (CYG_LIMIT beyond TS_SET_MAX). */
MUST_CHECK enum cyg_err ts_set_add(struct ts_set *s, const struct ts *t);
MUST_CHECK enum cyg_err ts_set_copy(struct ts_set *ret, const struct ts_set *s);
void ts_set_done(struct ts_set *s);
bool ts_set_equal(const struct ts_set *a, const struct ts_set *b);
/* Some item of `outer` contains each item of `inner`; an empty inner is contained. */
bool ts_set_contains(const struct ts_set *outer, const struct ts_set *inner);

/*
 * What both the policy and the offer allow, without repeats and without items
 * inside another one, in the policy's order (RFC 7296 2.9). Empty when nothing
 * meets. The first offered selector, when it is a single packet's, decides
 * which policy item comes first.
 */
MUST_CHECK enum cyg_err ts_set_narrow(const struct ts_set *policy, const struct ts_set *offer,
				      struct ts_set *ret);

/* "10.0.1.0/24", "10.0.1.0/24[tcp/80]", comma separated; truncated at cap; returns buf. */
const char *ts_print(const struct ts *t, char *buf, size_t cap);
const char *ts_set_print(const struct ts_set *s, char *buf, size_t cap);

#endif
