/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_SOURCES_H
#define IKE_SOURCES_H

#include "base/addr.h"

/*
 * How many half-open SAs each source holds: one IPv4 address, or one IPv6 /64.
 * Rows exist only while their count is above zero, so that the table is never
 * larger than the cap on half-open SAs.
 */
struct sources {
	struct source *rows; /* uthash by address */
};

/* The count of the source that `a` belongs to. */
uint32_t sources_count(const struct sources *s, const struct ip_addr *a);
/* One more. False when memory is short. */
bool sources_add(struct sources *s, const struct ip_addr *a)
	__attribute__((warn_unused_result));
/* One less. */
void sources_remove(struct sources *s, const struct ip_addr *a);
void sources_done(struct sources *s);

#endif
