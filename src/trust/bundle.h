/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_BUNDLE_H
#define TRUST_BUNDLE_H

#include "trust/cert.h"

/*
 * PKCS #12 (RFC 7292): a private key with its certificate and those above it, under one
 * passphrase. Authorities in it are intermediates for the peer and no anchors: what is believed
 * lies in cacerts.
 */
#define BUNDLE_OCTETS_MAX 1048576

struct bundle {
	struct key key;
	struct cert_list certs; /* the key's own first; empty when there is none */
};

/*
 * Open one. CYG_PERM: the passphrase is wanted or wrong; CYG_MALFORMED, CYG_UNSUPPORTED,
 * CYG_LIMIT (the passphrase would be hashed for too long: pbe.h), CYG_NOMEM with *why; CYG_OK with
 * *why: by a cipher of old, of which its owner is to be warned. Slow.
 */
MUST_CHECK enum cyg_err bundle_read(struct crypto *crypto, struct view octets,
				    struct view passphrase, struct bundle *ret,
				    struct diag *why);
/* Frees it; what was moved out is left alone. */
void bundle_done(struct bundle *b);

#endif
