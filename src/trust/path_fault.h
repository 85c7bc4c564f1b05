/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_PATH_FAULT_H
#define TRUST_PATH_FAULT_H

#include "trust/path.h"

struct x509_store_ctx_st;

/*
 * What is wrong with a path, in words: the certificate, the rule, both values, what to do. All give
 * CYG_AUTH but where told.
 */

/* "the certificate of X" and a sentence; the caller adds the values. */
enum cyg_err path_refuse(const struct cert *c, struct diag *why, const char *ref,
			 const char *sentence);
/* It has issued another one, and is no authority's. */
enum cyg_err path_refuse_issuer(const struct cert *c, struct diag *why);
/* Its key is shorter than the rules allow. */
enum cyg_err path_refuse_length(const struct cert *c, const struct path_rules *r,
				struct diag *why);
/* What libcrypto has found of the path from `first`. */
enum cyg_err path_explain(struct x509_store_ctx_st *ctx, const struct cert *first,
			  const struct path_rules *rules, struct diag *why);

/* Is it valid at rules->now, give or take the skew? CYG_OK, or CYG_AUTH (path.c). */
MUST_CHECK enum cyg_err path_check_validity(const struct cert *c,
					    const struct path_rules *rules, struct diag *why);

/* The names of keyUsage, of extendedKeyUsage; "none" when there are none. Returns buf. */
const char *path_print_usage(const struct cert *c, char *buf, size_t cap);
const char *path_print_extended_usage(const struct cert *c, char *buf, size_t cap);

#endif
