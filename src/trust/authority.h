/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_AUTHORITY_H
#define TRUST_AUTHORITY_H

#include "conn/authority.h"
#include "conn/listing.h"
#include "crypto/cert.h"
#include "trust/cert.h"

struct cert;

/* The certification authorities that ca sections told of, by name. Private to this room. */
struct known_authority {
	struct authority *says;
	int64_t installed; /* seconds since 1970 */
	bool has_certificate;
	struct cert_names names; /* of its certificate */
	const char *const *groups; /* those of `says`, one by one; free(); NULL: none */
	struct cert_list certs;  /* anchors: those of its file; empty: it is none */
};

struct authorities {
	struct known_authority **items; /* in the order of their names */
	size_t len, cap;
};

/*
 * Take one; it replaces the one of its name. `take`: the certificates that are believed by it,
 * taken over; NULL: none. CYG_NOMEM: all is as it was, and the list is the caller's.
 */
MUST_CHECK enum cyg_err authorities_add(struct authorities *a, const struct authority *says,
					const struct cert_names *names, struct cert_list *take,
					int64_t now);
/* Forget those whose names a shell pattern fits. Returns how many. */
size_t authorities_delete(struct authorities *a, const char *pattern);
/*
 * The next section after `after` (NULL: from the first one) whose certificate this is, by subject
 * and key; borrowed; NULL: there is none.
 */
const struct authority *authorities_find(const struct authorities *a, const struct cert *issuer,
					 const struct authority *after);
/* Forget all. */
void authorities_done(struct authorities *a);

/* As trust_list. */
bool authorities_list(const struct authorities *a, uint64_t *at,
		      const struct listing_sink *sink);

#endif
