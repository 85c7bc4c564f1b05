/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_ICMP_H
#define PLANE_ESP_ICMP_H

#include "base/duration.h"
#include "plane/esp/inner.h"

#include <stdatomic.h>

/* Telling a sender inside why its packet did not go (RFC 792, RFC 1191, RFC 4443). */

enum icmp_reason {
	ICMP_TOO_BIG,    /* IPv4: fragmentation needed, 3/4; IPv6: packet too big, 2/0 */
	ICMP_PROHIBITED, /* IPv4: 3/13; IPv6: 1/1, administratively prohibited */
};

#define ICMP_ERROR_MAX 1280u /* octets of the longest one built */

/*
 * Build the error about `packet`, whose flow is `f`, and return its length; 0
 * when none may be sent. `mtu` goes with ICMP_TOO_BIG. It comes from `from`,
 * an address of this host (RFC 1122 3.2.2, RFC 4443 2.2) and of the packet's family.
 */
size_t icmp_error(enum icmp_reason reason, struct view packet, const struct flow *f,
		  uint32_t mtu, const struct ip_addr *from, uint8_t out[ICMP_ERROR_MAX]);

/*
 * Whether an error may be sent about a packet at all: not about an ICMP error, a later
 * fragment, or from or to what is no single host (RFC 1122 3.2.2, RFC 4443 2.4).
 */
bool icmp_may_answer(const struct flow *f);

/*
 * At most `rate` a second, `burst` at once, of all threads together; zeroed but for
 * those two to begin with.
 */
struct limiter {
	uint32_t rate, burst;
	_Atomic nsec due; /* when all that went would have gone at an even pace */
};

/* Whether one more may go now. For any thread. */
bool limiter_take(struct limiter *l, nsec now);

/* What a plane may tell senders (RFC 1812 4.3.2.8, RFC 4443 2.4). */
struct icmp_limits {
	struct limiter prohibited, too_big;
};

/* Before any thread takes of them. */
void icmp_limits_init(struct icmp_limits *l);

#endif
