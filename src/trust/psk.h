/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_PSK_H
#define TRUST_PSK_H

#include "conn/action.h"
#include "crypto/prf.h"
#include "trust/secret.h"

struct crypto;

/* The AUTH payload of a shared key (RFC 7296 2.15), and the record it was made with. */
struct psk_proof {
	uint8_t mac[PRF_LEN_MAX];
	size_t len;
	const struct secret_record *secret;
};

/*
 * Compute it. CYG_NOTFOUND: no record may be used; CYG_UNSUPPORTED: the PRF is not built;
 * CYG_CRYPTO, CYG_NOMEM; *why says more. On success it may say that the secret was not the
 * only one that fits. Wipe *ret.
 */
MUST_CHECK enum cyg_err psk_compute(struct crypto *crypto, const struct secret_set *secrets,
				    const struct auth_request *r, struct psk_proof *ret,
				    struct diag *why);

/*
 * The same with SK_p of the signer in place of a secret, for who proves nothing (RFC 7619 2.1):
 * it binds the exchange together. ret->secret is NULL.
 */
MUST_CHECK enum cyg_err psk_compute_null(struct crypto *crypto, const struct auth_request *r,
					 struct psk_proof *ret, struct diag *why);
MUST_CHECK enum cyg_err psk_check_null(struct crypto *crypto, const struct auth_request *r,
				       bool *ret_valid, struct diag *why);

/*
 * Is the peer's proof (r->data) the one that our secret makes? False: *why says so. Errors
 * as above; CYG_NOTFOUND is none, for without a secret there is nothing to be right.
 */
MUST_CHECK enum cyg_err psk_check(struct crypto *crypto, const struct secret_set *secrets,
				  const struct auth_request *r, bool *ret_valid,
				  struct diag *why);

#endif
