/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_KEY_LOOK_H
#define TRUST_KEY_LOOK_H

#include "base/diag.h"
#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>

/* What the file of a private key shows without a passphrase, and without libcrypto. */
struct key_look {
	struct view key; /* from the key's BEGIN line on, within the file; DER: all of it */
	bool locked;     /* a passphrase opens it */
};

/*
 * Find the private key in a file (PEM, among certificates and parameters, or DER: PKCS #1, PKCS #8,
 * SEC 1). CYG_OK does not say that it can be used, only that nothing speaks against it: numbers
 * are not looked at. CYG_MALFORMED with *why: what the file holds instead, or where it breaks
 * off; CYG_LIMIT with *why: its passphrase would be hashed for too long (pbe.h); CYG_NOMEM. What
 * is decoded on the way is wiped.
 */
MUST_CHECK enum cyg_err key_look(struct view octets, struct key_look *ret, struct diag *why);

#endif
