/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CRL_H
#define TRUST_CRL_H

#include "trust/store.h"

struct X509_crl_st;

/* Lists of revoked certificates (RFC 5280 5), by the names of their files. {0} is empty. */
struct stored_crl {
	struct X509_crl_st *x;
	char *file;
	int64_t installed, this_update,
		next_update; /* seconds since 1970; next_update 0: none */
};

struct stored_crls {
	struct stored_crl *items;
	size_t len, cap;
};

#define CRL_OCTETS_MAX 67108864 /* of one list: more than a million entries */

/*
 * The list of a file, PEM or DER, made by one of `authorities`, whose signature is checked.
 * CYG_MALFORMED: it is none, or nobody known made it; CYG_LIMIT, CYG_NOMEM; with *why.
 */
MUST_CHECK enum cyg_err stored_crls_read(struct stored_crls *s, struct crypto *crypto,
					 const struct stored_certs *authorities,
					 const char *file, struct view octets, int64_t now,
					 struct diag *why);
/* Forget all. */
void stored_crls_done(struct stored_crls *s);

/* How many certificates it revokes; whose it is as text, and its number in hex: return buf. */
uint64_t crl_revoked(const struct stored_crl *c);
const char *crl_print_issuer(const struct stored_crl *c, char *buf, size_t cap);
const char *crl_print_number(const struct stored_crl *c, char *buf, size_t cap);

#endif
