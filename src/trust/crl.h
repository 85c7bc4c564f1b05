/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CRL_H
#define TRUST_CRL_H

#include "base/hash.h"
#include "trust/chain.h"
#include "trust/store.h"

/*
 * One list of revoked certificates (RFC 5280 5), complete or a delta, of an issuer whose
 * signature was checked. It stays the octets that came, with a table of where each serial number
 * stands in them: read once from front to end, looked up in O(1), for lists may have a million
 * entries. A list never changes.
 *
 * Not taken: indirect lists, lists for some reasons alone, of a distribution point without a URI, critical extensions that are not
 * known, and signatures with MD5 or SHA-1.
 */
#define CRL_OCTETS_MAX 67108864 /* of one list: more than a million entries */
#define CRL_AGE_MAX 86400 /* seconds that one without nextUpdate counts (RFC 5280 5.1.2.5) */
#define CRL_POINTS_MAX 4  /* names of the distribution point that it is of */

struct crl {
	struct bytes octets; /* in DER; all views below are into it */
	struct cert issuer;
	struct issuer_id issuer_id;
	int64_t this_update, next_update; /* seconds since 1970; next_update 0: none */
	struct view number;               /* INTEGER; empty: it has none */
	struct view base;  /* of a delta: the number of the list that it goes with */
	struct view scope; /* issuingDistributionPoint, empty: all certificates of the issuer */
	bool only_ends, only_authorities;
	char *points[CRL_POINTS_MAX +
		     1]; /* URIs of its distribution point; NULL behind the last */
	char *delta_url; /* where the delta to it is; NULL */
	size_t revoked;
	uint32_t *slots; /* offset of an entry + 1; 0: free */
	size_t slots_len;
	struct hash_key key;
};

/* An entry. */
struct crl_entry {
	int64_t date;
	int reason; /* RFC 5280 5.3.1; 0: not said */
};
#define CRL_REASON_REMOVED 8 /* in deltas: it is in the list no more */

/*
 * The list in a file's octets, PEM or DER, made and signed by one of `issuers`. `key` is for its
 * table. CYG_MALFORMED, CYG_UNSUPPORTED, CYG_LIMIT, CYG_NOTFOUND (none of these has its issuer's
 * name), CYG_AUTH (one has, and it is not his signature), CYG_NOMEM with *why. *ret is the caller's (crl_free). Slow; any thread.
 */
MUST_CHECK enum cyg_err crl_read(struct crypto *crypto, const struct cert *const *issuers,
				 size_t issuers_len, struct view octets,
				 const struct hash_key *key, struct crl **ret,
				 struct diag *why);
/*
 * Hand each list of a file over, in DER: a file in PEM may have several. What holds none is handed over as it is.
 * CYG_MALFORMED, *why: one behind others can't be read, nor those behind that. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err crl_each(struct view octets, void (*each)(void *ctx, struct view list),
				 void *ctx, struct diag *why);
/* Who a list says has made it, as Name in DER. CYG_MALFORMED, CYG_UNSUPPORTED, CYG_NOMEM. */
MUST_CHECK enum cyg_err crl_issuer_name(struct view octets, struct bytes *ret);
/* NULL is fine. */
void crl_free(struct crl *c);

/* Is a certificate of the issuer in it? O(1). */
bool crl_find(const struct crl *c, const struct serial *serial, struct crl_entry *ret);
/* Whether it speaks of a certificate of its issuer (RFC 5280 6.3.3 (b)). */
bool crl_covers(const struct crl *c, const struct chain_link *l);
/* When it is overdue; seconds since 1970. */
int64_t crl_until(const struct crl *c);
/* Both have numbers, and `a` has the lower one. */
bool crl_number_is_lower(const struct crl *a, const struct crl *b);
/* Of two of one issuer: the same certificates are spoken of, and both or none are deltas. */
bool crl_same_scope(const struct crl *a, const struct crl *b);
/* By number, and by time where there is none: <0, 0, >0. */
int crl_compare_age(const struct crl *a, const struct crl *b);
/* Whether the delta may be added to the list (RFC 5280 5.2.4). */
bool crl_delta_fits(const struct crl *delta, const struct crl *list);

/* "keyCompromise"; static. */
const char *crl_reason_name(int reason);
/* Its number in hexadecimal digits; returns buf. */
const char *crl_print_number(struct view number, char *buf, size_t cap);

#endif
