/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_LISTING_H
#define TRUST_LISTING_H

#include "conn/group_names.h"
#include "trust/attributes.h"

/*
 * What one listing has counted and told so far: who uses certificates, which keys it has had, which
 * authorities peers have shown. Private to this room; trust.h has its life.
 */
struct trust_listing;

/* How many loaded connections name a file of certificates; 0 without a listing. */
uint64_t listing_names(const struct trust_listing *l, const char *file);
/* How many peers stand by an authority (its name and key); 0 without a listing. */
uint64_t listing_peers(const struct trust_listing *l, struct crypto *crypto,
		       const struct cert *authority);

/*
 * Whether this key was told before as that of `id` (NULL: whosever), and, when not, that it is now.
 * Without a listing it never was. When memory is short it is told again.
 */
bool listing_tells_key(struct trust_listing *l, const uint8_t id[KEY_ID_LEN],
		       const struct ident *whose);
/* Whether it was told as anybody's. */
bool listing_told_key(const struct trust_listing *l, const uint8_t id[KEY_ID_LEN]);
/* The same of the certificate that is found for our identity, which is looked for once. */
bool listing_tells_own(struct trust_listing *l, const struct ident *id);

/* A group of leftgroups= of loaded connections, and since when one names it. */
struct named_group {
	char name[GROUP_NAME_MAX + 1];
	int64_t since;
};
/* The at-th, borrowed; NULL behind the last. */
const struct named_group *listing_group(const struct trust_listing *l, size_t at);
/* How many ca sections and ends of loaded connections name it; 0 without a listing. */
uint64_t listing_group_count(const struct trust_listing *l, const char *name);

/* An authority's certificate that a peer showed on its way to one of ours, and who did. */
struct received_cert {
	struct cert cert;
	const struct ident *from;
	int64_t since;
};
/* The at-th, borrowed; NULL behind the last. */
const struct received_cert *listing_received(const struct trust_listing *l, size_t at);

#endif
