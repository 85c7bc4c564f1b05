/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_EARLY_H
#define TRUST_EARLY_H

#include "trust/acert.h"
#include "trust/bundle.h"
#include "trust/trust.h"

/*
 * What is slow about files, worked out in some thread before they are read: keys that a passphrase
 * opens, and who signed attribute certificates. Each result is found by what it was worked out of,
 * octets and passphrase, so that a file that has changed meanwhile is just read slowly.
 */

/*
 * As key_read_private, bundle_read and key_read_numbers, which are called when `e` (NULL: nothing)
 * does not know the answer. A result is given once.
 */
MUST_CHECK enum cyg_err early_private(struct trust_early *e, struct crypto *crypto,
				      struct view octets, struct view passphrase,
				      struct key *ret, struct diag *why);
MUST_CHECK enum cyg_err early_bundle(struct trust_early *e, struct crypto *crypto,
				     struct view octets, struct view passphrase,
				     struct bundle *ret, struct diag *why);
MUST_CHECK enum cyg_err early_numbers(struct trust_early *e, struct crypto *crypto,
				      const struct rsa_numbers *n, struct key *ret,
				      struct diag *why);

/*
 * As acert_read, with who signed it as far as that is known: borrowed, until `e` goes. *ret_seen is
 * NULL when it is not.
 */
MUST_CHECK enum cyg_err early_acert(struct trust_early *e, struct view octets,
				    struct acert *ret, const struct acert_seen **ret_seen,
				    struct diag *why);

#endif
