/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CA_GROUPS_H
#define TRUST_CA_GROUPS_H

#include "trust/authority.h"

/*
 * groups= of the ca sections that are loaded and whose certificate is held, as it is at one time: who is
 * below a section's certificate belongs to its groups. A set does not change, and is counted: jobs hold it.
 */
struct ca_group {
	struct authority *says;
	struct cert cert; /* the first one of its file */
};

struct ca_groups {
	unsigned refs;
	size_t len;
	struct ca_group items[];
};

/* One reference; NULL when memory is short. Another one; one less. NULL is fine. */
struct ca_groups *ca_groups_new(const struct authorities *a);
struct ca_groups *ca_groups_ref(struct ca_groups *g);
void ca_groups_unref(struct ca_groups *g);

/*
 * Each section whose certificate is one of these, by subject and key: a name alone is anybody's to
 * write, and a renewed certificate is the same authority's. `g` may be NULL.
 */
void ca_groups_each(const struct ca_groups *g, const struct cert_list *authorities,
		    void (*each)(void *ctx, const struct authority *says), void *ctx);

#endif
