/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_ATTRIBUTES_H
#define TRUST_ATTRIBUTES_H

#include "base/map.h"
#include "trust/acert.h"

struct trust_early;

/*
 * The attribute certificates that the host has read, each signed by an attribute authority that was
 * believed then. A set does not change once it is in force, and is counted: jobs hold it.
 */
struct stored_acert {
	struct acert acert;
	struct acert_file *named;
	const char *file; /* its */
	int64_t installed;
	int64_t not_before, not_after; /* its own, and its authority's */
	uint8_t authority_key[KEY_ID_LEN];
	char authority_serial[80];
	struct bytes octets; /* what the file held */
};

/* A group that somebody belongs to, for listings. */
struct acert_group {
	char name[ACERT_GROUP_MAX + 1];
	int64_t installed;
	uint64_t count; /* attribute certificates that name it */
};

#define ACERT_GROUPS_LISTED_MAX 1000
#define ACERTS_SENT_MAX 4 /* of one message; more are passed over */

struct acert_set {
	unsigned refs;
	struct stored_acert *items;
	size_t len, cap;
	struct acert_group
		*groups; /* in the order they came; more than the limit are not listed */
	size_t groups_len;
	size_t refused;         /* that were not taken in, for what they are or who made them */
	struct acert_at *index; /* by acert_key; NULL: each one is looked at */
	struct map by_file;
};

/* An empty set, or NULL when memory is short. Another reference; one less. NULL is fine. */
struct acert_set *acert_set_new(void);
struct acert_set *acert_set_ref(struct acert_set *s);
void acert_set_unref(struct acert_set *s);

/*
 * Take that of a file, if one of the authorities made it. Errors as of acert_read; CYG_AUTH: none of
 * them did. `early` may be NULL.
 */
MUST_CHECK enum cyg_err acert_set_read(struct acert_set *s,
				       const struct stored_certs *authorities,
				       struct trust_early *early, const char *file,
				       struct view octets, int64_t now, struct diag *why);

/*
 * Take what the file gave to `old`, unless no authority is known any more that made it: the file
 * can't be read now. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err acert_set_keep(struct acert_set *s,
				       const struct stored_certs *authorities,
				       const struct acert_set *old, const char *file);

/*
 * The next file of `old`, from the *at-th one on, that gave nothing to `s`, borrowed, with *at moved
 * behind it; NULL: there is none. Either set may be NULL.
 */
const char *acert_set_gone(const struct acert_set *s, const struct acert_set *old, size_t *at);

/* It is to be in force: look-ups are quick from now on, memory permitting. */
void acert_set_index(struct acert_set *s);
/* Each one that names the certificate, in no order. `s` may be NULL. */
void acert_set_each(const struct acert_set *s, const struct cert *c,
		    void (*each)(void *ctx, const struct stored_acert *one), void *ctx);

#endif
